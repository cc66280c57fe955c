//! Undo and redo: labels, the mask, the picture's levels and colours, the selection, the encoder and what is read of it,
//! runs that were renamed or deleted.
//!
//! What a user set is compared before and after each command. What changes while a button of the mouse is held down, such
//! as by the drag of a slider or the stroke of a brush, is one step; so are quick presses of a key that changes a number.

mod state;

use std::time::{Duration, Instant};

use mynascope_train::RunChange;

use super::{AppState, Labels};
pub use state::UndoState;
use state::{FIELDS, UndoField};

/// Changes of one number that follow each other within this time are one step.
const MERGE_WITHIN: Duration = Duration::from_millis(900);
/// Steps that are kept; the oldest are forgotten.
const MOST_STEPS: usize = 200;

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
    /// Another collection was shown, or tracks were added to it or taken off it: what was there waits in the library.
    Collection,
    /// A run was renamed or deleted.
    Run(RunChange),
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
            Self::Collection => "collection".to_owned(),
            Self::Run(change) => name_of_change(change),
            Self::Values { fields, .. } => {
                let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
                names.join(", ")
            }
        }
    }
}

/// What was done to which run, in words.
fn name_of_change(change: &RunChange) -> String {
    let (what, run) = match change {
        RunChange::Renamed { from, .. } => ("renaming", from),
        RunChange::Deleted { from, .. } => ("deleting", from),
    };
    let name = run.file_name().unwrap_or_default().to_string_lossy();
    format!("{what} {name}")
}

/// What has to follow when a step is undone or done again.
#[derive(Debug, Clone, PartialEq)]
pub enum FollowUp {
    /// These labels are to be given.
    Labels(Vec<Labels>),
    /// The collection before is to be shown.
    Collection,
    /// This change of a run is to be taken back, or made again.
    Run(RunChange),
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
        let has_no_places = |step: &Step| !matches!(step, Step::Labels { .. });
        self.done.retain(has_no_places);
        self.undone.retain(has_no_places);
    }

    /// Keeps that the collection changed. What was there before the last such change is gone.
    pub fn push_collection(&mut self) {
        self.forget_labels();
        self.done.retain(|step| !matches!(step, Step::Collection));
        self.push(Step::Collection);
    }

    /// The last change of a run that can be undone, in words.
    pub fn run_change(&self) -> Option<String> {
        let mut steps = self.done.iter().rev();
        steps.find_map(|step| match step {
            Step::Run(change) => Some(name_of_change(change)),
            _ => None,
        })
    }

    /// Takes the last change of a run back before all that was done since.
    pub fn undo_run(&mut self) -> Option<RunChange> {
        self.last = None;
        let is_run = |step: &Step| matches!(step, Step::Run(_));
        let step = self.done.remove(self.done.iter().rposition(is_run)?);
        self.undone.push(step.clone());
        match step {
            Step::Run(change) => Some(change),
            _ => None,
        }
    }

    /// A change of a run could not be taken back or made again: it can be tried once more.
    pub fn run_stayed(&mut self, change: &RunChange) {
        let is_it = |step: &Step| matches!(step, Step::Run(other) if other == change);
        if let Some(place) = self.undone.iter().rposition(is_it) {
            let step = self.undone.remove(place);
            self.done.push(step);
        } else if let Some(place) = self.done.iter().rposition(is_it) {
            let step = self.done.remove(place);
            self.undone.push(step);
        }
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
        Step::Collection => FollowUp::Collection,
        Step::Run(change) => FollowUp::Run(change),
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
    use std::path::Path;

    use mynascope_spectrum::tokens::{PatchPlace, ViewName};

    use super::*;
    use crate::gui::model::EncoderSource;

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

    #[test]
    fn a_change_of_a_run_is_undone_in_turn_or_by_itself_and_again_where_that_failed() {
        let mut model = AppState::default();
        let change = RunChange::Deleted {
            from: Path::new("/runs/bells").into(),
            to: Path::new("/runs/.trash/bells").into(),
        };
        model.history.push(Step::Run(change.clone()));
        does(&mut model, Instant::now(), |model| model.mask.form.seed = 7);
        // By itself, although the seed was set since; where that fails, it stays to be undone.
        assert_eq!(model.history.undo_run(), Some(change.clone()));
        assert_eq!(model.history.run_change(), None);
        model.history.run_stayed(&change);
        assert_eq!(
            model.history.run_change().as_deref(),
            Some("deleting bells")
        );
        let (_, follow) = step(&mut model, true).unwrap();
        assert_eq!(follow, FollowUp::Run(change.clone()));
        let (name, follow) = step(&mut model, false).unwrap();
        assert_eq!((&*name, follow), ("deleting bells", FollowUp::Run(change)));
        step(&mut model, true).unwrap();
        step(&mut model, true).unwrap();
        assert_eq!(model.mask.form.seed, 0);
    }
}
