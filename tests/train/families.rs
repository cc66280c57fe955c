//! An MT2 is trained, stopped, resumed and used as a Myna is.

use super::*;
use mynascope_encoder::{EncoderPreset, WeightTensor, families::mt2, inspect};
use mynascope_train::Mt2Loss;

/// Twelve tracks of 6 s: two tones of their own pitches with a little noise.
fn chords(folder: &Path) -> Collection {
    for track in 0..12_u32 {
        let turn = |semitones: u32| 0.05 * 2_f32.powf((track + semitones) as f32 / 12.0);
        let samples: Vec<f32> = (0..96_000)
            .zip(hiss(track + 1))
            .map(|(n, hiss)| {
                let n = n as f32;
                0.3 * (n * turn(0)).sin() + 0.2 * (n * turn(7)).sin() + 0.02 * hiss
            })
            .collect();
        let path = folder.join(format!("chord-{track:02}.wav"));
        audio::write_wav(&path, &samples, 16_000).unwrap();
    }
    collection::open(&[folder.to_path_buf()], &Watch::unattended()).unwrap()
}

fn small_mt2(steps: u64) -> TrainConfig {
    let sizes = mt2::Config {
        dim: 32,
        depth: 2,
        heads: 2,
        mlp_dim: 32,
        ..mt2::Config::TINY
    };
    TrainConfig {
        encoder: Some(sizes.into()),
        mels: small(1).mels,
        batch: 6,
        steps,
        head: vec![16],
        save_every: 100,
        device: DeviceChoice::Cpu,
        ..TrainConfig::of_preset(EncoderPreset::Mt2Tiny)
    }
}

/// The promise: whatever an MT2 learns, a run that was stopped goes on to the numbers of one that was not.
#[test]
fn every_objective_of_an_mt2_goes_on_as_if_it_had_not_been_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = genres(&folder.path().join("audio"));
    let fits = |objective: &Objective| objective.misfit(Family::Mt2).is_none();
    for objective in Objective::ALL.into_iter().filter(fits) {
        let config = TrainConfig {
            objective,
            ema: if objective == Objective::Mt2 {
                0.9
            } else {
                0.0
            },
            mask_ratio: mynascope_spectrum::tokens::MaskRatio::new(0.75).unwrap(),
            chunk: Some(4),
            ..small_mt2(4)
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
        let read = |folder: &Path| load_weights(&folder.join("final.safetensors"), None).unwrap();
        assert!(read(&broken) == read(&whole), "{objective}");
        assert_eq!(log(&broken).len(), 4);
    }
}

/// The promise: a run folder says its family, and its checkpoint is an encoder of it wherever one is asked for.
#[test]
fn a_checkpoint_of_an_mt2_opens_as_one_with_its_sizes() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = chords(&folder.path().join("audio"));
    let out = folder.path().join("run");
    let mut steps = Vec::new();
    let config = small_mt2(3);
    run(
        &config,
        &tracks,
        &out,
        &TrainControl::default(),
        &mut |event| {
            if let TrainEvent::Step(record) = event {
                steps.push(record);
            }
        },
    )
    .unwrap();
    for record in &steps {
        let turned = record.equivariance.unwrap();
        assert!((0.0..=6.0).contains(&turned.transposition_error));
        assert!(record.contrast.is_some() && record.loss > turned.cpsd);
    }
    assert_eq!(
        log(&out)
            .iter()
            .map(|r| r.equivariance)
            .collect::<Vec<_>>()
            .len(),
        3
    );
    let manifest = fs::read_to_string(out.join("step-3/manifest.json")).unwrap();
    assert!(manifest.contains("\"family\": \"mt2\""), "{manifest}");
    assert_eq!(TrainConfig::of_run(&out).unwrap(), config);
    let report = inspect(&out, None).unwrap();
    assert_eq!(
        (report.family, report.dim, report.heads, report.problem),
        (Family::Mt2, 32, 2, None),
        "two heads of 16: the header says so"
    );
    let weights = load_weights(&out, None).unwrap();
    assert_eq!(weights.config, config.encoder_config());
    let encoder = LoadedEncoder::open(&CheckpointRef::File(out), None, &DeviceChoice::Cpu).unwrap();
    assert_eq!(encoder.info().family, Family::Mt2);
    let windows = encoder.windows(&vec![0.1; 70_000]).unwrap();
    let windows: Vec<&[f32]> = windows.iter().map(|w| w.values.as_slice()).collect();
    let values = encoder.embed_windows(&windows, None).unwrap();
    assert_eq!(values.len(), 32);
    assert!(values.iter().all(|value| value.is_finite()));
}

