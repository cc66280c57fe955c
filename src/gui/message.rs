//! What background work sends to the window.

use std::{path::PathBuf, sync::Arc};

use crossbeam_channel::{Receiver, Sender};
use eframe::{egui, epaint::text::FontInsert};

use mynascope_base::jobs::Progress;
use mynascope_collection::{Collection, FileFacts, ProbeSummary, Track};

use super::{
    model::{
        ChosenCheckpoint, JobId, LabMessage, LessonMessage, MapMessage, Picture, ProbeMessage,
        Seen, TrainMessage,
    },
    work::masked::Decoded,
};

/// One result or report of background work. Texts are complete sentences for people.
pub enum Message {
    Library(LibraryMessage),
    /// What the file dialog gave; nothing if it was closed.
    Chosen(Vec<PathBuf>),
    /// The file that a map is to be compared with; nothing if the dialog was closed.
    ChosenQuery(Vec<PathBuf>),
    /// The beginning of a track, while the rest is decoded.
    PictureGrows {
        path: PathBuf,
        picture: Arc<Picture>,
    },
    /// The picture of a track, or why there is none.
    Picture {
        path: PathBuf,
        result: Result<Arc<Picture>, NoPicture>,
    },
    /// What the encoder sees of a track.
    Seen(Seen),
    /// Where a picture was saved, or why it was not.
    Saved(Result<PathBuf, String>),
    /// The samples that masked listening needs of a track.
    DecodedForViews(Decoded),
    /// What computed pictures take on disk, in bytes.
    CacheBytes(u64),
    /// Something that runs in the background broke.
    Fault(String),
    /// Letters that no font of this system has.
    NoFont(Vec<char>),
    /// The graphics card refused something.
    Graphics(String),
    Train(TrainMessage),
    Map(MapMessage),
    Probe(ProbeMessage),
    Lab(LabMessage),
    Lesson(LessonMessage),
}

/// Why a track has no picture.
#[derive(Debug)]
pub struct NoPicture {
    pub why: String,
    /// It will be so as long as the file does not change.
    pub lasts: bool,
}

/// What comes of opening, scanning and searching collections. The job tells its messages from those of an opening
/// that was given up.
pub enum LibraryMessage {
    /// How far the opening is.
    Opening(JobId, Progress),
    /// Tracks that were come upon; the whole collection follows.
    Sighted(JobId, Vec<Track>),
    /// The collection and what it was opened from.
    Opened(JobId, Result<(Vec<PathBuf>, Collection), String>),
    /// What was opened is no collection but a checkpoint, or a broken one.
    OpenedCheckpoint(JobId, Result<ChosenCheckpoint, String>),
    /// How far the reading of headers is.
    Scanning(JobId, Progress),
    /// What headers said, by the places of the tracks.
    Facts(JobId, Vec<(usize, FileFacts)>),
    /// All headers are read.
    Scanned(JobId, ProbeSummary),
    /// What dropping these would do.
    Hovered(Vec<PathBuf>, String),
    /// Places of the tracks that were looked for.
    Found { generation: u64, rows: Vec<usize> },
    /// The same for the palette.
    Offered { generation: u64, rows: Vec<usize> },
}

/// Messages that may wait; who sends more waits for the window, so that memory stays bounded.
const INBOX: usize = 256;

/// The end of the inbox that background work is given.
#[derive(Clone)]
pub struct Outbox {
    sender: Sender<Message>,
    ctx: egui::Context,
}

impl Outbox {
    /// An inbox that wakes `ctx`.
    pub fn new(ctx: &egui::Context) -> (Self, Receiver<Message>) {
        let (sender, receiver) = crossbeam_channel::bounded(INBOX);
        let outbox = Self {
            sender,
            ctx: ctx.clone(),
        };
        (outbox, receiver)
    }

    /// Sends a message and wakes the window. Without a window any more, nothing happens.
    pub fn send(&self, message: Message) {
        // An error means that the window was closed: nobody is left to tell.
        let _ = self.sender.send(message);
        self.ctx.request_repaint();
    }

    /// Sends a message that the next one of its kind makes superfluous, e.g. progress: left out when the inbox is
    /// full.
    pub fn send_if_room(&self, message: Message) {
        let _ = self.sender.try_send(message);
        self.ctx.request_repaint();
    }

    /// Sends a message if there is room, and gives it back if not.
    pub fn offer(&self, message: Message) -> Result<(), Box<Message>> {
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
