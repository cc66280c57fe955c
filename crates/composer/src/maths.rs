//! The few functions that the synthesiser needs, made of additions, multiplications and divisions only, which IEEE 754
//! defines to the last bit: the collection is the same file for file on every machine, whatever its maths library.

/// sin(2 pi `turns`), to 1e-6.
pub(super) fn sin_turns(turns: f32) -> f32 {
    // To the nearest whole turn, then fold into a quarter on either side of zero.
    let turns = turns - (turns as i32) as f32;
    let turns = if turns > 0.5 {
        turns - 1.0
    } else if turns < -0.5 {
        turns + 1.0
    } else {
        turns
    };
    let folded = if turns > 0.25 {
        0.5 - turns
    } else if turns < -0.25 {
        -0.5 - turns
    } else {
        turns
    };
    // The Taylor series of the sine, up to the eleventh power.
    let x = folded * std::f32::consts::TAU;
    let y = x * x;
    let tail = 1.0 / 362_880.0 - y / 39_916_800.0;
    x * (1.0 - y * (1.0 / 6.0 - y * (1.0 / 120.0 - y * (1.0 / 5040.0 - y * tail))))
}

/// cos(2 pi `turns`).
pub(super) fn cos_turns(turns: f32) -> f32 {
    sin_turns(turns + 0.25)
}

/// 2 to the power of `x`, to 1e-6 of its value, for the range of normal numbers.
pub(super) fn exp2(x: f32) -> f32 {
    let x = x.clamp(-126.0, 127.0);
    let truncated = x as i32;
    let whole = if x < truncated as f32 {
        truncated - 1
    } else {
        truncated
    };
    // The Taylor series of exp(f ln 2) around the middle of [0, 1), so that six terms are enough.
    let y = (x - whole as f32 - 0.5) * std::f32::consts::LN_2;
    let series = 1.0
        + y * (1.0
            + y * (0.5 + y * (1.0 / 6.0 + y * (1.0 / 24.0 + y * (1.0 / 120.0 + y / 720.0)))));
    let power = f32::from_bits(((whole + 127) as u32) << 23);
    series * std::f32::consts::SQRT_2 * power
}

/// A smooth limiter close to tanh: Padé's approximation, which reaches 1 at 3.
pub(super) fn soften(x: f32) -> f32 {
    let x = x.clamp(-3.0, 3.0);
    x * (27.0 + x * x) / (27.0 + 9.0 * x * x)
}

/// The factor a sample by which a sound falls to a half in `half_life_secs`.
pub(super) fn decay(half_life_secs: f32, rate: f32) -> f32 {
    exp2(-1.0 / (half_life_secs * rate).max(1.0))
}

/// The frequency of a MIDI pitch (69 is A at 440 Hz), tempered equally.
pub(super) fn hz(midi: f32) -> f32 {
    440.0 * exp2((midi - 69.0) / 12.0)
}

/// White noise in [-1, 1): a fast generator for samples (Marsaglia 2003, xorshift32).
#[derive(Debug, Clone)]
pub(super) struct Noise(u32);

impl Noise {
    /// A stream of noise of its own for each seed.
    pub(super) fn new(seed: u32) -> Self {
        Self(seed | 1)
    }

    pub(super) fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 as i32) as f32 / 2_147_483_648.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_agree_with_the_maths_library() {
        for step in -4000..4000 {
            let x = step as f32 / 1000.0;
            assert!(
                (sin_turns(x) - (x * std::f32::consts::TAU).sin()).abs() < 3e-6,
                "sin {x}"
            );
            assert!((exp2(x) / x.exp2() - 1.0).abs() < 2e-6, "exp2 {x}");
            assert!((soften(x) - x.tanh()).abs() < 0.03, "tanh {x}");
        }
        assert!((hz(60.0) - 261.625_57).abs() < 1e-3);
    }

    #[test]
    fn noise_is_centred_and_full() {
        let mut noise = Noise::new(7);
        let samples: Vec<f32> = (0..100_000).map(|_| noise.next()).collect();
        let mean = samples.iter().sum::<f32>() / 1e5;
        let power = samples.iter().map(|x| x * x).sum::<f32>() / 1e5;
        assert!(
            mean.abs() < 0.01 && (power - 1.0 / 3.0).abs() < 0.01,
            "{mean} {power}"
        );
    }
}
