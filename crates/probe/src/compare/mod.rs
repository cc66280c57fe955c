//! Several encoders on every task that the labels of a collection allow, by one protocol.

mod table;
#[cfg(test)]
mod tests;

pub use table::{
    CompareSettings, ComparedCell, ComparedDifference, ComparedEncoder, ComparedScore, Comparison,
    LayerChoice, NamedEncoder, TaskWithoutLabels,
};

use std::{path::PathBuf, time::Instant};

use super::{
    EncoderId, MadeBy, ProbeError, ProbeReport, Protocol, SavedScore, Task, check_labels,
    collection_key, probe_best_layer, probe_collection,
};
use mynascope_audio::Caveats;
use mynascope_base::{
    jobs::Watch,
    storage::{Cache, ContentKey},
};
use mynascope_collection::Collection;
use mynascope_embedding::{EmbeddingTable, ExtractSettings, extract_cached, extract_layers_cached};
use mynascope_encoder::LoadedEncoder;

/// The kind of a score in the cache; the number changes with what is computed.
const SCORE: &str = "compared-2";

/// Scores several encoders on every task that the labels allow: the same head, protocol and split for all. Tracks are
/// embedded once for all tasks; embeddings and scores that were computed before come from the cache. `found` is told the
/// table whenever something is added to it. An encoder that cannot be opened, and a task that fails, leave their reason in
/// the table and stop nothing.
///
/// # Errors
/// If no encoder is named, if the labels allow none of the tasks, if the protocol does not allow a comparison, or if the
/// job was told to stop.
pub fn compare(
    collection: &Collection,
    encoders: &[NamedEncoder],
    settings: &CompareSettings,
    cache: Option<&Cache>,
    watch: &Watch<'_>,
    found: &mut dyn FnMut(&Comparison),
) -> Result<Comparison, ProbeError> {
    let start = Instant::now();
    if encoders.is_empty() {
        return Err(ProbeError::Encoder(
            "no encoder is named; choose at least one, better two".into(),
        ));
    }
    if settings.protocol == Protocol::Paper {
        return Err(ProbeError::Labels(
            "the published protocol would train its whole grid for every cell; compare by quick, clean or folds:K"
                .into(),
        ));
    }
    let (mut tasks, mut left_out) = (Vec::new(), Vec::new());
    for &task in &settings.tasks {
        match check_labels(collection, &settings.of(task)) {
            Ok(()) => tasks.push(task),
            Err(error @ ProbeError::Cancelled(_)) => return Err(error),
            Err(error) => left_out.push(TaskWithoutLabels {
                task,
                why: error.to_string(),
            }),
        }
    }
    if tasks.is_empty() {
        let why = left_out
            .into_iter()
            .map(|it| format!("{}: {}", it.task, it.why));
        return Err(ProbeError::Labels(format!(
            "the labels allow no task. {}",
            why.collect::<Vec<_>>().join("; ")
        )));
    }
    let row = |encoder: &NamedEncoder| ComparedEncoder {
        name: encoder.name.clone(),
        checkpoint: encoder.checkpoint.to_string(),
        encoder: String::new(),
        problem: None,
        scores: vec![ComparedCell::Waiting; tasks.len()],
        seconds: 0.0,
    };
    let mut table = Comparison {
        collection: collection.name.clone(),
        left_out,
        head: settings.head,
        protocol: settings.protocol.to_string(),
        seed: settings.seed,
        layers: settings.layers,
        encoders: encoders.iter().map(row).collect(),
        skipped: Vec::new(),
        caveats: Vec::new(),
        seconds: 0.0,
        tasks,
    };
    found(&table);
    watch.progress("looking at the tracks", 0, None);
    let job = Job {
        collection,
        key: collection_key(collection, cache),
        labels: labels_key(collection),
        settings,
        cache,
    };
    for (place, encoder) in encoders.iter().enumerate() {
        let name = format!("encoder {}", encoder.name);
        watch.part(&name, place, encoders.len(), |watch| {
            job.row(encoder, place, &mut table, watch, found)
        })?;
    }
    table.seconds = start.elapsed().as_secs_f64();
    found(&table);
    Ok(table)
}

/// What [`collection_key`] leaves out of the labels.
fn labels_key(collection: &Collection) -> Vec<u8> {
    let labels = collection.tracks.iter().map(|track| {
        let emotion = track.emotion.map(|values| values.map(f32::to_bits));
        format!("{:?} {emotion:?} {:?}", track.key, track.fold)
    });
    let labels: Vec<String> = labels.collect();
    format!("{}\n{:?}", labels.join("\n"), collection.parts()).into_bytes()
}

