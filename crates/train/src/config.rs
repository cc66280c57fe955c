//! The settings of a run, their published defaults and their limits.

mod idle;
mod maest;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::{
    LabelTask, MaestLoss, Mt2Loss, Objective, Optimiser, Schedule, Swa, TrainError, Trainable,
    schedule::chunk,
};
use crate::objective::{
    Contrastive, Cpsd, Data2vec, FastClip, InfoNce, Sogclr, TemperatureRule, default_rho,
};
use mynascope_base::storage::serde_path;
use mynascope_encoder::{
    CheckpointRef, DeviceChoice, EncoderConfig, EncoderPreset, Family, MynaConfig, PatchInput,
    Patching, Precision, TrainingHead, WeightsChoice,
    families::{
        mt2::{self, KEYS},
        music2vec,
    },
};
use mynascope_spectrum::{
    VQT_BINS,
    tokens::{MaskKind, MaskRatio, dropped_tokens},
};

/// Seconds of a window of a Music2Vec where none are said: the best length of its paper.
const WINDOW_SECS: u32 = 5;
/// The longest window of a Music2Vec in seconds, which is that of embedding too.
const MOST_WINDOW_SECS: u32 = 30;

/// The published radius of the robust loss of FastCLIP on so many tracks.
pub fn default_radius(tracks: usize) -> f64 {
    default_rho(tracks)
}

