//! What the window shows. Panels read it; only `logic` changes it.

mod chart;
mod colouring;
mod curve;
mod embeddings;
mod encoders;
mod hit_grid;
mod hub;
mod keys;
mod lesson;
mod library;
mod mapping;
mod mask;
mod neighbours;
mod notice;
mod overlay;
mod palette;
mod picked;
mod picture;
mod points;
mod probing;
mod search;
mod second_map;
mod settings;
mod styles;
mod teaching;
mod training;
mod transport;
mod undo;

pub use chart::{Chart, NO_LABEL, PointFacts};
pub use colouring::{Colouring, Groups, LegendEntry, Number, Scale, Shade, offered_colourings};
pub use curve::Curve;
pub use embeddings::{
    AskedFor, ChosenCheckpoint, EmbedError, Embeddings, EncoderCard, EncoderSource, KeyedTable,
    TableKey,
};
pub use encoders::{EncoderOrigin, OfferedEncoder, name_of_checkpoint};
pub use hit_grid::HitGrid;
pub use hub::HubDialog;
pub use keys::{Keys, KeysForm, keys_source};
pub use lesson::{
    Arriving, BUILT_IN_LESSONS, Before, Lesson, LessonDraft, LessonState, LessonStep, OpenLesson,
    PaintedPatch,
};
pub use library::{Edited, Editing, Labels, Library, LibraryForm, OpenFound, Row};
pub use mapping::{MapForm, MapFound, Mapping, PERPLEXITIES};
pub use mask::{
    MOST_PERCENT, Mask, MaskForm, MaskKey, OwnGrid, Paint, PatchCut, RankTable, explain_mask,
};
pub use neighbours::{
    Duplicates, Landed, ListForm, ListTab, Lists, Neighbours, Query, QueryAnswer, Spot, THRESHOLDS,
    WalkStep,
};
pub use notice::{Notice, Notices, Severity};
pub use overlay::Overlay;
pub use palette::{Candidate, Offer, Palette, typed_paths};
pub use picked::Picked;
pub use picture::{
    BandView, EncoderInput, FRAME_SECS, InputKind, InputLevels, Picture, PictureForm, PictureState,
    ShownAt, Spectrogram, TimeView, WINDOW_SECS,
};
pub use points::{Camera, Point, PointClass};
pub use probing::{
    ActiveProbe, Answer, AnswerColumn, AnswerSort, Broken, CurveKind, Found, PROTOCOLS,
    PredictionTimeline, ProbeFound, ProbeJob, ProbeResult, ProbeTab, ProbeView, Probing,
    RADIO_SECS, Radio, ScoreCurve, ScorePoint, Sheet, ShownComparison, ShownDiagnosis, TrackGroups,
    explain_head, explain_protocol, explain_task, format_score,
};
pub use search::{Column, Find, Finder, Sort};
pub use second_map::{Imported, MapSide, SecondMap};
pub use settings::{SCALES, bounded as bounded_settings, other_theme};
pub use styles::{
    AskedTrack, StyleScope, Styles, StylesForm, StylesFound, StylesView, TrackOfStyle, style_name,
    styles_source,
};
pub use teaching::{
    Answered, AttentionAnswer, AttentionKey, BATCH_TRACKS, BatchAnswer, BatchKey, BatchTrack,
    EncoderFacts, HeardCrop, Layer, MOST_PATCHOUT, MatrixKind, Neighbour, PatchoutAnswer,
    TEMPERATURES, TeachForm, TeachKey, Teaching, ViewsAnswer, WindowKey,
};
pub use training::{
    CHANNELS, Channel, ChannelLine, ChosenStep, CurveForm, Devices, PURPOSES, Problem, Purpose,
    Reconstructed, ReconstructionKey, Remedy, RunJob, RunRow, RunTable, RunView, SavedStep,
    TrainFailure, TrainFound, TrainPhase, Training, begin_with, command_of, describe_size,
    first_form, first_purpose, format_config, format_time, problem_of, purpose_of, resume_command,
    too_few_tracks, view_word, what_is_masked, what_is_seen, what_training_does,
    what_training_needs, why_the_loss_falls,
};
pub use transport::{Hearing, Selection, SoundForm, Transport, Views, clock, length};
pub use undo::{FollowUp, History, Step, UndoState, step as undo_step};

