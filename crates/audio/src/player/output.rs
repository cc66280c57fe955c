//! The stream of a sound device: opened, watched, and closed when it breaks off.

use std::{
    mem::ManuallyDrop,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use super::{clip_mixer::ClipRequest, frame_ring::FrameRing, state::OutputStatus};

/// Sound that waits for the device: long enough for a machine that trains on all its cores.
const RING_SECS: f32 = 1.5;

/// The device that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    device: String,
    id: String,
    instead_of: Option<String>,
}

impl Found {
    pub(super) fn new(device: String, id: String, instead_of: Option<&str>) -> Self {
        Self {
            device,
            id,
            instead_of: instead_of.map(str::to_owned),
        }
    }

    /// The system's own name of the device, which no other one has.
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

impl From<Found> for OutputStatus {
    fn from(found: Found) -> Self {
        Self::Ready {
            device: found.device,
            instead_of: found.instead_of,
        }
    }
}

/// An output that runs until it is dropped.
pub(super) struct Output {
    pub ring: Arc<FrameRing>,
    /// In Hz.
    pub rate: u32,
    /// Brings clips to the callback.
    pub clip_requests: rtrb::Producer<ClipRequest>,
    fault: Fault,
    _running: Running,
}

/// How long the end of a stream is waited for. Streams end within milliseconds; one that the sound server has ended
/// itself may never do (cpal 0.18.2, PulseAudio host: "dropping a Stream joins a thread that does not end once the server has
/// removed its sink").
const STREAM_END: Duration = Duration::from_millis(500);

/// Ends its stream when it is dropped. From then on nothing moves the playhead any more, however long the system takes.
pub(super) struct Running {
    stop: Arc<AtomicBool>,
    stream: Option<Stream>,
}

pub(super) enum Stream {
    Device(cpal::Stream),
    Silent(thread::JoinHandle<()>),
}

impl Running {
    /// `stop` keeps the stream's callback from taking sound.
    pub(super) fn new(stop: Arc<AtomicBool>, stream: Stream) -> Self {
        let stream = Some(stream);
        Self { stop, stream }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        let Some(stream) = self.stream.take() else {
            return;
        };
        // Without a thread it is left to the end of the program: to drop it here could block the player for ever.
        let stream = ManuallyDrop::new(stream);
        let (ended, end) = mpsc::channel();
        let spawned = thread::Builder::new()
            .name("stream-end".to_owned())
            .spawn(move || {
                ManuallyDrop::into_inner(stream).end();
                let _ = ended.send(());
            });
        if spawned.is_err() || end.recv_timeout(STREAM_END).is_err() {
            tracing::debug!("the sound library does not end a stream; it is left alone");
        }
    }
}

impl Stream {
    fn end(self) {
        match self {
            Self::Device(stream) => drop(stream),
            Self::Silent(thread) => {
                let _ = thread.join();
            }
        }
    }
}

/// What an output died of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub why: String,
    /// Its device is there still, as far as one knows: opened anew, it may play on.
    pub passing: bool,
    /// The system says that there is no such device, or no such stream any more.
    pub gone: bool,
}

/// Why an output died, once it has.
#[derive(Clone, Default)]
pub(super) struct Fault(Arc<Mutex<Option<Trouble>>>);

impl Fault {
    pub(super) fn raise(&self, trouble: Trouble) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(trouble);
    }

    /// What it was, once it has been raised.
    pub(super) fn get(&self) -> Option<Trouble> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Output {
    pub(super) fn new(
        ring: Arc<FrameRing>,
        rate: u32,
        clip_requests: rtrb::Producer<ClipRequest>,
        fault: Fault,
        running: Running,
    ) -> Self {
        Self {
            ring,
            rate,
            clip_requests,
            fault,
            _running: running,
        }
    }

    /// Why it died, once it has.
    pub(super) fn fault(&self) -> Option<Trouble> {
        self.fault.get()
    }
}

/// A ring for an output of `rate` Hz.
pub(super) fn ring(rate: u32) -> Arc<FrameRing> {
    Arc::new(FrameRing::new((RING_SECS * rate as f32) as usize))
}
