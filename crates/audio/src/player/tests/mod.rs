//! The transport works without a sound device, losing one loses nothing else, and nothing that a user does clicks.
//!
//! The fake output hands every block to the callback inside `assert_no_alloc`: a callback that allocates ends the tests.

mod clips;
mod devices;
mod looping;
mod transport;
mod views;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use cpal::ErrorKind;

use super::{
    Clip, Heard, OutputDevice, OutputStatus, Player, PlayerState, Side, ViewSource,
    backend::{Backend, SILENT_NAME, SILENT_RATE, Silence},
    callback::CallbackMixer,
    device::{hear_of, refused},
    fade::{FADE_SECS, SWITCH_SECS},
    output::{Fault, Found},
    signals::Signals,
};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// The silent output's own rate: nothing is resampled.
const RATE: u32 = SILENT_RATE;
/// Frames that an output asks for at once, at most: one that wakes late doesn't make up for it.
const MOST: usize = 720;
/// What a hurried output asks for, how often, and how much it leaves on the ring.
const BLOCK: usize = 240;
const BLOCKS: usize = 20;
const LEFT: u64 = 8192;

/// How the output behaves, and what it took.
#[derive(Default)]
pub(super) struct Fake {
    /// The left side of everything that was taken.
    heard: Mutex<Vec<f32>>,
    /// Takes what is written as fast as it comes, and nothing that isn't there: no underruns, no waiting.
    hurries: AtomicBool,
    /// Why no device can be found, from now on.
    missing: Mutex<Option<ErrorKind>>,
    /// Why a device that was found cannot be started, from now on.
    refuses: Mutex<Option<ErrorKind>>,
    /// What the running stream reports next.
    reports: Mutex<Option<ErrorKind>>,
    /// Other devices that are plugged in.
    others: Mutex<Vec<String>>,
    /// It takes a while to list the devices.
    slow: AtomicBool,
    /// A stream that was given up never ends.
    hangs: AtomicBool,
}

impl Silence {
    pub(super) fn devices(&self) -> Vec<OutputDevice> {
        if self.fake.slow.load(Ordering::Acquire) {
            thread::sleep(Duration::from_millis(100));
        }
        if self.fake.missing.lock().unwrap().is_some() {
            return Vec::new();
        }
        let others = self.fake.others.lock().unwrap();
        [SILENT_NAME.to_owned()]
            .into_iter()
            .chain(others.iter().cloned())
            .map(|name| OutputDevice {
                is_default: name == SILENT_NAME,
                description: name.clone(),
                id: name.clone(),
                name,
            })
            .collect()
    }

    pub(super) fn find(&self, wanted: Option<&str>) -> Result<Found, String> {
        if let Some(kind) = *self.fake.missing.lock().unwrap() {
            return Err(refused(&kind.into()));
        }
        let others = self.fake.others.lock().unwrap();
        let found =
            |name: &str, instead_of| Found::new(name.to_owned(), name.to_owned(), instead_of);
        let named = wanted.filter(|wanted| others.iter().any(|name| name == wanted));
        Ok(match (named, wanted) {
            (Some(name), _) => found(name, None),
            (None, Some(SILENT_NAME) | None) => found(SILENT_NAME, None),
            (None, Some(other)) => found(SILENT_NAME, Some(other)),
        })
    }

    pub(super) fn end(&self) {
        while self.fake.hangs.load(Ordering::Acquire) {
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(super) fn start(&self) -> Result<(), String> {
        match *self.fake.refuses.lock().unwrap() {
            Some(kind) => Err(refused(&kind.into())),
            None => Ok(()),
        }
    }

    pub(super) fn take(
        &self,
        mixer: &mut CallbackMixer,
        due: usize,
        fault: &Fault,
        signals: &Signals,
    ) {
        if let Some(kind) = self.fake.reports.lock().unwrap().take() {
            hear_of(&kind.into(), fault, signals);
        }
        if !self.fake.hurries.load(Ordering::Acquire) {
            return self.record(mixer, due.min(MOST));
        }
        for _ in 0..BLOCKS {
            let playing = signals.playing.load(Ordering::Acquire);
            let flushing = signals.flush_wanted.load(Ordering::Acquire)
                != signals.flush_done.load(Ordering::Acquire);
            if playing && !flushing && !mixer.may_take(LEFT) {
                return;
            }
            self.record(mixer, BLOCK);
        }
    }

    fn record(&self, mixer: &mut CallbackMixer, frames: usize) {
        let mut block = Vec::with_capacity(frames);
        assert_no_alloc(|| mixer.render(frames, |[left, _]| block.push(left)));
        self.fake.heard.lock().unwrap().extend(block);
    }
}

fn player() -> (Player, Arc<Silence>) {
    let silence = Arc::new(Silence::default());
    (Player::on(Backend::Silent(Arc::clone(&silence))), silence)
}

/// A player whose output hurries.
fn hurried() -> (Player, Arc<Silence>) {
    let (player, silence) = player();
    silence.fake.hurries.store(true, Ordering::Release);
    (player, silence)
}

fn level(level: f32, secs: f64) -> Arc<[f32]> {
    vec![level; (secs * f64::from(RATE)) as usize].into()
}

/// A tone of full scale.
fn tone(hz: f64, secs: f64) -> Arc<[f32]> {
    (0..(secs * f64::from(RATE)) as usize)
        .map(|n| (std::f64::consts::TAU * hz * n as f64 / f64::from(RATE)).sin() as f32)
        .collect()
}

/// Waits until the state is as it should be; a slow machine gets time.
fn until(player: &Player, what: &str, good: impl Fn(&PlayerState) -> bool) -> PlayerState {
    let start = Instant::now();
    loop {
        let state = player.state();
        if good(&state) {
            return state;
        }
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "never {what}: {state:?}"
        );
        thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until the playhead stays where it is, and says where; a playhead that moves is seen within a few periods of the
/// output.
fn at_rest(player: &Player) -> f64 {
    let start = Instant::now();
    let (mut position, mut unmoved) = (player.state().position_secs, 0);
    while unmoved < 50 {
        assert!(start.elapsed() < Duration::from_secs(20), "never at rest");
        thread::sleep(Duration::from_millis(2));
        let now = player.state().position_secs;
        unmoved = if now == position { unmoved + 1 } else { 0 };
        position = now;
    }
    position
}

/// Waits until something was heard.
fn until_heard(silence: &Silence, what: &str, good: impl Fn(&[f32]) -> bool) {
    let start = Instant::now();
    while !good(&silence.fake.heard.lock().unwrap()) {
        assert!(start.elapsed() < Duration::from_secs(20), "never {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// The largest step between two samples.
fn steepest(heard: &[f32]) -> f32 {
    heard
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).abs())
        .fold(0.0, f32::max)
}

/// The slope of a fade from full scale that takes so long.
fn slope(secs: f32) -> f32 {
    1.0 / (secs * RATE as f32)
}
