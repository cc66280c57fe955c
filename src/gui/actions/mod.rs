//! Everything that a key or a menu can ask for, in one list: keys, key sheet, menus, palette and tests read it.

mod encoder;
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

pub use keys::{KeyReader, Shortcut};

use super::{
    command::Command,
    model::{AppState, Candidate, Offer},
    workspace::Workspace,
};

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
    /// The encoder.
    Encoder,
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
    pub const ALL: [Self; 10] = [
        Self::Sound,
        Self::Picture,
        Self::Mask,
        Self::Lessons,
        Self::Encoder,
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
            Self::Encoder => "Encoder",
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
    ("name-region", "annotate annotation label marker segment"),
    (
        "import-regions",
        "annotations labels audacity sonic visualiser open load",
    ),
    (
        "export-regions",
        "annotations labels audacity sonic visualiser save",
    ),
    ("save-map-parquet", "export coordinates"),
    ("save-map-tsv", "export coordinates csv"),
    ("save-map-png", "export picture image plot"),
    ("save-embeddings-npz", "export vectors numpy npy"),
    ("save-embeddings-parquet", "export vectors dataframe"),
    ("find-near-duplicates", "copies same"),
    ("compare-encoders", "compare second map beside"),
    ("compute-styles", "tell genres classify"),
    ("probe-load", "take up"),
    ("probe-save", "keep"),
    ("probe-label-folder", "predict classify apply"),
    ("probe-label-here", "predict classify apply"),
    ("use-untrained", "random baseline"),
    ("choose-encoder", "checkpoint weights load model"),
    ("measure-precisions", "bf16 int8 f32 speed benchmark"),
    ("published-encoders", "download hub model"),
    ("fit-map", "zoom reset whole"),
    ("train-start", "fit learn finetune fine-tune pretrain"),
];

/// Says in words why an action can do nothing yet.
type Reason = fn(&AppState) -> &'static str;

/// Why a map cannot be laid out by a method.
fn another_method_first(model: &AppState) -> &'static str {
    match model.workspace {
        Workspace::Map => "the map is laid out by it already",
        _ => MAP_LAYOUT_FIRST,
    }
}

