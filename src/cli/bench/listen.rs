//! Whether sound stutters.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};

use super::{Measure, sound};
use crate::gui::{
    model::Mask,
    work::masked::{LiveMasks, MaskedViews, Masks},
};
use mynascope_audio::{self as audio, Heard, OutputStatus, Player, SAMPLE_RATE, Side};
use mynascope_spectrum as spectrum;

/// How long the track is, and how much of it is played.
const TRACK_SECS: f64 = 60.0;
const PLAYED_SECS: f64 = 20.0;
/// How often the mask changes meanwhile, as under a dragged slider.
const MASK_EVERY: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(60);

/// Plays view A on an output that is not there, while nothing else runs and while every processor is busy twice.
pub fn run(measure: &mut Measure<'_>) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("track.wav");
    sound::write(&path, TRACK_SECS)?;
    let threads = 2 * thread::available_parallelism().map_or(1, usize::from);
    for (busy, name) in [
        (0, "nothing else runs"),
        (threads, "every core is busy twice"),
    ] {
        let load = Load::start(busy)?;
        let what = format!("underruns in {PLAYED_SECS} s of view A, {name}");
        measure.console.watch().progress(&what, 0, None);
        let underruns = play(measure, &path)?;
        drop(load);
        measure.values(what, "", vec![underruns as f64]);
    }
    Ok(())
}

fn play(measure: &Measure<'_>, path: &std::path::Path) -> anyhow::Result<u64> {
    let (samples, _) = audio::load_mono(
        path,
        SAMPLE_RATE,
        audio::Channel::Mean,
        measure.console.cancel(),
    )?;
    let mut mask = Mask::default();
    mask.refresh(spectrum::frames_of_samples(samples.len()));
    let tables = mask.tables.clone().context("the mask has no views")?;
    let live = LiveMasks::default();
    let player = Player::start_silent();
    player.load(path);
    player.set_views(Box::new(MaskedViews::new(samples.into(), live.clone())));
    player.hear(Heard::Kept(Side::A));
    player.play();
    let begin = Instant::now();
    let mut percent = 0;
    loop {
        measure.console.cancel().check()?;
        thread::sleep(MASK_EVERY);
        let state = player.state();
        ensure!(
            state.problem.is_none() && !matches!(state.output, OutputStatus::Unavailable { .. }),
            "the sound could not be played: {state:?}"
        );
        if state.position_secs >= PLAYED_SECS {
            return Ok(state.underruns);
        }
        ensure!(
            begin.elapsed() < PATIENCE,
            "the sound stood still: {state:?}"
        );
        percent = (percent + 5) % 95;
        mask.form.set_percent(percent);
        live.put(Some(Masks {
            tables: tables.clone(),
            ratio: mask.form.ratio,
        }));
        player.refresh_views();
    }
}

/// Threads that compute something useless until it is dropped.
struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<thread::JoinHandle<f64>>,
}

impl Load {
    fn start(threads: usize) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut load = Self {
            stop: Arc::clone(&stop),
            threads: Vec::new(),
        };
        for index in 0..threads {
            let stop = Arc::clone(&stop);
            let work = move || {
                let mut sum = index as f64;
                while !stop.load(Ordering::Relaxed) {
                    sum = (0..1000).fold(sum, |sum, n| (sum + f64::from(n)).sqrt());
                }
                sum
            };
            let name = format!("load-{index}");
            load.threads
                .push(thread::Builder::new().name(name).spawn(work)?);
        }
        Ok(load)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // What was computed matters to nobody.
            let _ = thread.join();
        }
    }
}
