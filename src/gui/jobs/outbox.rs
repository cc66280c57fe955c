//! The inbox of the window, as background work sees it.

use crossbeam_channel::{Receiver, Sender};
use eframe::{egui, epaint::text::FontInsert};

/// What broke in the background, in a sentence for people; every kind of message can be made of it.
pub struct Fault(pub String);

/// Messages that may wait; who sends more waits for the window, so that memory stays bounded.
const INBOX: usize = 256;

/// The end of the window's inbox that background work is given.
pub struct Outbox<M> {
    sender: Sender<M>,
    ctx: egui::Context,
}

impl<M> Clone for Outbox<M> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            ctx: self.ctx.clone(),
        }
    }
}

impl<M> Outbox<M> {
    /// An inbox that wakes `ctx`.
    pub fn new(ctx: &egui::Context) -> (Self, Receiver<M>) {
        let (sender, receiver) = crossbeam_channel::bounded(INBOX);
        let outbox = Self {
            sender,
            ctx: ctx.clone(),
        };
        (outbox, receiver)
    }

    /// Sends a message and wakes the window. Without a window any more, nothing happens.
    pub fn send(&self, message: M) {
        // An error means that the window was closed: nobody is left to tell.
        let _ = self.sender.send(message);
        self.ctx.request_repaint();
    }

    /// Sends a message that the next one of its kind makes superfluous, e.g. progress: left out when the inbox is
    /// full.
    pub fn send_if_room(&self, message: M) {
        let _ = self.sender.try_send(message);
        self.ctx.request_repaint();
    }

    /// Sends a message if there is room, and gives it back if not.
    ///
    /// # Errors
    /// The message, if it was not taken.
    pub fn offer(&self, message: M) -> Result<(), Box<M>> {
        let offered = self.sender.try_send(message);
        self.ctx.request_repaint();
        offered.map_err(|error| Box::new(error.into_inner()))
    }

    /// Fills the screen with the window, or goes back.
    pub fn fill_screen(&self, full: bool) {
        let command = egui::ViewportCommand::Fullscreen(full);
        self.ctx.send_viewport_cmd(command);
    }

    /// Adds a font, which is used from the next frame on.
    pub fn add_font(&self, font: FontInsert) {
        self.ctx.add_font(font);
        self.ctx.request_repaint();
    }

    /// Puts a text on the clipboard.
    pub fn copy_text(&self, text: String) {
        self.ctx.copy_text(text);
    }
}
