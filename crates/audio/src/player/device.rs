//! The machine's own sound devices.

use std::{
    cell::LazyCell,
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use cpal::{
    BufferSize, Device, ErrorKind, FromSample, SampleFormat, SizedSample, StreamConfig,
    SupportedBufferSize, SupportedStreamConfig,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};

use super::{
    callback::CallbackMixer,
    clip_mixer,
    output::{Fault, Found, Output, Running, Stream, Trouble, ring},
    signals::Signals,
    state::OutputDevice,
};

/// Frames that a device on Linux asks for at once; two such blocks wait in it. Beside a training on all cores, blocks of
/// 1024 let a gap of some 15 ms be heard every ten seconds.
const LONG: u32 = 2048;
/// The same for clips, which shall sound at once.
const SHORT: u32 = 512;

/// The sound devices that can be used, the system's choice first. Each name is there once: where several devices have the
/// same, the system's own name for the device stands behind it in brackets.
pub fn output_devices() -> Vec<OutputDevice> {
    hush();
    let default = default_device().ok();
    let default_id = default.as_ref().map(|device| device.id.clone());
    let devices: Vec<OutputDevice> = distinct(default.into_iter().chain(usable()))
        .into_iter()
        .map(|(device, name)| OutputDevice {
            is_default: Some(&device.id) == default_id.as_ref(),
            description: device.name,
            id: device.id,
            name,
        })
        .collect();
    in_order(devices)
}

/// Which of the devices was chosen by its name, now or at a time when others were there.
pub fn chosen_device<'a>(devices: &'a [OutputDevice], wanted: &str) -> Option<&'a OutputDevice> {
    devices
        .iter()
        .filter_map(|device| {
            let rank = likeness(wanted, &device.name, &device.description, &device.id)?;
            Some((rank, device))
        })
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, device)| device)
}

fn in_order(mut devices: Vec<OutputDevice>) -> Vec<OutputDevice> {
    devices.sort_by(|a, b| (!a.is_default, &a.name).cmp(&(!b.is_default, &b.name)));
    devices
}

/// Keeps what ALSA's library would write to the terminal from this thread: what matters comes back as an error.
fn hush() {
    #[cfg(target_os = "linux")]
    if let Err(error) = alsa::Output::local_error_handler() {
        tracing::debug!("ALSA speaks for itself: {error}");
    }
}

/// A device that can be opened, or in tests only its names.
struct Named<D> {
    device: D,
    /// For people; several devices may have the same.
    name: String,
    /// The system's own name.
    id: String,
}

/// The part of the system's name that tells devices of one name apart. ALSA has many names for one card: `hw:CARD=X`,
/// `front:CARD=X,DEV=0`.
fn place(id: &str) -> &str {
    match id.split_once("CARD=") {
        Some((_, card)) => card.split(',').next().unwrap_or(card),
        None => id,
    }
}

/// A name with what tells it from the same name of another device.
fn full_name(name: &str, id: &str) -> String {
    format!("{name} ({})", place(id))
}

/// How well a name that was chosen is that of a device, 0 best: as it is listed now, as it was listed beside a device of
/// the same name, or as it was listed alone.
fn likeness(wanted: &str, listed: &str, name: &str, id: &str) -> Option<u8> {
    if wanted == listed {
        Some(0)
    } else if wanted == full_name(name, id) {
        Some(1)
    } else {
        (wanted == name).then_some(2)
    }
}

/// Every device once, with a name that no other one has.
fn distinct<D>(devices: impl IntoIterator<Item = Named<D>>) -> Vec<(Named<D>, String)> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut found: Vec<Named<D>> = Vec::new();
    for device in devices {
        let of_name = places.entry(device.name.clone()).or_default();
        if !of_name.iter().any(|it| it == place(&device.id)) {
            of_name.push(place(&device.id).to_owned());
            found.push(device);
        }
    }
    // ALSA lists each card by its number, too: the same cards once more.
    let is_number = |place: &str| place.bytes().all(|byte| byte.is_ascii_digit());
    for of_name in places.values_mut() {
        if of_name.iter().any(|place| !is_number(place)) {
            of_name.retain(|place| !is_number(place));
        }
    }
    let of_name = |name: &String| places.get(name).map_or(&[][..], Vec::as_slice);
    found.retain(|device| {
        of_name(&device.name)
            .iter()
            .any(|it| it == place(&device.id))
    });
    let named = |device: Named<D>| {
        let shared = of_name(&device.name).len() > 1;
        let name = if shared {
            full_name(&device.name, &device.id)
        } else {
            device.name.clone()
        };
        (device, name)
    };
    found.into_iter().map(named).collect()
}

