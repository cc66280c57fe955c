//! Undo and redo: labels, the mask, the picture's levels and colours, the selection, the encoder and what is read of it.
//!
//! What a user set is compared before and after each command. What changes while a button of the mouse is held down, such
//! as by the drag of a slider or the stroke of a brush, is one step; so are quick presses of a key that changes a number.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use mynascope_encoder::Patchout;

use super::{
    AppState, EncoderSource, Labels, Layer, MaskForm, Paint, Picked, PictureForm, Selection,
};

/// Changes of one number that follow each other within this time are one step.
const MERGE_WITHIN: Duration = Duration::from_millis(900);
/// Steps that are kept; the oldest are forgotten.
const MOST_STEPS: usize = 200;

/// What a user set that is no label: the forms and what was done by hand.
#[derive(Debug, Clone, PartialEq)]
pub struct UndoState {
    mask: MaskForm,
    starts: [Option<usize>; 2],
    paint: Paint,
    picture: PictureForm,
    layer: Layer,
    patchout: Patchout,
    selection: Option<Selection>,
    /// The encoder with what is read of it; its device and channel are settings.
    encoder: EncoderSource,
    /// Windows that are picked on the map.
    picked: Arc<Picked>,
    /// Groups that the map hides.
    hidden: BTreeSet<String>,
    /// The track that selection, crops and painted patches belong to.
    track: Option<PathBuf>,
}

/// One value that can be undone by itself: a row of [`FIELDS`].
#[derive(Clone, Copy)]
pub struct UndoField {
    /// What the toast calls it.
    name: &'static str,
    kind: Kind,
    differs: fn(&UndoState, &UndoState) -> bool,
    /// Sets it in the model as it is in the state.
    restore: fn(&UndoState, &mut AppState),
}

/// What a change of a value means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing but itself.
    Plain,
    /// It is a number that keys change little by little: quick changes are parts of one.
    Gradual,
    /// The mask must be drawn anew.
    Mask,
    /// As both before.
    GradualMask,
    /// As [`Kind::Mask`], and it means something on one track only.
    MaskOfTrack,
    /// It means something on one track only.
    OfTrack,
    /// It is on the map, which must be drawn anew.
    Map,
}

/// A row: what the toast calls a value, what its change means, where it is in the state and in the model.
macro_rules! field {
    ($name:literal, $kind:ident, $($state:ident).+, $($model:ident).+) => {
        UndoField {
            name: $name,
            kind: Kind::$kind,
            differs: |a, b| a.$($state).+ != b.$($state).+,
            restore: |state, model| model.$($model).+.clone_from(&state.$($state).+),
        }
    };
}

/// All values that can be undone.
const FIELDS: [UndoField; 17] = [
    field!("mask ratio", GradualMask, mask.ratio, mask.form.ratio),
    field!("kind of mask", Mask, mask.kind, mask.form.kind),
    field!("patchout or mask", Mask, mask.patchout, mask.form.patchout),
    field!("patchout", GradualMask, patchout, teaching.form.patchout),
    field!("patch shape", Mask, mask.shape, mask.form.shape),
    field!("seed", Mask, mask.seed, mask.form.seed),
    field!("crop", MaskOfTrack, starts, mask.starts),
    field!("painted patches", MaskOfTrack, paint, mask.paint),
    field!(
        "colour map",
        Plain,
        picture.colour_map,
        spectrogram.form.colour_map
    ),
    field!(
        "brightest level",
        Gradual,
        picture.top_db,
        spectrogram.form.top_db
    ),
    field!(
        "depth",
        Gradual,
        picture.range_db,
        spectrogram.form.range_db
    ),
    field!(
        "fading of dropped patches",
        Gradual,
        mask.overlay,
        mask.form.overlay
    ),
    field!("layer", Plain, layer, teaching.form.layer),
    field!("selection", OfTrack, selection, transport.form.selection),
    UndoField {
        name: "encoder",
        kind: Kind::Plain,
        differs: |a, b| !a.encoder.chooses_like(&b.encoder),
        restore: |state, model| {
            let now = &model.embeddings.source;
            model.embeddings.set_source(EncoderSource {
                device: now.device,
                channel: now.channel,
                ..state.encoder.clone()
            });
        },
    },
    UndoField {
        // Thousands of points: the same ones are not compared one by one.
        differs: |a, b| !Arc::ptr_eq(&a.picked, &b.picked) && a.picked != b.picked,
        ..field!("picked points", Map, picked, mapping.picked)
    },
    field!("hidden points", Map, hidden, mapping.hidden),
];

