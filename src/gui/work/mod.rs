//! Background work of the window, one file a kind. Threads are named, the newest request wins, and results come back
//! as messages.

pub mod choose;
pub mod curves;
pub mod embed;
pub mod facts;
mod fill;
pub mod find;
pub mod fonts;
pub mod hear;
pub mod hover;
mod keeper;
pub mod lab;
pub mod labels;
pub mod lesson;
pub mod map;
pub mod masked;
pub mod near;
mod once;
pub mod open;
pub mod past_run;
pub mod picture;
pub mod probe;
pub mod probe_file;
pub mod query;
pub mod remember;
mod report;
pub mod scores;
pub mod still;
pub mod strip;
pub mod tables;
mod teller;
pub mod tidy;
pub mod train;
mod train_job;

use std::sync::Arc;

use mynascope_audio::Player;
use mynascope_base::storage::{Cache, Settings};
use mynascope_collection::{Track, own_labels_file};
use mynascope_probe::{ScoreChange, scores_file};

use super::message::{LibraryMessage, Outbox};

/// Everything that works for the window.
pub struct Workers {
    /// Where background work sends its messages.
    pub outbox: Outbox,
    /// Keeps mels and outlines on disk. `None` where pictures are made of the window: the user's files are left alone.
    pub cache: Option<Arc<Cache>>,
    pub open: open::OpenWork,
    /// Looks for fonts of letters that are drawn for the first time.
    pub fonts: fonts::FontWork,
    /// Finds tracks for the library.
    pub find: find::FindWork,
    /// Finds tracks for the palette.
    pub offers: find::FindWork,
    /// `None` where nothing of the user is written.
    pub labels: Option<keeper::Keeper<Track>>,
    /// Keeps what decoding found. `None` where nothing of the user is written.
    pub facts: Option<keeper::Keeper<facts::Decoded>>,
    pub picture: picture::PictureWork,
    pub masked: masked::MaskedWork,
    pub lab: lab::LabWork,
    /// `None` where pictures are made of the window: the user's settings are left alone.
    pub remember: Option<remember::RememberWork>,
    /// `None` where pictures are made of the window and nothing shall be heard.
    pub player: Option<Player>,
    pub train: train::TrainWork,
    pub map: map::MapWork,
    /// The second map of a comparison.
    pub map_beside: map::MapWork,
    pub probe: probe::ProbeWork,
    /// Keeps scores. `None` where nothing of the user is written.
    pub scores: Option<keeper::Keeper<ScoreChange>>,
    /// What the probe at hand says of the shown track.
    pub strip: strip::StripWork,
    /// Plays hovered points.
    pub hear: hear::HearWork,
    /// Looks for neighbours.
    pub near: near::NearWork,
    /// Looks for what is like a file, and for near-duplicates.
    pub query: query::QueryWork,
}

impl Workers {
    /// Starts what always runs.
    pub fn start(
        outbox: Outbox,
        sound: bool,
        remember: bool,
        settings: &Settings,
    ) -> std::io::Result<Self> {
        // Without a folder for it everything is computed each time.
        let cache = remember
            .then(|| Cache::of_user(settings.cache_bytes()).ok())
            .flatten()
            .map(Arc::new);
        let player = sound.then(Player::start);
        let auditions = player.as_ref().map(Player::auditions);
        Ok(Self {
            open: open::OpenWork::new(remember),
            fonts: fonts::FontWork::start(outbox.clone())?,
            find: find::FindWork::start(outbox.clone(), |generation, rows| {
                LibraryMessage::Found { generation, rows }
            })?,
            offers: find::FindWork::start(outbox.clone(), |generation, rows| {
                LibraryMessage::Offered { generation, rows }
            })?,
            labels: match own_labels_file().filter(|_| remember) {
                Some(file) => Some(labels::start(file, outbox.clone())?),
                None => None,
            },
            facts: match remember {
                true => Some(facts::start(outbox.clone())?),
                false => None,
            },
            picture: picture::PictureWork::start(outbox.clone(), cache.clone())?,
            masked: masked::MaskedWork::start(outbox.clone())?,
            lab: lab::LabWork::start(outbox.clone(), cache.clone())?,
            remember: match remember {
                true => Some(remember::RememberWork::start(outbox.clone())?),
                false => None,
            },
            hear: hear::HearWork::start(outbox.clone(), auditions)?,
            near: near::NearWork::start(outbox.clone())?,
            query: query::QueryWork::default(),
            player,
            train: train::TrainWork::default(),
            map: map::MapWork::default(),
            map_beside: map::MapWork::default(),
            probe: probe::ProbeWork::default(),
            scores: match scores_file().filter(|_| remember) {
                Some(file) => Some(scores::start(file, outbox.clone())?),
                None => None,
            },
            strip: strip::StripWork::start(outbox.clone())?,
            cache,
            outbox,
        })
    }

    /// Whether a job of some length is under way.
    pub fn is_busy(&self) -> bool {
        self.open.is_busy()
            || self.train.is_busy()
            || self.map.is_busy()
            || self.map_beside.is_busy()
            || self.query.is_busy()
            || self.probe.is_busy()
            || self.strip.is_busy()
            || self.lab.is_busy()
    }
}
