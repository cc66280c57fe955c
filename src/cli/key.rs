//! The verb `key`.

use std::{fmt::Write, path::PathBuf};

use super::{
    arguments::{Common, Key},
    console::{Console, Outcome},
    embed,
};
use mynascope_base::{counted, storage::path_to_text, without_path};
use mynascope_embedding::{EmbeddingError, TrackKeys, TrackTurns};
use mynascope_encoder::{
    EncoderError, Readout,
    families::mt2::{KeyNames, MOST_SEMITONES_LOWER},
};

pub fn run(verb: &Key, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    let mut options = verb.encoder.clone();
    match options.readout {
        None | Some(Readout::KeyProfile) => options.readout = Some(Readout::KeyProfile),
        Some(other) => {
            return Err(EncoderError::Reading(format!(
                "keys are read as the readout key-profile, not {other}; leave out --readout"
            ))
            .into());
        }
    }
    let encoder = embed::open_encoder(&options, common, console);
    let encoder = encoder.map_err(|error| match error.downcast_ref() {
        Some(EncoderError::Reading(why)) => anyhow::anyhow!(
            "an MT2 hears keys, and this encoder does not ({why}); name an MT2 with --checkpoint: `mynascope train --preset mt2-tiny` makes a small one"
        ),
        _ => error,
    })?;
    let watch = console.watch();
    let names = match &verb.calibrate {
        None => KeyNames::default(),
        Some(path) => {
            // As it is: nothing of it is transposed to name the places.
            let heard = TrackKeys::of_track(path, &encoder, common.channel(), None, &watch);
            let arrow = match heard {
                Ok(heard) => heard.naming_arrow(),
                Err(EmbeddingError::NothingEmbedded { first, .. }) => {
                    Err(format!("{first}; choose another recording"))
                }
                Err(error) => return Err(error.into()),
            };
            let arrow = arrow.map_err(|why| {
                let why = without_path(&why, path);
                anyhow::anyhow!("it cannot name the keys: {why}: {}", path.display())
            })?;
            console.note(&format!(
                "the places of the key profile are named by {} as a recording in {}; its arrow is {:.2} long",
                path.display(),
                KeyNames::of_signature(verb.calibrate_key.0),
                arrow.length
            ));
            KeyNames::heard(verb.calibrate_key.0, arrow.key())
        }
    };
    let collection = console.open(&verb.paths)?;
    let mut skipped: Vec<(PathBuf, String)> = Vec::new();
    let mut tracks = Vec::new();
    let mut text = String::new();
    let (mut sum, mut windows) = (vec![0.0; MOST_SEMITONES_LOWER], 0_usize);
    let total = collection.tracks.len() as u64;
    for (done, track) in (0..).zip(&collection.tracks) {
        watch.progress("reading keys", done, Some(total));
        let read = TrackTurns::of_track(&track.path, &encoder, common.channel(), &watch);
        let read = match read {
            Ok(read) => read,
            Err(EmbeddingError::Cancelled(cancelled)) => return Err(cancelled.into()),
            Err(EmbeddingError::NothingEmbedded { first, .. }) => {
                skipped.push((track.path.clone(), first));
                continue;
            }
            Err(error) => {
                skipped.push((track.path.clone(), error.to_string()));
                continue;
            }
        };
        let (Some(arrow), Some(missed)) = (read.keys.arrow(), read.mean()) else {
            skipped.push((track.path.clone(), "it holds no window of sound".to_owned()));
            continue;
        };
        let count = read.keys.starts.len();
        windows += count;
        for (sum, missed) in sum.iter_mut().zip(&read.missed) {
            *sum += missed * count as f64;
        }
        let key = names.name(arrow.key());
        write!(
            text,
            "\n{:<10} {:>5.2} {:>6.2}  {}",
            key,
            arrow.length,
            missed,
            track.path.display()
        )?;
        tracks.push(serde_json::json!({
            "path": path_to_text(&track.path),
            "place": arrow.key(),
            "key": names.first.map(|_| key),
            "arrow_turn": arrow.turn,
            "arrow_length": arrow.length,
            "transposition_error": missed,
            "profile": read.keys.mean(),
            "windows": count,
        }));
    }
    let by_semitone: Vec<f64> = (sum.iter().filter(|_| windows > 0))
        .map(|sum| sum / windows as f64)
        .collect();
    let mean = by_semitone.iter().sum::<f64>() / by_semitone.len().max(1) as f64;
    let mean = (!by_semitone.is_empty()).then_some(mean);
    let mut head = format!(
        "{}, {}: key, length of the arrow (1: one key, 0: none), how far it misses its place when the sound is transposed",
        counted(tracks.len(), "track"),
        counted(windows, "window")
    );
    if names.first.is_none() {
        head += "\nnote: which place is C is not known; name a recording in C major or A minor with --calibrate";
    }
    head += &text;
    if let Some(mean) = mean {
        write!(
            head,
            "\ntransposition error: {mean:.3} steps of the circle of fifths on average over 1 to {MOST_SEMITONES_LOWER} semitones down (0: equivariant, 3: chance)"
        )?;
    }
    Ok(Outcome {
        text: head,
        json: serde_json::json!({
            "tracks": tracks,
            "transposition_error": mean,
            "transposition_error_by_semitone": by_semitone,
            "first_place_semitones_above_c": names.first,
        }),
        skipped,
        incomplete: Vec::new(),
    })
}
