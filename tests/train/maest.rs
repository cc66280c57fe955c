//! A MAEST is trained on labels, stopped, resumed and used as one that was published.

use super::*;
use mynascope_base::jobs::Cancel;
use mynascope_encoder::{
    EncoderConfig, EncoderPreset, LoadOptions, Reading, Readout, families::maest, inspect,
    save_weights, shipped_weights,
};
use mynascope_spectrum::tokens::MaskRatio;
use mynascope_train::{LearnedStyles, MaestLoss, Swa};

/// Windows of 2 s.
const SIZES: maest::Config = maest::Config {
    dim: 32,
    depth: 2,
    heads: 2,
    mlp_dim: 32,
    columns: 12,
    ..maest::Config::TINY
};

fn small_maest(steps: u64) -> TrainConfig {
    TrainConfig {
        encoder: Some(SIZES.into()),
        mels: small(1).mels,
        batch: 6,
        steps,
        head: vec![16],
        save_every: 100,
        device: DeviceChoice::Cpu,
        ..TrainConfig::of_preset(EncoderPreset::MaestTiny)
    }
}

/// Runs and gathers the notes.
fn noted(
    config: &TrainConfig,
    tracks: &Collection,
    out: &Path,
) -> (Result<TrainSummary, TrainError>, String) {
    let mut notes = String::new();
    let summary = run(
        config,
        tracks,
        out,
        &TrainControl::default(),
        &mut |event| {
            if let TrainEvent::Note(note) = event {
                notes.push_str(&note);
                notes.push('\n');
            }
        },
    );
    (summary, notes)
}

fn bare(weights: &mynascope_encoder::Weights) -> Vec<(String, Vec<f32>)> {
    let tensors = weights.tensors.iter();
    tensors
        .map(|tensor| (tensor.spec.name.clone(), tensor.values.clone()))
        .collect()
}

/// The promise: whatever a MAEST learns, a run that was stopped goes on to the numbers of one that was not, with the draws of
/// mixup, SpecAugment, patchout and balanced tracks and with the mean of epochs.
#[test]
fn every_objective_of_a_maest_goes_on_as_if_it_had_not_been_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = genres(&folder.path().join("audio"));
    let fits = |objective: &Objective| objective.misfit(Family::Maest).is_none();
    for objective in Objective::ALL.into_iter().filter(fits) {
        let is_own = objective == Objective::Maest;
        let config = TrainConfig {
            objective,
            // Epochs of two steps.
            swa: Swa {
                from: is_own.then_some(1),
                every: 1,
                learning_rate: is_own.then_some(5e-4),
            },
            mask_ratio: MaskRatio::new(if is_own { 0.0 } else { 0.5 }).unwrap(),
            chunk: Some(4),
            ..small_maest(6)
        };
        let out = |name: &str| folder.path().join(format!("{objective}-{name}"));
        let (whole, broken) = (out("whole"), out("broken"));
        on_one_thread(|| train(&config, &tracks, &whole));
        for stop in [3, 5] {
            let control = TrainControl::default();
            let stopping = control.clone();
            let mut halted = |event: TrainEvent| {
                if matches!(&event, TrainEvent::Step(record) if record.step == stop) {
                    stopping.stop();
                }
            };
            on_one_thread(|| match broken.exists() {
                false => run(&config, &tracks, &broken, &control, &mut halted).unwrap(),
                true => {
                    resume(&broken, &Changes::default(), &tracks, &control, &mut halted).unwrap()
                }
            });
        }
        let control = TrainControl::default();
        on_one_thread(|| {
            resume(&broken, &Changes::default(), &tracks, &control, &mut |_| {}).unwrap()
        });
        let read = |folder: &Path| load_weights(&folder.join("final.safetensors"), None).unwrap();
        assert!(read(&broken) == read(&whole), "{objective}");
        let losses = |folder: &Path| log(folder).iter().map(|r| r.loss).collect::<Vec<_>>();
        assert_eq!(losses(&broken), losses(&whole), "{objective}");
        if is_own {
            let raw = load_weights(&whole.join("step-6/raw.safetensors"), None).unwrap();
            assert_ne!(
                raw,
                read(&whole),
                "checkpoints hold the mean of three epochs"
            );
        }
    }
}

