//! An encoder on a device, with the backend hidden inside: what other crates embed with.

use std::path::PathBuf;

use super::{
    CheckpointRef, DeviceChoice, EncoderError, EncoderInfo, EncoderKind, LeftOut, MynaConfig,
    Overlap, Preset, Reading,
    backend::{Place, PlacedEncoder, find_place},
    checkpoint::{LoadOptions, WeightsChoice, load_reported, say_step_of_run},
    families::myna::{
        network::{Embed, EmbedLayers, HostTokens},
        parameters::encoder_layout,
        tokenizer::Tokenizer,
    },
    shipped_weights,
    weights::Weights,
};
use mynascope_spectrum::tokens::{MEL_BANDS, TokenMask};

/// Tokens of one forward pass: enough for large products, few enough to stay in the caches' reach.
const TOKENS_PER_PASS: usize = 1536;

/// An encoder on a device, ready to embed windows. The backend is hidden inside.
#[derive(Debug)]
pub struct LoadedEncoder {
    config: MynaConfig,
    info: EncoderInfo,
    reading: Reading,
    /// The tokens that patchout leaves.
    patchout: Option<TokenMask>,
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
    /// of a file are that doesn't tell, which weights are meant, and which layer is read. `shipped` comes with the program,
    /// `untrained` is a tiny encoder with random weights of seed 0.
    ///
    /// # Errors
    /// If the checkpoint cannot be read or does not fit, if it has no such layer or readout, if the device is not there, or
    /// if it fails.
    pub fn open(
        checkpoint: &CheckpointRef,
        options: impl Into<LoadOptions>,
        device: &DeviceChoice,
    ) -> Result<Self, EncoderError> {
        let options = options.into();
        let reading = options.reading;
        Self::open_published(checkpoint, options, device)?.with_reading(reading)
    }

    /// The same encoder, of which this layer is read in this way.
    fn with_reading(mut self, reading: Reading) -> Result<Self, EncoderError> {
        self.info.check(reading)?;
        self.patchout = match reading.patchout.is_none() {
            true => None,
            false => Some(reading.patchout.mask(&self.info.grids)?),
        };
        self.info.window.hop_secs = match reading.overlap {
            None => self.info.window.hop_secs,
            Some(Overlap::None) => self.info.window.secs,
            Some(Overlap::Half) => 0.5 * self.info.window.secs,
        };
        if reading != Reading::default() {
            self.reading = reading;
            self.fingerprint = format!("{}-{}", self.fingerprint, reading.slug());
            self.description = format!("{}, {reading}", self.description);
        }
        Ok(self)
    }

