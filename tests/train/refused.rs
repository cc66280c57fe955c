//! Runs that cannot work are refused in words, before the first step.

use super::*;
use mynascope_encoder::EncoderPreset;

#[test]
fn runs_that_cannot_work_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = tracks(&folder.path().join("audio"));
    let out = folder.path().join("run");
    let control = TrainControl::default();
    let used = folder.path().join("used");
    fs::create_dir(&used).unwrap();
    fs::write(used.join("thesis.txt"), "precious").unwrap();
    let error = run(&small(2), &tracks, &used, &control, &mut |_| {}).unwrap_err();
    assert!(matches!(error, TrainError::FolderInUse { .. }), "{error}");
    assert_eq!(fs::read_dir(&used).unwrap().count(), 1);

    let alone = TrainConfig {
        batch: 1,
        ..small(2)
    };
    let error = run(&alone, &tracks, &out, &control, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("at least 2"), "{error}");
    assert!(!out.exists());
    let error = resume(&out, &Changes::default(), &tracks, &control, &mut |_| {}).unwrap_err();
    assert!(matches!(error, TrainError::NoRun { .. }), "{error}");
}

#[test]
fn a_batch_larger_than_the_collection_is_lowered_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = tracks(&folder.path().join("audio"));
    let config = TrainConfig {
        batch: 64,
        ..small(1)
    };
    let mut notes = String::new();
    let out = folder.path().join("run");
    run(
        &config,
        &tracks,
        &out,
        &TrainControl::default(),
        &mut |event| {
            if let TrainEvent::Note(note) = event {
                notes.push_str(&note);
            }
        },
    )
    .unwrap();
    assert!(notes.contains("12 tracks instead of 64"), "{notes}");
}

#[test]
fn what_cannot_be_trained_on_is_refused_before_the_first_step() {
    let folder = tempfile::tempdir().unwrap();
    let control = TrainControl::default();
    let attempt = |config: &TrainConfig, tracks: &Collection, out: &str| {
        let mut steps = 0;
        let error = run(
            config,
            tracks,
            &folder.path().join(out),
            &control,
            &mut |event| steps += usize::from(matches!(event, TrainEvent::Step(_))),
        )
        .unwrap_err();
        assert_eq!(steps, 0, "{error}");
        error
    };

    // Files that are no sound, and one track alone.
    let broken = folder.path().join("broken");
    fs::create_dir(&broken).unwrap();
    for name in ["a.wav", "b.wav", "c.mp3"] {
        fs::write(broken.join(name), "no sound").unwrap();
    }
    let open = |path: &Path| collection::open(&[path.to_path_buf()], &Watch::unattended()).unwrap();
    let error = attempt(&small(2), &open(&broken), "r1");
    assert!(
        matches!(
            error,
            TrainError::TooFewTracks {
                readable: 0,
                given: 3,
                ..
            }
        ),
        "{error}"
    );
    assert!(!folder.path().join("r1").exists(), "nothing is left behind");
    let tones = tracks(&folder.path().join("audio"));
    let one = Collection {
        tracks: tones.tracks[..1].to_vec(),
        ..tones.clone()
    };
    let error = attempt(&small(2), &one, "r2");
    assert!(
        matches!(
            error,
            TrainError::TooFewTracks {
                readable: 1,
                given: 1,
                ..
            }
        ),
        "{error}"
    );

    // Labels that are not there.
    let supervised = TrainConfig {
        objective: Objective::Supervised,
        task: LabelTask::Key,
        ..small(2)
    };
    let error = attempt(&supervised, &tones, "r3");
    assert!(matches!(error, TrainError::NoLabels { .. }), "{error}");
    assert!(!folder.path().join("r3").exists());

    // A folder that cannot be made, and mels that cannot be kept.
    fs::write(folder.path().join("file"), "").unwrap();
    let error = attempt(&small(2), &tones, "file/run");
    assert!(matches!(error, TrainError::Storage(_)), "{error}");
    let no_mels = TrainConfig {
        mels: Some(folder.path().join("file/mels")),
        ..small(2)
    };
    let error = attempt(&no_mels, &tones, "r4");
    assert!(matches!(error, TrainError::Storage(_)), "{error}");

    // Settings that leave nothing to see or to learn.
    for (config, word) in [
        (
            TrainConfig {
                objective: Objective::Mae,
                ..small(2)
            },
            "one shape",
        ),
        (
            TrainConfig {
                trainable: Trainable::Last(2),
                ..small(2)
            },
            "1 blocks",
        ),
    ] {
        let error = attempt(&config, &tones, "r5").to_string();
        assert!(error.contains(word), "{error}");
    }
}

/// The fault: of silent files only that they could not be read was said, and a Myna trained on them without a word.
#[test]
fn silence_is_named_as_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let audio = folder.path().join("audio");
    for track in 0..6 {
        let path = audio.join(format!("{track}.wav"));
        audio::write_wav(&path, &[0.0; 64_000], 16_000).unwrap();
    }
    let tracks = collection::open(&[audio], &Watch::unattended()).unwrap();
    let mut notes = String::new();
    let mut attempt = |config: &TrainConfig, out: &str| {
        let (out, control) = (folder.path().join(out), TrainControl::default());
        run(config, &tracks, &out, &control, &mut |event| {
            if let TrainEvent::Note(note) = event {
                notes.push_str(&note);
            }
        })
    };
    for preset in [EncoderPreset::Mt2Tiny, EncoderPreset::Music2vecTiny] {
        let config = TrainConfig {
            mels: small(1).mels,
            device: DeviceChoice::Cpu,
            ..TrainConfig::of_preset(preset)
        };
        let why = attempt(&config, &preset.to_string())
            .unwrap_err()
            .to_string();
        assert!(
            why.contains("0 of 6 can be used (6 tracks: it holds nothing but silence"),
            "{why}"
        );
    }
    attempt(&small(1), "myna").unwrap();
    assert!(
        notes.contains("6 of 6 tracks hold nothing but silence"),
        "{notes}"
    );
}
