//! The spectrogram: its tiles, and which part of it is shown.

use std::{ops::RangeInclusive, path::PathBuf, sync::Arc};

use mynascope_audio::{Caveats, Peaks};
use mynascope_base::storage::Follow;
use mynascope_spectrum::{
    ColourMap, HOP, Levels, MEL_BANDS, Mel, MelSpec, Sight, Summary, VqtSpec, tokens::WINDOW_FRAMES,
};
use serde::{Deserialize, Serialize};

use super::{PatchCut, PictureOf, SoundPicture, SoundPictureForm};

/// Seconds of one mel frame.
pub const FRAME_SECS: f64 = HOP as f64 / mynascope_audio::SAMPLE_RATE as f64;
/// Seconds of one window.
pub const WINDOW_SECS: f64 = WINDOW_FRAMES as f64 * FRAME_SECS;

/// The picture of a track, as far as it is computed.
#[derive(Debug)]
pub struct Picture {
    /// In dB of mel power, of the frames that are decoded.
    pub levels: Arc<Levels>,
    /// The outline of what is decoded.
    pub peaks: Peaks,
    /// The raw powers, once the whole track is decoded.
    pub mel: Option<Arc<Mel>>,
    /// Length of the sound in seconds: while it is decoded, what its header claims.
    pub sound_secs: f64,
    /// What is worth telling of how it was decoded, once it is whole.
    pub caveats: Caveats,
    /// Frames of the whole track: while it is decoded, what its header claims.
    frames: usize,
}

impl Picture {
    /// A picture of the whole track.
    pub fn whole(levels: Levels, sight: &Sight) -> Self {
        Self {
            frames: levels.frames(),
            levels: Arc::new(levels),
            peaks: sight.peaks.clone(),
            mel: Some(Arc::clone(&sight.mel)),
            sound_secs: sight.duration_secs,
            caveats: sight.caveats,
        }
    }

    /// A picture of the beginning of a track that claims to last so long.
    pub fn beginning(levels: Levels, peaks: Peaks, claimed_secs: f64) -> Self {
        let claimed = (claimed_secs.max(0.0) / FRAME_SECS).ceil() as usize;
        Self {
            frames: claimed.max(levels.frames()),
            levels: Arc::new(levels),
            peaks,
            mel: None,
            sound_secs: claimed_secs.max(0.0),
            caveats: Caveats::default(),
        }
    }

    /// Frames of the whole track; more than [`Levels::frames`] while it is decoded.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Length of the whole track in seconds.
    pub fn duration_secs(&self) -> f64 {
        self.frames as f64 * FRAME_SECS
    }

    /// How much of it is decoded, in seconds.
    pub fn decoded_secs(&self) -> f64 {
        self.levels.frames() as f64 * FRAME_SECS
    }

    /// The level of a band in a frame in dB; silence where nothing is decoded.
    pub fn level_db(&self, band: usize, frame: usize) -> f32 {
        let level = self.levels.get(band, frame);
        level.unwrap_or(self.levels.scale().low)
    }
}

/// What there is to draw.
#[derive(Clone, Default)]
pub enum PictureState {
    /// No track is shown.
    #[default]
    Empty,
    /// The first seconds of the track are being decoded.
    Computing(PathBuf),
    /// Its beginning is shown while the rest is decoded.
    Growing {
        /// The file of the track.
        path: PathBuf,
        /// What there is of its picture.
        picture: Arc<Picture>,
    },
    /// The whole track is there.
    Ready {
        /// The file of the track.
        path: PathBuf,
        /// Its picture.
        picture: Arc<Picture>,
    },
    /// Why the track has no picture.
    Failed(String),
}

/// What an encoder is fed of a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum InputKind {
    /// Myna: raw power, patch by patch: see [`mynascope_spectrum::seen_by_encoder`].
    Patches(PatchCut),
    /// The spectrograms of another front end.
    Mel {
        /// The mel-spectrogram: see [`mynascope_spectrum::fed_to_encoder`].
        mel: MelSpec,
        /// The VQT, if there is one: see [`mynascope_spectrum::vqt_fed_to_encoder`].
        vqt: Option<VqtSpec>,
    },
}

/// What the encoder is fed, as it is drawn.
#[derive(Debug, Clone)]
pub struct InputLevels {
    /// Myna's patches, or the mel-spectrogram of another front end.
    pub mel: Arc<Levels>,
    /// The VQT beside it.
    pub vqt: Option<Arc<Levels>>,
}

/// What the encoder is fed of the shown track.
#[derive(Clone)]
pub struct EncoderInput {
    /// The file of the track.
    pub path: PathBuf,
    /// What it is fed.
    pub kind: InputKind,
    /// The same as it is drawn, or why there is nothing to draw.
    pub levels: Result<InputLevels, String>,
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

