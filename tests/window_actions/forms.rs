//! Actions that set something: sound, picture, mask, lessons, the window itself.

use mynascope::gui::{
    command::{
        Command, LessonChange, LessonCommand, MaskCommand, PictureCommand, RegionsCommand,
        SoundCommand, WindowCommand,
    },
    model::{AppState, Hearing, Lesson, Overlay, PicturePanel, Publishing, Selection, TimeView},
    workspace::{Room, Workspace},
};
use mynascope_spectrum::tokens::{PatchPlace, ViewName};

use super::{Bench, Promises};

/// Selects a stretch of the shown track.
fn select(bench: &mut Bench, start_secs: f64, end_secs: f64) {
    let selection = Selection {
        start_secs,
        end_secs,
    };
    let command = Command::edit_sound(bench.model(), |form| {
        form.selection = Some(selection);
        form.looped = None;
    });
    bench.apply(command);
}

fn ends(model: &AppState) -> Option<[f64; 2]> {
    let selection = model.transport.form.selection?;
    Some([selection.start_secs, selection.end_secs])
}

fn looped(model: &AppState) -> Option<[f64; 2]> {
    let looped = model.transport.form.looped?;
    Some([looped.start_secs, looped.end_secs])
}

/// Puts the playhead at a place, while it rests.
fn at(bench: &mut Bench, secs: f64) {
    bench.apply(Command::Sound(SoundCommand::Pause));
    bench.apply(Command::Sound(SoundCommand::Seek(secs)));
    bench.until("the playhead", |model| {
        !model.transport.playing && (model.transport.position_secs - secs).abs() < 0.05
    });
}

/// An action moves the playhead by so much.
fn moves(bench: &mut Bench, id: &str, by_secs: f64) {
    at(bench, 3.2);
    bench.act(id);
    let duration = bench.model().transport.duration_secs;
    let to = (3.2 + by_secs).clamp(0.0, duration);
    bench.until(id, |model| (model.transport.position_secs - to).abs() < 0.1);
}

/// An action moves the ends of the selection one way each.
fn nudges(bench: &mut Bench, id: &str, signs: [f64; 2]) {
    select(bench, 1.0, 2.0);
    let before = ends(bench.model()).unwrap();
    bench.act(id);
    let after = ends(bench.model()).unwrap();
    for end in 0..2 {
        let moved = after[end] - before[end];
        let sign = if moved == 0.0 { 0.0 } else { moved.signum() };
        assert_eq!(sign, signs[end], "{id}");
    }
}

fn hearing(model: &AppState) -> Hearing {
    model.transport.form.hearing
}

