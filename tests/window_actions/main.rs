//! Every entry of the list of actions does what it says, wherever it is asked for: by key, menu or palette. What a verb does
//! too gives the verb's result, by the very command that is copied. An action without a promise here fails the first test.
//!
//! The window is driven without being drawn.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../common/mod.rs"]
mod common;
mod encoders;
mod forms;
mod jobs;
mod maps;
mod tracks;

use std::{
    collections::BTreeSet,
    fmt::Debug,
    path::{Path, PathBuf},
    process,
    time::{Duration, Instant},
};

use eframe::egui;
use mynascope::gui::{
    App, Start, actions,
    command::{Command, EncoderCommand, LibraryCommand, WindowCommand},
    model::AppState,
    workspace::Workspace,
};
use mynascope_audio::Player;
use mynascope_base::storage::Settings;
use serde_json::Value;

use common::{
    PATIENCE,
    labelled::{cpu, sounds},
};

/// What an action does, shown on a window.
type Promise = fn(&mut Bench, &'static str);
/// Promises of a part of the window, in the order in which they are kept.
type Promises = &'static [(&'static str, Promise)];

const PARTS: [Promises; 10] = [
    forms::SOUND,
    forms::PICTURE,
    forms::MASK,
    forms::WINDOW,
    forms::LESSONS,
    tracks::LIBRARY,
    maps::MAP,
    jobs::TRAIN,
    jobs::PROBE,
    encoders::ENCODERS,
];

/// A window that is not drawn, over a small labelled collection.
struct Bench {
    ctx: egui::Context,
    app: App,
    music: tempfile::TempDir,
    home: tempfile::TempDir,
    clipboard: String,
}

impl Bench {
    fn new() -> Self {
        let (music, home) = (sounds(5), tempfile::tempdir().unwrap());
        let start = Start {
            paths: vec![music.path().to_path_buf()],
            settings: Settings::default(),
            complaint: None,
            sound: false,
            remember: false,
        };
        let ctx = egui::Context::default();
        let mut app = App::new(&ctx, start).unwrap();
        app.play_on(Player::start_silent()).unwrap();
        let mut bench = Self {
            ctx,
            app,
            music,
            home,
            clipboard: String::new(),
        };
        bench.settle();
        bench.apply(Command::Encoder(EncoderCommand::Use(cpu())));
        bench.apply(Command::Library(LibraryCommand::Select(0)));
        bench.until("a track that can be played", |model| {
            model.transport.duration_secs > 0.0
        });
        bench
    }

    fn model(&self) -> &AppState {
        self.app.model()
    }

    fn apply(&mut self, command: Command) {
        self.app.apply(command);
        self.frame();
    }

    /// Takes in what background work sent, as a frame would before it is drawn.
    fn frame(&mut self) {
        let app = &mut self.app;
        let input = egui::RawInput::default();
        let output = self.ctx.run_ui(input, |ui| app.before_frame(ui.ctx()));
        for command in output.platform_output.commands {
            if let egui::OutputCommand::CopyText(text) = command {
                self.clipboard = text;
            }
        }
    }

