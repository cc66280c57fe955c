//! The spectrogram of the sound at its own rate, beside that of the encoder: what is set of it, and what there is of it.

use std::{
    ops::{Range, RangeInclusive},
    path::PathBuf,
    sync::Arc,
};

use eframe::egui::ColorImage;
use serde::{Deserialize, Serialize};

use super::{AppState, BandView, Spectrogram, TimeView};
use crate::gui::workspace::Workspace;
use mynascope_audio::Channel;
use mynascope_spectrum::{
    FftSize, FrequencyAxis, FrequencyScale, MEL_BANDS, StftGrid, StftLook, StftTile, Summary,
};

/// Whose picture is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PictureOf {
    /// The mel-spectrogram at 16 kHz, or what the encoder is fed.
    #[default]
    Encoder,
    /// The magnitude spectrogram of the sound, up to half its own sample rate.
    Sound,
}

/// What a user sets of the picture of the sound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SoundPictureForm {
    /// The frequency axis.
    pub axis: FrequencyAxis,
    /// Samples of a window.
    pub fft: FftSize,
    /// Level of the brightest colour in dB; 0 dB is a sine at full scale.
    pub top_db: f32,
    /// From the brightest colour down to the darkest, in dB.
    pub range_db: f32,
}

impl Default for SoundPictureForm {
    fn default() -> Self {
        Self {
            axis: FrequencyAxis::Linear,
            fft: FftSize::default(),
            top_db: Self::TOP_DB,
            range_db: Self::RANGE_DB,
        }
    }
}

impl SoundPictureForm {
    /// The loudest partials of loud music reach this.
    pub const TOP_DB: f32 = -10.0;
    /// Down to the noise of 16 bits, which is spread over the bins.
    pub const RANGE_DB: f32 = 90.0;
    /// The brightest level that can be set.
    pub const TOPS_DB: RangeInclusive<f32> = -100.0..=20.0;
}

/// A sound: a file, and which of its channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundSource {
    /// The file.
    pub path: PathBuf,
    /// The channel.
    pub channel: Channel,
}

/// Tiles that are wanted of a sound.
#[derive(Debug, Clone, PartialEq)]
pub struct TilesWanted {
    /// The sound.
    pub source: Arc<SoundSource>,
    /// How it is cut into columns.
    pub grid: StftGrid,
    /// The tiles.
    pub tiles: Range<usize>,
}

/// A tile in colours: a column more on either side, for what is drawn between two.
#[derive(Clone)]
pub struct PaintedTile {
    /// Its levels.
    pub tile: Arc<StftTile>,
    /// Its pixels.
    pub image: Arc<ColorImage>,
}

/// Tiles that were painted alike.
#[derive(Clone)]
pub struct PaintedTiles {
    /// The sound.
    pub source: Arc<SoundSource>,
    /// How they were painted.
    pub look: StftLook,
    /// In the order of time.
    pub tiles: Vec<PaintedTile>,
}

impl PaintedTiles {
    fn grid(&self) -> Option<StftGrid> {
        self.tiles.first().map(|painted| painted.tile.grid())
    }
}

/// What there is of the picture of the sound. Nothing is computed before it is looked at.
#[derive(Clone, Default)]
pub struct SoundPicture {
    /// Width and height at which it is shown, in pixels; 0 before it was.
    pub pixels: [u32; 2],
    /// The shown sound.
    pub source: Option<Arc<SoundSource>>,
    /// Its sample rate in Hz, once known.
    pub rate: Option<u32>,
    /// Why it cannot be shown.
    pub error: Option<String>,
    /// The tiles that are asked for.
    pub wanted: Option<TilesWanted>,
    /// All of them are there that the sound has.
    pub done: bool,
    /// Those that are there.
    pub tiles: Vec<Arc<StftTile>>,
    /// What was asked to be painted last: how, and how many tiles.
    pub asked_look: Option<(StftLook, usize)>,
    /// What is painted of them.
    pub painted: Option<PaintedTiles>,
    /// What was shown before, as long as not all is painted.
    pub under: Option<PaintedTiles>,
}

impl SoundPicture {
    /// Another sound is shown, or none: nothing is known of it yet.
    pub fn begin(&mut self, source: Option<SoundSource>) {
        *self = Self {
            pixels: self.pixels,
            source: source.map(Arc::new),
            ..Self::default()
        };
    }

