//! The promise: an MT2 gives the numbers that PyTorch gives for the published design, from the sound on.
//! `tests/fixtures/make_mt2_fixtures.py` made the files.

use std::{collections::BTreeMap, path::PathBuf};

use burn::backend::{Flex, flex::FlexDevice};

use super::*;
use crate::{
    OpenCheckpoint,
    checkpoint::{FileTensor, read_file, write_tensors},
    families::{Design, Hint, Recognised, Shapes},
};

fn fixture(name: &str) -> PathBuf {
    let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/mt2");
    PathBuf::from(tests).join(name)
}

fn checkpoint() -> OpenCheckpoint {
    OpenCheckpoint::open(&fixture("model_state_dict.pt")).unwrap()
}

/// The file doesn't say that its heads are 12 wide.
fn hint() -> Hint {
    Hint {
        heads: Some(2),
        ..Hint::default()
    }
}

fn opened() -> (Recognised<Config>, Network<Flex>) {
    let (found, values) = read(&mut checkpoint(), &hint()).unwrap().unwrap();
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

/// Three times a chord of 1.7 s, a little more than a window.
fn chord() -> Vec<f32> {
    let bytes = std::fs::read(fixture("../front_end/chord.wav")).unwrap();
    // Behind the header 16-bit samples.
    let samples = bytes[44..].as_chunks::<2>().0.iter();
    let samples = samples.map(|bytes| f32::from(i16::from_le_bytes(*bytes)) / 32_768.0);
    samples.collect::<Vec<_>>().repeat(3)
}

fn read_out(
    network: &Network<Flex>,
    window: &[f32],
    kept: Option<Vec<usize>>,
    layers: Range<usize>,
    readout: Readout,
) -> Vec<f32> {
    let kept = kept.map(|kept| vec![kept]);
    let frames = cut(network.config(), &[window], kept.as_deref()).unwrap();
    embed(network, frames, layers, readout, &FlexDevice).unwrap()
}

fn assert_close(found: &[f32], expected: &[f32], most: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        let error = (found - expected).abs();
        assert!(error < most, "{what}: {found} for {expected}");
    }
}

