#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
//! The promise: whatever torch.load reads as data, in the layouts in which people keep encoders, gives the same encoder
//! bit for bit; what stands beside it is left out and told; which of several weights is read is said and can be
//! chosen; shards and hub folders are found from any of their paths.
//!
//! The files come from torch (`tests/fixtures/make_checkpoint_fixtures.py`); averages hold half of each weight.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use mynascope_encoder::{
    CheckpointRef, CheckpointReport, LoadOptions, WeightsChoice, WeightsRole, inspect,
    is_checkpoint, load_reported, load_weights,
};
use safetensors::{Dtype, tensor::TensorView};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/checkpoints")
        .join(name)
}

/// The weights as numbers by name.
fn read(
    path: &Path,
    weights: &str,
) -> Result<(BTreeMap<String, Vec<f32>>, CheckpointReport), String> {
    let options = LoadOptions {
        weights: weights.parse().unwrap(),
        ..LoadOptions::default()
    };
    let (weights, report) = load_reported(path, &options).map_err(|error| error.to_string())?;
    let tensors = weights.tensors.into_iter();
    let tensors = tensors.map(|tensor| (tensor.spec.name, tensor.values));
    Ok((tensors.collect(), report))
}

fn plain() -> BTreeMap<String, Vec<f32>> {
    read(&fixture("encoder.safetensors"), "auto").unwrap().0
}

fn averages() -> BTreeMap<String, Vec<f32>> {
    let half = |values: Vec<f32>| values.into_iter().map(|value| value * 0.5).collect();
    plain()
        .into_iter()
        .map(|(name, values)| (name, half(values)))
        .collect()
}

#[test]
fn every_way_in_which_torch_writes_gives_the_same_encoder() {
    let expected = plain();
    assert_eq!(expected.len(), 12 + 10 + 2);
    for name in [
        "protocol_3.pth",
        "protocol_4.pth",
        "protocol_5.pth",
        "legacy_2.pth",
        "legacy_4.pth",
        "legacy_bfloat16.pth",
        "legacy_views.pth",
        "float64.pth",
        "float16.pth",
        "bfloat16.pth",
        "views.pth",
        "deflated.pth",
        "deflated_views.pth",
        "big_endian.pth",
        "transposed.pth",
        "tensor_attributes.pth",
        "negative.pth",
        "legacy_negative.pth",
        "parameters.pth",
        "pairs.pth",
    ] {
        let (found, report) =
            read(&fixture(name), "auto").unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(found, expected, "{name}");
        assert_eq!(report.left_out, [], "{name}");
        assert_eq!(report.encoders.len(), 1, "{name}");
        assert!(is_checkpoint(&fixture(name)), "{name}");
    }
}

#[test]
fn what_stands_beside_an_encoder_is_left_out_and_told() {
    let expected = plain();
    // Each of AdamW's 24 parameters has a step and two averages.
    type Case = (&'static str, &'static str, &'static [(&'static str, usize)]);
    let cases: [Case; 12] = [
        ("namespace.pth", "model.", &[]),
        ("numpy_scalar.pth", "model.", &[]),
        ("optimiser.pth", "model.", &[("optimizer", 72)]),
        ("projector.pth", "", &[("projector", 6)]),
        (
            "lightning.ckpt",
            "state_dict.model.encoder.",
            &[("callbacks", 1), ("head", 1), ("optimizer_states", 72)],
        ),
        ("list.pth", "0.", &[("1", 72)]),
        ("whole_model.pth", "", &[]),
        ("compiled_parallel.pth", "module._orig_mod.", &[]),
        ("compiled_inside.pth", "", &[]),
        ("averaged.pth", "module.", &[("n_averaged", 1)]),
        ("unnamed_average.pth", "model.", &[("ema", 24)]),
        ("encoder.safetensors", "", &[]),
    ];
    for (name, prefix, left_out) in cases {
        let (found, report) =
            read(&fixture(name), "auto").unwrap_or_else(|e| panic!("{name}: {e}"));
        let expected = match name {
            "averaged.pth" => averages(),
            _ => expected.clone(),
        };
        assert_eq!(found, expected, "{name}");
        let told: Vec<(&str, usize)> = report
            .left_out
            .iter()
            .map(|group| (group.group.as_str(), group.tensors))
            .collect();
        assert_eq!(told, left_out, "{name}");
        assert_eq!(report.encoders[0].prefix, prefix, "{name}");
        assert!(report.encoders[0].chosen);
        for (group, _) in left_out {
            assert!(report.say_use().unwrap().contains(group), "{name}");
        }
    }
}