pub const SOUND: Promises = &[
    ("match-level", |bench, id| {
        bench.toggles(id, |model| model.transport.form.match_level);
    }),
    ("toggle-play", |bench, id| {
        bench.act(id);
        bench.until(id, |model| model.transport.playing);
        bench.act(id);
        bench.until(id, |model| !model.transport.playing);
    }),
    ("play-once", |bench, id| {
        select(bench, 1.0, 1.3);
        bench.act(id);
        bench.until(id, |model| model.transport.playing);
        bench.until(id, |model| !model.transport.playing);
    }),
    ("toggle-loop", |bench, id| {
        select(bench, 1.0, 2.0);
        bench.sets(id, looped, Some([1.0, 2.0]));
        bench.sets(id, looped, None);
    }),
    ("loop-selection", |bench, id| {
        select(bench, 2.0, 3.0);
        bench.sets(id, looped, Some([2.0, 3.0]));
    }),
    ("loop-from-here", |bench, id| {
        at(bench, 1.5);
        bench.act(id);
        let [start, _] = looped(bench.model()).unwrap();
        assert!((start - 1.5).abs() < 0.1, "{id}: {start}");
    }),
    ("loop-to-here", |bench, id| {
        at(bench, 4.5);
        bench.act(id);
        let [_, end] = looped(bench.model()).unwrap();
        assert!((end - 4.5).abs() < 0.1, "{id}: {end}");
    }),
    ("select-beats", |bench, id| {
        let none = Command::edit_sound(bench.model(), |form| form.selection = None);
        bench.apply(none);
        // Without a tempo it says what is missing instead.
        let said = bench.model().notices.shown().len();
        bench.act(id);
        let model = bench.model();
        assert!(ends(model).is_some() || model.notices.shown().len() > said);
    }),
    ("name-region", |bench, id| {
        assert!(
            bench.asked("export-regions").is_none(),
            "there is no region"
        );
        select(bench, 1.0, 2.5);
        bench.act(id);
        for command in [
            RegionsCommand::EditName("verse".to_owned()),
            RegionsCommand::EndName { keep: true },
        ] {
            bench.apply(Command::Regions(command));
        }
        let regions = bench.model().shown_regions();
        let named: Vec<&str> = regions.iter().map(|region| region.name.as_str()).collect();
        assert_eq!(named, ["verse"]);
    }),
    ("import-regions", |bench, id| bench.asks(id, "Import")),
    ("export-regions", |bench, id| bench.asks(id, "Export")),
    ("end-earlier", |bench, id| nudges(bench, id, [0.0, -1.0])),
    ("end-later", |bench, id| nudges(bench, id, [0.0, 1.0])),
    ("begin-earlier", |bench, id| nudges(bench, id, [-1.0, 0.0])),
    ("begin-later", |bench, id| nudges(bench, id, [1.0, 0.0])),
    ("clear-selection", |bench, id| {
        select(bench, 1.0, 2.0);
        bench.sets(id, ends, None);
    }),
    ("back-second", |bench, id| moves(bench, id, -1.0)),
    ("on-second", |bench, id| moves(bench, id, 1.0)),
    ("back-five", |bench, id| moves(bench, id, -5.0)),
    ("on-five", |bench, id| moves(bench, id, 5.0)),
    ("back-window", |bench, id| {
        let window = bench.model().mask.window_secs();
        moves(bench, id, -window);
    }),
    ("on-window", |bench, id| {
        let window = bench.model().mask.window_secs();
        moves(bench, id, window);
    }),
    ("to-start", |bench, id| moves(bench, id, -10.0)),
    ("to-end", |bench, id| moves(bench, id, 10.0)),
    ("hear-left", |bench, id| {
        bench.sets(id, hearing, Hearing::Left)
    }),
    ("hear-masked", |bench, id| {
        bench.sets(id, hearing, Hearing::Original);
        bench.sets(id, hearing, Hearing::Left);
    }),
    ("hear-dropped", |bench, id| {
        bench.sets(id, hearing, Hearing::Dropped);
    }),
    ("hear-original", |bench, id| {
        bench.sets(id, hearing, Hearing::Original);
    }),
    ("mute", |bench, id| {
        bench.sets(id, |model| model.settings.volume > 0.0, false);
        bench.sets(id, |model| model.settings.volume > 0.0, true);
    }),
    ("find-device", |bench, id| {
        bench.act(id);
        bench.until(id, |model| model.transport.output.is_some());
    }),
    ("play-on", |bench, id| {
        bench.toggles(id, |model| model.settings.play_on);
    }),
    ("next-track", |bench, id| {
        bench.sets(id, |model| model.library.selected, Some(1));
    }),
    ("previous-track", |bench, id| {
        bench.sets(id, |model| model.library.selected, Some(0));
    }),
    ("play-in-turn", |bench, id| {
        bench.apply(Command::Sound(SoundCommand::Pause));
        bench.act(id);
        bench.until(id, |model| model.transport.playing);
    }),
];

/// An action changes the view of the picture to what it was, or to the selection.
fn view(model: &AppState) -> TimeView {
    model.spectrogram.view
}

