//! A shell script can rely on the verbs: results on stdout, one JSON object with `--json`, and exit codes that tell
//! done (0), failed (1), wrong usage (2) and done but for some inputs (3).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use mynascope_audio as audio;
use mynascope_embedding::{cosine, load_table};
use mynascope_encoder::Precision;
use serde_json::Value;

struct Shell {
    home: tempfile::TempDir,
}

impl Shell {
    fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_mynascope"))
            .args(arguments)
            .current_dir(self.home.path())
            .env("MYNASCOPE_HOME", self.path("home"))
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .output()
            .unwrap()
    }

    /// Runs a verb with `--json` and checks that its one object is all that stdout holds.
    fn json(&self, arguments: &[&str], code: i32) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {complaint}"
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Runs what must fail and gives its complaint.
    fn fail(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

/// `per_label` tracks of 3.5 s of low and of high tones, in folders that say so.
fn tones(folder: &Path, per_label: usize) {
    for (label, base) in [("low", 150.0_f32), ("high", 1500.0)] {
        for number in 0..per_label {
            let hz = base * (1.0 + 0.07 * number as f32);
            let samples: Vec<f32> = (0..56_000)
                .map(|n| {
                    let time = n as f32 / 16_000.0;
                    0.3 * (std::f32::consts::TAU * hz * time).sin() * (1.0 + (3.0 * time).sin())
                })
                .collect();
            let place = folder.join(label);
            fs::create_dir_all(&place).unwrap();
            let path = place.join(format!("{number}.wav"));
            audio::write_wav(&path, &samples, 16_000).unwrap();
        }
    }
}

#[test]
fn a_folder_goes_through_embed_map_and_probe() {
    let shell = Shell::new();
    tones(&shell.path("music"), 5);
    let embedded = shell.json(&["embed", "music", "--out", "e.npz"], 0);
    assert_eq!(embedded["windows"], 10);
    assert_eq!(embedded["tracks"], 10);
    assert_eq!(embedded["dim"], 384);
    assert_eq!(embedded["skipped"], serde_json::json!([]));
    let map = shell.json(&["map", "e.npz", "--out", "m.tsv", "--iterations", "50"], 0);
    assert_eq!(map["points"], 10);
    assert_eq!(map["method"], "tsne");
    assert!(map["kl"].as_f64().unwrap() > 0.0);
    let lines = fs::read_to_string(shell.path("m.tsv")).unwrap();
    assert_eq!(lines.lines().count(), 11);
    let probe = shell.json(&["probe", "--data", "music", "--protocol", "folds:5"], 0);
    // Tones an octave and more apart: even an untrained encoder tells them.
    assert_eq!(probe["metrics"]["accuracy"], 1.0);
    assert_eq!(probe["classes"], serde_json::json!(["high", "low"]));
    assert_eq!(probe["predictions"].as_array().unwrap().len(), 10);
    let near = shell.json(
        &[
            "neighbours",
            "e.npz",
            "--query",
            "music/low/2.wav",
            "-k",
            "2",
        ],
        0,
    );
    for neighbour in near["neighbours"].as_array().unwrap() {
        assert_eq!(neighbour["label"], "low");
    }
}

/// Whoever made the rows: what a table says of its tracks is probed, or what a list says, and the answers are those of the
/// encoder that made them.
#[test]
fn a_table_is_probed_with_its_own_labels_or_those_of_a_list() {
    let shell = Shell::new();
    tones(&shell.path("music"), 5);
    shell.json(&["embed", "music", "--out", "e.npz"], 0);
    let folds = ["--protocol", "folds:5"];
    let probe = |arguments: &[&str]| shell.json(&[&["probe"], arguments, &folds].concat(), 0);
    let (by_encoder, by_table) = (
        probe(&["--data", "music"]),
        probe(&["--embeddings", "e.npz"]),
    );
    for field in ["score", "interval", "confusion", "folds"] {
        assert_eq!(by_table[field], by_encoder[field], "{field}");
    }
    // A table names its tracks in full.
    let said = |report: &Value| -> Vec<(String, Value, Value)> {
        let tracks = report["predictions"].as_array().unwrap().iter();
        let name = |path: &Value| {
            let parts = Path::new(path.as_str().unwrap()).components();
            let last: PathBuf = parts.rev().take(2).collect();
            last.display().to_string()
        };
        let said = |track: &Value| {
            (
                name(&track["path"]),
                track["prediction"].clone(),
                track["confidence"].clone(),
            )
        };
        tracks.map(said).collect()
    };
    assert_eq!(said(&by_table), said(&by_encoder));
    // All ten are right, which is no proof that all others would be.
    let low = by_table["interval"][0].as_f64().unwrap();
    assert!((low - 10.0 / (10.0 + 3.8415)).abs() < 1e-3, "{low}");
    assert_eq!(by_table["interval"][1], 1.0);
    // Of another program: numbers alone, in the order of the files.
    let rows = ["high", "low"].into_iter().flat_map(|label| {
        (0..5).map(move |number| format!("{},{number}\n", label.len() * 10 + number))
    });
    let text = format!("e0,e1\n{}", rows.collect::<String>());
    fs::write(shell.path("foreign.csv"), &text).unwrap();
    let complaint = shell.fail(&["probe", "--embeddings", "foreign.csv"], 1);
    assert!(complaint.contains("no track has a label"), "{complaint}");
    let by_list = probe(&["--embeddings", "foreign.csv", "--labels", "music"]);
    assert_eq!(by_list["classes"], serde_json::json!(["high", "low"]));
    assert_eq!(by_list["predictions"].as_array().unwrap().len(), 10);
    let named = text.replace("e0,e1", "e0,e1,label");
    let named = named.lines().enumerate().map(|(at, line)| match at {
        0 => format!("{line}\n"),
        at => format!("{line},{}\n", if at % 2 == 0 { "even" } else { "odd" }),
    });
    fs::write(shell.path("labelled.csv"), named.collect::<String>()).unwrap();
    let few = shell.json(
        &[
            "probe",
            "--embeddings",
            "labelled.csv",
            "--few-shot",
            "--draws",
            "2",
        ],
        0,
    );
    assert_eq!(few["points"][0]["shots"], 1);
    let wrong = ["probe", "--embeddings", "e.npz", "--mask-ratio", "0.5"];
    assert!(shell.fail(&wrong, 2).contains("--mask-ratio"));
}

/// What costs no learning stands beside every encoder, under the same options.
#[test]
fn baselines_are_probed_as_encoders_are() {
    let shell = Shell::new();
    tones(&shell.path("music"), 5);
    let dim = |name: &str| {
        let out = ["embed", "music", "--checkpoint", name, "--out", "e.npz"];
        shell.json(&out, 0)["dim"].as_u64().unwrap()
    };
    assert_eq!(["mfcc", "log-mel", "chance"].map(dim), [40, 256, 128]);
    let score = |name: &str| {
        let of = ["--checkpoint", name, "--protocol", "folds:5"];
        let probe = [&["probe", "--data", "music", "--window", "1"], &of[..]].concat();
        shell.json(&probe, 0)["score"].as_f64().unwrap()
    };
    assert!(score("mfcc") >= 0.9 && score("log-mel") >= 0.9);
    assert!(score("chance") < 0.95);
    let train = ["train", "--data", "music", "--out", "run", "--init", "mfcc"];
    assert!(shell.fail(&train, 1).contains("has no weights"));
}

/// Fewer bits give nearly the same embeddings, and tables and probes of 32 bits go with them; a processor that cannot says so.
#[test]
fn fewer_bits_embed_nearly_the_same_or_say_why_they_cannot() {
    let shell = Shell::new();
    tones(&shell.path("music"), 5);
    let on_cpu = ["--device", "cpu"];
    let embed = ["embed", "music", "--out"];
    shell.json(&[&embed[..], &["f32.npz"], &on_cpu].concat(), 0);
    let table = |name: &str| load_table(&shell.path(name)).unwrap();
    let exact = table("f32.npz");
    for (precision, least) in [
        (Precision::Bf16, 0.999),
        (Precision::Int8, 0.99),
        (Precision::F16, 2.0),
    ] {
        let name = precision.to_string();
        let options = [&on_cpu[..], &["--precision", &name]].concat();
        let fewer = [&embed[..], &["x.npz"], &options].concat();
        if let Some(why) = precision.problem_on_cpu() {
            let complaint = shell.fail(&fewer, 1);
            assert!(complaint.contains(why), "{complaint}");
            continue;
        }
        let told = shell.json(&fewer, 0);
        assert_eq!(told["reading"]["precision"], name);
        let found = table("x.npz");
        assert!(found.encoder.contains(&name), "{}", found.encoder);
        for (a, b) in exact.iter().zip(found.iter()) {
            let cosine = cosine(a, b);
            assert!((least..1.0001).contains(&cosine), "{name}: {cosine}");
        }
        // A table of 32 bits answers for a file that is read in fewer.
        let query = ["neighbours", "f32.npz", "--query", "music/low/2.wav"];
        let near = shell.json(&[&query[..], &["-k", "2"], &options].concat(), 0);
        for neighbour in near["neighbours"].as_array().unwrap() {
            assert_eq!(neighbour["label"], "low");
        }
    }
    let train = ["train", "--data", "music", "--out", "run", "--precision"];
    let complaint = shell.fail(&[&train[..], &["int8"]].concat(), 1);
    assert!(complaint.contains("int8"), "{complaint}");
}

/// Paths are relative to the table, so that both move together; where only the sound was moved, its folder is named.
#[test]
fn a_table_knows_its_tracks_from_everywhere() {
    let shell = Shell::new();
    tones(&shell.path("here/music"), 2);
    let program = |folder: &str, arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_mynascope"))
            .args(arguments)
            .current_dir(shell.path(folder))
            .env("MYNASCOPE_HOME", shell.path("home"))
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {complaint}");
        (output.stdout, complaint)
    };
    program("here", &["embed", "music", "--out", "t.npz"]);
    fs::rename(shell.path("here"), shell.path("there")).unwrap();
    fs::create_dir(shell.path("elsewhere")).unwrap();
    let near = |more: &[&str], query: &str| {
        let line = [
            &["neighbours", "../there/t.npz", "--json", "--query", query],
            more,
        ]
        .concat();
        let (stdout, complaint) = program("elsewhere", &line);
        let answer: Value = serde_json::from_slice(&stdout).unwrap();
        let paths: Vec<PathBuf> = answer["neighbours"]
            .as_array()
            .unwrap()
            .iter()
            .map(|neighbour| neighbour["path"].as_str().unwrap().into())
            .collect();
        let notes = answer["notes"].as_array().unwrap().iter();
        let notes = notes.filter(|note| note.as_str().unwrap().contains("--audio-folder"));
        assert_eq!(notes.count(), complaint.matches("--audio-folder").count());
        (paths, complaint)
    };
    let (paths, complaint) = near(&[], "../there/music/low/0.wav");
    assert_eq!(paths.len(), 3, "its own track is none of its neighbours");
    assert!(paths.iter().all(|path| path.exists()), "{paths:?}");
    assert!(!complaint.contains("--audio-folder"), "{complaint}");
    // The sound alone is moved.
    fs::rename(shell.path("there/music"), shell.path("moved")).unwrap();
    let (_, complaint) = near(&[], "../moved/low/0.wav");
    assert_eq!(
        complaint.matches("--audio-folder").count(),
        1,
        "{complaint}"
    );
    let (paths, complaint) = near(&["--audio-folder", "../moved"], "../moved/low/0.wav");
    assert_eq!(paths.len(), 3);
    assert!(paths.iter().all(|path| path.exists()), "{paths:?}");
    assert!(!complaint.contains("is not where it says"), "{complaint}");
    // A map holds its table.
    program(
        "elsewhere",
        &[
            "map",
            "../there/t.npz",
            "--method",
            "pca",
            "--out",
            "m.parquet",
        ],
    );
    program(
        "elsewhere",
        &["map", "m.parquet", "--method", "pca", "--out", "m.tsv"],
    );
    let lines = fs::read_to_string(shell.path("elsewhere/m.tsv")).unwrap();
    assert_eq!(lines.lines().count(), 5);
}

