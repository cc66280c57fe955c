//! An encoder on a device, with the backend hidden inside: what other crates embed with.

use std::path::PathBuf;

use super::{
    CheckpointRef, DeviceChoice, EncoderConfig, EncoderError, EncoderKind, LeftOut, Preset,
    backend::{Place, PlacedEncoder, find_place},
    checkpoint::{LoadOptions, WeightsChoice, load_reported, say_step_of_run},
    layout::encoder_layout,
    patches::{Gather, gather_patches, gather_positions, positions},
    shipped_weights,
    transformer::HostTokens,
    weights::Weights,
};
use mynascope_spectrum::tokens::{MEL_BANDS, PatchShape, View};

/// Tokens of one forward pass: enough for large products, few enough to stay in the caches' reach.
const TOKENS_PER_PASS: usize = 1536;
/// A window longer than this (524 s) is refused: attention over its tokens would not fit anywhere.
const MAX_TOKENS: usize = 8192;

/// An encoder on a device, ready to embed windows. The backend is hidden inside.
#[derive(Debug)]
pub struct LoadedEncoder {
    config: EncoderConfig,
    description: String,
    fingerprint: String,
    source: Option<PathBuf>,
    weights_choice: WeightsChoice,
    note: Option<String>,
    left_out: Vec<LeftOut>,
    place: Place,
    encoder: PlacedEncoder,
}

impl LoadedEncoder {
    /// Reads a checkpoint and puts it on a device. The options choose one branch of a hybrid, or say what the patches
    /// of a file are that doesn't tell, and which weights are meant. `shipped` comes with the program, `untrained` is a
    /// tiny encoder with random weights of seed 0.
    ///
    /// # Errors
    /// If the checkpoint cannot be read or does not fit, if the device is not there, or if it fails.
    pub fn open(
        checkpoint: &CheckpointRef,
        options: impl Into<LoadOptions>,
        device: &DeviceChoice,
    ) -> Result<Self, EncoderError> {
        let options = options.into();
        let patch = options.patch;
        let Some(path) = checkpoint.resolve()? else {
            if *checkpoint == CheckpointRef::Untrained {
                let config = Preset::Tiny.config(patch.unwrap_or_default());
                return Self::random(config, 0, device);
            }
            let weights = shipped_weights(patch)?;
            let description = format!("shipped tiny {} encoder", weights.config.kind);
            return Self::of_weights(&weights, description, None, device);
        };
        let (weights, report) = load_reported(&path, &options)?;
        let of = match checkpoint {
            CheckpointRef::File(run) if run.is_dir() => say_step_of_run(run).map_or_else(
                || run.display().to_string(),
                |step| format!("{step} {}", run.display()),
            ),
            _ => path.display().to_string(),
        };
        let chosen = report.encoders.iter().find(|found| found.chosen);
        let chosen = chosen.filter(|_| report.encoders.len() > 1);
        let chosen = chosen.map_or_else(String::new, |found| format!(" ({})", found.weights));
        let description = format!(
            "{} {} encoder{chosen} of {of}",
            weights.config.size_name(),
            weights.config.kind,
        );
        Ok(Self {
            weights_choice: options.weights,
            note: report.say_use(),
            left_out: report.left_out,
            ..Self::of_weights(&weights, description, Some(path), device)?
        })
    }

    /// An untrained encoder with the weights of a seed.
    ///
    /// # Errors
    /// If the sizes are impossible, or if the device is not there or fails.
    pub fn random(
        config: EncoderConfig,
        seed: u64,
        device: &DeviceChoice,
    ) -> Result<Self, EncoderError> {
        let weights = Weights::random(config, &super::Tail::None, seed)?;
        let description = format!(
            "untrained {} {} encoder, seed {seed}",
            config.size_name(),
            config.kind
        );
        Self::of_weights(&weights, description, None, device)
    }

    fn of_weights(
        weights: &Weights,
        description: String,
        source: Option<PathBuf>,
        device: &DeviceChoice,
    ) -> Result<Self, EncoderError> {
        let place = find_place(*device)?;
        Ok(Self {
            config: weights.config,
            description,
            fingerprint: fingerprint(weights),
            source,
            weights_choice: WeightsChoice::Auto,
            note: None,
            left_out: Vec::new(),
            encoder: PlacedEncoder::place(weights, &place)?,
            place,
        })
    }

    /// The sizes.
    pub fn config(&self) -> EncoderConfig {
        self.config
    }

    /// Which patches it reads.
    pub fn kind(&self) -> EncoderKind {
        self.config.kind
    }

