use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::{EmbeddingError, EmbeddingTable, Level, TrackRow};
use crate::{
    audio::SAMPLE_RATE,
    collection::{Collection, Track},
    encoder::{EncoderError, LoadedEncoder},
    jobs::{Cancel, Watch, panic_message},
    spectrum::{HOP, Mel, mel_of_file, mel_of_file_kept},
    storage::Cache,
    tokens::{DropOrder, MEL_BANDS, MaskKind, MaskRatio, PatchShape, Purpose, View, stream},
};

/// How embeddings are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExtractSettings {
    /// A row a window, or the mean of the windows of a track.
    pub level: Level,
    /// Share of tokens that is dropped before the encoder sees a window.
    pub ratio: MaskRatio,
    /// Draws the masks.
    pub seed: u64,
    /// Windows that the encoder is given at a time. A job can only be stopped between two of them.
    pub batch: usize,
}

impl Default for ExtractSettings {
    fn default() -> Self {
        Self {
            level: Level::Window,
            ratio: MaskRatio::NONE,
            seed: 0,
            batch: 16,
        }
    }
}

/// What came out of [`extract`].
#[derive(Debug, Clone, PartialEq)]
pub struct Extraction {
    pub table: EmbeddingTable,
    /// Tracks without an embedding, each with the reason.
    pub skipped: Vec<(PathBuf, String)>,
    /// Windows that the encoder embedded.
    pub windows: usize,
    /// Over the whole job, decoding included.
    pub windows_per_second: f64,
    pub seconds: f64,
}

/// Embeds every track of a collection. Windows lie back to back; the frames at the end that don't fill a window are
/// left out, and a track that is shorter than one window is padded with silence to one. A track that cannot be read
/// is skipped with its reason; the job fails only if none is left.
///
/// Files are decoded in parallel, a few ahead of the encoder, so memory does not grow with the collection. The same
/// collection and seed give the same table.
pub fn extract(
    collection: &Collection,
    encoder: &LoadedEncoder,
    settings: &ExtractSettings,
    watch: &Watch<'_>,
) -> Result<Extraction, EmbeddingError> {
    extract_kept(collection, encoder, settings, None, watch)
}

/// As [`extract`], the same values; mels that are in the cache are not computed again, others are kept there.
pub fn extract_kept(
    collection: &Collection,
    encoder: &LoadedEncoder,
    settings: &ExtractSettings,
    cache: Option<&Cache>,
    watch: &Watch<'_>,
) -> Result<Extraction, EmbeddingError> {
    let read = |path: &Path, cancel: &Cancel| read_mel(path, cancel, cache);
    extract_reading(&collection.tracks, encoder, &read, settings, watch)
}

/// As [`extract`], from mels that are read otherwise.
pub(super) fn extract_reading(
    tracks: &[Track],
    encoder: &LoadedEncoder,
    read: &Read<'_>,
    settings: &ExtractSettings,
    watch: &Watch<'_>,
) -> Result<Extraction, EmbeddingError> {
    let model = Model {
        frames: encoder.window_frames(),
        shapes: encoder.kind().shapes(),
        dim: encoder.embedding_dim(),
        description: encoder.description(),
        embed: &|windows, views| encoder.embed_windows(windows, views),
    };
    extract_with(tracks, &model, read, settings, watch)
}

