use std::{
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    Beside, Clip, OutputStatus,
    output::{Backend, Output, Trouble},
    reel::Reel,
    shared::{Inbox, Play, Shared, Wishes},
    sound::Source,
    writer::{Route, Writer},
};
use crate::{audio::AudioError, jobs::Cancel};

/// How often the belt is filled while sound moves.
const TICK: Duration = Duration::from_millis(10);
/// Frames that are laid before wishes are looked at again.
const AT_ONCE: u64 = 8192;
/// How long a paused output is held: between this and the next play the device may sleep.
const IDLE: Duration = Duration::from_secs(5);
/// How long after a failure no device is looked for again to play a clip.
const RETRY: Duration = Duration::from_secs(2);
/// An output that doesn't take its sound for this long is dead.
const DEAF: Duration = Duration::from_millis(1_000);
/// How often a device that breaks off is opened anew by itself, and in what time, before it is given up.
const REOPENINGS: usize = 5;
const REOPENED_IN: Duration = Duration::from_secs(20);

/// The player's thread: decodes ahead of the output and does what the window wishes.
pub(super) struct Engine {
    shared: Arc<Shared>,
    inbox: Arc<Inbox>,
    backend: Backend,
    cancel: Cancel,
    /// The device that was asked for; none is the system's choice.
    device: Option<String>,
    source: Option<Source>,
    reel: Option<Reel>,
    beside: Option<Box<dyn Beside>>,
    /// The views changed, and what was laid is that of the old ones.
    stale: bool,
    route: Route,
    output: Option<Output>,
    writer: Option<Writer>,
    paused_since: Instant,
    /// The device is held for clips.
    stands_by: bool,
    /// Clips that the callback may still hold: it must not be the one that frees them.
    clips: Vec<Arc<Clip>>,
    /// When no device could be opened for a clip.
    refused_at: Option<Instant>,
    /// The name of the device that was opened last.
    opened: String,
    /// When devices that broke off were opened anew, the last ones.
    reopened_at: Vec<Instant>,
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
            device: None,
            source: None,
            reel: None,
            beside: None,
            stale: false,
            route: Route::default(),
            output: None,
            writer: None,
            paused_since: Instant::now(),
            stands_by: false,
            clips: Vec::new(),
            refused_at: None,
            opened: String::new(),
            reopened_at: Vec::new(),
        }
    }

    /// Runs until the window is gone.
    pub(super) fn run(mut self) {
        // A device that was chosen before is asked for first.
        let first = self.inbox.take(Some(Duration::ZERO));
        let look = first.device.is_none() && !first.rescan;
        if look {
            self.look();
        }
        let mut wishes = first;
        loop {
            if wishes.quit || self.cancel.is_cancelled() {
                return;
            }
            self.grant(wishes);
            self.watch_output();
            self.feed();
            let patience = match &self.output {
                Some(_) if self.has_room() => Some(Duration::ZERO),
                Some(_) if self.is_playing() => Some(TICK),
                Some(_) => Some(IDLE / 10),
                None => None,
            };
            wishes = self.inbox.take(patience);
        }
    }

    fn grant(&mut self, wishes: Wishes) {
        if wishes.rescan {
            self.rescan();
        }
        if let Some(device) = wishes.device {
            self.choose(device);
        }
        if let Some(source) = wishes.load {
            self.load(source);
        }
        if let Some(beside) = wishes.beside {
            self.beside = Some(beside);
            self.revise();
        }
        self.stale |= wishes.refresh;
        self.refresh();
        if let Some(looped) = wishes.looped {
            self.route.looped = looped;
            self.revise();
        }
        if let Some(secs) = wishes.seek_secs {
            self.route.until = None;
            self.go_to(secs.max(0.0));
        }
        if let Some(ready) = wishes.stand_by {
            self.stands_by = ready;
            self.paused_since = Instant::now();
            if ready {
                self.ready_for_clips();
            }
        }
        if let Some(Play::On | Play::Once(_)) = wishes.play {
            self.cue(None);
        }
        if let Some(clip) = wishes.clip {
            self.cue(clip);
        }
        match wishes.play {
            Some(Play::On) => self.play(),
            Some(Play::Once([start, end])) => {
                self.route.until = Some(end);
                self.go_to(start);
                self.play();
            }
            Some(Play::Pause) => self.pause(),
            None => {}
        }
    }

    /// Says which devices there are and whether one can be used, without taking it.
    fn look(&self) {
        self.shared.set_devices(self.backend.devices());
        self.shared
            .set_output(match self.backend.look(self.device.as_deref()) {
                Ok(found) => found.into(),
                Err(why) => OutputStatus::Unavailable { why },
            });
    }

    fn rescan(&mut self) {
        let resumes = self.halt();
        self.look();
        if resumes {
            self.play();
        }
        self.shared.signals.resumes.store(false, Ordering::Release);
    }

    /// Gives the device back for a moment, and says whether sound moved: to the window it does still.
    fn halt(&mut self) -> bool {
        let resumes = self.is_playing();
        let signals = &self.shared.signals;
        signals.resumes.store(resumes, Ordering::Release);
        self.pause();
        self.close_output();
        resumes
    }

    fn choose(&mut self, device: Option<String>) {
        if self.device != device || self.output.is_none() {
            self.device = device;
            self.rescan();
        }
    }

    fn load(&mut self, source: Source) {
        self.pause();
        self.flush();
        self.source = Some(source);
        self.reel = None;
        self.beside = None;
        self.stale = false;
        self.route = Route::default();
        self.shared.set_problem(None);
        self.shared.duration_secs.set(0.0);
        self.shared.begin_at(0.0);
        self.start_at(0.0);
    }

    fn play(&mut self) {
        if self.source.is_none() || self.is_playing() {
            return;
        }
        if self.output.is_none() && !self.open_output() {
            return;
        }
        if self.is_at_end() {
            let again = self.route.looped.map_or(0.0, |[start, _]| start);
            self.go_to(again);
        }
        if self.reel.is_some() && self.output.is_some() {
            // The belt first, so that sound starts with the fade.
            self.feed();
            self.shared.signals.playing.store(true, Ordering::Release);
        }
    }

    /// Plays a clip over the track, or no more of it.
    fn cue(&mut self, clip: Option<Arc<Clip>>) {
        if clip.is_some() {
            self.paused_since = Instant::now();
            if !self.ready_for_clips() {
                return;
            }
        }
        let Some(output) = &mut self.output else {
            return;
        };
        let clip = match clip {
            Some(clip) if clip.rate != output.rate => clip.at(output.rate).ok().map(Arc::new),
            clip => clip,
        };
        self.clips.retain(|clip| Arc::strong_count(clip) > 1);
        if let Some(clip) = &clip
            && !self.clips.iter().any(|held| Arc::ptr_eq(held, clip))
        {
            self.clips.push(Arc::clone(clip));
        }
        // A callback that takes nothing for so many clips is about to be given up anyway.
        let _ = output.cues.push(clip);
    }

    /// Opens the device if it isn't; not again and again where there is none.
    fn ready_for_clips(&mut self) -> bool {
        let lately = |at: Instant| at.elapsed() < RETRY;
        if self.output.is_none() && !self.refused_at.is_some_and(lately) {
            self.refused_at = (!self.open_output()).then(Instant::now);
        }
        self.output.is_some()
    }

    fn pause(&mut self) {
        self.shared.signals.playing.store(false, Ordering::Release);
        self.paused_since = Instant::now();
    }

    fn go_to(&mut self, secs: f64) {
        if self.source.is_none() {
            self.shared.sent_secs.set(f64::NAN);
            return;
        }
        self.flush();
        self.start_at(secs);
    }

    /// Takes changed views up, unless the change before is not through yet.
    fn refresh(&mut self) {
        let behind = self.is_playing() && self.writer.as_ref().is_some_and(Writer::is_behind);
        if behind || !std::mem::take(&mut self.stale) {
            return;
        }
        if let Some(beside) = &mut self.beside {
            beside.refresh();
            self.revise();
        }
    }

    /// What comes next is no longer what was laid: it is laid anew, behind the playhead's back while sound moves.
    fn revise(&mut self) {
        if self.is_playing() {
            if let Some(writer) = &mut self.writer {
                writer.revise(self.route);
            }
        } else if self.reel.is_some() {
            self.go_to(self.shared.position_secs());
        }
    }

    /// Sets the sound to a place. The belt is empty and nothing takes from it.
    fn start_at(&mut self, secs: f64) {
        match self.open_reel() {
            Ok(duration) => {
                let secs = if duration > 0.0 {
                    secs.min(duration)
                } else {
                    secs
                };
                self.shared.duration_secs.set(duration);
                self.shared.begin_at(secs);
                if let Some(writer) = &mut self.writer {
                    writer.start_at(secs, self.route);
                }
                self.feed();
            }
            Err(error) => {
                self.shared.begin_at(0.0);
                self.pause();
                self.shared.set_problem(Some(error.to_string()));
            }
        }
    }

    /// Opens the source for the output's rate, if need be; returns the track's length in seconds.
    fn open_reel(&mut self) -> Result<f64, AudioError> {
        let rate = self.output.as_ref().map(|output| output.rate);
        if let Some(reel) = &self.reel
            && rate.is_none_or(|rate| reel.rate() == rate)
        {
            return Ok(reel.duration_secs());
        }
        self.reel = None;
        let Some(source) = &self.source else {
            return Ok(0.0);
        };
        // Without an output nothing is read, so that any rate will do.
        let reel = Reel::open(source, rate.unwrap_or(1), &self.cancel)?;
        let duration = reel.duration_secs();
        self.reel = Some(reel);
        Ok(duration)
    }

    /// Opens the device and winds the sound to the playhead.
    fn open_output(&mut self) -> bool {
        match self
            .backend
            .open(self.device.as_deref(), &self.shared.signals)
        {
            Ok((output, found)) => {
                let position = self.shared.position_secs();
                self.writer = Some(Writer::new(
                    Arc::clone(&output.belt),
                    Arc::clone(&self.shared.signals),
                    output.rate,
                    self.route,
                ));
                self.shared.set_output_rate(output.rate);
                self.output = Some(output);
                found.device().clone_into(&mut self.opened);
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
    fn close_output(&mut self) {
        self.writer = None;
        if self.output.take().is_none() {
            return;
        }
        // Nobody will answer a flush any more.
        let signals = &self.shared.signals;
        let wanted = signals.flush_wanted.load(Ordering::Acquire);
        signals.flush_done.store(wanted, Ordering::Release);
        self.shared.begin_at(self.shared.position_secs());
    }

    /// Fades out, if sound moves, and empties the belt.
    fn flush(&mut self) {
        let Some(output) = &self.output else {
            return;
        };
        let signals = &self.shared.signals;
        let wanted = signals.flush_wanted.fetch_add(1, Ordering::AcqRel) + 1;
        let started = Instant::now();
        while signals.flush_done.load(Ordering::Acquire) != wanted {
            let deaf = || Trouble {
                why: "the sound device does not answer".to_owned(),
                passing: false,
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
    fn answer(&mut self, trouble: Trouble) {
        if !trouble.passing || !self.reopen() {
            self.lose_output(trouble.why);
        }
    }

    /// Opens the same device anew, unless that was done too often lately; false without it.
    fn reopen(&mut self) -> bool {
        self.reopened_at.retain(|at| at.elapsed() < REOPENED_IN);
        if self.reopened_at.len() >= REOPENINGS {
            return false;
        }
        self.reopened_at.push(Instant::now());
        let signals = Arc::clone(&self.shared.signals);
        let resumes = self.halt();
        let found = self.backend.look(self.device.as_deref());
        // Sound that comes out of another device than before is not started by itself.
        let same = found.is_ok_and(|found| found.device() == self.opened);
        let opened = same && self.open_output();
        if opened && resumes {
            signals.underruns.fetch_add(1, Ordering::Relaxed);
            if !self.is_at_end() {
                self.play();
            }
        }
        signals.resumes.store(false, Ordering::Release);
        opened
    }

    fn lose_output(&mut self, why: String) {
        self.pause();
        self.close_output();
        self.shared.set_devices(self.backend.devices());
        self.shared.set_output(OutputStatus::Unavailable { why });
    }

    /// Notices a lost device, the end of the sound and a pause long enough to let the device go.
    fn watch_output(&mut self) {
        let Some(output) = &self.output else {
            return;
        };
        if let Some(trouble) = output.fault() {
            self.answer(trouble);
        } else if self.is_playing() && output.belt.is_over() {
            self.pause();
            if let Some(reel) = &self.reel
                && reel.end().is_some()
            {
                // Now the length is known, whatever the header claimed.
                self.shared.duration_secs.set(reel.duration_secs());
            }
            if self.route.until.take().is_some() && !self.is_at_end() {
                // A stretch was played once: from here, everything is ahead again.
                self.go_to(self.shared.position_secs());
            }
        } else if !self.is_playing() && !self.stands_by && self.paused_since.elapsed() > IDLE {
            self.close_output();
        }
    }

    fn is_playing(&self) -> bool {
        self.shared.signals.playing.load(Ordering::Acquire)
    }

    /// Whether the playhead stands at the track's end.
    fn is_at_end(&self) -> bool {
        let end = self
            .reel
            .as_ref()
            .and_then(|reel| reel.end().map(|end| (end, reel.rate())));
        let over = self
            .output
            .as_ref()
            .is_some_and(|output| output.belt.is_over());
        end.is_some_and(|(end, rate)| {
            over && self.shared.position_secs() * f64::from(rate) + 0.5 >= end as f64
        })
    }

    fn has_room(&self) -> bool {
        let can = self.reel.is_some();
        can && self.writer.as_ref().is_some_and(|writer| !writer.is_full())
    }

    /// Fills the belt, a good part at a time.
    fn feed(&mut self) {
        let (Some(reel), Some(writer)) = (&mut self.reel, &mut self.writer) else {
            return;
        };
        if let Err(error) = writer.fill(reel, &mut self.beside, AT_ONCE) {
            self.shared.set_problem(Some(error.to_string()));
        }
    }
}
