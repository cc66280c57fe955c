//! What stays of probing when another collection is opened, and comes back with it.

use std::sync::Arc;

use super::{ActiveProbe, Probing};

impl Probing {
    /// Forgets what was found out about the collection, and gives it to be kept.
    pub fn leave(&mut self) -> Self {
        let mut left = Self::default();
        std::mem::swap(self, &mut left);
        self.form = left.form;
        self.view.clone_from(&left.view);
        self.runs.clone_from(&left.runs);
        self.unreadable.clone_from(&left.unreadable);
        self.compared.clone_from(&left.compared);
        self.active.clone_from(&left.active);
        // Answers about files that were named are about these, whatever is open.
        self.used_on.clone_from(&left.used_on);
        self.predictions.clone_from(&left.predictions);
        self.forget();
        left.job.stop();
        left.radio = None;
        left
    }

    /// Shows again what was found out about a collection that is open again. What belongs to no collection stays as it is.
    pub fn come_back(&mut self, left: Self) {
        let now = std::mem::replace(self, left);
        let left = self.active.take();
        self.form = now.form;
        self.runs = now.runs;
        self.unreadable = now.unreadable;
        self.compared = now.compared;
        self.active = now.active.map(|now| match left {
            // It is where it was trained again.
            Some(left) if Arc::ptr_eq(&left.probe, &now.probe) => ActiveProbe {
                at_home: left.at_home,
                shown: left.shown,
                ..now
            },
            _ => now,
        });
        self.timeline = None;
    }
}