#[test]
fn a_table_is_asked_about_a_stretch_a_file_duplicates_and_another_table() {
    let shell = Shell::new();
    tones(&shell.path("music"), 4);
    let copy = |to: &str| fs::copy(shell.path("music/low/0.wav"), shell.path(to)).unwrap();
    copy("music/low/again.wav");
    copy("new.wav");
    shell.json(&["embed", "music", "--out", "e.npz"], 0);
    let neighbours = |more: &[&str]| shell.json(&[&["neighbours", "e.npz"], more].concat(), 0);
    // A file that the table does not hold: its copies come first.
    let near = neighbours(&["--query", "new.wav", "-k", "2"]);
    for neighbour in near["neighbours"].as_array().unwrap() {
        let path = neighbour["path"].as_str().unwrap();
        assert!(
            path.ends_with("low/0.wav") || path.ends_with("low/again.wav"),
            "{path}"
        );
        assert!(neighbour["cosine"].as_f64().unwrap() > 0.999);
    }
    // A window and a stretch of a track of the table: never the track itself.
    for place in [&["--at", "1"][..], &["--from", "0", "--to", "3.2"]] {
        let near = neighbours(&[&["--query", "music/low/0.wav", "-k", "3"], place].concat());
        let near = near["neighbours"].as_array().unwrap();
        assert!(
            near[0]["path"].as_str().unwrap().ends_with("again.wav"),
            "{near:?}"
        );
        let own = |neighbour: &Value| neighbour["path"].as_str().unwrap().ends_with("low/0.wav");
        assert!(!near.iter().any(own));
    }
    let pairs = neighbours(&["--duplicates", "0.99999"]);
    let pairs = pairs["duplicates"].as_array().unwrap();
    assert_eq!(pairs.len(), 1, "{pairs:?}");
    for name in ["low/0.wav", "low/again.wav"] {
        let paths = pairs[0]["paths"].as_array().unwrap();
        assert!(
            paths
                .iter()
                .any(|path| path.as_str().unwrap().ends_with(name))
        );
    }
    let moved = neighbours(&["--moved", "e.npz", "-k", "3"]);
    assert_eq!(
        (&moved["tracks"], moved["moved"].as_array().unwrap().len()),
        (&9.into(), 3)
    );
    for track in moved["moved"].as_array().unwrap() {
        assert_eq!(track["kept"], track["of"], "nothing moves against itself");
    }
    // What cannot be asked is wrong usage, or says what can.
    shell.fail(&["neighbours", "e.npz"], 2);
    shell.fail(
        &["neighbours", "e.npz", "--query", "new.wav", "--from", "1"],
        2,
    );
    let said = shell.fail(&["neighbours", "e.npz", "--duplicates", "3"], 1);
    assert!(said.contains("0.98"), "{said}");
}

