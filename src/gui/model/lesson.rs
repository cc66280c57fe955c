//! Lessons and their files.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::gui::workspace::Workspace;
use mynascope_encoder::Family;
use mynascope_spectrum::tokens::{
    MaskKind, MaskRatio, PatchPlace, PatchShape, PictureGrid, ViewName,
};

use super::{AppState, EncoderSource, Hearing, Layer, Mask, MatrixKind, TeachForm, first_purpose};

/// A lesson: texts, each with a state of the window. A file of it is TOML, the same for built-in and for saved ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// Its title.
    pub title: String,
    /// Its pages.
    pub steps: Vec<LessonStep>,
}

/// One page of a lesson.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LessonStep {
    /// The text of the page.
    pub text: String,
    /// What this page changes; the rest stays as the pages before it left it.
    #[serde(default)]
    pub state: LessonState,
}

/// A state of the window, as far as it is told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LessonState {
    /// The layout.
    pub layout: Option<Workspace>,
    /// A path; or `demo/` and the end of a path in the demo collection, or a folder of it, whose first track it is.
    pub track: Option<String>,
    /// What is visible of the track; without it, all.
    pub start_secs: Option<f64>,
    /// How much of the track is visible.
    pub span_secs: Option<f64>,
    /// The mask ratio.
    pub ratio: Option<MaskRatio>,
    /// The seed of crops and masks.
    pub seed: Option<u64>,
    /// The kind of mask.
    pub kind: Option<MaskKind>,
    /// The patch shape.
    pub shape: Option<PatchShape>,
    /// The view that is seen and heard.
    pub view: Option<ViewName>,
    /// Whether the mask is drawn.
    pub show_mask: Option<bool>,
    /// First frame of the crops, where they were moved by hand.
    pub crop_a: Option<usize>,
    /// As `crop_a`, of view B.
    pub crop_b: Option<usize>,
    /// What lies over the crop.
    pub layer: Option<Layer>,
    /// Whether attention is that of all tokens.
    pub whole: Option<bool>,
    /// Which cosines the matrix shows.
    pub matrix: Option<MatrixKind>,
    /// Temperature of the loss.
    pub temperature: Option<f64>,
    /// Tracks of the batch.
    pub tracks: Option<usize>,
    /// Sets the form of the next run to the first preset of this family, where it is of another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<Family>,
    /// Patches kept or dropped by hand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub painted: Vec<PaintedPatch>,
}

/// A patch kept or dropped by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaintedPatch {
    /// Of which view.
    pub view: ViewName,
    /// Of which patch shape.
    pub shape: PatchShape,
    /// Counted from the crop.
    pub window: i32,
    /// Which token of the window.
    pub token: usize,
    /// Kept, or dropped.
    pub keep: bool,
}

/// The built-in lessons, in their order.
const BUILT_IN: [&str; 8] = [
    include_str!("../../../assets/lessons/1-tokens.toml"),
    include_str!("../../../assets/lessons/2-ninety-percent.toml"),
    include_str!("../../../assets/lessons/3-square-vertical.toml"),
    include_str!("../../../assets/lessons/4-two-views.toml"),
    include_str!("../../../assets/lessons/5-temperature.toml"),
    include_str!("../../../assets/lessons/6-equivariance.toml"),
    include_str!("../../../assets/lessons/7-patchout.toml"),
    include_str!("../../../assets/lessons/8-predicting-the-teacher.toml"),
];

/// How many built-in lessons there are.
pub const BUILT_IN_LESSONS: usize = BUILT_IN.len();

impl Lesson {
    /// A built-in lesson, counted from 0.
    pub fn built_in(number: usize) -> Option<Self> {
        Self::parse(BUILT_IN.get(number)?).ok()
    }

