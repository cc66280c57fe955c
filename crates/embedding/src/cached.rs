//! Tables that were made before.
//!
//! A table is kept by what it was made of: the content of every track in order, the encoder's weights, the device and
//! the settings. Whatever of these changes, the table is made anew; a file that was renamed changes nothing.

use std::{collections::HashMap, path::PathBuf, time::Instant};

use serde::{Deserialize, Serialize};

use super::{
    EmbeddingError, EmbeddingTable, ExtractSettings, Extraction, Grown, LayerTables, Level,
    TrackRow, extract_layers, extract_live,
};
use mynascope_audio::Caveats;
use mynascope_base::{
    jobs::Watch,
    storage::{Cache, ContentKey},
};
use mynascope_collection::Collection;
use mynascope_encoder::LoadedEncoder;
use mynascope_spectrum::tokens::MaskRatio;

/// The kind of entry; the number changes with what is computed.
const TABLE: &str = "table-2";
/// A table that would take a larger share of the cache than this is not kept: it would push out all mels.
const LARGEST_SHARE: u64 = 8;

/// What stands before the numbers of an entry.
#[derive(Serialize, Deserialize)]
struct Header {
    dim: usize,
    level: Level,
    windows: usize,
    /// Place in the collection of each row's track.
    track: Vec<usize>,
    timestamps: Vec<f32>,
    /// Tracks without an embedding: place in the collection, and why.
    skipped: Vec<(usize, String)>,
    /// What is told of tracks that have one.
    caveats: Vec<(usize, Caveats)>,
}

/// As [`crate::extract_with_cache`], the same values; a table that was made before of the same tracks, by the same encoder with the
/// same settings, is not computed again.
///
/// # Errors
/// As [`crate::extract_with_cache`]. A cache that cannot be read or written costs time, no more.
pub fn extract_cached(
    collection: &Collection,
    encoder: &LoadedEncoder,
    settings: &ExtractSettings,
    cache: Option<&Cache>,
    watch: &Watch<'_>,
) -> Result<Extraction, EmbeddingError> {
    extract_cached_live(collection, encoder, settings, cache, watch, None)
}

/// As [`extract_cached`]; where something is computed, `grown` is shown the table as it grows.
///
/// # Errors
/// As [`crate::extract_with_cache`].
pub fn extract_cached_live(
    collection: &Collection,
    encoder: &LoadedEncoder,
    settings: &ExtractSettings,
    cache: Option<&Cache>,
    watch: &Watch<'_>,
    grown: Option<Grown<'_>>,
) -> Result<Extraction, EmbeddingError> {
    let asked = Asked::embedding(collection, encoder, settings);
    let kept = cache.and_then(|cache| Some((cache, asked.key(&contents(collection, cache)?))));
    let Some((cache, key)) = kept else {
        return extract_live(collection, encoder, settings, cache, watch, grown);
    };
    if let Some(found) = asked.find(cache, &key) {
        report_all_done(collection, watch);
        return Ok(found);
    }
    let made = extract_live(collection, encoder, settings, Some(cache), watch, grown)?;
    asked.put(cache, &key, &made);
    Ok(made)
}

/// What [`extract_cached`] gives without computing anything; `None` where it would have to compute.
pub fn find_cached(
    collection: &Collection,
    encoder: &LoadedEncoder,
    settings: &ExtractSettings,
    cache: &Cache,
) -> Option<Extraction> {
    let asked = Asked::embedding(collection, encoder, settings);
    asked.find(cache, &asked.key(&contents(collection, cache)?))
}

/// What the file of every track contains, the same for all layers. `None` where a track cannot be read: it may be back the next
/// time.
fn contents(collection: &Collection, cache: &Cache) -> Option<Vec<Vec<u8>>> {
    let tracks = collection.tracks.iter();
    tracks
        .map(|track| match &track.problem {
            Some(_) => Some(vec![0]),
            None => Some(cache.key_of(&track.path).ok()?.as_bytes().to_vec()),
        })
        .collect()
}