    /// Goes with the playhead.
    pub fn follow(&mut self, secs: f64, how: Follow) {
        let hidden = secs < self.start_secs || secs >= self.start_secs + self.span_secs;
        match how {
            Follow::Page if hidden => self.move_to(secs),
            Follow::Smooth => self.move_to(secs - self.span_secs / 2.0),
            Follow::Page | Follow::Off => {}
        }
    }

    /// The track turned out to be of another length. Where all of it was shown, all of it is shown.
    pub fn set_duration(&mut self, duration_secs: f64) {
        if self.span_secs >= self.duration_secs {
            *self = Self::fit(duration_secs);
        } else {
            self.duration_secs = duration_secs.max(LEAST_SPAN_SECS);
            self.show(self.start_secs, self.span_secs);
        }
    }

    fn move_to(&mut self, start_secs: f64) {
        let latest = (self.duration_secs - self.span_secs).max(0.0);
        self.start_secs = start_secs.clamp(0.0, latest);
    }
}

/// The part of the frequency axis that is visible, in mel bands: 0 is the lower edge of the lowest, 128 the upper edge
/// of the highest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandView {
    /// At the lower edge.
    pub low: f64,
    /// Visible bands.
    pub span: f64,
}

/// All bands.
const ALL_BANDS: f64 = MEL_BANDS as f64;
/// The closest look.
const LEAST_BANDS: f64 = 8.0;

impl Default for BandView {
    fn default() -> Self {
        Self {
            low: 0.0,
            span: ALL_BANDS,
        }
    }
}

impl BandView {
    /// Whether all bands are visible.
    pub fn is_whole(&self) -> bool {
        self.span >= ALL_BANDS
    }

    /// Enlarges around a place on the axis, which stays where it is on the screen.
    pub fn zoom(&mut self, at: f64, notches: f64) {
        let span = (self.span / NOTCH.powf(notches)).clamp(LEAST_BANDS, ALL_BANDS);
        let share = (at - self.low) / self.span;
        self.span = span;
        self.move_to(at - share * span);
    }

    /// Moves by so many bands.
    pub fn pan(&mut self, bands: f64) {
        self.move_to(self.low + bands);
    }

    fn move_to(&mut self, low: f64) {
        self.low = low.clamp(0.0, ALL_BANDS - self.span);
    }
}

/// What a user sets of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PictureForm {
    /// Whose picture is shown.
    pub of: PictureOf,
    /// What is set of the picture of the sound.
    pub sound: SoundPictureForm,
    /// The colours.
    pub colour_map: ColourMap,
    /// Level of the brightest colour, the same for all tracks, in dB of mel power.
    pub top_db: f32,
    /// From the brightest colour down to the darkest, in dB.
    pub range_db: f32,
    /// What a pixel shows that is wider than a frame.
    pub summary: Summary,
    /// Whether the user wants to see what the encoder sees instead of levels in dB.
    pub as_encoder: bool,
}

/// The picture and how it is shown.
#[derive(Clone, Default)]
pub struct Spectrogram {
    /// What is set of it.
    pub form: PictureForm,
    /// What there is to draw.
    pub state: PictureState,
    /// The visible time.
    pub view: TimeView,
    /// The visible frequencies.
    pub bands: BandView,
    /// What the encoder is fed, once computed; of the track that it names.
    pub encoder_input: Option<EncoderInput>,
    /// The picture of the sound.
    pub sound: SoundPicture,
}

impl Default for PictureForm {
    fn default() -> Self {
        Self {
            of: PictureOf::Encoder,
            sound: SoundPictureForm::default(),
            colour_map: ColourMap::Magma,
            top_db: Self::TOP_DB,
            range_db: Self::RANGE_DB,
            summary: Summary::Mean,
            as_encoder: false,
        }
    }
}

impl PictureForm {
    /// Loud music, mastered to full scale, peaks here.
    pub const TOP_DB: f32 = 32.0;
    /// Enough to see the tail of a note, not enough to see the recorder's noise.
    pub const RANGE_DB: f32 = 64.0;
    /// The brightest level that can be set.
    pub const TOPS_DB: RangeInclusive<f32> = -40.0..=60.0;
    /// The depths that can be set.
    pub const RANGES_DB: RangeInclusive<f32> = 20.0..=120.0;

    /// The form with all values in their bounds.
    pub fn bounded(self) -> Self {
        Self {
            top_db: bound(self.top_db, Self::TOPS_DB),
            range_db: bound(self.range_db, Self::RANGES_DB),
            sound: SoundPictureForm {
                top_db: bound(self.sound.top_db, SoundPictureForm::TOPS_DB),
                range_db: bound(self.sound.range_db, Self::RANGES_DB),
                ..self.sound
            },
            ..self
        }
    }