    fn until(&mut self, what: &str, done: impl Fn(&AppState) -> bool) {
        let begin = Instant::now();
        while !done(self.app.model()) {
            self.frame();
            assert!(begin.elapsed() < PATIENCE, "waited too long for {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn settle(&mut self) {
        let begin = Instant::now();
        self.frame();
        while self.app.is_busy() {
            self.frame();
            assert!(begin.elapsed() < PATIENCE, "the window stays busy");
            std::thread::sleep(Duration::from_millis(2));
        }
        self.frame();
    }

    fn show(&mut self, workspace: Workspace) {
        self.apply(Command::Window(WindowCommand::ShowWorkspace(workspace)));
    }

    /// What an action would do now; `None` where it is grey.
    fn asked(&self, id: &str) -> Option<Command> {
        let action = actions::find(id).unwrap_or_else(|| panic!("no action {id}"));
        (action.command)(self.model())
    }

    /// Does what an action says, which must be possible.
    fn act(&mut self, id: &str) {
        let command = self.asked(id).unwrap_or_else(|| panic!("{id} is grey"));
        self.apply(command);
    }

    /// An action changes something.
    fn changes<T: PartialEq + Debug>(&mut self, id: &str, of: impl Fn(&AppState) -> T) {
        let before = of(self.model());
        self.act(id);
        assert_ne!(of(self.model()), before, "{id}");
    }

    /// An action changes something, and changes it back.
    fn toggles<T: PartialEq + Debug>(&mut self, id: &str, of: impl Fn(&AppState) -> T) {
        let before = of(self.model());
        self.changes(id, &of);
        self.act(id);
        assert_eq!(of(self.model()), before, "{id}, twice");
    }

    /// An action sets something to a value.
    fn sets<T: PartialEq + Debug>(&mut self, id: &str, of: impl Fn(&AppState) -> T, value: T) {
        self.act(id);
        assert_eq!(of(self.model()), value, "{id}");
    }

    /// An action asks the system for a file: what it would do with it is for the caller.
    fn asks(&self, id: &str, with: &str) {
        let command = self.asked(id).unwrap_or_else(|| panic!("{id} is grey"));
        let command = format!("{command:?}");
        assert!(command.contains(with), "{id}: {command}");
    }

    /// What an action puts on the clipboard.
    fn copies(&mut self, id: &str) -> String {
        self.clipboard.clear();
        self.act(id);
        let begin = Instant::now();
        while self.clipboard.is_empty() {
            self.frame();
            assert!(begin.elapsed() < PATIENCE, "{id} copies nothing");
        }
        self.clipboard.clone()
    }

    /// Runs a command as it was copied; it must succeed.
    fn run(&self, line: &str) -> process::Output {
        let program = env!("CARGO_BIN_EXE_mynascope");
        let line = line.replace("mynascope ", &format!("'{program}' "));
        let output = process::Command::new("sh")
            .args(["-c", &line])
            .current_dir(self.home.path())
            .env("MYNASCOPE_HOME", self.home.path())
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {complaint}");
        output
    }

    /// What the last verb of a command says as JSON.
    fn json(&self, line: &str) -> Value {
        let output = self.run(&format!("{line} --json"));
        let begin = output.stdout.iter().position(|byte| *byte == b'{');
        serde_json::from_slice(&output.stdout[begin.unwrap()..]).unwrap()
    }

    /// A file that the window writes.
    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn written(&mut self, path: &Path) {
        let path = path.to_path_buf();
        self.until("the file", |_| path.exists());
        self.settle();
    }
}

/// Two answers in JSON are the same; the last digits of numbers are lost by reading them.
fn alike(window: &Value, verb: &Value, what: &str) {
    match (window, verb) {
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{what}");
            for (a, b) in a.iter().zip(b) {
                alike(a, b, what);
            }
        }
        (Value::Object(a), Value::Object(b)) => {
            assert!(a.keys().eq(b.keys()), "{what}");
            for (name, a) in a {
                alike(a, &b[name], name);
            }
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            assert!(
                (a - b).abs() <= 1e-12 * (1.0 + a.abs()),
                "{what}: {a} and {b}"
            );
        }
        (a, b) => assert_eq!(a, b, "{what}"),
    }
}

/// Keeps the promises of a part, one after the other in one window.
fn keep(part: Promises) {
    let mut bench = Bench::new();
    for (id, promise) in part {
        promise(&mut bench, id);
        let errors = bench.model().notices.shown();
        let errors = errors
            .iter()
            .filter(|it| it.severity == mynascope::gui::model::Severity::Error);
        let errors: Vec<&str> = errors.map(|notice| notice.text.as_str()).collect();
        assert!(errors.is_empty(), "{id}: {errors:?}");
    }
}

#[test]
fn every_action_has_its_promise() {
    let promised: Vec<&str> = PARTS
        .iter()
        .flat_map(|part| part.iter().map(|it| it.0))
        .collect();
    let there: BTreeSet<&str> = actions::all().map(|action| action.id).collect();
    let known: BTreeSet<&str> = promised.iter().copied().collect();
    assert_eq!(known.len(), promised.len(), "a promise stands twice");
    let missing: Vec<&&str> = there.difference(&known).collect();
    assert!(missing.is_empty(), "actions without a promise: {missing:?}");
    let gone: Vec<&&str> = known.difference(&there).collect();
    assert!(gone.is_empty(), "promises without an action: {gone:?}");
}

#[test]
fn listening_does_what_it_says() {
    keep(forms::SOUND);
}

#[test]
fn the_spectrogram_does_what_it_says() {
    keep(forms::PICTURE);
}

#[test]
fn masking_does_what_it_says() {
    keep(forms::MASK);
}

#[test]
fn the_window_itself_does_what_it_says() {
    keep(forms::WINDOW);
}

#[test]
fn lessons_do_what_they_say() {
    keep(forms::LESSONS);
}

#[test]
fn the_library_does_what_it_says_on_what_is_picked() {
    keep(tracks::LIBRARY);
}

#[test]
fn the_map_gives_what_the_verbs_give() {
    keep(maps::MAP);
}

#[test]
fn encoders_do_what_is_said_of_them() {
    keep(encoders::ENCODERS);
}

#[test]
fn training_does_what_it_says() {
    keep(jobs::TRAIN);
}

#[test]
fn probing_gives_what_the_verbs_give() {
    keep(jobs::PROBE);
}
