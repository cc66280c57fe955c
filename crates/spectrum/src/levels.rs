//! A spectrogram as tiles of 16-bit levels with coarser copies, as a graphics card takes it.

use std::sync::Arc;

use super::{MEL_BANDS, MelSpec, scale::mels_per_band};

/// Columns of one tile. A tile of a picture takes 256 KiB.
pub const TILE_COLUMNS: usize = 1024;
/// Columns of one mip that make one column of the next.
pub const MIP_STEP: usize = 4;
/// Mips, the picture itself included: a column of the last stands for 4096 frames (131 s), so that twelve hours are
/// 330 columns.
pub const MIPS: usize = 7;

/// A part of a mip, `[columns, 128]`, lowest band first; 1024 columns but for the last.
pub type Tile = Arc<[u16]>;

/// The level of a mel power in dB; silence is -120 dB.
pub fn level_db(power: f32) -> f32 {
    10.0 * power.max(1e-12).log10()
}

/// What the 16-bit numbers of a picture stand for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// What 0 stands for.
    pub low: f32,
    /// What 65,535 stands for.
    pub high: f32,
}

impl Scale {
    /// Mel power in dB, in steps of 0.003 dB: from silence to 18 dB over what music at full scale reaches.
    pub const DECIBELS: Self = Self {
        low: -120.0,
        high: 60.0,
    };
    /// Standard deviations from a patch's mean, in steps of 0.0005: no value of 256 lies further off than the root
    /// of 255.
    pub const DEVIATIONS: Self = Self {
        low: -16.0,
        high: 16.0,
    };

    /// How much two neighbouring numbers differ.
    pub fn step(self) -> f32 {
        (self.high - self.low) / f32::from(u16::MAX)
    }

    /// The nearest number; what lies outside goes to the ends.
    pub fn quantise(self, value: f32) -> u16 {
        // Saturates, and makes 0 of what is not a number.
        ((value - self.low) / self.step() + 0.5) as u16
    }

    /// What a number stands for.
    pub fn value(self, number: u16) -> f32 {
        self.low + f32::from(number) * self.step()
    }
}

/// How several frames become one column.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Summary {
    /// Their mean.
    #[default]
    Mean,
    /// Their maximum, so that a short sound does not vanish in a long track.
    Loudest,
}

impl Summary {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Mean, Self::Loudest];
}

/// The bands of a picture that are not the 128 of [`super::Mel`], and where they lie beside those.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelBands {
    /// How many: 128 at most.
    pub count: usize,
    /// A place on the axis of the 128 bands, times this and plus `offset`, is the place on the axis of these. On both 0 is
    /// the lower edge of the lowest band.
    pub scale: f32,
    /// See `scale`.
    pub offset: f32,
}

impl LevelBands {
    /// The 128 bands of [`super::Mel`].
    pub const OWN: Self = Self {
        count: MEL_BANDS,
        scale: 1.0,
        offset: 0.0,
    };

    /// The bands of another front end; `None` where it has more than 128.
    pub fn of(spec: &MelSpec) -> Option<Self> {
        // Bands are even steps of the same mel scale, the lowest centred on the first.
        let scale = mels_per_band() / spec.mels_per_band();
        (1..=MEL_BANDS).contains(&spec.bands).then_some(Self {
            count: spec.bands,
            scale: scale as f32,
            offset: (0.5 * scale - 0.5) as f32,
        })
    }

    /// So many bands of another kind, spread evenly over the axis of the 128; `None` where there are more than 128.
    pub fn spread(count: usize) -> Option<Self> {
        (1..=MEL_BANDS).contains(&count).then_some(Self {
            count,
            scale: count as f32 / MEL_BANDS as f32,
            offset: 0.0,
        })
    }

    /// The band at a place on the axis of the 128.
    pub fn at(&self, place: f64) -> usize {
        let here = place * f64::from(self.scale) + f64::from(self.offset);
        (here.max(0.0) as usize).min(self.count.saturating_sub(1))
    }
}

