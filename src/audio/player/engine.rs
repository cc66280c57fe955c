use std::{
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    OutputStatus,
    output::{Backend, Output},
    shared::{Inbox, Load, Shared, Wishes},
    sound::{Sound, Source},
};
use crate::{audio::AudioError, jobs::Cancel};

/// How often the ring is filled while sound moves.
const TICK: Duration = Duration::from_millis(10);
/// How long a paused output is held: between this and the next play the device may sleep.
const IDLE: Duration = Duration::from_secs(5);
/// An output that doesn't take its sound for this long is dead.
const DEAF: Duration = Duration::from_millis(1_000);

/// The player's thread: decodes ahead of the output and does what the window wishes.
pub(super) struct Engine {
    shared: Arc<Shared>,
    inbox: Arc<Inbox>,
    backend: Backend,
    cancel: Cancel,
    source: Option<Source>,
    sound: Option<Sound>,
    output: Option<Output>,
    paused_since: Instant,
}

impl Engine {
    pub(super) fn new(
        shared: Arc<Shared>,
        inbox: Arc<Inbox>,
        backend: Backend,
        cancel: Cancel,
    ) -> Self {
        Self {
            shared,
            inbox,
            backend,
            cancel,
            source: None,
            sound: None,
            output: None,
            paused_since: Instant::now(),
        }
    }

    /// Runs until the window is gone.
    pub(super) fn run(mut self) {
        self.look();
        loop {
            let patience = match &self.output {
                Some(_) if self.is_playing() => Some(TICK),
                Some(_) => Some(IDLE / 10),
                None => None,
            };
            let wishes = self.inbox.take(patience);
            if wishes.quit || self.cancel.is_cancelled() {
                return;
            }
            self.grant(wishes);
            self.watch_output();
            self.feed();
        }
    }

    fn grant(&mut self, wishes: Wishes) {
        if wishes.rescan {
            self.pause();
            self.close_output();
            self.look();
        }
        if let Some(load) = wishes.load {
            self.load(load);
        }
        if let Some(secs) = wishes.seek_secs {
            self.go_to(secs.max(0.0));
        }
        match wishes.play {
            Some(true) => self.play(),
            Some(false) => self.pause(),
            None => {}
        }
    }

    /// Says whether there is a device, without taking it.
    fn look(&self) {
        self.shared.set_output(match self.backend.look() {
            Ok(device) => OutputStatus::Ready { device },
            Err(why) => OutputStatus::Unavailable { why },
        });
    }

    fn load(&mut self, load: Load) {
        if !load.keep_position {
            self.pause();
        }
        self.flush();
        let position = if load.keep_position {
            self.shared.position_secs()
        } else {
            0.0
        };
        self.source = Some(load.source);
        self.sound = None;
        self.shared.set_problem(None);
        self.shared.duration_secs.set(0.0);
        self.shared.begin_at(0.0);
        self.start_at(position);
    }

    fn play(&mut self) {
        if self.sound.is_none() || self.is_playing() {
            return;
        }
        if self.output.is_none() && !self.open_output() {
            return;
        }
        if self.is_at_end() {
            self.go_to(0.0);
        }
        if self.sound.is_some() && self.output.is_some() {
            // The ring first, so that sound starts with the fade.
            self.feed();
            self.shared.playing.store(true, Ordering::Release);
        }
    }

    fn pause(&mut self) {
        self.shared.playing.store(false, Ordering::Release);
        self.paused_since = Instant::now();
    }

    fn go_to(&mut self, secs: f64) {
        if self.sound.is_none() {
            self.shared.sent_secs.set(f64::NAN);
            return;
        }
        self.flush();
        self.start_at(secs);
    }

    /// Sets the sound to a place. The ring is empty and nothing takes from it.
    fn start_at(&mut self, secs: f64) {
        let rate = self.output.as_ref().map_or(1, |output| output.rate);
        let started = self.sound_at(secs, rate);
        match started {
            Ok(secs) => {
                self.shared.begin_at(secs);
                self.feed();
            }
            Err(error) => {
                self.shared.begin_at(0.0);
                self.fail(&error);
            }
        }
    }

