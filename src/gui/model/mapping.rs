//! The map: its form, its points, what is selected.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde::{Deserialize, Serialize};

use crate::gui::{command_line::CommandLine, jobs::JobSlot};
use mynascope_embedding::{Level, NeighbourhoodChange, SoundOfTable};
use mynascope_map::{Layout, MapSettings, Method};

use super::{
    Camera, Chart, Colouring, EmbedError, EncoderSource, Groups, Imported, KeyedTable, MapSide,
    Picked, Point, Scale, SecondMap, Spot,
};

/// What the next map is asked to be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MapForm {
    /// How points are placed.
    pub method: Method,
    /// How many neighbours t-SNE looks at.
    pub perplexity: f64,
    /// How many neighbours of a point UMAP draws to it, the point itself counted.
    pub neighbours: usize,
    /// The same seed gives the same map.
    pub seed: u64,
    /// Whether points are windows or tracks.
    pub level: Level,
}

impl Default for MapForm {
    fn default() -> Self {
        let settings = MapSettings::default();
        Self {
            method: settings.method,
            perplexity: settings.perplexity,
            neighbours: settings.neighbours,
            seed: settings.seed,
            level: Level::Window,
        }
    }
}

impl MapForm {
    /// The settings of the final layout.
    pub fn settings(&self) -> MapSettings {
        MapSettings {
            method: self.method,
            perplexity: self.perplexity,
            neighbours: self.neighbours,
            seed: self.seed,
            ..MapSettings::default()
        }
    }

    /// Its options on a command line, for the verbs that lay a map out.
    pub fn options(&self, line: CommandLine) -> CommandLine {
        let line = line.option("method", self.method.to_string());
        let line = match self.method {
            Method::Tsne | Method::TsneReference => {
                line.option("perplexity", self.perplexity.to_string())
            }
            Method::Umap => line.option("neighbours", self.neighbours.to_string()),
            Method::Pca => line,
        };
        line.option("seed", self.seed.to_string())
    }

    /// The form as text for the settings.
    pub fn to_text(self) -> Option<String> {
        serde_json::to_string(&self).ok()
    }

    /// The form of such a text, its numbers within their bounds. `None` of damaged text.
    pub fn of_text(text: &str) -> Option<Self> {
        let form: Self = serde_json::from_str(text).ok()?;
        let (perplexities, neighbours) = (PERPLEXITIES, MAP_NEIGHBOURS);
        Some(Self {
            perplexity: form
                .perplexity
                .clamp(*perplexities.start(), *perplexities.end()),
            neighbours: form
                .neighbours
                .clamp(*neighbours.start(), *neighbours.end()),
            ..form
        })
    }
}

/// Perplexities that are offered; the paper of t-SNE recommends 5 to 50.
pub const PERPLEXITIES: std::ops::RangeInclusive<f64> = 2.0..=100.0;
/// Neighbours of UMAP that are offered, as far as its authors tried them.
pub const MAP_NEIGHBOURS: std::ops::RangeInclusive<usize> = 2..=200;

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
    /// The group whose points are lit, since the pointer is on its line of the legend.
    pub lit: Option<String>,
    /// What is typed to find lines of the legend.
    pub legend_search: String,
    /// Windows that are picked; while there are any, all others are grey.
    pub picked: Arc<Picked>,
    /// Tracks that are searched for in the library: while there are any, and nothing is picked, all others are grey.
    pub found: Option<Picked>,
    /// Which part of the map is visible.
    pub camera: Camera,
    /// The map that the pointer is on.
    pub under_pointer: Option<MapSide>,
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

    /// What a caption says of what made the map: the file of its table, or the encoder and what it was given.
    pub fn made_by(&self, chart: &Chart) -> String {
        match self.imported_chart() {
            Some(imported) => imported.path.display().to_string(),
            None => format!(
                "{}  \u{b7}  {}",
                chart.source.key.source.mask_note(),
                chart.source.table.encoder
            ),
        }
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
        // A table that grows is the same: the map goes on.
        let before = self.chart.as_ref().filter(|chart| chart.level == level);
        let before = before.filter(|chart| chart.source.key == table.key);
        let same = before.is_some();
        self.hovered = None;
        self.asked_to_sound = None;
        if !same {
            self.camera = Camera::default();
            self.hidden.clear();
        }
        let mut chart = Chart::new(table, level, layout);
        if let Some(before) = before.filter(|before| before.xy.len() != chart.xy.len()) {
            chart.turn_towards(before);
        }
        self.chart = Some(chart);
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

    /// Leaves out the points of tracks that are off the list; [`Mapping::colour`] shows it.
    pub fn leave_out(&mut self, side: MapSide, gone: Vec<bool>) {
        if let Some(chart) = self.chart_of_mut(side) {
            chart.leave_out(gone);
        }
    }

    /// Whether a map is of a table from a file, not of the collection.
    pub fn is_of_file(&self, side: MapSide) -> bool {
        match side {
            MapSide::Main => self.imported_chart().is_some(),
            MapSide::Second => self.second.as_ref().is_some_and(|it| it.table.is_some()),
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

    /// Shows the points of one group alone; of all again, where they were alone already.
    pub fn solo_label(&mut self, label: String) {
        let Some(chart) = &self.chart else {
            return;
        };
        let names = chart.legend.iter().map(|entry| &entry.label);
        let others: BTreeSet<String> = names.filter(|name| **name != label).cloned().collect();
        self.hidden = match self.hidden == others {
            true => BTreeSet::new(),
            false => others,
        };
        self.colour();
    }

    /// Lights the points of a group. Cheap when it is the same as before.
    pub fn light(&mut self, label: Option<String>) {
        if self.lit != label {
            self.lit = label;
            self.colour();
        }
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
            chart.colour(
                &self.hidden,
                &self.picked,
                self.found.as_ref(),
                self.selected.as_deref(),
                self.lit.as_deref(),
            );
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
        let table = match &self.imported {
            Some(imported) => imported.path.clone(),
            None => PathBuf::from("embeddings.npz"),
        };
        let map = CommandLine::verb("map")
            .argument(table)
            .option("out", "map.parquet");
        let map = self.form.options(map);
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