    /// What is to be asked for where this is to be shown; `None` if it was already.
    pub fn want(&mut self, grid: StftGrid, tiles: Range<usize>) -> Option<TilesWanted> {
        let wanted = TilesWanted {
            source: Arc::clone(self.source.as_ref()?),
            grid,
            tiles,
        };
        if self.wanted.as_ref() == Some(&wanted) {
            return None;
        }
        let is_wanted =
            |tile: &Arc<StftTile>| tile.grid() == grid && wanted.tiles.contains(&tile.index());
        self.tiles.retain(is_wanted);
        self.wanted = Some(wanted.clone());
        self.done = false;
        self.asked_look = None;
        Some(wanted)
    }

    /// Nobody looks any more: whether something was still awaited.
    pub fn stop(&mut self) -> bool {
        let awaited = self.wanted.is_some() && !self.done;
        if awaited {
            self.wanted = None;
        }
        awaited
    }

    /// Takes a tile in, if it is still wanted.
    pub fn take_tile(&mut self, source: &SoundSource, tile: Arc<StftTile>) {
        let Some(wanted) = &self.wanted else {
            return;
        };
        let is_wanted = *wanted.source == *source
            && wanted.grid == tile.grid()
            && wanted.tiles.contains(&tile.index());
        if is_wanted && self.tiles.iter().all(|it| it.index() != tile.index()) {
            self.tiles.push(tile);
            self.tiles.sort_by_key(|tile| tile.index());
        }
    }

    /// The tiles that are to be painted in this way; `None` if they were asked for already.
    pub fn paint(&mut self, look: StftLook) -> Option<Vec<Arc<StftTile>>> {
        let asked = Some((look, self.tiles.len()));
        if self.tiles.is_empty() || self.asked_look == asked {
            return None;
        }
        self.asked_look = asked;
        Some(self.tiles.clone())
    }

    /// Takes painted tiles in, unless another sound is shown by now.
    pub fn take_painted(&mut self, painted: PaintedTiles) {
        if self.source.as_deref() != Some(&*painted.source) {
            return;
        }
        let before = self.painted.replace(painted);
        let grid = |painted: &Option<PaintedTiles>| painted.as_ref().and_then(PaintedTiles::grid);
        if grid(&before) != grid(&self.painted) && self.under.is_none() {
            self.under = before;
        }
        if self.is_whole() {
            self.under = None;
        }
    }

    /// Whether all that is wanted is painted.
    pub fn is_whole(&self) -> bool {
        let painted = self.painted.as_ref().map_or(0, |it| it.tiles.len());
        self.done && painted == self.tiles.len() && {
            let grid = self.painted.as_ref().and_then(PaintedTiles::grid);
            grid.is_none() || grid == self.wanted.as_ref().map(|wanted| wanted.grid)
        }
    }

    /// How much of what is wanted is there, 0 to 1.
    pub fn share_done(&self) -> f32 {
        let wanted = self.wanted.as_ref().map_or(0, |it| it.tiles.len());
        self.tiles.len() as f32 / wanted.max(1) as f32
    }

    /// The level in dB at a time and a frequency, where it is known.
    pub fn level_db(&self, summary: Summary, secs: f64, hz: f64) -> Option<f32> {
        let mut tiles = self.tiles.iter();
        tiles.find_map(|tile| tile.level_db(summary, secs, hz))
    }
}

impl Spectrogram {
    /// The frequency axis of the picture of the sound.
    pub fn sound_scale(&self) -> FrequencyScale {
        /// Of a sound whose rate is not known yet.
        const USUAL_RATE: u32 = 44_100;
        FrequencyScale {
            axis: self.form.sound.axis,
            top_hz: f64::from(self.sound.rate.unwrap_or(USUAL_RATE)) / 2.0,
        }
    }

    /// How the sound is cut into columns for a view of it, and which tiles that needs.
    pub fn sound_tiles(&self, view: &TimeView, rate: u32, pixels: u32) -> (StftGrid, Range<usize>) {
        let grid = StftGrid::of_view(self.form.sound.fft, rate, view.span_secs, pixels);
        (grid, grid.tiles(view.start_secs, view.span_secs))
    }

    /// How the sound is painted at a height of so many pixels.
    pub fn sound_look(&self, rows: u32) -> StftLook {
        let BandView { low, span } = self.bands;
        StftLook {
            summary: self.form.summary,
            scale: self.sound_scale(),
            low: low / MEL_BANDS as f64,
            high: (low + span) / MEL_BANDS as f64,
            rows: rows.max(1) as usize,
            colours: self.form.colour_map,
            top_db: self.form.sound.top_db,
            range_db: self.form.sound.range_db,
        }
    }
}

