//! How samples are written as bytes: linear PCM, floating point, G.711 and ADPCM.

use super::{
    Endian,
    adpcm::{self, Ima},
};

/// One way of writing samples. Numbers narrower than their bytes stand in the upper bits, so that only the bytes count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// One byte, 128 is silence.
    Unsigned,
    /// Two's complement of 1, 2, 3, 4 or 8 bytes.
    Signed {
        bytes: u8,
        endian: Endian,
    },
    /// IEEE 754 of 4 or 8 bytes.
    Float {
        bytes: u8,
        endian: Endian,
    },
    ALaw,
    MuLaw,
    ImaWave {
        block_bytes: u16,
    },
    ImaQuickTime,
    /// One or two channels.
    Microsoft {
        block_bytes: u16,
    },
}

impl Coding {
    /// Two's complement of so many bytes, where that is read.
    pub(super) fn signed(bytes: u64, endian: Endian) -> Option<Self> {
        matches!(bytes, 1..=4 | 8).then_some(Self::Signed {
            bytes: bytes as u8,
            endian,
        })
    }

    /// Floating point of so many bits, where that is read.
    pub(super) fn float(bits: u32, endian: Endian) -> Option<Self> {
        matches!(bits, 32 | 64).then_some(Self::Float {
            bytes: (bits / 8) as u8,
            endian,
        })
    }

    /// Bytes that decode by themselves, of all channels.
    pub(super) fn block_bytes(self, channels: usize) -> usize {
        match self {
            Self::Unsigned | Self::ALaw | Self::MuLaw => channels,
            Self::Signed { bytes, .. } | Self::Float { bytes, .. } => channels * usize::from(bytes),
            Self::ImaWave { block_bytes } | Self::Microsoft { block_bytes } => {
                usize::from(block_bytes).max(1)
            }
            Self::ImaQuickTime => channels * adpcm::QUICKTIME_BYTES,
        }
    }

    /// Frames in the first `bytes` bytes of a block.
    fn frames_of_part(self, bytes: usize, channels: usize) -> usize {
        match self {
            Self::ImaWave { .. } => adpcm::ima_wave_frames(bytes, channels),
            Self::Microsoft { .. } => adpcm::microsoft_frames(bytes, channels),
            Self::ImaQuickTime if bytes >= self.block_bytes(channels) => adpcm::QUICKTIME_FRAMES,
            Self::ImaQuickTime => 0,
            _ => bytes / self.block_bytes(channels),
        }
    }

    /// Frames of a whole block.
    pub(super) fn block_frames(self, channels: usize) -> usize {
        self.frames_of_part(self.block_bytes(channels), channels)
    }

    /// Frames in so many bytes; the last block may be cut.
    pub(super) fn frames(self, bytes: u64, channels: usize) -> u64 {
        let block_bytes = self.block_bytes(channels) as u64;
        let part = (bytes % block_bytes) as usize;
        (bytes / block_bytes)
            .saturating_mul(self.block_frames(channels) as u64)
            .saturating_add(self.frames_of_part(part, channels) as u64)
    }

    /// Whether a block needs what was decoded before it.
    pub(super) fn has_memory(self) -> bool {
        self == Self::ImaQuickTime
    }

    /// The name that decoders have agreed on: "pcm_s16le".
    pub(super) fn name(self) -> String {
        let letters = |endian| match endian {
            Endian::Little => "le",
            Endian::Big => "be",
        };
        match self {
            Self::Unsigned => "pcm_u8".to_owned(),
            Self::Signed { bytes: 1, .. } => "pcm_s8".to_owned(),
            Self::Signed { bytes, endian } => {
                format!("pcm_s{}{}", 8 * u32::from(bytes), letters(endian))
            }
            Self::Float { bytes, endian } => {
                format!("pcm_f{}{}", 8 * u32::from(bytes), letters(endian))
            }
            Self::ALaw => "pcm_alaw".to_owned(),
            Self::MuLaw => "pcm_mulaw".to_owned(),
            Self::ImaWave { .. } => "adpcm_ima_wav".to_owned(),
            Self::ImaQuickTime => "adpcm_ima_qt".to_owned(),
            Self::Microsoft { .. } => "adpcm_ms".to_owned(),
        }
    }

