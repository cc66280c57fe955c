//! What the probes of a run said of the tracks that they were tested on, window by window.

use std::{collections::HashMap, path::PathBuf};

use ndarray::{Array2, Axis};

use super::{data::Data, heads::standardise, predict::shares, run::Fitted, scoring::Said};

/// What was predicted for the windows of a tested track by a probe that did not see it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HeldOutTrack {
    /// Where each window begins in the track.
    pub(super) starts_secs: Vec<f32>,
    /// As the head gives them, [windows, outputs].
    pub(super) scores: Array2<f64>,
    /// Whether they are logits.
    pub(super) has_logits: bool,
}

/// The tested tracks by their files.
pub(super) type HeldOut = HashMap<PathBuf, HeldOutTrack>;

impl Data<'_> {
    /// What a probe says of each track: the mean of its windows' scores, and where a window's own answer is furthest from
    /// the truth; and what it says of every window.
    pub(super) fn said(
        &self,
        tracks: &[usize],
        fitted: &Fitted,
        fold: usize,
    ) -> impl Iterator<Item = (Said, (PathBuf, HeldOutTrack))> {
        let has_logits = fitted.model.has_logits();
        tracks.iter().map(move |&track| {
            let (rows, _) = self.matrix(&[track]);
            let scores = fitted.model.scores(&standardise(&fitted.scaler, &rows));
            let count = scores.nrows().max(1) as f64;
            let columns = scores.columns().into_iter();
            let mean: Vec<f64> = columns.map(|column| column.sum() / count).collect();
            let windows = scores.rows().into_iter();
            let windows = windows.map(|row| self.shares(&row.to_vec(), has_logits));
            let said = Said {
                track,
                fold,
                shares: self.shares(&mean, has_logits),
                furthest_secs: self.furthest_secs(track, windows),
            };
            let rows = self.rows.get(track).map_or(&[][..], Vec::as_slice);
            let starts = rows.iter().map(|&row| self.table.timestamps.get(row));
            let starts: Vec<f32> = starts.map(|start| start.copied().unwrap_or(0.0)).collect();
            let mut order: Vec<usize> = (0..scores.nrows().min(starts.len())).collect();
            let start = |at: &usize| starts.get(*at).copied().unwrap_or(0.0);
            order.sort_by(|a, b| start(a).total_cmp(&start(b)));
            let windows = HeldOutTrack {
                starts_secs: order.iter().map(start).collect(),
                scores: scores.select(Axis(0), &order),
                has_logits,
            };
            (said, (self.file(track).unwrap_or_default(), windows))
        })
    }

    /// The file of a usable track.
    pub(super) fn file(&self, track: usize) -> Option<PathBuf> {
        let track = self.table.tracks.get(*self.tracks.get(track)?)?;
        Some(track.path.clone())
    }

    /// Scores of a track as shares that sum to 1, for classes; as they are, for other tasks.
    fn shares(&self, scores: &[f64], has_logits: bool) -> Vec<f64> {
        if !self.has_classes() {
            return scores.to_vec();
        }
        shares(scores, has_logits)
    }
}
