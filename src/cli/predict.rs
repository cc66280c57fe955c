//! The verb `predict`.

use std::fmt::Write;

use super::{
    arguments::{Common, Encoder, Predict},
    console::{Console, Outcome, check_ending},
    embed,
};
use mynascope_base::{
    counted,
    storage::{path_to_text, write_atomic},
};
use mynascope_encoder::EncoderError;
use mynascope_probe::{EncoderId, TrackAnswer, TrainedProbe, predict_collection};

/// Tracks that are listed for people; all of them are in the file and in the JSON object.
const LISTED: usize = 50;

pub fn run(verb: &Predict, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    if let Some(path) = &verb.out {
        check_ending(path, "csv")?;
    }
    let probe = TrainedProbe::load(&verb.probe)?;
    let collection = console.open(&verb.paths)?;
    let named = match &verb.checkpoint {
        Some(checkpoint) => checkpoint.clone(),
        None => match probe.card.encoder.checkpoint.parse() {
            Ok(checkpoint) => checkpoint,
            Err(never) => match never {},
        },
    };
    let reading = probe.card.encoder.reading;
    let options = Encoder {
        checkpoint: named,
        patch: verb.patch,
        weights: match &verb.weights {
            Some(weights) => weights.clone(),
            None => probe.card.encoder.weights.clone(),
        },
        heads: verb.heads.or(probe.card.encoder.heads),
        layer: reading.layer,
        readout: reading.readout,
        overlap: reading.overlap,
        window: reading.window_secs,
        patchout: Some(reading.patchout.every),
        patchout_rows: Some(reading.patchout.dropped_rows),
        precision: verb.precision.unwrap_or(reading.precision),
    };
    let encoder = embed::open_encoder(&options, common, console);
    let encoder = encoder.map_err(|error| match (&verb.checkpoint, error.downcast_ref()) {
        (None, Some(EncoderError::Checkpoint(why))) => anyhow::anyhow!(
            "the encoder that the probe was trained on can't be opened; if it lies elsewhere now, name it with --checkpoint: {why}"
        ),
        _ => error,
    })?;
    let id = EncoderId::of(&encoder, &options.checkpoint);
    let cache = embed::user_cache();
    let watch = console.watch();
    let mut said = predict_collection(
        &probe,
        &collection,
        &encoder,
        &id,
        common.channel(),
        cache.as_ref(),
        &watch,
    )?;
    console.caveats(said.caveats.iter().cloned());
    console.add_notes_of(said.say_seen().as_slice());
    if let Some(path) = &verb.out {
        write_atomic(path, |file| said.to_csv(file))?;
    }
    let skipped = (said.tracks.iter())
        .filter_map(|track| Some((track.path.clone(), track.problem.clone()?)))
        .collect();
    let answered = said.tracks.iter().filter(|track| track.answer.is_some());
    let mut text = format!(
        "{} of {} answered by a {} probe ({}, {} {:.3} when it was tested)",
        answered.count(),
        counted(said.tracks.len(), "track"),
        probe.card.task,
        probe.card.head,
        probe.card.metric,
        probe.card.score
    );
    for track in said.tracks.iter().take(LISTED) {
        write!(text, "\n{}", line(track))?;
        for window in track.windows.iter().filter(|_| verb.windows) {
            let answer = &window.answer;
            write!(
                text,
                "\n  {:>8.2} s  {}",
                window.start_secs, answer.prediction
            )?;
        }
    }
    if said.tracks.len() > LISTED {
        write!(text, "\n... and {} more", said.tracks.len() - LISTED)?;
    }
    if !verb.windows {
        said.tracks
            .iter_mut()
            .for_each(|track| track.windows.clear());
    }
    let mut json =
        serde_json::json!({"card": probe.card, "out": verb.out.as_deref().map(path_to_text)});
    if let Some(object) = json.as_object_mut() {
        object.insert("classes".to_owned(), serde_json::to_value(&said.classes)?);
        object.insert(
            "predictions".to_owned(),
            serde_json::to_value(&said.tracks)?,
        );
    }
    Ok(Outcome {
        json,
        text,
        skipped,
        incomplete: Vec::new(),
    })
}

fn line(track: &TrackAnswer) -> String {
    let path = track.path.display();
    let Some(answer) = &track.answer else {
        let why = track.problem.as_deref().unwrap_or_default();
        return format!("no answer ({why})  {path}");
    };
    let sure = answer
        .confidence
        .map_or_else(String::new, |share| format!("{:>5.1} %  ", 100.0 * share));
    format!("{sure}{}  {path}", answer.prediction)
}
