//! Files of users, and files that this program wrote, may be cut, turned or forged in any way: reading them ends in what
//! fits together or in a message, never in a panic, and nothing that a number in them asks for is taken on trust. Changes
//! are seeded, so that a failure comes again. Tables, checkpoints and sound have such tests in their crates.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use mynascope_audio as audio;
use mynascope_base::{
    jobs::Watch,
    storage::{Settings, Theme},
};
use mynascope_collection::{self as collection, CollectionKind, OwnLabels, Track};
use mynascope_embedding::{EmbeddingTable, Level, TrackRow};
use mynascope_encoder::{
    CheckpointRef, DeviceChoice, MynaConfig, PatchInput, Patching, load_weights,
};
use mynascope_probe::{
    EncoderId, Head, ProbeSettings, SavedScore, ScoreChange, TrainedProbe, change_scores,
    read_scores, train_probe,
};
use mynascope_spectrum::{
    read_npy,
    tokens::{MaskRatio, Purpose, Stream, stream},
};
use mynascope_train::{Changes, TrainConfig, TrainControl, resume, run};

/// What stands for something in lists, JSON or TOML, or is more than anything may be.
const TOKENS: [&str; 16] = [
    "\"",
    ",",
    ";",
    "\t",
    "\r\n",
    "\n\n",
    "{",
    "]",
    "=",
    "-1",
    "0",
    "1e999",
    "nan",
    "null",
    "18446744073709551616",
    "\u{feff}",
];

fn below(random: &mut Stream, end: usize) -> usize {
    random.below(end.max(1))
}

/// A file with a few changes: bits turned, bytes set, cut out or doubled, words put in, the rest cut off.
fn changed(whole: &[u8], random: &mut Stream) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..=below(random, 3) {
        let place = below(random, bytes.len());
        let end = (place + below(random, 30)).min(bytes.len());
        match below(random, 6) {
            0 if !bytes.is_empty() => bytes[place] ^= 1 << below(random, 8),
            1 if !bytes.is_empty() => bytes[place] = below(random, 256) as u8,
            2 => drop(bytes.drain(place..end)),
            3 => {
                let copy = bytes[place..end].to_vec();
                bytes.splice(place..place, copy);
            }
            4 => {
                let token = TOKENS[below(random, TOKENS.len())];
                let end = end.min(place + token.len());
                bytes.splice(place..end, token.bytes());
            }
            _ => bytes.truncate(place),
        }
    }
    bytes
}

/// Reads a file `rounds` times, each time changed in another way, and puts it back; counts how often it was read. `read`
/// says whether it was.
fn change(file: &Path, rounds: u64, mut read: impl FnMut() -> bool) -> (usize, usize) {
    let whole = fs::read(file).unwrap();
    assert!(read(), "{} is sound", file.display());
    let (mut good, mut refused) = (0, 0);
    let name = file.file_name().unwrap().len() as u64;
    for round in 0..rounds {
        let mut random = stream(17, name, round, Purpose::Demo);
        fs::write(file, changed(&whole, &mut random)).unwrap();
        match read() {
            true => good += 1,
            false => refused += 1,
        }
    }
    fs::write(file, &whole).unwrap();
    println!("{}: {good} read, {refused} refused", file.display());
    (good, refused)
}

/// Four sounds in two folders.
fn sounds(folder: &Path) -> Vec<PathBuf> {
    (0..4_u32)
        .map(|track| {
            let place = folder.join(["low", "high"][track as usize / 2]);
            fs::create_dir_all(&place).unwrap();
            let hz = 150.0 * (1.0 + track as f32);
            let samples: Vec<f32> = (0..4 * 16_000)
                .map(|n| 0.5 * (n as f32 / 16_000.0 * hz * std::f32::consts::TAU).sin())
                .collect();
            let path = place.join(format!("{track}.wav"));
            audio::write_wav(&path, &samples, 16_000).unwrap();
            path
        })
        .collect()
}