pub const PICTURE: Promises = &[
    ("fit-selection", |bench, id| {
        select(bench, 1.0, 2.0);
        bench.act(id);
        let view = view(bench.model());
        assert!(view.start_secs <= 1.0 && view.span_secs < 2.0, "{id}");
    }),
    ("fit-track", |bench, id| {
        bench.act(id);
        let view = view(bench.model());
        assert_eq!((view.start_secs, view.span_secs), (0.0, view.duration_secs));
    }),
    ("see-as-encoder", |bench, id| {
        bench.toggles(id, |model| model.spectrogram.form.as_encoder);
    }),
    ("picture-of-sound", |bench, id| {
        bench.toggles(id, AppState::shows_sound);
        bench.show(Workspace::Teach);
        assert!(bench.asked(id).is_none(), "Teach is about what is fed");
        bench.show(Workspace::Listen);
    }),
    ("frequency-axis", |bench, id| {
        assert!(bench.asked(id).is_none(), "the encoder's axis is mel");
        bench.act("picture-of-sound");
        bench.toggles(id, |model| model.spectrogram.form.sound.axis);
        bench.act("picture-of-sound");
    }),
    ("fft-larger", |bench, id| {
        bench.act("picture-of-sound");
        bench.sets(id, |model| model.spectrogram.form.sound.fft.get(), 4096);
        bench.act("top-up");
        assert_eq!(bench.model().spectrogram.form.sound.top_db, -5.0);
        bench.act("top-down");
        bench.act("see-as-encoder");
        assert!(bench.model().shows_encoder_input());
        bench.act("see-as-encoder");
    }),
    ("fft-smaller", |bench, id| {
        bench.act("picture-of-sound");
        bench.sets(id, |model| model.spectrogram.form.sound.fft.get(), 2048);
        bench.act("picture-of-sound");
    }),
    ("follow", |bench, id| {
        let before = bench.model().settings.follow;
        for _ in 0..2 {
            bench.changes(id, |model| model.settings.follow);
        }
        bench.sets(id, |model| model.settings.follow, before);
    }),
    ("summary", |bench, id| {
        bench.toggles(id, |model| model.spectrogram.form.summary);
    }),
    ("save-picture", |bench, id| {
        bench.act(id);
        let form = bench.model().publishing.unwrap();
        assert_eq!(form.panel, PicturePanel::Spectrogram);
        let path = bench.file("spectrogram.svg");
        let vector = Publishing {
            vector: true,
            ..form
        };
        let edit = PictureCommand::EditPublishing(Some(vector));
        bench.apply(Command::Picture(edit));
        bench.clipboard.clear();
        bench.apply(Command::Picture(PictureCommand::CopyPanelCommand));
        bench.until("the command", |_| true);
        let line = bench.clipboard.clone();
        assert!(line.contains("--panel spectrogram"), "{line}");
        bench.apply(Command::Picture(PictureCommand::EditPublishing(None)));
        assert!(bench.model().publishing.is_none() && !path.exists());
    }),
    ("save-similarity-picture", |bench, id| {
        assert!(bench.asked(id).is_none(), "no batch yet");
    }),
    ("copy-picture-command", |bench, id| {
        let line = bench.copies(id);
        assert!(line.starts_with("mynascope picture "), "{line}");
    }),
    ("next-colours", |bench, id| {
        bench.changes(id, |model| model.spectrogram.form.colour_map);
    }),
    ("previous-colours", |bench, id| {
        let first = Default::default();
        let first: mynascope::gui::model::PictureForm = first;
        bench.sets(
            id,
            |model| model.spectrogram.form.colour_map,
            first.colour_map,
        );
    }),
    ("top-up", |bench, id| {
        level(bench, id, |model| model.spectrogram.form.top_db, 1.0)
    }),
    ("top-down", |bench, id| {
        level(bench, id, |model| model.spectrogram.form.top_db, -1.0)
    }),
    ("range-up", |bench, id| {
        level(bench, id, |model| model.spectrogram.form.range_db, 1.0)
    }),
    ("range-down", |bench, id| {
        level(bench, id, |model| model.spectrogram.form.range_db, -1.0)
    }),
];

/// An action moves a level up or down.
fn level(bench: &mut Bench, id: &str, of: fn(&AppState) -> f32, sign: f32) {
    let before = of(bench.model());
    bench.act(id);
    assert_eq!((of(bench.model()) - before).signum(), sign, "{id}");
}

/// An action changes the share of dropped patches by so many points.
fn drops(bench: &mut Bench, id: &str, points: i32) {
    let before = bench.model().mask.form.percent();
    bench.sets(id, |model| model.mask.form.percent(), before + points);
}

