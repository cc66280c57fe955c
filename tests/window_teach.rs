//! The Teach workspace answers what is shown, and every lesson shows what it says. Without a screen.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::time::{Duration, Instant};

use eframe::egui;
use mynascope::gui::{
    App, Start,
    command::{
        Command, EncoderCommand, LessonCommand, LibraryCommand, MapCommand, MaskCommand,
        TeachCommand, WindowCommand,
    },
    model::{
        AppState, BUILT_IN_LESSONS, EncoderSource, Layer, Lesson, LessonState, Severity, TeachForm,
    },
    workspace::Workspace,
};
use mynascope_audio as audio;
use mynascope_base::storage::Settings;
use mynascope_encoder::{CheckpointRef, DeviceChoice};
use mynascope_spectrum::tokens::{MaskRatio, PatchPlace, ViewName};

/// Debug builds on a busy machine are slow.
const PATIENCE: Duration = Duration::from_secs(120);

/// Four tracks of eight seconds, where the lessons look for theirs in the demo collection.
fn sounds() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let names = [
        "folk/morning-on-the-canal.wav",
        "techno/one.wav",
        "jazz/two.wav",
        "waltz/three.wav",
    ];
    for (name, base) in names.iter().zip([110.0_f32, 220.0, 470.0, 880.0]) {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let samples: Vec<f32> = (0..8 * 16_000)
            .map(|index| {
                let secs = index as f32 / 16_000.0;
                let hz = base * (1.0 + secs.floor() * 0.25);
                0.5 * (std::f32::consts::TAU * hz * secs).sin()
            })
            .collect();
        audio::write_wav(&path, &samples, 16_000).unwrap();
    }
    folder
}

fn open(folder: &tempfile::TempDir) -> (App, egui::Context) {
    let ctx = egui::Context::default();
    let start = Start {
        paths: vec![folder.path().to_path_buf()],
        settings: Settings::default(),
        complaint: None,
        sound: false,
        remember: false,
    };
    let mut app = App::new(&ctx, start).unwrap();
    app.apply(Command::Encoder(EncoderCommand::Use(EncoderSource {
        device: DeviceChoice::Cpu,
        ..EncoderSource::default()
    })));
    until(&mut app, &ctx, |app| {
        !app.is_busy() && app.model().spectrogram.picture().is_some()
    });
    (app, ctx)
}

