//! Undo and redo: labels, the mask, the picture's levels and colours, the selection.
//!
//! What a user set is compared before and after each command. What changes while a button of the mouse is held down, such
//! as by the drag of a slider or the stroke of a brush, is one step; so are quick presses of a key that changes a number.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use mynascope_spectrum::{
    ColourMap,
    tokens::{MaskKind, MaskRatio, PatchShape},
};

use super::model::{Labels, Layer, Model, Paint, Picked, Selection};

/// Changes of one number that follow each other within this time are one step.
const MERGE_WITHIN: Duration = Duration::from_millis(900);
/// Steps that are kept; the oldest are forgotten.
const MOST_STEPS: usize = 200;

/// What a user set that is no label.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    ratio: MaskRatio,
    kind: MaskKind,
    shape: PatchShape,
    seed: u64,
    starts: [Option<usize>; 2],
    paint: Paint,
    colour_map: ColourMap,
    top_db: f32,
    range_db: f32,
    overlay: f32,
    layer: Layer,
    selection: Option<Selection>,
    /// Windows that are picked on the map.
    picked: Arc<Picked>,
    /// Groups that the map hides.
    hidden: BTreeSet<String>,
    /// The track that selection, crops and painted patches belong to.
    track: Option<PathBuf>,
}

/// One thing of a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Ratio,
    Kind,
    Shape,
    Seed,
    Crops,
    Paint,
    ColourMap,
    TopDb,
    RangeDb,
    Overlay,
    Layer,
    Selection,
    Picked,
    Hidden,
}

impl Part {
    const ALL: [Self; 14] = [
        Self::Ratio,
        Self::Kind,
        Self::Shape,
        Self::Seed,
        Self::Crops,
        Self::Paint,
        Self::ColourMap,
        Self::TopDb,
        Self::RangeDb,
        Self::Overlay,
        Self::Layer,
        Self::Selection,
        Self::Picked,
        Self::Hidden,
    ];

    /// What the toast calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Ratio => "mask ratio",
            Self::Kind => "kind of mask",
            Self::Shape => "patch shape",
            Self::Seed => "seed",
            Self::Crops => "crop",
            Self::Paint => "painted patches",
            Self::ColourMap => "colour map",
            Self::TopDb => "brightest level",
            Self::RangeDb => "depth",
            Self::Overlay => "fading of dropped patches",
            Self::Layer => "layer",
            Self::Selection => "selection",
            Self::Picked => "picked points",
            Self::Hidden => "hidden points",
        }
    }

    /// Whether quick changes of it are parts of one: it is a number that keys change little by little.
    fn is_gradual(self) -> bool {
        matches!(
            self,
            Self::Ratio | Self::TopDb | Self::RangeDb | Self::Overlay
        )
    }

    /// Whether it means something on one track only.
    fn is_of_track(self) -> bool {
        matches!(self, Self::Crops | Self::Paint | Self::Selection)
    }

    /// Whether it is on the map.
    fn is_of_map(self) -> bool {
        matches!(self, Self::Picked | Self::Hidden)
    }

    /// Whether the mask must be drawn anew.
    fn is_of_mask(self) -> bool {
        matches!(
            self,
            Self::Ratio | Self::Kind | Self::Shape | Self::Seed | Self::Crops | Self::Paint
        )
    }
}

impl Scene {
    /// What is set now.
    pub fn of(model: &Model) -> Self {
        let (mask, spectrogram) = (&model.mask, &model.spectrogram);
        Self {
            ratio: mask.ratio,
            kind: mask.kind,
            shape: mask.shape,
            seed: mask.seed,
            starts: mask.starts,
            paint: mask.paint.clone(),
            colour_map: spectrogram.colour_map,
            top_db: spectrogram.top_db,
            range_db: spectrogram.range_db,
            overlay: mask.overlay,
            layer: model.lab.form.layer,
            selection: model.transport.selection,
            picked: Arc::clone(&model.mapping.picked),
            hidden: model.mapping.hidden.clone(),
            track: spectrogram.path().map(Path::to_path_buf),
        }
    }

    fn differs(&self, other: &Self, part: Part) -> bool {
        match part {
            Part::Ratio => self.ratio != other.ratio,
            Part::Kind => self.kind != other.kind,
            Part::Shape => self.shape != other.shape,
            Part::Seed => self.seed != other.seed,
            Part::Crops => self.starts != other.starts,
            Part::Paint => self.paint != other.paint,
            Part::ColourMap => self.colour_map != other.colour_map,
            Part::TopDb => self.top_db.to_bits() != other.top_db.to_bits(),
            Part::RangeDb => self.range_db.to_bits() != other.range_db.to_bits(),
            Part::Overlay => self.overlay.to_bits() != other.overlay.to_bits(),
            Part::Layer => self.layer != other.layer,
            Part::Selection => self.selection != other.selection,
            Part::Picked => {
                !Arc::ptr_eq(&self.picked, &other.picked) && self.picked != other.picked
            }
            Part::Hidden => self.hidden != other.hidden,
        }
    }