impl UndoField {
    fn is_gradual(&self) -> bool {
        matches!(self.kind, Kind::Gradual | Kind::GradualMask)
    }

    fn is_of_track(&self) -> bool {
        matches!(self.kind, Kind::OfTrack | Kind::MaskOfTrack)
    }

    fn is_of_map(&self) -> bool {
        self.kind == Kind::Map
    }

    fn is_of_mask(&self) -> bool {
        matches!(
            self.kind,
            Kind::Mask | Kind::GradualMask | Kind::MaskOfTrack
        )
    }
}

impl std::fmt::Debug for UndoField {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

impl UndoState {
    /// What is set now.
    pub fn of(model: &AppState) -> Self {
        Self {
            mask: model.mask.form,
            starts: model.mask.starts,
            paint: model.mask.paint.clone(),
            picture: model.spectrogram.form,
            layer: model.teaching.form.layer,
            patchout: model.teaching.form.patchout,
            selection: model.transport.form.selection,
            encoder: model.embeddings.source.clone(),
            picked: Arc::clone(&model.mapping.picked),
            hidden: model.mapping.hidden.clone(),
            track: model.spectrogram.path().map(Path::to_path_buf),
        }
    }
}

/// One thing that can be undone.
#[derive(Debug, Clone)]
pub enum Step {
    /// Labels and tags of tracks.
    Labels {
        /// As they were.
        before: Vec<Labels>,
        /// As they are since.
        after: Vec<Labels>,
    },
    /// Values of the forms.
    Values {
        /// Which ones.
        fields: Vec<UndoField>,
        /// As they were.
        before: Box<UndoState>,
        /// As they are since.
        after: Box<UndoState>,
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
            Self::Values { fields, .. } => {
                let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
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
    Values {
        /// The mask drops other tokens.
        mask_changed: bool,
        /// Other points are picked or hidden.
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
    pub fn compare(&mut self, before: UndoState, after: UndoState, now: Instant) {
        // A track brings its own mask and selection along; that is nothing that was set.
        let same_track = before.track == after.track;
        let changed = |field: &UndoField| {
            (same_track || field.is_of_map()) && (field.differs)(&before, &after)
        };
        let fields: Vec<UndoField> = FIELDS.into_iter().filter(changed).collect();
        if fields.is_empty() {
            return;
        }
        let gradual = fields.iter().all(UndoField::is_gradual);
        let goes_on = self
            .last
            .is_some_and(|last| self.held || (gradual && now.duration_since(last) <= MERGE_WITHIN));
        if let Some(Step::Values {
            fields: last,
            after: end,
            ..
        }) = self.done.last_mut()
            && goes_on
            && last
                .iter()
                .map(|field| field.name)
                .eq(fields.iter().map(|field| field.name))
            && end.track == before.track
        {
            **end = after;
            self.undone.clear();
        } else {
            self.push(Step::Values {
                fields,
                before: Box::new(before),
                after: Box::new(after),
            });
        }
        self.last = Some(now);
    }

    /// Forgets steps about tracks: they go by their place in the collection.
    pub fn forget_labels(&mut self) {
        let has_values = |step: &Step| matches!(step, Step::Values { .. });
        self.done.retain(has_values);
        self.undone.retain(has_values);
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
pub fn step(model: &mut AppState, back: bool) -> Option<(String, FollowUp)> {
    let step = model.history.take(back)?;
    let name = step.name();
    let follow = match step {
        Step::Labels { before, after } => FollowUp::Labels(if back { before } else { after }),
        Step::Values {
            fields,
            before,
            after,
        } => {
            let state = if back { before } else { after };
            let same = state.track.as_deref() == model.spectrogram.path();
            let fields: Vec<UndoField> = fields
                .into_iter()
                .filter(|field| same || !field.is_of_track())
                .collect();
            if fields.is_empty() {
                FollowUp::Elsewhere
            } else {
                for field in &fields {
                    (field.restore)(&state, model);
                }
                FollowUp::Values {
                    mask_changed: fields.iter().any(UndoField::is_of_mask),
                    map_changed: fields.iter().any(UndoField::is_of_map),
                }
            }
        }
    };
    Some((name, follow))
}

#[cfg(test)]
mod tests {
    use mynascope_spectrum::tokens::{PatchPlace, ViewName};

    use super::*;

    /// Does something to a model at a time and keeps it.
    fn does(model: &mut AppState, at: Instant, change: impl FnOnce(&mut AppState)) {
        let before = UndoState::of(model);
        change(model);
        let after = UndoState::of(model);
        model.history.compare(before, after, at);
    }

    #[test]
    fn a_drag_is_one_step_and_another_thing_is_another() {
        let mut model = AppState::default();
        let begin = Instant::now();
        let at = |ms| begin + Duration::from_millis(ms);
        let first = model.mask.form.percent();
        for step in 0..30 {
            does(&mut model, at(step * 16), |model| {
                model.mask.form.set_percent(10 + step as i32);
            });
        }
        does(&mut model, at(500), |model| model.mask.form.seed = 7);
        does(&mut model, at(501), |_| {});
        does(&mut model, at(5000), |model| model.mask.form.seed = 8);
        assert_eq!(model.history.undo_name().as_deref(), Some("seed"));
        for (seed, percent) in [(7, 39), (0, 39), (0, first)] {
            let (_, follow) = step(&mut model, true).unwrap();
            assert_eq!(
                follow,
                FollowUp::Values {
                    mask_changed: true,
                    map_changed: false
                }
            );
            assert_eq!(
                (model.mask.form.seed, model.mask.form.percent()),
                (seed, percent)
            );
        }
        assert!(step(&mut model, true).is_none());
        for (seed, percent) in [(0, 39), (7, 39), (8, 39)] {
            step(&mut model, false).unwrap();
            assert_eq!(
                (model.mask.form.seed, model.mask.form.percent()),
                (seed, percent)
            );
        }
        assert!(step(&mut model, false).is_none());
        // Something new ends what could be done again.
        step(&mut model, true).unwrap();
        does(&mut model, at(9000), |model| {
            model.spectrogram.form.top_db += 5.0
        });
        assert!(step(&mut model, false).is_none());
    }

    #[test]
    fn a_stroke_is_one_step_and_two_clicks_are_two() {
        let mut model = AppState::default();
        let begin = Instant::now();
        let at = |ms| begin + Duration::from_millis(ms);
        let paint = |token| {
            move |model: &mut AppState| {
                let place = PatchPlace { window: 0, token };
                let grid = model.mask.grid();
                model.mask.paint.set(ViewName::A, &grid, place, Some(false));
            }
        };
        let count = |model: &AppState| {
            let painted = model.mask.paint.of(ViewName::A, &model.mask.grid());
            painted.len()
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
        does(&mut model, at(9000), |model| model.mask.form.seed = 1);
        does(&mut model, at(9100), |model| model.mask.form.seed = 2);
        step(&mut model, true).unwrap();
        assert_eq!(model.mask.form.seed, 1);
    }

    #[test]
    fn an_encoder_and_what_is_read_of_it_come_back_on_the_device_that_is_set() {
        let mut model = AppState::default();
        let begin = Instant::now();
        let maest = mynascope_encoder::CheckpointRef::File("/m/maest".into());
        does(&mut model, begin, |model| {
            let source = model.embeddings.source.with_checkpoint(maest.clone());
            model.embeddings.set_source(source);
        });
        does(&mut model, begin, |model| {
            model.embeddings.source.reading.layer = Some(3)
        });
        model.embeddings.source.device = mynascope_encoder::DeviceChoice::Cpu;
        assert_eq!(model.history.undo_name().as_deref(), Some("encoder"));
        step(&mut model, true).unwrap();
        let source = &model.embeddings.source;
        assert_eq!((&source.checkpoint, source.reading.layer), (&maest, None));
        step(&mut model, true).unwrap();
        let expected = EncoderSource {
            device: mynascope_encoder::DeviceChoice::Cpu,
            ..EncoderSource::default()
        };
        assert_eq!(model.embeddings.source, expected);
        step(&mut model, false).unwrap();
        step(&mut model, false).unwrap();
        let source = &model.embeddings.source;
        assert_eq!(
            (&source.checkpoint, source.reading.layer),
            (&maest, Some(3))
        );
    }

    #[test]
    fn steps_are_named_and_only_so_many_are_kept() {
        let mut model = AppState::default();
        let begin = Instant::now();
        for number in 0..300_u64 {
            let at = begin + Duration::from_secs(2 * number);
            does(&mut model, at, |model| model.mask.form.seed = number + 1);
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
