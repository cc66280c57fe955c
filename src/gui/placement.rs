//! Where the window stands on the screen: at its first start, and at later ones where it was left.

use eframe::egui::{Context, IconData, Vec2, ViewportBuilder, ViewportCommand, ViewportInfo, vec2};

use mynascope_base::storage::WindowPlace;

/// The size that workspaces are made for.
const USUAL_SIZE: Vec2 = vec2(1280.0, 800.0);
/// In a smaller window controls would lie over each other.
const LEAST_SIZE: Vec2 = vec2(760.0, 480.0);
/// What a dock at the side, a bar, and the window's own frame take of a screen; no system says it before there is a window.
const TAKEN: Vec2 = vec2(72.0, 88.0);

/// The window as it is opened.
pub fn builder(place: Option<&WindowPlace>) -> ViewportBuilder {
    let size = place.map_or(USUAL_SIZE, |place| Vec2::from(place.size));
    let mut builder = ViewportBuilder::default()
        .with_title("Mynascope")
        .with_app_id("mynascope")
        .with_icon(icon())
        .with_inner_size(size)
        .with_min_inner_size(LEAST_SIZE);
    if let Some(place) = place {
        builder = builder.with_maximized(place.maximized);
        if let Some([x, y]) = place.position {
            builder = builder.with_position([x, y]);
        }
    }
    builder
}

/// The size for a window that would be this large, on a screen of this size: nothing of it lies behind the bars of the desktop.
fn size_on(monitor: Vec2, wanted: Vec2) -> Vec2 {
    wanted.min(monitor - TAKEN).max(LEAST_SIZE.min(monitor))
}

/// Makes a window smaller that is larger than what its screen has room for; before it is shown first.
pub fn fit(ctx: &Context) -> bool {
    let (monitor, inner, free) = ctx.input(|input| {
        let viewport = input.viewport();
        let rect = viewport.inner_rect.map(|rect| rect.size());
        (viewport.monitor_size, rect, is_free(viewport))
    });
    let Some((monitor, inner)) = monitor.zip(inner) else {
        return false;
    };
    let size = size_on(monitor, inner);
    if free && size != inner {
        ctx.send_viewport_cmd(ViewportCommand::InnerSize(size));
    }
    true
}

fn is_free(viewport: &ViewportInfo) -> bool {
    !viewport.fullscreen.unwrap_or(false) && !viewport.maximized.unwrap_or(false)
}

/// Where the window stands, to be opened there again; `None` where the system doesn't say, or while it fills the screen.
pub fn place_of(ctx: &Context, before: Option<&WindowPlace>) -> Option<WindowPlace> {
    let zoom = ctx.zoom_factor();
    ctx.input(|input| {
        let viewport = input.viewport();
        if viewport.fullscreen.unwrap_or(false) || viewport.minimized.unwrap_or(false) {
            return None;
        }
        let inner = viewport.inner_rect?;
        if viewport.maximized.unwrap_or(false) {
            // The size to come back to is the one before.
            let before = before.cloned();
            return before.map(|before| WindowPlace {
                maximized: true,
                ..before
            });
        }
        let whole = |value: f32| (value * zoom).round();
        let outer = viewport.outer_rect;
        Some(WindowPlace {
            size: [whole(inner.width()), whole(inner.height())],
            position: outer.map(|outer| [whole(outer.left()), whole(outer.top())]),
            maximized: false,
        })
    })
}

/// The picture in the title bar and the task bar, for systems that don't take it from the desktop's entry.
fn icon() -> IconData {
    let bytes = include_bytes!("../../assets/desktop/mynascope.png");
    // A picture that can't be read leaves the system's own.
    eframe::icon_data::from_png_bytes(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_window_leaves_room_for_bars_and_frame_on_small_screens() {
        for screen in [
            vec2(1366.0, 768.0),
            vec2(1280.0, 800.0),
            vec2(1024.0, 768.0),
        ] {
            let size = size_on(screen, USUAL_SIZE);
            let left = screen - size;
            assert!(left.y >= 80.0 && left.x >= 48.0, "{size:?} on {screen:?}");
        }
        assert_eq!(size_on(vec2(1920.0, 1080.0), USUAL_SIZE), USUAL_SIZE);
        let tiny = vec2(640.0, 400.0);
        assert_eq!(
            size_on(tiny, USUAL_SIZE),
            tiny,
            "never larger than the screen"
        );
    }

    #[test]
    fn a_window_comes_back_at_its_size_and_place() {
        let place = WindowPlace {
            size: [900.0, 700.0],
            position: Some([30.0, 40.0]),
            maximized: false,
        };
        let builder = builder(Some(&place));
        assert_eq!(builder.inner_size, Some(vec2(900.0, 700.0)));
        assert_eq!(builder.position.map(|at| [at.x, at.y]), place.position);
    }
}