    /// Reads a lesson's file. The error says what is wrong and where.
    ///
    /// # Errors
    /// What is wrong with it, for people: text that is not TOML, a name that is no setting, or a lesson without
    /// pages.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lesson: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if lesson.steps.is_empty() {
            return Err("a lesson needs at least one [[steps]]".to_owned());
        }
        Ok(lesson)
    }

    /// The file of this lesson.
    ///
    /// # Errors
    /// What cannot be written, for people.
    pub fn to_file(&self) -> Result<String, String> {
        toml::to_string_pretty(self).map_err(|error| error.to_string())
    }

    /// The state on a page: what all pages up to it say.
    pub fn state_at(&self, step: usize) -> LessonState {
        let steps = self.steps.iter().take(step + 1);
        steps.fold(LessonState::default(), |state, step| {
            state.then(&step.state)
        })
    }
}

impl LessonState {
    fn then(self, next: &Self) -> Self {
        // A page that shows another part, or another track, begins with its own view of it.
        let camera = next.start_secs.is_some() || next.track.is_some();
        Self {
            layout: next.layout.or(self.layout),
            track: next.track.clone().or(self.track),
            start_secs: if camera {
                next.start_secs
            } else {
                self.start_secs
            },
            span_secs: if camera {
                next.span_secs
            } else {
                self.span_secs
            },
            ratio: next.ratio.or(self.ratio),
            seed: next.seed.or(self.seed),
            kind: next.kind.or(self.kind),
            shape: next.shape.or(self.shape),
            view: next.view.or(self.view),
            show_mask: next.show_mask.or(self.show_mask),
            crop_a: next.crop_a.or(self.crop_a),
            crop_b: next.crop_b.or(self.crop_b),
            layer: next.layer.or(self.layer),
            whole: next.whole.or(self.whole),
            matrix: next.matrix.or(self.matrix),
            temperature: next.temperature.or(self.temperature),
            tracks: next.tracks.or(self.tracks),
            train: next.train.or(self.train),
            painted: if next.painted.is_empty() {
                self.painted
            } else {
                next.painted.clone()
            },
        }
    }

    /// The state of the window as it is.
    pub fn of(model: &AppState) -> Self {
        let (mask, form) = (&model.mask, model.teaching.form);
        let [crop_a, crop_b] = mask.starts;
        let time = &model.spectrogram.view;
        let zoomed = time.span_secs < time.duration_secs;
        let path = model.spectrogram.path();
        let mut painted = Vec::new();
        for shape in [PatchShape::Square, PatchShape::Vertical] {
            for view in ViewName::BOTH {
                let patches = mask.paint.of(view, &PictureGrid::of_myna(shape));
                painted.extend(patches.iter().map(|(place, &keep)| PaintedPatch {
                    view,
                    shape,
                    window: place.window,
                    token: place.token,
                    keep,
                }));
            }
        }
        Self {
            layout: Some(model.workspace),
            track: path.map(|path| path.to_string_lossy().into_owned()),
            start_secs: zoomed.then_some(time.start_secs),
            span_secs: zoomed.then_some(time.span_secs),
            ratio: Some(mask.form.ratio),
            seed: Some(mask.form.seed),
            kind: Some(mask.form.kind),
            shape: Some(mask.form.shape),
            view: Some(mask.form.active),
            show_mask: Some(mask.form.shown),
            crop_a,
            crop_b,
            layer: Some(form.layer),
            whole: Some(form.whole),
            matrix: Some(form.matrix),
            temperature: Some(form.temperature),
            tracks: Some(form.tracks),
            train: None,
            painted,
        }
    }