/// What must be done first where an action that people look for can do nothing yet.
const FIRST: &[(&str, Reason)] = &[
    ("compute-map", |model| match model.library.track_count() {
        0 => OPEN_FIRST,
        _ => MAP_LAYOUT_FIRST,
    }),
    ("map-by-tsne", another_method_first),
    ("map-by-umap", another_method_first),
    ("map-by-pca", another_method_first),
    ("compare-encoders", |_| MAP_FIRST),
    ("fit-map", |_| MAP_FIRST),
    ("choose-second", |_| "show two maps side by side first"),
    ("find-sound", |_| TABLE_FIRST),
    ("probe-save", |_| PROBE_FIRST),
    ("probe-label-folder", |_| PROBE_FIRST),
    ("probe-label-here", |_| PROBE_FIRST),
    (
        "probe-groups",
        |_| "put the tracks that are marked into two groups first",
    ),
    ("save-embeddings-tsv", |_| MAP_FIRST),
    ("save-embeddings-safetensors", |_| MAP_FIRST),
    ("save-map-parquet", |_| MAP_FIRST),
    ("save-map-tsv", |_| MAP_FIRST),
    ("save-map-png", |_| MAP_FIRST),
    ("save-embeddings-npz", |_| MAP_FIRST),
    ("save-embeddings-parquet", |_| MAP_FIRST),
    ("query-region", |_| "drag over the spectrogram first"),
    ("name-region", |_| "drag over the spectrogram first"),
    ("export-regions", |_| "name a stretch first (Ctrl+L)"),
    ("compute-styles", |model| match model.styles_info() {
        None => CLASSIFIER_FIRST,
        Some(_) if model.styles.job.is_running() => "it is under way",
        Some(_) => OPEN_FIRST,
    }),
    ("style-strip", |_| CLASSIFIER_FIRST),
    ("key-strip", |_| KEYS_FIRST),
];
/// The same of actions for which it is the same.
const FIRST_OF_ALL: &[(&str, &[&str])] = &[
    (
        OPEN_FIRST,
        &[
            "next-track",
            "previous-track",
            "play-in-turn",
            "import-regions",
            "select-beats",
            "save-picture",
            "copy-picture-command",
            "picture-of-sound",
            "lesson-new",
            "measure-precisions",
            "embed-collection",
            "copy-map-command",
            "edit-label",
            "add-tag",
            "save-list",
            "mark-all",
            "copy-path",
            "show-in-folder",
            "play-track",
            "copy-open-command",
        ],
    ),
    (
        "drag over the spectrogram first",
        &[
            "loop-selection",
            "end-earlier",
            "end-later",
            "begin-earlier",
            "begin-later",
            "fit-selection",
        ],
    ),
    ("nothing is selected", &["clear-selection"]),
    (
        "drop patches first, in the layout Teach (Ctrl+2)",
        &["hear-masked", "hear-original", "hear-left", "hear-dropped"],
    ),
    (
        "show the picture of the sound first (in the bar above the spectrogram)",
        &["frequency-axis", "fft-larger", "fft-smaller"],
    ),
    ("paint patches first", &["clear-paint"]),
    ("the patches are frozen; let them go first", &["reroll"]),
    (
        "open a lesson first",
        &[
            "lesson-next",
            "lesson-back",
            "lesson-close",
            "lesson-leave",
            "lesson-edit",
            "lesson-edit-end",
            "lesson-take-state",
            "lesson-add-page",
            "lesson-delete-page",
            "lesson-page-earlier",
            "lesson-page-later",
            "lesson-save",
        ],
    ),
    (
        "nothing is computed that it could act on",
        &[
            "stop-embedding",
            "stop-styles",
            "stop-map",
            "pause-map",
            "stop-query",
            "probe-cancel",
            "stop-opening",
        ],
    ),
    (
        "no training is under way",
        &[
            "train-pause",
            "train-stop",
            "train-checkpoint",
            "train-show-live",
        ],
    ),
    (
        "start a training or click a run first (Ctrl+4)",
        &["train-curves-png", "train-curves-csv", "train-follow"],
    ),
    ("a training is under way; stop it first", &["train-init"]),
    ("no run was renamed or deleted", &["train-undo-run"]),
    (
        "the layout Train says what is missing (Ctrl+4)",
        &["train-start"],
    ),
    (
        "it is the chosen encoder already",
        &["use-shipped", "use-untrained"],
    ),
    (CLASSIFIER_FIRST, &["copy-styles-command"]),
    (
        KEYS_FIRST,
        &[
            "hear-lowered",
            "name-keys",
            "forget-keys",
            "copy-keys-command",
        ],
    ),
    (
        "show the batch as a matrix first, in the layout Teach (Ctrl+2)",
        &["copy-matrix", "save-similarity-picture"],
    ),
    (TABLE_FIRST, &["close-table", "label-table"]),
    (MAP_FIRST, &["save-map-picture"]),
    ("no group of the map is hidden", &["show-all-labels"]),
    (
        PROBE_FIRST,
        &["probe-strip", "probe-save-csv", "probe-save-png"],
    ),
    (
        "run a probe that makes mistakes first (Ctrl+5)",
        &["probe-radio"],
    ),
    (
        "play the mistakes of a probe first",
        &["probe-radio-next", "probe-radio-back"],
    ),
    (
        "let a probe label the open collection first (Ctrl+5, tab Use)",
        &["probe-take-over", "probe-colour-answers"],
    ),
    ("no other collection was open", &["back-to-collection"]),
    ("nothing was opened before", &["forget-recent"]),
    ("every track can be used", &["only-bad"]),
    ("no file names its genre", &["label-by-genre"]),
    ("there is no message", &["close-messages"]),
];
/// What is said of all others that can do nothing now.
const NOTHING_NOW: &str = "it would change nothing now";
const OPEN_FIRST: &str = "open tracks first";
const MAP_FIRST: &str = "compute a map first (Ctrl+3)";
const MAP_LAYOUT_FIRST: &str = "show the layout Map first (Ctrl+3)";
const PROBE_FIRST: &str = "run or load a probe first (Ctrl+5)";
const TABLE_FIRST: &str = "open a table of embeddings first";
const KEYS_FIRST: &str = "choose an encoder that hears keys first, an MT2";
const CLASSIFIER_FIRST: &str = "choose an encoder with a classifier first, a MAEST";

