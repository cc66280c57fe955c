//! How long the window takes to its first frame, first picture, and each frame.

use std::{
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{Bench, Measure, memory, sound};
use crate::gui::{
    Offscreen,
    command::{Command as Act, LibraryCommand, TrainCommand, WindowCommand},
    model::{Offer, Overlay, PictureOf, PictureState, TrainPhase},
    workspace::Workspace,
};
use mynascope_base::storage::Theme;
use mynascope_encoder::DeviceChoice;
use mynascope_spectrum::tokens::MaskRatio;
use mynascope_train::TrainConfig;

const SIZE: [u32; 2] = [1280, 800];
const RUNS: usize = 3;
const DRAGGED_FRAMES: usize = 60;
/// How long the real window rests before and while its CPU time is read.
const SETTLE: Duration = Duration::from_secs(15);
const REST: Duration = Duration::from_secs(10);
/// Tracks of a large collection, and what is typed to find one.
const LARGE: usize = 100_000;
const TYPED: &str = "take 4711 song";
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Between two frames, so that a training beside gets its processor.
const FRAME_REST: Duration = Duration::from_millis(16);
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) fn run(measure: &mut Measure<'_>, verb: &Bench) -> anyhow::Result<()> {
    first_frame(measure)?;
    let folder = tempfile::tempdir()?;
    let mut dragged = None;
    for (minutes, runs) in [(5, RUNS), (60, 1)] {
        let (mut first, mut whole) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            measure.console.cancel().check()?;
            // Another sound each time, so that no cache knows it.
            let path = folder.path().join(format!("{minutes}-minutes.wav"));
            sound::write(&path, 60.0 * f64::from(minutes))?;
            let mut window = Offscreen::open(SIZE, Theme::Dark, vec![path])?;
            let start = Instant::now();
            while !window.step_to_picture()? && start.elapsed() < PATIENCE {
                thread::sleep(LOOK_EVERY);
            }
            first.push(1e3 * start.elapsed().as_secs_f64());
            window.settle(PATIENCE)?;
            whole.push(1e3 * start.elapsed().as_secs_f64());
            if let PictureState::Failed(why) = &window.model().spectrogram.state {
                anyhow::bail!("{why}");
            }
            dragged = Some(window);
        }
        let track = format!("of a {minutes}-minute track, never seen before");
        measure.values(format!("first picture {track}"), "ms", first);
        measure.values(format!("whole picture {track}"), "ms", whole);
        if let Some(mut window) = dragged.take() {
            frames(measure, &mut window, minutes)?;
            picture_of_sound(measure, &mut window, minutes)?;
        }
    }
    palette(measure)?;
    beside_training(measure)?;
    idle(measure, verb);
    Ok(())
}

/// From nothing to the first drawn frame of the demo collection, without the process's own start.
fn first_frame(measure: &mut Measure<'_>) -> anyhow::Result<()> {
    let mut values = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        let mut window = Offscreen::open(SIZE, Theme::Dark, Vec::new())?;
        window.time_frame()?;
        values.push(1e3 * start.elapsed().as_secs_f64());
    }
    measure.values("window opened to its first frame drawn", "ms", values);
    Ok(())
}

/// Frames while the mask ratio is dragged: the window's own work, and with the drawing.
fn frames(measure: &mut Measure<'_>, window: &mut Offscreen, minutes: u32) -> anyhow::Result<()> {
    let (mut own, mut drawn) = (Vec::new(), Vec::new());
    for frame in 0..DRAGGED_FRAMES {
        let ratio = MaskRatio::new(0.95 * frame as f64 / DRAGGED_FRAMES as f64)?;
        window.apply(Act::edit_mask(window.model(), |form| form.ratio = ratio));
        let times = window.time_frame()?;
        own.push(1e3 * times.own.as_secs_f64());
        drawn.push(1e3 * times.drawn.as_secs_f64());
    }
    let adapter = window.adapter();
    let what = format!("frame while the ratio is dragged, {minutes}-minute track");
    measure.values(format!("{what}, window's work"), "ms", own);
    measure.values(format!("{what}, drawn by {adapter}"), "ms", drawn);
    Ok(())
}

/// From the switch to the picture of the sound until all of the track stands there.
fn picture_of_sound(
    measure: &mut Measure<'_>,
    window: &mut Offscreen,
    minutes: u32,
) -> anyhow::Result<()> {
    let start = Instant::now();
    window.apply(Act::edit_picture(window.model(), |form| {
        form.of = PictureOf::Sound;
    }));
    // The first frame says how large the picture is.
    let mut first = true;
    while first || !window.model().spectrogram.sound.is_whole() {
        measure.console.cancel().check()?;
        anyhow::ensure!(
            start.elapsed() < PATIENCE,
            "the picture of the sound is not there"
        );
        window.time_frame()?;
        first = false;
    }
    let millis = 1e3 * start.elapsed().as_secs_f64();
    let what = format!("picture of the sound, all of a {minutes}-minute track");
    measure.values(what, "ms", vec![millis]);
    Ok(())
}

