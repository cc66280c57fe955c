//! Adaptive differential PCM with four bits a sample: IMA's (as WAV and as QuickTime pack it) and Microsoft's.
//!
//! IMA: "Recommended Practices for Enhancing Digital Audio Compatibility in Multimedia Systems", Interactive Multimedia
//! Association, 1992; its blocks in WAV: "New Multimedia Data Types and Data Techniques", Microsoft, 1994, which also
//! defines Microsoft's own; QuickTime's packets: Apple's Technical Note TN1081.

const STEP_SIZES: [i32; 89] = [
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66,
    73, 80, 88, 97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449,
    494, 544, 598, 658, 724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272,
    2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493,
    10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
];
const MAX_STEP_INDEX: i32 = STEP_SIZES.len() as i32 - 1;
/// Bytes and frames of a packet of one channel of QuickTime's.
pub(super) const QUICKTIME_BYTES: usize = 34;
pub(super) const QUICKTIME_FRAMES: usize = 64;
/// Microsoft's pairs of prediction coefficients, in 1/256.
const COEFFICIENTS: [(i32, i32); 7] = [
    (256, 0),
    (512, -256),
    (0, 0),
    (192, 64),
    (240, 0),
    (460, -208),
    (392, -232),
];
/// How Microsoft's step grows with the size of a difference, in 1/256, by the nibble as it stands.
const ADAPTATION: [i32; 16] = [
    230, 230, 230, 230, 307, 409, 512, 614, 768, 614, 512, 409, 307, 230, 230, 230,
];

fn clip(value: i32) -> i32 {
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX))
}

fn to_float(value: i32) -> f32 {
    value as f32 / 32_768.0
}

fn i16_at(bytes: &[u8], at: usize) -> i32 {
    let pair = bytes.get(at..).and_then(|rest| rest.first_chunk());
    pair.map_or(0, |pair| i32::from(i16::from_le_bytes(*pair)))
}

/// Low nibble first.
fn nibbles(byte: &u8) -> [u8; 2] {
    [byte & 15, byte >> 4]
}

/// What IMA's decoder remembers of one channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ima {
    predictor: i32,
    step_index: i32,
}

impl Ima {
    fn next(&mut self, nibble: u8) -> f32 {
        let step = STEP_SIZES
            .get(self.step_index as usize)
            .copied()
            .unwrap_or_default();
        // (magnitude + 1/2) * step / 4, summed bit by bit as the standard does, so that it rounds alike.
        let mut difference = step >> 3;
        if nibble & 4 != 0 {
            difference += step;
        }
        if nibble & 2 != 0 {
            difference += step >> 1;
        }
        if nibble & 1 != 0 {
            difference += step >> 2;
        }
        let sign = if nibble & 8 == 0 { 1 } else { -1 };
        self.predictor = clip(self.predictor + sign * difference);
        let change = match nibble & 7 {
            0..=3 => -1,
            magnitude => 2 * (i32::from(magnitude) - 3),
        };
        self.step_index = (self.step_index + change).clamp(0, MAX_STEP_INDEX);
        to_float(self.predictor)
    }
}

/// Frames of a WAV block of IMA's in so many bytes.
pub(super) fn ima_wave_frames(bytes: usize, channels: usize) -> usize {
    match bytes.checked_sub(4 * channels) {
        Some(data) => 1 + data / (4 * channels) * 8,
        None => 0,
    }
}

/// Appends a block as interleaved frames; `false` where its header breaks the rules.
pub(super) fn ima_wave(block: &[u8], channels: usize, samples: &mut Vec<f32>) -> bool {
    let frames = ima_wave_frames(block.len(), channels);
    let start = samples.len();
    samples.resize(start + frames * channels, 0.0);
    let (headers, data) = block.split_at_checked(4 * channels).unwrap_or_default();
    let mut is_sound = true;
    for (channel, header) in headers.chunks_exact(4).enumerate() {
        let step_index = header.get(2).copied().map_or(0, i32::from);
        is_sound &= step_index <= MAX_STEP_INDEX;
        let mut ima = Ima {
            predictor: i16_at(header, 0),
            step_index: step_index.min(MAX_STEP_INDEX),
        };
        let of_channel = samples.iter_mut().skip(start + channel).step_by(channels);
        // Four bytes of each channel in turn.
        let words = data.chunks_exact(4).skip(channel).step_by(channels);
        let differences = words.flatten().flat_map(nibbles);
        let first = std::iter::once(to_float(ima.predictor));
        let values = first.chain(differences.map(|nibble| ima.next(nibble)));
        for (sample, value) in of_channel.zip(values) {
            *sample = value;
        }
    }
    is_sound
}

