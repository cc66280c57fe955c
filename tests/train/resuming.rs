//! A run goes on from what is on the disk, whatever ended it, as if it had not been stopped.

use super::*;

#[test]
fn a_stopped_and_resumed_run_equals_an_unbroken_one() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = tracks(&folder.path().join("audio"));
    let (whole, broken) = (folder.path().join("whole"), folder.path().join("broken"));
    on_one_thread(|| train(&small(7), &tracks, &whole));

    let control = TrainControl::default();
    let stopping = control.clone();
    let mut checkpoints: Vec<PathBuf> = Vec::new();
    let summary = on_one_thread(|| {
        run(
            &small(7),
            &tracks,
            &broken,
            &control,
            &mut |event| match event {
                TrainEvent::Step(record) if record.step == 3 => stopping.stop(),
                TrainEvent::Checkpoint { path, .. } => checkpoints.push(path),
                _ => {}
            },
        )
        .unwrap()
    });
    assert!(summary.stopped);
    assert_eq!(summary.steps, 3);
    assert_eq!(checkpoints, std::slice::from_ref(&summary.checkpoint));

    // What the stop left behind embeds, as a file and as a run folder.
    let window = vec![0.5; 96 * 128];
    for path in [&summary.checkpoint, &broken] {
        let checkpoint = CheckpointRef::File(path.clone());
        let encoder = LoadedEncoder::open(&checkpoint, None, &DeviceChoice::Cpu).unwrap();
        let embedding = encoder.embed_windows(&[&window], None).unwrap();
        assert_eq!(embedding.len(), 64);
        assert!(embedding.iter().all(|value| value.is_finite()));
    }

    let control = TrainControl::default();
    let resumed = on_one_thread(|| {
        resume(&broken, &Changes::default(), &tracks, &control, &mut |_| {}).unwrap()
    });
    assert_eq!(resumed.steps, 7);
    let read = |folder: &Path| load_weights(&folder.join("final.safetensors"), None).unwrap();
    assert_eq!(read(&broken), read(&whole));
    let losses = |folder: &Path| -> Vec<f64> { log(folder).iter().map(|r| r.loss).collect() };
    assert_eq!(losses(&broken), losses(&whole));
}

/// Names and bytes of all tensors of a file; the order of its header's text is not fixed.
fn tensors(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let tensors = file.tensors().into_iter();
    tensors
        .map(|(name, view)| (name, view.data().to_vec()))
        .collect()
}

#[test]
fn every_objective_and_optimiser_goes_on_as_if_it_had_not_been_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = genres(&folder.path().join("audio"));
    let optimisers = Optimiser::ALL.into_iter().cycle();
    let of_myna = Objective::ALL
        .into_iter()
        .filter(|objective| objective.misfit(Family::Myna).is_none());
    for (objective, optimiser) in of_myna.zip(optimisers) {
        let config = TrainConfig {
            objective,
            optimiser,
            patch: if objective == Objective::Mae {
                Patching::Vertical
            } else {
                Patching::Hybrid
            },
            ema: if optimiser == Optimiser::Lion {
                0.9
            } else {
                0.0
            },
            schedule: Schedule::Cosine,
            warmup_steps: Some(2),
            clip_norm: 1.0,
            chunk: Some(4),
            // In 16 bits where the processor multiplies in them.
            precision: match Precision::Bf16.problem_on_cpu() {
                None if optimiser == Optimiser::AdamW => Precision::Bf16,
                _ => Precision::F32,
            },
            ..small(5)
        };
        let out = |name: &str| folder.path().join(format!("{objective}-{name}"));
        let (whole, broken) = (out("whole"), out("broken"));
        on_one_thread(|| train(&config, &tracks, &whole));
        // Stopped in the middle of an epoch of two steps.
        let control = TrainControl::default();
        let stopping = control.clone();
        on_one_thread(|| {
            run(&config, &tracks, &broken, &control, &mut |event| {
                if matches!(&event, TrainEvent::Step(record) if record.step == 3) {
                    stopping.stop();
                }
            })
            .unwrap()
        });
        let control = TrainControl::default();
        on_one_thread(|| {
            resume(&broken, &Changes::default(), &tracks, &control, &mut |_| {}).unwrap()
        });
        for file in ["final.safetensors", "step-5/optimiser.safetensors"] {
            let (broken, whole) = (tensors(&broken.join(file)), tensors(&whole.join(file)));
            assert!(broken == whole, "{objective} {optimiser} {file}");
        }
    }
}

#[test]
fn a_damaged_checkpoint_is_passed_over_for_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = tracks(&folder.path().join("audio"));
    let out = folder.path().join("run");
    let config = TrainConfig {
        save_every: 2,
        ..small(4)
    };
    train(&config, &tracks, &out);
    let newest = out.join("step-4/weights.safetensors");
    let mut bytes = fs::read(&newest).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&newest, bytes).unwrap();
    // Nor is it used as an encoder: nobody knows what it would embed.
    let encoder = |step: &str| {
        let checkpoint = CheckpointRef::File(out.join(step));
        LoadedEncoder::open(&checkpoint, None, &DeviceChoice::Cpu).map_err(|why| why.to_string())
    };
    let why = encoder("step-4").err().unwrap();
    assert!(why.contains("not those that the training wrote"), "{why}");
    assert!(encoder("step-2").is_ok());
    let (mut steps, mut notes) = (Vec::new(), String::new());
    resume(
        &out,
        &to(5),
        &tracks,
        &TrainControl::default(),
        &mut |event| match event {
            TrainEvent::Step(record) => steps.push(record.step),
            TrainEvent::Note(note) => notes.push_str(&note),
            _ => {}
        },
    )
    .unwrap();
    assert_eq!(steps, [3, 4, 5]);
    let said = "step 4 is passed over (weights.safetensors is not what was written), and the run goes on from step 2";
    assert!(notes.contains(said), "{notes}");
    // A damaged manifest or config is named, and what to do.
    fs::write(out.join("step-5/manifest.json"), "{").unwrap();
    let why = encoder("step-5").err().unwrap();
    assert!(
        why.contains("manifest of this step is damaged") && why.contains("from a copy"),
        "{why}"
    );
    fs::write(out.join("config.toml"), "batch = ").unwrap();
    let why = TrainConfig::of_run(&out).unwrap_err().to_string();
    assert!(
        why.contains("config.toml is damaged") && why.contains("--init"),
        "{why}"
    );
}

