//! An encoder on a device, with the backend hidden inside: what other crates embed with.

use std::path::PathBuf;

use super::{
    CheckpointRef, DeviceChoice, EncoderConfig, EncoderError, EncoderInfo, LeftOut, MynaConfig,
    OpenCheckpoint, Precision, Preset, Reading, ReadingInUse, Readout, Window,
    backend::{Place, PlacedEncoder, find_place},
    checkpoint::{
        LoadOptions, WeightsChoice, joined, name_step_of_run, say_chosen_file, trained_window_secs,
    },
    families::{self, NetworkWeights},
    identity::fingerprint,
    shipped_weights,
    weights::Weights,
};
use mynascope_hub::HubName;
use mynascope_spectrum::tokens::{PatchShape, TokenGrid};

/// An encoder on a device, ready to embed windows. The backend is hidden inside.
#[derive(Debug)]
pub struct LoadedEncoder {
    config: EncoderConfig,
    info: EncoderInfo,
    reading: Reading,
    /// The window of a run that is read otherwise than it was trained: who opens it again must say so.
    window_said: Option<u32>,
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
        let mut reading = options.reading;
        let opened = Self::open_published(checkpoint, options, device)?;
        // A run is read as it was trained, where its family leaves a choice and nothing else is said.
        let trained = opened.source().and_then(trained_window_secs);
        let trained = trained.filter(|&secs| opened.config.design().info_of_window(secs).is_some());
        reading.window_secs = reading.window_secs.or(trained);
        let read = opened.with_reading(reading)?;
        Ok(Self {
            window_said: reading.window_secs.filter(|_| trained.is_some()),
            ..read
        })
    }

    /// The same encoder, of which this layer is read in this way.
    fn with_reading(mut self, mut reading: Reading) -> Result<Self, EncoderError> {
        let published = self.info.clone();
        if let Some(secs) = reading.window_secs {
            self.info = self.config.design().info_of_window(secs).ok_or_else(|| {
                EncoderError::Reading(format!(
                    "windows of this {} always last {:.3} s; leave out --window",
                    self.info.family, self.info.window.secs
                ))
            })?;
        }
        self.info.check(reading)?;
        reading.patchout.mask(&self.info.grids)?;
        self.info.window = self.info.window.with_overlap(reading.overlap);
        // What is asked for in words but is the published way gives the published embeddings.
        reading.leave_out_published(&published, self.info.window);
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
        let (patch, precision) = (options.patch, options.reading.precision);
        let Some(path) = checkpoint.resolve()? else {
            if *checkpoint == CheckpointRef::Untrained {
                let config = Preset::Tiny.config(patch.unwrap_or_default());
                return Self::random_in(config, 0, options.reading.precision, device);
            }
            if let CheckpointRef::Baseline(baseline) = checkpoint {
                if patch.is_some() {
                    return Err(EncoderError::Reading(
                        "a baseline has no patches; leave out --patch".into(),
                    ));
                }
                if !precision.is_f32() {
                    return Err(EncoderError::Reading(
                        "a baseline multiplies no matrices; leave out --precision".into(),
                    ));
                }
                let weights = NetworkWeights::Tensors((*baseline).into(), Vec::new());
                let description = format!("{baseline} baseline");
                return Self::of_weights(
                    weights,
                    Vec::new(),
                    description,
                    None,
                    (device, precision),
                );
            }
            let weights = shipped_weights(patch)?;
            let description = format!("shipped {} encoder", weights.config.name());
            return Self::of_weights(
                weights.into(),
                Vec::new(),
                description,
                None,
                (device, precision),
            );
        };
        let of = match checkpoint {
            CheckpointRef::File(run) if run.is_dir() => name_step_of_run(run).map_or_else(
                || run.display().to_string(),
                |step| format!("{step} of {}", run.display()),
            ),
            _ => match HubName::of_file(&path) {
                Some(name) => name.with_scheme(),
                None => path.display().to_string(),
            },
        };
        let other_files = match checkpoint {
            CheckpointRef::File(named) => say_chosen_file(named),
            _ => None,
        };
        let mut opened = OpenCheckpoint::open(&path)?;
        if let Some(found) = Self::open_found(&mut opened, &options, &of, device)? {
            let note = joined(other_files.as_deref(), found.note);
            return Ok(Self { note, ..found });
        }
        let (weights, report) = opened.into_myna(&options)?;
        let chosen = report.encoders.iter().find(|found| found.chosen);
        let chosen = chosen.filter(|_| report.encoders.len() > 1);
        let chosen = chosen.map_or_else(String::new, |found| format!(" ({})", found.weights));
        let description = format!("{} encoder{chosen} of {of}", weights.config.name());
        Ok(Self {
            weights_choice: options.weights,
            note: joined(other_files.as_deref(), report.say_use()),
            left_out: report.left_out,
            ..Self::of_weights(
                weights.into(),
                Vec::new(),
                description,
                Some(path),
                (device, precision),
            )?
        })
    }

    /// The encoder of another family than Myna in a file; `None` where it holds none.
    fn open_found(
        checkpoint: &mut OpenCheckpoint,
        options: &LoadOptions,
        of: &str,
        device: &DeviceChoice,
    ) -> Result<Option<Self>, EncoderError> {
        let Some((found, tensors)) = families::read(checkpoint, &options.hint())? else {
            return Ok(None);
        };
        options.check_patch(found.family, checkpoint.file())?;
        let heads = match options.heads {
            Some(heads) => format!(", {heads} heads"),
            None => String::new(),
        };
        let description = format!("{} of {of}{heads}", found.name());
        let note = found.say_use();
        let labels = found.labels.unwrap_or_default();
        let weights = NetworkWeights::Tensors(found.config, tensors);
        let source = Some(checkpoint.file().to_path_buf());
        Ok(Some(Self {
            weights_choice: options.weights.clone(),
            heads: options.heads,
            note,
            ..Self::of_weights(
                weights,
                labels,
                description,
                source,
                (device, options.reading.precision),
            )?
        }))
    }

    /// An untrained encoder with the weights of a seed.
    ///
    /// # Errors
    /// If the sizes are impossible or of a family that is not trained here, or if the device is not there or fails.
    pub fn random(
        config: impl Into<EncoderConfig>,
        seed: u64,
        device: &DeviceChoice,
    ) -> Result<Self, EncoderError> {
        Self::random_in(config, seed, Precision::F32, device)
    }

    /// The same, which multiplies in these numbers.
    ///
    /// # Errors
    /// As [`Self::random`], and if the device doesn't compute so.
    pub fn random_in(
        config: impl Into<EncoderConfig>,
        seed: u64,
        precision: Precision,
        device: &DeviceChoice,
    ) -> Result<Self, EncoderError> {
        let weights = Weights::random(config, &super::TrainingHead::None, seed)?;
        let description = format!("untrained {} encoder, seed {seed}", weights.config.name());
        let weights = weights.into();
        let found = Self::of_weights(weights, Vec::new(), description, None, (device, precision))?;
        found.with_reading(Reading {
            precision,
            ..Reading::default()
        })
    }

    fn of_weights(
        weights: NetworkWeights,
        outputs: Vec<String>,
        description: String,
        source: Option<PathBuf>,
        (device, precision): (&DeviceChoice, Precision),
    ) -> Result<Self, EncoderError> {
        let place = find_place(*device)?;
        let config = weights.config();
        Ok(Self {
            config,
            info: config.info(outputs),
            reading: Reading::default(),
            window_said: None,
            description,
            fingerprint: fingerprint(&weights),
            source,
            weights_choice: WeightsChoice::Auto,
            heads: None,
            note: None,
            left_out: Vec::new(),
            encoder: PlacedEncoder::place(weights, &place, precision)?,
            place,
        })
    }

    /// The family and its sizes.
    pub fn config(&self) -> EncoderConfig {
        self.config
    }

    /// The sizes, if it is a Myna.
    pub fn myna(&self) -> Option<MynaConfig> {
        self.config.myna()
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

    /// Where the tokens of a window lie: of one that is shorter than the others (a short track, where the family doesn't pad
    /// it) there are fewer.
    pub fn grids_of(&self, window: &Window) -> Vec<TokenGrid> {
        let mut grids = self.info.grids.clone();
        if let Some(columns) = self.config.design().columns_in(window.values.len()) {
            for grid in &mut grids {
                grid.columns = columns;
            }
        }
        grids
    }

    /// Which layer is read, and how.
    pub fn reading(&self) -> Reading {
        Reading {
            window_secs: self.reading.window_secs.or(self.window_said),
            ..self.reading
        }
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
        self.config.design().output_dim(self.readout())
    }

    /// Values of one layer of [`Self::embed_layers`].
    pub fn layer_dim(&self) -> usize {
        self.config.design().output_dim(self.layer_readout())
    }

    /// The layer that is read, by its place in [`EncoderInfo::layers`].
    pub fn layer_read(&self) -> usize {
        let published = self.config.design().default_layer(self.readout());
        self.reading.layer.unwrap_or(published)
    }

    /// The reading that opens the same encoder on a layer, by its place in [`EncoderInfo::layers`], as
    /// [`Self::embed_layers`] gives it.
    pub fn layer_reading(&self, layer: usize) -> Reading {
        let mut reading = Reading {
            layer: (layer <= self.info.depth).then_some(layer),
            readout: Some(self.layer_readout()),
            ..self.reading
        };
        reading.leave_out_published(&self.info, self.info.window);
        // These were said to be published or not when the encoder was opened.
        (reading.overlap, reading.window_secs) = (self.reading.overlap, self.reading.window_secs);
        reading
    }

    /// [`Self::fingerprint`] of the same encoder, opened on a layer.
    pub fn layer_fingerprint(&self, layer: usize) -> String {
        let weights = self.fingerprint.split('-').next().unwrap_or_default();
        match self.layer_reading(layer) {
            published if published.is_published() => weights.to_owned(),
            reading => format!("{weights}-{}", reading.slug()),
        }
    }

    /// What is read, the published values where nothing else was asked for.
    pub fn reading_in_use(&self) -> ReadingInUse {
        let layer = self.layer_read();
        ReadingInUse {
            layer: (layer <= self.info.depth).then_some(layer),
            layer_name: self.info.layers.get(layer).cloned().unwrap_or_default(),
            readout: self.readout(),
            hop_secs: self.info.window.hop_secs,
            patchout: self.reading.patchout,
            precision: self.reading.precision,
        }
    }

    /// How many blocks lie before what is read.
    pub fn blocks_read(&self) -> usize {
        self.layer_read().min(self.info.depth)
    }

    /// How one vector is made of a layer.
    pub(super) fn readout(&self) -> Readout {
        self.info.readout(self.reading)
    }

    /// The same where every layer is read: what is behind all blocks is no readout of a layer.
    pub(super) fn layer_readout(&self) -> Readout {
        let readout = self.readout();
        let mut known = std::iter::once(readout).chain(self.info.readouts.iter().copied());
        known.find(|readout| !readout.is_final()).unwrap_or(readout)
    }
}