    /// Sets everything but the track and what is visible of it. What is not told is as at first.
    pub fn set(&self, model: &mut AppState) {
        if let Some(layout) = self.layout {
            model.workspace = layout;
        }
        let first = Mask::default();
        let mask = &mut model.mask;
        mask.form.kind = self.kind.unwrap_or(first.form.kind);
        mask.form.shape = self.shape.unwrap_or(first.form.shape);
        mask.form.ratio = self.ratio.unwrap_or(first.form.ratio);
        mask.form.seed = self.seed.unwrap_or(first.form.seed);
        mask.form.active = self.view.unwrap_or(first.form.active);
        mask.form.shown = self.show_mask.unwrap_or(first.form.shown);
        mask.starts = [self.crop_a, self.crop_b];
        mask.form.painting = false;
        mask.paint = first.paint;
        for patch in &self.painted {
            let place = PatchPlace {
                window: patch.window,
                token: patch.token,
            };
            let grid = PictureGrid::of_myna(patch.shape);
            mask.paint.set(patch.view, &grid, place, Some(patch.keep));
        }
        if let Some(family) = self.train
            && !model.training.is_active()
            && model.training.form.family() != family
            && let Some(purpose) = first_purpose(family)
        {
            model.training.form = purpose.of(&model.training.form);
        }
        let form = TeachForm::default();
        model.teaching.form = TeachForm {
            layer: self.layer.unwrap_or(form.layer),
            whole: self.whole.unwrap_or(form.whole),
            matrix: self.matrix.unwrap_or(form.matrix),
            temperature: self.temperature.unwrap_or(form.temperature),
            tracks: self.tracks.unwrap_or(form.tracks),
            ..model.teaching.form
        };
    }

    /// Whether a path is the track of this state.
    pub fn is_track(&self, path: &Path) -> bool {
        let Some(track) = &self.track else {
            return false;
        };
        match track.strip_prefix("demo/") {
            Some(end) if path.extension().is_some() && end.contains('.') => path.ends_with(end),
            Some(folder) => path.parent().is_some_and(|parent| parent.ends_with(folder)),
            None => path == Path::new(track),
        }
    }
}

/// The lesson that is open.
#[derive(Debug, Clone)]
pub struct OpenLesson {
    /// The lesson.
    pub lesson: Lesson,
    /// The page that is open, from 0.
    pub step: usize,
    /// What was shown before it.
    pub before: Before,
}

impl OpenLesson {
    /// The name of the track that the open page speaks of, where another one is shown, or none.
    pub fn missing_track(&self, shown: Option<&Path>) -> Option<&str> {
        let state = &self.lesson.steps.get(self.step)?.state;
        let track = state.track.as_deref()?;
        let is_shown = shown.is_some_and(|path| state.is_track(path));
        (!is_shown).then(|| track.rsplit('/').next().unwrap_or(track))
    }
}

/// What a window showed before a lesson.
#[derive(Debug, Clone, PartialEq)]
pub struct Before {
    /// The state of the window.
    pub state: LessonState,
    /// What the collection was opened from; empty where none was.
    pub sources: Vec<PathBuf>,
    /// What was to be heard.
    pub hearing: Hearing,
    /// The encoder in use, where the lesson took another one.
    pub encoder: Option<EncoderSource>,
}

impl Before {
    /// What is shown now.
    pub fn of(model: &AppState) -> Self {
        Self {
            state: LessonState::of(model),
            sources: model.library.sources.clone(),
            hearing: model.transport.form.hearing,
            encoder: None,
        }
    }
}

/// A state whose track is not shown yet.
#[derive(Debug, Clone)]
pub struct Arriving {
    /// The state that is to be shown.
    pub state: LessonState,
    /// What to open where the track is not listed; empty: the demo collection or the track's file.
    pub sources: Vec<PathBuf>,
    /// It was opened already, once is enough.
    pub opened: bool,
}

