//! A Music2Vec learns to predict its teacher, is stopped, resumed and used as any encoder is.

use super::*;
use mynascope_encoder::{
    EncoderPreset, LoadOptions, Reading, families::music2vec, inspect, summarise,
};
use mynascope_train::objective::Data2vec;

fn small_music2vec(steps: u64) -> TrainConfig {
    let sizes = music2vec::Config {
        dim: 24,
        depth: 2,
        heads: 2,
        mlp_dim: 32,
        channels: 8,
        position_layers: 2,
        position_kernel: 7,
        position_groups: 4,
    };
    TrainConfig {
        encoder: Some(sizes.into()),
        mels: small(1).mels,
        window_secs: Some(1),
        batch: 4,
        steps,
        head: vec![16],
        save_every: 100,
        device: DeviceChoice::Cpu,
        data2vec: Data2vec {
            decay_start: 0.9,
            decay_end: 0.99,
            decay_updates: 8,
            ..Data2vec::default()
        },
        ..TrainConfig::of_preset(EncoderPreset::Music2vecTiny)
    }
}

fn refused(config: TrainConfig, words: &str) {
    let why = config.validate().unwrap_err().to_string();
    assert!(why.contains(words), "{why}");
}

/// The promise: whatever a Music2Vec learns, a run that was stopped goes on to the numbers of one that was not.
#[test]
fn every_objective_of_a_music2vec_goes_on_as_if_it_had_not_been_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = genres(&folder.path().join("audio"));
    let fits = |objective: &Objective| objective.misfit(Family::Music2vec).is_none();
    for objective in Objective::ALL.into_iter().filter(fits) {
        let is_data2vec = objective == Objective::Data2vec;
        let ratio = if is_data2vec { 0.0 } else { 0.5 };
        let config = TrainConfig {
            objective,
            ema: if is_data2vec { 0.9 } else { 0.0 },
            mask_ratio: mynascope_spectrum::tokens::MaskRatio::new(ratio).unwrap(),
            chunk: Some(3),
            ..small_music2vec(4)
        };
        let out = |name: &str| folder.path().join(format!("{objective}-{name}"));
        let (whole, broken) = (out("whole"), out("broken"));
        on_one_thread(|| train(&config, &tracks, &whole));
        let control = TrainControl::default();
        let stopping = control.clone();
        let mut halted = |event: TrainEvent| {
            if matches!(&event, TrainEvent::Step(record) if record.step == 3) {
                stopping.stop();
            }
        };
        on_one_thread(|| run(&config, &tracks, &broken, &control, &mut halted).unwrap());
        let control = TrainControl::default();
        on_one_thread(|| {
            resume(&broken, &Changes::default(), &tracks, &control, &mut |_| {}).unwrap()
        });
        for name in ["final.safetensors", "step-4/teacher.safetensors"] {
            let read = |folder: &Path| fs::read(folder.join(name)).ok();
            assert!(read(&broken) == read(&whole), "{objective}: {name}");
            assert!(read(&whole).is_some() || name.contains("teacher") && !is_data2vec);
        }
        assert_eq!(log(&broken).len(), 4);
    }
}

/// The promise: the loss falls, the checkpoint is an ordinary Music2Vec, and what hung behind it is left out.
#[test]
fn a_checkpoint_of_data2vec_opens_as_a_music2vec_with_all_its_layers() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = genres(&folder.path().join("audio"));
    let out = folder.path().join("run");
    let config = TrainConfig {
        learning_rate: 3e-3,
        ..small_music2vec(30)
    };
    train(&config, &tracks, &out);
    let log = log(&out);
    let mean = |records: &[StepRecord]| {
        records.iter().map(|record| record.loss).sum::<f64>() / records.len() as f64
    };
    assert!(mean(&log[25..]) < 0.9 * mean(&log[..5]), "{log:?}");
    for record in &log {
        let hidden = record.hidden_frames.unwrap();
        assert!(hidden.target_deviation > 0.0 && hidden.prediction_deviation > 0.0);
    }
    assert_eq!(TrainConfig::of_run(&out).unwrap(), config);
    let report = inspect(&out, None).unwrap();
    assert_eq!(
        (report.family, report.dim, report.heads, report.problem),
        (Family::Music2vec, 24, 2, None),
        "two heads of 12: the header says so"
    );
    assert!(report.recognised_by.contains("this program wrote"));
    let weights = load_weights(&out, None).unwrap();
    assert_eq!(weights.config, config.encoder_config());
    for layer in 0..=2 {
        let options = LoadOptions {
            reading: Reading {
                layer: Some(layer),
                window_secs: Some(1),
                ..Reading::default()
            },
            ..LoadOptions::default()
        };
        let at = CheckpointRef::File(out.clone());
        let encoder = LoadedEncoder::open(&at, options, &DeviceChoice::Cpu).unwrap();
        let windows = encoder.windows(&hissing_tone(2, 0.05)).unwrap();
        let windows: Vec<&[f32]> = windows.iter().map(|w| w.values.as_slice()).collect();
        let values = encoder.embed_windows(&windows[..1], None).unwrap();
        assert_eq!(values.len(), 24);
        assert!(values.iter().all(|value| value.is_finite()));
    }
    // It is read in the windows that it was trained on, unless others are said; who opens it again by its reading gets the same.
    assert!(
        report.note.contains("trained on windows of 1 s"),
        "{}",
        report.note
    );
    let open = |reading: Reading| {
        let options = LoadOptions {
            reading,
            ..LoadOptions::default()
        };
        let at = CheckpointRef::File(out.clone());
        LoadedEncoder::open(&at, options, &DeviceChoice::Cpu).unwrap()
    };
    let summary = summarise(&CheckpointRef::File(out.clone()), &LoadOptions::default()).unwrap();
    assert_eq!(
        (summary.info.window.secs, summary.trained_window_secs),
        (1.0, Some(1))
    );
    for (said, secs) in [(None, 1.0), (Some(30), 30.0)] {
        let encoder = open(Reading {
            window_secs: said,
            ..Reading::default()
        });
        assert_eq!(encoder.info().window.secs, secs);
        let again = open(encoder.reading());
        assert_eq!(again.fingerprint(), encoder.fingerprint());
        assert_eq!(again.info().window.secs, secs);
    }
    // What was trained is a beginning for another objective.
    let again = TrainConfig {
        init: Some(CheckpointRef::File(out.join("final.safetensors"))),
        objective: Objective::Infonce,
        ..small_music2vec(1)
    };
    train(&again, &tracks, &folder.path().join("again"));
}

