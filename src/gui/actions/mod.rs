//! Everything that a key or a menu can ask for, in one list: keys, key sheet, menus, palette and tests read it.

mod keys;
mod lesson;
mod library;
mod map;
mod mask;
mod picture;
mod probe;
mod sound;
mod train;
mod window;

pub use keys::{Shortcut, read_keys};

use super::{command::Command, model::AppState};

/// The part of the window that an action belongs to; the key sheet's headings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// The window itself.
    Window,
    /// The list of tracks.
    Library,
    /// Playing and selecting.
    Sound,
    /// The spectrogram.
    Picture,
    /// The mask.
    Mask,
    /// Lessons.
    Lessons,
    /// The map.
    Map,
    /// Training.
    Train,
    /// Probing.
    Probe,
}

impl Group {
    /// All groups, in the order of the key sheet.
    pub const ALL: [Self; 9] = [
        Self::Sound,
        Self::Picture,
        Self::Mask,
        Self::Lessons,
        Self::Map,
        Self::Train,
        Self::Probe,
        Self::Library,
        Self::Window,
    ];

    /// Its heading.
    pub fn name(self) -> &'static str {
        match self {
            Self::Window => "Window",
            Self::Library => "Library",
            Self::Sound => "Listening",
            Self::Picture => "Spectrogram",
            Self::Mask => "Masking",
            Self::Lessons => "Lessons",
            Self::Map => "Map",
            Self::Train => "Training",
            Self::Probe => "Probing",
        }
    }
}

/// Something to do by key, menu or palette.
pub struct Action {
    /// Stable name for tests and settings: words with hyphens.
    pub id: &'static str,
    /// The part of the window that it belongs to.
    pub group: Group,
    /// What stands in menu, palette and key sheet.
    pub name: &'static str,
    /// One sentence for the tooltip.
    pub help: &'static str,
    /// The keys that ask for it; the first is shown in menus.
    pub keys: &'static [Shortcut],
    /// What it does now, if it can be done now.
    pub command: fn(&AppState) -> Option<Command>,
}

/// Words that people look for instead of those in an action's name and help.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("probe-radio", "worst errors wrong misclassified failures"),
    (
        "probe-run",
        "classify classifier evaluate evaluation accuracy",
    ),
    ("probe-compare", "benchmark"),
    ("probe-layers", "layers layerwise depth"),
    ("probe-leaks", "duplicates contamination"),
    (
        "compute-map",
        "t-SNE tsne umap pca embed projection scatter cluster",
    ),
    ("open-table", "import load vectors"),
    ("save-map-parquet", "export coordinates"),
    ("save-map-tsv", "export coordinates csv"),
    ("save-map-png", "export picture image plot"),
    ("save-embeddings-npz", "export vectors numpy npy"),
    ("save-embeddings-parquet", "export vectors dataframe"),
    ("find-near-duplicates", "copies same"),
    ("compare-encoders", "compare second map beside"),
    ("compute-styles", "tell genres classify"),
    ("train-start", "fit learn finetune fine-tune pretrain"),
];

/// Says in words why an action can do nothing yet.
type Reason = fn(&AppState) -> &'static str;

/// What must be done first where an action that people look for can do nothing yet.
const FIRST: &[(&str, Reason)] = &[
    ("compute-map", |model| match model.library.track_count() {
        0 => OPEN_FIRST,
        _ => "show the layout Map first (Ctrl+3)",
    }),
    ("compare-encoders", |_| MAP_FIRST),
    ("save-map-parquet", |_| MAP_FIRST),
    ("save-map-tsv", |_| MAP_FIRST),
    ("save-map-png", |_| MAP_FIRST),
    ("save-embeddings-npz", |_| MAP_FIRST),
    ("save-embeddings-parquet", |_| MAP_FIRST),
    ("query-region", |_| "drag over the spectrogram first"),
    ("compute-styles", |model| match model.styles_info() {
        None => CLASSIFIER_FIRST,
        Some(_) if model.styles.job.is_running() => "it is under way",
        Some(_) => OPEN_FIRST,
    }),
    ("style-strip", |_| CLASSIFIER_FIRST),
    (
        "key-strip",
        |_| "choose an encoder that hears keys first, an MT2",
    ),
];
const OPEN_FIRST: &str = "open tracks first";
const MAP_FIRST: &str = "compute a map first (Ctrl+3)";
const CLASSIFIER_FIRST: &str = "choose an encoder with a classifier first, a MAEST";