    /// The brightest level and the depth of one of the pictures, in dB.
    pub fn levels_mut(&mut self, of: PictureOf) -> (&mut f32, &mut f32) {
        match of {
            PictureOf::Encoder => (&mut self.top_db, &mut self.range_db),
            PictureOf::Sound => (&mut self.sound.top_db, &mut self.sound.range_db),
        }
    }

    /// To the next colour map, or the one before.
    pub fn next_colour_map(self, back: bool) -> Self {
        let count = ColourMap::ALL.len();
        let mut all = ColourMap::ALL.iter();
        let here = all.position(|map| *map == self.colour_map).unwrap_or(0);
        let step = if back { count - 1 } else { 1 };
        let next = ColourMap::ALL.get((here + step) % count);
        Self {
            colour_map: next.copied().unwrap_or(self.colour_map),
            ..self
        }
    }
}

fn bound(value: f32, bounds: RangeInclusive<f32>) -> f32 {
    value.clamp(*bounds.start(), *bounds.end())
}

impl Spectrogram {
    /// The brightest colour of what the encoder sees, in standard deviations over a patch's mean.
    pub const TOP_DEVIATIONS: f32 = 4.0;
    /// From there down to the darkest: hardly any power lies more than one deviation below the mean of its patch.
    pub const RANGE_DEVIATIONS: f32 = 5.0;

    /// The picture, whole or not, once there is one.
    pub fn picture(&self) -> Option<&Arc<Picture>> {
        match &self.state {
            PictureState::Growing { picture, .. } | PictureState::Ready { picture, .. } => {
                Some(picture)
            }
            PictureState::Empty | PictureState::Computing(_) | PictureState::Failed(_) => None,
        }
    }

    /// The track that is shown or being decoded.
    pub fn path(&self) -> Option<&std::path::Path> {
        match &self.state {
            PictureState::Computing(path)
            | PictureState::Growing { path, .. }
            | PictureState::Ready { path, .. } => Some(path),
            PictureState::Empty | PictureState::Failed(_) => None,
        }
    }

    /// Whether the track is still being decoded.
    pub fn is_computing(&self) -> bool {
        matches!(
            self.state,
            PictureState::Computing(_) | PictureState::Growing { .. }
        )
    }

    /// What the encoder is fed of the shown track, if it is wanted and that is known: as it is drawn, or why it cannot be.
    pub fn asked_input(&self, kind: InputKind) -> Option<&Result<InputLevels, String>> {
        let input = self
            .encoder_input
            .as_ref()
            .filter(|_| self.form.as_encoder)?;
        let is_it = input.kind == kind && self.path() == Some(input.path.as_path());
        is_it.then_some(&input.levels)
    }

    /// The same where it can be drawn.
    pub fn encoder_input(&self, kind: Option<InputKind>) -> Option<&InputLevels> {
        self.asked_input(kind?)?.as_ref().ok()
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
    fn the_frequency_under_the_pointer_stays_while_zooming() {
        let mut bands = BandView::default();
        bands.zoom(32.0, 8.0);
        assert!((bands.span - 32.0).abs() < 1e-9);
        assert!((bands.low - 24.0).abs() < 1e-9);
        bands.pan(-1000.0);
        assert_eq!(bands.low, 0.0);
        bands.zoom(0.0, 1000.0);
        assert_eq!(bands.span, LEAST_BANDS);
        bands.zoom(5.0, -1000.0);
        assert_eq!(bands, BandView::default());
    }

    #[test]
    fn the_view_never_leaves_the_track() {
        let mut view = TimeView::fit(60.0);
        view.zoom(30.0, 8.0);
        view.pan(1e6);
        assert!((view.start_secs - 45.0).abs() < 1e-9);
        view.pan(-1e6);
        assert_eq!(view.start_secs, 0.0);
        view.follow(16.0, Follow::Off);
        assert_eq!(view.start_secs, 0.0);
        view.follow(16.0, Follow::Page);
        assert_eq!(view.start_secs, 16.0);
        view.follow(20.0, Follow::Page);
        assert_eq!(view.start_secs, 16.0);
        view.follow(20.0, Follow::Smooth);
        assert!((view.start_secs - 12.5).abs() < 1e-9);
        view.follow(59.0, Follow::Smooth);
        assert!((view.start_secs - 45.0).abs() < 1e-9);
    }

    #[test]
    fn a_length_that_was_claimed_wrongly_is_put_right() {
        let mut whole = TimeView::fit(60.0);
        whole.set_duration(61.0);
        assert_eq!(whole, TimeView::fit(61.0));
        let mut part = TimeView::fit(60.0);
        part.show(50.0, 10.0);
        part.set_duration(55.0);
        assert_eq!((part.start_secs, part.span_secs), (45.0, 10.0));
    }
}