/// The device that was chosen by a name of [`distinct`], now or at a time when other devices were there.
fn chosen<D>(
    devices: impl IntoIterator<Item = Named<D>>,
    wanted: &str,
) -> Option<(Named<D>, String)> {
    distinct(devices)
        .into_iter()
        .filter_map(|found| {
            let (device, listed) = &found;
            let rank = likeness(wanted, listed, &device.name, &device.id)?;
            Some((rank, found))
        })
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, found)| found)
}

/// Every device that plays something.
fn usable() -> impl Iterator<Item = Named<Device>> {
    let devices = cpal::default_host().output_devices().ok();
    let jack_runs = LazyCell::new(jack_runs);
    devices
        .into_iter()
        .flatten()
        .filter_map(|device| Some((device.description().ok()?, device)))
        .filter(move |(description, _)| match description.driver() {
            // To open it without a server lets JACK's library write to the terminal, which nothing keeps it from.
            Some("jack") => *jack_runs,
            driver => !is_null(driver),
        })
        .filter(|(_, device)| device.default_output_config().is_ok())
        .map(|(description, device)| named(device, description.name()))
}

/// Whether a JACK server has its socket where its clients look for it.
#[cfg(unix)]
fn jack_runs() -> bool {
    use std::os::unix::fs::FileTypeExt;
    let entries = std::fs::read_dir("/dev/shm").ok();
    entries.into_iter().flatten().flatten().any(|entry| {
        let name = entry.file_name();
        let is = |of: fn(&std::fs::FileType) -> bool| entry.file_type().is_ok_and(|kind| of(&kind));
        // Of its second version, and of its first one.
        name.as_encoded_bytes().starts_with(b"jack_") && is(FileTypeExt::is_socket)
            || name.as_encoded_bytes().starts_with(b"jack-") && is(std::fs::FileType::is_dir)
    })
}

#[cfg(not(unix))]
fn jack_runs() -> bool {
    true
}

fn named(device: Device, name: &str) -> Named<Device> {
    let id = device
        .id()
        .map_or_else(|_| name.to_owned(), |id| id.id().to_owned());
    Named {
        device,
        name: name.to_owned(),
        id,
    }
}

fn default_device() -> Result<Named<Device>, String> {
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
    Ok(named(device, &name))
}

/// The device of a name, or the system's choice: where none was named, or the named one isn't there.
fn device(wanted: Option<&str>) -> Result<(Device, Found), String> {
    hush();
    if let Some(wanted) = wanted
        && let Some((found, name)) = chosen(usable(), wanted)
    {
        return Ok((found.device, Found::new(name, found.id, None)));
    }
    let found = default_device()?;
    Ok((found.device, Found::new(found.name, found.id, wanted)))
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
            signals.underruns.fetch_add(1, Ordering::Relaxed);
        }
        // The stream goes on after these.
        ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged => {}
        kind => fault.raise(Trouble {
            why: refused(error),
            passing: matches!(
                kind,
                ErrorKind::BackendError | ErrorKind::StreamInvalidated | ErrorKind::Other
            ),
            gone: kind == ErrorKind::DeviceNotAvailable,
        }),
    }
}

/// Whether a device swallows what it is given: ALSA lists its plugin `null` ("Discard all samples") among the
/// loudspeakers.
fn is_null(driver: Option<&str>) -> bool {
    driver == Some("null")
}

