use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::gui::{
    command_line::CommandLine,
    paint::scatter::{Camera, Point},
    work::near::Answer,
};
use mynascope_base::jobs::Progress;
use mynascope_embedding::{EmbeddingTable, Level, NeighbourhoodChange, Relocated, SoundOfTable};
use mynascope_encoder::{EncoderKind, FoundEncoder, WeightsChoice};
use mynascope_map::{Layout, MapSettings, Method};

use super::{
    Beside, Chart, Colouring, Duplicates, EncoderSource, Groups, Imported, JobId, KeyedTable,
    ListTab, MapSide, Near, Picked, Running, Scale, Spot,
};

/// What the next map is asked to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MapForm {
    pub perplexity: f64,
    pub seed: u64,
    pub level: Level,
}

impl Default for MapForm {
    fn default() -> Self {
        let settings = MapSettings::default();
        Self {
            perplexity: settings.perplexity,
            seed: settings.seed,
            level: Level::Window,
        }
    }
}

impl MapForm {
    /// The settings of the final layout.
    pub fn settings(&self) -> MapSettings {
        MapSettings {
            method: Method::Tsne,
            perplexity: self.perplexity,
            seed: self.seed,
            ..MapSettings::default()
        }
    }
}

/// Perplexities that are offered; the paper of t-SNE recommends 5 to 50.
pub const PERPLEXITIES: std::ops::RangeInclusive<f64> = 2.0..=100.0;

/// What the Map panel shows.
#[derive(Default)]
pub struct Mapping {
    pub form: MapForm,
    pub running: Option<Running>,
    /// The points rest although their layout is not done.
    pub paused: bool,
    /// What is drawn.
    pub chart: Option<Chart>,
    /// Why the last map was not made.
    pub error: Option<String>,
    pub colouring: Colouring,
    /// Groups of the colouring that are not drawn, by name.
    pub hidden: BTreeSet<String>,
    /// Windows that are picked; while there are any, all others are grey.
    pub picked: Arc<Picked>,
    pub camera: Camera,
    /// Points sound while the pointer is on them.
    pub hover_sound: bool,
    /// The point under the pointer.
    pub hovered: Option<usize>,
    /// The point that was asked to sound last.
    pub asked_to_sound: Option<usize>,
    /// What sounds, or sounded last, under the pointer.
    pub sounding: Option<Spot>,
    /// The table that the map is of, where it came from a file.
    pub imported: Option<Imported>,
    /// A second encoder's map, where two are compared.
    pub beside: Option<Beside>,
    /// The track whose points stand out.
    selected: Option<PathBuf>,
}

/// Where a table is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaveTo {
    /// Here, in the format that the ending names.
    At(PathBuf),
    /// Where the user says, in the format of this ending.
    Asking(&'static str),
}

/// What a user can do in the Map panel.
#[derive(Debug, Clone)]
pub enum MapCommand {
    Edit(MapForm),
    /// Embeds the collection and lays it out.
    Compute,
    Cancel,
    /// Lets the points rest, or move on.
    Pause(bool),
    SetColouring(Colouring),
    /// Hides or shows the points of a group.
    ToggleLabel(String),
    ShowAllLabels,
    /// Picks the drawn points inside an outline in map units: instead of what is picked, or in addition.
    Lasso {
        side: MapSide,
        outline: Vec<[f32; 2]>,
        add: bool,
    },
    /// Picks a point in addition, or not any more.
    TogglePoint(usize),
    /// Picks the points of a group in addition.
    PickGroup(String),
    ClearPicked,
    Move(Camera),
    /// Moves the second map of a comparison.
    MoveBeside(Camera),
    /// Shows a second encoder's map beside the first, or only the first.
    Compare(bool),
    /// The encoder of the second map.
    SetBeside(EncoderSource),
    /// Asks for the checkpoint of the second map.
    ChooseBeside,
    /// Shows what a point stands for and plays it.
    Choose {
        path: PathBuf,
        start_secs: f64,
    },
    /// Lets points sound while the pointer is on them, or not any more.
    HoverSound(bool),
    /// The pointer is at a point, or at none.
    Hover {
        side: MapSide,
        point: Option<usize>,
        /// Where the pointer moved: what lies around it, nearest first.
        moved: Vec<usize>,
    },
    /// Looks for what is like the selected stretch of the spectrogram.
    QueryRegion,
    /// Looks for what is like a file, and where it lands on the map.
    QueryFile(PathBuf),
    /// Asks for a file to look for.
    ChooseQuery,
    /// Selects and plays a neighbour of the list.
    PlayNear(usize),
    /// Lets a window of any file sound, while the track waits.
    Audition(Spot),
    ShowList(ListTab),
    SetThreshold(f32),
    /// Looks for near-duplicates.
    FindDuplicates,
    /// Ends the search for what is like a file, or for near-duplicates.
    StopQuery,
    /// Maps a table of embeddings from a file; asks for it where no path is said.
    OpenTable(Option<PathBuf>),
    /// Looks for the sound of the table that the map is of in a folder; asks for it where none is said.
    FindSound(Option<PathBuf>),
    /// Saves the embeddings of the map.
    SaveEmbeddings(SaveTo),
    /// Saves the places of the points.
    SaveMap(SaveTo),
    /// Puts the command of the list on the clipboard.
    CopyList,
    /// Goes so many neighbours on from the selected track, and plays there.
    Walk(isize),
    /// Puts the command of the map on the clipboard.
    Copy,
    /// The encoder of the next map or probe.
    SetSource(EncoderSource),
    /// Says how the patches of the chosen checkpoint are cut; what waited for that goes on.
    SetPatch(EncoderKind),
    /// Says which weights of the chosen checkpoint are meant.
    SetWeights(WeightsChoice),
    /// Asks for a checkpoint file.
    ChooseCheckpoint,
}