/// One table for each layer of an encoder, from the patches to the embedding (see
/// [`LoadedEncoder::embed_layers`]), in one pass over the tracks. The last table is that of [`extract_kept`].
pub fn extract_layers(
    collection: &Collection,
    encoder: &LoadedEncoder,
    settings: &ExtractSettings,
    cache: Option<&Cache>,
    watch: &Watch<'_>,
) -> Result<Vec<EmbeddingTable>, EmbeddingError> {
    let (dim, layers) = (encoder.embedding_dim(), encoder.layers());
    let model = Model {
        frames: encoder.window_frames(),
        shapes: encoder.kind().shapes(),
        dim: dim * layers,
        description: encoder.description(),
        embed: &|windows, views| encoder.embed_layers(windows, views),
    };
    let read = |path: &Path, cancel: &Cancel| read_mel(path, cancel, cache);
    let whole = extract_with(&collection.tracks, &model, &read, settings, watch)?.table;
    let part = |layer: usize| -> Vec<f32> {
        let columns = layer * dim..(layer + 1) * dim;
        let rows = whole.iter();
        rows.flat_map(|row| row.get(columns.clone()).unwrap_or_default())
            .copied()
            .collect()
    };
    let tables = (0..layers).map(|layer| EmbeddingTable {
        dim,
        values: part(layer),
        timestamps: whole.timestamps.clone(),
        track: whole.track.clone(),
        tracks: whole.tracks.clone(),
        encoder: whole.encoder.clone(),
        level: whole.level,
    });
    Ok(tables.collect())
}

fn read_mel(path: &Path, cancel: &Cancel, cache: Option<&Cache>) -> Result<Mel, String> {
    let mel = match cache {
        Some(cache) => mel_of_file_kept(path, cancel, cache),
        None => mel_of_file(path, cancel),
    };
    mel.map_err(|error| error.to_string())
}

type Embed<'a> = dyn Fn(&[&[f32]], Option<&[View]>) -> Result<Vec<f32>, EncoderError> + 'a;

/// What extraction needs to know of an encoder.
struct Model<'a> {
    /// Frames of one window.
    frames: usize,
    shapes: &'a [PatchShape],
    dim: usize,
    description: &'a str,
    embed: &'a Embed<'a>,
}

pub(super) type Read<'a> = dyn Fn(&Path, &Cancel) -> Result<Mel, String> + Sync + 'a;
type Decoded = (usize, Result<Mel, String>);

fn extract_with(
    tracks: &[Track],
    model: &Model<'_>,
    read: &Read<'_>,
    settings: &ExtractSettings,
    watch: &Watch<'_>,
) -> Result<Extraction, EmbeddingError> {
    if tracks.is_empty() {
        return Err(EmbeddingError::NoTracks);
    }
    let start = Instant::now();
    let workers = rayon::current_num_threads().clamp(1, tracks.len());
    // Each worker has one track in hand and one finished track waits beside it.
    let ahead = 2 * workers;
    let (order, orders) = bounded::<usize>(ahead);
    let (finish, finished) = bounded::<Decoded>(ahead);
    let mut rows =
        thread::scope(|scope| {
            for worker in 0..workers {
                let (orders, finish) = (orders.clone(), finish.clone());
                thread::Builder::new()
                .name(format!("decode-{worker}"))
                .stack_size(8 << 20)
                .spawn_scoped(scope, move || {
                    decode(tracks, read, watch.cancel(), &orders, &finish);
                })
                .map_err(|error| EmbeddingError::Inconsistent(format!(
                    "no thread can be started to decode tracks ({error}); close other programs"
                )))?;
            }
            // Only the workers hold these ends now: if they are gone, waiting ends.
            drop((orders, finish));
            let rows = embed_in_order(tracks, model, settings, watch, &order, &finished, ahead);
            // Workers that wait for an order or a place see the ends closed and leave.
            drop((order, finished));
            rows
        })?;
    let windows = rows.windows;
    let table = rows.table(tracks, model, settings.level)?;
    let seconds = start.elapsed().as_secs_f64();
    Ok(Extraction {
        table,
        skipped: rows.skipped,
        windows,
        windows_per_second: windows as f64 / seconds.max(1e-9),
        seconds,
    })
}