#[test]
fn either_pretext_task_alone_moves_its_own_token() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = chords(&folder.path().join("audio"));
    let trained = |name: &str, mt2: Mt2Loss| {
        let out = folder.path().join(name);
        let config = TrainConfig {
            mt2,
            weight_decay: 0.0,
            ..small_mt2(2)
        };
        let before = out.join("step-0/weights.safetensors");
        train(&config, &tracks, &out);
        let [before, after] = [before, out.join("final.safetensors")]
            .map(|file| load_weights(&file, None).unwrap().tensors);
        move |name: &str| {
            let of = |all: &[WeightTensor]| {
                let found = all.iter().find(|tensor| tensor.spec.name == name);
                found.unwrap().values.clone()
            };
            of(&before) != of(&after)
        }
    };
    let usual = Mt2Loss::default();
    let turned = trained(
        "equivariance",
        Mt2Loss {
            contrast: 0.0,
            transposed_mel: false,
            omega: 1,
            ..usual
        },
    );
    assert!(turned("cls_stone") && turned("linear_out_stone.weight"));
    let told_apart = trained(
        "contrast",
        Mt2Loss {
            equivariance: 0.0,
            ..usual
        },
    );
    assert!(told_apart("cls_contrastive") && !told_apart("linear_out_stone.weight"));
}

/// The fault: silence has no key, and a track of one window is its own second segment. Both are said, and nothing is lost.
#[test]
fn silence_is_left_out_and_tracks_of_one_window_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let audio_folder = folder.path().join("audio");
    chords(&audio_folder);
    audio::write_wav(&audio_folder.join("silence.wav"), &[0.0; 96_000], 16_000).unwrap();
    audio::write_wav(
        &audio_folder.join("short.wav"),
        &hissing_tone(3, 0.02)[..20_000],
        16_000,
    )
    .unwrap();
    let tracks = collection::open(&[audio_folder], &Watch::unattended()).unwrap();
    let mut notes = String::new();
    let mut skipped = Vec::new();
    let out = folder.path().join("run");
    let summary = run(
        &small_mt2(2),
        &tracks,
        &out,
        &TrainControl::default(),
        &mut |event| match event {
            TrainEvent::Note(note) => notes.push_str(&note),
            TrainEvent::SkippedTrack { why, .. } => skipped.push(why),
            _ => {}
        },
    )
    .unwrap();
    assert_eq!(summary.steps, 2);
    assert!(
        skipped.len() == 1 && skipped[0].contains("nothing but silence"),
        "{skipped:?}"
    );
    assert!(
        notes.contains("1 track is no longer than one window (4.0 s)"),
        "{notes}"
    );
}

#[test]
fn weights_of_another_family_are_no_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = chords(&folder.path().join("audio"));
    let myna = folder.path().join("myna");
    train(&small(1), &tracks, &myna);
    let config = TrainConfig {
        init: Some(CheckpointRef::File(myna.join("final.safetensors"))),
        ..small_mt2(1)
    };
    let control = TrainControl::default();
    let out = folder.path().join("run");
    let error = run(&config, &tracks, &out, &control, &mut |_| {}).unwrap_err();
    let said = error.to_string();
    assert!(said.contains("Myna") && said.contains("MT2"), "{said}");
    assert!(!out.exists());
}

/// The promise: within some steps the profile begins to turn with the sound.
#[test]
fn the_key_profile_learns_to_turn() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = chords(&folder.path().join("audio"));
    let out = folder.path().join("run");
    let config = TrainConfig {
        batch: 12,
        learning_rate: 3e-3,
        mt2: Mt2Loss {
            contrast: 0.0,
            transposed_mel: false,
            ..Mt2Loss::default()
        },
        ..small_mt2(60)
    };
    train(&config, &tracks, &out);
    let log = log(&out);
    let mean =
        |records: &[StepRecord]| records.iter().map(|r| r.loss).sum::<f64>() / records.len() as f64;
    let (first, last) = (mean(&log[..5]), mean(&log[55..]));
    assert!(last < 0.8 * first, "{first} {last}");
}