/// A picture of up to 128 bands in 16-bit numbers, with mips in time. A clone shares the tiles.
#[derive(Debug, Clone)]
pub struct Levels {
    scale: Scale,
    bands: LevelBands,
    columns_per_frame: usize,
    frames: usize,
    mips: Vec<Mip>,
}

#[derive(Debug, Clone, Default)]
struct Mip {
    columns: usize,
    mean: Vec<Tile>,
    /// Empty for the picture itself.
    loudest: Vec<Tile>,
}

impl Levels {
    /// How many frames it has.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// What its numbers stand for.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// Its bands.
    pub fn bands(&self) -> LevelBands {
        self.bands
    }

    /// How many of its frames lie in one of a [`super::Mel`] (32 ms).
    pub fn columns_per_frame(&self) -> usize {
        self.columns_per_frame
    }

    /// Frames in a column of a mip; mip 0 is the picture itself.
    pub fn frames_per_column(mip: usize) -> usize {
        MIP_STEP.pow(mip.min(MIPS - 1) as u32)
    }

    /// The mip of which one to four columns lie in a pixel; mip 0 where a pixel is narrower than a frame.
    pub fn mip_for(frames_per_pixel: f64) -> usize {
        (1..MIPS)
            .take_while(|&mip| Self::frames_per_column(mip) as f64 <= frames_per_pixel)
            .count()
    }

    /// Columns of a mip. While a picture grows, the last frames may be in none yet.
    pub fn columns(&self, mip: usize) -> usize {
        self.mips.get(mip).map_or(0, |mip| mip.columns)
    }

    /// A tile of a mip.
    pub fn tile(&self, mip: usize, summary: Summary, index: usize) -> Option<&Tile> {
        let mip_data = self.mips.get(mip)?;
        match summary {
            Summary::Loudest if mip > 0 => mip_data.loudest.get(index),
            Summary::Loudest | Summary::Mean => mip_data.mean.get(index),
        }
    }

    /// The value of one band in one frame; `None` outside.
    pub fn get(&self, band: usize, frame: usize) -> Option<f32> {
        self.column(0, Summary::Mean, frame)?
            .get(band)
            .map(|&number| self.scale.value(number))
    }

    /// The 128 numbers of a column.
    pub fn column(&self, mip: usize, summary: Summary, column: usize) -> Option<&[u16]> {
        let tile = self.tile(mip, summary, column / TILE_COLUMNS)?;
        let start = column % TILE_COLUMNS * MEL_BANDS;
        tile.get(start..start + MEL_BANDS)
    }

    /// Bytes that all its tiles take.
    pub fn bytes(&self) -> usize {
        let tiles = self
            .mips
            .iter()
            .flat_map(|mip| mip.mean.iter().chain(&mip.loudest));
        tiles.map(|tile| size_of_val(&**tile)).sum()
    }
}

/// Columns in the making.
#[derive(Default)]
struct Growing {
    done: Vec<Tile>,
    open: Vec<u16>,
}

impl Growing {
    fn push(&mut self, numbers: impl Iterator<Item = u16>) {
        if self.open.capacity() == 0 {
            self.open.reserve_exact(TILE_COLUMNS * MEL_BANDS);
        }
        self.open.extend(numbers);
        if self.open.len() >= TILE_COLUMNS * MEL_BANDS {
            self.done.push(self.open.as_slice().into());
            self.open.clear();
        }
    }

    fn tiles(&self) -> Vec<Tile> {
        let mut tiles = self.done.clone();
        if !self.open.is_empty() {
            tiles.push(self.open.as_slice().into());
        }
        tiles
    }

    fn columns(&self) -> usize {
        self.done.len() * TILE_COLUMNS + self.open.len() / MEL_BANDS
    }
}

/// What a column of a mip is being made of.
struct Pending {
    /// Over the frames so far; 4096 times 65,535 fits.
    sums: [u32; MEL_BANDS],
    most: [u16; MEL_BANDS],
    frames: u32,
    mean: Growing,
    loudest: Growing,
}

impl Default for Pending {
    fn default() -> Self {
        Self {
            sums: [0; MEL_BANDS],
            most: [0; MEL_BANDS],
            frames: 0,
            mean: Growing::default(),
            loudest: Growing::default(),
        }
    }
}