impl AppState {
    /// Whether the picture may be that of the sound: in Teach it is always the encoder's, since patches and crops are of that,
    /// and Train has none.
    pub fn can_show_sound(&self) -> bool {
        !matches!(self.workspace, Workspace::Teach | Workspace::Train)
    }

    /// Whether the picture is that of the sound.
    pub fn shows_sound(&self) -> bool {
        self.spectrogram.form.of == PictureOf::Sound && self.can_show_sound()
    }

    /// Whose picture is shown.
    pub fn shown_picture(&self) -> PictureOf {
        match self.shows_sound() {
            true => PictureOf::Sound,
            false => PictureOf::Encoder,
        }
    }

    /// Whether the picture is what the encoder is fed.
    pub fn shows_encoder_input(&self) -> bool {
        self.spectrogram.form.as_encoder && !self.shows_sound()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_spectrum::StftMaker;

    fn source(name: &str) -> SoundSource {
        SoundSource {
            path: name.into(),
            channel: Channel::Mean,
        }
    }

    /// Tiles of ten seconds of silence at 8 kHz.
    fn tiles(grid: StftGrid) -> Vec<Arc<StftTile>> {
        let mut found = Vec::new();
        let mut maker = StftMaker::new(grid, 0..99);
        maker.push(&[0.0; 80_000], &mut |tile| found.push(Arc::new(tile)));
        maker.finish(&mut |tile| found.push(Arc::new(tile)));
        found
    }

    fn painted(source: &SoundSource, tiles: &[Arc<StftTile>]) -> PaintedTiles {
        let tile = |tile: &Arc<StftTile>| PaintedTile {
            tile: Arc::clone(tile),
            image: Arc::default(),
        };
        PaintedTiles {
            source: Arc::new(source.clone()),
            look: Spectrogram::default().sound_look(100),
            tiles: tiles.iter().map(tile).collect(),
        }
    }

    #[test]
    fn what_is_of_another_sound_or_another_zoom_is_dropped() {
        let fft = FftSize::ALL[0];
        let grid = |level| StftGrid {
            fft,
            rate: 8000,
            level,
        };
        let (coarse, fine) = (tiles(grid(2)), tiles(grid(0)));
        let (a, b) = (source("a"), source("b"));
        let mut sound = SoundPicture::default();
        sound.begin(Some(a.clone()));
        let wanted = sound.want(grid(2), 0..1).unwrap();
        assert!(sound.want(grid(2), 0..1).is_none(), "asked for once");
        sound.take_tile(&b, Arc::clone(&coarse[0]));
        sound.take_tile(&a, Arc::clone(&fine[0]));
        assert!(sound.tiles.is_empty());
        sound.take_tile(&a, Arc::clone(&coarse[0]));
        sound.take_tile(&a, Arc::clone(&coarse[0]));
        assert_eq!((sound.tiles.len(), sound.share_done()), (1, 1.0));
        let look = Spectrogram::default().sound_look(100);
        assert_eq!(sound.paint(look).map(|tiles| tiles.len()), Some(1));
        assert!(sound.paint(look).is_none(), "painted once");
        sound.take_painted(painted(&b, &coarse));
        assert!(sound.painted.is_none());
        sound.take_painted(painted(&a, &coarse[..1]));
        sound.done = sound.wanted.as_ref() == Some(&wanted);
        assert!(sound.is_whole() && sound.under.is_none());
        // Zoomed in: what was shown stays under what comes, until all is there.
        sound.want(grid(0), 0..2).unwrap();
        assert!(sound.tiles.is_empty() && !sound.is_whole());
        sound.take_tile(&a, Arc::clone(&fine[1]));
        sound.take_painted(painted(&a, &fine[1..2]));
        assert!(sound.under.is_some() && !sound.is_whole());
        sound.take_tile(&a, Arc::clone(&fine[0]));
        assert_eq!(sound.tiles[0].index(), 0, "in the order of time");
        sound.done = true;
        sound.take_painted(painted(&a, &fine[..2]));
        assert!(sound.under.is_none() && sound.is_whole());
        // Switched off half way, and on again.
        sound.want(grid(0), 0..3).unwrap();
        assert!(sound.stop() && !sound.stop());
        assert!(sound.want(grid(0), 0..3).is_some());
        sound.begin(Some(b));
        assert!(sound.painted.is_none() && sound.tiles.is_empty());
    }
}
