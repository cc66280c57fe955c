//! Where sound goes: to a device of this machine, or nowhere in real time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    callback::CallbackMixer,
    clip_mixer, device,
    output::{Fault, Found, Output, Running, Stream, ring},
    signals::Signals,
    state::OutputDevice,
};

/// Where sound goes.
#[derive(Clone)]
pub(super) enum Backend {
    /// A sound device of this machine.
    Device,
    /// Nowhere, in real time.
    Silent(Arc<Silence>),
}

impl Backend {
    /// The devices that can be used, the system's choice first.
    pub(super) fn devices(&self) -> Vec<OutputDevice> {
        match self {
            Self::Device => device::output_devices(),
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

    /// Opens the output; it takes sound from its ring at once, and soon if it is `quick`.
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
    fn take(&self, mixer: &mut CallbackMixer, due: usize, _fault: &Fault, _signals: &Signals) {
        mixer.render(due, |_| {});
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
    let ring = ring(SILENT_RATE);
    let (clip_requests, requested) = rtrb::RingBuffer::new(clip_mixer::WAITING);
    let mut mixer = CallbackMixer::new(
        Arc::clone(&ring),
        Arc::clone(signals),
        requested,
        SILENT_RATE,
    );
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
                silence.take(&mut mixer, (due - taken) as usize, &failed, &signals);
                taken = due;
            }
            silence.end();
        })
        .map_err(|error| format!("no thread for it: {error}"))?;
    let running = Running::new(stop, Stream::Silent(thread));
    let output = Output::new(ring, SILENT_RATE, clip_requests, fault, running);
    Ok((output, found))
}
