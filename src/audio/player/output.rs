use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use cpal::{
    Device, ErrorKind, FromSample, SampleFormat, SizedSample, Stream, StreamConfig,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};
use rtrb::{Producer, RingBuffer};

use super::{render::Renderer, shared::Shared};

/// Sound that waits for the device: long enough for a busy machine.
const RING_SECS: f32 = 0.25;

/// Where sound goes.
#[derive(Clone)]
pub(super) enum Backend {
    /// The system's default sound device.
    Device,
    /// Nowhere, in real time.
    Silent(Arc<Silence>),
}

/// A device that isn't there: takes sound at the pace of a real one. Tests unplug it and look at what it took.
#[derive(Default)]
pub(super) struct Silence {
    pub unplugged: AtomicBool,
    #[cfg(test)]
    pub heard: Mutex<Vec<f32>>,
}

/// Frames a second of the silent output.
const SILENT_RATE: u32 = 48_000;
/// How often the silent output takes sound.
const SILENT_PERIOD: Duration = Duration::from_millis(5);

/// An output that runs until it is dropped.
pub(super) struct Output {
    /// Interleaved stereo at `rate`.
    pub ring: Producer<f32>,
    pub ring_values: usize,
    /// In Hz.
    pub rate: u32,
    fault: Fault,
    _running: Running,
}

enum Running {
    Device { _stream: Stream },
    Silent(Arc<AtomicBool>),
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Self::Silent(stop) = self {
            stop.store(true, Ordering::Release);
        }
    }
}

/// Why an output died, once it has.
#[derive(Clone, Default)]
struct Fault(Arc<Mutex<Option<String>>>);

impl Fault {
    fn raise(&self, why: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(why);
    }

    fn get(&self) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Backend {
    /// The name of the device that would be opened, or why there is none.
    pub(super) fn look(&self) -> Result<String, String> {
        match self {
            Self::Device => default_device().map(|(_, name)| name),
            Self::Silent(silence) => silence.name(),
        }
    }

    /// Opens the output; it takes sound from its ring at once.
    pub(super) fn open(&self, shared: &Arc<Shared>) -> Result<(Output, String), String> {
        match self {
            Self::Device => open_device(shared),
            Self::Silent(silence) => open_silent(silence, shared),
        }
    }
}

impl Output {
    /// Why it died, once it has.
    pub(super) fn fault(&self) -> Option<String> {
        self.fault.get()
    }
}

impl Silence {
    fn name(&self) -> Result<String, String> {
        if self.unplugged.load(Ordering::Acquire) {
            Err("the silent output was unplugged".to_owned())
        } else {
            Ok("silent".to_owned())
        }
    }
}

fn ring(rate: u32, shared: &Arc<Shared>) -> (Producer<f32>, usize, Renderer) {
    let values = (RING_SECS * rate as f32) as usize * 2;
    let (producer, consumer) = RingBuffer::new(values);
    (
        producer,
        values,
        Renderer::new(consumer, Arc::clone(shared), rate),
    )
}

fn open_silent(silence: &Arc<Silence>, shared: &Arc<Shared>) -> Result<(Output, String), String> {
    let name = silence.name()?;
    let (producer, ring_values, mut renderer) = ring(SILENT_RATE, shared);
    let stop = Arc::new(AtomicBool::new(false));
    let fault = Fault::default();
    let (stopped, failed, silence) = (Arc::clone(&stop), fault.clone(), Arc::clone(silence));
    thread::Builder::new()
        .name("silent-output".to_owned())
        .spawn(move || {
            let start = Instant::now();
            let mut taken = 0_u64;
            while !stopped.load(Ordering::Acquire) {
                thread::sleep(SILENT_PERIOD);
                if let Err(why) = silence.name() {
                    failed.raise(why);
                    return;
                }
                let due = (start.elapsed().as_secs_f64() * f64::from(SILENT_RATE)) as u64;
                #[cfg(test)]
                let mut heard = silence.heard.lock().unwrap();
                renderer.render((due - taken) as usize, |_frame| {
                    #[cfg(test)]
                    heard.push(_frame[0]);
                });
                taken = due;
            }
        })
        .map_err(|error| format!("no thread for it: {error}"))?;
    let output = Output {
        ring: producer,
        ring_values,
        rate: SILENT_RATE,
        fault,
        _running: Running::Silent(stop),
    };
    Ok((output, name))
}

fn default_device() -> Result<(Device, String), String> {
    let device = cpal::default_host()
        .default_output_device()
        .ok_or_else(|| in_words(ErrorKind::DeviceNotAvailable, ""))?;
    // A device may be named that cannot be used: only its configuration tells.
    device
        .default_output_config()
        .map_err(|error| in_words(error.kind(), &error.to_string()))?;
    let name = device
        .description()
        .map_or_else(|_| "sound device".to_owned(), |it| it.name().to_owned());
    Ok((device, name))
}

/// Why a sound device cannot be used, in words that follow a colon; `detail` is what the system said.
fn in_words(kind: ErrorKind, detail: &str) -> String {
    match kind {
        ErrorKind::DeviceNotAvailable => "no loudspeaker or headphones were found".to_owned(),
        ErrorKind::DeviceBusy => "another program holds the sound device".to_owned(),
        ErrorKind::PermissionDenied => {
            "this user may not use the sound device (on Linux: join the group audio)".to_owned()
        }
        ErrorKind::HostUnavailable => "the system's sound service does not run".to_owned(),
        ErrorKind::StreamInvalidated => "the sound device changed; play again".to_owned(),
        _ => format!(
            "the sound device refused: {}",
            detail.trim_end_matches(['.', ' '])
        ),
    }
}

/// Whether a device swallows what it is given: ALSA lists its plugin `null` ("Discard all samples") among the
/// loudspeakers.
fn is_null(driver: Option<&str>) -> bool {
    driver == Some("null")
}

/// A sound device of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputDevice {
    /// Its name for people.
    pub name: String,
    /// Whether the player takes it.
    pub is_default: bool,
}

