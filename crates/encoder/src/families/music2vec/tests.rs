//! The promise: a Music2Vec gives the numbers of `transformers`, and what only looks like one is told by its name.
//! `tests/fixtures/make_music2vec_fixtures.py` made the files.

use std::{collections::BTreeMap, path::PathBuf};

use burn::backend::{Flex, flex::FlexDevice};
use serde_json::{Value, json};

use super::*;
use crate::{
    OpenCheckpoint,
    checkpoint::{FileTensor, read_file, write_tensors},
    families::{Design, Hint, Recognised},
};

fn fixture(name: &str) -> PathBuf {
    let tests = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/music2vec"
    );
    PathBuf::from(tests).join(name)
}

fn opened() -> (Recognised<Config>, Network<Flex>) {
    let mut checkpoint = OpenCheckpoint::open(&fixture("hub")).unwrap();
    let found = read(&mut checkpoint, &Hint::default()).unwrap();
    let (found, values) = found.unwrap();
    let network = Network::assemble(&found.config, values, Precision::F32, &FlexDevice).unwrap();
    (found, network)
}

fn expected() -> BTreeMap<String, Vec<f32>> {
    let file = read_file(&fixture("expected.safetensors")).unwrap();
    let tensors = file.tensors.into_iter();
    tensors
        .map(|(name, tensor)| (name, tensor.values))
        .collect()
}

/// What follows each layer, all tokens of all windows.
fn hidden(network: &Network<Flex>, windows: &[&[f32]], kept: Option<&[usize]>) -> Vec<Vec<f32>> {
    let kept = kept.map(|kept| vec![kept.to_vec(); windows.len()]);
    let samples = cut(windows, kept.as_deref()).unwrap();
    let mut seen = Vec::new();
    let mut tap = |_: usize, x: &Tensor<Flex, 3>| seen.push(numbers(x.clone()).unwrap());
    network.forward(samples, usize::MAX, &mut tap, &FlexDevice);
    seen
}

fn assert_close(found: &[f32], expected: &[f32], most: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        let error = (found - expected).abs();
        assert!(error < most, "{what}: {found} for {expected}");
    }
}

/// Bounds leave room for another order of sums: values up to 4 move by 7e-6.
#[test]
fn every_layer_gives_the_numbers_of_transformers() {
    let ((found, network), expected) = (opened(), expected());
    let window = &expected["input"];
    let samples = cut(&[window], None).unwrap();
    let convolved = numbers(network.convolved(samples, &FlexDevice)).unwrap();
    assert_close(&convolved, &expected["conv"], 2e-5, "convolutions");
    let layers = hidden(&network, &[window], None);
    assert_eq!(layers.len(), found.config.depth + 1);
    for (layer, found) in layers.iter().enumerate() {
        let name = format!("hidden.{layer}");
        assert_close(found, &expected[&name], 5e-5, &name);
    }
}

#[test]
fn frames_that_are_left_out_are_hidden_as_in_training_and_go_through_no_block() {
    let ((_, network), expected) = (opened(), expected());
    let layers = hidden(&network, &[&expected["input"]], Some(&[3, 30, 31, 80]));
    for (layer, found) in layers.iter().enumerate() {
        let name = format!("kept.{layer}");
        assert_close(found, &expected[&name], 5e-5, &name);
    }
    // Another sound where it is hidden changes nothing that is read.
    let mut other = expected["input"].clone();
    for sample in &mut other[50 * FRAME_HOP..70 * FRAME_HOP] {
        *sample = -*sample;
    }
    let again = hidden(&network, &[&other], Some(&[3, 30, 31, 80]));
    assert_eq!(again, layers);
}

#[test]
fn the_readout_is_the_mean_over_frames_of_every_layer() {
    let ((found, network), expected) = (opened(), expected());
    let (dim, layers) = (found.config.dim, found.config.depth + 1);
    let window = &expected["input"];
    let half: Vec<f32> = window.iter().map(|value| 0.5 * value).collect();
    let of = |windows: &[&[f32]], layers: Range<usize>| {
        let samples = cut(windows, None).unwrap();
        embed(&network, samples, layers, Readout::Mean, &FlexDevice).unwrap()
    };
    let both = of(&[window, &half], 0..layers);
    assert_eq!(both.len(), 2 * layers * dim);
    for (layer, found) in both.chunks_exact(dim).take(layers).enumerate() {
        let hidden = &expected[&format!("hidden.{layer}")];
        let rows = (hidden.len() / dim) as f32;
        let mean: Vec<f32> = (0..dim)
            .map(|at| hidden.iter().skip(at).step_by(dim).sum::<f32>() / rows)
            .collect();
        assert_close(found, &mean, 2e-5, &format!("layer {layer}"));
        assert_close(&of(&[window], layer..layer + 1), found, 1e-5, "alone");
    }
    let samples = cut(&[window], None).unwrap();
    let refused = embed(&network, samples, 0..1, Readout::Cls, &FlexDevice);
    assert!(refused.unwrap_err().contains("no readout cls"));
}