    /// Opens the source if need be and winds it to `secs`; returns the place, which is not past the end.
    fn sound_at(&mut self, secs: f64, rate: u32) -> Result<f64, AudioError> {
        let mut sound = match (self.sound.take(), &self.source) {
            (Some(sound), _) => sound,
            (None, Some(source)) => Sound::open(source, rate, &self.cancel)?,
            (None, None) => return Ok(0.0),
        };
        let duration = sound.duration_secs();
        let secs = if duration > 0.0 {
            secs.min(duration)
        } else {
            secs
        };
        sound.seek(secs, rate)?;
        self.shared.duration_secs.set(duration);
        self.sound = Some(sound);
        Ok(secs)
    }

    fn fail(&mut self, error: &AudioError) {
        self.pause();
        self.sound = None;
        self.shared.set_problem(Some(error.to_string()));
    }

    /// Opens the device and winds the sound to the playhead.
    fn open_output(&mut self) -> bool {
        match self.backend.open(&self.shared) {
            Ok((output, device)) => {
                let position = self.shared.position_secs();
                self.shared.rate.store(output.rate, Ordering::Release);
                self.output = Some(output);
                self.shared.set_output(OutputStatus::Ready { device });
                self.start_at(position);
                true
            }
            Err(why) => {
                self.shared.set_output(OutputStatus::Unavailable { why });
                false
            }
        }
    }

    /// Gives the device back and keeps the playhead.
    fn close_output(&mut self) {
        if self.output.take().is_none() {
            return;
        }
        // Nobody will answer a flush any more.
        let wanted = self.shared.flush_wanted.load(Ordering::Acquire);
        self.shared.flush_done.store(wanted, Ordering::Release);
        let position = self.shared.position_secs();
        self.shared.begin_at(position);
    }

    /// Fades out, if sound moves, and empties the ring.
    fn flush(&mut self) {
        let Some(output) = &self.output else {
            return;
        };
        let wanted = self.shared.flush_wanted.fetch_add(1, Ordering::AcqRel) + 1;
        let started = Instant::now();
        while self.shared.flush_done.load(Ordering::Acquire) != wanted {
            if output.fault().is_some() || started.elapsed() > DEAF {
                self.lose_output("the sound device does not answer".to_owned());
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn lose_output(&mut self, why: String) {
        let why = self.output.as_ref().and_then(Output::fault).unwrap_or(why);
        self.pause();
        self.close_output();
        self.shared.set_output(OutputStatus::Unavailable { why });
    }

    /// Notices a lost device, the end of the track and a pause long enough to let the device go.
    fn watch_output(&mut self) {
        let Some(output) = &self.output else {
            return;
        };
        if let Some(why) = output.fault() {
            self.lose_output(why);
        } else if self.is_playing() && self.is_at_end() {
            self.pause();
            // Now the length is known, whatever the header claimed.
            let position = self.shared.position_secs();
            self.shared.duration_secs.set(position);
        } else if !self.is_playing() && self.paused_since.elapsed() > IDLE {
            self.close_output();
        }
    }

    fn is_playing(&self) -> bool {
        self.shared.playing.load(Ordering::Acquire)
    }

    /// Whether the last sample was taken.
    fn is_at_end(&self) -> bool {
        match (&self.sound, &self.output) {
            (Some(sound), Some(output)) => {
                sound.is_over() && output.ring.slots() == output.ring_values
            }
            _ => false,
        }
    }

    /// Fills the ring.
    fn feed(&mut self) {
        let (Some(sound), Some(output)) = (&mut self.sound, &mut self.output) else {
            return;
        };
        loop {
            // Whole frames only.
            let room = output.ring.slots() / 2 * 2;
            if room == 0 {
                return;
            }
            match sound.next_values() {
                Ok(Some(ready)) => {
                    for value in ready.drain(..room.min(ready.len())) {
                        // There is room: only this thread fills the ring.
                        let _ = output.ring.push(value);
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    // What was decoded before the fault still plays.
                    self.shared.set_problem(Some(error.to_string()));
                    return;
                }
            }
        }
    }
}
