//! The player's thread; [`output_session`] holds its device.

mod output_session;

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use output_session::IDLE;

use super::{
    backend::Backend,
    clip::Clip,
    output::Output,
    producer::{Producer, Route},
    shared::{Inbox, PendingRequests, Play, Shared},
    sound::Source,
    track_reader::TrackReader,
    view_source::ViewSource,
};
use crate::AudioError;
use mynascope_base::jobs::Cancel;

/// How often the ring is filled while sound moves.
const TICK: Duration = Duration::from_millis(10);
/// Frames that are written before requests are looked at again.
const AT_ONCE: u64 = 8192;

/// The player's thread: decodes ahead of the output and does what the window asks for.
pub(super) struct Engine {
    shared: Arc<Shared>,
    inbox: Arc<Inbox>,
    backend: Backend,
    cancel: Cancel,
    /// The device that was asked for; none is the system's choice.
    device: Option<String>,
    source: Option<Source>,
    reader: Option<TrackReader>,
    views: Option<Box<dyn ViewSource>>,
    /// The views changed, and what was written is that of the old ones.
    stale: bool,
    route: Route,
    output: Option<Output>,
    producer: Option<Producer>,
    paused_since: Instant,
    /// The device is held for clips.
    stands_by: bool,
    /// Clips that the callback may still hold: it must not be the one that frees them.
    clips: Vec<Arc<Clip>>,
    /// When no device could be opened for a clip.
    refused_at: Option<Instant>,
    /// The system's own name of the device that was opened last.
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
            reader: None,
            views: None,
            stale: false,
            route: Route::default(),
            output: None,
            producer: None,
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
        let mut requests = first;
        loop {
            if requests.quit || self.cancel.is_cancelled() {
                return;
            }
            self.carry_out(requests);
            self.watch_output();
            self.feed();
            let patience = match &self.output {
                Some(_) if self.has_room() => Some(Duration::ZERO),
                Some(_) if self.is_playing() => Some(TICK),
                Some(_) => Some(IDLE / 10),
                None => None,
            };
            requests = self.inbox.take(patience);
        }
    }

    fn carry_out(&mut self, requests: PendingRequests) {
        if requests.rescan {
            self.rescan();
        }
        if let Some(device) = requests.device {
            self.choose(device);
        }
        if let Some(source) = requests.load {
            self.load(source);
        }
        if let Some(views) = requests.views {
            self.views = Some(views);
            self.revise();
        }
        self.stale |= requests.refresh;
        self.refresh();
        if let Some(looped) = requests.looped {
            self.route.looped = looped;
            self.revise();
        }
        if let Some(secs) = requests.seek_secs {
            self.route.until = None;
            self.go_to(secs.max(0.0));
        }
        if let Some(ready) = requests.stand_by {
            if self.stands_by != ready && !self.is_playing() {
                // Clips want another device than tracks.
                self.close_output();
            }
            self.stands_by = ready;
            self.paused_since = Instant::now();
            if ready {
                self.ready_for_clips();
            }
        }
        if let Some(Play::On | Play::Once(_)) = requests.play {
            self.play_clip(None);
        }
        if let Some(clip) = requests.clip {
            self.play_clip(clip);
        }
        match requests.play {
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

    fn load(&mut self, source: Source) {
        self.pause();
        self.flush();
        self.source = Some(source);
        self.reader = None;
        self.views = None;
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
        if self.reader.is_some() && self.output.is_some() {
            // The ring first, so that sound starts with the fade.
            self.feed();
            self.shared.signals.playing.store(true, Ordering::Release);
        }
    }

    /// Plays a clip over the track, or no more of it.
    fn play_clip(&mut self, clip: Option<Arc<Clip>>) {
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
        let _ = output.clip_requests.push(clip);
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
        let behind = self.is_playing() && self.producer.as_ref().is_some_and(Producer::is_behind);
        if behind || !std::mem::take(&mut self.stale) {
            return;
        }
        if let Some(views) = &mut self.views {
            views.refresh();
            self.revise();
        }
    }

    /// What comes next is no longer what was written: it is rewritten, behind the playhead's back while sound moves.
    fn revise(&mut self) {
        if self.is_playing() {
            if let Some(producer) = &mut self.producer {
                producer.revise(self.route);
            }
        } else if self.reader.is_some() {
            self.go_to(self.shared.position_secs());
        }
    }

    /// Sets the sound to a place. The ring is empty and nothing takes from it.
    fn start_at(&mut self, secs: f64) {
        match self.open_reader() {
            Ok(duration) => {
                let secs = if duration > 0.0 {
                    secs.min(duration)
                } else {
                    secs
                };
                self.shared.duration_secs.set(duration);
                self.shared.begin_at(secs);
                if let Some(producer) = &mut self.producer {
                    producer.start_at(secs, self.route);
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
    fn open_reader(&mut self) -> Result<f64, AudioError> {
        let rate = self.output.as_ref().map(|output| output.rate);
        if let Some(reader) = &self.reader
            && rate.is_none_or(|rate| reader.rate() == rate)
        {
            return Ok(reader.duration_secs());
        }
        self.reader = None;
        let Some(source) = &self.source else {
            return Ok(0.0);
        };
        // Without an output nothing is read, so that any rate will do.
        let reader = TrackReader::open(source, rate.unwrap_or(1), &self.cancel)?;
        let duration = reader.duration_secs();
        self.reader = Some(reader);
        Ok(duration)
    }

    fn is_playing(&self) -> bool {
        self.shared.signals.playing.load(Ordering::Acquire)
    }

    /// Whether the playhead stands at the track's end.
    fn is_at_end(&self) -> bool {
        let end = self
            .reader
            .as_ref()
            .and_then(|reader| reader.end().map(|end| (end, reader.rate())));
        let over = self
            .output
            .as_ref()
            .is_some_and(|output| output.ring.is_over());
        end.is_some_and(|(end, rate)| {
            over && self.shared.position_secs() * f64::from(rate) + 0.5 >= end as f64
        })
    }

    fn has_room(&self) -> bool {
        let can = self.reader.is_some();
        can && self
            .producer
            .as_ref()
            .is_some_and(|producer| !producer.is_full())
    }

    /// Fills the ring, a good part at a time.
    fn feed(&mut self) {
        let (Some(reader), Some(producer)) = (&mut self.reader, &mut self.producer) else {
            return;
        };
        if let Err(error) = producer.fill(reader, &mut self.views, AT_ONCE) {
            self.shared.set_problem(Some(error.to_string()));
        }
    }
}
