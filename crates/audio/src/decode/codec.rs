//! Codecs: which are decoded, by which library, and what they are called.

use symphonia::core::{
    codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions, well_known},
    errors::Error,
    packet::Packet,
};

use super::{MAX_CHANNELS, alac::Alac, fence::Fence, number::Bits, opus::Opus};
use crate::AudioError;

/// Frames of an AAC packet (the low-complexity profile, the only one decoded).
const AAC_FRAMES: u64 = 1024;
/// Frames of an MP3 packet.
const MP3_FRAMES: u64 = 1152;

/// Codecs that are treated in ways of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CodecKind {
    Aac,
    /// Any layer of MPEG audio.
    Mpeg,
    Vorbis,
    Opus,
    Other,
}

impl CodecKind {
    fn of(parameters: &AudioCodecParameters) -> Self {
        match parameters.codec {
            well_known::CODEC_ID_AAC => Self::Aac,
            well_known::CODEC_ID_MP1 | well_known::CODEC_ID_MP2 | well_known::CODEC_ID_MP3 => {
                Self::Mpeg
            }
            well_known::CODEC_ID_VORBIS => Self::Vorbis,
            well_known::CODEC_ID_OPUS => Self::Opus,
            _ => Self::Other,
        }
    }
}

/// A decoder of packets.
pub(super) enum Codec {
    Symphonia {
        decoder: Box<dyn AudioDecoder>,
        kind: CodecKind,
        settle: u64,
        fixed: Option<u64>,
        /// Whether the next packet only prepares the one behind it (Vorbis, after a reset).
        prepares: bool,
        /// Whether a packet was decoded: a later one of a kind that is not read is damaged.
        decodes: bool,
        /// Looks whether packets are whole, where the decoder does not.
        alac: Option<Alac>,
    },
    Opus(Box<Opus>),
}

impl Codec {
    /// Makes the decoder of a track, whose codec is called `name` in errors.
    pub(super) fn new(
        parameters: &AudioCodecParameters,
        name: &str,
        fence: &Fence<'_>,
    ) -> Result<Self, AudioError> {
        let kind = CodecKind::of(parameters);
        if kind == CodecKind::Opus {
            let head = parameters.extra_data.as_deref().unwrap_or_default();
            let opus = Opus::new(head)
                .ok_or_else(|| AudioError::damaged(fence.path, "its Opus header makes no sense"))?;
            return Ok(Self::Opus(Box::new(opus)));
        }
        // Its lower half alone would play.
        if kind == CodecKind::Aac && has_band_replication(parameters) {
            return Err(AudioError::unsupported(
                fence.path,
                format!("its codec is {name}"),
            ));
        }
        let channels = parameters.channels.as_ref().map_or(0, |set| set.count());
        let is_vorbis = kind == CodecKind::Vorbis;
        if is_vorbis && channels > 2 {
            // symphonia-codec-vorbis 0.6.1, "more than two channels decode to noise": in residues of type 0 and 1 surplus
            // classes of one channel overwrite the next one's.
            let why = format!(
                "its codec is Vorbis with {} channels",
                number_word(channels)
            );
            return Err(AudioError::unsupported(fence.path, why));
        }
        let made = fence.catch(|| {
            // symphonia-format-ogg 0.6.1, "samples are trimmed inside a stream where the granule position of a page is a
            // little low", as in files that ffmpeg wrote; here the beginning and the end are found by counting.
            let options = AudioDecoderOptions::default().gapless(!is_vorbis);
            symphonia::default::get_codecs().make_audio_decoder(parameters, &options)
        })?;
        let decoder = match made {
            Ok(decoder) => decoder,
            Err(Error::Unsupported(_)) => {
                return Err(AudioError::unsupported(
                    fence.path,
                    format!("its codec is {name}"),
                ));
            }
            Err(error) => return Err(fence.sort(&error)),
        };
        let (settle, fixed) = match kind {
            // The windows of neighbours overlap; one packet more is harmless.
            CodecKind::Aac => (2 * AAC_FRAMES, Some(AAC_FRAMES)),
            // Bits of a packet may lie in those before it, 511 bytes at most: ten of the smallest.
            CodecKind::Mpeg => (10 * MP3_FRAMES, None),
            // Two of the longest blocks.
            CodecKind::Vorbis => (2 * 8192, None),
            CodecKind::Opus | CodecKind::Other => (0, None),
        };
        let cookie = parameters.extra_data.as_deref();
        let is_alac = parameters.codec == well_known::CODEC_ID_ALAC;
        Ok(Self::Symphonia {
            decoder,
            kind,
            settle,
            fixed,
            prepares: is_vorbis,
            decodes: false,
            alac: cookie.filter(|_| is_alac).and_then(Alac::read),
        })
    }

    /// Short name: "flac".
    pub(super) fn short_name(&self) -> &str {
        match self {
            Self::Symphonia { decoder, .. } => decoder.codec_info().short_name,
            Self::Opus(_) => "opus",
        }
    }

