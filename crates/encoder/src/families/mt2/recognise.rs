//! Finds an MT2 in the names and shapes of a file's tensors, and what it hears in the buffers that its front ends left there.

use std::collections::BTreeSet;

use super::{BANDS, Config, EXTRA, POSITIONS, mel_spec};
use crate::{
    CheckpointError, Family, OpenCheckpoint,
    families::found::{
        Found, Hint, PUBLISHED_HEAD, Recognised, Shapes, Values, choose, locate, prefixes,
        read_found, unfit,
    },
};
use mynascope_spectrum::{MT2_MEL, VQT_BINS, Vqt};

/// What stands at the end of the name of the tensor that every MT2 has.
const WITNESS: &str = "cls_stone";
/// Names of tensors that no other family has, for people.
pub(crate) const WITNESSES: &str = WITNESS;
/// How the norms of a block may be called, that of attention and that of the feed-forward part. The authors' names of all other
/// tensors are known; these are the usual ones.
const NORMS: [[&str; 2]; 4] = [
    ["norm1", "norm2"],
    ["ln1", "ln2"],
    ["ln_1", "ln_2"],
    ["attn.norm", "mlp.norm"],
];
/// Sample rates that a VQT may have been told: that of the sound, and nnAudio's default.
const VQT_RATES: [u32; 2] = [16_000, 22_050];
/// Where mel bands may end: half the sample rate, and the value of the authors' earlier models, which is above it.
const MEL_ENDS: [u32; 2] = [8000, 11_025];

/// Looks for an MT2. `None`: the file holds none, so ask the other families.
///
/// # Errors
/// What is wrong, in words, where it is one and can't be used as it is.
pub fn recognise(shapes: &Shapes, hint: &Hint) -> Option<Result<Recognised<Config>, String>> {
    let prefixes = prefixes(shapes, WITNESS);
    if prefixes.is_empty() {
        return None;
    }
    Some(choose(&prefixes, hint).and_then(|prefix| recognised(shapes, prefix, prefixes, hint)))
}

fn recognised(
    shapes: &Shapes,
    prefix: String,
    prefixes: Vec<String>,
    hint: &Hint,
) -> Result<Recognised<Config>, String> {
    let positions = positions(shapes, &prefix);
    let config = sizes(shapes, &prefix, &positions, hint)?;
    config
        .validate()
        .map_err(|error| format!("it looks like an MT2, but {error}"))?;
    let mut parameters = config.parameters();
    // The table of positions may be kept with an axis for windows or without.
    if let (Some((_, wanted)), Some(found)) = (parameters.last_mut(), shapes.get(&positions))
        && wanted.get(1..) == Some(found.as_slice())
    {
        wanted.remove(0);
    }
    let ways = |name: &str| {
        let names = |name: String| vec![format!("{prefix}{name}")];
        let [first, second] = ["norm1", "norm2"].map(|norm| format!(".{norm}."));
        match name {
            POSITIONS => vec![vec![positions.clone()]],
            name if name.contains(&first) => NORMS
                .map(|[norm, _]| names(name.replace("norm1", norm)))
                .to_vec(),
            name if name.contains(&second) => NORMS
                .map(|[_, norm]| names(name.replace("norm2", norm)))
                .to_vec(),
            name => vec![names(name.to_owned())],
        }
    };
    let (taken, missing, misshaped) = locate(shapes, parameters, ways);
    let read: BTreeSet<&String> = taken.iter().flat_map(|taken| &taken.from).collect();
    // What the front ends keep, and parts of other things in the file.
    let is_part = |name: &str| {
        let parts = [
            "backbone.",
            "norm_in_",
            "linear_in_",
            "linear_out_",
            "pos_emb",
            "cls_",
        ];
        parts.iter().any(|part| name.starts_with(part))
    };
    let unexpected = shapes
        .keys()
        .filter(|name| name.strip_prefix(prefix.as_str()).is_some_and(is_part))
        .filter(|name| !read.contains(name))
        .cloned()
        .collect();
    Ok(Recognised {
        family: Family::Mt2,
        config,
        labels: None,
        taken,
        prefix,
        prefixes,
        heads_are_sure: hint.heads.is_some(),
        missing,
        misshaped,
        unexpected,
        by: "the names of the authors' tensors".to_owned(),
    })
}

