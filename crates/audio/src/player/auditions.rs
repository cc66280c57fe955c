//! How clips are asked to sound.

use std::sync::{Arc, atomic::Ordering};

use super::{
    clip::Clip,
    shared::{Inbox, Shared},
};

/// Lets clips sound over the track: from any thread, one at a time. While one sounds, the track waits at its place.
#[derive(Clone)]
pub struct Auditions {
    pub(super) shared: Arc<Shared>,
    pub(super) inbox: Arc<Inbox>,
}

impl Auditions {
    /// Takes the sound device and holds it, so that the next clip sounds at once; or lets it go.
    pub fn stand_by(&self, ready: bool) {
        self.inbox.post(|requests| requests.stand_by = Some(ready));
    }

    /// Plays a clip; one that sounds is faded out under it.
    pub fn play(&self, clip: Arc<Clip>) {
        self.inbox.post(|requests| requests.clip = Some(Some(clip)));
    }

    /// Fades out what sounds; the track goes on if it played.
    pub fn stop(&self) {
        self.inbox.post(|requests| requests.clip = Some(None));
    }

    /// How many clips have come out of the output so far, each counted at its first frame that is not silent.
    pub fn heard(&self) -> u64 {
        self.shared.signals.clips_heard.load(Ordering::Acquire)
    }

    /// The rate of the output, in Hz: clips that are decoded for it need no further work.
    pub fn rate(&self) -> u32 {
        self.shared.output_rate()
    }
}
