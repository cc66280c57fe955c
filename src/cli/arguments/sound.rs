//! Verbs that make sound and pictures.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, ValueEnum};

use super::checkpoint;
use crate::gui::workspace::Workspace;
use mynascope_encoder::{CheckpointRef, Patchout, Rows};
use mynascope_spectrum::tokens::{MaskKind, MaskRatio, PatchShape, ViewName};

#[derive(Debug, Args)]
pub struct Demo {
    /// A folder that does not exist yet or is empty.
    pub dir: PathBuf,
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
    #[arg(long, default_value_t)]
    pub view: ViewName,
    /// Write the kept or the dropped part.
    #[arg(long, value_enum, default_value_t = Keep::Kept)]
    pub keep: Keep,
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
    /// A track (default: the first of the demo collection).
    pub file: Option<PathBuf>,
    /// A .png file.
    #[arg(long)]
    pub out: PathBuf,
    /// listen, teach, map, train or probe.
    #[arg(long, default_value = "listen", value_parser = layout)]
    pub layout: Workspace,
    /// Share of tokens to drop, 0 to below 1.
    #[arg(long, default_value = "0.75")]
    pub ratio: MaskRatio,
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
    /// The run that the train layout shows.
    #[arg(long)]
    pub run: Option<PathBuf>,
}
