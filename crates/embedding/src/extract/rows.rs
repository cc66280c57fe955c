//! What the encoder gave, gathered into a table.

use super::{EmbeddingError, EmbeddingTable, Level, pipeline::Model};
use crate::TrackRow;
use mynascope_audio::Caveats;
use mynascope_base::jobs::Watch;
use mynascope_collection::Track;
use mynascope_spectrum::tokens::TokenMask;

/// Embeddings as they come in, track after track in any order.
#[derive(Default, Clone)]
pub(super) struct Rows {
    pub(super) values: Vec<f32>,
    pub(super) timestamps: Vec<f32>,
    /// Index into the collection.
    pub(super) track: Vec<usize>,
    /// Tracks without an embedding, by their index, and why.
    pub(super) skipped: Vec<(usize, String)>,
    /// By the index of their track.
    pub(super) caveats: Vec<(usize, Caveats)>,
    pub(super) windows: usize,
}

/// Windows that wait for the encoder.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) windows: Vec<Vec<f32>>,
    pub(super) masks: Vec<TokenMask>,
}

impl Waiting {
    /// Gives the encoder what waits.
    pub(super) fn flush(
        &mut self,
        model: &Model<'_>,
        rows: &mut Rows,
        watch: &Watch<'_>,
    ) -> Result<(), EmbeddingError> {
        watch.check()?;
        if self.windows.is_empty() {
            return Ok(());
        }
        let windows: Vec<&[f32]> = self.windows.iter().map(Vec::as_slice).collect();
        let masks = (!self.masks.is_empty()).then_some(self.masks.as_slice());
        let values = (model.embed)(&windows, masks)?;
        if values.len() != windows.len() * model.dim {
            return Err(EmbeddingError::Inconsistent(format!(
                "the encoder gave {} values for {} windows of {} values",
                values.len(),
                windows.len(),
                model.dim
            )));
        }
        rows.windows += windows.len();
        rows.values.extend(values);
        self.windows.clear();
        self.masks.clear();
        Ok(())
    }
}

impl Rows {
    pub(super) fn skip(&mut self, track: usize, why: String) {
        self.skipped.push((track, why));
    }

    /// The table of all tracks that gave finite embeddings, in the order of the collection; the others are skipped.
    pub(super) fn table(
        &mut self,
        tracks: &[Track],
        model: &Model<'_>,
        level: Level,
    ) -> Result<EmbeddingTable, EmbeddingError> {
        let mut table =
            EmbeddingTable::empty(model.dim, model.description.to_owned(), Level::Window);
        table.encoder_hash = model.hash.to_owned();
        let mut bad: Vec<usize> = self
            .values
            .chunks_exact(model.dim.max(1))
            .zip(&self.track)
            .filter(|(row, _)| row.iter().any(|value| !value.is_finite()))
            .map(|(_, &track)| track)
            .collect();
        bad.sort_unstable();
        bad.dedup();
        let mut last = None;
        let rows = self.values.chunks_exact(model.dim.max(1));
        let rows = rows.zip(&self.track).zip(&self.timestamps);
        let mut rows: Vec<((&[f32], &usize), &f32)> = rows.collect();
        // The windows of a track stay in theirs.
        rows.sort_by_key(|((_, track), _)| **track);
        for ((row, &track), &time) in rows {
            let (Some(of), Err(_)) = (tracks.get(track), bad.binary_search(&track)) else {
                continue;
            };
            if last != Some(track) {
                last = Some(track);
                table.tracks.push(TrackRow {
                    path: of.path.clone(),
                    label: of.label.clone(),
                    split: None,
                    incomplete: None,
                });
            }
            table.track.push(table.tracks.len() as u32 - 1);
            table.timestamps.push(time);
            table.values.extend_from_slice(row);
        }
        for track in bad {
            self.skip(
                track,
                "the encoder gave numbers that are not finite".to_owned(),
            );
        }
        if table.rows() == 0 {
            return Err(EmbeddingError::NothingEmbedded {
                tracks: tracks.len(),
                first: self
                    .skipped
                    .iter()
                    .min_by_key(|(track, _)| *track)
                    .map_or_else(String::new, |(_, why)| why.clone()),
            });
        }
        let table = match level {
            Level::Window => table,
            Level::Track => table.track_means(),
        };
        table.validate()?;
        Ok(table)
    }
}
