//! Decoding ahead of the encoder, and embedding track after track: not in the order of the list, but spread over it, so that what is
//! embedded early is like the whole.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::{
    EmbeddingError, EmbeddingTable, ExtractSettings, Extraction,
    rows::{Rows, Waiting},
    windows::mask,
};
use mynascope_audio::Caveats;
use mynascope_base::jobs::{Cancel, Watch, panic_message};
use mynascope_collection::Track;
use mynascope_encoder::{EncoderError, Input, LoadedEncoder};
use mynascope_spectrum::tokens::{MaskRatio, TokenGrid, TokenMask};

/// A job: which tracks are embedded by what.
pub(super) struct Pipeline<'a> {
    pub(super) tracks: &'a [Track],
    pub(super) model: Model<'a>,
    pub(super) read: &'a ReadTrack<'a>,
    pub(super) settings: &'a ExtractSettings,
    pub(super) watch: &'a Watch<'a>,
    /// Is shown the table as it grows.
    pub(super) grown: Option<Grown<'a>>,
}

/// Is given the table of what is embedded so far.
pub type Grown<'a> = &'a dyn Fn(EmbeddingTable);

/// Windows after which the growing table is shown first, and by how much it must have grown to be shown again, and how long
/// after: looking at it costs time as well.
const FIRST_SHOWN: usize = 64;
const GROWTH: f64 = 1.3;
const SHOWN_EVERY: Duration = Duration::from_secs(1);

/// Embeds windows, each with its mask where something is masked.
pub(super) type Embed<'a> =
    dyn Fn(&[&[f32]], Option<&[TokenMask]>) -> Result<Vec<f32>, EncoderError> + 'a;

/// What extraction needs to know of an encoder.
pub(super) struct Model<'a> {
    pub(super) grids: &'a [TokenGrid],
    pub(super) dim: usize,
    pub(super) description: &'a str,
    pub(super) hash: &'a str,
    /// Windows that it embeds at a time where more are at hand.
    pub(super) per_pass: usize,
    pub(super) embed: &'a Embed<'a>,
}

/// Gives what an encoder reads of a track's file, or why not.
pub type ReadTrack<'a> = dyn Fn(&Path, &Cancel) -> Result<Input, String> + Sync + 'a;

impl<'a> Model<'a> {
    /// An encoder that gives so many values a window.
    pub(super) fn of(encoder: &'a LoadedEncoder, dim: usize, embed: &'a Embed<'a>) -> Self {
        Self {
            grids: &encoder.info().grids,
            dim,
            description: encoder.description(),
            hash: encoder.fingerprint(),
            per_pass: encoder.windows_per_pass(),
            embed,
        }
    }
}

/// A track's place, and what its file gave.
type Decoded = (usize, Result<Input, String>);