impl Pending {
    fn add(&mut self, sums: &[u32; MEL_BANDS], most: &[u16; MEL_BANDS], frames: u32) {
        for (sum, more) in self.sums.iter_mut().zip(sums) {
            *sum += more;
        }
        for (here, there) in self.most.iter_mut().zip(most) {
            *here = (*here).max(*there);
        }
        self.frames += frames;
    }

    /// Closes the column; returns what it was made of.
    fn close(&mut self) -> ([u32; MEL_BANDS], [u16; MEL_BANDS], u32) {
        let frames = self.frames.max(1);
        let means = self
            .sums
            .iter()
            .map(|sum| ((sum + frames / 2) / frames) as u16);
        self.mean.push(means);
        self.loudest.push(self.most.iter().copied());
        let made_of = (self.sums, self.most, self.frames);
        self.sums = [0; MEL_BANDS];
        self.most = [0; MEL_BANDS];
        self.frames = 0;
        made_of
    }
}

/// Makes [`Levels`] frame by frame; they may be looked at in between.
pub struct LevelsBuilder {
    scale: Scale,
    bands: LevelBands,
    columns_per_frame: usize,
    frames: Growing,
    /// From the first mip above the picture on.
    mips: Vec<Pending>,
}

impl LevelsBuilder {
    /// A picture before its first frame.
    pub fn new(scale: Scale) -> Self {
        Self::with_bands(scale, LevelBands::OWN, 1)
    }

    /// The same of other bands, with so many frames in one of 32 ms.
    pub fn with_bands(scale: Scale, bands: LevelBands, columns_per_frame: usize) -> Self {
        Self {
            scale,
            bands,
            columns_per_frame: columns_per_frame.max(1),
            frames: Growing::default(),
            mips: (1..MIPS).map(|_| Pending::default()).collect(),
        }
    }

    /// Appends frames of as many values as there are bands.
    pub fn push(&mut self, values: impl IntoIterator<Item = f32>) {
        let mut numbers = [0_u16; MEL_BANDS];
        let mut filled = 0;
        for value in values {
            if let Some(number) = numbers.get_mut(filled) {
                *number = self.scale.quantise(value);
            }
            filled += 1;
            if filled == self.bands.count {
                self.push_frame(&numbers);
                filled = 0;
            }
        }
    }

    fn push_frame(&mut self, numbers: &[u16; MEL_BANDS]) {
        self.frames.push(numbers.iter().copied());
        let (mut sums, mut most, mut frames) = (numbers.map(u32::from), *numbers, 1);
        // What fills a column of a mip is a quarter of one of the next.
        let mut full = MIP_STEP as u32;
        for mip in &mut self.mips {
            mip.add(&sums, &most, frames);
            if mip.frames < full {
                return;
            }
            (sums, most, frames) = mip.close();
            full *= MIP_STEP as u32;
        }
    }

    /// How many frames it has so far.
    pub fn frames(&self) -> usize {
        self.frames.columns()
    }

    /// The picture so far. Copies less than one tile of each mip.
    pub fn so_far(&self) -> Levels {
        let first = Mip {
            columns: self.frames.columns(),
            mean: self.frames.tiles(),
            loudest: Vec::new(),
        };
        let mips = self.mips.iter().map(|mip| Mip {
            columns: mip.mean.columns(),
            mean: mip.mean.tiles(),
            loudest: mip.loudest.tiles(),
        });
        Levels {
            scale: self.scale,
            bands: self.bands,
            columns_per_frame: self.columns_per_frame,
            frames: self.frames.columns(),
            mips: std::iter::once(first).chain(mips).collect(),
        }
    }