use std::path::PathBuf;

use mynascope_base::storage::Settings;

use super::workspace::Workspace;

impl AppState {
    /// Whether a file that is dropped is looked for on the map instead of being opened: a sound, over a map.
    pub fn takes_as_query(&self, file: &std::path::Path) -> bool {
        let map = self.workspace == Workspace::Map && self.mapping.chart.is_some();
        map && mynascope_audio::is_audio_path(file)
    }
}

/// All state of the window.
#[derive(Default)]
pub struct AppState {
    /// Kept between starts.
    pub settings: Settings,
    /// The workspace that is shown.
    pub workspace: Workspace,
    /// The list of tracks.
    pub library: Library,
    /// The spectrogram of the shown track.
    pub spectrogram: Spectrogram,
    /// The mask.
    pub mask: Mask,
    /// What the encoder makes of the mask.
    pub teaching: Teaching,
    /// The lesson that is open.
    pub lesson: Option<OpenLesson>,
    /// What a page of a lesson, or its end, will show as soon as its track is there.
    pub arriving: Option<Arriving>,
    /// The lesson that is being written.
    pub lesson_draft: Option<LessonDraft>,
    /// The window is shown to an audience: full screen, with larger controls.
    pub presenting: bool,
    /// What is heard.
    pub transport: Transport,
    /// Messages for the user.
    pub notices: Notices,
    /// What map and probe share.
    pub embeddings: Embeddings,
    /// Published encoders.
    pub hub: HubDialog,
    /// Training.
    pub training: Training,
    /// The map.
    pub mapping: Mapping,
    /// What is near to the selected window.
    pub neighbours: Neighbours,
    /// The other lists beside the map.
    pub lists: Lists,
    /// Probing.
    pub probing: Probing,
    /// Styles that the encoder's classifier tells.
    pub styles: Styles,
    /// Keys that the encoder hears.
    pub keys: Keys,
    /// What lies over the panels.
    pub overlay: Option<Overlay>,
    /// What the command palette was asked, and what it offers.
    pub palette: Palette,
    /// What computed pictures take on disk, in bytes, once that was counted.
    pub cache_bytes: Option<u64>,
    /// What can be undone.
    pub history: History,
    /// What is dragged over the window, and what dropping it will do.
    pub hovered: Option<(Vec<PathBuf>, String)>,
    /// Files cannot be dropped on the window: the windowing library has no drops on Wayland.
    pub no_drops: bool,
    /// Grows when the search field is to be given the cursor.
    pub search_wanted: u64,
}

impl AppState {
    /// Whether a job of some length is under way.
    pub fn is_busy(&self) -> bool {
        let second = self.mapping.second.as_ref();
        self.library.job.is_running()
            || self.mapping.job.is_running()
            || second.is_some_and(|second| second.job.is_running())
            || self.neighbours.job.is_running()
            || self.lists.job.is_running()
            || self.probing.job.is_running()
            || self.teaching.embedding.is_running()
            || self.training.is_busy()
            || self.hub.looking.is_running()
            || self.hub.fetching.is_running()
            || self.embeddings.is_looking()
            || self.styles.job.is_running()
    }

    /// How files and folders of the user are opened, beside the buttons.
    pub fn how_to_open(&self) -> &'static str {
        if self.no_drops {
            "Open a folder (Ctrl+Shift+O) or files (Ctrl+O), or paste a path into the palette (Ctrl+P)"
        } else {
            "Drop files or folders on the window"
        }
    }
}
