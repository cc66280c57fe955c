//! Embeddings with the tracks and seconds that their rows stand for.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::EmbeddingError;
use mynascope_audio::Caveats;
use mynascope_base::named;
use mynascope_collection::Collection;
use mynascope_encoder::{LoadedEncoder, is_same_reading};

/// What one row of a table stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A window of a track.
    #[default]
    Window,
    /// A whole track: the mean of its windows.
    Track,
}

named!(
    Level,
    "level",
    Level::Window => "window",
    Level::Track => "track",
);

/// A track that rows of a table belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackRow {
    /// The sound file; `1234` where the table has only its number; or `row 12` for a row that came without either.
    pub path: PathBuf,
    /// Its label, where the collection has one.
    pub label: Option<String>,
    /// The part of the published split that it belongs to: train, valid or test.
    pub split: Option<String>,
    /// What of the file did not become sound when it was embedded, in a sentence; `None` for a whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
}

/// Words before the number of a row or a track that came without a path.
pub(crate) const UNNAMED: [&str; 2] = ["row", "track"];

impl TrackRow {
    /// Whether its path names a file. Rows of a table without paths are called `row 12`, or by the number that the table
    /// gives their track: `track 12`, or `1234` where it is an id.
    pub fn names_file(&self) -> bool {
        let path = self.path.to_str().unwrap_or_default();
        let number = match path.split_once(' ') {
            Some((word, number)) if UNNAMED.contains(&word) => number,
            _ => path,
        };
        let digits = number.strip_prefix('-').unwrap_or(number);
        digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit())
    }

    /// The number that the table gives a track without a path; `None` where it has a path, or nothing.
    pub fn number(&self) -> Option<&str> {
        let path = self.path.to_str().filter(|_| !self.names_file())?;
        match path.split_once(' ') {
            Some((word, number)) => (word == UNNAMED[1]).then_some(number),
            None => Some(path),
        }
    }

    /// Whether the table says nothing of what its row stands for.
    pub fn is_nameless(&self) -> bool {
        !self.names_file() && self.number().is_none()
    }
}

/// Embeddings with what they stand for. Made by `extract`, kept by `save_table`.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingTable {
    /// Values of one row.
    pub dim: usize,
    /// [rows, dim], row by row.
    pub values: Vec<f32>,
    /// Start of each row's window in its track, in seconds; 0 at track level. `[rows]`
    pub timestamps: Vec<f32>,
    /// Index into `tracks` of each row. `[rows]`
    pub track: Vec<u32>,
    /// The tracks, in the order of the collection.
    pub tracks: Vec<TrackRow>,
    /// What made the embeddings, for people.
    pub encoder: String,
    /// [`LoadedEncoder::fingerprint`] of what made them, layer and readout with it; empty where it isn't known: in tables of
    /// earlier versions and of other programs.
    pub encoder_hash: String,
    /// What a row stands for.
    pub level: Level,
    /// What of a file was not understood when the table was read; not stored.
    pub notes: Vec<String>,
}

impl EmbeddingTable {
    /// Notes for each track its part of the published split of a collection, by its path.
    pub fn note_splits(&mut self, collection: &Collection) {
        let parts = collection.parts();
        let named = collection.tracks.iter().zip(parts);
        let parts: HashMap<&Path, &str> = named
            .filter_map(|(track, part)| Some((track.path.as_path(), part?)))
            .collect();
        for track in &mut self.tracks {
            track.split = parts.get(track.path.as_path()).map(|&part| part.to_owned());
        }
    }

    /// Notes for each track what decoding told that it lacks, by its path.
    pub(crate) fn note_incomplete(&mut self, caveats: &[(PathBuf, Caveats)]) {
        let told = caveats.iter();
        let told: HashMap<&Path, String> = told
            .filter_map(|(path, caveats)| Some((path.as_path(), caveats.incomplete?.to_string())))
            .collect();
        for track in &mut self.tracks {
            track.incomplete = told.get(track.path.as_path()).cloned();
        }
    }

    /// The tracks that were embedded in part, each with what it lacks.
    pub fn incomplete(&self) -> impl Iterator<Item = (&Path, &str)> {
        let tracks = self.tracks.iter();
        tracks.filter_map(|track| Some((track.path.as_path(), track.incomplete.as_deref()?)))
    }

    /// An empty table of a width, to be filled.
    pub fn empty(dim: usize, encoder: String, level: Level) -> Self {
        Self {
            dim,
            values: Vec::new(),
            timestamps: Vec::new(),
            track: Vec::new(),
            tracks: Vec::new(),
            encoder,
            encoder_hash: String::new(),
            level,
            notes: Vec::new(),
        }
    }