fn decode(
    tracks: &[Track],
    read: &Read<'_>,
    cancel: &Cancel,
    orders: &Receiver<usize>,
    finish: &Sender<Decoded>,
) {
    for index in orders {
        let Some(track) = tracks.get(index) else {
            continue;
        };
        let mel = match &track.problem {
            Some(problem) => Err(problem.clone()),
            None => std::panic::catch_unwind(AssertUnwindSafe(|| read(&track.path, cancel)))
                .unwrap_or_else(|fault| {
                    Err(format!(
                        "the file brought its decoder down ({})",
                        panic_message(&*fault)
                    ))
                }),
        };
        if finish.send((index, mel)).is_err() {
            return;
        }
    }
}

/// Embeddings as they come in, in the order of the collection.
#[derive(Default)]
struct Rows {
    values: Vec<f32>,
    timestamps: Vec<f32>,
    /// Index into the collection.
    track: Vec<usize>,
    skipped: Vec<(PathBuf, String)>,
    windows: usize,
}

/// Windows that wait for the encoder.
#[derive(Default)]
struct Waiting {
    windows: Vec<Vec<f32>>,
    views: Vec<View>,
}

fn embed_in_order(
    tracks: &[Track],
    model: &Model<'_>,
    settings: &ExtractSettings,
    watch: &Watch<'_>,
    order: &Sender<usize>,
    finished: &Receiver<Decoded>,
    ahead: usize,
) -> Result<Rows, EmbeddingError> {
    let mut rows = Rows::default();
    let mut waiting = Waiting::default();
    let mut early: BTreeMap<usize, Result<Mel, String>> = BTreeMap::new();
    let mut ordered = 0;
    for (index, track) in tracks.iter().enumerate() {
        // Never more than `ahead` orders are open, so this does not block.
        while ordered < tracks.len().min(index + ahead) {
            let _ = order.send(ordered);
            ordered += 1;
        }
        let mel = loop {
            watch.check()?;
            if let Some(mel) = early.remove(&index) {
                break mel;
            }
            match finished.recv_timeout(Duration::from_millis(50)) {
                Ok((place, mel)) => {
                    early.insert(place, mel);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    break Err("decoding ended early".to_owned());
                }
            }
        };
        match mel {
            Ok(mel) if mel.frames() > 0 => {
                for (number, window) in cut_windows(&mel, model.frames).enumerate() {
                    waiting.windows.push(window);
                    if settings.ratio != MaskRatio::NONE {
                        waiting.views.push(mask(model, settings, index, number));
                    }
                    rows.track.push(index);
                    rows.timestamps
                        .push((number * model.frames * HOP) as f32 / SAMPLE_RATE as f32);
                    if waiting.windows.len() >= settings.batch.max(1) {
                        waiting.flush(model, &mut rows, watch)?;
                    }
                }
            }
            Ok(_) => rows.skip(track, "it holds no sound".to_owned()),
            Err(why) => {
                // A stopped decoder says so in its own words; the job's own answer is better.
                watch.check()?;
                rows.skip(track, why);
            }
        }
        watch.progress(
            "embedding tracks",
            index as u64 + 1,
            Some(tracks.len() as u64),
        );
    }
    waiting.flush(model, &mut rows, watch)?;
    Ok(rows)
}

/// Windows of [frames, 128], back to back; a mel shorter than one is padded with silence.
fn cut_windows(mel: &Mel, frames: usize) -> impl Iterator<Item = Vec<f32>> {
    let length = frames * MEL_BANDS;
    let short = mel.frames() < frames;
    let padded = short.then(|| {
        let mut window = mel.values().to_vec();
        window.resize(length, 0.0);
        window
    });
    let whole = mel
        .values()
        .chunks_exact(length.max(1))
        .map(<[f32]>::to_vec);
    padded.into_iter().chain(whole)
}

