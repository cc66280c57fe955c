#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
//! The promise: a checkpoint of the published layout, from a safetensors or a torch file, gives the embeddings that the
//! published PyTorch code gives, within 1e-4; a wrong or hostile file is an error that names what is wrong, and nothing
//! in it runs.
//!
//! `hybrid_small.safetensors` and its embeddings come from the published code with seeded random weights
//! (`tests/fixtures/make_encoder_fixture.py` cuts them to size).

use std::{
    fs,
    path::{Path, PathBuf},
};

use mynascope_encoder::{
    CheckpointRef, DeviceChoice, FileDtype, LoadedEncoder, MynaConfig, PatchInput, Patching,
    Preset, Weights, inspect, is_shipped, load_weights, save_weights, save_weights_as,
    shipped_weights,
};
use mynascope_spectrum::tokens::{MEL_BANDS, TokenMask};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// The numbers of a little-endian f32 `.npy` with their shape.
fn read_npy(path: &Path) -> (Vec<usize>, Vec<f32>) {
    let bytes = fs::read(path).unwrap();
    let npy = npyz::NpyFile::new(&bytes[..]).unwrap();
    let shape = npy.shape().iter().map(|&axis| axis as usize).collect();
    (shape, npy.into_vec().unwrap())
}

/// Windows of a [128, frames] mel, back to back, frame-major.
fn windows(mel: &Path, frames_per_window: usize) -> Vec<Vec<f32>> {
    let (shape, values) = read_npy(mel);
    let frames = shape[1];
    let transposed: Vec<f32> = (0..frames)
        .flat_map(|frame| (0..MEL_BANDS).map(move |band| (band, frame)))
        .map(|(band, frame)| values[band * frames + frame])
        .collect();
    transposed
        .chunks_exact(frames_per_window * MEL_BANDS)
        .map(<[f32]>::to_vec)
        .collect()
}

fn open(path: &Path, patch: Option<Patching>) -> LoadedEncoder {
    let checkpoint = CheckpointRef::File(path.to_path_buf());
    LoadedEncoder::open(&checkpoint, patch, &DeviceChoice::Cpu).unwrap()
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .fold(0.0, |most, (a, b)| most.max((a - b).abs()))
}

#[test]
fn a_published_hybrid_gives_the_published_embeddings() {
    let encoder = open(&fixture("hybrid_small.safetensors"), None);
    assert_eq!(encoder.myna().unwrap().kind, Patching::Hybrid);
    let windows = windows(&fixture("encoder_mel.npy"), 96);
    let slices: Vec<&[f32]> = windows.iter().map(Vec::as_slice).collect();
    let (shape, expected) = read_npy(&fixture("hybrid_small.embeddings.npy"));
    assert_eq!(shape, [windows.len(), encoder.embedding_dim()]);
    let found = encoder.embed_windows(&slices, None).unwrap();
    let difference = largest_difference(&found, &expected);
    assert!(difference < 1e-4, "{difference}");
}

/// With the hybrid above, both file formats and all kinds.
#[test]
fn square_and_vertical_encoders_as_published_give_the_published_embeddings() {
    for (file, name, kind) in [
        ("myna-base-small.pth", "base", Patching::Square),
        (
            "myna-vertical-small.safetensors",
            "vertical",
            Patching::Vertical,
        ),
    ] {
        let encoder = open(&fixture("published").join(file), Some(kind));
        let windows = windows(
            &fixture("front_end/notes.mel.npy"),
            encoder.myna().unwrap().kind.window_frames(),
        );
        let slices: Vec<&[f32]> = windows.iter().map(Vec::as_slice).collect();
        let expected = format!("published/notes.{name}.embeddings.npy");
        let (shape, expected) = read_npy(&fixture(&expected));
        assert_eq!(shape, [windows.len(), encoder.embedding_dim()]);
        let found = encoder.embed_windows(&slices, None).unwrap();
        let difference = largest_difference(&found, &expected);
        assert!(difference < 1e-4, "{file}: {difference}");
    }
}

#[test]
fn a_branch_of_a_hybrid_is_its_half_of_the_embedding() {
    let path = fixture("hybrid_small.safetensors");
    let whole = open(&path, None);
    let windows = windows(&fixture("encoder_mel.npy"), 96);
    let slices: Vec<&[f32]> = windows.iter().map(Vec::as_slice).collect();
    let both = whole.embed_windows(&slices, None).unwrap();
    let dim = whole.myna().unwrap().dim;
    for (part, kind) in [Patching::Square, Patching::Vertical]
        .into_iter()
        .enumerate()
    {
        let branch = open(&path, Some(kind));
        assert_eq!(branch.embedding_dim(), dim);
        let one = branch.embed_windows(&slices, None).unwrap();
        let half: Vec<f32> = both
            .chunks_exact(2 * dim)
            .flat_map(|row| row[part * dim..(part + 1) * dim].to_vec())
            .collect();
        assert!(largest_difference(&one, &half) < 1e-5, "{kind}");
    }
}