    /// Appends the frames of whole blocks, the last of which may be cut, interleaved; full scale is 1. Returns how many
    /// blocks broke the rules of their coding.
    pub(super) fn decode(
        self,
        bytes: &[u8],
        channels: usize,
        memory: &mut [Ima],
        samples: &mut Vec<f32>,
    ) -> u64 {
        match self {
            Self::Unsigned => {
                samples.extend(bytes.iter().map(|byte| (f32::from(*byte) - 128.0) / 128.0));
            }
            Self::ALaw => samples.extend(bytes.iter().map(|byte| from_a_law(*byte))),
            Self::MuLaw => samples.extend(bytes.iter().map(|byte| from_mu_law(*byte))),
            Self::Signed {
                bytes: size,
                endian,
            } => signed(bytes, size, endian, samples),
            Self::Float {
                bytes: size,
                endian,
            } => float(bytes, size, endian, samples),
            Self::ImaWave { .. } | Self::Microsoft { .. } | Self::ImaQuickTime => {
                let mut broken = 0;
                for block in bytes.chunks(self.block_bytes(channels)) {
                    let is_sound = match self {
                        Self::Microsoft { .. } => adpcm::microsoft(block, channels, samples),
                        Self::ImaWave { .. } => adpcm::ima_wave(block, channels, samples),
                        _ if block.len() < self.block_bytes(channels) => true,
                        _ => adpcm::ima_quicktime(block, memory, samples),
                    };
                    broken += u64::from(!is_sound);
                }
                return broken;
            }
        }
        // Bytes that make no whole frame.
        let whole = samples.len() / channels * channels;
        samples.truncate(whole);
        0
    }
}

/// Two's complement of so many bytes.
fn signed(bytes: &[u8], size: u8, endian: Endian, samples: &mut Vec<f32>) {
    /// Full scale of numbers in the upper bits of 32.
    const FULL_SCALE: f32 = 2_147_483_648.0;
    let wide = |value: i32| value as f32 / FULL_SCALE;
    match (size, endian) {
        (1, _) => samples.extend(bytes.iter().map(|byte| f32::from(*byte as i8) / 128.0)),
        (2, Endian::Little) => samples.extend(
            (bytes.as_chunks().0.iter()).map(|two| f32::from(i16::from_le_bytes(*two)) / 32_768.0),
        ),
        (2, Endian::Big) => samples.extend(
            (bytes.as_chunks().0.iter()).map(|two| f32::from(i16::from_be_bytes(*two)) / 32_768.0),
        ),
        (3, Endian::Little) => samples.extend(
            (bytes.as_chunks().0.iter()).map(|[a, b, c]| wide(i32::from_le_bytes([0, *a, *b, *c]))),
        ),
        (3, Endian::Big) => samples.extend(
            (bytes.as_chunks().0.iter()).map(|[a, b, c]| wide(i32::from_be_bytes([*a, *b, *c, 0]))),
        ),
        (4, Endian::Little) => {
            samples.extend((bytes.as_chunks().0.iter()).map(|four| wide(i32::from_le_bytes(*four))))
        }
        (4, Endian::Big) => {
            samples.extend((bytes.as_chunks().0.iter()).map(|four| wide(i32::from_be_bytes(*four))))
        }
        (_, endian) => samples.extend(bytes.as_chunks().0.iter().map(|eight| {
            let value = match endian {
                Endian::Little => i64::from_le_bytes(*eight),
                Endian::Big => i64::from_be_bytes(*eight),
            };
            value as f32 / (FULL_SCALE * 4_294_967_296.0)
        })),
    }
}

/// IEEE 754 of 4 or 8 bytes.
fn float(bytes: &[u8], size: u8, endian: Endian, samples: &mut Vec<f32>) {
    match (size, endian) {
        (4, Endian::Little) => {
            samples.extend((bytes.as_chunks().0.iter()).map(|four| f32::from_le_bytes(*four)));
        }
        (4, Endian::Big) => {
            samples.extend((bytes.as_chunks().0.iter()).map(|four| f32::from_be_bytes(*four)));
        }
        (_, Endian::Little) => samples
            .extend((bytes.as_chunks().0.iter()).map(|eight| f64::from_le_bytes(*eight) as f32)),
        (_, Endian::Big) => samples
            .extend((bytes.as_chunks().0.iter()).map(|eight| f64::from_be_bytes(*eight) as f32)),
    }
}

/// ITU-T G.711, A-law: even bits inverted; a sign, three bits of exponent, four of mantissa.
fn from_a_law(byte: u8) -> f32 {
    let byte = byte ^ 0x55;
    let (exponent, mantissa) = (byte >> 4 & 7, i32::from(byte & 15) << 4);
    let magnitude = match exponent {
        0 => mantissa + 8,
        _ => (mantissa + 0x108) << (exponent - 1),
    };
    let value = if byte & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    };
    value as f32 / 32_768.0
}

/// ITU-T G.711, µ-law: all bits inverted; a sign, three bits of exponent, four of mantissa, with a bias of 33 (in 14 bits).
fn from_mu_law(byte: u8) -> f32 {
    const BIAS: i32 = 0x84;
    let byte = !byte;
    let (exponent, mantissa) = (byte >> 4 & 7, i32::from(byte & 15) << 3);
    let magnitude = ((mantissa + BIAS) << exponent) - BIAS;
    let value = if byte & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    };
    value as f32 / 32_768.0
}
