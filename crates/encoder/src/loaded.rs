//! An encoder on a device, with the backend hidden inside: what other crates embed with.

use std::path::{Path, PathBuf};

use super::{
    CheckpointRef, DeviceChoice, EncoderConfig, EncoderError, EncoderInfo, LeftOut, MynaConfig,
    OpenCheckpoint, Overlap, Patching, Preset, Reading, Readout,
    backend::{Place, PlacedEncoder, find_place},
    checkpoint::{LoadOptions, WeightsChoice, load_reported, say_step_of_run},
    families::{
        maest,
        myna::{
            network::{Embed, EmbedLayers},
            parameters::encoder_parameters,
            tokenizer::Tokenizer,
        },
    },
    network::NetworkWeights,
    shipped_weights,
    weights::Weights,
};
use mynascope_spectrum::tokens::{MEL_BANDS, PatchShape, TokenMask};

/// Tokens of one forward pass: enough for large products, few enough to stay in the caches' reach.
const TOKENS_PER_PASS: usize = 1536;

/// What is wanted of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// The layer and readout that the encoder was opened with.
    Reading,
    /// Every layer.
    EveryLayer,
    /// What its classifier says.
    Probabilities,
}

/// An encoder on a device, ready to embed windows. The backend is hidden inside.
#[derive(Debug)]
pub struct LoadedEncoder {
    config: EncoderConfig,
    info: EncoderInfo,
    reading: Reading,
    description: String,
    fingerprint: String,
    source: Option<PathBuf>,
    weights_choice: WeightsChoice,
    heads: Option<usize>,
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
        reading.patchout.mask(&self.info.grids)?;
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
            return Self::of_myna(weights, description, None, device);
        };
        let of = match checkpoint {
            CheckpointRef::File(run) if run.is_dir() => say_step_of_run(run).map_or_else(
                || run.display().to_string(),
                |step| format!("{step} {}", run.display()),
            ),
            _ => path.display().to_string(),
        };
        if let Some(maest) = Self::open_maest(&path, &options, &of, device)? {
            return Ok(maest);
        }
        let (weights, report) = load_reported(&path, &options)?;
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
            ..Self::of_myna(weights, description, Some(path), device)?
        })
    }

    /// The MAEST in a file; `None` where it holds none.
    fn open_maest(
        path: &Path,
        options: &LoadOptions,
        of: &str,
        device: &DeviceChoice,
    ) -> Result<Option<Self>, EncoderError> {
        let mut checkpoint = OpenCheckpoint::open(path)?;
        let Some((found, tensors)) = maest::read(&mut checkpoint, &options.maest_hint())? else {
            return Ok(None);
        };
        let config = found.config;
        let seconds = config.window_samples() / 16_000;
        let chosen = match found.prefixes.len() {
            0 | 1 => String::new(),
            _ => format!(" ({})", found.prefix.trim_end_matches('.')),
        };
        let heads = match options.heads {
            Some(heads) => format!(", {heads} heads"),
            None => String::new(),
        };
        let description = format!("MAEST of {seconds} s{chosen} of {of}{heads}");
        let labels = found.labels.clone().unwrap_or_default();
        let weights = NetworkWeights::Maest(config, tensors);
        Ok(Some(Self {
            weights_choice: options.weights.clone(),
            heads: options.heads,
            note: found.say_use(),
            ..Self::of_weights(
                weights,
                labels,
                description,
                Some(path.to_path_buf()),
                device,
            )?
        }))
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
        let weights = Weights::random(config, &super::TrainingHead::None, seed)?;
        let description = format!(
            "untrained {} {} encoder, seed {seed}",
            config.size_name(),
            config.kind
        );
        Self::of_myna(weights, description, None, device)
    }

    fn of_myna(
        weights: Weights,
        description: String,
        source: Option<PathBuf>,
        device: &DeviceChoice,
    ) -> Result<Self, EncoderError> {
        let weights = NetworkWeights::Myna(weights);
        Self::of_weights(weights, Vec::new(), description, source, device)
    }

    fn of_weights(
        weights: NetworkWeights,
        outputs: Vec<String>,
        description: String,
        source: Option<PathBuf>,
        device: &DeviceChoice,
    ) -> Result<Self, EncoderError> {
        let place = find_place(*device)?;
        let config = weights.config();
        Ok(Self {
            config,
            info: config.info(outputs),
            reading: Reading::default(),
            description,
            fingerprint: match &weights {
                NetworkWeights::Myna(weights) => fingerprint(weights),
                NetworkWeights::Maest(config, tensors) => {
                    let tensors = tensors.iter().map(Vec::as_slice);
                    hash(&config.identity_text(), tensors)
                }
            },
            source,
            weights_choice: WeightsChoice::Auto,
            heads: None,
            note: None,
            left_out: Vec::new(),
            encoder: PlacedEncoder::place(weights, &place)?,
            place,
        })
    }

    /// The family and its sizes.
    pub fn config(&self) -> EncoderConfig {
        self.config
    }

    /// The sizes, if it is a Myna.
    pub fn myna(&self) -> Option<MynaConfig> {
        match self.config {
            EncoderConfig::Myna(config) => Some(config),
            EncoderConfig::Maest(_) => None,
        }
    }

    /// What it reads and gives.
    pub fn info(&self) -> &EncoderInfo {
        &self.info
    }

    /// The patch shapes of a Myna, in the order of its grids; none of another family.
    pub fn shapes(&self) -> &'static [PatchShape] {
        self.myna().map_or(&[], |config| config.kind.shapes())
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

    /// How many attention heads the user said that there are.
    pub fn heads_said(&self) -> Option<usize> {
        self.heads
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
        match self.config {
            EncoderConfig::Myna(config) => config.embedding_dim(),
            EncoderConfig::Maest(config) => config.output_dim(self.readout()),
        }
    }

    /// Values of one layer of [`Self::embed_layers`].
    pub fn layer_dim(&self) -> usize {
        match self.config {
            EncoderConfig::Myna(config) => config.embedding_dim(),
            EncoderConfig::Maest(config) => config.output_dim(self.layer_readout()),
        }
    }

    /// How one vector is made of a layer.
    fn readout(&self) -> Readout {
        let published = self.info.readouts.first().copied();
        self.reading.readout.or(published).unwrap_or(Readout::Mean)
    }

    /// The same where every layer is read: what is behind all blocks is no readout of a layer.
    fn layer_readout(&self) -> Readout {
        match self.readout() {
            readout if readout.is_final() => Readout::Stack,
            readout => readout,
        }
    }

    /// Embeds windows as [`Self::windows`] gives them: the layer and readout that the encoder was opened with. With `masks`
    /// only the tokens of the window's mask are read; all masks keep as many. Returns [windows, embedding_dim] row-major.
    ///
    /// # Errors
    /// [`EncoderError::Windows`] if windows are not as described, [`EncoderError::Compute`] if the device fails.
    pub fn embed_windows(
        &self,
        windows: &[&[f32]],
        masks: Option<&[TokenMask]>,
    ) -> Result<Vec<f32>, EncoderError> {
        self.embed(windows, masks, Wanted::Reading)
    }

    /// What the classifier says of windows: the probability of each of [`EncoderInfo::outputs`], [windows, outputs] row-major.
    ///
    /// # Errors
    /// As [`Self::embed_windows`], and [`EncoderError::Reading`] if the encoder has no classifier.
    pub fn classify(
        &self,
        windows: &[&[f32]],
        masks: Option<&[TokenMask]>,
    ) -> Result<Vec<f32>, EncoderError> {
        self.info.check(Reading {
            readout: Some(Readout::Probabilities),
            ..Reading::default()
        })?;
        self.embed(windows, masks, Wanted::Probabilities)
    }

    /// As [`Self::embed_windows`], with what every layer gives. Returns [windows, layers, layer_dim] row-major; the layers
    /// are those of [`EncoderInfo::layers`].
    ///
    /// # Errors
    /// As [`Self::embed_windows`].
    pub fn embed_layers(
        &self,
        windows: &[&[f32]],
        masks: Option<&[TokenMask]>,
    ) -> Result<Vec<f32>, EncoderError> {
        self.embed(windows, masks, Wanted::EveryLayer)
    }

    fn embed(
        &self,
        windows: &[&[f32]],
        masks: Option<&[TokenMask]>,
        wanted: Wanted,
    ) -> Result<Vec<f32>, EncoderError> {
        if masks.is_some_and(|masks| masks.len() != windows.len()) {
            return Err(EncoderError::Windows(
                "there must be one mask a window".into(),
            ));
        }
        if masks.is_some() && !self.reading.patchout.is_none() {
            return Err(EncoderError::Reading(
                "a mask and patchout both drop tokens; use one of them".into(),
            ));
        }
        let tokens = match masks.and_then(<[TokenMask]>::first) {
            Some(mask) => mask.0.iter().map(Vec::len).sum::<usize>(),
            None => self.info.grids.iter().map(|grid| grid.tokens()).sum(),
        };
        let per_pass = (TOKENS_PER_PASS / tokens.max(1)).max(1);
        let mut tokenizer = None;
        let mut out = Vec::new();
        let mut start = 0;
        while let Some(rest) = windows.get(start..).filter(|rest| !rest.is_empty()) {
            // The windows of one pass are of one length; only a track that is shorter than a window gives another one.
            let rest = rest.get(..per_pass).unwrap_or(rest);
            let alike = rest.iter().zip(rest.iter().skip(1));
            let end = start + 1 + alike.take_while(|(a, b)| a.len() == b.len()).count();
            let part = windows.get(start..end).unwrap_or_default();
            let masks = masks.and_then(|masks| masks.get(start..end));
            out.extend(match &self.config {
                EncoderConfig::Myna(config) => {
                    self.pass_myna(config, part, masks, wanted, &mut tokenizer)?
                }
                EncoderConfig::Maest(config) => self.pass_maest(config, part, masks, wanted)?,
            });
            start = end;
        }
        Ok(out)
    }

    /// One pass over windows of one length.
    fn pass_myna(
        &self,
        config: &MynaConfig,
        windows: &[&[f32]],
        masks: Option<&[TokenMask]>,
        wanted: Wanted,
        tokenizer: &mut Option<(usize, Tokenizer)>,
    ) -> Result<Vec<f32>, EncoderError> {
        let length = windows.first().map_or(0, |window| window.len());
        if !length.is_multiple_of(MEL_BANDS) {
            return Err(EncoderError::Windows(
                "a window is whole frames of 128 bands".into(),
            ));
        }
        if tokenizer.as_ref().is_none_or(|(known, _)| *known != length) {
            let shapes = config.kind.shapes();
            *tokenizer = Some((
                length,
                Tokenizer::new(shapes, length / MEL_BANDS, config.dim),
            ));
        }
        let Some((_, tokenizer)) = tokenizer else {
            return Ok(Vec::new());
        };
        let patchout: Vec<TokenMask>;
        let masks = match self.reading.patchout.is_none() {
            true => masks,
            false => {
                let grids: Vec<_> = tokenizer.grids().map(Into::into).collect();
                patchout = vec![self.reading.patchout.mask(&grids)?; windows.len()];
                Some(patchout.as_slice())
            }
        };
        let tokens = tokenizer.tokens(windows, masks)?;
        let device = &self.place.spec;
        let layer = match (wanted, self.reading.layer) {
            (Wanted::EveryLayer, _) => return self.encoder.ask(EmbedLayers(tokens), device),
            (_, None) => return self.encoder.ask(Embed(tokens), device),
            (_, Some(layer)) => layer,
        };
        let all = self.encoder.ask(EmbedLayers(tokens), device)?;
        let dim = config.embedding_dim();
        let rows = all.chunks_exact((dim * self.info.layers.len()).max(1));
        Ok(rows
            .flat_map(|row| row.get(layer * dim..(layer + 1) * dim).unwrap_or_default())
            .copied()
            .collect())
    }

    /// One pass over windows of one length.
    fn pass_maest(
        &self,
        config: &maest::Config,
        windows: &[&[f32]],
        masks: Option<&[TokenMask]>,
        wanted: Wanted,
    ) -> Result<Vec<f32>, EncoderError> {
        let frames = windows.first().map_or(0, |window| window.len()) / maest::BANDS;
        let columns = config.columns_of(frames);
        let whole = self.info.grids.first().map_or(0, |grid| grid.columns);
        let patchout = &self.reading.patchout;
        let kept: Option<Vec<Vec<usize>>> = match masks {
            None if patchout.is_none() => None,
            None => {
                let dropped: Vec<usize> = patchout.dropped_rows.iter().collect();
                let kept = maest::patchout(columns, patchout.every, &dropped);
                Some(vec![kept; windows.len()])
            }
            // A mask is drawn for a whole window; a shorter one has fewer columns.
            Some(masks) => {
                let shorter = |&token: &usize| {
                    let (row, column) = (token / whole.max(1), token % whole.max(1));
                    (column < columns).then_some(row * columns + column)
                };
                let kept = |mask: &TokenMask| mask.of(0).iter().filter_map(shorter).collect();
                Some(masks.iter().map(kept).collect())
            }
        };
        let one = |layer: usize| layer..layer + 1;
        let (layers, readout) = match wanted {
            Wanted::EveryLayer => (0..config.depth + 1, self.layer_readout()),
            Wanted::Probabilities => (one(config.depth), Readout::Probabilities),
            Wanted::Reading => {
                let readout = self.readout();
                let layer = self.reading.layer;
                let layer = layer.unwrap_or_else(|| config.default_layer(readout));
                (one(layer), readout)
            }
        };
        let job = maest::ReadLayers {
            patches: maest::cut(config, windows, kept.as_deref())?,
            layers,
            readout,
        };
        self.encoder.ask(job, &self.place.spec)
    }
}