/// Keys that are typed into the palette over a large collection: the window's work in the frame of the key, and how long until the
/// tracks that answer stand there.
fn palette(measure: &mut Measure<'_>) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let tracks = folder.path().join("tracks");
    memory::tracks_of_names(&tracks, LARGE, 1.0, measure.console.cancel())?;
    let mut window = Offscreen::open(SIZE, Theme::Dark, vec![tracks])?;
    let start = Instant::now();
    while window.model().library.opening().is_some() {
        anyhow::ensure!(
            start.elapsed() < PATIENCE,
            "the large collection is not open"
        );
        window.time_frame()?;
    }
    window.apply(Act::Library(LibraryCommand::StopOpening));
    window.apply(Act::Window(WindowCommand::ShowOverlay(Some(
        Overlay::Palette,
    ))));
    let (mut own, mut found) = (Vec::new(), Vec::new());
    for end in 1..=TYPED.len() {
        let typed = TYPED.get(..end).unwrap_or(TYPED).to_owned();
        let pressed = Instant::now();
        window.apply(Act::Window(WindowCommand::PaletteText(typed)));
        let applied = pressed.elapsed();
        let times = window.time_frame()?;
        own.push(1e3 * (applied + times.own).as_secs_f64());
        let is_track = |offer: &Offer| matches!(offer, Offer::Track(_));
        while !window.model().palette.offers.iter().any(is_track) && pressed.elapsed() < PATIENCE {
            window.time_frame()?;
        }
        found.push(1e3 * pressed.elapsed().as_secs_f64());
    }
    let what = format!("key in the palette over {LARGE} tracks");
    measure.values(format!("{what}, window's work"), "ms", own);
    measure.values(format!("{what}, until tracks are found"), "ms", found);
    Ok(())
}

/// Frames while a training runs on the CPU: its curves, and the mask under a dragged slider.
fn beside_training(measure: &mut Measure<'_>) -> anyhow::Result<()> {
    let runs = tempfile::tempdir()?;
    let mut window = Offscreen::open(SIZE, Theme::Dark, vec!["demo".into()])?;
    window.settle(PATIENCE)?;
    let form = TrainConfig {
        batch: 64,
        steps: 1_000_000,
        save_every: 1_000_000,
        device: DeviceChoice::Cpu,
        ..TrainConfig::default()
    };
    for command in [
        Act::Window(WindowCommand::ShowWorkspace(Workspace::Train)),
        Act::Train(TrainCommand::KeepRunsIn(runs.path().to_path_buf())),
        Act::Train(TrainCommand::Edit(Box::new(form))),
        Act::Train(TrainCommand::Start),
    ] {
        window.apply(command);
    }
    let start = Instant::now();
    while window.model().training.phase != TrainPhase::Running {
        measure.console.cancel().check()?;
        anyhow::ensure!(
            start.elapsed() < PATIENCE && window.model().training.is_active(),
            "the training beside the window did not begin: {:?}",
            window.model().training.phase
        );
        window.time_frame()?;
        thread::sleep(LOOK_EVERY);
    }
    for (layout, name) in [
        (Workspace::Train, "curves"),
        (Workspace::Teach, "ratio dragged"),
    ] {
        window.apply(Act::Window(WindowCommand::ShowWorkspace(layout)));
        let (mut own, mut drawn) = (Vec::new(), Vec::new());
        for frame in 0..2 * DRAGGED_FRAMES {
            if layout == Workspace::Teach {
                let ratio = MaskRatio::new(0.47 * frame as f64 / DRAGGED_FRAMES as f64)?;
                window.apply(Act::edit_mask(window.model(), |form| form.ratio = ratio));
            }
            let times = window.time_frame()?;
            own.push(1e3 * times.own.as_secs_f64());
            drawn.push(1e3 * times.drawn.as_secs_f64());
            thread::sleep(FRAME_REST);
        }
        let adapter = window.adapter();
        let what = format!("frame beside a training on the CPU, {name}");
        measure.values(format!("{what}, window's work"), "ms", own);
        measure.values(format!("{what}, drawn by {adapter}"), "ms", drawn);
    }
    window.apply(Act::Train(TrainCommand::Stop));
    window.settle(PATIENCE)?;
    Ok(())
}

/// CPU of a real window that nobody touches, in percent of one core; needs a display.
fn idle(measure: &mut Measure<'_>, verb: &Bench) {
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let display = ["DISPLAY", "WAYLAND_DISPLAY"];
    if !display.iter().any(|name| std::env::var_os(name).is_some()) {
        measure.note("window: idle CPU was not measured, there is no display");
        return;
    }
    let child = Command::new(program)
        .args(&verb.data)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else {
        measure.note("window: idle CPU was not measured, no second window could be opened");
        return;
    };
    thread::sleep(SETTLE);
    let before = cpu_ticks(child.id());
    thread::sleep(REST);
    let after = cpu_ticks(child.id());
    // Both fail only when it has ended by itself.
    let _ = child.kill();
    let _ = child.wait();
    match before.zip(after) {
        Some((before, after)) => {
            // Linux counts 100 ticks a second on every architecture that this builds for.
            let percent = (after - before) as f64 / REST.as_secs_f64();
            measure.values("idle window, of one core", "%", vec![percent]);
        }
        None => measure.note("window: idle CPU was not measured, this system does not tell it"),
    }
}

/// User and system time of a process in ticks, from fields 14 and 15 of /proc/PID/stat (man 5 proc).
fn cpu_ticks(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in the second field may hold spaces and brackets.
    let fields = text.rsplit_once(')')?.1;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}