/// The fault: a teacher that is gone can't be made up. The checkpoint before goes on; without one a sentence says what to do.
#[test]
fn a_checkpoint_without_its_teacher_is_passed_over_and_the_last_one_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = genres(&folder.path().join("audio"));
    let out = folder.path().join("run");
    let config = TrainConfig {
        save_every: 2,
        ..small_music2vec(4)
    };
    train(&config, &tracks, &out);
    let go_on = |steps: u64| {
        let control = TrainControl::default();
        resume(&out, &to(steps), &tracks, &control, &mut |_| {})
    };
    fs::remove_file(out.join("step-4/teacher.safetensors")).unwrap();
    assert!(load_weights(&out.join("step-4/weights.safetensors"), None).is_ok());
    assert_eq!(go_on(6).unwrap().steps, 6);
    assert_eq!(log(&out).len(), 6);
    for step in [0, 2, 4, 6] {
        let _ = fs::remove_file(out.join(format!("step-{step}/teacher.safetensors")));
    }
    let said = go_on(8).unwrap_err().to_string();
    assert!(
        said.contains("step-6: it lacks teacher.safetensors")
            && said.contains("can't go on without its teacher: put the file back"),
        "{said}"
    );
    assert_eq!(log(&out).len(), 6, "nothing was lost");
}

/// The fault: an encoder to which all frames are alike is never going to learn, and its loss looks best of all.
#[test]
fn a_collapse_ends_the_run_in_words_and_keeps_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = genres(&folder.path().join("audio"));
    let out = folder.path().join("run");
    let usual = small_music2vec(60);
    let config = TrainConfig {
        // So large that the student says the same everywhere.
        learning_rate: 0.2,
        optimiser: Optimiser::AdamW,
        save_every: 5,
        data2vec: Data2vec {
            guard_after: 6,
            decay_start: 0.0,
            decay_end: 0.0,
            ..usual.data2vec
        },
        ..usual
    };
    let control = TrainControl::default();
    let error = run(&config, &tracks, &out, &control, &mut |_| {}).unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("the encoder collapsed: the ") && said.contains("hardly differ"),
        "{said}"
    );
    let steps = log(&out).len();
    assert!((7..60).contains(&steps), "{steps}");
    assert!(
        out.join(format!("step-{steps}/teacher.safetensors"))
            .exists()
    );
}

/// The fault: silence has no variance, and a clip shorter than a window has too little sound.
#[test]
fn silence_is_left_out_and_short_tracks_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let audio_folder = folder.path().join("audio");
    genres(&audio_folder);
    audio::write_wav(&audio_folder.join("silence.wav"), &[0.0; 32_000], 16_000).unwrap();
    audio::write_wav(&audio_folder.join("blip.wav"), &[0.5; 300], 16_000).unwrap();
    let short = &hissing_tone(3, 0.02)[..9000];
    audio::write_wav(&audio_folder.join("short.wav"), short, 16_000).unwrap();
    let mut half = hissing_tone(4, 0.02);
    half.truncate(16_000);
    half.resize(64_000, 0.0);
    audio::write_wav(&audio_folder.join("half.wav"), &half, 16_000).unwrap();
    let tracks = collection::open(&[audio_folder], &Watch::unattended()).unwrap();
    let (mut notes, mut skipped) = (String::new(), Vec::new());
    let summary = run(
        &small_music2vec(6),
        &tracks,
        &folder.path().join("run"),
        &TrainControl::default(),
        &mut |event| match event {
            TrainEvent::Note(note) => notes.push_str(&note),
            TrainEvent::SkippedTrack { why, .. } => skipped.push(why),
            _ => {}
        },
    )
    .unwrap();
    assert_eq!((summary.steps, summary.skipped_steps), (6, 0));
    assert!(summary.loss_last.is_finite());
    assert!(
        notes.contains("1 track is shorter than one window (1 s)"),
        "{notes}"
    );
    skipped.sort();
    assert!(
        skipped.len() == 2
            && skipped[0].contains("300 samples")
            && skipped[1].contains("nothing but silence"),
        "{skipped:?}"
    );
}