#[test]
fn a_new_file_lands_on_a_map_among_its_like_and_the_map_stays_as_it_is() {
    let shell = Shell::new();
    tones(&shell.path("music"), 4);
    fs::copy(shell.path("music/low/0.wav"), shell.path("new.wav")).unwrap();
    shell.json(&["embed", "music", "--out", "e.npz"], 0);
    let map = ["map", "e.npz", "--method", "pca", "--out"];
    shell.json(&[&map[..], &["before.tsv"]].concat(), 0);
    let landed = shell.json(&[&map[..], &["after.tsv", "--land", "new.wav"]].concat(), 0);
    let before = fs::read_to_string(shell.path("before.tsv")).unwrap();
    assert_eq!(before, fs::read_to_string(shell.path("after.tsv")).unwrap());
    let landed = landed["landed"].as_array().unwrap();
    assert_eq!(landed.len(), 1, "one window");
    let number = |name: &str| landed[0][name].as_f64().unwrap();
    assert!(number("nearest") > 0.999 && number("timestamp") == 0.0);
    let middle = |label: &str| {
        let rows = before
            .lines()
            .map(|line| line.split('\t').collect::<Vec<_>>());
        let places = rows
            .filter(|row| row[1] == label)
            .map(|row| [row[3], row[4]].map(|value| value.parse::<f64>().unwrap()));
        places.fold([0.0; 2], |sum, at| {
            [sum[0] + at[0] / 4.0, sum[1] + at[1] / 4.0]
        })
    };
    let away = |[x, y]: [f64; 2]| (number("x") - x).hypot(number("y") - y);
    assert!(away(middle("low")) < away(middle("high")));
    // A table of another encoder is refused, by name.
    let said = shell.fail(&["map", "e.npz", "--out", "m.tsv", "--land", "gone.wav"], 1);
    assert!(said.contains("gone.wav"), "{said}");
}

