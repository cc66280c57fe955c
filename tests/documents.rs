//! Documents tell what the program does: keys and options are written from the code, links lead somewhere, and every test
//! that is named exists.
//!
//! To rewrite the two documents that are written from the code: `MYNASCOPE_WRITE_DOCS=1 cargo test --test documents`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use clap::{Arg, ArgAction, Command};
use mynascope::{
    cli,
    gui::actions::{self, Action, Group},
};

const REWRITE: &str = "MYNASCOPE_WRITE_DOCS=1 cargo test --test documents";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Fails if a document is not what the code says; rewrites it instead where that was asked for.
fn hold(name: &str, text: &str) {
    let path = root().join("docs").join(name);
    if std::env::var_os("MYNASCOPE_WRITE_DOCS").is_some() {
        fs::write(&path, text).unwrap();
    }
    // Git may check files out with other line ends.
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found.replace("\r\n", "\n") == text,
        "docs/{name} is not what the code says; rewrite it: {REWRITE}"
    );
}

/// Text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[test]
fn keys_md_lists_every_action_with_its_keys() {
    let mut text = "# Keys\n\n\
        Ctrl is Command on a Mac. Letters act only while no text field has the focus. Ctrl+P finds every action by a few \
        letters, also those without a key.\n\n\
        | with the mouse | does |\n|---|---|\n"
        .to_owned();
    for (gesture, what) in MOUSE {
        writeln!(text, "| {gesture} | {what} |").unwrap();
    }
    for group in Group::ALL {
        let keys = |action: &Action| {
            let keys = action
                .keys
                .iter()
                .map(|key| key.text().replace("Cmd+", "Ctrl+"));
            keys.map(|key| format!("`{key}`"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        write!(
            text,
            "\n## {}\n\n| action | key | does |\n|---|---|---|\n",
            group.name()
        )
        .unwrap();
        for action in actions::all().filter(|action| action.group == group) {
            let (name, help) = (cell(action.name), cell(action.help));
            writeln!(text, "| {name} | {} | {help} |", keys(action)).unwrap();
        }
    }
    write!(text, "\n<!-- Written from src/gui/actions: {REWRITE} -->\n").unwrap();
    hold("keys.md", &text);
}

/// What the mouse does; the tests of the window hold most of it.
const MOUSE: [(&str, &str); 16] = [
    (
        "files dropped on the window",
        "open them; a table of embeddings opens on the map, a sound dropped on a map lands there",
    ),
    ("click in the spectrogram", "moves the playhead"),
    (
        "drag in the spectrogram",
        "selects; at an edge of the selection or loop it moves that edge",
    ),
    (
        "Shift+click in the spectrogram",
        "extends the selection to there",
    ),
    (
        "wheel over the spectrogram",
        "zooms time at the pointer; with Shift it moves, with Alt it zooms frequency",
    ),
    ("middle drag in the spectrogram", "moves the picture"),
    ("double click in the spectrogram", "shows the whole track"),
    (
        "click or drag in the strip below it",
        "moves what the picture shows",
    ),
    (
        "drag of a crop",
        "moves the crop of that view; double click puts it back",
    ),
    (
        "Alt+click or drag on patches",
        "keeps or drops them by hand (`T` does so without Alt)",
    ),
    (
        "click on a point of the map",
        "selects and plays its window",
    ),
    (
        "Ctrl+click on the map",
        "adds a point to the selection or takes it out",
    ),
    ("Shift+drag on the map", "selects with a lasso"),
    ("drag, wheel, double click on the map", "move, zoom, fit"),
    (
        "click in the legend of the map",
        "hides or shows a group; Shift+click selects it",
    ),
    (
        "right click on a row of the scoreboard",
        "offers to remove it",
    ),
];

/// Writes the options and arguments of a command as a table; nothing if it has none.
fn arguments(text: &mut String, title: &str, of: impl Iterator<Item = Arg>) {
    let mut rows = String::new();
    for argument in of.filter(|argument| !argument.is_hide_set()) {
        let values: Vec<String> = argument
            .get_value_names()
            .unwrap_or_default()
            .iter()
            .map(|name| format!("<{name}>"))
            .collect();
        let takes = argument.get_action().takes_values();
        let several = argument
            .get_num_args()
            .is_some_and(|count| count.max_values() > 1);
        let several = takes && several || matches!(argument.get_action(), ArgAction::Append);
        let mut name = match (argument.get_long(), argument.get_short()) {
            (Some(long), _) => format!("--{long}"),
            (None, Some(short)) => format!("-{short}"),
            (None, None) => String::new(),
        };
        if takes {
            name = format!("{name} {}", values.join(" ")).trim().to_owned();
            if several {
                name.push_str("...");
            }
        }
        let mut help = argument
            .get_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let defaults: Vec<String> = argument
            .get_default_values()
            .iter()
            .map(|value| value.to_string_lossy().into_owned())
            .collect();
        if takes && !defaults.is_empty() && !argument.is_hide_default_value_set() {
            write!(help, " [default: {}]", defaults.join(" ")).unwrap();
        }
        if argument.is_required_set() {
            help.push_str(" (required)");
        }
        let allowed: Vec<String> = argument
            .get_possible_values()
            .iter()
            .map(|value| value.get_name().to_owned())
            .collect();
        if takes && !allowed.is_empty() {
            write!(help, " (one of: {})", allowed.join(", ")).unwrap();
        }
        writeln!(rows, "| `{}` | {} |", cell(&name), cell(help.trim())).unwrap();
    }
    if !rows.is_empty() {
        write!(text, "\n| {title} | |\n|---|---|\n{rows}").unwrap();
    }
}

#[test]
fn command_line_md_lists_every_verb_and_option() {
    let mut command = cli::command();
    command.build();
    let mut text = COMMAND_LINE.to_owned();
    let global = |argument: &Arg| argument.is_global_set();
    let named = |argument: &Arg| !["help", "version"].contains(&argument.get_id().as_str());
    arguments(
        &mut text,
        "for every verb",
        command.get_arguments().filter(|it| global(it)).cloned(),
    );
    let verbs: Vec<&Command> = command
        .get_subcommands()
        .filter(|verb| verb.get_name() != "help")
        .collect();
    text.push_str("\n## Verbs\n");
    for verb in verbs {
        let about = verb
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        let usage = verb.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ");
        write!(
            text,
            "\n### {}\n\n{about}.\n\n```\n{usage}\n```\n",
            verb.get_name()
        )
        .unwrap();
        let own = || verb.get_arguments().filter(|it| !global(it) && named(it));
        arguments(
            &mut text,
            "argument",
            own().filter(|it| it.is_positional()).cloned(),
        );
        arguments(
            &mut text,
            "option",
            own().filter(|it| !it.is_positional()).cloned(),
        );
    }
    write!(
        text,
        "\n<!-- Written from src/cli/arguments/: {REWRITE} -->\n"
    )
    .unwrap();
    hold("command-line.md", &text);
}

/// What holds for every verb; the rest is written from the options.
const COMMAND_LINE: &str = "# The command line

`mynascope VERB ...` does a job of the window from the shell; both call the same function. `./start VERB ...` builds the program first. Without a
verb the window opens, with the paths that are named or with the demo collection: `mynascope ~/Music`, `mynascope -- demo`. Without a display that is an error,
which names `tour`.

`PATH` is a file, a folder, a data set, a list of paths and labels, or `demo`; [data](data.md) tells what is understood. `CHECKPOINT` is a file,
a run folder, a hub folder, `hf:OWNER/NAME` for a published encoder that was fetched, `shipped`, `untrained`, or a
baseline: `mfcc`, `log-mel` or `chance`.

## What a verb prints

The result goes to stdout, progress and notes to stderr. With `--json` one JSON object is printed on stdout and nothing else there; if the verb fails, nothing is printed there. It
holds what the verb found, and:

| field | holds |
|---|---|
| `skipped` | inputs that were left out, each with its reason |
| `incomplete` | files that could be decoded only in part |
| `cancelling` | files whose channels cancel in their mean |
| `notes` | what is worth knowing of a list, a data set, a table or the result, such as columns that were not understood; empty where there is nothing |

Names of files that are not UTF-8 are written as `file:` URIs.

| exit code | means |
|---|---|
| 0 | done |
| 1 | failed: the message on stderr says what, why and what to do |
| 2 | wrong usage |
| 3 | done, but some inputs were skipped or decoded only in part |

Ctrl+C stops a job: what was written is complete, and the message says how to go on. The second Ctrl+C ends the program at once.
";

/// All documents that people read, by their path below the root.
fn documents() -> Vec<PathBuf> {
    let mut found = vec![
        "README.md".into(),
        "CONTRIBUTING.md".into(),
        "findings/README.md".into(),
    ];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "md") {
            found.push(path.strip_prefix(root()).unwrap().to_path_buf());
        }
    }
    found
}

#[test]
fn every_link_between_documents_leads_to_a_file() {
    for document in documents() {
        let text = fs::read_to_string(root().join(&document)).unwrap();
        let folder = root().join(&document).parent().unwrap().to_path_buf();
        for part in text.split("](").skip(1) {
            let target = part.split(')').next().unwrap();
            let target = target.split('#').next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let there = folder.join(target).exists();
            assert!(there, "{}: there is no {target}", document.display());
        }
    }
}

#[test]
fn every_path_of_the_repository_that_is_named_exists() {
    let folders = [
        "crates/",
        "src/",
        "tests/",
        "docs/",
        "assets/",
        "scripts/",
        "findings/",
    ];
    for document in documents() {
        let text = fs::read_to_string(root().join(&document)).unwrap();
        for word in text.split('`').skip(1).step_by(2) {
            let is_path = folders.iter().any(|folder| word.starts_with(folder));
            if is_path && !word.contains([' ', '*', '<']) {
                let there = root().join(word).exists();
                assert!(there, "{}: there is no {word}", document.display());
            }
        }
    }
}

/// All source files below a folder of the repository.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Where a family is named because it is trained.
const TRAINING: [&str; 9] = [
    "crates/train",
    "crates/encoder/src/learning.rs",
    "crates/encoder/src/parameters.rs",
    "crates/encoder/src/presets.rs",
    "src/cli/arguments/training.rs",
    "src/cli/train.rs",
    "src/gui/model/lesson",
    "src/gui/model/training",
    "src/gui/panels/train",
];

/// What CONTRIBUTING.md promises to whoever adds a family, counted with the one that was added last. Training it is another
/// matter, and so are tests.
#[test]
fn a_family_of_encoders_is_its_folder_and_at_most_five_other_files() {
    let mut all = Vec::new();
    for folder in ["crates", "src"] {
        sources(&root().join(folder), &mut all);
    }
    let all = all.iter().filter_map(|path| path.strip_prefix(root()).ok());
    let named: Vec<&Path> = all
        .filter(|path| {
            let own = path.starts_with("crates/encoder/src/families/music2vec");
            let is_test = path.components().any(|part| part.as_os_str() == "tests");
            !is_test && !own && !TRAINING.iter().any(|folder| path.starts_with(folder))
        })
        .filter(|path| {
            let text = fs::read_to_string(root().join(path)).unwrap();
            text.to_lowercase().contains("music2vec")
        })
        .collect();
    let place = Path::new("crates/encoder/src/families/mod.rs");
    assert!(named.contains(&place), "{named:?}");
    assert!(named.len() <= 5, "Music2Vec is named in {named:?}");
}

#[test]
fn every_test_that_numerics_md_names_exists() {
    let text = fs::read_to_string(root().join("docs/numerics.md")).unwrap();
    let mut count = 0;
    for line in text.lines().filter(|line| line.starts_with('|')) {
        let quoted: Vec<&str> = line.split('`').skip(1).step_by(2).collect();
        let Some(at) = quoted.iter().position(|word| word.ends_with(".rs")) else {
            continue;
        };
        let file = fs::read_to_string(root().join(quoted[at])).unwrap_or_default();
        assert!(!file.is_empty(), "there is no {}", quoted[at]);
        let named = quoted.get(at + 1).expect("a test stands behind its file");
        assert!(
            file.contains(named),
            "there is no {named} in {}",
            quoted[at]
        );
        count += 1;
    }
    assert!(count > 30, "{count} tests are named");
}

#[test]
fn the_readme_is_short_and_names_every_verb() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let lines = text.lines().count();
    assert!(lines <= 100, "{lines} lines");
    for verb in cli::command().get_subcommands() {
        let row = format!("| `{}` |", verb.get_name());
        assert!(text.contains(&row), "the README has no row {row}");
    }
}