/// The sound devices that can be used, the default first.
pub fn output_devices() -> Vec<OutputDevice> {
    let default = default_device().ok().map(|(_, name)| name);
    let found = cpal::default_host()
        .output_devices()
        .map(|devices| {
            devices
                .filter(|device| device.default_output_config().is_ok())
                .filter_map(|device| device.description().ok())
                .filter(|it| !is_null(it.driver()))
                .map(|it| it.name().to_owned())
                .collect::<std::collections::BTreeSet<String>>()
        })
        .unwrap_or_default();
    let others = found
        .into_iter()
        .filter(|name| Some(name) != default.as_ref());
    let as_default = |name: &String| OutputDevice {
        name: name.clone(),
        is_default: true,
    };
    default
        .iter()
        .map(as_default)
        .chain(others.map(|name| OutputDevice {
            name,
            is_default: false,
        }))
        .collect()
}

fn open_device(shared: &Arc<Shared>) -> Result<(Output, String), String> {
    let (device, name) = default_device()?;
    let refused = |error: cpal::Error| in_words(error.kind(), &error.to_string());
    let supported = device.default_output_config().map_err(refused)?;
    let (format, config) = (supported.sample_format(), supported.config());
    let rate = config.sample_rate;
    let (producer, ring_values, renderer) = ring(rate, shared);
    let fault = Fault::default();
    let build = match format {
        SampleFormat::I8 => build::<i8>,
        SampleFormat::I16 => build::<i16>,
        SampleFormat::I32 => build::<i32>,
        SampleFormat::U8 => build::<u8>,
        SampleFormat::U16 => build::<u16>,
        SampleFormat::U32 => build::<u32>,
        SampleFormat::F32 => build::<f32>,
        SampleFormat::F64 => build::<f64>,
        other => {
            return Err(format!(
                "it wants samples as {other}, which are not written"
            ));
        }
    };
    let stream = build(&device, config, renderer, fault.clone()).map_err(refused)?;
    stream.play().map_err(refused)?;
    let output = Output {
        ring: producer,
        ring_values,
        rate,
        fault,
        _running: Running::Device { _stream: stream },
    };
    Ok((output, name))
}

fn build<T: SizedSample + FromSample<f32> + Send + 'static>(
    device: &Device,
    config: StreamConfig,
    mut renderer: Renderer,
    fault: Fault,
) -> Result<Stream, cpal::Error> {
    let channels = usize::from(config.channels).max(1);
    let silence = T::from_sample(0.0);
    device.build_output_stream(
        config,
        move |data: &mut [T], _| {
            let mut frames = data.chunks_exact_mut(channels);
            renderer.render(frames.len(), |[left, right]| match frames.next() {
                Some([only]) => *only = T::from_sample((left + right) / 2.0),
                Some([first, second, others @ ..]) => {
                    *first = T::from_sample(left);
                    *second = T::from_sample(right);
                    others.fill(silence);
                }
                Some([]) | None => {}
            });
        },
        move |error| match error.kind() {
            // The stream goes on after these.
            ErrorKind::Xrun | ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged => {}
            kind => fault.raise(in_words(kind, &error.to_string())),
        },
        None,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_that_discards_sound_is_no_loudspeaker() {
        assert!(is_null(Some("null")));
        assert!(!is_null(Some("default")));
        assert!(!is_null(Some("hw:CARD=0,DEV=0")));
        assert!(!is_null(None));
        let names = output_devices();
        assert!(
            names
                .iter()
                .all(|it| !it.name.contains("Discard all samples"))
        );
    }

    #[test]
    fn faults_of_devices_are_said_in_words() {
        let missing = in_words(ErrorKind::DeviceNotAvailable, "ENODEV");
        assert!(missing.contains("loudspeaker") && !missing.contains("ENODEV"));
        let odd = in_words(ErrorKind::BackendError, "snd_pcm_open: code 22.");
        assert_eq!(odd, "the sound device refused: snd_pcm_open: code 22");
    }
}