/// Settings of a training run. The defaults are the published ones, except for size and length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Tracks, folders or `demo`; kept so that a run says what it was trained on.
    #[serde(with = "serde_path::list")]
    pub data: Vec<PathBuf>,
    /// The sizes of the encoder, and so its family.
    pub preset: EncoderPreset,
    /// Own sizes instead of a preset.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "own_sizes"
    )]
    pub encoder: Option<EncoderConfig>,
    /// Which patches a Myna reads.
    pub patch: Patching,
    /// What a Myna reads of the power of a mel band.
    #[serde(skip_serializing_if = "PatchInput::is_power")]
    pub input: PatchInput,
    /// What training minimises.
    pub objective: Objective,
    /// Share of tokens that are dropped.
    pub mask_ratio: MaskRatio,
    /// Which tokens are dropped together.
    pub mask_kind: MaskKind,
    /// Tracks of one step; lowered to the size of a smaller collection.
    pub batch: usize,
    /// Tracks that are embedded at once; the gradient is that of the whole batch. Left out: as many as fit the memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk: Option<usize>,
    /// Steps in all.
    pub steps: u64,
    /// How weights follow their gradient.
    pub optimiser: Optimiser,
    /// The learning rate, at its highest.
    pub learning_rate: f64,
    /// How the learning rate moves over the run.
    pub schedule: Schedule,
    /// Steps of linear warm-up under any schedule; the cosine then falls step by step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup_steps: Option<u64>,
    /// Without `warmup_steps`: epochs of linear warm-up under the cosine schedule, which then falls by epoch (Myna).
    pub warmup_epochs: u64,
    /// L2 on every weight (Adam, SGD), or decay of the matrices (AdamW, LAMB, Lion).
    pub weight_decay: f64,
    /// Decay of the averaged weights that checkpoints then hold; 0 for none.
    pub ema: f64,
    /// Temperature of the loss. Left out: 0.1, for FastCLIP 0.07 and for its v2 0.03.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tau: Option<f64>,
    /// Learning rate of learned temperatures of FastCLIP. Left out: 0.0002, for v2 0.0133.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tau_rate: Option<f64>,
    /// Radius of the robust loss of FastCLIP v2 and v3. Left out: 0.43 ln(tracks - 1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rho: Option<f64>,
    /// Smallest weight of the new value in the moving averages. Left out: 0.9, for FastCLIP 0.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
    /// How gamma falls from 1. Left out: constant, for FastCLIP a cosine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma_schedule: Option<Schedule>,
    /// Epochs over which gamma falls. Left out: all, for FastCLIP half of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma_epochs: Option<u64>,
    /// Widths of the projection head of contrastive objectives.
    pub head: Vec<usize>,
    /// The two losses of the objective mt2.
    #[serde(skip_serializing_if = "Mt2Loss::is_default")]
    pub mt2: Mt2Loss,
    /// Masks, targets and teacher of the objective data2vec.
    #[serde(skip_serializing_if = "Data2vec::is_default")]
    pub data2vec: Data2vec,
    /// Seconds of a window of a Music2Vec. Left out: 5, the best of its paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_secs: Option<u32>,
    /// What the objective maest does to clips.
    #[serde(skip_serializing_if = "MaestLoss::is_default")]
    pub maest: MaestLoss,
    /// Means of the weights of several epochs, in place of `ema`.
    #[serde(skip_serializing_if = "Swa::is_default")]
    pub swa: Swa,
    /// Layers of the decoder of the masked autoencoder.
    pub decoder_layers: usize,
    /// Which labels a supervised run learns.
    pub task: LabelTask,
    /// Which weights change.
    pub trainable: Trainable,
    /// Limit of the gradient's global norm; 0 for none.
    pub clip_norm: f64,
    /// First weights, order, crops and masks are functions of it.
    pub seed: u64,
    /// Steps between checkpoints.
    pub save_every: u64,
    /// Newest checkpoints that stay; the best one stays too.
    pub keep: usize,
    /// Steps between two looks at how well styles of the demo collection are told apart; 0 for never.
    pub probe_every: u64,
    /// Whether to write event files for TensorBoard.
    pub tensorboard: bool,
    /// Where tensors are computed.
    pub device: DeviceChoice,
    /// With which numbers layers multiply: f32, or on a GPU that can bf16 or f16.
    pub precision: Precision,
    /// Weights to start from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<CheckpointRef>,
    /// Which weights of `init`, where it holds several.
    #[serde(skip_serializing_if = "WeightsChoice::is_auto")]
    pub init_weights: WeightsChoice,
    /// Folder in which computed mel-spectrograms are kept. Left out: the user's cache.
    #[serde(skip_serializing_if = "Option::is_none", with = "serde_path::option")]
    pub mels: Option<PathBuf>,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            data: Vec::new(),
            preset: EncoderPreset::Tiny,
            encoder: None,
            patch: Patching::Hybrid,
            input: PatchInput::Power,
            objective: Objective::Sogclr,
            mask_ratio: MaskRatio::MYNA,
            mask_kind: MaskKind::Random,
            batch: 64,
            chunk: None,
            steps: 200,
            optimiser: Optimiser::Adam,
            learning_rate: 3e-4,
            schedule: Schedule::Constant,
            warmup_steps: None,
            warmup_epochs: 10,
            weight_decay: 1e-5,
            ema: 0.0,
            tau: None,
            tau_rate: None,
            rho: None,
            gamma: None,
            gamma_schedule: None,
            gamma_epochs: None,
            head: vec![512, 128],
            mt2: Mt2Loss::default(),
            data2vec: Data2vec::default(),
            window_secs: None,
            maest: MaestLoss::default(),
            swa: Swa::default(),
            decoder_layers: 4,
            task: LabelTask::Genre,
            trainable: Trainable::All,
            clip_norm: 0.0,
            seed: 0,
            save_every: 100,
            keep: 3,
            probe_every: 0,
            tensorboard: false,
            device: DeviceChoice::Auto,
            precision: Precision::F32,
            init: None,
            init_weights: WeightsChoice::Auto,
            mels: None,
        }
    }
}

/// Own sizes; those that say no family are of a Myna, as in runs before there were others.
fn own_sizes<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<EncoderConfig>, D::Error> {
    let mut sizes = toml::Table::deserialize(deserializer)?;
    let family = toml::Value::from("myna");
    sizes.entry("family").or_insert(family);
    sizes.try_into().map(Some).map_err(D::Error::custom)
}