/// Opens a device; it takes sound from its ring at once, in short blocks if it is `quick`.
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
        let ring = ring(rate);
        let (clip_requests, requested) = rtrb::RingBuffer::new(clip_mixer::WAITING);
        let mixer = CallbackMixer::new(Arc::clone(&ring), Arc::clone(signals), requested, rate);
        let fault = Fault::default();
        let heard = (fault.clone(), Arc::clone(signals));
        let stop = Arc::new(AtomicBool::new(false));
        let stream = build(&device, config, mixer, Arc::clone(&stop), heard)?;
        stream.play()?;
        let running = Running::new(stop, Stream::Device(stream));
        Ok(Output::new(ring, rate, clip_requests, fault, running))
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
    mut mixer: CallbackMixer,
    stop: Arc<AtomicBool>,
    (fault, signals): (Fault, Arc<Signals>),
) -> Result<cpal::Stream, cpal::Error> {
    let channels = usize::from(config.channels).max(1);
    let silence = T::from_sample(0.0);
    device.build_output_stream(
        config,
        move |data: &mut [T], _| {
            if stop.load(Ordering::Acquire) {
                // Given up, though the system may not know it yet: another output moves the playhead now.
                data.fill(silence);
                return;
            }
            let mut frames = data.chunks_exact_mut(channels);
            mixer.render(frames.len(), |[left, right]| match frames.next() {
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
        let devices = output_devices();
        assert!(
            devices
                .iter()
                .all(|it| !it.name.contains("Discard all samples"))
        );
    }

    /// What is listed of devices with these names and system's names.
    fn listed(devices: &[[&str; 2]]) -> Vec<[String; 2]> {
        distinct(plugged(devices))
            .into_iter()
            .map(|(device, name)| [name, device.id])
            .collect()
    }

    fn plugged(devices: &[[&str; 2]]) -> Vec<Named<()>> {
        let named = |&[name, id]: &[&str; 2]| Named {
            device: (),
            name: name.to_owned(),
            id: id.to_owned(),
        };
        devices.iter().map(named).collect()
    }

    #[test]
    fn devices_of_one_name_are_told_apart_and_each_can_be_chosen() {
        let two = [
            ["USB Audio", "usb.1"],
            ["Speakers", "pci"],
            ["USB Audio", "usb.2"],
        ];
        assert_eq!(
            listed(&two),
            [
                ["USB Audio (usb.1)", "usb.1"],
                ["Speakers", "pci"],
                ["USB Audio (usb.2)", "usb.2"],
            ]
        );
        for [name, id] in listed(&two) {
            let (device, _) = chosen(plugged(&two), &name).unwrap();
            assert_eq!(device.id, id);
        }
        // The twin is unplugged: the chosen one is still the chosen one, and the twin is not taken for it.
        let (device, name) =
            chosen(plugged(&[["USB Audio", "usb.2"]]), "USB Audio (usb.2)").unwrap();
        assert_eq!([name, device.id], ["USB Audio", "usb.2"]);
        assert!(chosen(plugged(&[["USB Audio", "usb.2"]]), "USB Audio (usb.1)").is_none());
        // It was chosen when it was the only one.
        let (device, _) = chosen(plugged(&two), "USB Audio").unwrap();
        assert_eq!(device.id, "usb.1");
    }

    #[test]
    fn a_card_with_many_names_is_listed_once() {
        let card = [
            ["HDA, ALC257", "sysdefault:CARD=PCH"],
            ["HDA, ALC257", "front:CARD=PCH,DEV=0"],
            ["HDA, ALC257", "hw:CARD=PCH,DEV=0"],
            ["HDA, ALC257", "hw:CARD=0,DEV=0"],
        ];
        assert_eq!(listed(&card), [["HDA, ALC257", "sysdefault:CARD=PCH"]]);
        assert_eq!(listed(&card[3..]), [["HDA, ALC257", "hw:CARD=0,DEV=0"]]);
        let cards = [
            ["Dongle", "hw:CARD=1,DEV=0"],
            ["Dongle", "front:CARD=A,DEV=0"],
            ["Dongle", "hw:CARD=A_1,DEV=0"],
        ];
        assert_eq!(
            listed(&cards),
            [
                ["Dongle (A)", "front:CARD=A,DEV=0"],
                ["Dongle (A_1)", "hw:CARD=A_1,DEV=0"],
            ]
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
