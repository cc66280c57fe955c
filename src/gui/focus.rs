//! The keyboard on X11 without a window manager (a kiosk, a bare virtual display): there nobody hands a new window the
//! focus, so the window takes it itself.

use std::{io, thread, time::Duration};

use raw_window_handle::{HasWindowHandle, RawWindowHandle};
use x11rb::{
    connection::Connection,
    errors::ReplyOrIdError,
    protocol::xproto::{AtomEnum, ConnectionExt, InputFocus, MapState},
};

/// How often and how many times the window is asked whether it is on the screen yet.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOOKS: usize = 200;

/// Whether a window is one of Wayland.
pub fn is_wayland(window: &impl HasWindowHandle) -> bool {
    let handle = window.window_handle().map(|handle| handle.as_raw());
    matches!(handle, Ok(RawWindowHandle::Wayland(_)))
}

/// Gives a window the keyboard if it is one of X11 and no window manager does. Works on a thread of its own.
pub fn take_where_nobody_gives(window: &impl HasWindowHandle) -> io::Result<()> {
    let id = match window.window_handle().map(|handle| handle.as_raw()) {
        Ok(RawWindowHandle::Xlib(handle)) => u32::try_from(handle.window).ok(),
        Ok(RawWindowHandle::Xcb(handle)) => Some(handle.window.get()),
        _ => None,
    };
    let Some(id) = id else { return Ok(()) };
    thread::Builder::new()
        .name("focus".to_owned())
        .spawn(move || {
            if let Err(error) = take(id) {
                tracing::warn!("the window could not take the keyboard: {error}");
            }
        })
        .map(|_| ())
}

fn take(window: u32) -> Result<(), ReplyOrIdError> {
    let Ok((connection, screen)) = x11rb::connect(None) else {
        // No second connection: then the window waits for a click as before.
        return Ok(());
    };
    let Some(root) = connection.setup().roots.get(screen).map(|it| it.root) else {
        return Ok(());
    };
    // Window managers announce themselves so (EWMH 1.3).
    let announced = connection.intern_atom(false, b"_NET_SUPPORTING_WM_CHECK")?;
    let announced = announced.reply()?.atom;
    let manager = connection.get_property(false, root, announced, AtomEnum::WINDOW, 0, 1)?;
    if manager.reply()?.value_len > 0 {
        return Ok(());
    }
    for _ in 0..LOOKS {
        let attributes = connection.get_window_attributes(window)?.reply()?;
        if attributes.map_state == MapState::VIEWABLE {
            connection
                .set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME)?
                .check()?;
            return Ok(());
        }
        thread::sleep(LOOK_EVERY);
    }
    Ok(())
}