/// As [`extract_layers`], the same values; tables that were made before are not computed again. The table of a layer is the
/// one that [`extract_cached`] makes with the encoder opened on it, so each finds what the other made; but for the published
/// embedding, which alone is computed in a faster way and differs by rounding.
///
/// # Errors
/// As [`extract_layers`]. A cache that cannot be read or written costs time, no more.
pub fn extract_layers_cached(
    collection: &Collection,
    encoder: &LoadedEncoder,
    settings: &ExtractSettings,
    cache: Option<&Cache>,
    watch: &Watch<'_>,
) -> Result<LayerTables, EmbeddingError> {
    let start = Instant::now();
    let layers = 0..encoder.info().layers.len();
    let asked = layers.map(|layer| Asked {
        collection,
        encoder,
        hash: encoder.layer_fingerprint(layer),
        beside_layers: encoder.layer_reading(layer).layer.is_none(),
        settings,
    });
    let asked: Vec<Asked<'_>> = asked.collect();
    let keys = cache.and_then(|cache| {
        let contents = contents(collection, cache)?;
        let keys = asked.iter().map(|asked| asked.key(&contents));
        Some((cache, keys.collect::<Vec<ContentKey>>()))
    });
    let Some((cache, keys)) = keys else {
        return extract_layers(collection, encoder, settings, cache, watch);
    };
    let found = asked.iter().zip(&keys);
    let found = found.map(|(asked, key)| asked.get(cache, key));
    if let Some(found) = found.collect::<Option<Vec<Extraction>>>() {
        report_all_done(collection, watch);
        let (skipped, caveats) = match found.first() {
            Some(first) => (first.skipped.clone(), first.caveats.clone()),
            None => Default::default(),
        };
        return Ok(LayerTables {
            tables: found.into_iter().map(|found| found.table).collect(),
            skipped,
            caveats,
            seconds: start.elapsed().as_secs_f64(),
            from_cache: true,
        });
    }
    let made = extract_layers(collection, encoder, settings, Some(cache), watch)?;
    for ((asked, key), table) in asked.iter().zip(&keys).zip(&made.tables) {
        let extraction = Extraction {
            table: table.clone(),
            skipped: made.skipped.clone(),
            caveats: made.caveats.clone(),
            windows: table.rows(),
            windows_per_second: 0.0,
            seconds: made.seconds,
            from_cache: false,
        };
        asked.put(cache, key, &extraction);
    }
    Ok(made)
}

fn report_all_done(collection: &Collection, watch: &Watch<'_>) {
    let tracks = collection.tracks.len() as u64;
    watch.progress("embedding tracks", tracks, Some(tracks));
}

/// What a table is made of.
struct Asked<'a> {
    collection: &'a Collection,
    encoder: &'a LoadedEncoder,
    /// The encoder's fingerprint, on the layer that the table is of.
    hash: String,
    /// Of the published embedding: whether it was computed in one pass with all layers.
    beside_layers: bool,
    settings: &'a ExtractSettings,
}

impl<'a> Asked<'a> {
    fn embedding(
        collection: &'a Collection,
        encoder: &'a LoadedEncoder,
        settings: &'a ExtractSettings,
    ) -> Self {
        Self {
            collection,
            encoder,
            hash: encoder.fingerprint().to_owned(),
            beside_layers: false,
            settings,
        }
    }

    /// What is kept, timed.
    fn find(&self, cache: &Cache, key: &ContentKey) -> Option<Extraction> {
        let start = Instant::now();
        let found = self.get(cache, key)?;
        let seconds = start.elapsed().as_secs_f64();
        Some(Extraction {
            seconds,
            windows_per_second: found.windows as f64 / seconds.max(1e-9),
            ..found
        })
    }

    fn get(&self, cache: &Cache, key: &ContentKey) -> Option<Extraction> {
        self.read(&cache.get(key, TABLE)?)
    }

