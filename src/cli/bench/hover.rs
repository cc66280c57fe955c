//! How soon a point of a map is heard once the pointer is on it.

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use super::{Bench, Measure};
use crate::gui::{
    Offscreen,
    command::{Command, MapCommand, WindowCommand},
    model::MapSide,
    workspace::Workspace,
};
use mynascope_audio::Auditions;
use mynascope_base::storage::Theme;
use mynascope_collection::DEMO_WORD;
use mynascope_spectrum::tokens::{Purpose, stream};

const SIZE: [u32; 2] = [1280, 800];
/// Points that are pointed at.
const POINTS: usize = 60;
/// Between leaving a point and going to the next: what sounded has faded out by then.
const REST: Duration = Duration::from_millis(83);
const LOOK_EVERY: Duration = Duration::from_micros(100);
/// A point that is not heard by then is silent.
const SILENT_AFTER: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(600);

/// From the window's command "the pointer is on this point" until the output takes the first frame of it that is not
/// silent: first while its window of sound must be decoded, then while it is kept decoded. The output takes sound in
/// real time every 5 ms, as a sound device does, and gives it to nobody.
pub fn run(measure: &mut Measure<'_>, verb: &Bench) -> anyhow::Result<()> {
    hover(measure, "demo", vec![DEMO_WORD.into()])?;
    if !verb.data.is_empty() {
        hover(measure, "--data", verb.data.clone())?;
    }
    Ok(())
}

fn hover(measure: &mut Measure<'_>, name: &str, paths: Vec<PathBuf>) -> anyhow::Result<()> {
    let mut window = match Offscreen::open(SIZE, Theme::Dark, paths) {
        Ok(window) => window,
        Err(error) => {
            measure.note(format!("listen: no window to point in ({error})"));
            return Ok(());
        }
    };
    let heard = window.play_silently()?;
    window.settle(PATIENCE)?;
    for command in [
        Command::Window(WindowCommand::ShowWorkspace(Workspace::Map)),
        Command::Map(MapCommand::Compute),
    ] {
        window.apply(command);
        window.settle(PATIENCE)?;
    }
    window.apply(Command::Map(MapCommand::HoverSound(true)));
    thread::sleep(REST);
    let chart = window.model().mapping.chart.as_ref();
    let points = chart.map(|chart| chart.xy.len()).unwrap_or_default();
    let mut random = stream(0, 0, 0, Purpose::Order);
    let mut order: Vec<usize> = (0..points).collect();
    random.shuffle(&mut order);
    let (mut decoded, mut kept, mut silent) = (Vec::new(), Vec::new(), 0);
    for point in order.into_iter().take(POINTS) {
        measure.console.cancel().check()?;
        for times in [&mut decoded, &mut kept] {
            match point_at(&mut window, &heard, point) {
                Some(took) => times.push(1e3 * took.as_secs_f64()),
                None => silent += 1,
            }
        }
    }
    let what = format!("hover to sound, {name}, {points} points");
    measure.spread(&format!("{what}, to be decoded"), "ms", decoded);
    measure.spread(&format!("{what}, decoded before"), "ms", kept);
    if silent > 0 {
        measure.note(format!(
            "listen: {silent} of the points of {name} were silent"
        ));
    }
    Ok(())
}

/// Points at a point, waits until it is heard, and leaves it.
fn point_at(window: &mut Offscreen, heard: &Auditions, point: usize) -> Option<Duration> {
    let go = |window: &mut Offscreen, point: Option<usize>| {
        window.apply(Command::Map(MapCommand::Hover {
            side: MapSide::Main,
            point,
            moved: point.into_iter().collect(),
        }));
    };
    let before = heard.heard();
    let start = Instant::now();
    go(window, Some(point));
    let mut took = None;
    while took.is_none() && start.elapsed() < SILENT_AFTER {
        thread::sleep(LOOK_EVERY);
        took = (heard.heard() > before).then(|| start.elapsed());
    }
    go(window, None);
    thread::sleep(REST);
    took
}
