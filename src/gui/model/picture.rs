use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    spectrum::{ColourMap, HOP, Mel},
    tokens::WINDOW_FRAMES,
};

/// Seconds of one mel frame.
pub const FRAME_SECS: f64 = HOP as f64 / crate::audio::SAMPLE_RATE as f64;
/// Seconds of one window.
pub const WINDOW_SECS: f64 = WINDOW_FRAMES as f64 * FRAME_SECS;

/// The mel-spectrogram of a track, ready to be drawn.
pub struct Picture {
    /// Different for every picture ever made: tells the graphics card whether it has this one already.
    pub id: u64,
    pub mel: Mel,
    /// The levels of `mel` in dB as half-precision floats, `[frames, bands]`: what the graphics card is sent.
    pub levels: Vec<u16>,
}

impl Picture {
    /// Wraps a mel-spectrogram.
    pub fn new(mel: Mel) -> Self {
        // Not state, only a supply of different numbers.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            levels: mel
                .values()
                .iter()
                .map(|&power| half(level_db(power)))
                .collect(),
            mel,
        }
    }

    /// Length in seconds.
    pub fn duration_secs(&self) -> f64 {
        self.mel.frames() as f64 * FRAME_SECS
    }
}

/// The level of a mel power in dB; silence is -120 dB.
pub fn level_db(power: f32) -> f32 {
    10.0 * power.max(1e-12).log10()
}

/// The bits of the nearest half-precision float (IEEE 754 binary16); too small becomes 0, too large infinity.
fn half(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16) & 0x8000;
    // The exponent's bias is 127 in single and 15 in half precision.
    let exponent = ((bits >> 23) & 0xff) as i32 - 127 + 15;
    let magnitude = match exponent {
        ..=0 => 0,
        31.. => 0x7c00,
        // A mantissa that rounds up to 2 carries into the exponent, as it should.
        _ => (((exponent as u32) << 10) | ((bits >> 13) & 0x3ff)) + ((bits >> 12) & 1),
    };
    (sign | magnitude) as u16
}

/// What there is to draw.
#[derive(Default)]
pub enum PictureState {
    /// No track is shown.
    #[default]
    Empty,
    /// The track is being decoded.
    Computing(PathBuf),
    Ready {
        path: PathBuf,
        picture: Arc<Picture>,
    },
    /// Why the track has no picture.
    Failed(String),
}

/// The part of a track that is visible.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeView {
    /// Time at the left edge, in seconds.
    pub start_secs: f64,
    /// Visible seconds.
    pub span_secs: f64,
    /// Length of the track in seconds.
    pub duration_secs: f64,
}

impl Default for TimeView {
    fn default() -> Self {
        Self::fit(1.0)
    }
}

/// The closest look: eight frames.
const LEAST_SPAN_SECS: f64 = 8.0 * FRAME_SECS;
/// One notch of the wheel enlarges by this factor: four notches double.
const NOTCH: f64 = 1.189_207_115_002_721;

impl TimeView {
    /// The whole track.
    pub fn fit(duration_secs: f64) -> Self {
        let duration_secs = duration_secs.max(LEAST_SPAN_SECS);
        Self {
            start_secs: 0.0,
            span_secs: duration_secs,
            duration_secs,
        }
    }

    /// Enlarges around a time, which stays where it is on the screen.
    pub fn zoom(&mut self, at_secs: f64, notches: f64) {
        let old = self.span_secs;
        let span = (old / NOTCH.powf(notches)).clamp(LEAST_SPAN_SECS, self.duration_secs);
        let share = (at_secs - self.start_secs) / old;
        self.span_secs = span;
        self.move_to(at_secs - share * span);
    }

    /// Shows a part of the track, as far as it goes.
    pub fn show(&mut self, start_secs: f64, span_secs: f64) {
        self.span_secs = span_secs.clamp(LEAST_SPAN_SECS, self.duration_secs);
        self.move_to(start_secs);
    }

    /// Moves by so many seconds.
    pub fn pan(&mut self, secs: f64) {
        self.move_to(self.start_secs + secs);
    }

    /// Turns the page when the time is not visible.
    pub fn follow(&mut self, secs: f64) {
        if secs < self.start_secs || secs >= self.start_secs + self.span_secs {
            self.move_to(secs);
        }
    }

    fn move_to(&mut self, start_secs: f64) {
        let latest = (self.duration_secs - self.span_secs).max(0.0);
        self.start_secs = start_secs.clamp(0.0, latest);
    }
}

/// The picture and how it is shown.
pub struct Spectrogram {
    pub state: PictureState,
    /// How many seconds of the track are decoded, while its picture is computed.
    pub decoded_secs: f64,
    pub view: TimeView,
    pub colour_map: ColourMap,
    /// Level of the brightest colour, the same for all tracks, in dB of mel power.
    pub top_db: f32,
    /// From the brightest colour down to the darkest, in dB.
    pub range_db: f32,
}

impl Default for Spectrogram {
    fn default() -> Self {
        Self {
            state: PictureState::Empty,
            decoded_secs: 0.0,
            view: TimeView::default(),
            colour_map: ColourMap::Magma,
            top_db: Self::TOP_DB,
            range_db: Self::RANGE_DB,
        }
    }
}

impl Spectrogram {
    /// Loud music, mastered to full scale, peaks here.
    pub const TOP_DB: f32 = 32.0;
    /// Enough to see the tail of a note, not enough to see the recorder's noise.
    pub const RANGE_DB: f32 = 64.0;

    /// The picture, once there is one.
    pub fn picture(&self) -> Option<&Arc<Picture>> {
        match &self.state {
            PictureState::Ready { picture, .. } => Some(picture),
            _ => None,
        }
    }

    /// The track that is shown or being decoded.
    pub fn path(&self) -> Option<&std::path::Path> {
        match &self.state {
            PictureState::Computing(path) | PictureState::Ready { path, .. } => Some(path),
            PictureState::Empty | PictureState::Failed(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_under_the_pointer_stays_while_zooming() {
        let mut view = TimeView::fit(60.0);
        view.zoom(20.0, 8.0);
        assert!((view.span_secs - 15.0).abs() < 1e-9);
        assert!((view.start_secs - 15.0).abs() < 1e-9);
        view.zoom(20.0, -100.0);
        assert_eq!(view, TimeView::fit(60.0));
        view.zoom(0.0, 1000.0);
        assert!((view.span_secs - LEAST_SPAN_SECS).abs() < 1e-12);
    }

    #[test]
    fn levels_survive_half_precision() {
        for (value, bits) in [
            (0.0, 0),
            (1.0, 0x3c00),
            (-2.0, 0xc000),
            (-120.0, 0xd780),
            (0.1, 0x2e66),
            (2047.9999, 0x6800),
            (1e6, 0x7c00),
        ] {
            assert_eq!(half(value), bits, "{value}");
        }
        assert!((level_db(100.0) - 20.0).abs() < 1e-4);
        assert_eq!(level_db(0.0), -120.0);
    }

    #[test]
    fn the_view_never_leaves_the_track() {
        let mut view = TimeView::fit(60.0);
        view.zoom(30.0, 8.0);
        view.pan(1e6);
        assert!((view.start_secs - 45.0).abs() < 1e-9);
        view.pan(-1e6);
        assert_eq!(view.start_secs, 0.0);
        view.follow(16.0);
        assert_eq!(view.start_secs, 16.0);
    }
}