#[test]
fn changed_lists_open_or_say_why() {
    let folder = tempfile::tempdir().unwrap();
    sounds(folder.path());
    let rows = [
        [
            "file", "label", "split", "tags", "key", "tempo", "arousal", "valence",
        ],
        [
            "low/0.wav",
            "rock",
            "train",
            "a;b",
            "C major",
            "120",
            "1.5",
            "8",
        ],
        [
            "low/1.wav",
            "rock \"n\" roll",
            "train",
            "b",
            "Am",
            "90.5",
            "4",
            "2",
        ],
        [
            "high/2.wav",
            "jazz, cool",
            "valid",
            "a",
            "F# minor",
            "77",
            "5",
            "5",
        ],
        ["high/3.wav", "jazz", "test", "", "8B", "", "9", "1"],
    ];
    let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
    let joined = |separator: &str, quote: bool| -> String {
        rows.iter()
            .map(|row| {
                let cells = row.iter().map(|cell| match quote {
                    true => quoted(cell),
                    false => (*cell).to_owned(),
                });
                cells.collect::<Vec<_>>().join(separator) + "\n"
            })
            .collect()
    };
    let utf_16: Vec<u8> = std::iter::once(0xfeff)
        .chain(joined("\t", false).encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let playlist = "#EXTM3U\n#EXTINF:4,Zero\nlow/0.wav\nhigh/2.wav\nfile:///nowhere/x.wav\n";
    let (mut all_good, mut all_refused) = (0, 0);
    for (name, bytes) in [
        ("list.csv", joined(",", true).into_bytes()),
        ("semicolons.csv", joined(";", true).into_bytes()),
        ("list.tsv", joined("\t", false).into_bytes()),
        ("wide.tsv", utf_16),
        ("paths.txt", b"low/0.wav\nlow/1.wav\nhigh/2.wav\n".to_vec()),
        ("playlist.m3u", playlist.as_bytes().to_vec()),
        ("playlist.m3u8", playlist.as_bytes().to_vec()),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, &bytes).unwrap();
        let read = || match collection::open(std::slice::from_ref(&path), &Watch::unattended()) {
            Ok(found) => {
                assert!(found.parts().len() == found.tracks.len());
                true
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                false
            }
        };
        let (good, refused) = change(&path, 150, read);
        all_good += good;
        all_refused += refused;
    }
    assert!(
        all_good > 200 && all_refused > 50,
        "{all_good} opened, {all_refused} refused"
    );
}

#[test]
fn changed_labels_of_the_user_are_read_or_left_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own-labels.csv");
    let mut own = OwnLabels::default();
    for (name, label) in [
        ("a.wav", "rock"),
        ("b \"7.wav", "two\nlines"),
        ("c.wav", ""),
    ] {
        // One folder for every machine, so that the same changes meet the same bytes.
        let mut track = Track::of_file(&Path::new("/music/of/a/user").join(name));
        track.label = (!label.is_empty()).then(|| label.to_owned());
        track.tags = vec!["x".to_owned(), "y, z".to_owned()];
        own.keep(&track);
    }
    own.save(&file).unwrap();
    let (good, refused) = change(&file, 300, || {
        let before = fs::read(&file).unwrap();
        let read = OwnLabels::load(&file).is_ok();
        assert_eq!(fs::read(&file).unwrap(), before);
        read
    });
    assert!(good > 50 && refused > 50, "{good} {refused}");
}

/// What cannot be read is set aside, whole, and the user is told.
#[test]
fn changed_settings_are_read_or_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    let aside = folder.path().join("settings.damaged.toml");
    let settings = Settings {
        theme: Theme::Light,
        ..Settings::default()
    };
    settings.save(folder.path()).unwrap();
    let (good, refused) = change(&file, 400, || {
        let _ = fs::remove_file(&aside);
        let before = fs::read(&file).unwrap();
        let (_, complaint) = Settings::load(folder.path());
        if complaint.is_some() {
            assert_eq!(fs::read(&aside).unwrap(), before);
        } else {
            assert_eq!(fs::read(&file).unwrap(), before);
            assert!(std::str::from_utf8(&before).is_ok(), "lost without a word");
        }
        complaint.is_none()
    });
    assert!(good > 30 && refused > 100, "{good} {refused}");
}

/// Two classes that a line parts, of three rows a track.
fn planted(folder: &Path) -> (EmbeddingTable, collection::Collection) {
    let mut table = EmbeddingTable::empty(4, "planted".to_owned(), Level::Window);
    let mut tracks = Vec::new();
    for track in 0..24_u32 {
        let path = folder.join(format!("{track}.wav"));
        let label = ["low", "high"][track as usize % 2].to_owned();
        for row in 0..3 {
            let side = if track % 2 == 0 { 1.0 } else { -1.0 };
            table
                .values
                .extend([side, 0.1 * track as f32, 0.2 * row as f32, 1.0]);
            table.timestamps.push(row as f32);
            table.track.push(track);
        }
        table.tracks.push(TrackRow {
            path: path.clone(),
            label: Some(label.clone()),
            split: None,
            incomplete: None,
        });
        let mut known = Track::of_file(&path);
        known.label = Some(label);
        tracks.push(known);
    }
    let collection = collection::Collection {
        name: "planted".to_owned(),
        kind: CollectionKind::Folder,
        tracks,
        split: None,
        notes: Vec::new(),
    };
    (table, collection)
}