struct Job<'a> {
    collection: &'a Collection,
    key: String,
    labels: Vec<u8>,
    settings: &'a CompareSettings,
    cache: Option<&'a Cache>,
}

/// The embeddings of an encoder, and how long they took.
struct Embedded {
    /// One, or one for each layer.
    tables: Vec<EmbeddingTable>,
    skipped: Vec<(PathBuf, String)>,
    caveats: Vec<(PathBuf, Caveats)>,
    seconds: Option<f64>,
}

/// An error, but for a stop, in words: it stays in its place of the table.
fn words(error: ProbeError) -> Result<String, ProbeError> {
    match error {
        ProbeError::Cancelled(_) => Err(error),
        error => Ok(error.to_string()),
    }
}

impl Job<'_> {
    /// Fills the row of an encoder.
    fn row(
        &self,
        named: &NamedEncoder,
        place: usize,
        table: &mut Comparison,
        watch: &Watch<'_>,
        found: &mut dyn FnMut(&Comparison),
    ) -> Result<(), ProbeError> {
        watch.check()?;
        let tasks = table.tasks.clone();
        let mut change = |change: &mut dyn FnMut(&mut ComparedEncoder)| {
            if let Some(row) = table.encoders.get_mut(place) {
                change(row);
            }
            found(table);
        };
        let encoder = match self.open(named) {
            Ok(encoder) => encoder,
            Err(why) => {
                change(&mut |row| row.problem = Some(why.clone()));
                return Ok(());
            }
        };
        change(&mut |row| row.encoder = encoder.description().to_owned());
        let mut embedded: Option<Embedded> = None;
        // A part for the embeddings, as much as all probes together.
        let parts = 2 * tasks.len();
        for (column, &task) in tasks.iter().enumerate() {
            let cell = match self.cached(&encoder, task) {
                Some(score) => ComparedCell::Score(Box::new(score)),
                None => {
                    if embedded.is_none() {
                        let made =
                            watch.part("all tasks", 0, 2, |watch| self.embed(&encoder, watch));
                        match made {
                            Ok(made) => embedded = Some(made),
                            Err(error) => {
                                let why = words(error)?;
                                change(&mut |row| row.problem = Some(why.clone()));
                                return Ok(());
                            }
                        }
                    }
                    let Some(embedded) = &embedded else {
                        continue;
                    };
                    let name = task.to_string();
                    let score = watch.part(&name, tasks.len() + column, parts, |watch| {
                        self.score(named, &encoder, embedded, task, watch)
                    });
                    match score {
                        Ok(score) => {
                            // Scores from the cache can't tell what was skipped for them.
                            if embedded.skipped.is_empty() && embedded.caveats.is_empty() {
                                self.keep(&encoder, task, &score);
                            }
                            ComparedCell::Score(Box::new(score))
                        }
                        Err(error) => ComparedCell::Problem(words(error)?),
                    }
                }
            };
            change(&mut |row| {
                if let Some(place) = row.scores.get_mut(column) {
                    *place = cell.clone();
                }
                let scores = || row.scores.iter().filter_map(ComparedCell::score);
                let embedding = scores().filter_map(|it| it.embed_seconds);
                row.seconds = scores().map(|it| it.probe_seconds).sum::<f64>()
                    + embedding.fold(0.0, f64::max);
            });
        }
        if let Some(Embedded {
            skipped, caveats, ..
        }) = embedded
        {
            // Windows of another length may leave out other tracks.
            let new = |(path, _): &(PathBuf, String)| {
                !table.skipped.iter().any(|(known, _)| known == path)
            };
            let skipped: Vec<(PathBuf, String)> = skipped.into_iter().filter(new).collect();
            table.skipped.extend(skipped);
            table.caveats.extend(caveats);
        }
        Ok(())
    }

    fn open(&self, named: &NamedEncoder) -> Result<LoadedEncoder, String> {
        let mut options = named.options.clone();
        if self.settings.layers == LayerChoice::Best {
            options.reading.layer = None;
            if let Some(readout) = options.reading.readout.filter(|it| it.is_final()) {
                return Err(format!(
                    "{readout} are read behind all blocks and of no layer, so that none can be chosen; compare the published layers"
                ));
            }
        }
        let opened = LoadedEncoder::open(&named.checkpoint, options, &named.device);
        opened.map_err(|error| error.to_string())
    }

    fn embed(&self, encoder: &LoadedEncoder, watch: &Watch<'_>) -> Result<Embedded, ProbeError> {
        let settings = ExtractSettings {
            channel: self.settings.channel,
            ..ExtractSettings::default()
        };
        let (collection, cache) = (self.collection, self.cache);
        Ok(match self.settings.layers {
            LayerChoice::Published => {
                let made = extract_cached(collection, encoder, &settings, cache, watch)?;
                Embedded {
                    tables: vec![made.table],
                    skipped: made.skipped,
                    caveats: made.caveats,
                    seconds: (!made.from_cache).then_some(made.seconds),
                }
            }
            LayerChoice::Best => {
                let made = extract_layers_cached(collection, encoder, &settings, cache, watch)?;
                Embedded {
                    tables: made.tables,
                    skipped: made.skipped,
                    caveats: made.caveats,
                    seconds: (!made.from_cache).then_some(made.seconds),
                }
            }
        })
    }

    fn score(
        &self,
        named: &NamedEncoder,
        encoder: &LoadedEncoder,
        embedded: &Embedded,
        task: Task,
        watch: &Watch<'_>,
    ) -> Result<ComparedScore, ProbeError> {
        let settings = self.settings.of(task);
        let (collection, made_by) = (self.collection, MadeBy::of(encoder));
        let id = EncoderId::of(encoder, &named.checkpoint);
        let (report, id, layers): (ProbeReport, EncoderId, Vec<usize>) = match self.settings.layers
        {
            LayerChoice::Published => {
                let table = embedded.tables.first().ok_or_else(|| {
                    ProbeError::Table("there is no table to probe; embed some tracks first".into())
                })?;
                let report = probe_collection(table, collection, &made_by, &settings, watch)?;
                (report, id, Vec::new())
            }
            LayerChoice::Best => {
                let tables = &embedded.tables;
                let (report, layers) =
                    probe_best_layer(tables, collection, &made_by, &settings, watch)?;
                (report, id_of_layers(id, encoder, &layers), layers)
            }
        };
        let (name, key) = (named.name.clone(), self.key.clone());
        Ok(ComparedScore {
            score: SavedScore::of(&report, settings, collection, key, name, &id),
            reading: id.reading,
            layers,
            probe_seconds: report.seconds,
            embed_seconds: embedded.seconds,
        })
    }

    /// What a score depends on.
    fn score_key(&self, encoder: &LoadedEncoder, task: Task) -> ContentKey {
        let settings = self.settings.of(task);
        let made = format!(
            "{} {} {} {} {} {} {} {} {}",
            encoder.fingerprint(),
            encoder.device(),
            self.settings.layers,
            self.settings.channel,
            settings.task,
            settings.head,
            settings.protocol,
            settings.seed,
            self.key
        );
        ContentKey::of_parts([made.as_bytes(), &self.labels].into_iter())
    }

    fn cached(&self, encoder: &LoadedEncoder, task: Task) -> Option<ComparedScore> {
        let bytes = self.cache?.get(&self.score_key(encoder, task), SCORE)?;
        let score: ComparedScore = serde_json::from_slice(&bytes).ok()?;
        Some(ComparedScore {
            score: score.score.with_interval(),
            ..score
        })
    }

    /// What is not kept is computed again: slower, never wrong.
    fn keep(&self, encoder: &LoadedEncoder, task: Task, score: &ComparedScore) {
        let finite = score.score.score.is_finite();
        if let (Some(cache), true, Ok(bytes)) = (self.cache, finite, serde_json::to_vec(score)) {
            let _ = cache.put(&self.score_key(encoder, task), SCORE, &[&bytes]);
        }
    }
}

/// An encoder as it was probed where each split or fold chose its layer.
fn id_of_layers(id: EncoderId, encoder: &LoadedEncoder, layers: &[usize]) -> EncoderId {
    let times = |layer: usize| layers.iter().filter(|&&other| other == layer).count();
    // Of equally frequent ones the first block.
    let most = layers
        .iter()
        .copied()
        .max_by_key(|&layer| (times(layer), std::cmp::Reverse(layer)));
    let layer = most.unwrap_or(encoder.layer_read());
    let reading = encoder.layer_reading(layer);
    let read = encoder.info().describe(reading);
    let same = times(layer) == layers.len();
    EncoderId {
        hash: match same {
            true => encoder.layer_fingerprint(layer),
            false => format!("{}-best-layers", encoder.fingerprint()),
        },
        read: match same {
            true => read,
            false => format!("best of each fold, mostly {read}"),
        },
        reading,
        ..id
    }
}