/// Every token keeps half of itself; shares are those of a mean.
#[test]
fn attention_is_followed_back_from_the_mean() {
    let ((found, network), expected) = (opened(), expected());
    let samples = cut(&[&expected["input"]], Some(&[vec![3, 30, 80]])).unwrap();
    let followed = follow(&network, samples, found.config.depth, &FlexDevice).unwrap();
    assert_eq!(followed.outputs.len(), 3 * found.config.dim);
    assert_eq!(followed.received.len(), found.config.depth);
    for shares in followed.received.iter().chain(&followed.rollout) {
        assert_eq!(shares.len(), 3);
        assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
}

#[test]
fn a_window_has_as_many_frames_as_published() {
    for (secs, frames) in [(1, 49), (5, 249), (10, 499), (30, 1499)] {
        assert_eq!(frames_of(window_samples(secs)), frames);
        let info = Config::PUBLISHED.info_of_window(secs).unwrap();
        assert_eq!(info.grids[0].columns, frames);
    }
    assert_eq!((frames_of(399), frames_of(400), frames_of(720)), (0, 1, 2));
    let (_, network) = opened();
    for secs in [1, 5] {
        let window = vec![0.25; window_samples(secs)];
        let layers = hidden(&network, &[&window], None);
        assert_eq!(layers[0].len(), frames_of(window.len()) * 24);
    }
}

#[test]
fn windows_are_normalised_and_silence_stays_silence() {
    let normed = normalise(&[1.0, 3.0, 1.0, 3.0]);
    assert_close(&normed, &[-1.0, 1.0, -1.0, 1.0], 1e-6, "normalised");
    assert_eq!(normalise(&[0.0; 8]), [0.0; 8]);
    assert_eq!(
        normalise(&[0.25; 8]),
        [0.0; 8],
        "without what never changes"
    );
    let (_, network) = opened();
    for layer in hidden(&network, &[&normalise(&[0.0; 4000])], None) {
        assert!(layer.iter().all(|value| value.is_finite()));
    }
}

/// The extractor's own result, from the sound on.
#[test]
fn a_window_is_that_of_the_published_extractor() {
    let bytes = std::fs::read(fixture("../front_end/chord.wav")).unwrap();
    // Behind the header 16-bit samples.
    let samples = bytes[44..].as_chunks::<2>().0.iter();
    let samples = samples.map(|bytes| f32::from(i16::from_le_bytes(*bytes)) / 32_768.0);
    let normed = normalise(&samples.collect::<Vec<_>>());
    assert_close(&normed, &expected()["input"], 5e-6, "input");
}

#[test]
fn windows_and_frames_that_do_not_fit_are_refused() {
    let window = vec![0.0; 16_000];
    let refused = |windows: &[&[f32]], kept: Option<&[Vec<usize>]>| {
        cut(windows, kept).unwrap_err().to_string()
    };
    assert!(refused(&[&window[..399]], None).contains("at least 400"));
    assert!(refused(&[&window, &window[1..]], None).contains("the same number of samples"));
    assert!(refused(&[&window], Some(&[vec![49]])).contains("of the 49 there are"));
    assert!(refused(&[&window], Some(&[vec![]])).contains("at least one"));
    assert!(refused(&[&window, &window], Some(&[vec![0]])).contains("same number of frames"));
}

#[test]
fn the_published_encoder_has_the_published_sizes() {
    let config = Config::PUBLISHED;
    config.validate().unwrap();
    assert_eq!(config.info().parameters, 93_164_288);
    for wrong in [
        Config { heads: 5, ..config },
        Config { depth: 0, ..config },
        Config {
            position_kernel: 18,
            ..config
        },
        Config {
            position_groups: 7,
            ..config
        },
    ] {
        assert!(wrong.validate().is_err(), "{wrong:?}");
    }
}

type Tensors = BTreeMap<String, FileTensor>;

/// The folder with some tensors and some of `config.json` changed, its weights as `model.safetensors`; without a `config.json`
/// where that becomes null.
fn changed(change: impl FnOnce(&mut Tensors, &mut Value)) -> Result<Recognised<Config>, String> {
    let mut tensors = read_file(&fixture("hub/pytorch_model.bin"))
        .unwrap()
        .tensors;
    let text = std::fs::read(fixture("hub/config.json")).unwrap();
    let mut config: Value = serde_json::from_slice(&text).unwrap();
    change(&mut tensors, &mut config);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let listed: Vec<_> = tensors
        .iter()
        .map(|(name, tensor)| {
            let (shape, values) = (tensor.shape.as_slice(), tensor.values.as_slice());
            (name.as_str(), shape, values)
        })
        .collect();
    write_tensors(&path, &listed, BTreeMap::new()).unwrap();
    if !config.is_null() {
        let text = serde_json::to_vec(&config).unwrap();
        std::fs::write(folder.path().join("config.json"), text).unwrap();
    }
    let mut checkpoint = OpenCheckpoint::open(&path).unwrap();
    match read(&mut checkpoint, &Hint::default()) {
        Ok(found) => Ok(found.expect("it begins as a Music2Vec").0),
        Err(error) => Err(error.to_string()),
    }
}

/// What is said of a folder of which so many tensors got other names and this `model_type`.
fn said_of(model_type: &str, from: &str, to: &str) -> String {
    let found = changed(|tensors, config| {
        config["model_type"] = model_type.into();
        let old = std::mem::take(tensors);
        let renamed = old.into_iter();
        tensors.extend(renamed.map(|(name, tensor)| (name.replace(from, to), tensor)));
    });
    found.unwrap_err()
}

#[test]
fn the_file_tells_its_sizes_and_config_json_its_heads() {
    let whole = changed(|_, _| ()).unwrap();
    let sizes = Config {
        dim: 24,
        depth: 3,
        heads: 2,
        mlp_dim: 40,
        channels: 16,
        position_layers: 2,
        position_kernel: 7,
        position_groups: 4,
    };
    assert_eq!(whole.config, sizes);
    assert_eq!(opened().0.config, sizes);
    assert!(whole.heads_are_sure && whole.unexpected.is_empty());
    assert!(!whole.by.contains("speech"), "{}", whole.by);
    // A number of words may be that of speech as well; the design is the same.
    let numbered = changed(|_, config| config["vocab_size"] = json!(32)).unwrap();
    assert!(numbered.by.contains("speech"));
    let bare = changed(|_, config| *config = Value::Null).unwrap();
    assert_eq!((bare.config.heads, bare.heads_are_sure), (1, false));
    // As other programs nest it.
    let nested = changed(|tensors, _| {
        let old = std::mem::take(tensors);
        let nested = old.into_iter();
        tensors.extend(nested.map(|(name, tensor)| (format!("data2vec_audio.{name}"), tensor)));
    });
    assert_eq!(nested.unwrap().config, sizes);
}

#[test]
fn encoders_that_begin_alike_are_told_by_name() {
    let positions = "pos_conv_embed.layers.0.conv.weight";
    let normed = "pos_conv_embed.conv.weight_g";
    for (model_type, name) in [
        ("wav2vec2", "it is wav2vec 2.0,"),
        ("hubert", "it is HuBERT,"),
        ("mert_model", "it is MERT,"),
        ("unispeech", "it is unispeech,"),
    ] {
        let said = said_of(model_type, positions, normed);
        assert!(
            said.contains(name) && said.contains("no Music2Vec"),
            "{said}"
        );
    }
    let found = changed(|tensors, config| {
        *config = Value::Null;
        let weight = tensors.remove("encoder.pos_conv_embed.layers.0.conv.weight");
        tensors.insert(format!("encoder.{normed}"), weight.unwrap());
    });
    assert!(found.unwrap_err().contains("wav2vec 2.0, HuBERT"));
    let tuned = changed(|tensors, _| {
        let weight = tensors["feature_projection.projection.weight"].clone();
        tensors.insert("lm_head.weight".into(), weight);
    });
    assert!(tuned.unwrap_err().contains("to write down speech"));
}

#[test]
fn what_is_missing_or_of_another_shape_is_said_in_a_sentence() {
    let said = |change: &dyn Fn(&mut Tensors, &mut Value)| {
        let found = changed(|tensors, config| change(tensors, config));
        found.unwrap_err()
    };
    for name in [
        "encoder.layers.2.attention.q_proj.weight",
        "encoder.layers.1.final_layer_norm.bias",
        "encoder.pos_conv_embed.layers.1.conv.bias",
        "feature_extractor.conv_layers.6.conv.weight",
        "masked_spec_embed",
    ] {
        let said = said(&|tensors, _| {
            tensors.remove(name);
        });
        assert!(
            said.contains(&format!("this Music2Vec lacks {name}")),
            "{said}"
        );
    }
    let cut = said(&|tensors, _| {
        let bias = tensors.get_mut("encoder.layer_norm.bias").unwrap();
        bias.values.pop();
        bias.shape = vec![23];
    });
    assert!(
        cut.contains("encoder.layer_norm.bias: [23], not [24]"),
        "{cut}"
    );
    let infinite = said(&|tensors, _| {
        tensors.get_mut("masked_spec_embed").unwrap().values[0] = f32::NAN;
    });
    assert!(infinite.contains("masked_spec_embed holds numbers that are infinite"));
    for (key, value, words) in [
        (
            "feat_extract_norm",
            json!("group"),
            "feat_extract_norm \"group\"",
        ),
        ("conv_bias", json!(true), "conv_bias true"),
        ("conv_stride", json!([5, 2, 2, 2, 2, 2, 1]), "conv_stride"),
        ("layer_norm_eps", json!(1e-12), "layer_norm_eps"),
        ("hidden_size", json!(768), "hidden_size 768"),
        ("num_hidden_layers", json!(2), "num_hidden_layers 2"),
        ("num_attention_heads", json!(5), "5 heads can't share"),
    ] {
        let said = said(&|_, config| config[key] = value.clone());
        assert!(said.contains(words), "{said}");
    }
    let deeper = said(&|_, config| config["num_hidden_layers"] = json!(12));
    assert!(deeper.contains("lacks encoder.layers.3."), "{deeper}");
}