    /// The rate that it decodes to in Hz, where it knows that before the first packet.
    pub(super) fn rate(&self) -> Option<u32> {
        match self {
            Self::Symphonia { decoder, .. } => decoder.codec_params().sample_rate,
            Self::Opus(_) => Some(Opus::RATE),
        }
    }

    /// Who decodes.
    pub(super) fn library(&self) -> &'static str {
        match self {
            Self::Symphonia { .. } => "Symphonia",
            Self::Opus(_) => "ropus",
        }
    }

    /// Frames that come out before the sound begins and are not to be heard.
    pub(super) fn frames_before_sound(&self) -> u64 {
        match self {
            Self::Symphonia { .. } => 0,
            Self::Opus(opus) => opus.pre_skip(),
        }
    }

    /// Frames to decode before a place, so that what follows is what decoding from the beginning gives.
    pub(super) fn frames_to_settle(&self) -> u64 {
        match self {
            Self::Symphonia { settle, .. } => *settle,
            Self::Opus(_) => Opus::SETTLE_FRAMES,
        }
    }

    /// Frames that a packet will decode to, where that shows without decoding.
    pub(super) fn frames_of(&self, packet: &[u8]) -> Option<u64> {
        match self {
            Self::Symphonia { fixed, .. } => *fixed,
            Self::Opus(_) => Opus::frames_of(packet),
        }
    }

    /// Which codec it is.
    pub(super) fn kind(&self) -> CodecKind {
        match self {
            Self::Symphonia { kind, .. } => *kind,
            Self::Opus(_) => CodecKind::Opus,
        }
    }

    /// Whether the first packet gives no sound, but only prepares the next one.
    pub(super) fn is_vorbis(&self) -> bool {
        self.kind() == CodecKind::Vorbis
    }

    pub(super) fn reset(&mut self) {
        match self {
            Self::Symphonia {
                decoder,
                kind,
                prepares,
                ..
            } => {
                decoder.reset();
                *prepares = *kind == CodecKind::Vorbis;
            }
            Self::Opus(opus) => opus.reset(),
        }
    }

    /// Decodes a packet into `samples` and returns channels and rate; the inner error says why a packet is passed over.
    pub(super) fn decode(
        &mut self,
        packet: &Packet,
        samples: &mut Vec<f32>,
        fence: &Fence<'_>,
    ) -> Result<Result<(usize, u32), &'static str>, AudioError> {
        let (decoder, prepares, decodes) = match self {
            Self::Symphonia {
                alac: Some(alac), ..
            } if !alac.is_whole(&packet.data) => {
                samples.clear();
                return Ok(Err("alac: a packet is not whole"));
            }
            Self::Symphonia {
                decoder,
                prepares,
                decodes,
                ..
            } => (decoder, prepares, decodes),
            Self::Opus(opus) => {
                return fence
                    .catch(|| Ok(opus.decode(&packet.data, samples)))
                    .map(|decoded| decoded.unwrap_or(Err("a packet makes no sense")));
            }
        };
        let decoded = fence.catch(|| {
            decoder.decode(packet).map(|buffer| {
                let (channels, rate) = (buffer.num_planes(), buffer.spec().rate());
                let prepared = std::mem::take(prepares);
                if channels > 0 && channels <= MAX_CHANNELS && !prepared {
                    buffer.copy_to_vec_interleaved(samples);
                } else {
                    samples.clear();
                }
                (channels, rate)
            })
        })?;
        match decoded {
            Ok(shape) => {
                *decodes = true;
                Ok(Ok(shape))
            }
            Err(Error::DecodeError(why)) => Ok(Err(why)),
            Err(Error::Unsupported(why)) if *decodes => Ok(Err(why)),
            Err(Error::IoError(_)) => Ok(Err("a packet ends too early")),
            Err(Error::ResetRequired) => {
                decoder.reset();
                Ok(Err("the decoder lost its place"))
            }
            Err(error) => Err(fence.sort(&error)),
        }
    }
}

/// What a listener calls a track's codec: "AAC with six channels".
pub(super) fn codec_name(parameters: &AudioCodecParameters) -> String {
    use well_known as known;
    let name = match parameters.codec {
        known::CODEC_ID_AAC => return aac_name(parameters),
        known::CODEC_ID_MP1 => "MPEG audio layer I",
        known::CODEC_ID_MP2 => "MPEG audio layer II",
        known::CODEC_ID_MP3 => "MP3",
        known::CODEC_ID_AC3 => "AC-3 (Dolby Digital)",
        known::CODEC_ID_EAC3 => "E-AC-3 (Dolby Digital Plus)",
        known::CODEC_ID_AC4 => "AC-4",
        known::CODEC_ID_DCA => "DTS",
        known::CODEC_ID_TRUEHD => "Dolby TrueHD",
        known::CODEC_ID_SPEEX => "Speex",
        known::CODEC_ID_MUSEPACK => "Musepack",
        known::CODEC_ID_WMA => "Windows Media Audio",
        known::CODEC_ID_WAVPACK => "WavPack",
        known::CODEC_ID_MONKEYS_AUDIO => "Monkey's Audio",
        known::CODEC_ID_TTA => "True Audio (TTA)",
        known::CODEC_ID_ALAC => "ALAC",
        known::CODEC_ID_FLAC => "FLAC",
        known::CODEC_ID_VORBIS => "Vorbis",
        known::CODEC_ID_OPUS => "Opus",
        known::CODEC_ID_ADPCM_MS
        | known::CODEC_ID_ADPCM_IMA_WAV
        | known::CODEC_ID_ADPCM_IMA_QT
        | known::CODEC_ID_ADPCM_G722
        | known::CODEC_ID_ADPCM_G726
        | known::CODEC_ID_ADPCM_G726LE => "ADPCM",
        known::CODEC_ID_ATRAC1
        | known::CODEC_ID_ATRAC3
        | known::CODEC_ID_ATRAC3PLUS
        | known::CODEC_ID_ATRAC9 => "ATRAC",
        known::CODEC_ID_RA10 | known::CODEC_ID_RA20 | known::CODEC_ID_COOK => "RealAudio",
        _ => "one that is not decoded",
    };
    name.to_owned()
}