    /// What it is, for people and for the columns of tables: "untrained tiny hybrid encoder, seed 0" or where the
    /// weights came from.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The BLAKE3 hash of sizes and weights, 64 hexadecimal digits: the same for two files that hold one encoder.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The checkpoint file, if it came from one.
    pub fn source(&self) -> Option<&std::path::Path> {
        self.source.as_deref()
    }

    /// Which weights of the file were asked for.
    pub fn weights_choice(&self) -> &WeightsChoice {
        &self.weights_choice
    }

    /// What the user should know of the checkpoint: which of several weights were read, and what was left out.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// What the checkpoint holds beside the encoder.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// The device it is on: `cpu`, `gpu:0`.
    pub fn device(&self) -> &str {
        &self.place.spec
    }

    /// The encoder on its backend.
    pub(super) fn placed(&self) -> &PlacedEncoder {
        &self.encoder
    }

    /// Values of one embedding.
    pub fn embedding_dim(&self) -> usize {
        self.config.embedding_dim()
    }

    /// Frames of one window as the published code cuts it: 96, or 98 for a vertical encoder.
    pub fn window_frames(&self) -> usize {
        self.config.kind.window_frames()
    }

    /// Embeds windows, each [frames, 128] frame-major raw mel power, all of the same length. With `views` only the kept
    /// tokens of the window's view are read (its start frame is not used). Returns [windows, embedding_dim] row-major.
    ///
    /// # Errors
    /// [`EncoderError::Windows`] if windows are not as described, [`EncoderError::Compute`] if the device fails.
    pub fn embed_windows(
        &self,
        windows: &[&[f32]],
        views: Option<&[View]>,
    ) -> Result<Vec<f32>, EncoderError> {
        self.embed_by(windows, views, &|batches| {
            self.encoder.embed(batches, &self.place.spec)
        })
    }

    /// As [`Self::embed_windows`], with what every layer gives, each the mean over a window's tokens: the patches with
    /// their positions, what follows each block, and the embedding. Returns [windows, layers, embedding_dim] row-major;
    /// there are [`Self::layers`] of them.
    ///
    /// # Errors
    /// As [`Self::embed_windows`].
    pub fn embed_layers(
        &self,
        windows: &[&[f32]],
        views: Option<&[View]>,
    ) -> Result<Vec<f32>, EncoderError> {
        self.embed_by(windows, views, &|batches| {
            self.encoder.embed_layers(batches, &self.place.spec)
        })
    }

    /// Layers that [`Self::embed_layers`] gives: the blocks and two more.
    pub fn layers(&self) -> usize {
        self.config.depth + 2
    }

    fn embed_by(
        &self,
        windows: &[&[f32]],
        views: Option<&[View]>,
        embed: &dyn Fn(Vec<HostTokens>) -> Result<Vec<f32>, EncoderError>,
    ) -> Result<Vec<f32>, EncoderError> {
        let Some(first) = windows.first() else {
            return Ok(Vec::new());
        };
        let frames = first.len() / MEL_BANDS;
        if windows.iter().any(|window| window.len() != first.len())
            || !first.len().is_multiple_of(MEL_BANDS)
        {
            return Err(EncoderError::Windows(
                "all windows of one call must have the same number of frames of 128 bands".into(),
            ));
        }
        if views.is_some_and(|views| views.len() != windows.len()) {
            return Err(EncoderError::Windows(
                "there must be one view a window".into(),
            ));
        }
        let shapes = self.config.kind.shapes();
        let plans = shapes
            .iter()
            .map(|&shape| Plan::new(shape, frames, windows.len(), views, self.config.dim))
            .collect::<Result<Vec<_>, _>>()?;
        let tokens: usize = plans.iter().map(|plan| plan.tokens).sum();
        let per_pass = (TOKENS_PER_PASS / tokens.max(1)).max(1);
        let mut out = Vec::with_capacity(windows.len() * self.embedding_dim());
        for (pass, part) in windows.chunks(per_pass).enumerate() {
            let batches = plans
                .iter()
                .map(|plan| plan.host_tokens(part, pass * per_pass, self.config.dim))
                .collect();
            out.extend(embed(batches)?);
        }
        Ok(out)
    }
}

/// Whether a [`LoadedEncoder::fingerprint`] is that of the encoder that comes with the program, or of one of its branches,
/// whatever file it was read from.
pub fn is_shipped(hash: &str) -> bool {
    let branches = EncoderKind::ALL.map(Some);
    branches
        .into_iter()
        .any(|patch| shipped_weights(patch).is_ok_and(|weights| fingerprint(&weights) == hash))
}