/// The promise: what a run writes is an ordinary MAEST with the names of its styles.
#[test]
fn a_checkpoint_opens_as_a_maest_that_tells_the_labels() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = genres(&folder.path().join("audio"));
    let out = folder.path().join("run");
    let config = TrainConfig {
        batch: 12,
        ..small_maest(40)
    };
    train(&config, &tracks, &out);
    let log = log(&out);
    assert!(log.iter().all(|record| record.accuracy.is_some()));
    let mean =
        |records: &[StepRecord]| records.iter().map(|r| r.loss).sum::<f64>() / records.len() as f64;
    let (first, last) = (mean(&log[..5]), mean(&log[35..]));
    assert!(last < 0.9 * first, "{first} {last}");
    assert_eq!(TrainConfig::of_run(&out).unwrap(), config);
    let report = inspect(&out, None).unwrap();
    assert_eq!(
        (report.family, report.heads, report.labels, report.problem),
        (Family::Maest, 2, 2, None),
        "two heads of 16: the header says so"
    );
    let open = |reading: Reading| {
        let options = LoadOptions {
            reading,
            ..LoadOptions::default()
        };
        let run = CheckpointRef::File(out.clone());
        LoadedEncoder::open(&run, options, &DeviceChoice::Cpu).unwrap()
    };
    let encoder = open(Reading {
        readout: Some(Readout::Probabilities),
        ..Reading::default()
    });
    assert_eq!(encoder.info().outputs, ["noise", "tone"]);
    // Tracks as it was trained on.
    let mut right = 0;
    for track in 0..12_u32 {
        let is_noise = track % 2 == 0;
        let samples: Vec<f32> = (0..64_000)
            .zip(hiss(track + 100))
            .map(|(n, hiss)| {
                let tone = (n as f32 * 0.04 * (1.05 + track as f32 * 0.1)).sin();
                if is_noise { hiss } else { 0.5 * tone }
            })
            .collect();
        let windows = encoder.windows(&samples).unwrap();
        let values = encoder
            .embed_windows(&[windows[0].values.as_slice()], None)
            .unwrap();
        assert_eq!(values.len(), 2);
        right += usize::from((values[0] > values[1]) == is_noise);
    }
    assert!(right >= 11, "{right} of 12 sounds that it never heard");
    let every = open(Reading::default());
    assert_eq!(every.embedding_dim(), 96);
    assert_eq!(every.info().layers.len(), 3);
}

/// The promise: a checkpoint of either published form is fine-tuned in its form. Its classifier stays where the labels are the
/// same, and begins anew, which is said, where they are not.
#[test]
fn a_published_maest_is_fine_tuned_and_keeps_its_form() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = genres(&folder.path().join("audio"));
    let hub = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/maest/hub");
    let sizes = load_weights(&hub, None).unwrap().config;
    let config = TrainConfig {
        encoder: Some(sizes),
        init: Some(CheckpointRef::File(hub)),
        batch: 4,
        learning_rate: 1e-5,
        ..small_maest(1)
    };
    let first = folder.path().join("first");
    let (summary, notes) = noted(&config, &tracks, &first);
    summary.unwrap();
    assert!(notes.contains("tells other labels"), "{notes}");
    assert!(notes.contains("shorter than one window (5.0 s)"), "{notes}");
    let EncoderConfig::Maest(trained) = load_weights(&first, None).unwrap().config else {
        panic!("it stays a MAEST");
    };
    assert_eq!((trained.form, trained.heads), (maest::Form::Hub, 2));
    let names = |run: &Path| {
        let run = CheckpointRef::File(run.to_path_buf());
        let encoder = LoadedEncoder::open(&run, None, &DeviceChoice::Cpu).unwrap();
        encoder.info().outputs.clone()
    };
    assert_eq!(names(&first), ["noise", "tone"]);

    // The same labels: the classifier goes on, and with nothing else trained the encoder stays.
    let second = folder.path().join("second");
    let again = TrainConfig {
        init: Some(CheckpointRef::File(first.clone())),
        trainable: Trainable::Head,
        ..config.clone()
    };
    let (summary, notes) = noted(&again, &tracks, &second);
    summary.unwrap();
    assert!(!notes.contains("begins anew"), "{notes}");
    let [start, of_first, end] = [
        "second/step-0/weights.safetensors",
        "first/final.safetensors",
        "second/final.safetensors",
    ]
    .map(|file| bare(&load_weights(&folder.path().join(file), None).unwrap()));
    assert_eq!(start, of_first);
    for ((name, before), (_, after)) in start.iter().zip(&end) {
        assert_eq!(before != after, name.starts_with("head."), "{name}");
    }

    // The authors' form.
    let native = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/maest/native.ckpt");
    let third = TrainConfig {
        encoder: Some(load_weights(&native, None).unwrap().config),
        init: Some(CheckpointRef::File(native)),
        ..config
    };
    let (summary, notes) = noted(&third, &tracks, &folder.path().join("third"));
    summary.unwrap();
    assert!(notes.contains("begins anew"), "{notes}");
}