    fn open_published(
        checkpoint: &CheckpointRef,
        options: LoadOptions,
        device: &DeviceChoice,
    ) -> Result<Self, EncoderError> {
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
        config: MynaConfig,
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
            info: weights.config.info(),
            reading: Reading::default(),
            patchout: None,
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
    pub fn config(&self) -> MynaConfig {
        self.config
    }

    /// What it reads and gives.
    pub fn info(&self) -> &EncoderInfo {
        &self.info
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

    /// The BLAKE3 hash of sizes and weights, 64 hexadecimal digits: the same for two files that hold one encoder. Behind it
    /// the layer and readout, where they are not the published ones: what is kept under it are embeddings.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The checkpoint file, if it came from one.
    pub fn source(&self) -> Option<&std::path::Path> {
        self.source.as_deref()
    }

    /// Which layer is read, and how.
    pub fn reading(&self) -> Reading {
        self.reading
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

    /// Values of one embedding, as the encoder was opened.
    pub fn embedding_dim(&self) -> usize {
        self.layer_dim()
    }

    /// Frames of one window as the published code cuts it: 96, or 98 for a vertical encoder.
    pub fn window_frames(&self) -> usize {
        self.config.kind.window_frames()
    }

    /// Embeds windows, all of one length, as [`Self::windows`] gives them: the layer and readout that the encoder was opened
    /// with. With `masks` only the tokens of the window's mask are read. Returns [windows, embedding_dim] row-major.
    ///
    /// # Errors
    /// [`EncoderError::Windows`] if windows are not as described, [`EncoderError::Compute`] if the device fails.
    pub fn embed_windows(
        &self,
        windows: &[&[f32]],
        masks: Option<&[TokenMask]>,
    ) -> Result<Vec<f32>, EncoderError> {
        let Some(layer) = self.reading.layer else {
            return self.embed_by(windows, masks, &|batches| {
                self.encoder.ask(Embed(batches), &self.place.spec)
            });
        };
        let all = self.embed_layers(windows, masks)?;
        let dim = self.layer_dim();
        let rows = all.chunks_exact((dim * self.info.layers.len()).max(1));
        Ok(rows
            .flat_map(|row| row.get(layer * dim..(layer + 1) * dim).unwrap_or_default())
            .copied()
            .collect())
    }

    /// As [`Self::embed_windows`], with what every layer gives, each the mean over a window's tokens. Returns [windows,
    /// layers, layer_dim] row-major; the layers are those of [`EncoderInfo::layers`].
    ///
    /// # Errors
    /// As [`Self::embed_windows`].
    pub fn embed_layers(
        &self,
        windows: &[&[f32]],
        masks: Option<&[TokenMask]>,
    ) -> Result<Vec<f32>, EncoderError> {
        self.embed_by(windows, masks, &|batches| {
            self.encoder.ask(EmbedLayers(batches), &self.place.spec)
        })
    }

    /// Values of one layer of [`Self::embed_layers`].
    pub fn layer_dim(&self) -> usize {
        self.config.embedding_dim()
    }

    fn embed_by(
        &self,
        windows: &[&[f32]],
        masks: Option<&[TokenMask]>,
        embed: &dyn Fn(Vec<HostTokens>) -> Result<Vec<f32>, EncoderError>,
    ) -> Result<Vec<f32>, EncoderError> {
        let Some(first) = windows.first() else {
            return Ok(Vec::new());
        };
        let patchout: Vec<TokenMask>;
        let masks = match (&self.patchout, masks) {
            (None, masks) => masks,
            (Some(mask), None) => {
                patchout = vec![mask.clone(); windows.len()];
                Some(patchout.as_slice())
            }
            (Some(_), Some(_)) => {
                return Err(EncoderError::Reading(
                    "a mask and patchout both drop tokens; use one of them".into(),
                ));
            }
        };
        let frames = first.len() / MEL_BANDS;
        if windows.iter().any(|window| window.len() != first.len())
            || !first.len().is_multiple_of(MEL_BANDS)
        {
            return Err(EncoderError::Windows(
                "all windows of one call must have the same number of frames of 128 bands".into(),
            ));
        }
        let tokenizer = Tokenizer::new(self.config.kind.shapes(), frames, self.config.dim);
        let tokens = match masks.and_then(<[TokenMask]>::first) {
            Some(mask) => mask.0.iter().map(Vec::len).sum(),
            None => tokenizer.grids().map(|grid| grid.tokens()).sum::<usize>(),
        };
        let per_pass = (TOKENS_PER_PASS / tokens.max(1)).max(1);
        let mut out = Vec::new();
        for (pass, part) in windows.chunks(per_pass).enumerate() {
            let masks = masks.map(|masks| {
                let rest = masks.get(pass * per_pass..).unwrap_or_default();
                rest.get(..part.len()).unwrap_or(rest)
            });
            out.extend(embed(tokenizer.tokens(part, masks)?)?);
        }
        Ok(out)
    }
}

/// Whether a [`LoadedEncoder::fingerprint`] is that of the encoder that comes with the program, or of one of its branches,
/// whatever file it was read from and whichever of its layers.
pub fn is_shipped(hash: &str) -> bool {
    let branches = EncoderKind::ALL.map(Some);
    branches.into_iter().any(|patch| {
        shipped_weights(patch).is_ok_and(|weights| hash.starts_with(&fingerprint(&weights)))
    })
}

/// The sizes as the hash of an encoder has always held them. Saved probes, scores and cached embeddings name encoders by
/// that hash, so this text must never change, whatever fields and variants are called in code.
fn identity_text(config: &MynaConfig) -> String {
    let kind = match config.kind {
        EncoderKind::Square => "Square",
        EncoderKind::Vertical => "Vertical",
        EncoderKind::Hybrid => "Hybrid",
    };
    let MynaConfig {
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
