//! Verbs that make sound and pictures.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, ValueEnum};

use super::checkpoint;
use crate::gui::{
    model::{Colouring, MatrixKind, Number, PicturePanel},
    workspace::Workspace,
};
use mynascope_embedding::Level;
use mynascope_encoder::{CheckpointRef, Patchout, Rows};
use mynascope_map::Method;
use mynascope_probe::{Head, Protocol, Task};
use mynascope_spectrum::{
    ColourMap, FftSize, FrequencyAxis,
    tokens::{MaskKind, MaskRatio, PatchShape, ViewName},
};

#[derive(Debug, Args)]
pub struct Demo {
    /// A folder that does not exist yet or is empty.
    pub dir: PathBuf,
    /// One style a track, clean and at tempos of its own, as `demo-plain`: easy to tell apart. Without it every track
    /// has a second style behind its own.
    #[arg(long)]
    pub plain: bool,
}

#[derive(Debug, Args)]
pub struct Tour {
    /// Where pictures, tables, the run and the summary go.
    pub dir: PathBuf,
    /// Tracks and folders (default: the demo collection).
    pub paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Mel {
    /// The sound file.
    pub file: PathBuf,
    /// A .npy file: [128, frames] float32 power.
    #[arg(long)]
    pub out: PathBuf,
}

/// Patchout of an encoder that is no Myna.
#[derive(Debug, Clone, Copy, Args)]
pub struct PatchoutOptions {
    /// Of an encoder that is no Myna: keep the patches of every Nth column instead of drawing a mask.
    #[arg(long, value_name = "N")]
    patchout: Option<usize>,
    /// The same with whole rows of patches left out, as 0,7,8; 0 is the lowest.
    #[arg(long, value_name = "ROWS")]
    patchout_rows: Option<Rows>,
}

impl PatchoutOptions {
    /// Which columns and rows of patches are left out, if that is asked for.
    pub fn get(self) -> Option<Patchout> {
        let asked = self.patchout.is_some() || self.patchout_rows.is_some();
        asked.then(|| Patchout {
            every: self.patchout.unwrap_or(1),
            dropped_rows: self.patchout_rows.unwrap_or_default(),
        })
    }
}

/// What of a masked track is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Keep {
    /// What the mask leaves.
    Kept,
    /// What it takes away.
    Dropped,
}

#[derive(Debug, Args)]
pub struct Mask {
    /// The sound file.
    pub file: PathBuf,
    /// A .wav file at 16 kHz.
    #[arg(long)]
    pub out: PathBuf,
    /// Share of tokens to drop, 0 to below 1.
    #[arg(long, required_unless_present_any = ["patchout", "patchout_rows"], conflicts_with_all = ["patchout", "patchout_rows"])]
    pub ratio: Option<MaskRatio>,
    /// The encoder whose patches and windows are meant; of a Myna those of --patch.
    #[arg(long, default_value = "shipped", value_parser = checkpoint())]
    pub checkpoint: CheckpointRef,
    /// Length of a window in seconds, 1 to 30, of an encoder that reads any length [default: 30, or what an own run
    /// was trained on].
    #[arg(long, value_name = "SECS", value_parser = clap::value_parser!(u32).range(1..=30))]
    pub window: Option<u32>,
    #[command(flatten)]
    pub patchout: PatchoutOptions,
    /// square (16x16) or vertical (128x2).
    #[arg(long, default_value_t)]
    pub patch: PatchShape,
    /// random, time, frequency, block or span: which tokens --ratio drops together [default: random].
    #[arg(long)]
    pub kind: Option<MaskKind>,
    /// The view of the window, a or b: each has its own crop and mask.
    #[arg(long, default_value = "a")]
    pub view: ViewName,
    /// Write the kept or the dropped part.
    #[arg(long, value_enum, default_value_t = Keep::Kept)]
    pub keep: Keep,
    /// Make the part as loud as the original, as far as nothing clips.
    #[arg(long)]
    pub match_level: bool,
}

/// Width and height in pixels, as 1280x800.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub [u32; 2]);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let side = |text: &str| {
            text.parse::<u32>()
                .ok()
                .filter(|n| (320..=8192).contains(n))
        };
        text.split_once('x')
            .and_then(|(width, height)| Some(Self([side(width)?, side(height)?])))
            .ok_or_else(|| {
                format!("'{text}' is no size; say WxH with sides from 320 to 8192, as 1280x800")
            })
    }
}

fn layout(text: &str) -> Result<Workspace, String> {
    Workspace::ALL
        .into_iter()
        .find(|layout| layout.name().eq_ignore_ascii_case(text))
        .ok_or_else(|| format!("'{text}' is no layout; say listen, teach, map, train or probe"))
}