/// Bounds are those of another order of sums, ten times over: values up to 4 move by 4e-6.
#[test]
fn every_readout_gives_the_numbers_of_pytorch() {
    let ((found, network), expected) = (opened(), expected());
    let window = &expected["window"];
    let normed = found.config.depth + 1;
    let of = |readout| read_out(&network, window, None, normed..normed + 1, readout);
    for readout in [Readout::Equivariant, Readout::Contrastive] {
        let name = readout.to_string();
        assert_close(&of(readout), &expected[&name], 2e-5, &name);
    }
    let profile = of(Readout::KeyProfile);
    assert_close(&profile, &expected["key_profile"], 5e-6, "key profile");
    assert!((profile.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    let both: Vec<f32> = expected["equivariant"]
        .iter()
        .zip(&expected["contrastive"])
        .map(|(a, b)| (a + b) / 2.0)
        .collect();
    assert_close(&of(Readout::ClassMean), &both, 2e-5, "class mean");
    let dim = found.config.dim;
    let mean = |tokens: &[f32]| -> Vec<f32> {
        let rows = (tokens.len() / dim) as f32;
        (0..dim)
            .map(|at| tokens.iter().skip(at).step_by(dim).sum::<f32>() / rows)
            .collect()
    };
    assert_close(
        &of(Readout::FrameMean),
        &mean(&expected["frames"]),
        2e-5,
        "frame mean",
    );
    // Every layer, before the last norm.
    for (readout, tokens) in [
        (Readout::Equivariant, 0..1),
        (Readout::Contrastive, 1..2),
        (Readout::FrameMean, 2..128),
    ] {
        let layers = read_out(&network, window, None, 0..normed + 1, readout);
        for (layer, found) in layers.chunks_exact(dim).enumerate().take(normed) {
            let hidden = &expected[&format!("hidden.{layer}")];
            let wanted = mean(&hidden[tokens.start * dim..tokens.end * dim]);
            assert_close(found, &wanted, 2e-5, &format!("{readout} of layer {layer}"));
        }
        assert_eq!(layers[normed * dim..], of(readout));
    }
}

#[test]
fn frames_that_are_left_out_are_not_read_and_keep_their_places() {
    let ((found, network), expected) = (opened(), expected());
    let normed = found.config.depth + 1;
    let of = |kept: Vec<usize>, readout| {
        read_out(
            &network,
            &expected["window"],
            Some(kept),
            normed..normed + 1,
            readout,
        )
    };
    let kept = vec![5, 40, 77];
    for readout in [Readout::Equivariant, Readout::Contrastive] {
        let name = format!("kept.{readout}");
        assert_close(&of(kept.clone(), readout), &expected[&name], 2e-5, &name);
    }
    let profile = of(kept, Readout::KeyProfile);
    assert_close(&profile, &expected["kept.key_profile"], 5e-6, "profile");
    let all = of((0..126).collect(), Readout::Contrastive);
    assert_close(&all, &expected["contrastive"], 2e-5, "all frames");
}

/// From the sound on, bounds are wider: where frames are near silence their logarithm is that of rounding.
#[test]
fn a_window_of_sound_becomes_what_nnaudio_and_torchaudio_make_of_it() {
    let ((found, network), expected) = (opened(), expected());
    let mut front_end = FrontEnd::new(&found.config);
    let samples = chord();
    let window = front_end.window(&samples).unwrap();
    let (ours, theirs) = (&window, &expected["window"]);
    assert_eq!(ours.len(), theirs.len());
    let width = found.config.frame_values();
    for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        // Decibels over 80, and decibels.
        let most = if at % width < 84 { 5e-2 / 80.0 } else { 0.1 };
        assert!((ours - theirs).abs() < most, "{at}: {ours} for {theirs}");
    }
    let normed = found.config.depth + 1;
    let of = |readout| read_out(&network, &window, None, normed..normed + 1, readout);
    for readout in [Readout::Equivariant, Readout::Contrastive] {
        let name = readout.to_string();
        assert_close(&of(readout), &expected[&name], 2e-3, &name);
    }
    let profile = of(Readout::KeyProfile);
    assert_close(&profile, &expected["key_profile"], 5e-4, "key profile");
    // A window that was heard before leaves nothing behind, and one that is too long is cut.
    let other: Vec<f32> = samples.iter().rev().copied().collect();
    assert_ne!(front_end.window(&other).unwrap(), window);
    assert_eq!(front_end.window(&samples).unwrap(), window);
}

#[test]
fn windows_are_embedded_together_as_alone() {
    let ((found, network), expected) = (opened(), expected());
    let one = &expected["window"];
    let two: Vec<f32> = one.iter().map(|value| 0.7 * value - 0.1).collect();
    let normed = found.config.depth + 1;
    let frames = cut(&found.config, &[one, &two], None).unwrap();
    let layers = normed..normed + 1;
    let both = embed(
        &network,
        frames,
        layers.clone(),
        Readout::ClassMean,
        &FlexDevice,
    )
    .unwrap();
    let alone = [one, &two]
        .map(|window| read_out(&network, window, None, layers.clone(), Readout::ClassMean));
    assert_close(&both, &alone.concat(), 1e-5, "two windows");
}

/// What attention does not give to frames, the class tokens get.
#[test]
fn attention_is_followed_back_from_what_is_read() {
    let ((found, network), expected) = (opened(), expected());
    let followed = |readout| {
        let frames = cut(
            &found.config,
            &[&expected["window"]],
            Some(&[vec![3, 9, 80]]),
        )
        .unwrap();
        follow(&network, frames, found.config.depth, readout, &FlexDevice).unwrap()
    };
    let [equivariant, contrastive, both] = [
        Readout::Equivariant,
        Readout::Contrastive,
        Readout::ClassMean,
    ]
    .map(followed);
    assert_eq!(both.outputs.len(), 3 * found.config.dim);
    for (layer, shares) in both.rollout.iter().enumerate() {
        assert_eq!(shares.len(), 3);
        for (place, share) in shares.iter().enumerate() {
            let parts = [&equivariant, &contrastive].map(|part| part.rollout[layer][place]);
            assert!((0.5 * (parts[0] + parts[1]) - share).abs() < 1e-6);
            assert_ne!(parts[0], parts[1]);
        }
        assert!(shares.iter().sum::<f32>() < 1.0);
    }
    // Every frame keeps half of itself and gives the rest away.
    let frames = followed(Readout::FrameMean);
    assert!(frames.rollout[0].iter().sum::<f32>() > 0.5);
}

#[test]
fn silence_has_an_embedding() {
    let (found, network) = opened();
    let window = FrontEnd::new(&found.config).window(&[0.0]).unwrap();
    let normed = found.config.depth + 1;
    let values = read_out(
        &network,
        &window,
        None,
        normed..normed + 1,
        Readout::Contrastive,
    );
    assert!(values.iter().all(|value| value.is_finite()));
}

#[test]
fn windows_and_frames_that_do_not_fit_are_refused() {
    let config = Config::PUBLISHED;
    let window = vec![0.0; 126 * 212];
    let refused = |windows: &[&[f32]], kept: Option<&[Vec<usize>]>| {
        cut(&config, windows, kept).unwrap_err().to_string()
    };
    assert!(refused(&[&window[1..]], None).contains("126 frames of 84 VQT bins and 128 mel bands"));
    assert!(refused(&[&window], Some(&[vec![126]])).contains("of the 126 there are"));
    assert!(refused(&[&window], Some(&[vec![]])).contains("at least one"));
    assert!(refused(&[&window, &window], Some(&[vec![0]])).contains("same number of frames"));
}

#[test]
fn the_published_encoder_has_the_published_sizes() {
    let config = Config::PUBLISHED;
    let count = |of: &dyn Fn(&str) -> bool| -> usize {
        let parameters = config.parameters().into_iter();
        let counted = parameters.filter(|(name, _)| of(name));
        counted
            .map(|(_, shape)| shape.iter().product::<usize>())
            .sum()
    };
    assert_eq!(count(&|name| name.starts_with("backbone.")), 5_338_752);
    assert_eq!(config.info().parameters, count(&|_| true));
    assert_eq!(
        (config.window_samples(), config.info().window.secs),
        (64_000, 4.0)
    );
    for config in [config, Config::TINY] {
        config.validate().unwrap();
    }
    for wrong in [
        Config { heads: 5, ..config },
        Config {
            bins: 100,
            ..config
        },
        Config {
            frames: 2,
            ..config
        },
        Config { depth: 0, ..config },
    ] {
        assert!(wrong.validate().is_err(), "{wrong:?}");
    }
}

#[test]
fn the_file_tells_what_is_heard_and_not_how_many_heads_there_are() {
    let (found, _) = opened();
    let sizes = Config {
        dim: 24,
        depth: 2,
        heads: 2,
        mlp_dim: 48,
        ..Config::PUBLISHED
    };
    assert_eq!(found.config, sizes);
    assert!(found.heads_are_sure && found.unexpected.is_empty());
    let plain = recognise(&checkpoint().shapes(), &Hint::default());
    let plain = plain.unwrap().unwrap();
    assert!(!plain.heads_are_sure);
    assert_eq!(plain.config.heads, 1);
}

/// The tensors of the file with some changed.
fn changed(change: impl FnOnce(&mut BTreeMap<String, FileTensor>)) -> Result<Config, String> {
    let mut tensors = read_file(&fixture("model_state_dict.pt")).unwrap().tensors;
    change(&mut tensors);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.safetensors");
    let listed = tensors
        .iter()
        .map(|(name, tensor)| {
            (
                name.as_str(),
                tensor.shape.as_slice(),
                tensor.values.as_slice(),
            )
        })
        .collect::<Vec<_>>();
    write_tensors(&path, &listed, BTreeMap::new()).unwrap();
    let mut checkpoint = OpenCheckpoint::open(&path).unwrap();
    match read(&mut checkpoint, &hint()) {
        Ok(found) => Ok(found.unwrap().0.config),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn other_settings_of_the_front_ends_are_read_out_of_their_buffers_or_refused() {
    const LENGTHS: &str = "hcqt.lenghts";
    const FILTERS: &str = "spec.spec.mel_scale.fb";
    let lowest =
        |length: f32| changed(|tensors| tensors.get_mut(LENGTHS).unwrap().values[0] = length);
    assert_eq!(lowest(13_485.0).unwrap().vqt_rate_hz, 22_050);
    let said = lowest(9000.0).unwrap_err();
    assert!(
        said.contains("the lowest over 9000 samples") && said.contains("9785"),
        "{said}"
    );
    let fewer = changed(|tensors| {
        let lengths = tensors.get_mut(LENGTHS).unwrap();
        lengths.values.truncate(84);
        lengths.shape = vec![84];
    });
    assert!(fewer.unwrap_err().contains("its VQT has 84 bins"));
    let filters = |scale: f32| {
        changed(|tensors| {
            let filters = tensors.get_mut(FILTERS).unwrap();
            let bank = mel_spec(11_025).filter_bank();
            for (place, value) in filters.values.iter_mut().enumerate() {
                *value = scale * bank[(place % BANDS) * 513 + place / BANDS];
            }
        })
    };
    assert_eq!(filters(1.0).unwrap().mel_max_hz, 11_025);
    assert!(filters(0.5).unwrap_err().contains("its mel filters"));
    // Without buffers what was published is taken for granted.
    let bare = changed(|tensors| {
        tensors.retain(|name, _| !name.contains("hcqt.") && !name.contains("spec."))
    });
    assert_eq!(bare.unwrap(), opened().0.config);
}

#[test]
fn what_is_missing_or_of_another_shape_is_said_in_a_sentence() {
    let lacking = changed(|tensors| {
        tensors.remove("backbone.blocks.1.mlp.fc2.bias");
    });
    let said = lacking.unwrap_err();
    assert!(
        said.contains("this MT2 lacks backbone.blocks.1.mlp.fc2.bias"),
        "{said}"
    );
    let misshaped = changed(|tensors| {
        let bias = tensors.get_mut("linear_in_stone.bias").unwrap();
        bias.values.pop();
        bias.shape = vec![23];
    });
    let said = misshaped.unwrap_err();
    assert!(
        said.contains("linear_in_stone.bias: [23], not [24]"),
        "{said}"
    );
    let infinite = changed(|tensors| {
        tensors.get_mut("cls_stone").unwrap().values[0] = f32::INFINITY;
    });
    assert!(
        infinite
            .unwrap_err()
            .contains("cls_stone holds numbers that are infinite")
    );
    let bands = changed(|tensors| {
        let norm = tensors.get_mut("norm_in_contrastive.weight").unwrap();
        norm.values.truncate(64);
        norm.shape = vec![64];
    });
    assert!(bands.unwrap_err().contains("64 mel bands"));
    let heads = Hint {
        heads: Some(5),
        ..Hint::default()
    };
    let why = recognise(&checkpoint().shapes(), &heads)
        .unwrap()
        .unwrap_err();
    assert!(why.contains("5 heads can't share a width of 24"), "{why}");
    assert_eq!(recognise(&Shapes::new(), &Hint::default()), None);
}

/// A wrapper's prefix, norms under other usual names, positions without the axis of windows, the head left out of the count.
#[test]
fn other_usual_names_are_read_too() {
    let renamed = changed(|tensors| {
        let old = std::mem::take(tensors);
        tensors.extend(old.into_iter().map(|(name, mut tensor)| {
            let name = name.replace(".norm1.", ".ln1.").replace(".norm2.", ".ln2.");
            let name = name.replace("pos_emb.pos_embedding", "pos_emb");
            if name == "pos_emb" {
                tensor.shape.remove(0);
            }
            (format!("model.{name}"), tensor)
        }));
    });
    assert_eq!(renamed.unwrap(), opened().0.config);
}