    /// Sets one thing in the model as it is here.
    fn restore(&self, part: Part, model: &mut Model) {
        let (mask, spectrogram) = (&mut model.mask, &mut model.spectrogram);
        match part {
            Part::Ratio => mask.ratio = self.ratio,
            Part::Kind => mask.kind = self.kind,
            Part::Shape => mask.shape = self.shape,
            Part::Seed => mask.seed = self.seed,
            Part::Crops => mask.starts = self.starts,
            Part::Paint => mask.paint.clone_from(&self.paint),
            Part::ColourMap => spectrogram.colour_map = self.colour_map,
            Part::TopDb => spectrogram.top_db = self.top_db,
            Part::RangeDb => spectrogram.range_db = self.range_db,
            Part::Overlay => mask.overlay = self.overlay,
            Part::Layer => model.lab.form.layer = self.layer,
            Part::Selection => model.transport.selection = self.selection,
            Part::Picked => model.mapping.picked = Arc::clone(&self.picked),
            Part::Hidden => model.mapping.hidden.clone_from(&self.hidden),
        }
    }
}

/// One thing that can be undone.
#[derive(Debug, Clone)]
pub enum Step {
    /// Labels and tags of tracks.
    Labels {
        before: Vec<Labels>,
        after: Vec<Labels>,
    },
    /// Things of the scene.
    Scene {
        parts: Vec<Part>,
        before: Box<Scene>,
        after: Box<Scene>,
    },
}

impl Step {
    /// What it changed, for the toast.
    pub fn name(&self) -> String {
        match self {
            Self::Labels { before, .. } => match before.len() {
                1 => "label of a track".to_owned(),
                many => format!("labels of {many} tracks"),
            },
            Self::Scene { parts, .. } => {
                let names: Vec<&str> = parts.iter().map(|part| part.name()).collect();
                names.join(", ")
            }
        }
    }
}

/// What has to follow when a step is undone or done again.
#[derive(Debug, Clone, PartialEq)]
pub enum FollowUp {
    /// These labels are to be given.
    Labels(Vec<Labels>),
    /// The model was changed; mask and map are to be drawn anew if so.
    Scene {
        mask_changed: bool,
        map_changed: bool,
    },
    /// The step belongs to a track that is not shown any more.
    Elsewhere,
}

/// Steps that can be undone and done again.
#[derive(Debug, Default)]
pub struct History {
    done: Vec<Step>,
    undone: Vec<Step>,
    /// When the newest step grew, as long as it may grow on.
    last: Option<Instant>,
    /// A button of the mouse is held down.
    held: bool,
}

impl History {
    /// Keeps a step.
    pub fn push(&mut self, step: Step) {
        self.undone.clear();
        self.done.push(step);
        if self.done.len() > MOST_STEPS {
            self.done.remove(0);
        }
        self.last = None;
    }

    /// Learns whether a button of the mouse is held down. What is changed until it is let go is one step.
    pub fn hold(&mut self, held: bool) {
        if held != self.held {
            self.last = None;
        }
        self.held = held;
    }

    /// Keeps what a command changed, if anything.
    pub fn compare(&mut self, before: Scene, after: Scene, now: Instant) {
        // A track brings its own mask and selection along; that is nothing that was set.
        let same_track = before.track == after.track;
        let counts = |part: &Part| same_track || part.is_of_map();
        let differ = |part: &Part| counts(part) && before.differs(&after, *part);
        let parts: Vec<Part> = Part::ALL.into_iter().filter(differ).collect();
        if parts.is_empty() {
            return;
        }
        let gradual = parts.iter().all(|part| part.is_gradual());
        let goes_on = self
            .last
            .is_some_and(|last| self.held || (gradual && now.duration_since(last) <= MERGE_WITHIN));
        if let Some(Step::Scene {
            parts: last,
            after: end,
            ..
        }) = self.done.last_mut()
            && goes_on
            && *last == parts
            && end.track == before.track
        {
            **end = after;
            self.undone.clear();
        } else {
            self.push(Step::Scene {
                parts,
                before: Box::new(before),
                after: Box::new(after),
            });
        }
        self.last = Some(now);
    }

    /// Forgets steps about tracks: they go by their place in the collection.
    pub fn forget_labels(&mut self) {
        let is_scene = |step: &Step| matches!(step, Step::Scene { .. });
        self.done.retain(is_scene);
        self.undone.retain(is_scene);
    }

    /// What would be undone.
    pub fn undo_name(&self) -> Option<String> {
        self.done.last().map(Step::name)
    }

    /// What would be done again.
    pub fn redo_name(&self) -> Option<String> {
        self.undone.last().map(Step::name)
    }

    fn take(&mut self, back: bool) -> Option<Step> {
        self.last = None;
        let (from, to) = if back {
            (&mut self.done, &mut self.undone)
        } else {
            (&mut self.undone, &mut self.done)
        };
        let step = from.pop()?;
        to.push(step.clone());
        Some(step)
    }
}

