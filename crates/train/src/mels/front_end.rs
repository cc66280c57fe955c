//! What is kept of a track, for each family: the spectrogram or the sound that its windows are cut from.

use std::path::Path;

use mynascope_audio::{Caveats, Channel, SAMPLE_RATE, load_mono};
use mynascope_base::jobs::Cancel;
use mynascope_encoder::{
    EncoderConfig,
    families::{maest, mt2, music2vec},
};
use mynascope_spectrum::{
    MAEST_HUB_MEL, MAEST_MEL, MelSpec, Normalisation, mel_of_file, tokens::MEL_BANDS,
};

/// A front end of a family. A clone shares what was planned.
#[derive(Clone)]
pub(crate) enum FrontEnd {
    /// The mel-spectrogram, as power.
    Myna,
    /// VQT and mel-spectrogram in dB, before the floors of windows.
    Mt2 {
        sizes: mt2::Config,
        hears: Box<mt2::FrontEnd>,
    },
    /// The sound itself, at 16 kHz; a frame is what a Music2Vec takes from one frame to the next.
    Music2vec,
    /// The normalised log mel, as one of its two forms has it.
    Maest(maest::Form),
}

/// How far a MAEST's value lies above that of silence where a band holds the last bit of 16 or less.
const MAEST_QUIET: f32 = 1e-3;

/// A whole track, frame-major.
pub(crate) struct Heard {
    pub values: Vec<f32>,
    pub caveats: Caveats,
}

impl FrontEnd {
    /// That of an encoder; Myna's for a family that is not trained here.
    pub fn new(config: &EncoderConfig) -> Self {
        match config {
            EncoderConfig::Mt2(sizes) => Self::Mt2 {
                sizes: *sizes,
                hears: Box::new(mt2::FrontEnd::new(sizes)),
            },
            EncoderConfig::Music2vec(_) => Self::Music2vec,
            EncoderConfig::Maest(sizes) => Self::Maest(sizes.form),
            EncoderConfig::Myna(_) | EncoderConfig::Baseline(_) => Self::Myna,
        }
    }

    /// Values of a frame.
    pub fn width(&self) -> usize {
        match self {
            Self::Myna => MEL_BANDS,
            Self::Mt2 { .. } => mt2::HEARD_VALUES,
            Self::Music2vec => music2vec::FRAME_HOP,
            Self::Maest(_) => maest::BANDS,
        }
    }

    /// The value of silence.
    pub fn silence(&self) -> f32 {
        match self {
            Self::Myna | Self::Music2vec => 0.0,
            Self::Mt2 { .. } => mt2::SILENCE_DB,
            Self::Maest(form) => maest_silence(*form),
        }
    }

    /// What stands behind the name of a store, so that each front end has its own.
    pub fn suffix(&self) -> String {
        match self {
            Self::Myna => String::new(),
            Self::Music2vec => "-16khz".to_owned(),
            Self::Mt2 { sizes, .. } => format!("-mt2-{}-{}", sizes.vqt_rate_hz, sizes.mel_max_hz),
            Self::Maest(maest::Form::Native) => "-maest".to_owned(),
            Self::Maest(maest::Form::Hub) => "-maest-hub".to_owned(),
        }
    }

    /// Hears a file.
    ///
    /// # Errors
    /// Why it can't be trained on, in words.
    pub fn hear(&mut self, path: &Path, cancel: &Cancel) -> Result<Heard, String> {
        match self {
            Self::Myna => {
                let made = mel_of_file(path, Channel::Mean, cancel).map_err(|e| e.to_string())?;
                Ok(Heard {
                    values: made.mel.values().to_vec(),
                    caveats: made.caveats,
                })
            }
            Self::Music2vec => {
                let (mut samples, info) = load_mono(path, SAMPLE_RATE, Channel::Mean, cancel)
                    .map_err(|e| e.to_string())?;
                if samples.len() < music2vec::FRAME_SAMPLES {
                    return Err(format!(
                        "it has {} samples at 16 kHz, and a frame of a Music2Vec spans {}",
                        samples.len(),
                        music2vec::FRAME_SAMPLES
                    ));
                }
                // Digital silence, or the last bit of 16.
                if samples.iter().all(|sample| sample.abs() < 2.0 / 32_768.0) {
                    return Err("it holds nothing but silence, which has nothing to predict".into());
                }
                let whole = samples.len().next_multiple_of(music2vec::FRAME_HOP);
                samples.resize(whole, 0.0);
                Ok(Heard {
                    values: samples,
                    caveats: info.caveats(),
                })
            }
            Self::Mt2 { sizes, hears } => {
                let (mut samples, info) = load_mono(path, SAMPLE_RATE, Channel::Mean, cancel)
                    .map_err(|e| e.to_string())?;
                // As for embedding: silence follows what is shorter than a window.
                let shortest = sizes.window_samples();
                if samples.len() < shortest {
                    samples.resize(shortest, 0.0);
                }
                let values = hears.decibels(&samples).map_err(|e| e.to_string())?;
                let silent = values.chunks_exact(mt2::HEARD_VALUES).all(is_silent);
                if silent {
                    return Err("it holds nothing but silence, which has no pitch to learn".into());
                }
                Ok(Heard {
                    values,
                    caveats: info.caveats(),
                })
            }
            Self::Maest(form) => {
                let (mut samples, info) = load_mono(path, SAMPLE_RATE, Channel::Mean, cancel)
                    .map_err(|e| e.to_string())?;
                let spec = maest_mel(*form);
                if samples.len() < spec.shortest() {
                    samples.resize(spec.shortest(), 0.0);
                }
                let values = spec.of_samples(&samples, None).map_err(|e| e.to_string())?;
                let silence = maest_silence(*form);
                if values.iter().all(|value| value - silence < MAEST_QUIET) {
                    return Err("it holds nothing but silence, which has no style to learn".into());
                }
                Ok(Heard {
                    values,
                    caveats: info.caveats(),
                })
            }
        }
    }
}

/// The mel-spectrogram of a form of MAEST.
fn maest_mel(form: maest::Form) -> MelSpec {
    match form {
        maest::Form::Native => MAEST_MEL,
        maest::Form::Hub => MAEST_HUB_MEL,
    }
}

/// What silence is in it: 0 before the normalisation.
fn maest_silence(form: maest::Form) -> f32 {
    let normalisation = maest_mel(form).normalisation;
    normalisation.map_or(0.0, |Normalisation { mean, divisor }| -mean / divisor)
}

/// Whether a frame has no sound above -90 dB in any bin of its VQT: digital silence, or the last bit of 16.
fn is_silent(frame: &[f32]) -> bool {
    const QUIET_DB: f32 = -90.0;
    let bins = frame.len().saturating_sub(mt2::BANDS);
    frame.iter().take(bins).all(|value| *value < QUIET_DB)
}