/// What the background work of the Map panel sends.
pub enum MapMessage {
    Progress(JobId, Progress),
    /// The windows are embedded.
    Embedded(Arc<KeyedTable>),
    /// A layout is there; others may follow.
    LaidOut {
        job: JobId,
        table: Arc<KeyedTable>,
        level: Level,
        layout: Layout,
    },
    /// Where the points are now; superseded by the next.
    Moved {
        job: JobId,
        xy: Vec<[f32; 2]>,
    },
    Finished(JobId),
    Failed(JobId, String),
    /// The checkpoint doesn't say how its patches are cut.
    NeedsPatch(JobId),
    /// A table was read from a file, or not.
    TableOpened(Result<(PathBuf, Box<EmbeddingTable>, SoundOfTable), String>),
    /// The sound of a table was found elsewhere, or not.
    SoundFound {
        of: Arc<KeyedTable>,
        result: Result<(Box<EmbeddingTable>, Relocated), String>,
    },
    /// A table was saved at a place that nobody was asked about: there was no dialog to ask by.
    SavedUnasked(PathBuf),
    /// A message about the second map of a comparison.
    Beside(Box<MapMessage>),
    /// What moved between the two maps of a comparison, most first.
    Changes(Vec<NeighbourhoodChange>),
    /// This place sounds under the pointer.
    Sounds(Spot),
    /// What the pointer is at cannot be heard.
    SoundFailed(String),
    /// What is near to the place that was asked for, nearest first.
    Near {
        number: u64,
        found: Result<Vec<Near>, String>,
    },
    QueryProgress(JobId, Progress),
    /// What is like a file or a stretch.
    Queried {
        number: u64,
        result: Result<Answer, String>,
    },
    /// Near-duplicates.
    Duplicates(Result<Duplicates, String>),
    /// The cosine of each point of the map to the same place.
    Cosines {
        number: u64,
        values: Vec<f32>,
    },
    /// An encoder that was chosen or dropped.
    Checkpoint(ChosenCheckpoint),
    /// The encoders that a checkpoint file holds.
    Held(PathBuf, Vec<FoundEncoder>),
}

/// A checkpoint that was chosen in the file dialog or dropped.
pub struct ChosenCheckpoint {
    pub path: PathBuf,
    /// Whether it says how its patches are cut.
    pub says_patch: bool,
    /// What the user should know of it.
    pub note: Option<String>,
}

impl Mapping {
    /// Whether a message belongs to the job that runs.
    pub fn is_running(&self, job: JobId) -> bool {
        self.running
            .as_ref()
            .is_some_and(|running| running.id == job)
    }

    /// The table that came from a file, if the map that is shown is of it.
    pub fn imported_chart(&self) -> Option<&Imported> {
        let chart = self.chart.as_ref()?;
        let imported = self.imported.as_ref();
        imported.filter(|imported| Arc::ptr_eq(&imported.table, &chart.source))
    }

