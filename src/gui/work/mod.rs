//! Background work of the window, one file a kind. Threads are named, the newest request wins, and results come back
//! as messages.

pub mod ask_file;
pub mod audition;
pub mod cache_jobs;
pub mod checkpoint;
pub mod devices;
pub mod drop_preview;
pub mod embed;
pub mod facts;
pub mod find;
pub mod fonts;
pub mod hub;
pub mod keys;
pub mod labels;
pub mod lesson;
pub mod manage_runs;
pub mod map;
pub mod masked;
pub mod neighbours;
pub mod open;
pub mod open_folder;
pub mod past_run;
pub mod picture;
pub mod precision_gains;
pub mod prediction_timeline;
pub mod probe;
pub mod probe_file;
pub mod probe_table;
pub mod query;
pub mod reconstruct;
pub mod regions;
pub mod save_file;
pub mod save_list;
pub mod save_settings;
pub mod scores;
mod set_aside;
pub mod sound_picture;
pub mod styles;
pub mod tables;
pub mod teach;
pub mod train_job;
mod train_reporter;

use std::{path::PathBuf, sync::Arc};

use mynascope_audio::Player;
use mynascope_base::storage::{Cache, Folders, Settings};
use mynascope_collection::{Track, own_labels_file, own_regions_file};
use mynascope_probe::{ScoreChange, scores_file};

use super::{
    jobs::{Answering, BackgroundWriter},
    message::{LibraryMessage, Outbox},
    model::Find,
};

/// The threads that always run. Jobs that are shown and can be stopped belong to the model.
pub struct Workers {
    /// Where background work sends its messages.
    pub outbox: Outbox,
    /// Keeps mels and outlines on disk. `None` where pictures are made of the window: the user's files are left alone.
    pub cache: Option<Arc<Cache>>,
    /// Whether anything of the user is written.
    pub remember: bool,
    /// Looks for fonts of letters that are drawn for the first time.
    pub fonts: fonts::FontWork,
    /// Finds tracks for the library.
    pub find: Answering<Find>,
    /// Finds tracks for the palette.
    pub offers: Answering<Find>,
    /// `None` where nothing of the user is written.
    pub labels: Option<BackgroundWriter<Track>>,
    /// Keeps named stretches. `None` where nothing of the user is written.
    pub regions: Option<BackgroundWriter<regions::OfTrack>>,
    /// Saves what decoding found. `None` where nothing of the user is written.
    pub facts: Option<BackgroundWriter<facts::Decoded>>,
    /// Decodes tracks and makes their pictures.
    pub picture: picture::PictureWork,
    /// Makes the picture of the sound at its own rate.
    pub sound_picture: sound_picture::SoundPictureWork,
    /// Prepares what the masks leave, to be heard.
    pub masked: masked::MaskedWork,
    /// Answers for the layout Teach.
    pub teach: Answering<teach::TeachRequest>,
    /// `None` where pictures are made of the window: the user's settings are left alone.
    pub settings: Option<Answering<(PathBuf, Settings)>>,
    /// `None` where pictures are made of the window and nothing shall be heard.
    pub player: Option<Player>,
    /// Fills in hidden patches of the shown track.
    pub reconstruct: Answering<reconstruct::Hidden>,
    /// Saves scores. `None` where nothing of the user is written.
    pub scores: Option<BackgroundWriter<ScoreChange>>,
    /// What the active probe predicts for the shown track.
    pub prediction_timeline: Answering<prediction_timeline::TimelineRequest>,
    /// What the encoder's classifier tells of the shown track.
    pub styles: Answering<styles::StylesRequest>,
    /// The keys that the encoder hears in the shown track.
    pub keys: Answering<keys::KeysRequest>,
    /// Plays hovered points.
    pub audition: audition::AuditionWork,
    /// Looks for neighbours.
    pub neighbours: Answering<neighbours::NeighboursRequest>,
}

impl Workers {
    /// Starts what always runs.
    ///
    /// # Errors
    /// The system's error if it gives no thread.
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
            remember,
            fonts: fonts::FontWork::start(outbox.clone())?,
            find: find::start(&outbox, |generation, rows| LibraryMessage::Found {
                generation,
                rows,
            })?,
            offers: find::start(&outbox, |generation, rows| LibraryMessage::Offered {
                generation,
                rows,
            })?,
            regions: match own_regions_file().filter(|_| remember) {
                Some(file) => Some(regions::start(file, outbox.clone())?),
                None => None,
            },
            labels: match own_labels_file().filter(|_| remember) {
                Some(file) => Some(labels::start(file, outbox.clone())?),
                None => None,
            },
            facts: match remember {
                true => Some(facts::start(outbox.clone())?),
                false => None,
            },
            picture: picture::PictureWork::start(&outbox, cache.clone())?,
            sound_picture: sound_picture::SoundPictureWork::start(&outbox)?,
            masked: masked::MaskedWork::start(&outbox)?,
            teach: teach::start(&outbox, cache.clone())?,
            settings: match remember {
                true => Some(save_settings::start(&outbox)?),
                false => None,
            },
            audition: audition::AuditionWork::start(&outbox, auditions)?,
            neighbours: neighbours::start(&outbox)?,
            player,
            reconstruct: reconstruct::start(&outbox)?,
            scores: match scores_file().filter(|_| remember) {
                Some(file) => Some(scores::start(file, outbox.clone())?),
                None => None,
            },
            prediction_timeline: prediction_timeline::start(&outbox)?,
            styles: styles::start(&outbox)?,
            keys: keys::start(&outbox)?,
            cache,
            outbox,
        })
    }

    /// Writes the settings before the program ends, which does not wait for the thread that writes them otherwise.
    pub fn save_settings_now(&self, settings: &Settings) {
        if let (true, Ok(folders)) = (self.remember, Folders::of_user())
            && let Err(error) = settings.save(&folders.config)
        {
            tracing::warn!("{error}");
        }
    }

    /// Whether an answer is awaited that the window shows.
    pub fn is_busy(&self) -> bool {
        self.prediction_timeline.is_busy()
            || self.styles.is_busy()
            || self.keys.is_busy()
            || self.teach.is_busy()
            || self.reconstruct.is_busy()
            || self.sound_picture.is_busy()
    }
}