    /// What is not kept is made again: slower, never wrong.
    fn put(&self, cache: &Cache, key: &ContentKey, made: &Extraction) {
        if let Some((header, numbers)) = self.write(made)
            && ((header.len() + numbers.len()) as u64) < cache.limit_bytes() / LARGEST_SHARE
        {
            let length = (header.len() as u64).to_le_bytes();
            let _ = cache.put(key, TABLE, &[&length, &header, &numbers]);
        }
    }

    /// The key of the table that is made of tracks with these contents.
    fn key(&self, contents: &[Vec<u8>]) -> ContentKey {
        let Self {
            encoder, settings, ..
        } = self;
        // Without a mask nothing is drawn.
        let seed = match settings.ratio == MaskRatio::NONE {
            true => 0,
            false => settings.seed,
        };
        let made = format!(
            "{} {} {} {} {seed} {}",
            self.hash,
            encoder.device(),
            settings.level,
            settings.ratio.get(),
            settings.channel
        );
        let beside = self.beside_layers.then_some(&b"beside all layers"[..]);
        let first = std::iter::once(made.as_bytes()).chain(beside);
        ContentKey::of_parts(first.chain(contents.iter().map(Vec::as_slice)))
    }

    /// Header and numbers of an entry.
    fn write(&self, made: &Extraction) -> Option<(Vec<u8>, Vec<u8>)> {
        // Of a file that is named twice the first row speaks, in a fresh table as in one that was kept.
        let mut places: HashMap<&PathBuf, usize> = HashMap::new();
        for (place, track) in self.collection.tracks.iter().enumerate() {
            places.entry(&track.path).or_insert(place);
        }
        let table = &made.table;
        let of = |path: &PathBuf| places.get(path).copied();
        let track = table.track.iter().map(|&track| {
            let track = table.tracks.get(track as usize)?;
            of(&track.path)
        });
        let skipped = made.skipped.iter();
        let header = Header {
            dim: table.dim,
            level: table.level,
            windows: made.windows,
            track: track.collect::<Option<_>>()?,
            timestamps: table.timestamps.clone(),
            skipped: skipped
                .map(|(path, why)| Some((of(path)?, why.clone())))
                .collect::<Option<_>>()?,
            caveats: (made.caveats.iter())
                .map(|(path, caveats)| Some((of(path)?, *caveats)))
                .collect::<Option<_>>()?,
        };
        let numbers = table.values.iter().flat_map(|value| value.to_le_bytes());
        Some((serde_json::to_vec(&header).ok()?, numbers.collect()))
    }