impl Pipeline<'_> {
    /// Embeds all tracks.
    pub(super) fn run(&self) -> Result<Extraction, EmbeddingError> {
        let Self {
            tracks,
            read,
            watch,
            ..
        } = *self;
        if tracks.is_empty() {
            return Err(EmbeddingError::NoTracks);
        }
        let start = Instant::now();
        let workers = rayon::current_num_threads().clamp(1, tracks.len());
        // Each worker has one track in hand and one finished track waits beside it.
        let ahead = 2 * workers;
        let (order, orders) = bounded::<usize>(ahead);
        let (finish, finished) = bounded::<Decoded>(ahead);
        let mut rows = thread::scope(|scope| {
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
            let rows = self.embed_in_turn(&order, &finished, ahead);
            // Workers that wait for an order or a place see the ends closed and leave.
            drop((order, finished));
            rows
        })?;
        let windows = rows.windows;
        let mut table = rows.table(tracks, &self.model, self.settings.level)?;
        let caveats = in_order(tracks, rows.caveats);
        table.note_incomplete(&caveats);
        let seconds = start.elapsed().as_secs_f64();
        Ok(Extraction {
            from_cache: false,
            table,
            skipped: in_order(tracks, rows.skipped),
            caveats,
            windows,
            windows_per_second: windows as f64 / seconds.max(1e-9),
            seconds,
        })
    }

    /// Gives the encoder the windows of the tracks in the order of [`spread`], in whichever order they are decoded. `ahead` orders
    /// may be open at a time.
    fn embed_in_turn(
        &self,
        order: &Sender<usize>,
        finished: &Receiver<Decoded>,
        ahead: usize,
    ) -> Result<Rows, EmbeddingError> {
        let Self {
            tracks,
            model,
            settings,
            watch,
            ..
        } = self;
        let mut rows = Rows::default();
        let mut waiting = Waiting::default();
        let mut early: BTreeMap<usize, Result<Input, String>> = BTreeMap::new();
        let turns = spread(tracks.len());
        let mut orders = turns.iter().copied();
        let mut open = 0;
        let (mut next, mut shown) = (FIRST_SHOWN, None::<Instant>);
        for (done, &index) in turns.iter().enumerate() {
            // Never more than `ahead` orders are open, so this does not block.
            for track in orders.by_ref().take(ahead - open) {
                let _ = order.send(track);
                open += 1;
            }
            open -= 1;
            let input = loop {
                watch.check()?;
                if let Some(input) = early.remove(&index) {
                    break input;
                }
                match finished.recv_timeout(Duration::from_millis(50)) {
                    Ok((place, input)) => {
                        early.insert(place, input);
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => {
                        break Err("decoding ended early".to_owned());
                    }
                }
            };
            match input {
                Ok(Input {
                    windows, caveats, ..
                }) if !windows.is_empty() => {
                    if caveats != Caveats::default() {
                        rows.caveats.push((index, caveats));
                    }
                    for (number, window) in windows.into_iter().enumerate() {
                        waiting.windows.push(window.values);
                        if settings.ratio != MaskRatio::NONE {
                            waiting.masks.push(mask(model, settings, index, number));
                        }
                        rows.track.push(index);
                        rows.timestamps.push(window.start_secs);
                        if waiting.windows.len() >= settings.batch.max(model.per_pass) {
                            waiting.flush(model, &mut rows, watch)?;
                        }
                    }
                }
                Ok(_) => rows.skip(index, "it holds no sound".to_owned()),
                Err(why) => {
                    // A stopped decoder says so in its own words; the job's own answer is better.
                    watch.check()?;
                    rows.skip(index, why);
                }
            }
            if let Some(grown) = self.grown
                && rows.windows >= next
                && shown.is_none_or(|shown| shown.elapsed() >= SHOWN_EVERY)
                && let Ok(table) = rows.clone().table(tracks, model, settings.level)
            {
                grown(table);
                next = (rows.windows as f64 * GROWTH) as usize;
                shown = Some(Instant::now());
            }
            watch.progress(
                "embedding tracks",
                done as u64 + 1,
                Some(tracks.len() as u64),
            );
        }
        waiting.flush(model, &mut rows, watch)?;
        Ok(rows)
    }
}

/// The places of a list in van der Corput's order: the beginning, the middle, the quarters, the eighths and so on. However few of them
/// are taken, they are spread over the whole list, which is often sorted by label.
fn spread(count: usize) -> Vec<usize> {
    let slots = count.next_power_of_two();
    let unused = usize::BITS - slots.trailing_zeros();
    let mirrored = |slot: usize| slot.reverse_bits().checked_shr(unused).unwrap_or(0);
    (0..slots)
        .map(mirrored)
        .filter(|place| *place < count)
        .collect()
}

/// What is told of tracks by their places, in their order and by their paths.
fn in_order<T>(tracks: &[Track], mut told: Vec<(usize, T)>) -> Vec<(PathBuf, T)> {
    told.sort_by_key(|(place, _)| *place);
    let told = told.into_iter();
    told.filter_map(|(place, what)| Some((tracks.get(place)?.path.clone(), what)))
        .collect()
}

fn decode(
    tracks: &[Track],
    read: &ReadTrack<'_>,
    cancel: &Cancel,
    orders: &Receiver<usize>,
    finish: &Sender<Decoded>,
) {
    for index in orders {
        let Some(track) = tracks.get(index) else {
            continue;
        };
        let input = match &track.problem {
            Some(problem) => Err(problem.clone()),
            None => std::panic::catch_unwind(AssertUnwindSafe(|| read(&track.path, cancel)))
                .unwrap_or_else(|fault| {
                    Err(format!(
                        "the file brought its decoder down ({})",
                        panic_message(&*fault)
                    ))
                }),
        };
        if finish.send((index, input)).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_few_tracks_are_embedded_they_are_spread_over_the_list() {
        assert!(spread(0).is_empty());
        assert_eq!(spread(1), [0]);
        assert_eq!(spread(6), [0, 4, 2, 1, 5, 3]);
        for count in [7, 64, 100, 1000] {
            let order = spread(count);
            let mut all = order.clone();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..count), "each once");
            // A tenth of a list of ten labels, one after the other, has nearly all of them.
            let begun = &order[..count.div_ceil(10).max(2)];
            let halves = begun.iter().filter(|&&place| place < count / 2).count();
            assert!(halves.abs_diff(begun.len() - halves) <= 1 + begun.len() / 4);
        }
    }
}