#[test]
fn of_several_weights_the_trained_ones_count_and_others_can_be_chosen() {
    use WeightsRole::{Ema, Model};
    for (name, model, ema) in [
        ("model_and_ema.pth", "state_dict", "ema_state_dict"),
        ("model_and_averaged.pth", "model", "averaged.module"),
        ("moco.pth", "encoder_q", "encoder_k"),
        ("student_teacher.pth", "student", "teacher"),
        ("online_target.pth", "online_encoder", "target_encoder"),
    ] {
        let path = fixture(name);
        for choice in ["auto", "model", model] {
            let (found, report) = read(&path, choice).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(found, plain(), "{name} {choice}");
            let mut roles: Vec<_> = report
                .encoders
                .iter()
                .map(|it| (it.role, it.chosen))
                .collect();
            roles.sort();
            assert_eq!(roles, [(Model, true), (Ema, false)], "{name} {choice}");
            let other = &report
                .encoders
                .iter()
                .find(|it| !it.chosen)
                .unwrap()
                .weights;
            assert!(report.say_use().unwrap().contains(other), "{name}");
            assert!(report.note.contains("--weights"), "{name}: {}", report.note);
            assert!(
                report
                    .left_out
                    .iter()
                    .any(|it| it.group == *other && it.tensors >= 24)
            );
        }
        for choice in ["ema", ema] {
            let (found, report) = read(&path, choice).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(found, averages(), "{name} {choice}");
            assert!(report.encoders.iter().any(|it| it.role == Ema && it.chosen));
        }
        let error = read(&path, "nothing").unwrap_err();
        assert!(error.contains("nothing") && error.contains(ema), "{error}");
    }
}

#[test]
fn what_cannot_be_decided_is_asked_and_what_cannot_be_read_is_said() {
    let error = read(&fixture("two_runs.pth"), "auto").unwrap_err();
    assert!(
        error.contains("--weights: first_run, second_run"),
        "{error}"
    );
    assert_eq!(
        read(&fixture("two_runs.pth"), "first_run").unwrap().0,
        plain()
    );
    assert_eq!(
        read(&fixture("two_runs.pth"), "second_run").unwrap().0,
        averages()
    );
    // Who asks what is in it hears it.
    let report = inspect(&fixture("two_runs.pth"), None).unwrap();
    let found: Vec<(&str, bool)> = report
        .encoders
        .iter()
        .map(|it| (it.weights.as_str(), it.chosen))
        .collect();
    assert_eq!(found, [("first_run", false), ("second_run", false)]);
    assert!(report.problem.unwrap().contains("--weights: first_run"));
    assert_eq!(report.dim, 4);
    let error = read(&fixture("unnamed_average.pth"), "ema").unwrap_err();
    assert!(error.contains("ema.shadow_params"), "{error}");
    let error = read(&fixture("sparse_inside.pth"), "auto").unwrap_err();
    for word in [
        "transformer.norm.weight",
        "_rebuild_sparse_tensor",
        "not run",
    ] {
        assert!(error.contains(word), "{error}");
    }
    let error = read(&fixture("encoder.safetensors"), "ema").unwrap_err();
    assert!(error.contains("no averaged weights"), "{error}");
}