impl Action {
    /// What must be done first where it can do nothing now; `None` where it can.
    pub fn what_first(&self, model: &AppState) -> Option<&'static str> {
        if (self.command)(model).is_some() {
            return None;
        }
        let mut first = FIRST.iter().chain(probe::FIRST);
        let first = first.find(|(id, _)| *id == self.id);
        let reason = first
            .map(|(_, what)| what(model))
            .or_else(|| self.common_reason());
        Some(reason.unwrap_or(NOTHING_NOW))
    }

    fn common_reason(&self) -> Option<&'static str> {
        let mut all = FIRST_OF_ALL.iter();
        let (reason, _) = all.find(|(_, ids)| ids.contains(&self.id))?;
        Some(reason)
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
        encoder::ACTIONS,
        map::ACTIONS,
        train::ACTIONS,
        probe::ACTIONS,
        library::ACTIONS,
        window::ACTIONS,
    ]
    .into_iter()
    .flatten()
}

/// What the palette can offer beside tracks: actions, and what was opened before. What cannot be done yet is offered to
/// who looks for it.
pub fn candidates(model: &AppState, text: &str) -> Vec<Candidate> {
    let looked_for = !text.trim().is_empty();
    let actions = all()
        .filter(|action| looked_for || (action.command)(model).is_some())
        .map(|action| Candidate {
            offer: Offer::Action(action.id),
            name: action.name.to_owned(),
            more: format!(
                "{} {} {}",
                action.group.name(),
                action.help,
                action.other_words()
            ),
        });
    let recent = model.settings.recent.iter().map(|path| {
        let name = path.file_name().unwrap_or(path.as_os_str());
        Candidate {
            name: format!("Open {}", name.to_string_lossy()),
            more: path.display().to_string(),
            offer: Offer::Recent(path.clone()),
        }
    });
    actions.chain(recent).collect()
}

