//! What lies between a band and a listener: another band behind it, the tone of the room and of the machine, hiss,
//! and how loud it was recorded.

use crate::{
    RATE,
    effects::{self, Filter, loudness},
    maths::{Noise, exp2},
};

/// How a track of the mixed demo collection was recorded, in decibels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Recording {
    /// Loudness of the guest against the track's own style.
    pub guest_db: f32,
    /// How much louder high sounds are than low ones.
    pub tilt_db: f32,
    /// Loudness of the hiss against the music.
    pub hiss_db: f32,
    /// Loudness of the track against [`effects::LOUDNESS`].
    pub level_db: f32,
}

/// Decibels as a factor of the amplitude.
fn factor(decibels: f32) -> f32 {
    // 20 log10(2).
    exp2(decibels / 6.020_6)
}

impl Recording {
    /// The recorded sound of a style and its guest; both of the same length.
    pub(super) fn of(self, own: &[f32], guest: &[f32], noise: &mut Noise) -> Vec<f32> {
        let own_gain = 1.0 / loudness(own).max(1e-6);
        let guest_gain = factor(self.guest_db) / loudness(guest).max(1e-6);
        let mut sound: Vec<f32> = own
            .iter()
            .zip(guest)
            .map(|(own, guest)| own_gain * own + guest_gain * guest)
            .collect();
        self.tilt(&mut sound);
        // White noise in [-1, 1) has a loudness of 1 / sqrt(3); a tape loses what is highest.
        let hiss = factor(self.hiss_db) * loudness(&sound) * 1.732_051;
        let mut tape = Filter::new(9000.0, 0.7, RATE);
        for sample in &mut sound {
            *sample += hiss * tape.low(noise.next());
        }
        effects::master(&mut sound, RATE);
        let level = factor(self.level_db);
        sound.iter_mut().for_each(|sample| *sample *= level);
        sound
    }

    /// Turns the balance around 900 Hz.
    fn tilt(self, sound: &mut [f32]) {
        let mut below = Filter::new(900.0, 0.5, RATE);
        let gain = factor(self.tilt_db / 2.0);
        for sample in sound {
            let low = below.low(*sample);
            *sample = low / gain + gain * (*sample - low);
        }
    }
}