/// Appends QuickTime's packets of all channels as interleaved frames; `false` where a header breaks the rules. Packets hold
/// only the upper nine bits of the first prediction: the decoder's own is kept where it agrees with them.
pub(super) fn ima_quicktime(block: &[u8], states: &mut [Ima], samples: &mut Vec<f32>) -> bool {
    let channels = states.len();
    let start = samples.len();
    samples.resize(start + QUICKTIME_FRAMES * channels, 0.0);
    let mut is_sound = true;
    let packets = block.chunks_exact(QUICKTIME_BYTES);
    for (channel, (packet, ima)) in packets.zip(states).enumerate() {
        let Some((&[high, low], data)) = packet.split_first_chunk() else {
            continue;
        };
        let header = i32::from(i16::from_be_bytes([high, low & 0x80]));
        let step_index = i32::from(low & 0x7f);
        is_sound &= step_index <= MAX_STEP_INDEX;
        if ima.step_index != step_index || (ima.predictor - header).abs() > 0x7f {
            *ima = Ima {
                predictor: header,
                step_index: step_index.min(MAX_STEP_INDEX),
            };
        }
        let of_channel = samples.iter_mut().skip(start + channel).step_by(channels);
        for (sample, nibble) in of_channel.zip(data.iter().flat_map(nibbles)) {
            *sample = ima.next(nibble);
        }
    }
    is_sound
}

/// What Microsoft's decoder remembers of one channel.
#[derive(Debug, Clone, Copy, Default)]
struct Microsoft {
    coefficients: (i32, i32),
    step: i32,
    last: i32,
    before: i32,
}

impl Microsoft {
    fn next(&mut self, nibble: u8) -> f32 {
        let (first, second) = self.coefficients;
        let predicted = (self.last * first + self.before * second) / 256;
        let signed = i32::from(nibble) - if nibble & 8 == 0 { 0 } else { 16 };
        self.before = self.last;
        self.last = clip(predicted.saturating_add(signed.saturating_mul(self.step)));
        let growth = ADAPTATION
            .get(usize::from(nibble & 15))
            .copied()
            .unwrap_or_default();
        // The bound keeps the product above within 32 bits.
        self.step = ((growth * self.step) >> 8).clamp(16, i32::MAX / 768);
        to_float(self.last)
    }
}

/// Frames of a block of Microsoft's in so many bytes.
pub(super) fn microsoft_frames(bytes: usize, channels: usize) -> usize {
    match bytes.checked_sub(7 * channels) {
        Some(data) => 2 + data * 2 / channels,
        None => 0,
    }
}

/// Appends a block of one or two channels as interleaved frames; `false` where its header breaks the rules.
pub(super) fn microsoft(block: &[u8], channels: usize, samples: &mut Vec<f32>) -> bool {
    let Some((header, data)) = block.split_at_checked(7 * channels) else {
        return true;
    };
    let mut states = [Microsoft::default(); 2];
    let mut is_sound = true;
    for (channel, state) in states.iter_mut().enumerate().take(channels) {
        let predictor = header.get(channel).copied().map_or(0, usize::from);
        is_sound &= predictor < COEFFICIENTS.len();
        *state = Microsoft {
            coefficients: COEFFICIENTS.get(predictor).copied().unwrap_or_default(),
            step: i16_at(header, channels + 2 * channel),
            last: i16_at(header, 3 * channels + 2 * channel),
            before: i16_at(header, 5 * channels + 2 * channel),
        };
    }
    let states = states.get_mut(..channels).unwrap_or_default();
    samples.extend(states.iter().map(|state| to_float(state.before)));
    samples.extend(states.iter().map(|state| to_float(state.last)));
    // High nibble first; channels in turn.
    for pair in data.iter().map(|byte| [byte >> 4, byte & 15]) {
        match &mut *states {
            [mono] => samples.extend(pair.map(|nibble| mono.next(nibble))),
            [left, right] => {
                let [high, low] = pair;
                samples.extend([left.next(high), right.next(low)]);
            }
            _ => {}
        }
    }
    is_sound
}