#[test]
fn layers_are_measured_without_labels_and_encoders_compared_on_the_tasks_that_the_labels_allow() {
    let shell = Shell::new();
    tones(&shell.path("music"), 6);
    fs::write(shell.path("music/low/broken.wav"), "no sound").unwrap();
    let diagnose = ["diagnose", "--data", "music", "--device", "cpu"];
    let made = shell.json(&diagnose, 3);
    assert_eq!(
        (&made["tracks"], &made["windows"]),
        (&12.into(), &12.into())
    );
    let layers = made["layers"].as_array().unwrap();
    assert_eq!(layers.last().unwrap()["name"], "embedding");
    for layer in layers {
        assert!(layer["uniformity"]["value"].as_f64().unwrap() < 0.0);
        assert!(layer["transposition"]["value"].is_f64(), "{layer}");
        assert_eq!(layer["transpositions"][0]["semitones"], -2);
        // One window of each track: there are no pairs, which is said.
        let why = layer["alignment"]["undefined"].as_str().unwrap();
        assert!(why.contains("longer tracks"), "{why}");
    }
    let one = [&diagnose[..], &["--layer", "1", "--semitones", "-2,2"]].concat();
    let one = shell.json(&one, 3);
    let only = &one["layers"].as_array().unwrap()[..];
    assert_eq!((only.len(), &only[0]["layer"]), (1, &1.into()));
    assert_eq!(only[0]["uniformity"], layers[1]["uniformity"]);
    let text = shell.run(&diagnose);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("Facco et al. 2017"), "{text}");
    assert!(
        text.contains("note: alignment is not defined where -: no track"),
        "{text}"
    );

    fs::remove_file(shell.path("music/low/broken.wav")).unwrap();
    let compare = [
        "compare",
        "--data",
        "music",
        "--head",
        "knn",
        "--protocol",
        "folds:3",
        "--device",
        "cpu",
        "--encoders",
        "shipped",
        "untrained",
        "gone.pt",
    ];
    let table = shell.json(&compare, 0);
    assert_eq!(table["tasks"], serde_json::json!(["genre"]));
    let rows = table["encoders"].as_array().unwrap();
    let score = &rows[0]["scores"][0]["score"];
    assert!(rows[2]["problem"].as_str().unwrap().contains("gone.pt"));
    let alone = [
        "probe",
        "--data",
        "music",
        "--head",
        "knn",
        "--protocol",
        "folds:3",
        "--device",
        "cpu",
    ];
    let alone = shell.json(&alone, 0);
    assert_eq!(
        (&score["score"], &score["interval"]),
        (&alone["score"], &alone["interval"])
    );
    let best = shell.json(&[&compare[..12], &["--layers", "best"]].concat(), 0);
    let layers = &best["encoders"][1]["scores"][0]["score"]["layers"];
    assert_eq!(layers.as_array().unwrap().len(), 3, "one of each fold");
    let said = shell.fail(&["compare", "--data", "music", "--tasks", "key"], 1);
    assert!(said.contains("no track has a key"), "{said}");
}