    /// Whether embeddings of an encoder can be compared with these: `None` where nothing is wrong, or what is to be said
    /// where the table doesn't tell which encoder made it and its description is another.
    ///
    /// # Errors
    /// [`EmbeddingError::OtherEncoder`] if another encoder made the table, or the same one read in another way.
    pub fn check_encoder(&self, encoder: &LoadedEncoder) -> Result<Option<String>, EmbeddingError> {
        let here = encoder.description();
        let other = |how: &'static str, remedy: &'static str| {
            Err(EmbeddingError::OtherEncoder {
                how,
                table: self.encoder.clone(),
                here: here.to_owned(),
                remedy,
            })
        };
        let weights = |hash: &str| hash.split('-').next().map(str::to_owned);
        let (made_by, hash) = (self.encoder_hash.as_str(), encoder.fingerprint());
        if is_same_reading(made_by, hash) {
            return Ok(None);
        }
        if !made_by.is_empty() && weights(made_by) == weights(hash) {
            return other(
                "by this encoder, but read in another way",
                "give the same --layer, --readout, --window, --overlap, --patchout and --patchout-rows",
            );
        }
        if !made_by.is_empty() || self.dim != encoder.embedding_dim() {
            return other(
                "by another encoder",
                "name the table's encoder with --checkpoint",
            );
        }
        Ok((!self.encoder.is_empty() && self.encoder != here).then(|| {
            format!(
                "the table doesn't say by its hash which encoder made it, and calls it {}, not {here}; cosines of both mean \
                 something only if they are the same",
                self.encoder
            )
        }))
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.track.len()
    }

    /// The embedding of a row, `[dim]`; empty past the end.
    pub fn row(&self, index: usize) -> &[f32] {
        let start = index.saturating_mul(self.dim);
        self.values
            .get(start..start.saturating_add(self.dim))
            .unwrap_or_default()
    }