#[test]
fn a_maest_begins_with_the_blocks_of_a_myna_of_its_width() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = genres(&folder.path().join("audio"));
    let myna = folder.path().join("myna.safetensors");
    let shipped = shipped_weights(None).unwrap();
    save_weights(&myna, &shipped, &[]).unwrap();
    let config = TrainConfig {
        encoder: None,
        init: Some(CheckpointRef::File(myna)),
        batch: 2,
        ..small_maest(1)
    };
    let out = folder.path().join("run");
    let (summary, notes) = noted(&config, &tracks, &out);
    summary.unwrap();
    assert!(notes.contains("blocks of a Myna"), "{notes}");
    let start = load_weights(&out.join("step-0/weights.safetensors"), None).unwrap();
    let of = |weights: &[(String, Vec<f32>)], name: &str| {
        weights
            .iter()
            .find(|(one, _)| one == name)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(
        of(&bare(&start), "blocks.2.mlp.fc1.weight"),
        of(&bare(&shipped), "transformer.layers.2.1.net.1.weight")
    );

    // Blocks of another width.
    let other = TrainConfig {
        encoder: Some(SIZES.into()),
        ..config
    };
    let out = folder.path().join("other");
    let error = noted(&other, &tracks, &out).0.unwrap_err().to_string();
    assert!(
        error.contains("width 192") && error.contains("width 32"),
        "{error}"
    );
    assert!(!out.exists());
}

/// The promise: what can't be learned is refused in a sentence before the first step.
#[test]
fn what_a_maest_cannot_learn_is_refused_before_the_first_step() {
    let folder = tempfile::tempdir().unwrap();
    let audio_folder = folder.path().join("audio");
    let labelled = genres(&audio_folder);
    let mut runs = 0;
    let mut refused = |config: &TrainConfig, tracks: &Collection, words: &str| {
        runs += 1;
        let out = folder.path().join(format!("run-{runs}"));
        let error = noted(config, tracks, &out).0.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert!(!out.join("step-0").exists(), "{words}");
    };
    let changed = |change: &dyn Fn(&mut mynascope_collection::Track)| {
        let mut tracks = labelled.clone();
        tracks.tracks.iter_mut().for_each(change);
        tracks
    };
    let usual = small_maest(1);
    refused(
        &usual,
        &changed(&|track| track.label = None),
        "no track has such a label",
    );
    let one = changed(&|track| track.label = Some("tone".into()));
    refused(&usual, &one, "all tracks are tone");
    // A label that only tracks have that can't be read.
    let lost = changed(&|track| {
        if track.label.as_deref() == Some("noise") {
            track.path = "gone.wav".into();
        }
    });
    refused(&usual, &lost, "all are tone");
    let with = |change: &dyn Fn(&mut TrainConfig)| {
        let mut config = usual.clone();
        change(&mut config);
        config
    };
    let maest = |maest: MaestLoss| with(&|config| config.maest = maest);
    let same = MaestLoss::default();
    for (config, words) in [
        (
            with(&|config| config.task = LabelTask::Emotion),
            "two numbers",
        ),
        (
            with(&|config| config.objective = Objective::Mae),
            "choose maest",
        ),
        (
            with(&|config| config.objective = Objective::Mt2),
            "two class tokens",
        ),
        (
            maest(MaestLoss { mixup: 1.5, ..same }),
            "mixup must be from 0 (off) to 1",
        ),
        (
            maest(MaestLoss {
                patchout_rows: 9,
                ..same
            }),
            "at most 8 can be dropped",
        ),
        (
            maest(MaestLoss {
                patchout_columns: Some(11),
                ..same
            }),
            "leaves no column of the 11",
        ),
        (
            with(&|config| {
                config.ema = 0.9;
                config.swa.from = Some(1);
            }),
            "one average",
        ),
        (
            with(&|config| config.encoder = Some(maest::Config { labels: 2, ..SIZES }.into())),
            "set labels to 0",
        ),
        (
            TrainConfig {
                objective: Objective::Maest,
                ..small(1)
            },
            "maest-tiny",
        ),
    ] {
        refused(&config, &labelled, words);
    }
}

/// The fault: labels that no readable track has, clips shorter than a window and silence would be learned without a word.
#[test]
fn labels_that_are_never_heard_short_clips_and_silence_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let audio_folder = folder.path().join("audio");
    genres(&audio_folder);
    audio::write_wav(
        &audio_folder.join("tone/short.wav"),
        &hissing_tone(3, 0.1)[..16_000],
        16_000,
    )
    .unwrap();
    audio::write_wav(
        &audio_folder.join("silent/nothing.wav"),
        &[0.0; 64_000],
        16_000,
    )
    .unwrap();
    let tracks = collection::open(&[audio_folder], &Watch::unattended()).unwrap();
    let out = folder.path().join("run");
    let (summary, notes) = noted(&small_maest(1), &tracks, &out);
    let skipped = summary.unwrap().skipped_tracks;
    assert!(
        skipped.len() == 1 && skipped[0].1.contains("nothing but silence"),
        "{skipped:?}"
    );
    assert!(
        notes.contains("1 of 3 labels belong to no track that can be read"),
        "{notes}"
    );
    assert!(notes.contains(": silent"), "{notes}");
    assert!(
        notes.contains("1 track is shorter than one window (2.0 s)"),
        "{notes}"
    );
}

