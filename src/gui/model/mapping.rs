//! The map: its form, its points, what is selected.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::gui::{command_line::CommandLine, jobs::JobSlot};
use mynascope_embedding::{Level, NeighbourhoodChange, SoundOfTable};
use mynascope_map::{Layout, MapSettings, Method};

use super::{
    Camera, Chart, Colouring, EmbedError, EncoderSource, Groups, Imported, KeyedTable, MapSide,
    Picked, Point, Scale, SecondMap, Spot,
};

/// What the next map is asked to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MapForm {
    /// How many neighbours t-SNE looks at.
    pub perplexity: f64,
    /// The same seed gives the same map.
    pub seed: u64,
    /// Whether points are windows or tracks.
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
    /// What the next map is asked to be.
    pub form: MapForm,
    /// The job that computes a map.
    pub job: JobSlot<MapFound, EmbedError>,
    /// Set while the points rest although their layout is not done.
    pub paused: Arc<AtomicBool>,
    /// What is drawn.
    pub chart: Option<Chart>,
    /// Why the last map was not made.
    pub error: Option<String>,
    /// What colours show.
    pub colouring: Colouring,
    /// Groups of the colouring that are not drawn, by name.
    pub hidden: BTreeSet<String>,
    /// Windows that are picked; while there are any, all others are grey.
    pub picked: Arc<Picked>,
    /// Which part of the map is visible.
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
    pub second: Option<SecondMap>,
    /// The track whose points stand out.
    selected: Option<PathBuf>,
}

impl Mapping {
    /// Whether the points rest although their layout is not done.
    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Acquire)
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

    /// Draws a layout. The camera of the first map stays when the layout is of the same points; the second map lies as
    /// the first does.
    pub fn show(&mut self, side: MapSide, table: Arc<KeyedTable>, level: Level, layout: Layout) {
        match (side, &mut self.second) {
            (MapSide::Main, _) => self.show_main(table, level, layout),
            (MapSide::Second, Some(second)) => {
                let mut chart = Chart::new(table, level, layout);
                if let Some(main) = &self.chart {
                    chart.turn_towards(main);
                }
                second.hovered = None;
                second.chart = Some(chart);
                self.colour();
            }
            (MapSide::Second, None) => {}
        }
    }

    fn show_main(&mut self, table: Arc<KeyedTable>, level: Level, layout: Layout) {
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

    /// Moves the points of a map while its layout is computed.
    pub fn move_to(&mut self, side: MapSide, xy: &[[f32; 2]]) {
        let moved = self
            .chart_of_mut(side)
            .is_some_and(|chart| chart.move_to(xy));
        if let (true, MapSide::Second, Some(main), Some(second)) =
            (moved, side, &self.chart, &mut self.second)
            && let Some(chart) = &mut second.chart
        {
            chart.turn_towards(main);
        }
        if moved {
            self.colour();
        }
    }

    /// The job that makes a map, if there is such a map.
    pub fn job_of_mut(&mut self, side: MapSide) -> Option<&mut JobSlot<MapFound, EmbedError>> {
        match side {
            MapSide::Main => Some(&mut self.job),
            MapSide::Second => Some(&mut self.second.as_mut()?.job),
        }
    }

    /// Says why a map was not made, or that it was.
    pub fn set_error(&mut self, side: MapSide, error: Option<String>) {
        match (side, &mut self.second) {
            (MapSide::Main, _) => self.error = error,
            (MapSide::Second, Some(second)) => second.error = error,
            (MapSide::Second, None) => {}
        }
    }

    /// The map of a side, if it is there.
    pub fn chart_of(&self, side: MapSide) -> Option<&Chart> {
        match side {
            MapSide::Main => self.chart.as_ref(),
            MapSide::Second => self.second.as_ref()?.chart.as_ref(),
        }
    }

    fn chart_of_mut(&mut self, side: MapSide) -> Option<&mut Chart> {
        match side {
            MapSide::Main => self.chart.as_mut(),
            MapSide::Second => self.second.as_mut()?.chart.as_mut(),
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
        let second = self.second.as_mut().and_then(|it| it.chart.as_mut());
        for chart in self.chart.as_mut().into_iter().chain(second) {
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

/// What is found while a map is made.
pub enum MapFound {
    /// A layout is there; others may follow.
    Layout {
        /// What it is of.
        table: Arc<KeyedTable>,
        /// Whether points are windows or tracks.
        level: Level,
        /// The places.
        layout: Layout,
    },
    /// Where the points are now; superseded by the next.
    Moved(Vec<[f32; 2]>),
    /// What moved between the two maps of a comparison, most first.
    Changes(Vec<NeighbourhoodChange>),
}