#[test]
fn masked_windows_read_only_the_kept_tokens() {
    let encoder = open(&fixture("hybrid_small.safetensors"), None);
    let windows = windows(&fixture("encoder_mel.npy"), 96);
    let mut window = windows[0].clone();
    let mask = [TokenMask(vec![vec![40, 3, 17], vec![0, 47, 20, 21, 5]])];
    let before = encoder.embed_windows(&[&window], Some(&mask)).unwrap();
    let full = encoder.embed_windows(&[&window], None).unwrap();
    assert!(
        largest_difference(&before, &full) > 1e-3,
        "a mask changes the embedding"
    );
    // Column 30 of the vertical grid and token 24 of the square grid were dropped by both.
    for frame in 60..62 {
        for band in 64..80 {
            window[frame * MEL_BANDS + band] += 5.0;
        }
    }
    let after = encoder.embed_windows(&[&window], Some(&mask)).unwrap();
    assert_eq!(before, after);
}

#[test]
fn a_file_that_cannot_tell_its_patches_asks_for_them() {
    let path = fixture("published/myna-vertical-small.safetensors");
    let error = load_weights(&path, None).unwrap_err().to_string();
    assert!(error.contains("--patch"), "{error}");
    let report = inspect(&path, None).unwrap();
    assert_eq!(report.kind, None);
    assert!(
        report
            .left_out
            .iter()
            .any(|group| group.group == "linear_head" && group.tensors == 2)
    );
}

#[test]
fn our_own_files_say_their_kind_and_come_back_unchanged() {
    for input in PatchInput::ALL {
        comes_back_unchanged(input);
    }
}

fn comes_back_unchanged(input: PatchInput) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.safetensors");
    let config = mynascope_encoder::MynaConfig {
        kind: Patching::Vertical,
        dim: 32,
        depth: 2,
        heads: 1,
        mlp_dim: 64,
        input,
    };
    let weights = Weights::random(
        config,
        &mynascope_encoder::TrainingHead::Projection(vec![16, 8]),
        1,
    )
    .unwrap();
    save_weights(&path, &weights, &[("seed", "1".into())]).unwrap();
    let back = load_weights(&path, None).unwrap();
    assert_eq!(back.config, config.into());
    let without_head = weights.tensors.len() - 4;
    assert_eq!(back.tensors, weights.tensors[..without_head]);
    let error = load_weights(&path, Some(Patching::Square)).unwrap_err();
    assert!(error.to_string().contains("vertical"), "{error}");
    let report = inspect(&path, Some(Preset::Tiny)).unwrap();
    assert!(!report.misshaped.is_empty() && report.missing.len() > 10);
}

/// A safetensors file with given tensors: name, type, shape, bytes.
fn write_raw(path: &Path, tensors: &[(&str, safetensors::Dtype, Vec<usize>, Vec<u8>)]) {
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        let view = safetensors::tensor::TensorView::new(*dtype, shape.clone(), bytes).unwrap();
        (*name, view)
    });
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

