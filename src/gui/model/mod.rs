//! What the window shows. Panels read it; only `logic` changes it.

mod activity;
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
mod path_question;
mod picked;
mod picture;
mod points;
mod precision_gains;
mod probing;
mod publishing;
mod regions;
mod search;
mod second_map;
mod session;
mod settings;
mod sound_picture;
mod styles;
mod teaching;
mod training;
mod transport;
mod undo;

pub use activity::{Activity, JobKind, JobPlace, JobState};
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
    Arriving, BUILT_IN_LESSONS, Before, Lesson, LessonEdit, LessonState, LessonStep, OpenLesson,
    PaintedPatch, SetAside, TeachPanel,
};
pub use library::{
    Edited, Editing, LabelColours, Labels, LeftCollection, Library, LibraryForm, MadeOfCollection,
    OpenFound, Row,
};
pub use mapping::{MAP_NEIGHBOURS, MapForm, MapFound, Mapping, PERPLEXITIES};
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
pub use path_question::PathQuestion;
pub use picked::Picked;
pub use picture::{
    BandView, EncoderInput, FRAME_SECS, InputKind, InputLevels, Picture, PictureForm, PictureState,
    Spectrogram, TimeView, WINDOW_SECS,
};
pub use points::{Camera, Point, PointClass};
pub use precision_gains::{PrecisionGains, described};
pub use probing::{
    ActiveProbe, Answer, AnswerColumn, AnswerList, AnswerSort, AnsweredColumn, AnsweredForm,
    BoardColumn, BoardView, Broken, CurveKind, Found, HeardFile, PROTOCOLS, PredictionTimeline,
    ProbeFound, ProbeJob, ProbeResult, ProbeTab, ProbeView, Probing, RADIO_SECS, Radio, ScoreCurve,
    ScorePoint, Sheet, ShownComparison, ShownDiagnosis, TrackGroups, TrackRole, board_protocols,
    explain_head, explain_protocol, explain_task, format_score, question,
};
pub use publishing::{PicturePanel, Publishing};
pub use regions::{Naming, Regions};
pub use search::{Column, Find, Finder, Sort};
pub use second_map::{Imported, ListedLabels, MapSide, SecondMap};
pub use session::Restoring;
pub use settings::{SCALES, bounded as bounded_settings, other_theme};
pub use sound_picture::{
    PaintedTile, PaintedTiles, PictureOf, SoundPicture, SoundPictureForm, SoundSource, TilesWanted,
};
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
    CHANNELS, Channel, ChannelLine, ChosenStep, CurveForm, Devices, Manage, ManagedRun, PURPOSES,
    Problem, Purpose, Reconstructed, ReconstructionKey, Remedy, RunJob, RunRow, RunTable, RunView,
    SavedStep, TrainFailure, TrainFound, TrainPhase, Training, begin_with, command_of,
    describe_size, first_form, first_purpose, format_config, format_time, problem_of, purpose_of,
    resume_command, step_of, too_few_tracks, view_word, what_is_masked, what_is_seen,
    what_training_does, what_training_needs, why_the_loss_falls,
};
pub use transport::{Hearing, Selection, SoundForm, Transport, Views, clock, length};
pub use undo::{FollowUp, History, Step, UndoState, step as undo_step};

use std::path::PathBuf;

use mynascope_base::storage::Settings;
use mynascope_collection::CollectionKind;

use super::workspace::{Pane, Workspace};

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
    /// The panes that are seen: those that are not behind another one.
    pub seen: Vec<Pane>,
    /// The pane that is to be brought to the front, if it stands behind another one.
    pub front: Option<Pane>,
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
    /// The window is shown to an audience: full screen, with larger controls.
    pub presenting: bool,
    /// The panel that is being saved as a picture, and how.
    pub publishing: Option<Publishing>,
    /// What is heard.
    pub transport: Transport,
    /// Messages for the user.
    pub notices: Notices,
    /// What goes on in the background.
    pub activity: Activity,
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
    /// Named stretches of tracks.
    pub regions: Regions,
    /// What of the last session waits for its collection.
    pub restoring: Option<Restoring>,
    /// A path that is asked for where the system has no file dialog.
    pub path_question: Option<PathQuestion>,
    /// Sound files that were dropped: added to the collection, or opened instead of it?
    pub dropped: Option<Vec<PathBuf>>,
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
    /// Shows a layout, and the mask as the user left it there.
    pub fn show_workspace(&mut self, workspace: Workspace) {
        if self.workspace != workspace {
            self.workspace = workspace;
            self.mask.form.shown = self.shows_mask(workspace);
        }
    }

    /// Whether a layout draws the mask: as the user left it there, at first in Teach alone, since what the others compute has no
    /// mask.
    pub fn shows_mask(&self, workspace: Workspace) -> bool {
        let said = self.settings.mask_shown.get(workspace.name());
        said.copied().unwrap_or(workspace == Workspace::Teach)
    }

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

    /// Whether files that are dropped may be meant to join the open collection: sounds, on a collection of the user's that is larger
    /// than what is dropped.
    pub fn may_add(&self, files: &[PathBuf]) -> bool {
        let Some(collection) = &self.library.collection else {
            return false;
        };
        collection.kind != CollectionKind::Demo
            && collection.tracks.len() > files.len()
            && files
                .iter()
                .all(|file| mynascope_audio::is_audio_path(file))
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
