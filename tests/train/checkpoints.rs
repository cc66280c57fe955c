//! Checkpoints are written when they are asked for, and a run folder stands for its best one.

use super::*;

#[test]
fn a_checkpoint_that_is_asked_for_is_written_after_the_step_or_while_paused() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = tracks(folder.path());
    let config = TrainConfig {
        save_every: 1000,
        ..small(4)
    };
    let control = TrainControl::default();
    let mut saved = Vec::new();
    run(
        &config,
        &tracks,
        &folder.path().join("run"),
        &control,
        &mut |event| match event {
            TrainEvent::Step(record) if record.step == 2 => control.save_now(),
            TrainEvent::Step(record) if record.step == 3 => control.pause(),
            TrainEvent::Paused if saved.is_empty() => panic!("the first was not written"),
            TrainEvent::Paused if saved.len() == 1 => control.save_now(),
            TrainEvent::Paused => control.resume(),
            TrainEvent::Checkpoint { step, .. } => saved.push(step),
            _ => {}
        },
    )
    .unwrap();
    assert_eq!(saved, [2, 3, 4]);
}

/// The promise: a run folder given as a checkpoint stands for its best step, and the program says which that is.
#[test]
fn a_run_folder_stands_for_its_best_step() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = tracks(&folder.path().join("audio"));
    let out = folder.path().join("run");
    let config = TrainConfig {
        save_every: 1,
        keep: 9,
        ..small(3)
    };
    train(&config, &tracks, &out);
    let step = |step: u64| out.join(format!("step-{step}")).join("weights.safetensors");
    let meant = || CheckpointRef::File(out.clone()).resolve().unwrap().unwrap();
    let best = |step: u64| {
        let text = format!(r#"{{"step":{step},"score":0.5,"of":"share of something"}}"#);
        fs::write(out.join("best.json"), text).unwrap();
    };
    best(2);
    assert_eq!(meant(), step(2));
    let said = say_step_of_run(&out).unwrap();
    assert_eq!(said, "step 2 of the run (its best: share of something)");
    let encoder = LoadedEncoder::open(&CheckpointRef::File(out.clone()), None, &DeviceChoice::Cpu);
    let described = encoder.unwrap().description().to_owned();
    assert!(described.contains("step 2 (best) of "), "{described}");
    // One that is not there any more is none.
    best(77);
    assert_eq!(meant(), out.join("final.safetensors"));
    fs::remove_file(out.join("best.json")).unwrap();
    assert_eq!(meant(), out.join("final.safetensors"));
    assert_eq!(say_step_of_run(&folder.path().join("none")), None);
    // A step's own folder stands for itself.
    let own = step(1).parent().unwrap().to_path_buf();
    assert_eq!(CheckpointRef::File(own).resolve().unwrap(), Some(step(1)));
    // Each checkpoint keeps the batch of its step.
    let look = StepSnapshot::of_step(step(2).parent().unwrap()).unwrap();
    let matrix = look.matrix.unwrap();
    assert_eq!((matrix.step, matrix.tracks.len()), (2, 6));
    assert!(
        StepSnapshot::of_step(step(0).parent().unwrap())
            .unwrap()
            .matrix
            .is_none()
    );
}
