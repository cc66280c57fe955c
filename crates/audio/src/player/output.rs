//! The stream of a sound device: opened, watched, and closed when it breaks off.

use std::{
    mem::ManuallyDrop,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    OutputDevice, OutputStatus,
    aside::{self, Cue},
    belt::Belt,
    device, output_devices,
    render::Renderer,
    signals::Signals,
};

/// Sound that waits for the device: long enough for a machine that trains on all its cores.
const BELT_SECS: f32 = 1.5;

/// Where sound goes.
#[derive(Clone)]
pub(super) enum Backend {
    /// A sound device of this machine.
    Device,
    /// Nowhere, in real time.
    Silent(Arc<Silence>),
}

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
    pub belt: Arc<Belt>,
    /// In Hz.
    pub rate: u32,
    /// Brings clips to the callback.
    pub cues: rtrb::Producer<Cue>,
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

    fn get(&self) -> Option<Trouble> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Backend {
    /// The devices that can be used, the system's choice first.
    pub(super) fn devices(&self) -> Vec<OutputDevice> {
        match self {
            Self::Device => output_devices(),
            Self::Silent(silence) => silence.devices(),
        }
    }

    /// The device that would be opened, or why there is none.
    pub(super) fn look(&self, wanted: Option<&str>) -> Result<Found, String> {
        match self {
            Self::Device => device::look(wanted),
            Self::Silent(silence) => silence.find(wanted),
        }
    }

    /// Opens the output; it takes sound from its belt at once, and soon if it is `quick`.
    pub(super) fn open(
        &self,
        wanted: Option<&str>,
        quick: bool,
        signals: &Arc<Signals>,
    ) -> Result<(Output, Found), String> {
        match self {
            Self::Device => device::open(wanted, quick, signals),
            Self::Silent(silence) => open_silent(silence, wanted, signals),
        }
    }
}

impl Output {
    pub(super) fn new(
        belt: Arc<Belt>,
        rate: u32,
        cues: rtrb::Producer<Cue>,
        fault: Fault,
        running: Running,
    ) -> Self {
        Self {
            belt,
            rate,
            cues,
            fault,
            _running: running,
        }
    }

    /// Why it died, once it has.
    pub(super) fn fault(&self) -> Option<Trouble> {
        self.fault.get()
    }
}

/// A belt for an output of `rate` Hz.
pub(super) fn belt(rate: u32) -> Arc<Belt> {
    Arc::new(Belt::new((BELT_SECS * rate as f32) as usize))
}

/// A device that isn't there: takes sound at the pace of a real one. Tests let it fail as real ones do, hurry it and
/// look at what it took.
#[derive(Default)]
pub(super) struct Silence {
    #[cfg(test)]
    pub fake: super::tests::Fake,
}

#[cfg(not(test))]
impl Silence {
    fn devices(&self) -> Vec<OutputDevice> {
        let name = SILENT_NAME.to_owned();
        vec![OutputDevice {
            description: name.clone(),
            id: name.clone(),
            name,
            is_default: true,
        }]
    }

    fn find(&self, wanted: Option<&str>) -> Result<Found, String> {
        let other = wanted.filter(|name| *name != SILENT_NAME);
        let name = SILENT_NAME.to_owned();
        Ok(Found::new(name.clone(), name, other))
    }

    fn start(&self) -> Result<(), String> {
        Ok(())
    }

    /// Lets the output take what is due.
    fn take(&self, renderer: &mut Renderer, due: usize, _fault: &Fault, _signals: &Signals) {
        renderer.render(due, |_| {});
    }

    /// Whatever else the end of a stream takes.
    fn end(&self) {}
}

/// The name of the output that isn't there.
pub(super) const SILENT_NAME: &str = "silent";
/// Frames a second of the silent output.
pub(super) const SILENT_RATE: u32 = 48_000;
/// How often the silent output takes sound.
const SILENT_PERIOD: Duration = Duration::from_millis(5);

fn open_silent(
    silence: &Arc<Silence>,
    wanted: Option<&str>,
    signals: &Arc<Signals>,
) -> Result<(Output, Found), String> {
    let found = silence.find(wanted)?;
    silence.start()?;
    let belt = belt(SILENT_RATE);
    let (cues, cued) = rtrb::RingBuffer::new(aside::WAITING);
    let mut renderer = Renderer::new(Arc::clone(&belt), Arc::clone(signals), cued, SILENT_RATE);
    let stop = Arc::new(AtomicBool::new(false));
    let fault = Fault::default();
    let (stopped, failed) = (Arc::clone(&stop), fault.clone());
    let (silence, signals) = (Arc::clone(silence), Arc::clone(signals));
    let thread = thread::Builder::new()
        .name("silent-output".to_owned())
        .spawn(move || {
            let start = Instant::now();
            let mut taken = 0_u64;
            while !stopped.load(Ordering::Acquire) && failed.get().is_none() {
                thread::sleep(SILENT_PERIOD);
                let due = (start.elapsed().as_secs_f64() * f64::from(SILENT_RATE)) as u64;
                silence.take(&mut renderer, (due - taken) as usize, &failed, &signals);
                taken = due;
            }
            silence.end();
        })
        .map_err(|error| format!("no thread for it: {error}"))?;
    let running = Running::new(stop, Stream::Silent(thread));
    let output = Output::new(belt, SILENT_RATE, cues, fault, running);
    Ok((output, found))
}
