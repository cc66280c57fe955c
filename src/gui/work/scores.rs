//! Keeping scores of probes: in the user's data folder, read at the start.

use std::path::PathBuf;

use crate::gui::{
    jobs::{BackgroundWriter, NoThread, spawn_once},
    message::{Message, Outbox, ProbeMessage},
};
use mynascope_probe::{SavedScore, ScoreChange, change_scores, paired_difference, read_scores};

/// Starts the thread that keeps scores in a file; what it holds comes as a message.
///
/// # Errors
/// The system's error if it gives no thread.
pub fn start(file: PathBuf, outbox: Outbox) -> std::io::Result<BackgroundWriter<ScoreChange>> {
    let read_from = file.clone();
    let read = move |outbox: &Outbox| {
        let kept = read_scores(&read_from).map_err(|error| error.to_string());
        outbox.send_if_room(Message::Probe(ProbeMessage::ScoresRead(kept)));
    };
    BackgroundWriter::start("scores", outbox, read, move |changes| {
        change_scores(&file, changes)
            .map_err(|error| format!("The scores could not be kept: {error}"))
    })
}

/// Compares two scores track by track; the answer comes as a message, with the choice that it is for.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn compare(
    pair: [Option<String>; 2],
    [first, second]: [SavedScore; 2],
    outbox: &Outbox,
) -> Result<(), NoThread> {
    spawn_once(
        "compare-scores",
        outbox,
        move |outbox| {
            let names = match first.encoder == second.encoder {
                true => ["A".to_owned(), "B".to_owned()],
                false => [first.encoder.clone(), second.encoder.clone()],
            };
            let found = paired_difference(&first, &second);
            let found = found
                .map(|found| found.words(&names[0], &names[1]))
                .map_err(|why| format!("Cannot be compared: {why}"));
            outbox.send(Message::Probe(ProbeMessage::Difference(pair, found)));
        },
        |fault| format!("The scores could not be compared ({fault}); choose others"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_collection::{Collection, CollectionKind};
    use mynascope_probe::{EncoderId, ProbeReport, ProbeSettings};

    #[test]
    fn a_score_made_just_before_the_end_is_there_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("scores.jsonl");
        let collection = Collection {
            name: "bells".into(),
            kind: CollectionKind::Folder,
            tracks: Vec::new(),
            split: None,
            notes: Vec::new(),
        };
        let score = SavedScore::of(
            &ProbeReport::default(),
            ProbeSettings::default(),
            &collection,
            "key".into(),
            "bells-1/step-3".into(),
            &EncoderId::default(),
        );
        let start = || {
            let (outbox, inbox) = Outbox::new(&eframe::egui::Context::default());
            (super::start(file.clone(), outbox).unwrap(), inbox)
        };
        let (work, _inbox) = start();
        work.write([ScoreChange::Add(Box::new(score.clone()))]);
        drop(work);
        let kept = read_scores(&file).unwrap().scores;
        assert_eq!(kept, std::slice::from_ref(&score));
        let (work, _inbox) = start();
        work.write([ScoreChange::Remove(Box::new(score))]);
        drop(work);
        assert_eq!(read_scores(&file).unwrap().scores, []);
    }
}