    /// The table of an entry; `None` where it is damaged.
    fn read(&self, bytes: &[u8]) -> Option<Extraction> {
        let Self {
            collection,
            encoder,
            ..
        } = self;
        let (length, rest) = bytes.split_at_checked(8)?;
        let length = u64::from_le_bytes(length.try_into().ok()?);
        let (header, numbers) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        let header: Header = serde_json::from_slice(header).ok()?;
        let mut table =
            EmbeddingTable::empty(header.dim, encoder.description().to_owned(), header.level);
        table.encoder_hash = self.hash.clone();
        let mut last = None;
        for place in header.track {
            if last != Some(place) {
                last = Some(place);
                let track = collection.tracks.get(place)?;
                table.tracks.push(TrackRow {
                    path: track.path.clone(),
                    label: track.label.clone(),
                    split: None,
                    incomplete: None,
                });
            }
            table
                .track
                .push(u32::try_from(table.tracks.len()).ok()? - 1);
        }
        table.note_splits(collection);
        table.timestamps = header.timestamps;
        let (numbers, _) = numbers.as_chunks::<4>();
        table.values = numbers
            .iter()
            .map(|&bytes| f32::from_le_bytes(bytes))
            .collect();
        table.validate().ok()?;
        let skipped = header.skipped.into_iter().map(|(place, why)| {
            let track = collection.tracks.get(place)?;
            Some((track.path.clone(), why))
        });
        let caveats = header.caveats.into_iter().map(|(place, caveats)| {
            let track = collection.tracks.get(place)?;
            Some((track.path.clone(), caveats))
        });
        let caveats: Vec<(PathBuf, Caveats)> = caveats.collect::<Option<_>>()?;
        table.note_incomplete(&caveats);
        Some(Extraction {
            table,
            skipped: skipped.collect::<Option<_>>()?,
            caveats,
            windows: header.windows,
            windows_per_second: 0.0,
            seconds: 0.0,
            from_cache: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_collection::{CollectionKind, Track};
    use mynascope_encoder::{CheckpointRef, DeviceChoice, LoadOptions};

    #[test]
    fn a_table_is_made_once_and_anew_when_anything_changes() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("cache"), 1 << 30);
        let tracks = (0..3).map(|track| {
            let path = folder.path().join(format!("{track}.wav"));
            let sound: Vec<f32> = (0..52_000)
                .map(|at| (at as f32 * 0.02 * (track + 1) as f32).sin() * 0.5)
                .collect();
            match track {
                1 => std::fs::write(&path, "no sound").unwrap(),
                _ => mynascope_audio::write_wav(&path, &sound, 16_000).unwrap(),
            }
            Track::of_file(&path)
        });
        let mut collection = Collection {
            name: "tones".into(),
            kind: CollectionKind::Folder,
            tracks: tracks.collect(),
            split: None,
            notes: Vec::new(),
        };
        let encoder =
            LoadedEncoder::open(&CheckpointRef::Untrained, None, &DeviceChoice::Cpu).unwrap();
        let get = |collection: &Collection, ratio: f64, seed| {
            let settings = ExtractSettings {
                ratio: MaskRatio::new(ratio).unwrap(),
                seed,
                ..ExtractSettings::default()
            };
            let watch = Watch::unattended();
            let asked = Asked {
                collection,
                encoder: &encoder,
                hash: encoder.fingerprint().to_owned(),
                beside_layers: false,
                settings: &settings,
            };
            let key = asked.key(&contents(collection, &cache).unwrap());
            let known = cache.get(&key, TABLE).is_some();
            let made =
                extract_cached(collection, &encoder, &settings, Some(&cache), &watch).unwrap();
            let fresh =
                crate::extract_with_cache(collection, &encoder, &settings, None, &watch).unwrap();
            assert_eq!(made.table, fresh.table);
            assert_eq!((made.skipped, made.windows), (fresh.skipped, fresh.windows));
            known
        };
        assert!(!get(&collection, 0.5, 1));
        assert!(get(&collection, 0.5, 1));
        assert!(!get(&collection, 0.5, 2));
        assert!(!get(&collection, 0.0, 1));
        assert!(
            get(&collection, 0.0, 2),
            "without a mask the seed says nothing"
        );
        collection.tracks[0].label = Some("new".into());
        assert!(
            get(&collection, 0.0, 2),
            "labels are not embedded, and not kept"
        );
        collection.tracks.pop();
        assert!(!get(&collection, 0.0, 2));
        // Every layer at once, and one of them alone: each finds what the other made.
        let settings = ExtractSettings::default();
        let all = |cache: Option<&Cache>| {
            let watch = Watch::unattended();
            extract_layers_cached(&collection, &encoder, &settings, cache, &watch).unwrap()
        };
        let (made, again, fresh) = (all(Some(&cache)), all(Some(&cache)), all(None));
        assert!(!made.from_cache && again.from_cache && !fresh.from_cache);
        assert_eq!(
            (&again.tables, &again.skipped),
            (&made.tables, &made.skipped)
        );
        assert_eq!(made.tables, fresh.tables);
        let on_first = LoadedEncoder::open(
            &CheckpointRef::Untrained,
            LoadOptions {
                reading: encoder.layer_reading(1),
                ..LoadOptions::default()
            },
            &DeviceChoice::Cpu,
        )
        .unwrap();
        let watch = Watch::unattended();
        let one = extract_cached(&collection, &on_first, &settings, Some(&cache), &watch).unwrap();
        let alone =
            crate::extract_with_cache(&collection, &on_first, &settings, None, &watch).unwrap();
        assert!(one.from_cache);
        assert_eq!(one.table.values, alone.table.values);
        assert_eq!(one.table.encoder_hash, alone.table.encoder_hash);
    }
}