fn until(app: &mut App, ctx: &egui::Context, done: impl Fn(&App) -> bool) {
    let begin = Instant::now();
    loop {
        app.before_frame(ctx);
        if done(app) {
            return;
        }
        assert!(begin.elapsed() < PATIENCE, "still at work");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn every_lesson_shows_on_every_page_what_it_says() {
    let folder = sounds();
    let (mut app, ctx) = open(&folder);
    for number in 0..BUILT_IN_LESSONS {
        let lesson = Lesson::built_in(number).unwrap();
        // A user has left everything elsewhere.
        app.apply(Command::Mask(MaskCommand::Reroll));
        app.apply(Command::edit_mask(app.model(), |form| {
            form.active = ViewName::B
        }));
        app.apply(Command::Mask(MaskCommand::MoveCrop {
            view: ViewName::A,
            start_frame: Some(17),
        }));
        let before = LessonState::of(app.model());
        let sources = app.model().library.sources.clone();
        app.apply(Command::Lesson(LessonCommand::Open(number)));
        // To the end and back again.
        let last = lesson.steps.len() - 1;
        for (page, step) in (0..=last).chain((0..last).rev()).enumerate() {
            if page > 0 {
                let pages = if page <= last { 1 } else { -1 };
                app.apply(Command::Lesson(LessonCommand::Turn(pages)));
            }
            until(&mut app, &ctx, |app| app.model().arriving.is_none());
            shows(app.model(), &lesson.state_at(step));
        }
        app.apply(Command::Lesson(LessonCommand::Leave));
        assert!(app.model().lesson.is_none());
        // What the user had is back: the collection, the track, and all that was set.
        until(&mut app, &ctx, |app| app.model().arriving.is_none());
        assert_eq!(LessonState::of(app.model()), before);
        assert_eq!(app.model().library.sources, sources);
    }
}

fn shows(model: &AppState, said: &LessonState) {
    let path = model.spectrogram.path().expect("a track is shown");
    assert!(said.is_track(path), "{said:?}: {}", path.display());
    let is = LessonState::of(model);
    assert_eq!(
        (is.start_secs, is.span_secs),
        (said.start_secs, said.span_secs)
    );
    let mut as_said = AppState::default();
    said.set(&mut as_said);
    let all_but_track = |state: LessonState| LessonState {
        track: None,
        start_secs: None,
        span_secs: None,
        ..state
    };
    assert_eq!(all_but_track(is), all_but_track(LessonState::of(&as_said)));
}

#[test]
fn the_lab_answers_for_the_mask_that_is_shown() {
    let folder = sounds();
    let (mut app, ctx) = open(&folder);
    let idle = |app: &App| !app.is_busy();
    assert!(
        app.model().teaching.views.value.is_none(),
        "only Teach asks"
    );
    app.apply(Command::Window(WindowCommand::ShowWorkspace(
        Workspace::Teach,
    )));
    app.apply(Command::Teach(TeachCommand::Edit(TeachForm {
        layer: Layer::Rollout,
        ..TeachForm::default()
    })));
    until(&mut app, &ctx, idle);
    let teaching = &app.model().teaching;
    let first = teaching.views.value.clone().unwrap();
    assert!(first.cosine > -1.0 && first.cosine < 1.0);
    let [near, _] = &first.near;
    assert_eq!(near.len(), 4, "one window of each track");
    assert!(near.windows(2).all(|pair| pair[0].cosine >= pair[1].cosine));
    let batch = teaching.batch.value.clone().unwrap();
    assert_eq!((batch.tracks.len(), batch.skipped), (4, 0));
    let attention = teaching.attention.value.clone().unwrap();
    assert_eq!(
        attention.trace.kept,
        app.model().mask.crop(ViewName::A, 251).kept_square
    );

    // A patch painted by hand reaches the encoder, and of the batch the shown view alone.
    let kept = attention.trace.kept[0];
    let paint = |token| {
        Command::Mask(MaskCommand::Paint {
            view: ViewName::A,
            places: vec![PatchPlace { window: 0, token }],
            keep: Some(false),
        })
    };
    app.apply(paint(kept));
    until(&mut app, &ctx, idle);
    let teaching = &app.model().teaching;
    let painted = teaching.views.value.clone().unwrap();
    assert_ne!(painted.cosine, first.cosine);
    assert_eq!(
        teaching.attention.value.as_ref().unwrap().trace.kept.len(),
        11
    );
    let after = &teaching.batch.value.as_ref().unwrap().similarity;
    for (a, b) in (0..4).flat_map(|a| (0..4).map(move |b| (a, b))) {
        let same = after.across(a, b) == batch.similarity.across(a, b);
        assert_eq!(same, a != 0, "{a} {b}");
    }

    // Nothing is left: said, not shown as a number.
    for token in 0..48 {
        app.apply(paint(token));
    }
    until(&mut app, &ctx, idle);
    let error = app.model().teaching.views.error.clone().unwrap();
    assert!(error.contains("keep at least one patch"), "{error}");

    // A dragged slider asks many times; the last one is answered.
    app.apply(Command::Mask(MaskCommand::ClearPaint));
    for percent in (0..=90).step_by(5) {
        let ratio = MaskRatio::new(f64::from(percent) / 100.0).unwrap();
        app.apply(Command::edit_mask(app.model(), |form| form.ratio = ratio));
        app.before_frame(&ctx);
    }
    until(&mut app, &ctx, idle);
    let batch = app.model().teaching.batch.value.clone().unwrap();
    assert_eq!(batch.key.ratio, MaskRatio::MYNA);
    assert_eq!(
        app.model()
            .teaching
            .attention
            .value
            .as_ref()
            .unwrap()
            .trace
            .kept
            .len(),
        5
    );
}

/// The built-in lessons say what is true of a Myna: it is in use while one is open.
#[test]
fn a_lesson_takes_the_shipped_myna_and_gives_another_encoder_back() {
    let folder = sounds();
    let (mut app, ctx) = open(&folder);
    let hub = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/maest/hub");
    let maest = app
        .model()
        .embeddings
        .source
        .with_checkpoint(CheckpointRef::File(hub));
    app.apply(Command::Encoder(EncoderCommand::Use(maest.clone())));
    until(&mut app, &ctx, |app| app.model().mask.own.is_some());
    app.apply(Command::Lesson(LessonCommand::Open(0)));
    app.apply(Command::Lesson(LessonCommand::Open(1)));
    until(&mut app, &ctx, |app| app.model().mask.own.is_none());
    let used = &app.model().embeddings.source;
    assert_eq!(used.checkpoint, CheckpointRef::Shipped);
    app.apply(Command::Lesson(LessonCommand::Leave));
    assert_eq!(app.model().embeddings.source, maest);
    // Of one's own lessons nothing is known.
    let own = Lesson::built_in(0).unwrap();
    app.apply(Command::Lesson(LessonCommand::Show(Box::new(own))));
    assert_eq!(app.model().embeddings.source, maest);
}

/// An MT2 that is dropped on the window is its encoder, says what its file doesn't, and is mapped like any other.
#[test]
fn a_dropped_mt2_is_mapped_and_shows_patchout_of_its_frames() {
    let folder = sounds();
    let (mut app, ctx) = open(&folder);
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/mt2/model_state_dict.pt");
    app.apply(Command::Library(LibraryCommand::Drop(vec![file.clone()])));
    until(&mut app, &ctx, |app| {
        app.model().embeddings.source.checkpoint == CheckpointRef::File(file.clone())
    });
    assert!(app.model().embeddings.asks_patch.is_none());
    app.apply(Command::Window(WindowCommand::ShowWorkspace(
        Workspace::Teach,
    )));
    until(&mut app, &ctx, |app| {
        app.model().teaching.patchout.value.is_some()
    });
    let answer = app.model().teaching.patchout.value.clone().unwrap();
    assert_eq!((answer.rows, answer.tokens[1]), (1, 126));
    // Both spectrograms that it is fed are shown.
    app.apply(Command::edit_picture(app.model(), |form| {
        form.as_encoder = true
    }));
    until(&mut app, &ctx, |app| !app.is_busy());
    let kind = app.model().mask.input_kind();
    let input = app.model().spectrogram.encoder_input(kind).unwrap();
    let vqt = input.vqt.as_ref().unwrap();
    assert_eq!((input.mel.bands().count, vqt.bands().count), (128, 84));
    assert_eq!(vqt.frames(), input.mel.frames());
    assert!(answer.styles.is_empty() && answer.cosine > 0.0);
    app.apply(Command::Map(MapCommand::Compute));
    until(&mut app, &ctx, |app| {
        !app.is_busy() && app.model().mapping.chart.is_some()
    });
    let table = app.model().embeddings.table.clone().unwrap();
    assert!(
        table.table.encoder.contains("MT2"),
        "{}",
        table.table.encoder
    );
}

/// A Music2Vec that is dropped on the window is its encoder, is mapped like any other, and is followed over a track that is
/// shorter than its windows.
#[test]
fn a_dropped_music2vec_is_mapped_and_shows_where_it_attends() {
    let folder = sounds();
    let (mut app, ctx) = open(&folder);
    let hub = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/music2vec/hub");
    app.apply(Command::Library(LibraryCommand::Drop(vec![hub.clone()])));
    until(&mut app, &ctx, |app| {
        app.model().embeddings.source.checkpoint == CheckpointRef::File(hub.clone())
    });
    assert!(app.model().embeddings.asks_patch.is_none());
    app.apply(Command::Window(WindowCommand::ShowWorkspace(
        Workspace::Teach,
    )));
    until(&mut app, &ctx, |app| {
        app.model().teaching.patchout.value.is_some()
    });
    let mut form = app.model().teaching.form;
    form.layer = Layer::Rollout;
    form.whole = true;
    app.apply(Command::Teach(TeachCommand::Edit(form)));
    until(&mut app, &ctx, |app| {
        app.model().teaching.attention.value.is_some()
    });
    let trace = &app.model().teaching.attention.value.clone().unwrap().trace;
    assert_eq!(trace.kept.len(), trace.grid.columns);
    assert!(trace.grid.columns > 0 && trace.grid.columns < 1499);
    app.apply(Command::Map(MapCommand::Compute));
    until(&mut app, &ctx, |app| {
        !app.is_busy() && app.model().mapping.chart.is_some()
    });
    let table = app.model().embeddings.table.clone().unwrap();
    assert!(
        table.table.encoder.contains("Music2Vec"),
        "{}",
        table.table.encoder
    );
}

/// A MAEST that is dropped on the window is its encoder without a question, is mapped like any other, and Teach shows what
/// patchout saves and which styles a window has.
#[test]
fn a_dropped_maest_is_mapped_and_shows_patchout_and_styles() {
    let folder = sounds();
    let (mut app, ctx) = open(&folder);
    let hub = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/maest/hub");
    app.apply(Command::Library(LibraryCommand::Drop(vec![hub.clone()])));
    until(&mut app, &ctx, |app| {
        app.model().embeddings.source.checkpoint == CheckpointRef::File(hub.clone())
    });
    assert!(app.model().embeddings.source.patch.is_none());
    assert!(
        app.model().embeddings.asks_patch.is_none(),
        "MAEST has one way to cut patches"
    );
    app.apply(Command::Window(WindowCommand::ShowWorkspace(
        Workspace::Teach,
    )));
    until(&mut app, &ctx, |app| {
        let answer = app.model().teaching.patchout.value.as_ref();
        answer.is_some_and(|answer| !answer.styles.is_empty())
    });
    let first = app.model().teaching.patchout.value.clone().unwrap();
    assert!(first.tokens[0] < first.tokens[1] && first.cosine < 1.0);
    assert!(first.styles.windows(2).all(|pair| pair[0].1 >= pair[1].1));
    // Everything is read: the same embedding.
    let mut form = app.model().teaching.form;
    form.patchout.every = 1;
    app.apply(Command::Teach(TeachCommand::Edit(form)));
    until(&mut app, &ctx, |app| {
        let answer = app.model().teaching.patchout.value.as_ref();
        answer.is_some_and(|answer| answer.tokens[0] == answer.tokens[1])
    });
    let whole = app.model().teaching.patchout.value.clone().unwrap();
    assert!(whole.cosine > 0.999_999);
    // Where it attends is shown over the window that holds the crop, of all tokens or of those that patchout leaves.
    form.layer = Layer::Rollout;
    form.patchout.every = 3;
    for (whole, tokens) in [(true, 9 * 31), (false, 9 * 11)] {
        form.whole = whole;
        app.apply(Command::Teach(TeachCommand::Edit(form)));
        until(&mut app, &ctx, |app| {
            let answer = app.model().teaching.attention.value.as_ref();
            answer.is_some_and(|answer| answer.trace.kept.len() == tokens)
        });
        let answer = app.model().teaching.attention.value.clone().unwrap();
        assert_eq!(answer.trace.grid.columns, 31);
        let rollout: f32 = answer.trace.rollout(form.blocks).iter().sum();
        assert!(
            rollout > 0.0 && rollout < 1.0,
            "the class token keeps a share: {rollout}"
        );
        let crop = app.model().mask.table(ViewName::A).unwrap();
        let middle = 0.032 * (crop.view.start_frame() + 48) as f64;
        let window = answer.start_secs..answer.start_secs + 5.0;
        assert!(window.contains(&middle), "{window:?} holds {middle}");
    }
    // No row is left: said, not computed.
    form.patchout.dropped_rows = "0,1,2,3,4,5,6,7,8".parse().unwrap();
    app.apply(Command::Teach(TeachCommand::Edit(form)));
    until(&mut app, &ctx, |app| {
        app.model().teaching.patchout.error.is_some()
    });
    assert!(
        app.model()
            .teaching
            .patchout
            .error
            .as_ref()
            .unwrap()
            .contains("fewer rows")
    );
    app.apply(Command::Map(MapCommand::Compute));
    until(&mut app, &ctx, |app| {
        !app.is_busy() && app.model().mapping.chart.is_some()
    });
    let table = app.model().embeddings.table.clone().unwrap();
    assert!(
        table.table.encoder.contains("MAEST"),
        "{}",
        table.table.encoder
    );
    // Back to a Myna, its masks are shown again.
    app.apply(Command::Encoder(EncoderCommand::Use(EncoderSource {
        device: DeviceChoice::Cpu,
        ..EncoderSource::default()
    })));
    app.apply(Command::Window(WindowCommand::ShowWorkspace(
        Workspace::Teach,
    )));
    until(&mut app, &ctx, |app| {
        app.model().teaching.views.value.is_some()
    });
    assert!(app.model().teaching.patchout.value.is_none());
}

/// The promise: a lesson that opens another collection takes nothing away. Its end brings back collection, track, map, mask and layout.
#[test]
fn a_lesson_that_opens_another_collection_gives_the_own_one_back_with_its_map() {
    let folder = sounds();
    let (mut app, ctx) = open(&folder);
    let idle = |app: &App| !app.is_busy();
    app.apply(Command::Library(LibraryCommand::Select(2)));
    app.apply(Command::Window(WindowCommand::ShowWorkspace(
        Workspace::Map,
    )));
    app.apply(Command::Map(MapCommand::Compute));
    until(&mut app, &ctx, idle);
    let points = app.model().mapping.chart.as_ref().unwrap().xy.clone();
    let before = LessonState::of(app.model());
    let sources = app.model().library.sources.clone();
    // A lesson of a track elsewhere, which is still there, and one of a track that is gone.
    let other = tempfile::tempdir().unwrap();
    let track = other.path().join("else.wav");
    audio::write_wav(&track, &[0.25; 64_000], 16_000).unwrap();
    let state = |track: &std::path::Path| LessonState {
        track: Some(track.to_string_lossy().into_owned()),
        layout: Some(Workspace::Teach),
        ..LessonState::default()
    };
    let lesson = Lesson::new("Elsewhere".to_owned(), state(&track));
    app.apply(Command::Lesson(LessonCommand::Show(Box::new(lesson))));
    until(&mut app, &ctx, |app| app.model().arriving.is_none());
    assert_eq!(app.model().spectrogram.path(), Some(track.as_path()));
    assert!(app.model().mapping.chart.is_none());
    assert!(app.model().mask.form.shown, "Teach shows the mask");
    let gone = Lesson::new("Gone".to_owned(), state(&other.path().join("gone.wav")));
    app.apply(Command::Lesson(LessonCommand::Show(Box::new(gone))));
    until(&mut app, &ctx, |app| app.model().arriving.is_none());
    let notices = app.model().notices.shown().iter();
    let errors = notices.filter(|it| it.severity == Severity::Error);
    let told: Vec<&str> = errors.map(|it| it.text.as_str()).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("“gone.wav”"), "{told:?}");
    app.apply(Command::Lesson(LessonCommand::Leave));
    until(&mut app, &ctx, |app| app.model().arriving.is_none());
    let model = app.model();
    assert_eq!(model.library.sources, sources);
    assert_eq!(model.library.track_count(), 4);
    assert_eq!(LessonState::of(model), before);
    assert!(!model.mask.form.shown && model.workspace == Workspace::Map);
    assert_eq!(model.mapping.chart.as_ref().unwrap().xy, points);
}

/// The promise: the mask is drawn in Teach alone, until the user says otherwise of a layout, which is kept for the next start.
#[test]
fn each_layout_draws_the_mask_as_the_user_left_it_there() {
    let folder = sounds();
    let (mut app, _) = open(&folder);
    let show = |app: &mut App, layout| {
        app.apply(Command::Window(WindowCommand::ShowWorkspace(layout)));
        app.model().mask.form.shown
    };
    for layout in Workspace::ALL {
        assert_eq!(show(&mut app, layout), layout == Workspace::Teach);
    }
    app.apply(Command::edit_mask(app.model(), |form| form.shown = true));
    assert!(show(&mut app, Workspace::Teach));
    app.apply(Command::edit_mask(app.model(), |form| form.shown = false));
    assert!(!show(&mut app, Workspace::Listen));
    assert!(show(&mut app, Workspace::Probe));
    assert!(!show(&mut app, Workspace::Teach));
    // The next start.
    let settings = app.model().settings.clone();
    let start = Start {
        paths: vec![folder.path().to_path_buf()],
        settings,
        complaint: None,
        sound: false,
        remember: false,
    };
    let mut next = App::new(&egui::Context::default(), start).unwrap();
    assert!(!next.model().mask.form.shown);
    assert!(show(&mut next, Workspace::Probe) && !show(&mut next, Workspace::Teach));
}