/// The tensors of the small encoder as a `.safetensors` file of its own, those that `wanted` names.
fn write_part(path: &Path, prefix: &str, wanted: impl Fn(usize) -> bool) -> Vec<String> {
    let bytes = fs::read(fixture("encoder.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors: Vec<(String, TensorView<'_>)> = file.tensors();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    let part: Vec<(String, &TensorView<'_>)> = tensors
        .iter()
        .enumerate()
        .filter(|(at, _)| wanted(*at))
        .map(|(_, (name, view))| (format!("{prefix}{name}"), view))
        .collect();
    let names = part.iter().map(|(name, _)| name.clone()).collect();
    fs::write(path, safetensors::serialize(part, None).unwrap()).unwrap();
    names
}

/// Three shards with their index, as model hubs write them.
fn shards(folder: &Path) -> PathBuf {
    let mut map = serde_json::Map::new();
    for shard in 0..3 {
        let name = format!("model-0000{}-of-00003.safetensors", shard + 1);
        for tensor in write_part(&folder.join(&name), "encoder.", |at| at % 3 == shard) {
            map.insert(tensor, name.clone().into());
        }
    }
    let index = serde_json::json!({"metadata": {"total_size": 1}, "weight_map": map});
    let path = folder.join("model.safetensors.index.json");
    fs::write(&path, index.to_string()).unwrap();
    path
}

#[test]
fn shards_are_one_checkpoint_from_each_of_their_paths() {
    let folder = tempfile::tempdir().unwrap();
    let index = shards(folder.path());
    let part = folder.path().join("model-00002-of-00003.safetensors");
    for path in [folder.path(), &index, &part] {
        assert_eq!(read(path, "auto").unwrap().0, plain(), "{}", path.display());
        let checkpoint = CheckpointRef::File(path.to_path_buf());
        assert_eq!(checkpoint.resolve().unwrap(), Some(index.clone()));
        assert_eq!(inspect(path, None).unwrap().missing, Vec::<String>::new());
    }
    assert!(is_checkpoint(folder.path()) && is_checkpoint(&index));
    // Without one of them, without the index, with another index.
    let hidden = folder.path().join("hidden");
    fs::rename(&part, &hidden).unwrap();
    let error = read(folder.path(), "auto").unwrap_err();
    assert!(
        error.contains("model-00002-of-00003.safetensors"),
        "{error}"
    );
    fs::rename(&hidden, &part).unwrap();
    let text = fs::read_to_string(&index).unwrap();
    for (from, to, word) in [
        ("model-00002-of-00003", "../model-00002-of-00003", "outside"),
        ("model-00002-of-00003", "model-00001-of-00003", "is not in"),
        ("weight_map", "map", "weight_map"),
    ] {
        fs::write(&index, text.replace(from, to)).unwrap();
        let error = read(&index, "auto").unwrap_err();
        assert!(error.contains(word), "{error}");
    }
    fs::remove_file(&index).unwrap();
    for path in [&part, folder.path()] {
        let error = read(path, "auto").unwrap_err();
        assert!(error.contains("model.safetensors.index.json"), "{error}");
    }
}

#[test]
fn hub_folders_hold_their_encoder() {
    let home = tempfile::tempdir().unwrap();
    let folder = |name: &str| {
        let path = home.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    };
    let hub = folder("hub");
    write_part(&hub.join("model.safetensors"), "", |_| true);
    fs::write(hub.join("config.json"), "{}").unwrap();
    let torch = folder("torch");
    fs::copy(fixture("protocol_3.pth"), torch.join("pytorch_model.bin")).unwrap();
    let cache = folder("models--someone--encoder");
    folder("models--someone--encoder/refs");
    let snapshot = folder("models--someone--encoder/snapshots/0123abc");
    folder("models--someone--encoder/snapshots/older");
    fs::write(cache.join("refs/main"), "0123abc\n").unwrap();
    write_part(&snapshot.join("model.safetensors"), "", |_| true);
    let own_name = folder("own name");
    fs::copy(fixture("legacy_2.pth"), own_name.join("best.pth")).unwrap();
    for path in [&hub, &torch, &cache, &own_name] {
        assert_eq!(read(path, "auto").unwrap().0, plain(), "{}", path.display());
    }
    for path in [&hub, &torch, &cache] {
        assert!(is_checkpoint(path), "{}", path.display());
    }
    // Two formats beside each other may differ: which is used is said.
    assert_eq!(read(&hub, "auto").unwrap().1.say_use(), None);
    fs::copy(fixture("protocol_3.pth"), hub.join("pytorch_model.bin")).unwrap();
    let said = read(&hub, "auto").unwrap().1.say_use().unwrap();
    assert!(
        said.contains("model.safetensors is used, and pytorch_model.bin beside it is not"),
        "{said}"
    );
    let report = inspect(&hub, None).unwrap();
    assert_eq!(report.other_files, Some(said));
    let named = hub.join("pytorch_model.bin");
    assert_eq!(read(&named, "auto").unwrap().1.other_files, None);
    // Which of two is meant is not guessed; where there is none, what was looked for is said.
    fs::copy(fixture("legacy_2.pth"), own_name.join("last.pth")).unwrap();
    let error = read(&own_name, "auto").unwrap_err();
    assert!(
        error.contains("2 files") && error.contains("best.pth"),
        "{error}"
    );
    let error = read(&folder("empty"), "auto").unwrap_err();
    for word in [
        "final.safetensors",
        "model.safetensors",
        "pytorch_model.bin",
        ".index.json",
    ] {
        assert!(error.contains(word), "{error}");
    }
    assert!(!is_checkpoint(&folder("empty")));
}

#[test]
fn files_that_are_taken_for_checkpoints_say_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let mut tar = vec![0; 512];
    tar[257..262].copy_from_slice(b"ustar");
    for (bytes, word) in [
        (
            &b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"[..],
            "git lfs pull",
        ),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "gzip"),
        (b"<!doctype html><html></html>", "download it again"),
        (&tar, "tar archive"),
        // A pickle that torch didn't write: {}.
        (b"\x80\x04}\x94.", "torch.save"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = load_weights(&path, None).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    // A table of embeddings has the ending of a checkpoint, and is none.
    let values = [0; 16];
    let view = TensorView::new(Dtype::F32, vec![2, 2], &values).unwrap();
    fs::write(
        &path,
        safetensors::serialize([("embedding", view)], None).unwrap(),
    )
    .unwrap();
    assert!(!is_checkpoint(&path));
    assert!(is_checkpoint(&fixture("encoder.safetensors")));
}

#[test]
fn a_program_of_torch_script_is_named_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.pt");
    let mut archive = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    // As torch.jit.save writes it.
    for (name, bytes) in [
        ("model/data.pkl", &b"\x80\x02c__torch__\nNet\n)\x81."[..]),
        ("model/code/__torch__.py", b"class Net(Module):\n  pass\n"),
        ("model/constants.pkl", b"\x80\x02)."),
        ("model/version", b"3\n"),
    ] {
        archive.start_file(name, stored).unwrap();
        std::io::Write::write_all(&mut archive, bytes).unwrap();
    }
    archive.finish().unwrap();
    let error = load_weights(&path, None).unwrap_err().to_string();
    for word in ["TorchScript", "torch.jit.load(", ".state_dict()"] {
        assert!(error.contains(word), "{error}");
    }
    assert!(error.ends_with(&path.display().to_string()), "{error}");
}

#[test]
fn weights_that_were_saved_in_another_way_are_named_with_the_remedy() {
    for (name, words) in [
        (
            "bare.pth",
            ["24 tensors without names", "save model.state_dict()"],
        ),
        (
            "weights.npz",
            ["numpy arrays (.npz)", "safetensors.numpy.save_file"],
        ),
        ("pickled.pkl", ["pickle", "with torch.save"]),
        ("float8.pth", ["8 bits", "convert it to f16 or f32"]),
        ("float8.safetensors", ["8 bits", "convert it to f16 or f32"]),
        ("quantised.pth", ["_rebuild_qtensor", "in floating point"]),
        (
            "int8.pth",
            ["is I8: whole numbers", "before it was quantised"],
        ),
        (
            "int8_legacy.pth",
            ["is I8: whole numbers", "before it was quantised"],
        ),
        (
            "lora.pth",
            ["to_qkv.weight is parted into a base", "merge_and_unload()"],
        ),
        (
            "lora_alone.pth",
            ["additions of LoRA", "merge_and_unload()"],
        ),
        (
            "conjugated.pth",
            ["marked by torch as `conj`", "resolve_conj()"],
        ),
        (
            "complex.pth",
            ["is C64: complex", "real numbers in f16 or f32"],
        ),
    ] {
        let error = read(&fixture(name), "auto").unwrap_err();
        for word in words {
            assert!(error.contains(word), "{name}: {error}");
        }
        let path = fixture(name).display().to_string();
        assert!(error.ends_with(&path), "{name}: {error}");
        // Asked what is in it, the program doesn't point to itself.
        let looked = match inspect(&fixture(name), None) {
            Ok(report) => report.problem.unwrap(),
            Err(error) => error.to_string(),
        };
        assert!(!looked.contains("mynascope inspect"), "{name}: {looked}");
    }
}

#[test]
fn choices_are_read_and_written_as_text() {
    for text in ["auto", "model", "ema", "module.encoder_k"] {
        let choice: WeightsChoice = text.parse().unwrap();
        assert_eq!(choice.to_string(), text);
        let json = serde_json::to_string(&choice).unwrap();
        assert_eq!(
            serde_json::from_str::<WeightsChoice>(&json).unwrap(),
            choice
        );
    }
}