pub const MASK: Promises = &[
    ("toggle-mask", |bench, id| {
        bench.toggles(id, |model| model.mask.form.shown);
    }),
    ("reroll", |bench, id| {
        bench.changes(id, |model| model.mask.form.seed);
    }),
    ("drop-less", |bench, id| drops(bench, id, -5)),
    ("drop-more", |bench, id| drops(bench, id, 5)),
    ("drop-little-less", |bench, id| drops(bench, id, -1)),
    ("drop-little-more", |bench, id| drops(bench, id, 1)),
    ("view-b", |bench, id| {
        bench.sets(id, |model| model.mask.form.active, ViewName::B);
    }),
    ("view-a", |bench, id| {
        bench.sets(id, |model| model.mask.form.active, ViewName::A);
    }),
    ("freeze-mask", |bench, id| {
        bench.act(id);
        assert!(bench.asked("reroll").is_none(), "frozen");
        bench.act(id);
        assert!(bench.asked("reroll").is_some());
    }),
    ("paint-patches", |bench, id| {
        bench.toggles(id, |model| model.mask.form.painting);
    }),
    ("clear-paint", |bench, id| {
        assert!(bench.asked(id).is_none(), "nothing is painted");
        let place = PatchPlace {
            window: 0,
            token: 1,
        };
        let paint = MaskCommand::Paint {
            view: ViewName::A,
            places: vec![place],
            keep: Some(false),
        };
        bench.apply(Command::Mask(paint));
        bench.changes(id, |model| model.mask.paint.is_empty());
    }),
];

/// An action lays something over the panels, and takes it away.
fn overlays(bench: &mut Bench, id: &str, overlay: Overlay) {
    bench.sets(id, |model| model.overlay, Some(overlay));
    bench.sets(id, |model| model.overlay, None);
}

fn shows(bench: &mut Bench, id: &str, workspace: Workspace) {
    bench.sets(id, |model| model.workspace, workspace);
}

pub const WINDOW: Promises = &[
    ("layout-teach", |bench, id| {
        shows(bench, id, Workspace::Teach)
    }),
    ("layout-map", |bench, id| shows(bench, id, Workspace::Map)),
    ("layout-train", |bench, id| {
        shows(bench, id, Workspace::Train)
    }),
    ("layout-probe", |bench, id| {
        shows(bench, id, Workspace::Probe)
    }),
    ("layout-listen", |bench, id| {
        shows(bench, id, Workspace::Listen)
    }),
    ("reset-layout", |bench, id| {
        let moved = WindowCommand::SaveWorkspace(Workspace::Listen, Room::Large, "{}".to_owned());
        bench.apply(Command::Window(moved));
        bench.changes(id, |model| model.settings.layouts.contains_key("Listen"));
    }),
    ("palette", |bench, id| overlays(bench, id, Overlay::Palette)),
    ("settings", |bench, id| {
        overlays(bench, id, Overlay::Settings)
    }),
    ("published-encoders", |bench, id| {
        bench.sets(id, |model| model.overlay, Some(Overlay::Published));
        bench.apply(Command::Window(WindowCommand::ShowOverlay(None)));
    }),
    ("keys", |bench, id| overlays(bench, id, Overlay::Keys)),
    ("messages", |bench, id| {
        overlays(bench, id, Overlay::Messages)
    }),
    ("clear-cache", |bench, id| bench.asks(id, "ClearCache")),
    ("settings-folder", |bench, id| bench.asks(id, "Settings")),
    ("data-folder", |bench, id| bench.asks(id, "Data")),
    ("cache-folder", |bench, id| bench.asks(id, "Cache")),
    ("undo", |bench, id| {
        let other = Command::edit_mask(bench.model(), |form| form.seed = 77);
        bench.apply(other);
        bench.changes(id, |model| model.mask.form.seed);
    }),
    ("redo", |bench, id| {
        bench.sets(id, |model| model.mask.form.seed, 77);
    }),
    ("larger", |bench, id| {
        bench.sets(id, |model| model.settings.scale, 1.1);
    }),
    ("smaller", |bench, id| {
        bench.sets(id, |model| model.settings.scale, 1.0);
        bench.sets(id, |model| model.settings.scale, 0.9);
    }),
    ("normal-size", |bench, id| {
        bench.sets(id, |model| model.settings.scale, 1.0);
    }),
    ("close-messages", |bench, id| {
        bench.apply(Command::Window(WindowCommand::Tell("Something".to_owned())));
        bench.sets(id, |model| model.notices.shown().len(), 0);
        assert!(bench.asked(id).is_none(), "there are none");
    }),
    ("other-theme", |bench, id| {
        bench.toggles(id, |model| model.settings.theme);
    }),
    ("full-screen", |bench, id| {
        bench.toggles(id, |model| model.presenting);
    }),
];

