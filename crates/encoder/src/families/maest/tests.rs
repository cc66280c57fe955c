//! The promise: a MAEST in either published form gives the numbers of the libraries that it was published for.
//! `tests/fixtures/make_maest_fixtures.py` made the files.

use std::{collections::BTreeMap, path::PathBuf};

use burn::backend::{Flex, flex::FlexDevice};
use serde_json::{Value, json};

use super::*;
use crate::{
    OpenCheckpoint,
    checkpoint::read_file,
    families::{Hint, Recognised, Shapes},
};

/// As the files were measured: another order of sums moves values of up to 5 by 2e-6.
const TOLERANCE: f32 = 2e-5;

fn fixture(name: &str) -> PathBuf {
    let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/maest");
    PathBuf::from(tests).join(name)
}

struct Opened {
    found: Recognised<Config>,
    network: Network<Flex>,
}

fn open(file: &str, hint: &Hint) -> Opened {
    let mut checkpoint = OpenCheckpoint::open(&fixture(file)).unwrap();
    let (found, values) = read(&mut checkpoint, hint).unwrap().unwrap();
    let network = Network::assemble(&found.config, values, Precision::F32, &FlexDevice).unwrap();
    Opened { found, network }
}

fn hub() -> Opened {
    open("hub", &Hint::default())
}

/// The authors' file doesn't say that its heads are 16 wide.
fn native(head: Head) -> Opened {
    let hint = Hint {
        heads: Some(2),
        head: Some(head),
        prefix: None,
    };
    open("native.ckpt", &hint)
}

impl Opened {
    fn embed(
        &self,
        window: &[f32],
        kept: Option<Vec<usize>>,
        layer: usize,
        readout: Readout,
    ) -> Vec<f32> {
        let kept = kept.map(|kept| vec![kept]);
        let patches = cut(&self.found.config, &[window], kept.as_deref()).unwrap();
        embed(
            &self.network,
            patches,
            layer..layer + 1,
            readout,
            &FlexDevice,
        )
        .unwrap()
    }
}

fn expected() -> BTreeMap<String, Vec<f32>> {
    let file = read_file(&fixture("expected.safetensors")).unwrap();
    let tensors = file.tensors.into_iter();
    tensors
        .map(|(name, tensor)| (name, tensor.values))
        .collect()
}

fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        let error = (found - expected).abs();
        assert!(error < TOLERANCE, "{what}: {found} for {expected}");
    }
}

#[test]
fn the_hubs_form_gives_the_numbers_of_transformers() {
    let (opened, expected) = (hub(), expected());
    let window = &expected["window"];
    let config = opened.found.config;
    assert_eq!((config.frames(), config.columns_of(316)), (316, 31));
    let patches = cut(&config, &[window], None).unwrap();
    let stack = embed(&opened.network, patches, 0..3, Readout::Stack, &FlexDevice).unwrap();
    assert_close(&stack, &expected["hub.stack"], "stack of layers 0 to 2");
    for readout in [Readout::Logits, Readout::Probabilities] {
        let found = opened.embed(window, None, 2, readout);
        assert_close(
            &found,
            &expected[&format!("hub.{readout}")],
            &readout.to_string(),
        );
    }
    let mut first = Vec::new();
    let mut tap = |layer: usize, tokens: &Tensor<Flex, 3>| {
        if layer == 0 {
            first = numbers(tokens.clone()).unwrap();
        }
    };
    let patches = cut(&config, &[window], None).unwrap();
    opened.network.forward(patches, 0, &mut tap, &FlexDevice);
    assert_close(
        &first,
        &expected["hub.hidden.0"],
        "what enters the first block",
    );
}

#[test]
fn the_parts_of_a_stack_are_read_alone_too() {
    let (opened, expected) = (hub(), expected());
    let stack = opened.embed(&expected["window"], None, 1, Readout::Stack);
    let parts = [Readout::Cls, Readout::Dist, Readout::Mean]
        .map(|readout| opened.embed(&expected["window"], None, 1, readout));
    assert_eq!(parts.concat(), stack);
}