impl TrainConfig {
    /// The settings with which a family is trained where nothing else is said: those of its paper, except for size and
    /// length. Only what always has a value differs from family to family.
    pub fn of_preset(preset: EncoderPreset) -> Self {
        let same = Self {
            preset,
            ..Self::default()
        };
        match preset.family() {
            Family::Mt2 => Self {
                objective: Objective::Mt2,
                // Frames are dropped only where that is asked for.
                mask_ratio: MaskRatio::NONE,
                // As STONE, whose loss it is: AdamW, decay of 0.04, at its peak 0.001.
                optimiser: Optimiser::AdamW,
                learning_rate: 1e-3,
                weight_decay: 0.04,
                ..same
            },
            Family::Music2vec => Self {
                objective: Objective::Data2vec,
                // It hides spans of its own.
                mask_ratio: MaskRatio::NONE,
                // As fairseq's settings for the base size.
                optimiser: Optimiser::AdamW,
                learning_rate: 5e-4,
                weight_decay: 0.01,
                ..same
            },
            Family::Maest => Self {
                objective: Objective::Maest,
                // Whole rows and columns are dropped instead.
                mask_ratio: MaskRatio::NONE,
                optimiser: Optimiser::AdamW,
                learning_rate: match preset {
                    // From random weights, in minutes.
                    EncoderPreset::MaestTiny => 1e-3,
                    _ => 1e-4,
                },
                weight_decay: 1e-4,
                ..same
            },
            Family::Myna | Family::Baseline => same,
        }
    }

    /// The sizes of the encoder.
    pub fn encoder_config(&self) -> EncoderConfig {
        match self.encoder {
            Some(EncoderConfig::Myna(own)) => EncoderConfig::Myna(MynaConfig {
                kind: self.patch,
                input: self.input,
                ..own
            }),
            Some(own) => own,
            None => match self.preset.config(self.patch) {
                EncoderConfig::Myna(sizes) => EncoderConfig::Myna(MynaConfig {
                    input: self.input,
                    ..sizes
                }),
                sizes => sizes,
            },
        }
    }

    /// The family of the encoder.
    pub fn family(&self) -> Family {
        self.encoder_config().family()
    }

    /// What it is, for people: "tiny hybrid", "mt2-tiny".
    pub fn size_name(&self) -> String {
        match (self.encoder, self.encoder_config()) {
            (
                None,
                EncoderConfig::Maest(_) | EncoderConfig::Mt2(_) | EncoderConfig::Music2vec(_),
            ) => self.preset.to_string(),
            (_, sizes) => sizes.name(),
        }
    }

    /// The equivariant loss of the objective mt2, where it is wanted.
    pub(super) fn equivariance(&self) -> Option<Cpsd> {
        let wanted = self.objective == Objective::Mt2 && self.mt2.equivariance > 0.0;
        wanted.then_some(Cpsd {
            omega: self.mt2.omega,
            weight: self.mt2.equivariance,
        })
    }

    /// Where hidden frames are predicted.
    pub(super) fn hidden_frames(&self) -> Option<Data2vec> {
        (self.objective == Objective::Data2vec).then_some(self.data2vec)
    }

    /// Seconds of a window of a Music2Vec.
    pub fn window_secs(&self) -> u32 {
        self.window_secs.unwrap_or(WINDOW_SECS)
    }

    /// Samples of a window of a Music2Vec.
    pub(super) fn window_samples(&self) -> usize {
        music2vec::window_samples(self.window_secs())
    }

    /// Windows of a track in a step.
    pub(super) fn views(&self) -> usize {
        match self.objective {
            Objective::Data2vec | Objective::Mae | Objective::Supervised | Objective::Maest => 1,
            _ if self.equivariance().is_some() => 3,
            _ => 2,
        }
    }