    /// All rows in order.
    pub fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.dim.max(1))
    }

    /// The track of a row.
    pub fn track_of(&self, row: usize) -> Option<&TrackRow> {
        let index = usize::try_from(*self.track.get(row)?).ok()?;
        self.tracks.get(index)
    }

    /// One row a track: the mean over its windows. Tracks without a row are left out of the rows, not of `tracks`.
    pub fn track_means(&self) -> Self {
        let mut sums = vec![(0_usize, vec![0.0_f64; self.dim]); self.tracks.len()];
        for (row, &track) in self.iter().zip(&self.track) {
            if let Some((count, sum)) = sums.get_mut(track as usize) {
                *count += 1;
                for (total, &value) in sum.iter_mut().zip(row) {
                    *total += f64::from(value);
                }
            }
        }
        let mut means = Self {
            tracks: self.tracks.clone(),
            encoder_hash: self.encoder_hash.clone(),
            ..Self::empty(self.dim, self.encoder.clone(), Level::Track)
        };
        for (index, (count, sum)) in (0_u32..).zip(sums) {
            if count > 0 {
                means.track.push(index);
                means.timestamps.push(0.0);
                means
                    .values
                    .extend(sum.iter().map(|total| (total / count as f64) as f32));
            }
        }
        means
    }

    /// The rows of all tracks but those that are marked; the tracks stay.
    pub fn without_rows_of(&self, tracks: &[bool]) -> Self {
        let stays = |track: u32| !tracks.get(track as usize).copied().unwrap_or(false);
        let mut left = Self {
            tracks: self.tracks.clone(),
            encoder_hash: self.encoder_hash.clone(),
            ..Self::empty(self.dim, self.encoder.clone(), self.level)
        };
        let rows = self.iter().zip(&self.timestamps).zip(&self.track);
        for ((values, &secs), &track) in rows.filter(|(_, track)| stays(**track)) {
            left.values.extend(values);
            left.timestamps.push(secs);
            left.track.push(track);
        }
        left
    }

    /// The same rows, with only those tracks that have one.
    pub fn without_empty_tracks(&self) -> Self {
        let mut used = vec![false; self.tracks.len()];
        for &track in &self.track {
            if let Some(used) = used.get_mut(track as usize) {
                *used = true;
            }
        }
        let mut next = 0;
        let places: Vec<u32> = used
            .iter()
            .map(|&used| {
                let place = next;
                next += u32::from(used);
                place
            })
            .collect();
        Self {
            track: self
                .track
                .iter()
                .map(|&track| places.get(track as usize).copied().unwrap_or(u32::MAX))
                .collect(),
            tracks: self
                .tracks
                .iter()
                .zip(&used)
                .filter(|(_, used)| **used)
                .map(|(track, _)| track.clone())
                .collect(),
            ..self.clone()
        }
    }

    /// Checks that the parts fit together and that every number is finite; what is kept or computed on must pass.
    ///
    /// # Errors
    /// [`EmbeddingError::Inconsistent`] with the first fault.
    pub fn validate(&self) -> Result<(), EmbeddingError> {
        let fail = |what: String| Err(EmbeddingError::Inconsistent(what));
        let rows = self.rows();
        if self.dim == 0 {
            return fail("a table needs rows of at least one value, and this has none".to_owned());
        }
        if rows.checked_mul(self.dim) != Some(self.values.len()) || self.timestamps.len() != rows {
            return fail(format!(
                "a table of {rows} rows of {} values holds {} values and {} timestamps",
                self.dim,
                self.values.len(),
                self.timestamps.len()
            ));
        }
        if let Some(&track) = self
            .track
            .iter()
            .find(|&&track| track as usize >= self.tracks.len())
        {
            return fail(format!(
                "a row belongs to track {track}, but the table holds {} tracks",
                self.tracks.len()
            ));
        }
        if let Some(place) = self.values.iter().position(|value| !value.is_finite()) {
            return fail(format!(
                "value {} of row {} is not a finite number; take out rows with NaN or infinity, or make them again",
                place % self.dim,
                place / self.dim
            ));
        }
        if let Some(row) = self.timestamps.iter().position(|time| !time.is_finite()) {
            return fail(format!("the timestamp of row {row} is not a finite number"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_encoder::{CheckpointRef, DeviceChoice, LoadOptions, Reading};

    fn table() -> EmbeddingTable {
        let track = |name: &str| TrackRow {
            path: name.into(),
            label: None,
            split: None,
            incomplete: None,
        };
        EmbeddingTable {
            values: vec![1.0, 2.0, 3.0, 6.0, -1.0, 0.5],
            timestamps: vec![0.0, 3.072, 0.0],
            track: vec![0, 0, 2],
            tracks: vec![track("a"), track("unreadable"), track("c")],
            ..EmbeddingTable::empty(2, "test".into(), Level::Window)
        }
    }

    #[test]
    fn a_track_is_the_mean_of_its_windows() {
        let means = table().track_means();
        assert_eq!(means.values, [2.0, 4.0, -1.0, 0.5]);
        assert_eq!(means.track, [0, 2]);
        assert_eq!(means.level, Level::Track);
        assert_eq!(means.track_of(1).unwrap().path, PathBuf::from("c"));
        means.validate().unwrap();
    }

    #[test]
    fn the_rows_of_some_tracks_can_be_left_out() {
        let whole = table();
        let left = whole.without_rows_of(&[true, false, false]);
        assert_eq!((left.rows(), left.track.as_slice()), (1, &[2][..]));
        assert_eq!(left.row(0), whole.row(2));
        assert_eq!(left.track_of(0), whole.track_of(2));
        assert_eq!(whole.without_rows_of(&[]), whole);
    }

    #[test]
    fn tracks_without_rows_are_left_out_and_the_others_keep_their_names() {
        let whole = table();
        let kept = whole.without_empty_tracks();
        assert_eq!(kept.track, [0, 0, 1]);
        assert_eq!(kept.tracks.len(), 2);
        for row in 0..3 {
            assert_eq!(kept.track_of(row), whole.track_of(row));
        }
    }

    #[test]
    fn only_the_encoder_that_made_a_table_is_compared_with_it() {
        let open = |checkpoint: CheckpointRef, layer: Option<usize>| {
            let options = LoadOptions {
                reading: Reading {
                    layer,
                    ..Reading::default()
                },
                ..LoadOptions::default()
            };
            LoadedEncoder::open(&checkpoint, options, &DeviceChoice::Cpu).unwrap()
        };
        let made_by = open(CheckpointRef::Untrained, None);
        let mut table = EmbeddingTable {
            encoder_hash: made_by.fingerprint().to_owned(),
            ..EmbeddingTable::empty(384, made_by.description().to_owned(), Level::Window)
        };
        assert_eq!(table.check_encoder(&made_by).unwrap(), None);
        assert_eq!(table.track_means().encoder_hash, table.encoder_hash);
        let refused = |table: &EmbeddingTable, encoder: &LoadedEncoder| {
            table.check_encoder(encoder).unwrap_err().to_string()
        };
        let said = refused(&table, &open(CheckpointRef::Untrained, Some(3)));
        assert!(
            said.contains("read in another way") && said.contains("--layer"),
            "{said}"
        );
        let shipped = open(CheckpointRef::Shipped, None);
        let said = refused(&table, &shipped);
        assert!(
            said.contains("another encoder") && said.contains("--checkpoint"),
            "{said}"
        );
        // Tables of earlier versions don't name it.
        table.encoder_hash.clear();
        assert_eq!(table.check_encoder(&made_by).unwrap(), None);
        let said = table.check_encoder(&shipped).unwrap().unwrap();
        assert!(said.contains("untrained tiny"), "{said}");
        table.dim = 5;
        assert!(refused(&table, &made_by).contains("another encoder"));
    }

    #[test]
    fn tables_that_do_not_fit_together_are_refused() {
        table().validate().unwrap();
        let mut wrong = table();
        wrong.values.pop();
        assert!(wrong.validate().is_err());
        let mut wrong = table();
        wrong.track[1] = 3;
        assert!(
            wrong
                .validate()
                .unwrap_err()
                .to_string()
                .contains("track 3")
        );
        let mut wrong = table();
        wrong.values[3] = f32::NAN;
        let message = wrong.validate().unwrap_err().to_string();
        assert!(message.contains("value 1 of row 1"), "{message}");
        let mut wrong = table();
        wrong.timestamps[0] = f32::INFINITY;
        assert!(wrong.validate().is_err());
    }
}