/// Whether a [`LoadedEncoder::fingerprint`] is that of the encoder that comes with the program, or of one of its branches,
/// whatever file it was read from and whichever of its layers.
pub fn is_shipped(hash: &str) -> bool {
    let branches = Patching::ALL.map(Some);
    branches.into_iter().any(|patch| {
        shipped_weights(patch).is_ok_and(|weights| hash.starts_with(&fingerprint(&weights)))
    })
}

/// The sizes as the hash of an encoder has always held them. Saved probes, scores and cached embeddings name encoders by
/// that hash, so this text must never change, whatever fields and variants are called in code.
fn identity_text(config: &MynaConfig) -> String {
    let kind = match config.kind {
        Patching::Square => "Square",
        Patching::Vertical => "Vertical",
        Patching::Hybrid => "Hybrid",
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
    let embedding = encoder_parameters(&weights.config).len();
    let tensors = weights.tensors.iter().take(embedding);
    hash(
        &identity_text(&weights.config),
        tensors.map(|tensor| tensor.values.as_slice()),
    )
}

/// The hash of sizes, as text, and weights.
fn hash<'a>(identity: &str, tensors: impl Iterator<Item = &'a [f32]>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(identity.as_bytes());
    for values in tensors {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
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
            Preset::Tiny.config(Patching::Square),
            &crate::TrainingHead::None,
            0,
        );
        assert_eq!(
            fingerprint(&square.unwrap()),
            "cef0df94245ec87cb1967e826eb3e6948fd61db64d3ad25c509ea5eaa88a3bae"
        );
        assert_eq!(
            identity_text(&Preset::Base.config(Patching::Vertical)),
            "EncoderConfig { kind: Vertical, dim: 768, depth: 12, heads: 12, mlp_dim: 3072 }"
        );
    }
}