    /// Whether the map is of a table whose sound was moved.
    pub fn is_silent(&self) -> bool {
        let imported = self.imported_chart();
        imported.is_some_and(|imported| matches!(imported.sound, SoundOfTable::Missing(_)))
    }

    /// Draws a layout. The camera stays when the layout is of the same points.
    pub fn show(&mut self, table: Arc<KeyedTable>, level: Level, layout: Layout) {
        let same = self
            .chart
            .as_ref()
            .is_some_and(|chart| chart.level == level && Arc::ptr_eq(&chart.source, &table));
        self.hovered = None;
        self.asked_to_sound = None;
        if !same {
            self.camera = Camera::default();
            self.hidden.clear();
        }
        self.chart = Some(Chart::new(table, level, layout));
        self.colour();
    }

    /// Moves the points of the chart while a layout is computed.
    pub fn move_to(&mut self, xy: &[[f32; 2]]) {
        if self.chart.as_mut().is_some_and(|chart| chart.move_to(xy)) {
            self.colour();
        }
    }

    /// The map of a side, if it is there.
    pub fn chart_of(&self, side: MapSide) -> Option<&Chart> {
        match side {
            MapSide::Main => self.chart.as_ref(),
            MapSide::Beside => self.beside.as_ref()?.chart.as_ref(),
        }
    }

    fn chart_of_mut(&mut self, side: MapSide) -> Option<&mut Chart> {
        match side {
            MapSide::Main => self.chart.as_mut(),
            MapSide::Beside => self.beside.as_mut()?.chart.as_mut(),
        }
    }

    /// Lets the colours of a map stand for groups of tracks; [`Mapping::colour`] shows it.
    pub fn set_groups(&mut self, side: MapSide, groups: Groups) {
        if let Some(chart) = self.chart_of_mut(side) {
            chart.set_groups(groups);
        }
    }

    /// Lets the colours of a map stand for a number; [`Mapping::colour`] shows it.
    pub fn set_scale(&mut self, side: MapSide, scale: Scale) {
        if let Some(chart) = self.chart_of_mut(side) {
            chart.set_scale(scale);
        }
    }

    /// Picks other windows.
    pub fn pick(&mut self, picked: Picked) {
        if *self.picked != picked {
            self.picked = Arc::new(picked);
            self.colour();
        }
    }

    /// Hides or shows the points of a group.
    pub fn toggle_label(&mut self, label: String) {
        if !self.hidden.remove(&label) {
            self.hidden.insert(label);
        }
        self.colour();
    }

    /// Shows all points.
    pub fn show_all_labels(&mut self) {
        self.hidden.clear();
        self.colour();
    }

    /// Lets the points of a track stand out. Cheap when it is the same as before: may be called every frame.
    pub fn select(&mut self, path: Option<&Path>) {
        if self.selected.as_deref() != path {
            self.selected = path.map(Path::to_path_buf);
            self.colour();
        }
    }

    /// The track whose points stand out.
    pub fn selected(&self) -> Option<&Path> {
        self.selected.as_deref()
    }

    /// Makes the points anew after what is hidden or picked has changed.
    pub fn colour(&mut self) {
        let beside = self.beside.as_mut().and_then(|it| it.chart.as_mut());
        for chart in self.chart.as_mut().into_iter().chain(beside) {
            chart.colour(&self.hidden, &self.picked, self.selected.as_deref());
        }
    }

    /// The points as they are drawn.
    pub fn points(&self) -> Option<Arc<Vec<Point>>> {
        self.chart.as_ref().map(|chart| Arc::clone(&chart.points))
    }

    /// The map as a person would make it on the command line.
    pub fn command(&self, sources: &[PathBuf], source: &EncoderSource) -> String {
        let embed = CommandLine::verb("embed")
            .arguments(sources)
            .option("out", "embeddings.npz")
            .option("level", self.form.level.to_string());
        let settings = self.form.settings();
        let table = match &self.imported {
            Some(imported) => imported.path.clone(),
            None => PathBuf::from("embeddings.npz"),
        };
        let map = CommandLine::verb("map")
            .argument(table)
            .option("out", "map.parquet")
            .option("method", settings.method.to_string())
            .option("perplexity", settings.perplexity.to_string())
            .option("iterations", settings.iterations.to_string())
            .option("seed", settings.seed.to_string());
        match self.imported {
            Some(_) => map.to_line(),
            None => format!("{} && {}", source.options(embed).to_line(), map.to_line()),
        }
    }
}