/// A lesson that is being written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LessonDraft {
    /// Its title.
    pub title: String,
    /// The text of its one page.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_lessons_can_be_read_and_begin_with_a_whole_state() {
        let mut titles = Vec::new();
        for text in BUILT_IN {
            let lesson = Lesson::parse(text).unwrap();
            let first = lesson.state_at(0);
            assert!(
                first.layout.is_some() && first.track.is_some(),
                "{}",
                lesson.title
            );
            assert!(first.ratio.is_some() && first.seed.is_some() && first.kind.is_some());
            assert!(lesson.steps.iter().all(|step| step.text.len() > 40));
            titles.push(lesson.title);
        }
        assert_eq!(titles.len(), BUILT_IN_LESSONS);
    }

    #[test]
    fn a_saved_lesson_is_read_back_and_shows_what_was_shown() {
        let mut model = AppState::default();
        model.mask.starts = [Some(40), None];
        model.mask.form.active = ViewName::B;
        let place = PatchPlace {
            window: -1,
            token: 7,
        };
        let grid = PictureGrid::of_myna(PatchShape::Vertical);
        model.mask.paint.set(ViewName::B, &grid, place, Some(false));
        model.teaching.form.layer = Layer::Rollout;
        model.teaching.form.temperature = 0.3;
        let lesson = Lesson {
            title: "Mine \"and\" yours".to_owned(),
            steps: vec![LessonStep {
                text: "Look.\nListen.".to_owned(),
                state: LessonState::of(&model),
            }],
        };
        let read = Lesson::parse(&lesson.to_file().unwrap()).unwrap();
        assert_eq!(read, lesson);
        let mut other = AppState::default();
        read.state_at(0).set(&mut other);
        assert_eq!(other.mask.paint, model.mask.paint);
        assert_eq!(other.mask.starts, model.mask.starts);
        assert_eq!(LessonState::of(&other), read.state_at(0));
    }

    /// The promise: a lesson about a family sets its form, and what a user changed there stays while its pages turn.
    #[test]
    fn a_lesson_sets_the_form_of_its_family_once() {
        let mut model = AppState::default();
        let lesson = Lesson::built_in(7).unwrap();
        let last = lesson.steps.len() - 1;
        lesson.state_at(0).set(&mut model);
        assert_eq!(model.training.form.family(), Family::Myna);
        lesson.state_at(last - 1).set(&mut model);
        assert_eq!(model.training.form.family(), Family::Music2vec);
        model.training.form.seed = 17;
        model.training.form.batch = 5;
        lesson.state_at(last).set(&mut model);
        assert_eq!(model.training.form.batch, 5);
        assert!(LessonState::of(&model).train.is_none());
    }

    #[test]
    fn a_wrong_file_says_what_is_wrong() {
        let unknown = "title = \"x\"\n[[steps]]\ntext = \"y\"\n[steps.state]\nration = 0.5\n";
        let error = Lesson::parse(unknown).unwrap_err();
        assert!(error.contains("ration"), "{error}");
        assert!(
            Lesson::parse("title = \"x\"\nsteps = []")
                .unwrap_err()
                .contains("steps")
        );
    }

    #[test]
    fn tracks_of_the_demo_collection_are_named_by_their_end_or_folder() {
        let state = |track: &str| LessonState {
            track: Some(track.to_owned()),
            ..LessonState::default()
        };
        let path = Path::new("/home/me/.cache/demo/jazz/blue.wav");
        assert!(state("demo/jazz").is_track(path));
        assert!(state("demo/jazz/blue.wav").is_track(path));
        assert!(!state("demo/folk").is_track(path));
        assert!(!state("demo/jazz/red.wav").is_track(path));
        assert!(state("/home/me/.cache/demo/jazz/blue.wav").is_track(path));
    }

    /// The fault: a page said "this song" of whatever track was open while its own was still on its way.
    #[test]
    fn a_page_knows_that_another_track_than_its_own_is_shown() {
        let text = "title = \"Keys\"\n[[steps]]\ntext = \"This song\"\n[steps.state]\ntrack = \"demo/folk/juniper-road.wav\"\n\
                    [[steps]]\ntext = \"Any\"\n";
        let mut open = OpenLesson {
            lesson: Lesson::parse(text).unwrap(),
            step: 0,
            before: Before::of(&AppState::default()),
        };
        let missing = |open: &OpenLesson, shown: Option<&str>| {
            open.missing_track(shown.map(Path::new)).map(str::to_owned)
        };
        let name = Some("juniper-road.wav".to_owned());
        assert_eq!(missing(&open, None), name);
        assert_eq!(missing(&open, Some("/music/other.wav")), name);
        assert_eq!(
            missing(&open, Some("/cache/demo/folk/juniper-road.wav")),
            None
        );
        open.step = 1;
        assert_eq!(missing(&open, Some("/music/other.wav")), None);
    }
}