#[test]
fn changed_probes_and_scores_are_read_or_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let (table, collection) = planted(folder.path());
    let id = EncoderId {
        description: "planted".to_owned(),
        hash: "abc".to_owned(),
        dim: 4,
        checkpoint: "shipped".to_owned(),
        ..EncoderId::default()
    };
    let scores = folder.path().join("scores.jsonl");
    for head in [Head::Linear, Head::Ridge, Head::Mlp, Head::Knn] {
        let settings = ProbeSettings {
            head,
            ..ProbeSettings::default()
        };
        let watch = Watch::unattended();
        let (probe, report) =
            train_probe(&table, &collection, &settings, &id, MaskRatio::NONE, &watch).unwrap();
        let file = folder.path().join(format!("{head}.safetensors"));
        probe.save(&file, None).unwrap();
        for file in [file.clone(), file.with_extension("json")] {
            let probe = file.with_extension("safetensors");
            let (_, refused) = change(&file, 150, || TrainedProbe::load(&probe).is_ok());
            assert!(refused > 40, "{refused}");
        }
        let name = head.to_string();
        let score = SavedScore::of(&report, settings, &collection, name.clone(), name, &id);
        change_scores(&scores, vec![ScoreChange::Add(Box::new(score))]).unwrap();
    }
    // A line that makes no sense is counted, and the others stay.
    change(&scores, 200, || {
        let read = read_scores(&scores).unwrap();
        let lines = fs::read(&scores).unwrap();
        let lines = lines.split(|&byte| byte == b'\n').count();
        assert!(read.scores.len() + read.unreadable <= lines);
        read.unreadable == 0
    });
}

#[test]
fn a_run_whose_files_were_changed_goes_on_or_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    sounds(&music);
    let tracks = collection::open(&[music], &Watch::unattended()).unwrap();
    let out = folder.path().join("run");
    let config = TrainConfig {
        mels: Some(folder.path().join("mels")),
        encoder: Some(
            MynaConfig {
                kind: Patching::Square,
                dim: 16,
                depth: 1,
                heads: 1,
                mlp_dim: 16,
                input: PatchInput::Power,
            }
            .into(),
        ),
        patch: Patching::Square,
        head: vec![8, 8],
        batch: 4,
        steps: 2,
        save_every: 1,
        device: DeviceChoice::Cpu,
        ..TrainConfig::default()
    };
    run(
        &config,
        &tracks,
        &out,
        &TrainControl::default(),
        &mut |_| {},
    )
    .unwrap();
    let changes = Changes {
        steps: Some(2),
        ..Changes::default()
    };
    let step = out.join("step-2");
    let mut files = vec![out.join("config.toml"), out.join("log.jsonl")];
    files.extend(
        fs::read_dir(&step)
            .unwrap()
            .map(|entry| entry.unwrap().path()),
    );
    files.sort();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        change(&file, 25, || {
            let checkpoint = CheckpointRef::File(out.clone());
            let opened = checkpoint.resolve().is_ok_and(|file| {
                file.is_some_and(|file| load_weights(&file, Some(Patching::Square)).is_ok())
            });
            // All its steps are done, or one is done again from the checkpoint before.
            let control = TrainControl::default();
            let _ = resume(&out, &changes, &tracks, &control, &mut |_| {});
            opened
        });
    }
}

#[test]
fn changed_arrays_are_read_or_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("array.npy");
    let from = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::copy(
        from.join("tests/fixtures/hybrid_small.embeddings.npy"),
        &file,
    )
    .unwrap();
    let (good, refused) = change(&file, 500, || match read_npy(&file) {
        Ok((shape, values)) => {
            assert_eq!(shape.iter().product::<u64>(), values.len() as u64);
            true
        }
        Err(error) => {
            assert!(error.to_string().ends_with("array.npy"), "{error}");
            false
        }
    });
    assert!(good > 50 && refused > 100, "{good} {refused}");
}