#[derive(Debug, Args)]
pub struct Picture {
    /// Tracks, folders, data set folders, or `demo` (default).
    pub paths: Vec<PathBuf>,
    /// A .png file; with --panel also .svg.
    #[arg(long)]
    pub out: PathBuf,
    /// The track that is shown [default: the first].
    #[arg(long)]
    pub track: Option<PathBuf>,
    /// listen, teach, map, train or probe [default: that of --panel, else listen].
    #[arg(long, value_parser = layout)]
    pub layout: Option<Workspace>,
    /// Draw this panel alone, with axes, caption and no controls: spectrogram, map, confusion, similarity or curves.
    #[arg(long)]
    pub panel: Option<PicturePanel>,
    /// Pixels a point, with --panel [default: 1].
    #[arg(long, requires = "panel")]
    pub scale: Option<f32>,
    /// Share of tokens to drop, 0 to below 1 [default: in teach 0.75; elsewhere no mask is drawn].
    #[arg(long)]
    pub ratio: Option<MaskRatio>,
    /// Draw no mask.
    #[arg(long, conflicts_with = "ratio")]
    pub no_mask: bool,
    /// random, time, frequency, block or span: which tokens are dropped together.
    #[arg(long, default_value_t)]
    pub kind: MaskKind,
    /// square (16x16) or vertical (128x2).
    #[arg(long, default_value_t)]
    pub patch: PatchShape,
    /// Seconds into the track at which the picture begins.
    #[arg(long)]
    pub start: Option<f64>,
    /// Seconds that are visible from there on.
    #[arg(long, default_value_t = 12.0)]
    pub span: f64,
    /// Width and height in pixels.
    #[arg(long, default_value = "1280x800")]
    pub size: Size,
    /// Draw the light theme.
    #[arg(long)]
    pub light: bool,
    /// The encoder, whose patches and windows are drawn over the picture; of a Myna those of --patch.
    #[arg(long, default_value = "shipped", value_parser = checkpoint())]
    pub checkpoint: CheckpointRef,
    /// Attention heads of a checkpoint that doesn't say: an MT2, or a MAEST in its authors' form [default: width / 64].
    #[arg(long)]
    pub heads: Option<usize>,
    #[command(flatten)]
    pub patchout: PatchoutOptions,
    #[command(flatten)]
    pub look: PictureLook,
    /// The run that the train layout shows.
    #[arg(long)]
    pub run: Option<PathBuf>,
}

/// What is set of the panels of a picture.
#[derive(Debug, Args)]
pub struct PictureLook {
    /// Colours of the spectrogram: magma, viridis, cividis, inferno or grey.
    #[arg(long, default_value = "magma", value_parser = colours)]
    pub colours: ColourMap,
    /// Level of its brightest colour, in dB.
    #[arg(long, allow_negative_numbers = true)]
    pub top: Option<f32>,
    /// From there down to its darkest colour, in dB.
    #[arg(long)]
    pub depth: Option<f32>,
    /// Draw what the encoder is fed instead.
    #[arg(long)]
    pub encoder_input: bool,
    /// Draw the spectrogram of the sound at its own rate instead, up to half its sample rate (in teach it is always the encoder's);
    /// --top and --depth are then in dB below a sine at full scale.
    #[arg(long, conflicts_with = "encoder_input")]
    pub sound: bool,
    /// Its frequency axis: linear or log.
    #[arg(long, default_value_t)]
    pub axis: FrequencyAxis,
    /// Samples of its window: 512, 1024, 2048, 4096 or 8192.
    #[arg(long, default_value_t)]
    pub fft: FftSize,
    /// How the map is laid out: tsne, umap or pca.
    #[arg(long, default_value = "tsne")]
    pub method: Method,
    /// Perplexity of a map by t-SNE.
    #[arg(long)]
    pub perplexity: Option<f64>,
    /// Neighbours of a map by UMAP.
    #[arg(long)]
    pub neighbours: Option<usize>,
    /// Points of the map: window or track.
    #[arg(long, default_value = "window")]
    pub level: Level,
    /// What colours of the map stand for: label, key, split, track, length, tempo, place in track.
    #[arg(long, default_value = "label", value_parser = colouring)]
    pub colour_by: Colouring,
    /// Task of the probe.
    #[arg(long, default_value = "genre")]
    pub task: Task,
    /// Head of the probe: linear, ridge, mlp or knn.
    #[arg(long, default_value = "linear")]
    pub head: Head,
    /// Protocol of the probe: quick, clean, folds:K or paper.
    #[arg(long, default_value = "quick")]
    pub protocol: Protocol,
    /// What the matrix of the batch shows: cosine or share.
    #[arg(long, default_value = "cosine", value_parser = matrix)]
    pub matrix: MatrixKind,
    /// Temperature of its shares.
    #[arg(long)]
    pub temperature: Option<f64>,
    /// Its tracks.
    #[arg(long)]
    pub batch: Option<usize>,
}

fn colours(text: &str) -> Result<ColourMap, String> {
    let named = ColourMap::ALL.into_iter().find(|map| map.name() == text);
    named.ok_or_else(|| {
        format!("'{text}' are no colours; say magma, viridis, cividis, inferno or grey")
    })
}

fn colouring(text: &str) -> Result<Colouring, String> {
    let numbers = [Number::Length, Number::Tempo, Number::Start].map(Colouring::Number);
    let offered = [
        Colouring::Label,
        Colouring::Key,
        Colouring::Split,
        Colouring::Track,
    ];
    let mut offered = offered.into_iter().chain(numbers);
    let named = offered.find(|colouring| colouring.name() == text);
    named.ok_or_else(|| {
        format!("'{text}' is nothing that colours stand for here; say label, key, split, track, length, tempo or 'place in track'")
    })
}

fn matrix(text: &str) -> Result<MatrixKind, String> {
    let named = [MatrixKind::Cosine, MatrixKind::Share]
        .into_iter()
        .find(|kind| kind.name() == text);
    named.ok_or_else(|| format!("'{text}' is no matrix; say cosine or share"))
}