/// The fault: a run whose `labels.json` was lost went on to checkpoints without names.
#[test]
fn a_run_that_lost_its_labels_goes_on_with_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = genres(&folder.path().join("audio"));
    let out = folder.path().join("run");
    train(&small_maest(1), &tracks, &out);
    fs::remove_file(out.join("labels.json")).unwrap();
    let names = || {
        let encoder =
            LoadedEncoder::open(&CheckpointRef::File(out.clone()), None, &DeviceChoice::Cpu);
        encoder.unwrap().info().outputs.clone()
    };
    assert_eq!(names(), ["noise", "tone"]);
    let control = TrainControl::default();
    resume(&out, &to(2), &tracks, &control, &mut |_| {}).unwrap();
    assert!(out.join("labels.json").is_file());
    assert_eq!(names(), ["noise", "tone"]);
}

/// The promise: while a run goes on it tells the styles of the track that is listened to by the weights after a step, follows to
/// another track, and says of one that can't be heard why. The checkpoint of the step keeps them, and says the same.
#[test]
fn the_styles_learnt_so_far_are_those_of_the_weights_and_the_track_that_is_listened_to() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = genres(&folder.path().join("audio"));
    let path = |label: &str| {
        let mut paths = tracks.tracks.iter().map(|track| track.path.clone());
        paths
            .find(|path| path.parent().unwrap().ends_with(label))
            .unwrap()
    };
    let (noise, tone) = (path("noise"), path("tone"));
    let missing = folder.path().join("gone.wav");
    let out = folder.path().join("run");
    let control = TrainControl::default();
    control.show_batches(true);
    control.listen_to(Some(&missing));
    let mut told: Vec<LearnedStyles> = Vec::new();
    let config = TrainConfig {
        batch: 12,
        ..small_maest(100_000)
    };
    run(&config, &tracks, &out, &control, &mut |event| match event {
        // A decoder must come to its turn.
        TrainEvent::Step(_) => std::thread::sleep(std::time::Duration::from_millis(2)),
        TrainEvent::Picture(StepPicture::Styles(styles)) => {
            let next = [&noise, &tone].into_iter().nth(told.len());
            if told.last().is_none_or(|last| last.track != styles.track) {
                told.push(styles);
                control.listen_to(next.map(PathBuf::as_path));
                if next.is_none() {
                    control.stop();
                }
            }
        }
        _ => {}
    })
    .unwrap();
    let [gone, of_noise, of_tone] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert!(gone.track == missing && gone.ranked.is_empty());
    let why = gone.problem.as_ref().unwrap();
    assert!(why.contains("gone.wav"), "{why}");
    assert!(of_noise.track == noise && of_tone.track == tone);
    assert!(of_noise.step < of_tone.step);
    for styles in [of_noise, of_tone] {
        assert_eq!((styles.windows, styles.ranked.len()), (2, 2));
        let [first, second] = [&styles.ranked[0], &styles.ranked[1]];
        assert!(first.1 >= second.1 && first.1 < 1.0 && second.1 > 0.0);
    }
    let step = out.join(format!("step-{}", of_tone.step));
    let kept = StepSnapshot::of_step(&step).unwrap().styles.unwrap();
    assert_eq!((kept.step, &kept.track), (of_tone.step, &tone));
    let options = LoadOptions {
        reading: Reading {
            readout: Some(Readout::Probabilities),
            ..Reading::default()
        },
        ..LoadOptions::default()
    };
    let weights = CheckpointRef::File(step.join("weights.safetensors"));
    let encoder = LoadedEncoder::open(&weights, options, &DeviceChoice::Cpu).unwrap();
    let (samples, _) =
        audio::load_mono(&tone, 16_000, audio::Channel::Mean, &Cancel::default()).unwrap();
    // The first two seconds and the last two.
    let windows = encoder.windows(&samples).unwrap();
    let windows = [&windows[0].values[..], &windows[2].values[..]];
    let said = encoder.embed_windows(&windows, None).unwrap();
    for (place, label) in encoder.info().outputs.iter().enumerate() {
        let expected = 0.5 * (said[place] + said[place + 2]);
        let (_, found) = of_tone
            .ranked
            .iter()
            .find(|(name, _)| name == label)
            .unwrap();
        assert!(
            (found - expected).abs() < 0.02,
            "{label}: {found} for {expected}"
        );
    }
}
