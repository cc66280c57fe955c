//! Lessons and their files.

mod before;
mod edit;
mod state;
mod track;

pub use before::{Before, SetAside};
pub use edit::LessonEdit;
pub use state::{LessonState, PaintedPatch, TeachPanel};

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

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
    /// The state says all: nothing of the pages before it holds on. Pages that were written in the window do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
    /// What this page changes; the rest stays as the pages before it left it.
    #[serde(default)]
    pub state: LessonState,
}

/// The built-in lessons, in their order.
const BUILT_IN: [&str; 8] = [
    include_str!("../../../../assets/lessons/1-tokens.toml"),
    include_str!("../../../../assets/lessons/2-ninety-percent.toml"),
    include_str!("../../../../assets/lessons/3-square-vertical.toml"),
    include_str!("../../../../assets/lessons/4-two-views.toml"),
    include_str!("../../../../assets/lessons/5-temperature.toml"),
    include_str!("../../../../assets/lessons/6-equivariance.toml"),
    include_str!("../../../../assets/lessons/7-patchout.toml"),
    include_str!("../../../../assets/lessons/8-predicting-the-teacher.toml"),
];

/// How many built-in lessons there are.
pub const BUILT_IN_LESSONS: usize = BUILT_IN.len();

impl Lesson {
    /// A built-in lesson, counted from 0.
    pub fn built_in(number: usize) -> Option<Self> {
        Self::parse(BUILT_IN.get(number)?, None).ok()
    }

    /// Reads the text of a lesson whose file lies in a folder: its tracks are named from there on. The error says what is wrong and
    /// where.
    ///
    /// # Errors
    /// What is wrong with it, for people: text that is not TOML, a name that is no setting, or a lesson without
    /// pages.
    pub fn parse(text: &str, folder: Option<&Path>) -> Result<Self, String> {
        let mut lesson: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        lesson.name_tracks(|track| track::read(track, folder));
        if lesson.steps.is_empty() {
            return Err("a lesson needs at least one [[steps]]".to_owned());
        }
        Ok(lesson)
    }

    /// The text of this lesson for a file in a folder.
    ///
    /// # Errors
    /// What cannot be written, for people.
    pub fn to_text(&self, folder: Option<&Path>) -> Result<String, String> {
        let mut lesson = self.clone();
        lesson.name_tracks(|track| track::written(track, folder));
        toml::to_string_pretty(&lesson).map_err(|error| error.to_string())
    }

    /// Calls every track by another name.
    pub fn name_tracks(&mut self, mut name: impl FnMut(&str) -> String) {
        let states = self.steps.iter_mut().map(|step| &mut step.state);
        for track in states.filter_map(|state| state.track.as_mut()) {
            *track = name(track);
        }
    }

    /// The files of its tracks that are none of the demo collection, each once.
    pub fn own_tracks(&self) -> Vec<PathBuf> {
        let mut tracks = Vec::new();
        for track in self.steps.iter().filter_map(|step| step.state.own_track()) {
            if !tracks.iter().any(|other| other == track) {
                tracks.push(track.to_path_buf());
            }
        }
        tracks
    }

    /// The state on a page: what all pages up to it say.
    pub fn state_at(&self, step: usize) -> LessonState {
        let steps = self.steps.iter().take(step + 1);
        steps.fold(LessonState::default(), |state, step| match step.whole {
            true => step.state.clone(),
            false => state.then(&step.state),
        })
    }
}

/// The lesson that is open.
pub struct OpenLesson {
    /// The lesson.
    pub lesson: Lesson,
    /// The page that is open, from 0.
    pub step: usize,
    /// What was shown before it.
    pub before: Before,
    /// It is being written.
    pub edit: Option<LessonEdit>,
}

impl OpenLesson {
    /// The open page.
    pub fn page(&self) -> Option<&LessonStep> {
        self.lesson.steps.get(self.step)
    }

    /// The name of the track that the open page speaks of, where another one is shown, or none.
    pub fn missing_track(&self, shown: Option<&Path>) -> Option<&str> {
        let state = &self.page()?.state;
        let is_shown = shown.is_some_and(|path| state.is_track(path));
        state.track_title().filter(|_| !is_shown)
    }
}

/// A state whose track is not shown yet.
#[derive(Debug, Clone)]
pub struct Arriving {
    /// The state that is to be shown.
    pub state: LessonState,
    /// It was opened already, once is enough.
    pub opened: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::model::{AppState, Layer};
    use mynascope_encoder::Family;
    use mynascope_spectrum::tokens::{PatchPlace, PatchShape, PictureGrid, ViewName};

    #[test]
    fn the_built_in_lessons_can_be_read_and_begin_with_a_whole_state() {
        let mut titles = Vec::new();
        for text in BUILT_IN {
            let lesson = Lesson::parse(text, None).unwrap();
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
                whole: true,
                state: LessonState::of(&model),
            }],
        };
        let read = Lesson::parse(&lesson.to_text(None).unwrap(), None).unwrap();
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
        let error = Lesson::parse(unknown, None).unwrap_err();
        assert!(error.contains("ration"), "{error}");
        assert!(
            Lesson::parse("title = \"x\"\nsteps = []", None)
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
        assert!(state("demo:jazz").is_track(path));
        assert!(state("demo:jazz/blue").is_track(path));
        assert!(!state("demo:folk").is_track(path));
        assert!(!state("demo:jazz/red").is_track(path));
        assert!(state("/home/me/.cache/demo/jazz/blue.wav").is_track(path));
    }

    /// The fault: a page said "this song" of whatever track was open while its own was still on its way.
    #[test]
    fn a_page_knows_that_another_track_than_its_own_is_shown() {
        let text = "title = \"Keys\"\n[[steps]]\ntext = \"This song\"\n[steps.state]\ntrack = \"demo/folk/juniper-road.wav\"\n\
                    [[steps]]\ntext = \"Any\"\n";
        let mut open = OpenLesson {
            lesson: Lesson::parse(text, None).unwrap(),
            step: 0,
            before: Before::of(&AppState::default()),
            edit: None,
        };
        let missing = |open: &OpenLesson, shown: Option<&str>| {
            open.missing_track(shown.map(Path::new)).map(str::to_owned)
        };
        let name = Some("juniper-road".to_owned());
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