#[test]
fn the_authors_form_gives_the_numbers_of_maest_infer() {
    let (opened, expected) = (native(Head::Mean), expected());
    let config = opened.found.config;
    assert_eq!((config.frames(), config.columns_of(312)), (312, 30));
    let window = &expected["window"][..312 * BANDS];
    let patches = cut(&config, &[window], None).unwrap();
    let stack = embed(&opened.network, patches, 1..3, Readout::Stack, &FlexDevice).unwrap();
    assert_close(&stack, &expected["native.t0.f0.stack"], "stack");
    let features = opened.embed(window, None, 2, Readout::Features);
    assert_close(&features, &expected["native.features"], "features");
    let logits = opened.embed(window, None, 2, Readout::Logits);
    assert_close(&logits, &expected["native.t0.f0.logits"], "logits");
    let short = &window[..188 * BANDS];
    let patches = cut(&config, &[short], None).unwrap();
    let stack = embed(&opened.network, patches, 1..3, Readout::Stack, &FlexDevice).unwrap();
    assert_close(&stack, &expected["native.short.stack"], "a short window");
}

#[test]
fn the_teachers_students_have_two_classifiers() {
    let (opened, expected) = (native(Head::Separated), expected());
    let window = &expected["window"][..312 * BANDS];
    let logits = opened.embed(window, None, 2, Readout::Logits);
    assert_close(&logits, &expected["native.separated.cls"], "class token");
    let patches = cut(&opened.found.config, &[window], None).unwrap();
    let tokens = opened
        .network
        .forward(patches, 2, &mut |_, _| (), &FlexDevice);
    let second = numbers(opened.network.second_logits(tokens).unwrap()).unwrap();
    assert_close(
        &second,
        &expected["native.separated.dist"],
        "distillation token",
    );
}

#[test]
fn patchout_reads_every_so_many_columns_and_the_rows_that_are_left() {
    let (opened, expected) = (native(Head::Mean), expected());
    let window = &expected["window"][..312 * BANDS];
    for every in [0, 3, 10] {
        for (name, dropped) in [("0", vec![]), ("3", vec![0, 7, 8]), ("4", vec![0, 1, 7, 8])] {
            let kept = patchout(30, every, &dropped);
            let columns = 30_usize.div_ceil(every.max(1));
            assert_eq!(kept.len(), columns * (ROWS - dropped.len()));
            let patches = cut(
                &opened.found.config,
                &[window],
                Some(std::slice::from_ref(&kept)),
            )
            .unwrap();
            let stack = embed(&opened.network, patches, 1..3, Readout::Stack, &FlexDevice);
            let what = format!("native.t{every}.f{name}");
            assert_close(&stack.unwrap(), &expected[&format!("{what}.stack")], &what);
            let logits = opened.embed(window, Some(kept), 2, Readout::Logits);
            assert_close(&logits, &expected[&format!("{what}.logits")], &what);
        }
    }
}

/// Windows of one call don't see each other, and may keep other patches.
#[test]
fn windows_are_embedded_together_as_alone() {
    let (opened, expected) = (hub(), expected());
    let one = &expected["window"];
    let two: Vec<f32> = one.iter().rev().copied().collect();
    let kept = [patchout(31, 4, &[1]), patchout(31, 4, &[5])];
    let patches = cut(&opened.found.config, &[one, &two], Some(&kept)).unwrap();
    let both = embed(&opened.network, patches, 2..3, Readout::Stack, &FlexDevice).unwrap();
    let [first, second] = kept;
    let first = opened.embed(one, Some(first), 2, Readout::Stack);
    let second = opened.embed(&two, Some(second), 2, Readout::Stack);
    assert_close(&both, &[first, second].concat(), "two windows");
}

/// What attention does not give to patches, the class and the distillation token get.
#[test]
fn attention_is_followed_back_from_what_is_read() {
    let (opened, expected) = (hub(), expected());
    let kept = patchout(31, 10, &[]);
    let follow = |blocks: usize, readout: Readout| {
        let kept = [kept.clone()];
        let patches = cut(&opened.found.config, &[&expected["window"]], Some(&kept)).unwrap();
        super::follow(&opened.network, patches, blocks, readout, &FlexDevice).unwrap()
    };
    for readout in [Readout::Stack, Readout::Mean, Readout::Features] {
        let followed = follow(2, readout);
        assert_eq!(followed.outputs.len(), 36 * 32);
        for rows in [&followed.received, &followed.rollout] {
            assert_eq!(rows.len(), 2);
            for row in rows {
                assert_eq!(row.len(), 36);
                let sum: f32 = row.iter().sum();
                assert!(sum > 0.0 && sum < 1.0, "{readout}: {sum}");
            }
        }
    }
    // Three equal parts of a stack.
    let parts = [Readout::Cls, Readout::Dist, Readout::Mean].map(|part| follow(2, part));
    let stack = follow(2, Readout::Stack);
    for (place, share) in stack.rollout[1].iter().enumerate() {
        let sum: f32 = parts.iter().map(|part| part.rollout[1][place]).sum();
        assert!((sum / 3.0 - share).abs() < 1e-6);
    }
    let before_any = follow(0, Readout::Stack);
    assert!(before_any.received.is_empty() && before_any.rollout.is_empty());
    assert_eq!(before_any.outputs.len(), 36 * 32);
}