#[test]
fn a_short_training_leaves_an_encoder_that_embed_reads() {
    let shell = Shell::new();
    tones(&shell.path("music"), 2);
    let train = [
        "train", "--data", "music", "--out", "run", "--steps", "3", "--batch", "4", "--device",
        "cpu",
    ];
    let trained = shell.json(&train, 0);
    assert_eq!(trained["steps"], 3);
    assert_eq!(
        fs::read_to_string(shell.path("run/log.jsonl"))
            .unwrap()
            .lines()
            .count(),
        3
    );
    let inspected = shell.json(&["inspect", "run"], 0);
    assert_eq!(inspected["kind"], "hybrid");
    assert_eq!(inspected["missing"], serde_json::json!([]));
    shell.json(
        &[
            "embed",
            "music",
            "--checkpoint",
            "run",
            "--out",
            "e.safetensors",
        ],
        0,
    );
    // Settings of a file hold unless the line says otherwise.
    let settings = fs::read_to_string(shell.path("run/config.toml")).unwrap();
    assert!(settings.contains("seed = 0"), "{settings}");
    fs::write(
        shell.path("seven.toml"),
        settings.replace("seed = 0", "seed = 7"),
    )
    .unwrap();
    let from_file = [
        "train",
        "--data",
        "music",
        "--config",
        "seven.toml",
        "--out",
        "again",
    ];
    shell.json(&from_file, 0);
    let kept = fs::read_to_string(shell.path("again/config.toml")).unwrap();
    assert!(kept.contains("seed = 7"), "{kept}");
    let refused = shell.fail(&train, 1);
    assert!(refused.contains("not empty"), "{refused}");
    let longer = shell.json(&["train", "--resume", "run", "--steps", "5"], 0);
    assert_eq!(longer["steps"], 5);
}

