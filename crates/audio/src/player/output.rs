use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use cpal::Stream;

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
    instead_of: Option<String>,
}

impl Found {
    pub(super) fn new(device: String, instead_of: Option<&str>) -> Self {
        Self {
            device,
            instead_of: instead_of.map(str::to_owned),
        }
    }

    pub(super) fn device(&self) -> &str {
        &self.device
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

pub(super) enum Running {
    Device {
        _stream: Stream,
    },
    Silent {
        stop: Arc<AtomicBool>,
        thread: Option<thread::JoinHandle<()>>,
    },
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Self::Silent { stop, thread } = self {
            stop.store(true, Ordering::Release);
            // As with a real stream: once it is gone, nothing moves the playhead any more.
            if let Some(thread) = thread.take() {
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
        let is_default = true;
        vec![OutputDevice { name, is_default }]
    }

    fn find(&self, wanted: Option<&str>) -> Result<Found, String> {
        let other = wanted.filter(|name| *name != SILENT_NAME);
        Ok(Found::new(SILENT_NAME.to_owned(), other))
    }

    fn start(&self) -> Result<(), String> {
        Ok(())
    }

    /// Lets the output take what is due.
    fn take(&self, renderer: &mut Renderer, due: usize, _fault: &Fault, _signals: &Signals) {
        renderer.render(due, |_| {});
    }
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
        })
        .map_err(|error| format!("no thread for it: {error}"))?;
    let thread = Some(thread);
    let running = Running::Silent { stop, thread };
    let output = Output::new(belt, SILENT_RATE, cues, fault, running);
    Ok((output, found))
}