    /// The whole picture: the last column of a mip stands for the frames that are left.
    pub fn finish(mut self) -> Levels {
        let mut rest = None;
        for mip in &mut self.mips {
            if let Some((sums, most, frames)) = rest.take() {
                mip.add(&sums, &most, frames);
            }
            if mip.frames > 0 {
                rest = Some(mip.close());
            }
        }
        self.so_far()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(frames: usize) -> Vec<f32> {
        let mut state = 7_u32;
        (0..frames * MEL_BANDS)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 24) as f32 * 150.0 - 100.0
            })
            .collect()
    }

    #[test]
    fn every_column_of_every_mip_is_the_mean_and_the_maximum_of_its_frames() {
        for frames in [1, 3, 4, 5, 63, 4096, 5000] {
            let values = values(frames);
            let mut builder = LevelsBuilder::new(Scale::DECIBELS);
            // In pieces that end in the middle of columns.
            for piece in values.chunks(7 * MEL_BANDS) {
                builder.push(piece.iter().copied());
            }
            let levels = builder.finish();
            assert_eq!(levels.frames(), frames);
            for mip in 0..MIPS {
                let width = Levels::frames_per_column(mip);
                assert_eq!(levels.columns(mip), frames.div_ceil(width), "mip {mip}");
                for column in 0..levels.columns(mip) {
                    let inside = column * width..((column + 1) * width).min(frames);
                    for band in [0, 50, 127] {
                        let numbers = inside.clone().map(|frame| {
                            u32::from(Scale::DECIBELS.quantise(values[frame * MEL_BANDS + band]))
                        });
                        let count = inside.len() as u32;
                        let mean = (numbers.clone().sum::<u32>() + count / 2) / count;
                        let most = numbers.max().unwrap();
                        let at = |summary| levels.column(mip, summary, column).unwrap()[band];
                        assert_eq!(u32::from(at(Summary::Mean)), mean);
                        assert_eq!(u32::from(at(Summary::Loudest)), most);
                    }
                }
            }
        }
    }

    #[test]
    fn a_picture_that_grows_shows_what_the_whole_one_will() {
        let values = values(2500);
        let mut builder = LevelsBuilder::new(Scale::DECIBELS);
        builder.push(values[..1500 * MEL_BANDS].iter().copied());
        let early = builder.so_far();
        builder.push(values[1500 * MEL_BANDS..].iter().copied());
        let whole = builder.finish();
        assert_eq!((early.frames(), early.columns(1)), (1500, 375));
        for column in 0..375 {
            assert_eq!(
                early.column(1, Summary::Mean, column),
                whole.column(1, Summary::Mean, column)
            );
        }
        assert!(
            Arc::ptr_eq(
                early.tile(0, Summary::Mean, 0).unwrap(),
                whole.tile(0, Summary::Mean, 0).unwrap()
            ),
            "full tiles are shared, so that they are sent to the graphics card once"
        );
    }

    #[test]
    fn sixteen_bits_hold_every_level_that_the_controls_can_show() {
        for db in [-120.0, -60.25, 0.0, 17.125, 59.9] {
            let there = Scale::DECIBELS.value(Scale::DECIBELS.quantise(db));
            assert!((there - db).abs() < 0.002, "{db} became {there}");
        }
        assert_eq!(Scale::DECIBELS.quantise(f32::NAN), 0);
        assert_eq!(Scale::DECIBELS.quantise(1e9), u16::MAX);
        assert!((level_db(100.0) - 20.0).abs() < 1e-4);
        assert_eq!(level_db(0.0), -120.0);
    }

    #[test]
    fn one_to_four_columns_lie_in_a_pixel() {
        assert_eq!(Levels::mip_for(0.01), 0);
        for mip in 0..MIPS - 1 {
            let columns = Levels::frames_per_column(mip) as f64;
            assert_eq!(Levels::mip_for(columns), mip);
            assert_eq!(Levels::mip_for(columns * 3.99), mip);
        }
        assert_eq!(Levels::mip_for(1e9), MIPS - 1);
    }

    #[test]
    fn an_hour_takes_less_than_fifty_megabytes() {
        let mut builder = LevelsBuilder::new(Scale::DECIBELS);
        for _ in 0..112_501 {
            builder.push_frame(&[1; MEL_BANDS]);
        }
        let bytes = builder.finish().bytes();
        assert!(bytes < 50_000_000, "{bytes}");
    }
}