#[test]
fn a_bad_file_is_skipped_and_said() {
    let shell = Shell::new();
    tones(&shell.path("music"), 1);
    fs::write(shell.path("music/low/broken.mp3"), "no sound at all").unwrap();
    let embedded = shell.json(&["embed", "music", "--out", "e.npz"], 3);
    assert_eq!(embedded["tracks"], 2);
    let skipped = embedded["skipped"].as_array().unwrap();
    assert_eq!(skipped.len(), 1);
    assert!(skipped[0]["path"].as_str().unwrap().ends_with("broken.mp3"));
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_skipped_and_said() {
    let shell = Shell::new();
    tones(&shell.path("music"), 1);
    std::os::unix::fs::symlink("/gone/more", shell.path("music/more")).unwrap();
    let embedded = shell.json(&["embed", "music", "--out", "e.npz"], 3);
    assert_eq!(embedded["tracks"], 2);
    let [skipped] = &embedded["skipped"].as_array().unwrap()[..] else {
        panic!("{embedded}");
    };
    assert_eq!(skipped["path"], "music/more");
    assert!(skipped["why"].as_str().unwrap().contains("/gone/more"));
    assert_eq!(embedded["notes"], serde_json::json!([]), "it is said once");
}

/// A WAV file of 16-bit stereo, 4 s of a tone at 16 kHz, whose right channel is the left one times `right`; the last
/// `cut` bytes are missing.
fn stereo(path: &Path, right: f32, cut: usize) {
    let frames = (0..64_000).flat_map(|n| {
        let left = 0.4 * (std::f32::consts::TAU * 330.0 * n as f32 / 16_000.0).sin();
        [left, left * right].map(|it| (it * 32_767.0) as i16)
    });
    let data: Vec<u8> = frames.flat_map(i16::to_le_bytes).collect();
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(64_000_u32.to_le_bytes());
    bytes.extend(b"\x04\0\x10\0data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(&data[..data.len() - cut]);
    fs::write(path, bytes).unwrap();
}

#[test]
fn every_verb_that_decodes_a_file_tells_what_is_wrong_with_it() {
    let shell = Shell::new();
    stereo(&shell.path("whole.wav"), 0.5, 0);
    stereo(&shell.path("cut.wav"), 0.5, 128_000);
    stereo(&shell.path("cancels.wav"), -1.0, 0);
    let verbs: [&[&str]; 5] = [
        &["mel", "FILE", "--out", "m.npy"],
        &["mask", "FILE", "--out", "o.wav", "--ratio", "0.5"],
        &["embed", "FILE", "--out", "e.npz"],
        &["picture", "FILE", "--out", "p.png", "--size", "640x400"],
        &["bench", "ingest", "--data", "FILE"],
    ];
    for verb in verbs {
        for (file, code) in [("whole.wav", 0), ("cut.wav", 3), ("cancels.wav", 0)] {
            let words: Vec<&str> = verb
                .iter()
                .map(|&it| if it == "FILE" { file } else { it })
                .collect();
            let result = shell.json(&words, code);
            for (list, named) in [("incomplete", "cut.wav"), ("cancelling", "cancels.wav")] {
                let told = result[list].as_array().unwrap();
                let named = usize::from(file == named);
                assert_eq!(told.len(), named, "{words:?} {list}: {result}");
                assert!(
                    told.iter().all(|it| it["path"] == file),
                    "{words:?}: {told:?}"
                );
            }
            // One channel alone doesn't cancel.
            if file == "cancels.wav" && verb[0] != "bench" {
                let left = [&words[..], &["--channel", "left"]].concat();
                let result = shell.json(&left, 0);
                assert_eq!(result["cancelling"], serde_json::json!([]), "{left:?}");
            }
        }
    }
}

/// What a table was made of in part is told by whatever opens it, in every format and on the map that was made of it.
#[test]
fn a_saved_table_remembers_which_files_were_cut() {
    let shell = Shell::new();
    stereo(&shell.path("whole.wav"), 0.5, 0);
    stereo(&shell.path("cut.wav"), 0.5, 128_000);
    let cut = |result: &serde_json::Value, what: &str| {
        let told = result["incomplete"].as_array().unwrap();
        assert_eq!(told.len(), 1, "{what}: {result}");
        assert!(
            told[0]["path"].as_str().unwrap().ends_with("cut.wav"),
            "{what}: {told:?}"
        );
        let why = told[0]["why"].as_str().unwrap();
        assert!(why.starts_with("Ends early"), "{what}: {why}");
    };
    for table in ["t.npz", "t.parquet", "t.tsv", "t.safetensors"] {
        shell.json(&["embed", "whole.wav", "cut.wav", "--out", table], 3);
        let map = ["map", table, "--method", "pca", "--out", "m.parquet"];
        cut(&shell.json(&map, 3), table);
        for table in [table, "m.parquet"] {
            cut(
                &shell.json(&["neighbours", table, "--duplicates", "0.5"], 3),
                table,
            );
        }
    }
    shell.json(&["embed", "whole.wav", "--out", "w.npz"], 0);
    let whole = shell.json(&["neighbours", "w.npz", "--duplicates", "0.5"], 0);
    assert_eq!(whole["incomplete"], serde_json::json!([]));
}

/// A picture that does not show what was asked for is no success, and one of a folder tells of its other tracks.
#[test]
fn a_picture_says_what_it_could_not_show() {
    let shell = Shell::new();
    let folder = shell.path("mix");
    fs::create_dir(&folder).unwrap();
    stereo(&folder.join("a whole.wav"), 0.5, 0);
    stereo(&folder.join("cut.wav"), 0.5, 128_000);
    fs::write(folder.join("page.mp3"), "<!DOCTYPE html><html></html>").unwrap();
    let size = ["--size", "640x400", "--out", "p.png"];
    let picture =
        |words: &[&'static str]| -> Vec<&'static str> { [&["picture"], words, &size].concat() };
    let told = shell.json(&picture(&["mix"]), 3);
    for (list, name) in [("incomplete", "cut.wav"), ("skipped", "page.mp3")] {
        let told = told[list].as_array().unwrap();
        assert_eq!(told.len(), 1, "{list}: {told:?}");
        assert!(
            told[0]["path"].as_str().unwrap().ends_with(name),
            "{told:?}"
        );
    }
    fs::remove_file(shell.path("p.png")).unwrap();
    let said = shell.fail(&picture(&["nosuch.wav"]), 1);
    assert!(said.contains("nosuch.wav"), "{said}");
    let checkpoint = [
        "mix/a whole.wav",
        "--layout",
        "map",
        "--checkpoint",
        "nosuch.pth",
    ];
    let said = shell.fail(&picture(&checkpoint), 1);
    assert!(said.contains("nosuch.pth"), "{said}");
    assert!(!shell.path("p.png").exists());
}

/// The promise: a picture of a panel holds the command that makes it again, and that command makes the same picture.
#[test]
fn a_picture_of_a_panel_holds_the_command_that_makes_it_again() {
    let shell = Shell::new();
    tones(&shell.path("music"), 1);
    let words = [
        "picture",
        "music/low/0.wav",
        "--panel",
        "spectrogram",
        "--size",
        "640x320",
        "--scale",
        "1.5",
        "--ratio",
        "0.5",
        "--kind",
        "time",
        "--colours",
        "cividis",
        "--start",
        "1",
        "--span",
        "2",
        "--light",
    ];
    let told = shell.json(&[&words[..], &["--out", "first.svg"]].concat(), 0);
    assert_eq!(
        (&told["panel"], &told["scale"]),
        (&"spectrogram".into(), &1.5.into())
    );
    let first = fs::read_to_string(shell.path("first.svg")).unwrap();
    let command = first
        .split("<desc>")
        .nth(1)
        .unwrap()
        .split("</desc>")
        .next()
        .unwrap();
    let command = command.trim();
    assert!(command.starts_with("mynascope picture "), "{command}");
    // Nothing in it needs quotes here.
    let mut again: Vec<&str> = command.split_whitespace().skip(1).collect();
    assert_eq!(again.pop(), Some("spectrogram.svg"));
    shell.json(&[&again[..], &["again.svg"]].concat(), 0);
    let again = fs::read_to_string(shell.path("again.svg")).unwrap();
    assert!(again == first, "the same picture");
    let png = [&words[..], &["--out", "first.png"]].concat();
    shell.json(&png, 0);
    let png = image::open(shell.path("first.png")).unwrap();
    assert_eq!((png.width(), png.height()), (960, 480));
}

#[test]
fn mel_and_mask_of_one_file() {
    let shell = Shell::new();
    tones(&shell.path("music"), 1);
    let mel = shell.json(&["mel", "music/low/0.wav", "--out", "m.npy"], 0);
    assert_eq!(mel["frames"], 1 + 56_000 / 512);
    // What the window plays as view A or B: crop and mask are drawn as in training.
    let sounds = ["a", "b"].map(|view| {
        let (name, ratio) = (format!("{view}.wav"), "0.9");
        let mut words = vec!["mask", "music/low/0.wav", "--out", &name, "--ratio", ratio];
        words.extend(["--view", view]);
        let mask = shell.json(&words, 0);
        assert_eq!(mask["tokens_kept"], 5);
        let crop = mask["crop_frame"].as_u64().unwrap();
        assert!(crop + 96 <= 110 && mask["windows"].as_u64().unwrap() >= 2);
        let path = shell.path(&name);
        let sound = audio::probe_file(&path).unwrap();
        assert!((sound.duration_secs - 3.5).abs() < 1e-9);
        std::fs::read(path).unwrap()
    });
    assert_ne!(sounds[0], sounds[1]);
}

#[test]
fn wrong_usage_and_failures_are_told_apart() {
    let shell = Shell::new();
    let usage = shell.fail(&["mask", "a.wav", "--out", "b.wav", "--ratio", "90"], 2);
    assert!(usage.contains("from 0 to below 1"), "{usage}");
    let missing = shell.fail(&["embed", "nowhere", "--out", "e.npz"], 1);
    assert!(
        missing.trim_end().ends_with("nowhere"),
        "the path is last: {missing}"
    );
    let format = shell.fail(&["embed", "nowhere", "--out", "e.xls"], 2);
    assert!(format.contains(".parquet"), "{format}");
    let lie = shell.fail(&["mask", "a.wav", "--out", "b.mp3", "--ratio", "0.9"], 2);
    assert!(lie.contains(".wav"), "{lie}");
    let demo = shell.fail(&["demo"], 2);
    assert!(demo.contains("mynascope -- demo"), "{demo}");
    let misspelt = shell.fail(&["embde"], 2);
    assert!(misspelt.contains("neither a verb nor"), "{misspelt}");
    let window = shell.fail(&[], 1);
    assert!(window.contains("tour"), "{window}");
    assert!(
        !shell.path("home").exists(),
        "nothing was written for nothing"
    );
}

/// Names without a folder mean the present one, for a data set's own table as for a list.
#[test]
fn tables_named_without_their_folder_are_what_they_are_with_it() {
    let shell = Shell::new();
    let table =
        "clip_id\tdrums\tharp\tmp3_path\n1\t1\t0\t0/a.mp3\n2\t0\t1\tc/b.mp3\n3\t1\t0\tf/c.mp3\n";
    fs::write(shell.path("annotations_final.csv"), table).unwrap();
    tones(&shell.path("audio"), 1);
    fs::write(shell.path("list.csv"), "file,label\n0.WAV,x\n").unwrap();
    for clip in ["0/a.mp3", "c/b.mp3", "f/c.mp3"] {
        fs::create_dir_all(shell.path(clip).parent().unwrap()).unwrap();
        fs::copy(shell.path("audio/low/0.wav"), shell.path(clip)).unwrap();
    }
    fs::rename(shell.path("audio/low/0.wav"), shell.path("0.wav")).unwrap();
    fs::remove_dir_all(shell.path("audio")).unwrap();
    for [bare, whole] in [
        ["annotations_final.csv", "./annotations_final.csv"],
        ["list.csv", "./list.csv"],
    ] {
        let [one, other] = [bare, whole].map(|data| {
            let metadata = "t.metadata.tsv";
            shell.json(&["embed", data, "--out", "t.tsv"], 0);
            fs::read_to_string(shell.path(metadata)).unwrap()
        });
        assert_eq!(one.replace("./", ""), other.replace("./", ""), "{bare}");
        assert_eq!(one.contains("train"), bare.starts_with('a'), "{one}");
    }
}