impl Action {
    /// What must be done first where it can do nothing now; `None` where it can, or where nothing is to be said.
    pub fn what_first(&self, model: &AppState) -> Option<&'static str> {
        let (_, what) = FIRST.iter().find(|(id, _)| *id == self.id)?;
        (self.command)(model).is_none().then(|| what(model))
    }

    /// What else it is looked for by.
    pub fn other_words(&self) -> &'static str {
        let found = OTHER_WORDS.iter().find(|(id, _)| *id == self.id);
        found.map_or("", |(_, words)| words)
    }

    /// The first shortcut as people write it; empty where there is none.
    pub fn key_text(&self) -> String {
        self.keys
            .first()
            .map_or_else(String::new, |shortcut| shortcut.text())
    }
}

/// All actions, group by group.
pub fn all() -> impl Iterator<Item = &'static Action> {
    [
        sound::ACTIONS,
        picture::ACTIONS,
        mask::ACTIONS,
        lesson::ACTIONS,
        map::ACTIONS,
        train::ACTIONS,
        probe::ACTIONS,
        library::ACTIONS,
        window::ACTIONS,
    ]
    .into_iter()
    .flatten()
}

/// The action of a name.
pub fn find(id: &str) -> Option<&'static Action> {
    all().find(|action| action.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_action_has_its_own_name_key_and_help() {
        let (mut ids, mut keys) = (HashSet::new(), HashSet::new());
        for action in all() {
            assert!(ids.insert(action.id), "{} stands twice", action.id);
            assert!(!action.name.is_empty() && !action.help.is_empty());
            assert_eq!(find(action.id).map(|found| found.name), Some(action.name));
            for key in action.keys {
                assert!(keys.insert(key), "{} has two actions", key.text());
            }
        }
    }

    /// The keys that people were promised, by how they are written.
    const PROMISED: &[&str] = &[
        "Space",
        "Left",
        "Right",
        "Shift+Left",
        "Shift+Right",
        "Ctrl+Left",
        "Ctrl+Right",
        "Home",
        "End",
        "F",
        "P",
        "Shift+P",
        "U",
        "Shift+U",
        "D",
        "Shift+D",
        "M",
        "R",
        ",",
        ".",
        "Shift+,",
        "Shift+.",
        "X",
        "Ctrl+1",
        "Ctrl+2",
        "Ctrl+3",
        "Ctrl+4",
        "Ctrl+5",
        "Ctrl+P",
        "F1",
        "F11",
        "Ctrl+Z",
        "Ctrl+Shift+Z",
        "Ctrl+,",
        "L",
        "Shift+L",
        "Esc",
        "[",
        "]",
        "Shift+Space",
        "1",
        "2",
        "Ctrl+E",
        "H",
        "N",
        "B",
    ];

    #[test]
    fn what_is_to_be_done_first_is_said_of_actions_that_are_there() {
        let model = AppState::default();
        for (id, _) in FIRST {
            let action = find(id).expect("an action of this name");
            assert!(
                action.what_first(&model).is_some(),
                "{id} can be done at once"
            );
        }
        let possible = find("mute").expect("an action of this name");
        assert_eq!(possible.what_first(&model), None);
    }

    #[test]
    fn every_promised_key_has_its_action() {
        let keys: HashSet<String> = all()
            .flat_map(|action| action.keys.iter().map(|key| key.text()))
            .collect();
        let missing: Vec<&&str> = PROMISED
            .iter()
            .filter(|key| {
                !keys.contains(&key.replace(
                    "Ctrl",
                    if cfg!(target_os = "macos") {
                        "Cmd"
                    } else {
                        "Ctrl"
                    },
                ))
            })
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
