//! How fast and in how large pieces: the learning rate of a step, and the tracks that are embedded at once.

use super::{Objective, Schedule, TrainConfig};
use mynascope_encoder::EncoderConfig;

/// Bytes of activations that one chunk may take where no chunk is named, on the CPU and elsewhere.
const ACTIVATION_BYTES: [usize; 2] = [1 << 30, 8 << 30];

/// Learning rate of a step: that of averaged epochs once they have begun and have one. With `warmup_steps`: linear warm-up, then constant or half a cosine down, step by step.
/// Without: by epoch, as Myna's `train.py`.
pub(super) fn learning_rate(config: &TrainConfig, step: u64, epoch: u64, epochs: u64) -> f64 {
    if let (Some(from), Some(rate)) = (config.swa.from, config.swa.learning_rate)
        && epoch >= from
    {
        return rate;
    }
    let falling = |done: u64, length: u64| {
        let part = (done as f64 / length.max(1) as f64).min(1.0);
        config.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * part).cos())
    };
    let rising = |done: u64, length: u64| config.learning_rate * (done + 1) as f64 / length as f64;
    match (config.warmup_steps, config.schedule) {
        (Some(length), _) if step < length => rising(step, length),
        (_, Schedule::Constant) => config.learning_rate,
        (Some(length), Schedule::Cosine) => {
            falling(step - length, config.steps.saturating_sub(length))
        }
        (None, Schedule::Cosine) if epoch < config.warmup_epochs => {
            rising(epoch, config.warmup_epochs)
        }
        (None, Schedule::Cosine) => falling(
            epoch - config.warmup_epochs,
            epochs.saturating_sub(config.warmup_epochs),
        ),
    }
}

/// Numbers of its width that a token takes in a layer until its gradient is known, about.
const NUMBERS: usize = 30;
/// The same where layers are fused and the window is not cut to a few tokens.
const FUSED_NUMBERS: usize = 12;

/// Tracks that are embedded at once: as named, else as many as keep the activations within bounds.
pub(super) fn chunk(config: &TrainConfig, place: &str) -> usize {
    if let Some(chunk) = config.chunk {
        return chunk.max(1);
    }
    let (encoder, tokens) = (config.encoder_config(), config.window_tokens());
    let sizes = encoder.sizes();
    let kept = config.kept_tokens();
    let [on_cpu, elsewhere] = ACTIVATION_BYTES;
    let most = if place == "cpu" { on_cpu } else { elsewhere };
    if let EncoderConfig::Music2vec(music2vec) = encoder {
        let samples = config.views() * config.window_samples();
        let numbers = music2vec.kept_numbers(samples, config.views() * kept);
        return (most / (numbers * size_of::<f32>()).max(1)).max(1);
    }
    let shapes = encoder.myna().map_or(1, |myna| myna.kind.shapes().len());
    let mut per_track = config.views() * kept * shapes * sizes.depth;
    if config.objective == Objective::Mae {
        per_track += tokens * config.decoder_layers;
    }
    let numbers = match encoder {
        // Fused layers keep their input, queries, keys and values, and what is inside the feed-forward part.
        EncoderConfig::Mt2(_) | EncoderConfig::Maest(_) if place == "cpu" => FUSED_NUMBERS,
        _ => NUMBERS,
    };
    let bytes = per_track * sizes.dim * numbers * size_of::<f32>();
    (most / bytes.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_encoder::EncoderPreset as Preset;

    /// The promise behind `--batch 4096` with 4 GB: whatever the encoder, the CPU gets chunks that fit a gibibyte.
    #[test]
    fn chunks_get_smaller_as_encoders_grow_and_a_named_one_wins() {
        let of = |preset, ratio: f64| TrainConfig {
            preset,
            mask_ratio: mynascope_spectrum::tokens::MaskRatio::new(ratio).unwrap(),
            batch: 4096,
            ..TrainConfig::default()
        };
        let tiny = chunk(&of(Preset::Tiny, 0.9), "cpu");
        let base = chunk(&of(Preset::Base, 0.9), "cpu");
        let unmasked = chunk(&of(Preset::Base, 0.0), "cpu");
        assert!(tiny > base && base > unmasked && unmasked >= 1);
        assert!((100..4096).contains(&tiny), "{tiny}");
        assert!(chunk(&of(Preset::Tiny, 0.9), "cuda:0") > tiny);
        let named = TrainConfig {
            chunk: Some(7),
            ..of(Preset::Tiny, 0.9)
        };
        assert_eq!(chunk(&named, "cpu"), 7);
    }

    #[test]
    fn the_learning_rate_warms_up_and_falls_along_a_cosine() {
        let config = TrainConfig {
            schedule: Schedule::Cosine,
            learning_rate: 1.0,
            ..TrainConfig::default()
        };
        assert!((learning_rate(&config, 0, 0, 110) - 0.1).abs() < 1e-12);
        assert_eq!(learning_rate(&config, 0, 10, 110), 1.0);
        assert!((learning_rate(&config, 0, 60, 110) - 0.5).abs() < 1e-12);
        assert!(learning_rate(&config, 0, 110, 110) < 1e-12);
        let constant = TrainConfig::default();
        assert_eq!(learning_rate(&constant, 0, 77, 100), constant.learning_rate);
        // Counted in steps, under either schedule.
        for schedule in Schedule::ALL {
            let config = TrainConfig {
                schedule,
                warmup_steps: Some(20),
                steps: 120,
                ..config.clone()
            };
            assert!((learning_rate(&config, 4, 0, 1) - 0.25).abs() < 1e-12);
            let late = learning_rate(&config, 70, 0, 1);
            let expected = if schedule == Schedule::Cosine {
                0.5
            } else {
                1.0
            };
            assert!((late - expected).abs() < 1e-12);
        }
    }
}