/// An action opens a built-in lesson, at its first page.
fn opens(bench: &mut Bench, id: &str, number: usize) {
    bench.act(id);
    let open = bench.model().lesson.as_ref().unwrap();
    let built_in = Lesson::built_in(number).unwrap();
    assert_eq!(
        (&open.lesson.title, open.step),
        (&built_in.title, 0),
        "{id}"
    );
}

fn page(model: &AppState) -> Option<usize> {
    Some(model.lesson.as_ref()?.step)
}

pub const LESSONS: Promises = &[
    ("lesson-new", |bench, id| {
        bench.sets(id, page, Some(0));
        assert!(bench.model().lesson.as_ref().unwrap().edit.is_some());
    }),
    ("lesson-add-page", |bench, id| {
        bench.sets(id, page, Some(1));
    }),
    ("lesson-take-state", |bench, id| {
        let other = Command::edit_mask(bench.model(), |form| form.seed = 4321);
        bench.apply(other);
        bench.changes(id, |model| {
            let open = model.lesson.as_ref().unwrap();
            open.lesson.state_at(open.step).seed
        });
    }),
    ("lesson-page-earlier", |bench, id| {
        bench.sets(id, page, Some(0));
        let open = bench.model().lesson.as_ref().unwrap();
        assert_eq!(open.lesson.state_at(0).seed, Some(4321));
    }),
    ("lesson-page-later", |bench, id| {
        bench.sets(id, page, Some(1));
        assert!(bench.asked(id).is_none(), "it is the last");
    }),
    ("lesson-delete-page", |bench, id| {
        bench.sets(id, page, Some(0));
        assert!(bench.asked(id).is_none(), "a lesson has a page");
    }),
    ("lesson-save", |bench, id| {
        bench.asks(id, "Save");
        for text in [
            LessonChange::Title("Mine".to_owned()),
            LessonChange::Text("Look.".to_owned()),
        ] {
            bench.apply(Command::Lesson(LessonCommand::Edit(text)));
        }
        let path = bench.file("mine.toml");
        let save = LessonCommand::SaveTo(path.clone());
        bench.apply(Command::Lesson(save));
        bench.written(&path);
        let text = std::fs::read_to_string(&path).unwrap();
        let saved = Lesson::parse(&text, path.parent()).unwrap();
        assert_eq!(saved, bench.model().lesson.as_ref().unwrap().lesson);
    }),
    ("lesson-edit-end", |bench, id| {
        bench.act(id);
        assert!(bench.model().lesson.as_ref().unwrap().edit.is_none());
    }),
    ("lesson-edit", |bench, id| {
        bench.act(id);
        assert!(bench.model().lesson.as_ref().unwrap().edit.is_some());
        bench.apply(Command::Lesson(LessonCommand::Leave));
        assert_eq!(page(bench.model()), None);
    }),
    ("lesson-open", |bench, id| bench.asks(id, "ChooseFile")),
    ("lesson-tokens", |bench, id| opens(bench, id, 0)),
    ("lesson-ninety-percent", |bench, id| opens(bench, id, 1)),
    ("lesson-shapes", |bench, id| opens(bench, id, 2)),
    ("lesson-views", |bench, id| opens(bench, id, 3)),
    ("lesson-temperature", |bench, id| opens(bench, id, 4)),
    ("lesson-equivariance", |bench, id| opens(bench, id, 5)),
    ("lesson-patchout", |bench, id| opens(bench, id, 6)),
    ("lesson-teacher", |bench, id| opens(bench, id, 7)),
    ("lesson-next", |bench, id| {
        bench.sets(id, page, Some(1));
    }),
    ("lesson-back", |bench, id| {
        bench.sets(id, page, Some(0));
        assert!(bench.asked(id).is_none(), "no page before the first");
    }),
    ("lesson-close", |bench, id| {
        bench.sets(id, page, None);
        assert!(bench.asked(id).is_none(), "no lesson is open");
    }),
    ("lesson-leave", |bench, id| {
        let seed = |model: &AppState| model.mask.form;
        let before = seed(bench.model());
        bench.act("lesson-ninety-percent");
        bench.act(id);
        assert_eq!(seed(bench.model()), before, "what was set before it");
        assert_eq!(page(bench.model()), None);
    }),
];