/// The name of the table of positions in the file: the only tensor under that of its module.
fn positions(shapes: &Shapes, prefix: &str) -> String {
    let start = format!("{prefix}{POSITIONS}");
    let found = shapes.keys().find(|name| {
        let rest = name.strip_prefix(start.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    found.cloned().unwrap_or(start)
}

/// The sizes that names and shapes show.
fn sizes(shapes: &Shapes, prefix: &str, positions: &str, hint: &Hint) -> Result<Config, String> {
    let shape = |name: &str| shapes.get(&format!("{prefix}{name}")).map(Vec::as_slice);
    let first = |name: &str| shape(name).and_then(|shape| shape.first().copied());
    let &[dim] = shape(WITNESS).unwrap_or_default() else {
        return Err("its class token cls_stone is no vector".to_owned());
    };
    let bands = first("norm_in_contrastive.weight").unwrap_or(BANDS);
    if bands != BANDS {
        return Err(format!(
            "it is an MT2 of {bands} mel bands, and the published one, which is read here, has {BANDS}"
        ));
    }
    let places = shapes.get(positions).map_or(&[][..], Vec::as_slice);
    let places = match places {
        [places, _] | [1, places, _] => *places,
        // Missing, or told as another shape than that of the published one.
        _ => EXTRA + Config::PUBLISHED.frames,
    };
    let frames = places.checked_sub(EXTRA).filter(|frames| *frames > 0);
    let frames = frames.ok_or_else(|| {
        format!("it has {places} positions, and MT2 has two for class tokens and one a frame")
    })?;
    Ok(Config {
        dim,
        depth: (0..)
            .take_while(|block| {
                first(&format!("backbone.blocks.{block}.attn.qkv.weight")).is_some()
            })
            .count(),
        heads: hint.heads.unwrap_or((dim / PUBLISHED_HEAD).max(1)),
        mlp_dim: first("backbone.blocks.0.mlp.fc1.weight").unwrap_or(4 * dim),
        bins: first("norm_in_stone.weight").unwrap_or(Config::PUBLISHED.bins),
        frames,
        ..Config::PUBLISHED
    })
}

/// Looks for an MT2 in an open checkpoint; with it why it can't be used, if it can't, as far as names, shapes and the buffers of
/// its front ends tell. `None`: the file holds no MT2.
///
/// # Errors
/// If the file cannot be read, or if it holds an MT2 that cannot be used as it is.
pub(crate) fn find(
    checkpoint: &mut OpenCheckpoint,
    hint: &Hint,
) -> Result<Option<Found<Config>>, CheckpointError> {
    // A file that was trained here says in its header what those of the authors don't.
    let header = checkpoint.own_header();
    let number = |name: &str| header.get(name)?.parse().ok();
    let known = Hint {
        heads: hint.heads.or(number("heads")),
        ..hint.clone()
    };
    let (rate, end) = (number("vqt_rate_hz"), number("mel_max_hz"));
    let mut found = match recognise(&checkpoint.shapes(), &known) {
        None => return Ok(None),
        Some(found) => found.map_err(|why| unfit(checkpoint, why))?,
    };
    let is_known = |known: [u32; 2], told: Option<usize>| {
        known
            .into_iter()
            .find(|known| Some(*known as usize) == told)
    };
    if let Some(rate) = is_known(VQT_RATES, rate) {
        found.config.vqt_rate_hz = rate;
    }
    if let Some(end) = is_known(MEL_ENDS, end) {
        found.config.mel_max_hz = end;
    }
    let mut problem = found.problem();
    if problem.is_none() {
        problem = hear(checkpoint, &mut found)?.err();
    }
    Ok(Some((found, problem)))
}

/// Finds an MT2 in an open checkpoint and reads the numbers of its [parameters](Config::parameters), in their order. `None`: the
/// file holds no MT2.
///
/// # Errors
/// If the file is damaged, or the MT2 in it lacks tensors or can't be used as it is.
pub fn read(
    checkpoint: &mut OpenCheckpoint,
    hint: &Hint,
) -> Result<Option<(Recognised<Config>, Values)>, CheckpointError> {
    let found = find(checkpoint, hint)?;
    read_found(checkpoint, found)
}

/// Reads from the buffers of the front ends what the encoder was trained to hear; without them it is what was published. The
/// inner error says that it is something else, in words.
fn hear(
    checkpoint: &mut OpenCheckpoint,
    found: &mut Recognised<Config>,
) -> Result<Result<(), String>, CheckpointError> {
    let shapes = checkpoint.shapes();
    let buffer = |module: &str, ends: &[&str]| {
        let start = format!("{}{module}.", found.prefix);
        let is_it =
            |name: &&String| name.starts_with(&start) && ends.iter().any(|end| name.ends_with(end));
        shapes.keys().find(is_it).cloned()
    };
    // nnAudio spells it so.
    if let Some(name) = buffer("hcqt", &["lenghts", "lengths"]) {
        let lengths = checkpoint.read(&[name])?;
        let longest = lengths.first().copied().unwrap_or(0.0);
        let told = VQT_RATES
            .into_iter()
            .find(|rate| Vqt::longest(*rate) as f32 == longest);
        match told {
            Some(rate) if lengths.len() == VQT_BINS => found.config.vqt_rate_hz = rate,
            _ => {
                return Ok(Err(format!(
                    "its VQT has {} bins, the lowest over {longest} samples, and only that of {VQT_BINS} bins from 27.5 Hz is \
                     computed here ({} samples); this MT2 was trained on another picture",
                    lengths.len(),
                    Vqt::longest(VQT_RATES[0])
                )));
            }
        }
    }
    if let Some(name) = buffer("spec", &["mel_scale.fb"]) {
        let shape = shapes.get(&name).cloned().unwrap_or_default();
        let filters = checkpoint.read(&[name])?;
        let end = MEL_ENDS
            .into_iter()
            .find(|end| has_filters(*end, &shape, &filters));
        match end {
            Some(end) => found.config.mel_max_hz = end,
            None => {
                return Ok(Err(format!(
                    "its mel filters ({shape:?}) are not those of {BANDS} bands over windows of {} samples up to {} or {} Hz; \
                     this MT2 was trained on another picture",
                    MT2_MEL.n_fft, MEL_ENDS[0], MEL_ENDS[1]
                )));
            }
        }
    }
    Ok(Ok(()))
}

/// Whether filters [frequencies, bands] of torchaudio, which are made in 32 bits, are those of bands that end there.
fn has_filters(end: u32, shape: &[usize], filters: &[f32]) -> bool {
    let frequencies = MT2_MEL.n_fft / 2 + 1;
    let ours = mel_spec(end).filter_bank();
    let place = |band: usize, bin: usize| filters.get(bin * BANDS + band);
    let near = |(index, ours): (usize, &f32)| {
        let theirs = place(index / frequencies, index % frequencies);
        theirs.is_some_and(|theirs| (theirs - ours).abs() < 1e-3)
    };
    shape == [frequencies, BANDS] && ours.iter().enumerate().all(near)
}
