//! The machine's own sound devices.

use std::sync::Arc;

use cpal::{
    BufferSize, Device, ErrorKind, FromSample, SampleFormat, SizedSample, Stream, StreamConfig,
    SupportedBufferSize, SupportedStreamConfig,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};

use super::{
    aside,
    output::{Fault, Found, Output, Running, Trouble, belt},
    render::Renderer,
    signals::Signals,
};

/// Frames that a device on Linux asks for at once; two such blocks wait in it. Beside a training on all cores, blocks of
/// 1024 let a gap of some 15 ms be heard every ten seconds.
const LONG: u32 = 2048;
/// The same for clips, which shall sound at once.
const SHORT: u32 = 512;

/// A sound device of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputDevice {
    /// Its name for people.
    pub name: String,
    /// Whether it is the system's choice.
    pub is_default: bool,
}

/// The sound devices that can be used, the system's choice first.
pub fn output_devices() -> Vec<OutputDevice> {
    hush();
    let default = default_device().ok().map(|(_, name)| name);
    let others: std::collections::BTreeSet<String> = usable()
        .map(|(_, name)| name)
        .filter(|name| Some(name) != default.as_ref())
        .collect();
    let device = |name: String, is_default| OutputDevice { name, is_default };
    let default = default.into_iter().map(|name| device(name, true));
    default
        .chain(others.into_iter().map(|name| device(name, false)))
        .collect()
}

/// Keeps what ALSA's library would write to the terminal from this thread: what matters comes back as an error.
fn hush() {
    #[cfg(target_os = "linux")]
    if let Err(error) = alsa::Output::local_error_handler() {
        tracing::debug!("ALSA speaks for itself: {error}");
    }
}

/// Every device that plays something, with its name.
fn usable() -> impl Iterator<Item = (Device, String)> {
    let devices = cpal::default_host().output_devices().ok();
    devices
        .into_iter()
        .flatten()
        .filter(|device| device.default_output_config().is_ok())
        .filter_map(|device| {
            let description = device.description().ok()?;
            let name = description.name().to_owned();
            (!is_null(description.driver())).then_some((device, name))
        })
}

fn default_device() -> Result<(Device, String), String> {
    let device = cpal::default_host()
        .default_output_device()
        .ok_or_else(|| in_words(ErrorKind::DeviceNotAvailable, ""))?;
    // A device may be named that cannot be used: only its configuration tells.
    device
        .default_output_config()
        .map_err(|error| refused(&error))?;
    let name = device
        .description()
        .map_or_else(|_| "sound device".to_owned(), |it| it.name().to_owned());
    Ok((device, name))
}

/// The device of a name, or the system's choice: where none was named, or the named one isn't there.
fn device(wanted: Option<&str>) -> Result<(Device, Found), String> {
    hush();
    if let Some(wanted) = wanted
        && let Some((device, name)) = usable().find(|(_, name)| name == wanted)
    {
        return Ok((device, Found::new(name, None)));
    }
    let (device, name) = default_device()?;
    Ok((device, Found::new(name, wanted)))
}

/// The device that would be opened, or why there is none.
pub(super) fn look(wanted: Option<&str>) -> Result<Found, String> {
    device(wanted).map(|(_, found)| found)
}

/// Why a device cannot be used, as the system says it.
pub(super) fn refused(error: &cpal::Error) -> String {
    in_words(error.kind(), &error.to_string())
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
        ErrorKind::ResourceExhausted => {
            "the system has no memory or threads left for sound; close other programs".to_owned()
        }
        _ => format!(
            "the sound device refused: {}",
            detail.trim_end_matches(['.', ' '])
        ),
    }
}

/// What becomes of a running stream that reports an error: it goes on, or it is lost.
pub(super) fn hear_of(error: &cpal::Error, fault: &Fault, signals: &Signals) {
    match error.kind() {
        ErrorKind::Xrun => {
            let order = std::sync::atomic::Ordering::Relaxed;
            signals.underruns.fetch_add(1, order);
        }
        // The stream goes on after these.
        ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged => {}
        kind => fault.raise(Trouble {
            why: refused(error),
            passing: matches!(
                kind,
                ErrorKind::BackendError | ErrorKind::StreamInvalidated | ErrorKind::Other
            ),
        }),
    }
}

/// Whether a device swallows what it is given: ALSA lists its plugin `null` ("Discard all samples") among the
/// loudspeakers.
fn is_null(driver: Option<&str>) -> bool {
    driver == Some("null")
}

/// Opens a device; it takes sound from its belt at once, in short blocks if it is `quick`.
pub(super) fn open(
    wanted: Option<&str>,
    quick: bool,
    signals: &Arc<Signals>,
) -> Result<(Output, Found), String> {
    let (device, found) = device(wanted)?;
    let refused = |error: cpal::Error| refused(&error);
    let supported = device.default_output_config().map_err(refused)?;
    let format = supported.sample_format();
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
    let rate = supported.sample_rate();
    let start = |config: StreamConfig| {
        let belt = belt(rate);
        let (cues, cued) = rtrb::RingBuffer::new(aside::WAITING);
        let renderer = Renderer::new(Arc::clone(&belt), Arc::clone(signals), cued, rate);
        let fault = Fault::default();
        let heard = (fault.clone(), Arc::clone(signals));
        let stream = build(&device, config, renderer, heard)?;
        stream.play()?;
        let running = Running::Device { _stream: stream };
        Ok(Output::new(belt, rate, cues, fault, running))
    };
    let output = match in_blocks(&supported, if quick { SHORT } else { LONG }).map(start) {
        Some(Ok(output)) => output,
        Some(Err(_)) | None => start(supported.config()).map_err(refused)?,
    };
    Ok((output, found))
}

/// A configuration with blocks of our choice where the device takes them: ALSA's own leave no time for other work,
/// and PulseAudio's hold two seconds.
fn in_blocks(supported: &SupportedStreamConfig, frames: u32) -> Option<StreamConfig> {
    let SupportedBufferSize::Range { min, max } = supported.buffer_size() else {
        return None;
    };
    let fits = (*min..=*max).contains(&frames);
    (cfg!(target_os = "linux") && fits).then(|| StreamConfig {
        buffer_size: BufferSize::Fixed(frames),
        ..supported.config()
    })
}

fn build<T: SizedSample + FromSample<f32> + Send + 'static>(
    device: &Device,
    config: StreamConfig,
    mut renderer: Renderer,
    (fault, signals): (Fault, Arc<Signals>),
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
        move |error| hear_of(&error, &fault, &signals),
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