#[test]
fn the_hubs_folder_names_its_styles_in_their_order() {
    let found = hub().found;
    let labels = found.labels.unwrap();
    assert_eq!(labels[0], "Blues---Boogie Woogie");
    assert_eq!(labels[2], "Latin---Forró");
    assert!(found.heads_are_sure && found.unexpected.is_empty());
    assert!(found.by.contains("config.json"), "{}", found.by);
}

#[test]
fn averaged_weights_are_taken_before_those_that_were_trained() {
    let found = native(Head::Mean).found;
    assert_eq!(found.prefix, "state_dict.net_swa.");
    assert_eq!(found.prefixes, ["state_dict.net.", "state_dict.net_swa."]);
    let trained = Hint {
        heads: Some(2),
        prefix: Some("state_dict.net".to_owned()),
        head: None,
    };
    assert_eq!(
        open("native.ckpt", &trained).found.prefix,
        "state_dict.net."
    );
    let absent = Hint {
        prefix: Some("teacher".to_owned()),
        ..Hint::default()
    };
    let shapes = OpenCheckpoint::open(&fixture("native.ckpt"))
        .unwrap()
        .shapes();
    let why = recognise(&shapes, None, &absent).unwrap().unwrap_err();
    assert!(
        why.contains("'teacher'") && why.contains("net_swa"),
        "{why}"
    );
}

fn published(form: Form) -> Config {
    Config::published(30, 400, form).unwrap()
}

#[test]
fn the_published_encoders_have_the_published_sizes() {
    let count = |form: Form| -> usize {
        let parameters = published(form).parameters();
        parameters
            .iter()
            .map(|(_, shape)| shape.iter().product::<usize>())
            .sum()
    };
    assert_eq!(count(Form::Hub), 86_858_128);
    // With the second classifier, which only some files use: 86,023,712.
    assert_eq!(count(Form::Native) + 400 * 768 + 400, 86_023_712);
    for (secs, hub, native) in [
        (5, 316, 312),
        (10, 626, 625),
        (20, 1256, 1250),
        (30, 1876, 1875),
    ] {
        let frames = |form| Config::published(secs, 519, form).unwrap().frames();
        assert_eq!((frames(Form::Hub), frames(Form::Native)), (hub, native));
        let config = Config::published(secs, 519, Form::Hub).unwrap();
        assert_eq!(config.window_samples(), secs * 16_000);
        assert_eq!(config.columns_of(native), config.columns - 1);
    }
    assert_eq!(Config::published(15, 400, Form::Hub), None);
}

/// The tensors of a published file, and its config.
fn hub_file() -> (Shapes, Value) {
    let shapes = OpenCheckpoint::open(&fixture("hub")).unwrap().shapes();
    let text = std::fs::read(fixture("hub/config.json")).unwrap();
    (shapes, serde_json::from_slice(&text).unwrap())
}

fn why(shapes: &Shapes, config: &Value) -> String {
    let found = recognise(shapes, Some(config), &Hint::default()).unwrap();
    found
        .map(|found| found.problem())
        .unwrap_or_else(Some)
        .unwrap()
}