/// Undoes the last step, or does it again. Returns its name and what has to follow.
pub fn step(model: &mut Model, back: bool) -> Option<(String, FollowUp)> {
    let step = model.history.take(back)?;
    let name = step.name();
    let follow = match step {
        Step::Labels { before, after } => FollowUp::Labels(if back { before } else { after }),
        Step::Scene {
            parts,
            before,
            after,
        } => {
            let scene = if back { before } else { after };
            let same = scene.track.as_deref() == model.spectrogram.path();
            let parts: Vec<Part> = parts
                .into_iter()
                .filter(|part| same || !part.is_of_track())
                .collect();
            if parts.is_empty() {
                FollowUp::Elsewhere
            } else {
                for part in &parts {
                    scene.restore(*part, model);
                }
                FollowUp::Scene {
                    mask_changed: parts.iter().any(|part| part.is_of_mask()),
                    map_changed: parts.iter().any(|part| part.is_of_map()),
                }
            }
        }
    };
    Some((name, follow))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does something to a model at a time and keeps it.
    fn does(model: &mut Model, at: Instant, change: impl FnOnce(&mut Model)) {
        let before = Scene::of(model);
        change(model);
        let after = Scene::of(model);
        model.history.compare(before, after, at);
    }

    #[test]
    fn a_drag_is_one_step_and_another_thing_is_another() {
        let mut model = Model::default();
        let begin = Instant::now();
        let at = |ms| begin + Duration::from_millis(ms);
        let first = model.mask.percent();
        for step in 0..30 {
            does(&mut model, at(step * 16), |model| {
                model.mask.set_percent(10 + step as i32);
            });
        }
        does(&mut model, at(500), |model| model.mask.seed = 7);
        does(&mut model, at(501), |_| {});
        does(&mut model, at(5000), |model| model.mask.seed = 8);
        assert_eq!(model.history.undo_name().as_deref(), Some("seed"));
        for (seed, percent) in [(7, 39), (0, 39), (0, first)] {
            let (_, follow) = step(&mut model, true).unwrap();
            assert_eq!(
                follow,
                FollowUp::Scene {
                    mask_changed: true,
                    map_changed: false
                }
            );
            assert_eq!((model.mask.seed, model.mask.percent()), (seed, percent));
        }
        assert!(step(&mut model, true).is_none());
        for (seed, percent) in [(0, 39), (7, 39), (8, 39)] {
            step(&mut model, false).unwrap();
            assert_eq!((model.mask.seed, model.mask.percent()), (seed, percent));
        }
        assert!(step(&mut model, false).is_none());
        // Something new ends what could be done again.
        step(&mut model, true).unwrap();
        does(&mut model, at(9000), |model| {
            model.spectrogram.top_db += 5.0
        });
        assert!(step(&mut model, false).is_none());
    }

    #[test]
    fn a_stroke_is_one_step_and_two_clicks_are_two() {
        let mut model = Model::default();
        let begin = Instant::now();
        let at = |ms| begin + Duration::from_millis(ms);
        let paint = |token| {
            move |model: &mut Model| {
                let place = mynascope_spectrum::tokens::PatchPlace { window: 0, token };
                let shape = model.mask.shape;
                let painted = model
                    .mask
                    .paint
                    .of_mut(mynascope_spectrum::tokens::ViewName::A, shape);
                painted.set(place, Some(false));
            }
        };
        let count = |model: &Model| {
            let shape = model.mask.shape;
            let painted = model
                .mask
                .paint
                .of(mynascope_spectrum::tokens::ViewName::A, shape);
            painted.iter().count()
        };
        // Slowly, over two patches; then two quick clicks.
        model.history.hold(true);
        does(&mut model, at(0), paint(1));
        does(&mut model, at(3000), paint(2));
        for token in [3, 4] {
            model.history.hold(false);
            model.history.hold(true);
            does(&mut model, at(3000 + token as u64), paint(token));
        }
        model.history.hold(false);
        for left in [3, 2, 0] {
            step(&mut model, true).unwrap();
            assert_eq!(count(&model), left);
        }
        assert!(step(&mut model, true).is_none());
        // Quick re-rolls of the seed are steps of their own.
        does(&mut model, at(9000), |model| model.mask.seed = 1);
        does(&mut model, at(9100), |model| model.mask.seed = 2);
        step(&mut model, true).unwrap();
        assert_eq!(model.mask.seed, 1);
    }

    #[test]
    fn steps_are_named_and_only_so_many_are_kept() {
        let mut model = Model::default();
        let begin = Instant::now();
        for number in 0..300_u64 {
            let at = begin + Duration::from_secs(2 * number);
            does(&mut model, at, |model| model.mask.seed = number + 1);
        }
        assert_eq!(model.history.done.len(), MOST_STEPS);
        let labels = Labels {
            index: 0,
            label: None,
            tags: Vec::new(),
        };
        model.history.push(Step::Labels {
            before: vec![labels.clone(), labels],
            after: Vec::new(),
        });
        assert_eq!(
            model.history.undo_name().as_deref(),
            Some("labels of 2 tracks")
        );
        model.history.forget_labels();
        assert_eq!(model.history.undo_name().as_deref(), Some("seed"));
    }
}