/// The sizes as the hash of an encoder has always held them. Saved probes, scores and cached embeddings name encoders by
/// that hash, so this text must never change, whatever fields and variants are called in code.
fn identity_text(config: &EncoderConfig) -> String {
    let kind = match config.kind {
        EncoderKind::Square => "Square",
        EncoderKind::Vertical => "Vertical",
        EncoderKind::Hybrid => "Hybrid",
    };
    let EncoderConfig {
        dim,
        depth,
        heads,
        mlp_dim,
        ..
    } = config;
    format!(
        "EncoderConfig {{ kind: {kind}, dim: {dim}, depth: {depth}, heads: {heads}, mlp_dim: {mlp_dim} }}"
    )
}

/// What embeds is hashed; what training hung behind it is not.
fn fingerprint(weights: &Weights) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(identity_text(&weights.config).as_bytes());
    let embedding = encoder_layout(&weights.config).len();
    for tensor in weights.tensors.iter().take(embedding) {
        let bytes: Vec<u8> = tensor.values.iter().flat_map(|v| v.to_le_bytes()).collect();
        hasher.update(&bytes);
    }
    hasher.finalize().to_hex().to_string()
}

/// Which tokens of one patch shape are read of each window.
struct Plan<'a> {
    grid: mynascope_spectrum::tokens::PatchGrid,
    shape: PatchShape,
    views: Option<&'a [View]>,
    /// All tokens, for windows without a view.
    all: Vec<usize>,
    /// Tokens read of one window.
    tokens: usize,
    positions: Vec<f32>,
}

impl<'a> Plan<'a> {
    fn new(
        shape: PatchShape,
        frames: usize,
        windows: usize,
        views: Option<&'a [View]>,
        dim: usize,
    ) -> Result<Self, EncoderError> {
        let grid = shape.grid(frames);
        if grid.tokens() == 0 || grid.tokens() > MAX_TOKENS {
            return Err(EncoderError::Windows(format!(
                "{frames} frames give {} {shape} tokens; from 1 to {MAX_TOKENS} can be read",
                grid.tokens()
            )));
        }
        let tokens = match views {
            None => grid.tokens(),
            Some(views) => views.first().map_or(0, |view| view.kept(shape).len()),
        };
        let sound = |view: &View| {
            let kept = view.kept(shape);
            kept.len() == tokens && kept.iter().all(|&token| token < grid.tokens())
        };
        if tokens == 0 || !views.unwrap_or_default().iter().take(windows).all(sound) {
            return Err(EncoderError::Windows(format!(
                "every view must keep the same number of {shape} tokens, at least one, of the {} there are",
                grid.tokens()
            )));
        }
        Ok(Self {
            grid,
            shape,
            views,
            all: (0..grid.tokens()).collect(),
            tokens,
            positions: positions(grid, dim),
        })
    }

    fn host_tokens(&self, windows: &[&[f32]], first: usize, dim: usize) -> HostTokens {
        let gathers: Vec<Gather<'_>> = windows
            .iter()
            .enumerate()
            .map(|(index, mel)| Gather {
                mel,
                start_frame: 0,
                kept: match self.views {
                    None => &self.all,
                    Some(views) => views
                        .get(first + index)
                        .map_or(&[], |view| view.kept(self.shape)),
                },
            })
            .collect();
        HostTokens {
            patches: gather_patches(&gathers, self.grid),
            positions: gather_positions(
                gathers.iter().map(|gather| gather.kept),
                &self.positions,
                dim,
            ),
            windows: windows.len(),
            tokens: self.tokens,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probes, scores and cached tables of earlier versions name the encoder by this hash.
    #[test]
    fn saved_probes_and_caches_still_find_the_shipped_encoder() {
        let shipped = shipped_weights(None).unwrap();
        assert_eq!(
            fingerprint(&shipped),
            "c5696d7c60e014653d8f11656860d0f25dafe86c410cf6492355e5a841a12d15"
        );
        let square = Weights::random(
            Preset::Tiny.config(EncoderKind::Square),
            &crate::Tail::None,
            0,
        );
        assert_eq!(
            fingerprint(&square.unwrap()),
            "cef0df94245ec87cb1967e826eb3e6948fd61db64d3ad25c509ea5eaa88a3bae"
        );
        assert_eq!(
            identity_text(&Preset::Base.config(EncoderKind::Vertical)),
            "EncoderConfig { kind: Vertical, dim: 768, depth: 12, heads: 12, mlp_dim: 3072 }"
        );
    }
}
