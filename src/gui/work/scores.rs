//! Keeping scores of probes: in the user's data folder, read at the start.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    gui::{
        message::{Message, Outbox},
        model::ProbeMessage,
    },
    jobs::{self, Job, Latest},
    probe::{ScoreChange, change_scores, read_scores},
};

/// The thread that reads and writes scores.
pub struct ScoreWork {
    waiting: Arc<Mutex<Vec<ScoreChange>>>,
    /// `None` only while the thread is being ended.
    wake: Option<Latest<()>>,
    thread: Option<Job>,
}

impl ScoreWork {
    /// Starts the thread that keeps scores in a file; what it holds comes as a message.
    pub fn start(file: PathBuf, outbox: Outbox) -> std::io::Result<Self> {
        let waiting = Arc::new(Mutex::new(Vec::new()));
        let (wake, inbox) = jobs::latest::<()>();
        let (taken, failed) = (Arc::clone(&waiting), outbox.clone());
        let thread = jobs::spawn(
            "scores",
            move |_| {
                let kept = read_scores(&file).map_err(|error| error.to_string());
                outbox.send_if_room(Message::Probe(ProbeMessage::ScoresRead(kept)));
                while inbox.wait().is_some() {
                    let mut waiting = taken.lock().unwrap_or_else(PoisonError::into_inner);
                    let changes = std::mem::take(&mut *waiting);
                    drop(waiting);
                    if let Err(error) = change_scores(&file, changes) {
                        let text = format!("The scores could not be kept: {error}");
                        outbox.send_if_room(Message::Fault(text));
                    }
                }
            },
            move |fault| failed.send(Message::Fault(fault)),
        )?;
        Ok(Self {
            waiting,
            wake: Some(wake),
            thread: Some(thread),
        })
    }

    /// Keeps or forgets a score.
    pub fn change(&self, change: ScoreChange) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(change);
        drop(waiting);
        if let Some(wake) = &self.wake {
            wake.post(());
        }
    }
}

impl Drop for ScoreWork {
    /// The last scores are written before the program ends.
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            thread.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        collection::{Collection, CollectionKind},
        probe::{EncoderId, KeptScore, ProbeReport, ProbeSettings},
    };

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
        let score = KeptScore::of(
            &ProbeReport::default(),
            ProbeSettings::default(),
            &collection,
            "key".into(),
            "bells-1/step-3".into(),
            &EncoderId::default(),
        );
        let start = || {
            let (outbox, inbox) = Outbox::new(&eframe::egui::Context::default());
            (ScoreWork::start(file.clone(), outbox).unwrap(), inbox)
        };
        let (work, _inbox) = start();
        work.change(ScoreChange::Add(Box::new(score.clone())));
        drop(work);
        let kept = read_scores(&file).unwrap().scores;
        assert_eq!(kept, std::slice::from_ref(&score));
        let (work, _inbox) = start();
        work.change(ScoreChange::Remove(Box::new(score)));
        drop(work);
        assert_eq!(read_scores(&file).unwrap().scores, []);
    }
}
