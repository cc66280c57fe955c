//! The device that the engine holds: looked for, opened, given back, opened anew when its stream breaks off.

use std::{
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    super::{output::Trouble, producer::Producer, state::OutputStatus},
    Engine,
};

/// How long a paused output is held: between this and the next play the device may sleep.
pub(super) const IDLE: Duration = Duration::from_secs(5);
/// How long after a failure no device is looked for again to play a clip.
const RETRY: Duration = Duration::from_secs(2);
/// An output that doesn't take its sound for this long is opened anew.
const DEAF: Duration = Duration::from_millis(1_000);
/// How often a device that breaks off is opened anew by itself, and in what time, before it is given up.
const REOPENINGS: usize = 5;
const REOPENED_IN: Duration = Duration::from_secs(20);

impl Engine {
    /// Says which devices there are and whether one can be used, without taking it.
    pub(super) fn look(&self) {
        self.shared.set_devices(self.backend.devices());
        self.shared
            .set_output(match self.backend.look(self.device.as_deref()) {
                Ok(found) => found.into(),
                Err(why) => OutputStatus::Unavailable { why },
            });
    }

    pub(super) fn rescan(&mut self) {
        let resumes = self.halt();
        self.look();
        if resumes {
            self.play();
        }
        self.shared.signals.resumes.store(false, Ordering::Release);
    }

    /// Gives the device back for a moment, and says whether sound moved: to the window it does still.
    pub(super) fn halt(&mut self) -> bool {
        let resumes = self.is_playing();
        let signals = &self.shared.signals;
        signals.resumes.fetch_or(resumes, Ordering::AcqRel);
        self.pause();
        self.close_output();
        resumes
    }

    pub(super) fn choose(&mut self, device: Option<String>) {
        if self.device != device || self.output.is_none() {
            self.device = device;
            self.rescan();
        }
    }

    /// Opens the device if it isn't; not again and again where there is none.
    pub(super) fn ready_for_clips(&mut self) -> bool {
        let lately = |at: Instant| at.elapsed() < RETRY;
        if self.output.is_none() && !self.refused_at.is_some_and(lately) {
            self.refused_at = (!self.open_output()).then(Instant::now);
        }
        self.output.is_some()
    }

    /// Opens the device and winds the sound to the playhead.
    pub(super) fn open_output(&mut self) -> bool {
        match self
            .backend
            .open(self.device.as_deref(), self.stands_by, &self.shared.signals)
        {
            Ok((output, found)) => {
                let position = self.shared.position_secs();
                self.producer = Some(Producer::new(
                    Arc::clone(&output.ring),
                    Arc::clone(&self.shared.signals),
                    output.rate,
                    self.route,
                ));
                self.shared.set_output_rate(output.rate);
                self.output = Some(output);
                found.id().clone_into(&mut self.opened);
                // It was plugged in since the devices were listed, perhaps beside others.
                if !self.shared.lists(found.id()) {
                    self.shared.set_devices(self.backend.devices());
                }
                self.shared.set_output(found.into());
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
    pub(super) fn close_output(&mut self) {
        self.producer = None;
        if self.output.take().is_none() {
            return;
        }
        // Nobody will answer a flush any more.
        let signals = &self.shared.signals;
        let wanted = signals.flush_wanted.load(Ordering::Acquire);
        signals.flush_done.store(wanted, Ordering::Release);
        self.shared.begin_at(self.shared.position_secs());
    }

    /// Fades out, if sound moves, and empties the ring.
    pub(super) fn flush(&mut self) {
        let Some(output) = &self.output else {
            return;
        };
        let signals = &self.shared.signals;
        let wanted = signals.flush_wanted.fetch_add(1, Ordering::AcqRel) + 1;
        let started = Instant::now();
        while signals.flush_done.load(Ordering::Acquire) != wanted {
            let deaf = || Trouble {
                why: "the sound device does not answer".to_owned(),
                // A sleeping or busy sound server may only be late.
                passing: true,
                gone: false,
            };
            let late = || (started.elapsed() > DEAF).then(deaf);
            if let Some(trouble) = output.fault().or_else(late) {
                self.answer(trouble);
                // A device that was opened anew has taken sound up again.
                return self.flush();
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Opens the device of a broken stream anew, so that sound moves on from where it stood, or gives it up.
    pub(super) fn answer(&mut self, trouble: Trouble) {
        if !trouble.passing || !self.reopen() {
            self.lose_output(trouble);
        }
    }

    /// Opens the same device anew, unless that was done too often lately; false without it, and to the window sound moves
    /// still.
    pub(super) fn reopen(&mut self) -> bool {
        self.reopened_at.retain(|at| at.elapsed() < REOPENED_IN);
        if self.reopened_at.len() >= REOPENINGS {
            return false;
        }
        self.reopened_at.push(Instant::now());
        let signals = Arc::clone(&self.shared.signals);
        let resumes = self.halt();
        let found = self.backend.look(self.device.as_deref());
        // Sound that comes out of another device than before is not started by itself.
        let same = found.is_ok_and(|found| found.id() == self.opened);
        let opened = same && self.open_output();
        if opened && resumes {
            signals.underruns.fetch_add(1, Ordering::Relaxed);
            if !self.is_at_end() {
                self.play();
            }
        }
        if opened {
            signals.resumes.store(false, Ordering::Release);
        }
        opened
    }

    /// Gives up a stream that died and says why: to a stream that it has ended, a sound server says only that it is gone.
    pub(super) fn lose_output(&mut self, trouble: Trouble) {
        self.halt();
        self.shared.set_devices(self.backend.devices());
        let why = match self.backend.look(self.device.as_deref()) {
            Ok(found) if trouble.gone && found.id() == self.opened => {
                "the sound system ended the playback".to_owned()
            }
            Ok(_) if trouble.gone => "that sound device is gone, another one is there".to_owned(),
            Ok(_) | Err(_) => trouble.why,
        };
        self.shared.stop_without_output(why);
    }

    /// Notices a lost device, the end of the sound and a pause long enough to let the device go.
    pub(super) fn watch_output(&mut self) {
        let Some(output) = &self.output else {
            return;
        };
        if let Some(trouble) = output.fault() {
            self.answer(trouble);
        } else if self.is_playing() && output.ring.is_over() {
            self.pause();
            if let Some(reader) = &self.reader
                && reader.end().is_some()
            {
                // Now the length is known, whatever the header claimed.
                self.shared.duration_secs.set(reader.duration_secs());
            }
            if self.route.until.take().is_some() && !self.is_at_end() {
                // A stretch was played once: from here, everything is ahead again.
                self.go_to(self.shared.position_secs());
            }
        } else if !self.is_playing() && !self.stands_by && self.paused_since.elapsed() > IDLE {
            self.close_output();
        }
    }
}
