//! What is trained learns what its objective asks for.

use super::*;

#[test]
fn training_pulls_the_views_of_a_track_together() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = tracks(&folder.path().join("audio"));
    let contrastive = Objective::ALL
        .into_iter()
        .filter(|o| o.is_contrastive() && o.misfit(Family::Myna).is_none());
    for objective in contrastive {
        let out = folder.path().join(objective.to_string());
        let config = TrainConfig {
            objective,
            learning_rate: 2e-3,
            mask_ratio: mynascope_spectrum::tokens::MaskRatio::new(0.5).unwrap(),
            ..small(60)
        };
        let summary = train(&config, &tracks, &out);
        let log = log(&out);
        assert_eq!((summary.steps, log.len()), (60, 60));
        let gap = |records: &[StepRecord]| {
            let sum: f64 = records
                .iter()
                .map(|r| {
                    let contrast = r.contrast.unwrap();
                    contrast.pos_cosine - contrast.neg_cosine
                })
                .sum();
            sum / records.len() as f64
        };
        let (before, after) = (gap(&log[..5]), gap(&log[55..]));
        assert!(after > before + 0.1, "{objective}: {before} -> {after}");
        let mean = |records: &[StepRecord]| records.iter().map(|r| r.loss).sum::<f64>() / 5.0;
        // FastCLIP's averages follow the hardest of so few tracks; its value wanders.
        if !objective.to_string().starts_with("fastclip") {
            assert!(mean(&log[55..]) < mean(&log[..5]), "{objective}");
        }
        assert_eq!(summary.checkpoint, out.join("final.safetensors"));
    }
}

#[test]
fn tracks_shorter_than_a_window_are_padded_with_silence() {
    let folder = tempfile::tempdir().unwrap();
    let audio = folder.path().join("audio");
    for track in 0..4 {
        let pitch = 200.0 * (track + 1) as f32 * std::f32::consts::TAU / 16_000.0;
        let samples: Vec<f32> = (0..6_000).map(|n| (n as f32 * pitch).sin()).collect();
        audio::write_wav(&audio.join(format!("{track}.wav")), &samples, 16_000).unwrap();
    }
    let tracks = collection::open(&[audio], &Watch::unattended()).unwrap();
    let summary = train(&small(2), &tracks, &folder.path().join("run"));
    assert_eq!(summary.steps, 2);
    assert!(summary.loss_last.is_finite());
}

/// The promise: a trained encoder learns a user's labels, with as many of its blocks as wanted, and what was to stay
/// stays.
#[test]
fn an_encoder_is_fine_tuned_to_labels() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = genres(&folder.path().join("audio"));
    let base = folder.path().join("base");
    train(&small(2), &tracks, &base);
    let before = load_weights(&base.join("final.safetensors"), None).unwrap();
    for trainable in [Trainable::All, Trainable::Last(1), Trainable::Head] {
        let out = folder.path().join(trainable.to_string().replace(':', "-"));
        let config = TrainConfig {
            objective: Objective::Supervised,
            trainable,
            init: Some(CheckpointRef::File(base.clone())),
            mask_ratio: mynascope_spectrum::tokens::MaskRatio::new(0.5).unwrap(),
            learning_rate: 1e-2,
            ..small(30)
        };
        let summary = train(&config, &tracks, &out);
        let log = log(&out);
        assert!(summary.loss_last < summary.loss_first, "{trainable}");
        let right: f64 = log[25..].iter().map(|r| r.accuracy.unwrap()).sum::<f64>() / 5.0;
        assert!(right > 0.9, "{trainable}: {right}");
        let after = load_weights(&summary.checkpoint, None).unwrap();
        for (before, after) in before.tensors.iter().zip(&after.tensors) {
            let name = &before.spec.name;
            let stays = match trainable {
                Trainable::All => false,
                Trainable::Last(_) => !name.starts_with("transformer."),
                Trainable::Head => true,
            };
            assert_eq!(before.values == after.values, stays, "{trainable}: {name}");
        }
        let text = fs::read_to_string(out.join("labels.json")).unwrap();
        let meaning: LabelMeaning = serde_json::from_str(&text).unwrap();
        assert_eq!(meaning.outputs, ["noise", "tone"]);
    }
}

/// The promise: what a masked autoencoder says of hidden patches can be looked at, and gets better.
#[test]
fn a_masked_autoencoder_can_be_asked_what_it_sees() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = tracks(&folder.path().join("audio"));
    let config = TrainConfig {
        objective: Objective::Mae,
        patch: Patching::Square,
        decoder_layers: 1,
        mask_ratio: mynascope_spectrum::tokens::MaskRatio::new(0.75).unwrap(),
        learning_rate: 3e-3,
        save_every: 30,
        keep: 5,
        ..small(30)
    };
    let out = folder.path().join("run");
    let summary = train(&config, &tracks, &out);
    assert!(summary.loss_last < summary.loss_first);
    let window: Vec<f32> = (0..96 * 128).map(|at| (at % 128) as f32 / 64.0).collect();
    let kept = [0, 9, 20, 33, 47];
    let seen = reconstruct(&out, None, &window, &kept, DeviceChoice::Cpu).unwrap();
    assert_eq!((seen.step, seen.said.len()), (30, 96 * 128));
    for (truth, power) in seen.truth.iter().zip(&window) {
        assert!((truth - power.ln_1p()).abs() < 1e-6);
    }
    assert!(seen.error.is_finite() && seen.said.iter().all(|value| value.is_finite()));
    let error = reconstruct(&out, None, &window, &[48], DeviceChoice::Cpu).unwrap_err();
    assert!(error.to_string().contains("below 48"), "{error}");
}