/// A small number as it is written out.
pub(super) fn number_word(number: usize) -> String {
    const WORDS: [&str; 9] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight",
    ];
    WORDS
        .get(number)
        .map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

fn has_band_replication(parameters: &AudioCodecParameters) -> bool {
    let config = AacConfig::read(parameters.extra_data.as_deref().unwrap_or_default());
    config.is_some_and(|config| config.has_sbr)
}

fn aac_name(parameters: &AudioCodecParameters) -> String {
    let config = AacConfig::read(parameters.extra_data.as_deref().unwrap_or_default());
    if let Some(AacConfig { has_sbr: true, .. }) = config {
        return "HE-AAC".to_owned();
    }
    match config.map(|config| config.object_type) {
        None | Some(2) => {}
        Some(1) => return "AAC of the Main profile".to_owned(),
        Some(3) => return "AAC of the SSR profile".to_owned(),
        Some(4) => return "AAC of the LTP profile".to_owned(),
        Some(23 | 39) => return "low-delay AAC".to_owned(),
        Some(42) => return "xHE-AAC (USAC)".to_owned(),
        Some(_) => return "an unusual kind of AAC".to_owned(),
    }
    match parameters.channels.as_ref().map(|set| set.count()) {
        Some(count @ 3..) => format!("AAC with {} channels", number_word(count)),
        Some(_) => "AAC".to_owned(),
        None => "AAC with channels of its own arrangement".to_owned(),
    }
}

/// What an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AacConfig {
    pub object_type: u32,
    /// Spectral band replication: the packets hold the lower half of the spectrum, and how to guess the upper.
    pub has_sbr: bool,
}

impl AacConfig {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        const SBR: u32 = 5;
        const PARAMETRIC_STEREO: u32 = 29;
        let bits = &mut Bits::new(bytes);
        let object_type = read_object_type(bits)?;
        read_rate(bits)?;
        let channels = bits.take(4)?;
        if matches!(object_type, SBR | PARAMETRIC_STEREO) {
            read_rate(bits)?;
            return Some(Self {
                object_type: read_object_type(bits)?,
                has_sbr: true,
            });
        }
        let mut config = Self {
            object_type,
            has_sbr: false,
        };
        // Low complexity, and the channels by a number: then an extension may follow at a known place.
        if object_type == 2 && channels != 0 {
            const EXTENSION: u32 = 0x2b7;
            bits.take(1);
            if bits.take(1) == Some(1) {
                bits.take(14);
            }
            bits.take(1);
            config.has_sbr = bits.take(11) == Some(EXTENSION)
                && read_object_type(bits) == Some(SBR)
                && bits.take(1) == Some(1);
        }
        Some(config)
    }
}

/// An object type, whose number may be too large for its five bits.
fn read_object_type(bits: &mut Bits<'_>) -> Option<u32> {
    const ESCAPE: u32 = 31;
    Some(match bits.take(5)? {
        ESCAPE => 32 + bits.take(6)?,
        short => short,
    })
}

/// A sample rate: an index, or the number itself.
fn read_rate(bits: &mut Bits<'_>) -> Option<u32> {
    const ESCAPE: u32 = 15;
    Some(match bits.take(4)? {
        ESCAPE => bits.take(24)?,
        index => index,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audio_configuration_tells_the_kind_of_aac() {
        let read = |bytes: &[u8]| AacConfig::read(bytes).unwrap();
        // Low complexity, 44.1 kHz, stereo.
        assert_eq!(
            (read(&[0x12, 0x10]).object_type, read(&[0x12, 0x10]).has_sbr),
            (2, false)
        );
        // HE-AAC by its object type, and by the extension that old players pass over.
        assert!(read(&[0x2b, 0x92, 0x08, 0x00]).has_sbr);
        assert!(read(&[0x13, 0x90, 0x56, 0xe5, 0xa0]).has_sbr);
        assert_eq!(AacConfig::read(&[0x12]), None);
    }
}