/// The tensors of the small hybrid as raw bytes.
fn hybrid_tensors() -> Vec<(String, Vec<usize>, Vec<u8>)> {
    let bytes = fs::read(fixture("hybrid_small.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    file.tensors()
        .into_iter()
        .map(|(name, view)| (name, view.shape().to_vec(), view.data().to_vec()))
        .collect()
}

#[test]
fn wrong_tensors_are_named() {
    use safetensors::Dtype;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.safetensors");
    const NORM: &str = "transformer.norm.weight";
    let change = |how: &str| {
        let tensors = hybrid_tensors();
        let changed: Vec<_> = tensors
            .iter()
            .map(|(name, shape, bytes)| match (how, name.as_str()) {
                ("renamed", NORM) => (
                    "transformer.nrom.weight",
                    Dtype::F32,
                    shape.clone(),
                    bytes.clone(),
                ),
                ("reshaped", NORM) => (NORM, Dtype::F32, vec![8, 8], bytes.clone()),
                ("integer", NORM) => (NORM, Dtype::I32, shape.clone(), bytes.clone()),
                ("nan", NORM) => {
                    let mut bytes = bytes.clone();
                    bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes());
                    (NORM, Dtype::F32, shape.clone(), bytes)
                }
                ("f64", NORM) => {
                    let wide = bytes
                        .chunks_exact(4)
                        .flat_map(|b| {
                            f64::from(f32::from_le_bytes(b.try_into().unwrap())).to_le_bytes()
                        })
                        .collect();
                    (NORM, Dtype::F64, shape.clone(), wide)
                }
                _ => (name.as_str(), Dtype::F32, shape.clone(), bytes.clone()),
            })
            .collect();
        write_raw(&path, &changed);
    };
    for how in ["renamed", "reshaped", "integer", "nan"] {
        change(how);
        let error = load_weights(&path, None).unwrap_err().to_string();
        assert!(error.contains(NORM), "{how}: {error}");
    }
    change("renamed");
    let report = inspect(&path, None).unwrap();
    assert_eq!(report.missing, [NORM]);
    assert_eq!(report.unexpected, ["transformer.nrom.weight"]);
    change("f64");
    let plain = load_weights(&fixture("hybrid_small.safetensors"), None).unwrap();
    assert_eq!(load_weights(&path, None).unwrap().tensors, plain.tensors);
    assert!(inspect(&path, None).unwrap().note.contains("F64"));
}

#[test]
fn a_common_prefix_is_left_out_and_foreign_parts_are_ignored() {
    use safetensors::Dtype;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prefixed.safetensors");
    let tensors = hybrid_tensors();
    let mut named: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = tensors
        .into_iter()
        .map(|(name, shape, bytes)| (format!("module.{name}"), Dtype::F32, shape, bytes))
        .collect();
    named.push(("module.mask_token".into(), Dtype::F32, vec![1], vec![0; 4]));
    named.push((
        "module.decoder.norm.weight".into(),
        Dtype::F32,
        vec![1],
        vec![0; 4],
    ));
    let borrowed: Vec<_> = named
        .iter()
        .map(|(name, dtype, shape, bytes)| (name.as_str(), *dtype, shape.clone(), bytes.clone()))
        .collect();
    write_raw(&path, &borrowed);
    assert!(load_weights(&path, None).is_ok());
    let report = inspect(&path, None).unwrap();
    assert!(
        report.left_out.iter().any(|it| it.group == "mask_token"),
        "{report:?}"
    );
    assert!(report.note.contains("module."));
}

#[test]
fn cut_off_and_hostile_files_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile");
    let whole = fs::read(fixture("hybrid_small.safetensors")).unwrap();
    for length in [0, 7, 8, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(load_weights(&path, None).is_err(), "cut to {length}");
    }
    let header = |text: &str| {
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend(text.as_bytes());
        bytes.extend([0; 64]);
        bytes
    };
    for text in [
        // A shape of 2^40, overlapping tensors, an offset outside of the file, a doubled key.
        r#"{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,64]}}"#,
        r#"{"a":{"dtype":"F32","shape":[8],"data_offsets":[0,32]},"b":{"dtype":"F32","shape":[8],"data_offsets":[16,48]}}"#,
        r#"{"a":{"dtype":"F32","shape":[99],"data_offsets":[0,396]}}"#,
        r#"{"a":{"dtype":"F32","shape":[8],"data_offsets":[0,32]},"a":{"dtype":"F32","shape":[8],"data_offsets":[32,64]}}"#,
        r#"{"a":"#,
    ] {
        fs::write(&path, header(text)).unwrap();
        assert!(load_weights(&path, None).is_err(), "{text}");
    }
    let mut huge_header = u64::MAX.to_le_bytes().to_vec();
    huge_header.extend([b'{'; 64]);
    fs::write(&path, huge_header).unwrap();
    assert!(load_weights(&path, None).is_err());
}

#[test]
fn a_hostile_torch_file_runs_nothing() {
    let canary = std::env::temp_dir().join("mynascope-canary");
    let _ = fs::remove_file(&canary);
    for name in ["hostile.pth", "hostile_bare.pth"] {
        let error = load_weights(&fixture(name), None).unwrap_err().to_string();
        assert!(error.contains("system") || error.contains("zip"), "{error}");
        assert!(!canary.exists(), "the file's code ran");
    }
}