/// The action of a name.
pub fn find(id: &str) -> Option<&'static Action> {
    all().find(|action| action.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::gui::model::Palette;

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
        for (id, _) in FIRST.iter().chain(probe::FIRST) {
            let action = find(id).expect("an action of this name");
            assert!(
                action.what_first(&model).is_some(),
                "{id} can be done at once"
            );
        }
        for (_, ids) in FIRST_OF_ALL {
            for id in *ids {
                assert!(find(id).is_some(), "no action {id}");
            }
        }
        // Nobody is told that an action can do nothing without being told why.
        let silent = all().filter(|action| action.what_first(&model) == Some(NOTHING_NOW));
        let silent: Vec<&str> = silent.map(|action| action.id).collect();
        assert!(silent.is_empty(), "no reason for {silent:?}");
        let possible = find("mute").expect("an action of this name");
        assert_eq!(possible.what_first(&model), None);
    }

    /// The actions that the palette offers for a text, the best first.
    fn offered(text: &str) -> Vec<&'static str> {
        let model = AppState::default();
        let mut palette = Palette::default();
        let _ = palette.search(text.to_owned(), candidates(&model, text), &model.library);
        let offers = palette.offers.iter().filter_map(|offer| match offer {
            Offer::Action(id) => Some(*id),
            Offer::Recent(_) | Offer::Paths(_) | Offer::Track(_) => None,
        });
        offers.collect()
    }

    #[test]
    fn the_palette_finds_every_action_by_its_name_and_by_what_people_call_it() {
        for action in all() {
            let first = offered(action.name).first().copied();
            assert_eq!(first, Some(action.id), "{}", action.name);
        }
        for (text, id) in [
            ("save map", "save-map-png"),
            ("embeddings", "save-embeddings-npz"),
            ("label a folder", "probe-label-folder"),
            ("load probe", "probe-load"),
            ("untrained", "use-untrained"),
            ("fit map", "fit-map"),
        ] {
            let found = offered(text);
            assert!(
                found.iter().take(8).any(|it| *it == id),
                "{text}: {found:?}"
            );
        }
        assert_eq!(offered("gtzan"), [""; 0]);
    }

    /// What panels push that needs more than a name: something under the pointer, something typed or dragged, a value of a form,
    /// or a dialog that is open. Everything else is an act, and the palette has it.
    const NO_ACTS: &[(&str, &[&str])] = &[
        (
            "EncoderCommand",
            &[
                "LookUp",            // asked by the menu itself
                "MeasurePrecisions", // about what the open menu shows
                "UseFile",           // a row of the runs
            ],
        ),
        ("AnswersCommand", &["Correct", "Hear"]), // a row of the answers
        ("HubCommand", &["Fetch", "Look", "Stop", "Type", "Use"]), // the dialog of published encoders
        ("KeysCommand", &["Edit"]),
        (
            "LibraryCommand",
            &[
                "CopyFolder",
                "Drop",
                "DropAnswer",
                "Edit", // of the row under the pointer; what is chosen has an action
                "EditText",
                "EndEdit",
                "Hover",
                "Label",
                "MarkTo",
                "Open",
                "Play", // as Edit
                "RemoveTag",
                "Select",
                "ToggleMark",
            ],
        ),
        (
            "MapCommand",
            &[
                "Audition",
                "Choose",
                "Edit",
                "EditList",
                "Hover",
                "Lasso",
                "LightLabel",
                "PickGroup",
                "PlayNear",
                "PointerOn",
                "SetColouring",
                "SearchLegend",
                "SetSecond",
                "SoloLabel",
                "ToggleLabel",
                "TogglePoint",
            ],
        ),
        ("MaskCommand", &["Demonstrate", "MoveCrop", "Paint"]),
        (
            "PictureCommand",
            &[
                // The dialog that saves a picture.
                "CopyPanelCommand",
                "EditPublishing",
                "SavePanel",
                "PanBands",
                "PanTime",
                "ShowTime",
                "SizeSound", // told by the picture itself
                "ZoomBands",
                "ZoomTime",
            ],
        ),
        (
            "ProbeCommand",
            &[
                "Choose",
                "Edit",
                "GiveUpGroup",
                "Group",
                "Mark",
                "MoveToGroup",
                "OpenCompared",
                "Pair",
                "RemoveScore",
            ],
        ),
        (
            "RegionsCommand",
            &["EditName", "EndName", "Remove", "Rename", "Select"],
        ),
        ("SoundCommand", &["SelectUpTo"]),
        ("StylesCommand", &["Edit"]),
        ("TeachCommand", &["Edit", "HearPair", "Point"]),
        (
            "TrainCommand",
            &[
                "AskDevices", // asked by the form itself
                "Delete",
                "Edit",
                "EditCurves",
                "EditName",
                "GoOn",
                "Mend",
                "OpenFolder",
                "Overlay",
                "Rename",
                "ShowRun",
                "UseStep",
            ],
        ),
        (
            "WindowCommand",
            &[
                "Dismiss",
                "Edit",
                "PaletteEnter",
                "PaletteMove",
                "PaletteRun",
                "PaletteText",
                "PathAnswer",
                "PathText",
                "Seen",
                "ShowFolder",
            ],
        ),
    ];

    /// Names such as `MapCommand::Cancel` in the sources of a folder.
    fn named(folder: &str, found: &mut HashSet<String>) {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in std::fs::read_dir(root).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                named(&format!("{folder}/{name}"), found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
            for (at, _) in text.match_indices("::") {
                let before = text[..at].rsplit(|letter| !is_word(letter)).next().unwrap();
                let after = text[at + 2..]
                    .split(|letter| !is_word(letter))
                    .next()
                    .unwrap();
                let kinds = ["Command", "Wanted", "ProbeAsk", "CurveKind", "OwnFolder"];
                let variant = after.starts_with(char::is_uppercase);
                if variant && kinds.iter().any(|kind| before.ends_with(kind)) && before != "Command"
                {
                    found.insert(format!("{before}::{after}"));
                }
            }
        }
    }

    #[test]
    fn every_act_of_a_panel_is_an_action_too() {
        let (mut pushed, mut there) = (HashSet::new(), HashSet::new());
        named("src/gui/panels", &mut pushed);
        named("src/gui/actions", &mut there);
        assert!(pushed.len() > 100, "the panels were read: {}", pushed.len());
        let no_act = |name: &str| {
            let (of, variant) = name.split_once("::").unwrap();
            NO_ACTS
                .iter()
                .any(|(command, variants)| *command == of && variants.contains(&variant))
        };
        let mut missing: Vec<&String> =
            pushed.difference(&there).filter(|it| !no_act(it)).collect();
        missing.sort();
        assert!(missing.is_empty(), "no action for {missing:?}");
        // What no panel pushes any more is no exception any more.
        for (command, variants) in NO_ACTS {
            for variant in *variants {
                let name = format!("{command}::{variant}");
                assert!(pushed.contains(&name), "{name} is pushed nowhere");
            }
        }
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