    /// Tokens of one window of one patch shape.
    pub(super) fn window_tokens(&self) -> usize {
        match self.encoder_config() {
            EncoderConfig::Mt2(sizes) => sizes.frames,
            EncoderConfig::Music2vec(_) => music2vec::frames_of(self.window_samples()),
            EncoderConfig::Maest(sizes) => maest::window_tokens(&sizes),
            // 96 frames of 128 bands in patches of 256 values.
            _ => 48,
        }
    }

    /// First temperature.
    pub fn tau(&self) -> f64 {
        let published = self.objective.fastclip().map(|kind| kind.default_tau());
        self.tau.or(published).unwrap_or(0.1)
    }

    /// Smallest gamma.
    pub fn gamma(&self) -> f64 {
        let published = self.objective.fastclip().map(|_| 0.2);
        self.gamma.or(published).unwrap_or(0.9)
    }

    /// How gamma falls.
    pub fn gamma_schedule(&self) -> Schedule {
        let published = self.objective.fastclip().map(|_| Schedule::Cosine);
        self.gamma_schedule.or(published).unwrap_or_default()
    }

    /// Tracks that are embedded at once, as far as can be told without asking the device.
    pub fn likely_chunk(&self) -> usize {
        chunk(self, "cpu").min(self.batch)
    }

    /// The contrastive objective on so many tracks; `None` for the others.
    pub(super) fn contrastive(&self, tracks: usize) -> Option<Contrastive> {
        let tau = self.tau();
        if let Some(kind) = self.objective.fastclip() {
            return Some(Contrastive::FastClip(FastClip {
                kind,
                tau,
                rho: self.rho.unwrap_or_else(|| default_rho(tracks)),
                tau_rate: self.tau_rate.unwrap_or(kind.default_tau_rate()),
                epsilon: 1e-14,
            }));
        }
        let sogclr = |temperatures| Contrastive::Sogclr(Sogclr { tau, temperatures });
        match self.objective {
            Objective::Sogclr => Some(sogclr(None)),
            Objective::Isogclr => Some(sogclr(Some(TemperatureRule::default()))),
            Objective::Infonce => Some(Contrastive::InfoNce(InfoNce { tau })),
            Objective::Mt2 if self.mt2.contrast > 0.0 => {
                Some(Contrastive::InfoNce(InfoNce { tau }))
            }
            Objective::Decoupled => Some(Contrastive::decoupled(tau)),
            _ => None,
        }
    }

    /// What hangs behind the encoder; a supervised head has so many outputs.
    pub(super) fn tail(&self, outputs: usize) -> TrainingHead {
        match self.objective {
            Objective::Mae => TrainingHead::Decoder(self.decoder_layers),
            // As published: contrast is that of the token itself.
            Objective::Mt2 => TrainingHead::None,
            Objective::Data2vec => TrainingHead::Prediction,
            Objective::Maest => TrainingHead::Styles(outputs),
            Objective::Supervised => TrainingHead::Classifier(vec![outputs]),
            _ if self.head.is_empty() => TrainingHead::None,
            _ => TrainingHead::Projection(self.head.clone()),
        }
    }

    /// Reads settings from TOML text; what is left out has its default.
    ///
    /// # Errors
    /// [`TrainError::Settings`] with what cannot be read, also for a name that is no setting.
    pub fn from_toml(text: &str) -> Result<Self, TrainError> {
        let wrong = |error: toml::de::Error| TrainError::Settings(error.message().to_owned());
        let found: Self = toml::from_str(text).map_err(wrong)?;
        let preset = match found.encoder {
            Some(EncoderConfig::Mt2(_)) => EncoderPreset::Mt2,
            Some(EncoderConfig::Music2vec(_)) => EncoderPreset::Music2vec,
            Some(EncoderConfig::Maest(_)) => EncoderPreset::Maest,
            _ => found.preset,
        };
        let usual = Self {
            preset: EncoderPreset::default(),
            ..Self::of_preset(preset)
        };
        if usual == Self::default() {
            return Ok(found);
        }
        // What is left out has the default of the family.
        let mut all: toml::Table = toml::from_str(&usual.to_toml()?).map_err(wrong)?;
        let given: toml::Table = toml::from_str(text).map_err(wrong)?;
        all.extend(given);
        all.try_into().map_err(wrong)
    }