#[test]
fn what_cannot_be_predicted_is_refused_with_a_reason() {
    let usual = TrainConfig::of_preset(EncoderPreset::Music2vecTiny);
    assert!(usual.validate().is_ok());
    let with = |data2vec: Data2vec| TrainConfig {
        data2vec,
        ..usual.clone()
    };
    let published = Data2vec::default();
    refused(
        TrainConfig {
            objective: Objective::Data2vec,
            ..TrainConfig::default()
        },
        "Myna encoders read no samples",
    );
    refused(
        TrainConfig {
            objective: Objective::Mt2,
            ..usual.clone()
        },
        "two class tokens",
    );
    refused(
        TrainConfig {
            objective: Objective::Mae,
            ..usual.clone()
        },
        "choose data2vec",
    );
    refused(
        TrainConfig {
            mask_ratio: mynascope_spectrum::tokens::MaskRatio::MYNA,
            ..usual.clone()
        },
        "set mask_ratio to 0",
    );
    refused(
        TrainConfig {
            window_secs: Some(0),
            ..usual.clone()
        },
        "window_secs must be from 1",
    );
    refused(
        TrainConfig {
            window_secs: Some(5),
            ..TrainConfig::default()
        },
        "leave it out",
    );
    refused(
        TrainConfig {
            window_secs: Some(1),
            ..with(Data2vec {
                span_frames: 49,
                ..published
            })
        },
        "a window of 1 s has 49 frames",
    );
    for (data2vec, words) in [
        (
            Data2vec {
                span_share: 0.0,
                ..published
            },
            "span_share must be above 0",
        ),
        (
            Data2vec {
                top_blocks: 0,
                ..published
            },
            "top_blocks must be at least 1",
        ),
        (
            Data2vec {
                decay_end: 1.0,
                ..published
            },
            "decay_end must be 0 or more and below 1",
        ),
    ] {
        refused(with(data2vec), words);
    }
}

/// The promise: what is seen of a step is what its loss was computed from, and each checkpoint keeps it. Nobody who looks on
/// changes a run.
#[test]
fn the_picture_of_a_step_shows_the_student_and_the_teacher_of_its_loss() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = genres(&folder.path().join("audio"));
    let config = TrainConfig {
        // One window is the whole batch.
        batch: 1,
        save_every: 2,
        keep: 9,
        ..small_music2vec(4)
    };
    let out = folder.path().join("run");
    let control = TrainControl::default();
    control.show_batches(true);
    let (mut losses, mut seen) = (BTreeMap::new(), Vec::new());
    on_one_thread(|| {
        run(&config, &tracks, &out, &control, &mut |event| match event {
            TrainEvent::Step(record) => {
                losses.insert(record.step, record.loss);
            }
            TrainEvent::Picture(StepPicture::Hidden(spans)) => seen.push(spans),
            _ => {}
        })
        .unwrap()
    });
    let steps: Vec<u64> = seen.iter().map(|spans| spans.step).collect();
    assert!(steps.starts_with(&[1]) && steps.contains(&2) && steps.ends_with(&[4]));
    for spans in &seen {
        assert_eq!((spans.frames(), spans.dim, spans.rows), (49, 24, 24));
        let hidden = spans.hidden.len();
        assert!((10..40).contains(&hidden), "{hidden}");
        let error = spans.mean_of(&spans.errors, true).unwrap();
        let loss = losses[&spans.step];
        let found = error * (spans.dim as f64).sqrt();
        assert!((found - loss).abs() < 1e-4 * loss, "{found} for {loss}");
        assert!(tracks.tracks.iter().any(|track| track.path == spans.track));
        assert!(spans.start_secs + spans.window_secs <= 4.0);
        assert_eq!(spans.targets.len(), 49 * 24);
        assert_ne!(spans.targets, spans.predictions);
    }
    for step in [2, 4] {
        let kept = StepSnapshot::of_step(&out.join(format!("step-{step}"))).unwrap();
        let kept = kept.hidden.unwrap();
        let shown = seen.iter().find(|spans| spans.step == step).unwrap();
        assert_eq!((kept.step, &kept.hidden), (step, &shown.hidden));
        assert_eq!((&kept.targets, &kept.mel), (&shown.targets, &shown.mel));
    }
    let alone = folder.path().join("alone");
    on_one_thread(|| train(&config, &tracks, &alone));
    let weights = |run: &Path| load_weights(run, None).unwrap();
    assert!(weights(&alone) == weights(&out));
}
