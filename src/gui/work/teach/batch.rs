//! A batch of tracks, read and compared as training would.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use rayon::prelude::*;

use super::crop_of;
use crate::gui::{
    jobs::Newer,
    model::{BatchAnswer, BatchTrack, TeachKey},
};
use mynascope_audio::Channel;
use mynascope_base::storage::Cache;
use mynascope_collection::Collection;
use mynascope_embedding::BatchSimilarity;
use mynascope_encoder::{EncoderError, LoadedEncoder};
use mynascope_spectrum::{
    Mel, mel_of_file, mel_of_file_cached,
    tokens::{MEL_BANDS, TokenMask, View, draw_views},
};

/// Tracks of the batch are read up to here: ten minutes, 10 MB each.
const MOST_FRAMES: usize = 18_750;
/// Windows that the encoder is given at a time; between two of them a newer question may come first.
const WINDOWS_AT_ONCE: usize = 16;

/// A newer question came.
pub(super) struct Outdated;

/// Tracks from all over the collection, in its order; the shown one is among them.
pub(super) fn pick(collection: &Collection, count: usize, shown: &Path) -> Vec<BatchTrack> {
    let usable: Vec<_> = collection
        .tracks
        .iter()
        .enumerate()
        .filter(|(_, track)| track.problem.is_none())
        .collect();
    let count = count.min(usable.len());
    let mut places: Vec<usize> = (0..count)
        .map(|place| place * usable.len() / count.max(1))
        .collect();
    let shown = usable.iter().position(|(_, track)| track.path == shown);
    if let Some(shown) = shown.filter(|shown| !places.contains(shown)) {
        // In place of the one before it, so that the order stays.
        let before = places.iter_mut().rev().find(|place| **place < shown);
        if let Some(place) = before {
            *place = shown;
        }
    }
    places
        .into_iter()
        .filter_map(|place| usable.get(place))
        .map(|&(index, track)| BatchTrack {
            index,
            path: track.path.clone(),
            title: track.title.clone(),
            label: track.label.clone(),
        })
        .collect()
}

/// Reads the tracks of a batch and keeps them.
pub(super) struct Reader<'a> {
    pub(super) channel: Channel,
    pub(super) mels: &'a mut HashMap<PathBuf, Option<Arc<Mel>>>,
    pub(super) cache: Option<&'a Cache>,
    pub(super) newer: &'a Newer<'a>,
    pub(super) progress: &'a dyn Fn(usize, usize),
}

impl Reader<'_> {
    /// Reads what is missing, a few at a time. A newer question stops it; what was read stays.
    pub(super) fn read(&mut self, tracks: &[BatchTrack]) -> Result<(), Outdated> {
        self.mels
            .retain(|path, _| tracks.iter().any(|track| track.path == *path));
        let missing: Vec<&Path> = tracks
            .iter()
            .map(|track| track.path.as_path())
            .filter(|path| !self.mels.contains_key(*path))
            .collect();
        let (channel, cache, cancel) = (self.channel, self.cache, self.newer.cancel);
        let mel = |path: &Path| match cache {
            Some(cache) => mel_of_file_cached(path, channel, cancel, cache),
            None => mel_of_file(path, channel, cancel),
        };
        for part in missing.chunks(2 * rayon::current_num_threads()) {
            (self.progress)(self.mels.len(), tracks.len());
            let read: Vec<Option<Arc<Mel>>> = part
                .par_iter()
                .map(|path| mel(path).ok().map(|made| shortened(made.mel)))
                .collect();
            let paths = part.iter().map(|path| path.to_path_buf());
            self.mels.extend(paths.zip(read));
            if self.newer.has_newer() {
                return Err(Outdated);
            }
        }
        Ok(())
    }
}

fn shortened(mel: Mel) -> Arc<Mel> {
    if mel.frames() <= MOST_FRAMES {
        return Arc::new(mel);
    }
    let mut values = mel.values().to_vec();
    values.truncate(MOST_FRAMES * MEL_BANDS);
    Arc::new(Mel::from_values(values))
}

/// Embeds windows at once where all views keep as many tokens, else one by one: patches may be painted by hand.
fn embed_views(
    encoder: &LoadedEncoder,
    windows: &[&[f32]],
    views: &[View],
) -> Result<Vec<f32>, EncoderError> {
    let shapes = encoder.shapes();
    let masks: Vec<TokenMask> = views.iter().map(|view| view.mask(shapes)).collect();
    let counts = |mask: &TokenMask| mask.0.iter().map(Vec::len).collect::<Vec<_>>();
    let mut same = masks.iter().zip(masks.iter().skip(1));
    if same.all(|(a, b)| counts(a) == counts(b)) {
        return encoder.embed_windows(windows, Some(&masks));
    }
    let mut values = Vec::new();
    for (window, mask) in windows.iter().zip(masks) {
        values.extend(encoder.embed_windows(&[window], Some(&[mask]))?);
    }
    Ok(values)
}

/// Embeds both views of every track, as training draws them, and compares them; the shown track's views are those
/// that are shown, with crops and patches changed by hand. The outer error says that a newer question comes first.
pub(super) fn compare(
    encoder: &LoadedEncoder,
    mels: &HashMap<PathBuf, Option<Arc<Mel>>>,
    tracks: &[BatchTrack],
    asked: &TeachKey,
    give_up: &dyn Fn() -> bool,
) -> Result<Result<BatchAnswer, String>, Outdated> {
    let key = &asked.batch;
    let empty = |view: &View| view.mask(encoder.shapes()).lacks_tokens();
    let mut used = Vec::new();
    let mut starts = Vec::new();
    let (mut crops, mut views): (Vec<Vec<f32>>, Vec<View>) = (Vec::new(), Vec::new());
    for track in tracks {
        let Some(Some(mel)) = mels.get(&track.path) else {
            continue;
        };
        let index = track.index as u64;
        let by_hand = track.path == asked.path && !asked.views.iter().any(empty);
        let pair = match by_hand {
            true => asked.views.clone(),
            false => draw_views(key.seed, 0, index, mel.frames(), key.kind, key.ratio),
        };
        used.push(track.clone());
        let [a, b] = &pair;
        starts.push([a.start_frame, b.start_frame]);
        crops.extend(pair.iter().map(|view| crop_of(mel, view.start_frame)));
        views.extend(pair);
    }
    let skipped = tracks.len() - used.len();
    if used.len() < 2 {
        return Ok(Err(
            "A batch needs two tracks that can be read; open more files".to_owned(),
        ));
    }
    let dim = encoder.embedding_dim();
    let mut sides = [Vec::new(), Vec::new()];
    for (crops, views) in crops
        .chunks(WINDOWS_AT_ONCE)
        .zip(views.chunks(WINDOWS_AT_ONCE))
    {
        if give_up() {
            return Err(Outdated);
        }
        let windows: Vec<&[f32]> = crops.iter().map(Vec::as_slice).collect();
        let values = match embed_views(encoder, &windows, views) {
            Ok(values) => values,
            Err(error) => return Ok(Err(error.to_string())),
        };
        // A and B in turn.
        for (place, row) in values.chunks_exact(dim.max(1)).enumerate() {
            if let Some(side) = sides.get_mut(place % 2) {
                side.extend_from_slice(row);
            }
        }
    }
    let [a, b] = &sides;
    Ok(Ok(BatchAnswer {
        key: *key,
        similarity: BatchSimilarity::new(a, b, dim),
        tracks: used,
        starts,
        skipped,
        seconds: 0.0,
    }))
}