/// The fault: a run breaks down, here by a learning rate beyond reason. No update of the last steps is applied, the run
/// ends by itself with a whole checkpoint, and it can go back to the last good one and on with other settings.
#[test]
fn a_run_that_breaks_down_ends_whole_and_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = genres(&folder.path().join("audio"));
    let out = folder.path().join("run");
    let config = TrainConfig {
        objective: Objective::Supervised,
        task: LabelTask::Genre,
        learning_rate: 3e-3,
        save_every: 40,
        ..small(40)
    };
    train(&config, &tracks, &out);
    let wild = Changes {
        learning_rate: Some(10.0),
        ..to(80)
    };
    let control = TrainControl::default();
    let mut skipped = Vec::new();
    let error = resume(&out, &wild, &tracks, &control, &mut |event| {
        if let TrainEvent::SkippedStep { step, why, .. } = event {
            skipped.push((step, why));
        }
    })
    .unwrap_err();
    let TrainError::BrokeDown {
        in_a_row,
        step,
        good,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((in_a_row, good), (5, 40), "{error}");
    assert_eq!(skipped.len(), 5);
    assert_eq!(skipped.last(), Some(&(step, Breakdown::Jumped)));
    let told = log(&out);
    assert_eq!(told.len() as u64, step, "jumps are part of the curve");
    assert_eq!(told.iter().filter(|record| record.spike).count(), 5);

    let nowhere = Changes {
        back_to: Some(17),
        ..to(45)
    };
    let error = resume(&out, &nowhere, &tracks, &control, &mut |_| {}).unwrap_err();
    assert!(
        error.to_string().contains("no checkpoint of step 17"),
        "{error}"
    );
    let back = Changes {
        back_to: Some(good),
        learning_rate: Some(1e-3),
        ..to(45)
    };
    let end = resume(&out, &back, &tracks, &control, &mut |_| {}).unwrap();
    assert_eq!((end.steps, end.skipped_steps), (45, 0));
    let told = log(&out);
    assert_eq!(told.len(), 45);
    assert!(told.iter().all(|record| !record.spike));
}

/// The fault: the disk fails in the middle of a run. What was kept before stays whole, and the run goes on from it.
#[test]
fn a_checkpoint_that_cannot_be_written_ends_the_run_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = tracks(&folder.path().join("audio"));
    let (whole, out) = (folder.path().join("whole"), folder.path().join("run"));
    let config = TrainConfig {
        save_every: 1,
        ..small(4)
    };
    on_one_thread(|| train(&config, &tracks, &whole));
    // A file stands where the third checkpoint would be filled.
    let blocker = out.join(".step-3.partial");
    let error = on_one_thread(|| {
        run(
            &config,
            &tracks,
            &out,
            &TrainControl::default(),
            &mut |event| {
                if let TrainEvent::Checkpoint { step: 1, .. } = event {
                    fs::write(&blocker, "").unwrap();
                }
            },
        )
        .unwrap_err()
    });
    assert!(
        matches!(
            error,
            TrainError::CannotKeep {
                step: 3,
                kept: 2,
                ..
            }
        ),
        "{error}"
    );
    fs::remove_file(&blocker).unwrap();
    let control = TrainControl::default();
    on_one_thread(|| resume(&out, &Changes::default(), &tracks, &control, &mut |_| {}).unwrap());
    let read = |folder: &Path| load_weights(&folder.join("final.safetensors"), None).unwrap();
    assert_eq!(read(&out), read(&whole));
}

#[test]
fn a_run_is_not_taken_up_with_other_tracks() {
    let folder = tempfile::tempdir().unwrap();
    let audio = folder.path().join("audio");
    let tones = tracks(&audio);
    let out = folder.path().join("run");
    train(&small(2), &tones, &out);
    let refused = |tracks: &Collection| {
        let control = TrainControl::default();
        let error = resume(&out, &to(4), tracks, &control, &mut |_| {}).unwrap_err();
        assert!(matches!(error, TrainError::NoRun { .. }), "{error}");
        error.to_string()
    };
    let fewer = Collection {
        tracks: tones.tracks[2..].to_vec(),
        ..tones.clone()
    };
    let why = refused(&fewer);
    assert!(
        why.contains("12 tracks") && why.contains("10 readable"),
        "{why}"
    );
    let mut turned = tones.clone();
    turned.tracks.reverse();
    assert!(refused(&turned).contains("another order"));
    audio::write_wav(&audio.join("tone-03.wav"), &[0.25; 64_000], 16_000).unwrap();
    let why = refused(&tones);
    assert!(why.contains("another sound"), "{why}");
}