#[test]
fn damaged_torch_files_never_panic() {
    let path = fixture("published/myna-base-small.pth");
    let load = |path: &Path| load_weights(path, Some(Patching::Square));
    let whole = fs::read(&path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("damaged.pth");
    let plain = load(&path).unwrap();
    for length in (0..whole.len()).step_by(whole.len() / 40) {
        fs::write(&copy, &whole[..length]).unwrap();
        assert!(load(&copy).is_err(), "cut to {length}");
    }
    // A changed byte in names, sizes or directory is an error or gives other numbers, never a panic.
    for place in (0..5000).chain(whole.len() - 3000..whole.len()).step_by(7) {
        let mut changed = whole.clone();
        changed[place] ^= 0x41;
        fs::write(&copy, changed).unwrap();
        if let Ok(weights) = load(&copy) {
            assert_eq!(weights.config, plain.config);
        }
    }
}

/// A header may have any length, also one whose bytes look like the beginning of a torch file.
#[test]
fn our_files_are_known_whatever_the_length_of_their_header() {
    let folder = tempfile::tempdir().unwrap();
    let config = MynaConfig {
        kind: Patching::Square,
        dim: 4,
        depth: 1,
        heads: 1,
        mlp_dim: 4,
        input: PatchInput::Power,
    };
    let weights = Weights::random(config, &mynascope_encoder::TrainingHead::None, 0).unwrap();
    let path = folder.path().join("any.safetensors");
    let mut first_bytes = std::collections::BTreeSet::new();
    for length in (0..256).step_by(8) {
        save_weights(&path, &weights, &[("pad", "x".repeat(length))]).unwrap();
        first_bytes.insert(fs::read(&path).unwrap()[0]);
        assert_eq!(load_weights(&path, None).unwrap(), weights);
    }
    assert!(first_bytes.contains(&0x80), "{first_bytes:?}");
}

#[test]
fn the_shipped_encoder_is_whole_small_and_not_the_untrained_one() {
    let open = |checkpoint| LoadedEncoder::open(&checkpoint, None, &DeviceChoice::Cpu).unwrap();
    let (shipped, untrained) = (open(CheckpointRef::Shipped), open(CheckpointRef::Untrained));
    assert_eq!(shipped.myna().unwrap().kind, Patching::Hybrid);
    assert_eq!(shipped.description(), "shipped tiny hybrid encoder");
    assert!(untrained.description().starts_with("untrained"));
    let window: Vec<f32> = (0..96 * 128).map(|at| (at % 97) as f32 / 97.0).collect();
    let embed = |encoder: &LoadedEncoder| encoder.embed_windows(&[&window], None).unwrap();
    let (a, b) = (embed(&shipped), embed(&untrained));
    assert_eq!(a.len(), 384);
    assert!(a.iter().all(|value| value.is_finite()));
    assert_ne!(a, b);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/myna-tiny.safetensors");
    assert!(std::fs::metadata(&file).unwrap().len() <= 8_000_000);
    // One branch alone is half of the hybrid's embedding.
    let square = LoadedEncoder::open(
        &CheckpointRef::File(file),
        Some(Patching::Square),
        &DeviceChoice::Cpu,
    )
    .unwrap();
    let half = embed(&square);
    // It is known by its weights, whole and as a branch, whatever file they come from; another encoder is not taken for it.
    assert!(is_shipped(shipped.fingerprint()) && is_shipped(square.fingerprint()));
    assert!(!is_shipped(untrained.fingerprint()) && !is_shipped(""));
    let worst = half
        .iter()
        .zip(&a)
        .map(|(x, y)| (x - y).abs())
        .fold(0.0, f32::max);
    assert!(half.len() == 192 && worst < 1e-5, "{worst}");
}

#[test]
fn half_precision_is_half_the_size_and_nearly_the_same_weights() {
    let folder = tempfile::tempdir().unwrap();
    let weights = shipped_weights(None).unwrap();
    let mut lengths = Vec::new();
    for precision in [FileDtype::Single, FileDtype::Half] {
        let file = folder.path().join(format!("{precision:?}.safetensors"));
        save_weights_as(&file, &weights, &[], precision).unwrap();
        lengths.push(std::fs::metadata(&file).unwrap().len());
        let read = load_weights(&file, None).unwrap();
        for (a, b) in weights.tensors.iter().zip(&read.tensors) {
            assert_eq!(a.spec.name, b.spec.name);
            for (x, y) in a.values.iter().zip(&b.values) {
                assert!((x - y).abs() <= 1e-3 * x.abs() + 1e-7, "{x} {y}");
            }
        }
    }
    assert!(lengths[1] * 19 < lengths[0] * 10, "{lengths:?}");
}