#[test]
fn what_is_no_maest_or_does_not_belong_together_is_said_in_a_sentence() {
    let (shapes, config) = hub_file();
    for (key, value, said) in [
        (
            "num_mel_bins",
            json!(128),
            "no MAEST: its config.json says num_mel_bins 128",
        ),
        ("time_stride", json!("16"), "time_stride 16"),
        (
            "hidden_size",
            json!(768),
            "hidden_size 768, but its tensors show 32",
        ),
        ("max_length", json!(1876), "1876 frames"),
        ("hidden_act", json!("relu"), "hidden_act relu"),
        ("layer_norm_eps", json!(1e-12), "layer_norm_eps"),
        (
            "id2label",
            json!({"0": "Rock"}),
            "names 1 styles (id2label), but its classifier tells 5",
        ),
        (
            "num_attention_heads",
            json!(3),
            "3 heads can't share a width of 32",
        ),
    ] {
        let mut config = config.clone();
        config[key] = value;
        let why = why(&shapes, &config);
        assert!(why.contains(said), "{key}: {why}");
    }
    let mut other = config.clone();
    other["model_type"] = json!("vit");
    assert_eq!(recognise(&shapes, Some(&other), &Hint::default()), None);
    let mut lacking = shapes.clone();
    lacking.remove("audio_spectrogram_transformer.encoder.layer.1.attention.attention.key.bias");
    let said = why(&lacking, &config);
    assert!(
        said.contains("lacks") && said.ends_with("attention.key.bias"),
        "{said}"
    );
    // What says that it is one and lacks what others may lack is one all the same.
    for name in ["distillation_token", "position_embeddings"] {
        let name = format!("audio_spectrogram_transformer.embeddings.{name}");
        let mut lacking = shapes.clone();
        lacking.remove(&name);
        assert_eq!(why(&lacking, &config), format!("this MAEST lacks {name}"));
        assert_eq!(recognise(&lacking, None, &Hint::default()), None);
    }
    let native = OpenCheckpoint::open(&fixture("native.ckpt"));
    let native = native.unwrap().shapes();
    for name in ["time_new_pos_embed", "freq_new_pos_embed"] {
        let mut lacking = native.clone();
        lacking.retain(|other, _| !other.ends_with(name));
        let said = why(&lacking, &Value::Null);
        assert!(
            said.starts_with("this MAEST lacks ") && said.ends_with(name),
            "{said}"
        );
    }
    let mut misshaped = shapes.clone();
    misshaped.insert("classifier.dense.bias".into(), vec![6]);
    assert!(why(&misshaped, &config).contains("classifier.dense.bias: [6], not [5]"));
    assert_eq!(recognise(&Shapes::new(), None, &Hint::default()), None);
}

#[test]
fn files_without_config_labels_or_classifier_are_read_all_the_same() {
    let (mut shapes, mut config) = hub_file();
    let bare = recognise(&shapes, None, &Hint::default()).unwrap().unwrap();
    assert!(!bare.heads_are_sure && bare.labels.is_none());
    config["id2label"] = json!({"0": "LABEL_0", "1": "LABEL_1"});
    let found = recognise(&shapes, Some(&config), &Hint::default());
    assert_eq!(found.unwrap().unwrap().labels, None);
    config.as_object_mut().unwrap().remove("id2label");
    shapes.retain(|name, _| !name.starts_with("classifier."));
    let found = recognise(&shapes, Some(&config), &Hint::default());
    let found = found.unwrap().unwrap();
    assert_eq!((found.config.labels, found.problem()), (0, None));
}

/// Queries, keys and values may lie in one tensor.
#[test]
fn fused_queries_keys_and_values_are_found_too() {
    let (mut shapes, config) = hub_file();
    for block in 0..2 {
        let name = |part: &str, end: &str| {
            format!(
                "audio_spectrogram_transformer.encoder.layer.{block}.attention.attention.{part}.{end}"
            )
        };
        for part in ["query", "key", "value"] {
            shapes.remove(&name(part, "weight"));
            shapes.remove(&name(part, "bias"));
        }
        shapes.insert(name("qkv", "weight"), vec![96, 32]);
        shapes.insert(name("qkv", "bias"), vec![96]);
    }
    let found = recognise(&shapes, Some(&config), &Hint::default());
    let found = found.unwrap().unwrap();
    assert_eq!(found.problem(), None);
    let fused = found
        .taken
        .iter()
        .find(|taken| taken.name == "blocks.1.attn.qkv.weight");
    assert_eq!(fused.unwrap().from.len(), 1);
}

#[test]
fn windows_and_patches_that_do_not_fit_are_refused() {
    let config = hub().found.config;
    let window = vec![0.0; 316 * BANDS];
    let refused = |windows: &[&[f32]], kept: Option<&[Vec<usize>]>| {
        cut(&config, windows, kept).unwrap_err().to_string()
    };
    assert!(refused(&[&window[..10 * BANDS]], None).contains("shorter than one patch"));
    assert!(refused(&[&window, &window[..300 * BANDS]], None).contains("same number of frames"));
    assert!(refused(&[&window], Some(&[vec![9 * 31]])).contains("of the 279 there are"));
    assert!(refused(&[&window], Some(&[vec![]])).contains("at least one"));
    assert!(refused(&[&window, &window], Some(&[vec![0]])).contains("same number of patches"));
}