    /// The settings of a run, from its folder.
    ///
    /// # Errors
    /// [`TrainError::NoRun`] if there is no `config.toml` that can be read, or if it is damaged.
    pub fn of_run(folder: &Path) -> Result<Self, TrainError> {
        let file = folder.join("config.toml");
        let text = fs::read_to_string(&file).map_err(|error| TrainError::NoRun {
            why: format!("its config.toml cannot be read ({error})"),
            path: folder.to_path_buf(),
        })?;
        Self::from_toml(&text).map_err(|error| TrainError::NoRun {
            why: format!(
                "its config.toml is damaged ({error}); put it back from a copy, or begin a new run that starts from its weights with \
                 --init"
            ),
            path: folder.to_path_buf(),
        })
    }

    /// The settings as TOML text.
    ///
    /// # Errors
    /// [`TrainError::Settings`] if a value cannot be written.
    pub fn to_toml(&self) -> Result<String, TrainError> {
        toml::to_string_pretty(self).map_err(|error| TrainError::Settings(error.to_string()))
    }

    /// Refuses settings that cannot be trained with.
    ///
    /// # Errors
    /// [`TrainError::Settings`] with the first one that is wrong and its limits.
    pub fn validate(&self) -> Result<(), TrainError> {
        let wrong = |what: String| Err(TrainError::Settings(what));
        let sizes = self.encoder_config();
        sizes
            .validate()
            .map_err(|error| TrainError::Settings(error.to_string()))?;
        if self.precision == Precision::Int8 {
            return wrong("int8 is for embedding; train with precision f32 or bf16".into());
        }
        if let Some(why) = self.objective.misfit(sizes.family()) {
            return wrong(why);
        }
        if self.objective == Objective::Mt2 {
            self.validate_mt2(&sizes)?;
        }
        self.validate_window(sizes.family())?;
        if let Some(data2vec) = self.hidden_frames() {
            self.validate_data2vec(data2vec)?;
        }
        if let EncoderConfig::Maest(sizes) = &sizes {
            self.validate_maest(sizes)?;
        }
        self.validate_swa()?;
        let least = if self.objective.is_contrastive() {
            2
        } else {
            1
        };
        if self.batch < least {
            return wrong(format!(
                "batch must be at least {least}{}, not {}",
                if least == 2 {
                    " (a track is told from the others of its batch)"
                } else {
                    ""
                },
                self.batch
            ));
        }
        if self.chunk == Some(0) {
            return wrong("chunk must be at least 1 track".into());
        }
        let tokens = self.window_tokens();
        if dropped_tokens(self.mask_ratio, tokens) >= tokens {
            return wrong(format!(
                "mask_ratio {} leaves no token of {tokens}",
                self.mask_ratio.get()
            ));
        }
        let sogclr = matches!(self.objective, Objective::Sogclr | Objective::Isogclr);
        let least_tau = if sogclr { 0.02 } else { 0.005 };
        if self.tau() < least_tau {
            return wrong(format!(
                "tau must be at least {least_tau}{}, not {}",
                if sogclr {
                    " (exp(1/tau) must stay a 32-bit number)"
                } else {
                    ""
                },
                self.tau()
            ));
        }
        if self.objective == Objective::Mae {
            if dropped_tokens(self.mask_ratio, tokens) == 0 {
                return wrong(format!(
                    "a masked autoencoder learns from hidden patches, and mask_ratio {} hides none",
                    self.mask_ratio.get()
                ));
            }
            if self.patch.shapes().len() > 1 {
                return wrong(
                    "a masked autoencoder has patches of one shape; set patch to square or vertical"
                        .into(),
                );
            }
            if self.decoder_layers == 0 || self.decoder_layers > 64 {
                return wrong(format!(
                    "decoder_layers must be from 1 to 64, not {}",
                    self.decoder_layers
                ));
            }
        }
        let depth = sizes.sizes().depth;
        if let Trainable::Last(blocks) = self.trainable
            && (blocks == 0 || blocks > depth)
        {
            return wrong(format!(
                "the encoder has {depth} blocks, so the last {blocks} cannot be trained"
            ));
        }
        if self.trainable != Trainable::All && self.init.is_none() {
            return wrong(format!(
                "trainable is {}, which leaves random weights as they are; name trained ones with init",
                self.trainable
            ));
        }
        if self.keep == 0 {
            return wrong("keep must be at least 1 checkpoint".into());
        }
        if !(0.0..1.0).contains(&self.ema) {
            return wrong(format!("ema must be 0 (off) or below 1, not {}", self.ema));
        }
        if self.steps == 0 {
            return wrong("steps must be at least 1".into());
        }
        if self.save_every == 0 {
            return wrong("save_every must be at least 1 step".into());
        }
        for (name, value, most) in [
            ("learning_rate", self.learning_rate, 10.0),
            ("tau", self.tau(), 100.0),
            ("tau_rate", self.tau_rate.unwrap_or(1.0), 10.0),
            ("gamma", self.gamma(), 1.0),
        ] {
            if !(value > 0.0 && value <= most) {
                return wrong(format!(
                    "{name} must be above 0 and at most {most}, not {value}"
                ));
            }
        }
        for (name, value) in [
            ("weight_decay", self.weight_decay),
            ("clip_norm", self.clip_norm),
            ("rho", self.rho.unwrap_or(0.0)),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return wrong(format!("{name} must be 0 or more, not {value}"));
            }
        }
        if self.head.iter().any(|&width| width == 0 || width > 65_536) || self.head.len() > 8 {
            return wrong("head must be at most 8 widths from 1 to 65536".into());
        }
        Ok(())
    }

    /// Only a Music2Vec reads windows of any length.
    fn validate_window(&self, family: Family) -> Result<(), TrainError> {
        let wrong = |what: String| Err(TrainError::Settings(what));
        match (family, self.window_secs) {
            (Family::Music2vec, Some(secs)) if !(1..=MOST_WINDOW_SECS).contains(&secs) => wrong(
                format!("window_secs must be from 1 to {MOST_WINDOW_SECS}, not {secs}"),
            ),
            (Family::Music2vec, _) | (_, None) => Ok(()),
            (_, Some(_)) => wrong(format!(
                "window_secs is for a Music2Vec; the windows of {family} encoders have one length, so leave it out"
            )),
        }
    }

    /// What the objective data2vec needs beside.
    fn validate_data2vec(&self, data2vec: Data2vec) -> Result<(), TrainError> {
        let wrong = |what: String| Err(TrainError::Settings(what));
        let Data2vec {
            span_share,
            span_frames,
            top_blocks,
            decay_start,
            decay_end,
            ..
        } = data2vec;
        if self.mask_ratio.get() > 0.0 {
            return wrong(
                "mask_ratio drops frames that nobody reads, and data2vec hides spans and reads them; set mask_ratio to 0, and \
                 span_share to how much is hidden"
                    .into(),
            );
        }
        if !(span_share > 0.0 && span_share <= 4.0) {
            return wrong(format!(
                "span_share must be above 0 and at most 4, not {span_share}"
            ));
        }
        let frames = self.window_tokens();
        if span_frames == 0 || span_frames >= frames {
            return wrong(format!(
                "span_frames must be from 1 to {}, since a window of {} s has {frames} frames, not {span_frames}",
                frames.saturating_sub(1),
                self.window_secs()
            ));
        }
        if top_blocks == 0 {
            return wrong("top_blocks must be at least 1".into());
        }
        for (name, decay) in [("decay_start", decay_start), ("decay_end", decay_end)] {
            if !(0.0..1.0).contains(&decay) {
                return wrong(format!(
                    "{name} must be 0 or more and below 1 (a teacher that keeps all of itself never learns), not {decay}"
                ));
            }
        }
        if decay_end < decay_start {
            return wrong(format!(
                "decay_end is {decay_end}, below decay_start {decay_start}: the teacher slows down while the run learns; set decay_end to \
                 {decay_start} or more, or decay_start lower"
            ));
        }
        Ok(())
    }

    /// What the objective mt2 needs beside.
    fn validate_mt2(&self, sizes: &EncoderConfig) -> Result<(), TrainError> {
        let wrong = |what: String| Err(TrainError::Settings(what));
        let Mt2Loss {
            omega,
            equivariance,
            contrast,
            ..
        } = self.mt2;
        if omega != 7 && omega != 1 {
            return wrong(format!(
                "omega must be 7 (the circle of fifths) or 1 (that of semitones), not {omega}"
            ));
        }
        for (name, value) in [("equivariance", equivariance), ("contrast", contrast)] {
            if !(0.0..=1000.0).contains(&value) {
                return wrong(format!("{name} must be from 0 to 1000, not {value}"));
            }
        }
        if equivariance == 0.0 && contrast == 0.0 {
            return wrong(
                "equivariance and contrast are both 0, which leaves nothing to learn".into(),
            );
        }
        if let EncoderConfig::Mt2(mt2::Config { bins, .. }) = sizes
            && bins + KEYS > VQT_BINS
        {
            return wrong(format!(
                "an encoder of {bins} VQT bins leaves no room to transpose: {KEYS} bins above those that it reads are needed, \
                 and the VQT has {VQT_BINS}; use one of at most {} bins",
                VQT_BINS - KEYS
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_a_file_and_gaps_take_defaults() {
        let config = TrainConfig {
            batch: 8,
            seed: 7,
            ..TrainConfig::default()
        };
        assert_eq!(
            TrainConfig::from_toml(&config.to_toml().unwrap()).unwrap(),
            config
        );
        let partial = TrainConfig::from_toml("batch = 8\nseed = 7").unwrap();
        assert_eq!(partial, config);
        assert!(
            TrainConfig::from_toml("bacth = 8").is_err(),
            "a typo is an error"
        );
        assert!(TrainConfig::from_toml("mask_ratio = 1.0").is_err());
    }

    /// The promise: settings of a run before there were other families still open, and each family has its own defaults.
    #[test]
    fn sizes_without_a_family_are_of_a_myna_and_an_mt2_has_defaults_of_its_own() {
        let old = "preset = \"tiny\"\n[encoder]\nkind = \"square\"\ndim = 8\ndepth = 1\nheads = 1\nmlp_dim = 8";
        let old = TrainConfig::from_toml(old).unwrap();
        assert_eq!(old.family(), Family::Myna);
        assert_eq!(old.encoder_config().sizes().dim, 8);
        let mt2 = TrainConfig::from_toml("preset = \"mt2-tiny\"\nbatch = 8").unwrap();
        let usual = TrainConfig::of_preset(EncoderPreset::Mt2Tiny);
        assert_eq!(
            mt2,
            TrainConfig {
                batch: 8,
                ..usual.clone()
            }
        );
        assert_eq!((mt2.objective, mt2.mask_ratio.get()), (Objective::Mt2, 0.0));
        let changed = TrainConfig {
            objective: Objective::Sogclr,
            optimiser: Optimiser::Adam,
            mt2: Mt2Loss {
                omega: 1,
                transposed_mel: false,
                ..Mt2Loss::default()
            },
            encoder: Some(mt2::Config::TINY.into()),
            ..usual
        };
        assert_eq!(
            TrainConfig::from_toml(&changed.to_toml().unwrap()).unwrap(),
            changed
        );
        let music2vec = TrainConfig {
            window_secs: Some(2),
            data2vec: Data2vec {
                top_blocks: 3,
                ..Data2vec::default()
            },
            encoder: Some(music2vec::Config::TINY.into()),
            ..TrainConfig::of_preset(EncoderPreset::Music2vec)
        };
        let text = music2vec.to_toml().unwrap();
        assert_eq!(TrainConfig::from_toml(&text).unwrap(), music2vec);
        let partial = TrainConfig::from_toml("preset = \"music2vec-tiny\"").unwrap();
        assert_eq!(
            partial,
            TrainConfig::of_preset(EncoderPreset::Music2vecTiny)
        );
    }

    #[test]
    fn what_an_objective_needs_and_the_family_lacks_is_refused_with_a_reason() {
        let refused = |config: TrainConfig, words: &str| {
            let why = config.validate().unwrap_err().to_string();
            assert!(why.contains(words), "{why}");
        };
        let mt2 = TrainConfig::of_preset(EncoderPreset::Mt2Tiny);
        assert!(mt2.validate().is_ok());
        for objective in Objective::ALL {
            let config = TrainConfig {
                objective,
                ..mt2.clone()
            };
            match objective {
                Objective::Mae => refused(config, "MT2 encoders read none"),
                Objective::Data2vec => refused(config, "MT2 encoders read no samples"),
                Objective::Maest => refused(config, "set preset to maest-tiny"),
                _ => assert!(config.validate().is_ok(), "{objective}"),
            }
        }
        let maest = TrainConfig::of_preset(EncoderPreset::MaestTiny);
        for objective in Objective::ALL {
            let config = TrainConfig {
                objective,
                ..maest.clone()
            };
            match objective {
                Objective::Mae => refused(config, "don't overlap"),
                Objective::Data2vec => refused(config, "MAEST encoders read no samples"),
                Objective::Mt2 => refused(config, "a VQT that can be moved"),
                _ => assert!(config.validate().is_ok(), "{objective}"),
            }
        }
        let myna = TrainConfig {
            objective: Objective::Mt2,
            ..TrainConfig::default()
        };
        refused(myna, "two class tokens");
        let with = |mt2: Mt2Loss| TrainConfig {
            mt2,
            ..TrainConfig::of_preset(EncoderPreset::Mt2)
        };
        let usual = Mt2Loss::default();
        refused(with(Mt2Loss { omega: 5, ..usual }), "omega must be 7");
        refused(
            with(Mt2Loss {
                equivariance: 0.0,
                contrast: 0.0,
                ..usual
            }),
            "nothing to learn",
        );
        refused(
            with(Mt2Loss {
                contrast: -1.0,
                ..usual
            }),
            "contrast must be from 0",
        );
        let wide = mt2::Config {
            bins: 96,
            ..mt2::Config::TINY
        };
        let wide = TrainConfig {
            encoder: Some(wide.into()),
            ..with(usual)
        };
        refused(wide.clone(), "no room to transpose");
        assert!(
            TrainConfig {
                objective: Objective::Sogclr,
                ..wide
            }
            .validate()
            .is_ok()
        );
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let good = TrainConfig::default();
        assert!(good.validate().is_ok());
        for bad in [
            TrainConfig {
                batch: 1,
                ..good.clone()
            },
            TrainConfig {
                steps: 0,
                ..good.clone()
            },
            TrainConfig {
                tau: Some(0.0),
                ..good.clone()
            },
            TrainConfig {
                learning_rate: f64::NAN,
                ..good.clone()
            },
            TrainConfig {
                gamma: Some(1.5),
                ..good.clone()
            },
            TrainConfig {
                objective: Objective::Mae,
                ..good.clone()
            },
            TrainConfig {
                trainable: Trainable::Head,
                ..good.clone()
            },
            TrainConfig {
                head: vec![0],
                ..good.clone()
            },
        ] {
            assert!(bad.validate().is_err(), "{bad:?}");
        }
    }
}