/// The mask of a window: a pure function of seed, track and window.
fn mask(model: &Model<'_>, settings: &ExtractSettings, track: usize, window: usize) -> View {
    let key = ((track as u64) << 32) | window as u64;
    let kept = |shape: PatchShape| {
        if !model.shapes.contains(&shape) {
            return Vec::new();
        }
        let purpose = Purpose::Mask {
            view: 0,
            vertical: shape == PatchShape::Vertical,
        };
        let mut random = stream(settings.seed, 0, key, purpose);
        DropOrder::draw(shape.grid(model.frames), MaskKind::Random, &mut random)
            .kept(settings.ratio)
            .to_vec()
    };
    View {
        start_frame: 0,
        kept_square: kept(PatchShape::Square),
        kept_vertical: kept(PatchShape::Vertical),
    }
}

impl Waiting {
    fn flush(
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
        let views = (!self.views.is_empty()).then_some(self.views.as_slice());
        let values = (model.embed)(&windows, views)?;
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
        self.views.clear();
        Ok(())
    }
}

impl Rows {
    fn skip(&mut self, track: &Track, why: String) {
        self.skipped.push((track.path.clone(), why));
    }

    /// The table of all tracks that gave finite embeddings; the others are skipped.
    fn table(
        &mut self,
        tracks: &[Track],
        model: &Model<'_>,
        level: Level,
    ) -> Result<EmbeddingTable, EmbeddingError> {
        let mut table =
            EmbeddingTable::empty(model.dim, model.description.to_owned(), Level::Window);
        let mut bad: Vec<usize> = self
            .values
            .chunks_exact(model.dim.max(1))
            .zip(&self.track)
            .filter(|(row, _)| row.iter().any(|value| !value.is_finite()))
            .map(|(_, &track)| track)
            .collect();
        bad.dedup();
        let mut last = None;
        let rows = self.values.chunks_exact(model.dim.max(1));
        for ((row, &track), &time) in rows.zip(&self.track).zip(&self.timestamps) {
            let (Some(of), Err(_)) = (tracks.get(track), bad.binary_search(&track)) else {
                continue;
            };
            if last != Some(track) {
                last = Some(track);
                table.tracks.push(TrackRow {
                    path: of.path.clone(),
                    label: of.label.clone(),
                });
            }
            table.track.push(table.tracks.len() as u32 - 1);
            table.timestamps.push(time);
            table.values.extend_from_slice(row);
        }
        for track in bad.iter().filter_map(|&track| tracks.get(track)) {
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
                    .first()
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A mel whose values tell their frame.
    fn mel(frames: usize) -> Mel {
        let values = (0..frames * MEL_BANDS).map(|value| (value / MEL_BANDS) as f32);
        Mel::from_values(values.collect())
    }

    fn tracks(names: &[&str]) -> Vec<Track> {
        names
            .iter()
            .map(|name| Track::of_file(Path::new(name)))
            .collect()
    }

    /// "Embeds" a window as its first and last value and how many tokens it kept.
    fn fake(windows: &[&[f32]], views: Option<&[View]>) -> Result<Vec<f32>, EncoderError> {
        Ok(windows
            .iter()
            .enumerate()
            .flat_map(|(index, window)| {
                let kept = views.map_or(48, |views| views[index].kept_square.len());
                [window[0], window[window.len() - 1], kept as f32]
            })
            .collect())
    }

    const MODEL: Model<'static> = Model {
        frames: 96,
        shapes: &[PatchShape::Square],
        dim: 3,
        description: "fake",
        embed: &fake,
    };

    /// The name of a file says how many frames it has; "bad" cannot be read, "worse" panics.
    fn read(path: &Path, _cancel: &Cancel) -> Result<Mel, String> {
        let name = path.to_str().unwrap();
        match name.split('-').next().unwrap().parse() {
            // The first track comes last, so that order must be restored.
            Ok(frames) => {
                std::thread::sleep(Duration::from_millis(if name.ends_with("slow") {
                    60
                } else {
                    0
                }));
                Ok(mel(frames))
            }
            Err(_) if name == "worse" => panic!("overflow"),
            Err(_) => Err(format!("{name} is no sound")),
        }
    }

    fn run(names: &[&str], settings: &ExtractSettings) -> Result<Extraction, EmbeddingError> {
        extract_with(
            &tracks(names),
            &MODEL,
            &read,
            settings,
            &Watch::unattended(),
        )
    }

    #[test]
    fn windows_lie_back_to_back_and_short_tracks_are_padded_with_silence() {
        for batch in [1, 2, 64] {
            let settings = ExtractSettings {
                batch,
                ..ExtractSettings::default()
            };
            let out = run(&["200-slow", "bad", "40", "96", "worse"], &settings).unwrap();
            let table = out.table;
            assert_eq!(
                table.values,
                [
                    0.0, 95.0, 48.0, 96.0, 191.0,
                    48.0, // 200 frames: two windows, 8 frames left out
                    0.0, 0.0, 48.0, // 40 frames, then silence
                    0.0, 95.0, 48.0
                ]
            );
            assert_eq!(table.track, [0, 0, 1, 2]);
            assert_eq!(table.timestamps, [0.0, 3.072, 0.0, 0.0]);
            let names: Vec<_> = table
                .tracks
                .iter()
                .map(|t| t.path.to_str().unwrap())
                .collect();
            assert_eq!(names, ["200-slow", "40", "96"]);
            assert_eq!(out.windows, 4);
            assert_eq!(out.skipped.len(), 2);
            assert_eq!(out.skipped[0].1, "bad is no sound");
            assert!(out.skipped[1].1.contains("overflow"), "{:?}", out.skipped);
        }
    }

    #[test]
    fn masks_follow_ratio_and_seed() {
        let settings = ExtractSettings {
            ratio: MaskRatio::MYNA,
            ..ExtractSettings::default()
        };
        let out = run(&["200"], &settings).unwrap();
        assert_eq!(out.table.row(1)[2], 5.0);
        let draw = |seed, track, window| {
            mask(&MODEL, &ExtractSettings { seed, ..settings }, track, window).kept_square
        };
        assert_eq!(draw(1, 2, 3), draw(1, 2, 3));
        for other in [draw(2, 2, 3), draw(1, 3, 3), draw(1, 2, 4)] {
            assert_ne!(draw(1, 2, 3), other);
        }
    }

    #[test]
    fn nothing_to_embed_is_an_error_that_says_why() {
        let message = run(&["bad", "bad"], &ExtractSettings::default())
            .unwrap_err()
            .to_string();
        assert!(message.contains("none of the 2 tracks"), "{message}");
        assert!(message.contains("bad is no sound"), "{message}");
        assert!(matches!(
            run(&[], &ExtractSettings::default()),
            Err(EmbeddingError::NoTracks)
        ));
    }

    /// However many tracks there are, only a few are decoded ahead of the encoder, and stopping takes effect at once.
    #[test]
    fn decoding_runs_only_a_little_ahead_and_stops() {
        static DECODED: AtomicUsize = AtomicUsize::new(0);
        let read = |_: &Path, _: &Cancel| {
            DECODED.fetch_add(1, Ordering::Relaxed);
            Ok(mel(96))
        };
        let cancel = Cancel::default();
        let stop = cancel.clone();
        let embed = move |windows: &[&[f32]], views: Option<&[View]>| {
            std::thread::sleep(Duration::from_millis(100));
            stop.cancel();
            fake(windows, views)
        };
        let model = Model {
            embed: &embed,
            ..MODEL
        };
        let names = vec!["x"; 5000];
        let settings = ExtractSettings {
            batch: 1,
            ..ExtractSettings::default()
        };
        let start = Instant::now();
        let result = extract_with(
            &tracks(&names),
            &model,
            &read,
            &settings,
            &Watch::new(cancel, &|_| {}),
        );
        assert!(matches!(result, Err(EmbeddingError::Cancelled(_))));
        assert!(start.elapsed() < Duration::from_millis(600));
        let most = 2 * rayon::current_num_threads() + 2;
        assert!(DECODED.load(Ordering::Relaxed) <= most, "{DECODED:?}");
    }
}
