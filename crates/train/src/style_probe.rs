//! How well the encoder tells labels apart while it is trained: for every track, whether the label of most of its five
//! nearest other tracks is its own (each is left out of what votes for it).
//!
//! On the demo collection it shows how a run goes on: that is small and made by this program, so the number compares
//! checkpoints of one run, not encoders with the literature. On the labels of the trained collection itself, where it has
//! some that are not learnt, it chooses the best checkpoint.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    DemoMap, TrainConfig, TrainControl, TrainError, TrainEvent,
    batches::WindowCutter,
    learner::Learner,
    mels::{self, FrontEnd, Mels},
    snapshot::plane,
};
use mynascope_base::jobs::{Progress, Watch};
use mynascope_collection::{self as collection, Collection, DEMO_WORD};
use mynascope_encoder::Kernels;

/// Neighbours that vote.
const NEIGHBOURS: usize = 5;
/// Windows of a track that are looked at.
const MOST_WINDOWS: usize = 4;
/// Windows that are embedded at once.
const CHUNK: usize = 32;

/// Tracks of the trained collection that are looked at, at most.
const MOST_TRACKS: usize = 200;

/// Labelled tracks, ready to be embedded.
struct Labelled {
    cutter: WindowCutter,
    /// Label of each track.
    labels: Vec<String>,
    /// Track (its place in `labels`, and among the mels) and first frame of each window.
    windows: Vec<(usize, usize, usize)>,
}

impl Labelled {
    /// Tracks by their places among the mels, with their labels.
    fn new(config: &TrainConfig, mels: &Mels, tracks: Vec<(usize, String)>) -> Self {
        let cutter = WindowCutter::new(config);
        let frames = cutter.frames();
        let windows = tracks.iter().enumerate().flat_map(|(place, &(track, _))| {
            let count = (mels.frames(track) / frames).clamp(1, MOST_WINDOWS);
            (0..count).map(move |window| (place, track, window * frames))
        });
        Self {
            windows: windows.collect(),
            labels: tracks.into_iter().map(|(_, label)| label).collect(),
            cutter,
        }
    }

    /// The sum of the embeddings of each track's windows.
    fn embed<B: Kernels>(
        &self,
        mels: &Mels,
        config: &TrainConfig,
        learner: &Learner<B>,
    ) -> Result<Vec<Vec<f64>>, TrainError> {
        let width = config.encoder_config().embedding_dim();
        let mut sums = vec![vec![0.0_f64; width]; self.labels.len()];
        for windows in self.windows.chunks(CHUNK) {
            let cut = windows
                .iter()
                .map(|&(_, track, start)| {
                    let frames = mels.window(track, start, self.cutter.frames())?;
                    Ok(self.cutter.window(&frames, 0))
                })
                .collect::<Result<Vec<_>, TrainError>>()?;
            let embedded = learner
                .embed(self.cutter.batch(&cut, None)?)
                .map_err(|why| mynascope_encoder::EncoderError::Compute {
                    device: config.device.to_string(),
                    why,
                })?;
            for (&(place, ..), row) in windows.iter().zip(embedded.chunks_exact(width.max(1))) {
                if let Some(sum) = sums.get_mut(place) {
                    for (sum, &value) in sum.iter_mut().zip(row) {
                        *sum += f64::from(value);
                    }
                }
            }
        }
        Ok(sums)
    }
}

/// The labels of the trained collection: by them the best checkpoint is chosen.
pub(super) struct LabelProbe<'a> {
    mels: &'a Mels,
    tracks: Labelled,
}

impl<'a> LabelProbe<'a> {
    /// `None` where nothing is looked at, where the labels are what is learnt, or where there are no two labels of two tracks
    /// each. Of large collections some tracks from all over are taken.
    pub fn open(config: &TrainConfig, collection: &Collection, mels: &'a Mels) -> Option<Self> {
        if config.probe_every == 0 || config.objective.learns_labels() {
            return None;
        }
        let label = |place: usize| collection.tracks.get(place)?.label.clone();
        let labelled = mels.places.iter().enumerate();
        let labelled: Vec<(usize, String)> = labelled
            .filter_map(|(track, &place)| Some((track, label(place)?)))
            .collect();
        let every = labelled.len().div_ceil(MOST_TRACKS).max(1);
        let mut tracks: Vec<(usize, String)> = labelled.into_iter().step_by(every).collect();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (_, label) in &tracks {
            *counts.entry(label.clone()).or_default() += 1;
        }
        counts.retain(|_, count| *count >= 2);
        tracks.retain(|(_, label)| counts.contains_key(label));
        (counts.len() >= 2).then(|| Self {
            tracks: Labelled::new(config, mels, tracks),
            mels,
        })
    }

    /// How many tracks are looked at.
    pub fn tracks(&self) -> usize {
        self.tracks.labels.len()
    }

    /// Share of tracks among their own label.
    pub fn evaluate<B: Kernels>(
        &self,
        config: &TrainConfig,
        learner: &Learner<B>,
    ) -> Result<f64, TrainError> {
        let rows = self.tracks.embed(self.mels, config, learner)?;
        Ok(among_their_own(&rows, &self.tracks.labels))
    }
}

/// The demo collection.
pub(super) struct StyleProbe {
    mels: Mels,
    tracks: Labelled,
}

impl StyleProbe {
    /// Makes the demo collection if it is not there, and its mels.
    pub fn open(
        config: &TrainConfig,
        control: &TrainControl,
        events: &mut dyn FnMut(TrainEvent),
    ) -> Result<Self, TrainError> {
        let demo = collection::open(&[PathBuf::from(DEMO_WORD)], &Watch::unattended()).map_err(
            |error| TrainError::Settings(format!("probe_every needs the demo collection: {error}")),
        )?;
        let front_end = FrontEnd::new(&config.encoder_config());
        // These are not the tracks that are trained on.
        let mut of_demo = |event| {
            events(match event {
                TrainEvent::Preparing(progress) => TrainEvent::Preparing(Progress {
                    what: format!("demo collection: {}", progress.what),
                    ..progress
                }),
                other => other,
            });
        };
        let mels = config.mels.as_deref();
        let mels = mels::compute(&demo, &front_end, mels, control, &mut of_demo)?;
        let styles = mels.places.iter().enumerate().map(|(track, &place)| {
            let label = demo.tracks.get(place).and_then(|track| track.label.clone());
            (track, label.unwrap_or_default())
        });
        Ok(Self {
            tracks: Labelled::new(config, &mels, styles.collect()),
            mels,
        })
    }

    /// Share of tracks among their own style, and where the tracks lie; the map is turned to lie as the one before.
    pub fn evaluate<B: Kernels>(
        &self,
        config: &TrainConfig,
        learner: &Learner<B>,
        step: u64,
        before: Option<&DemoMap>,
    ) -> Result<DemoMap, TrainError> {
        let sums = self.tracks.embed(&self.mels, config, learner)?;
        Ok(DemoMap {
            step,
            accuracy: among_their_own(&sums, &self.tracks.labels),
            points: plane(&sums, before.map(|map| map.points.as_slice())).unwrap_or_default(),
            styles: self.tracks.labels.clone(),
        })
    }
}

/// Share of rows whose nearest others mostly have their label; a tie goes to the nearer ones.
fn among_their_own(rows: &[Vec<f64>], labels: &[String]) -> f64 {
    let unit: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| {
            let norm = row.iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-12);
            row.iter().map(|v| v / norm).collect()
        })
        .collect();
    let mut hits = 0;
    for (own, (row, label)) in unit.iter().zip(labels).enumerate() {
        let mut others: Vec<(f64, &String)> = unit
            .iter()
            .zip(labels)
            .enumerate()
            .filter(|(other, _)| *other != own)
            .map(|(_, (other, label))| {
                let cosine = row.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
                (cosine, label)
            })
            .collect();
        others.sort_by(|a, b| b.0.total_cmp(&a.0));
        others.truncate(NEIGHBOURS);
        let votes = |label: &String| {
            let of: Vec<f64> = others
                .iter()
                .filter(|(_, other)| *other == label)
                .map(|(cosine, _)| *cosine)
                .collect();
            (of.len(), of.iter().sum::<f64>())
        };
        let mine = votes(label);
        let beaten = others.iter().any(|(_, other)| {
            let theirs = votes(other);
            *other != label && (theirs.0, theirs.1) > mine
        });
        hits += usize::from(mine.0 > 0 && !beaten);
    }
    hits as f64 / rows.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two labels of six tones each, and the run that looks at them.
    fn labelled(folder: &std::path::Path, label: fn(u32) -> Option<String>) -> Collection {
        let tracks = (0..12_u32).map(|number| {
            let samples: Vec<f32> = (0..32_000)
                .map(|at| 0.3 * (0.01 * f32::from(number as u8 + 1) * at as f32).sin())
                .collect();
            let path = folder.join(format!("{number}.wav"));
            mynascope_audio::write_wav(&path, &samples, 16_000).unwrap();
            mynascope_collection::Track {
                label: label(number),
                ..mynascope_collection::Track::of_file(&path)
            }
        });
        Collection {
            name: "tones".into(),
            kind: mynascope_collection::CollectionKind::Files,
            tracks: tracks.collect(),
            split: None,
            notes: Vec::new(),
        }
    }

    #[test]
    fn own_labels_choose_the_best_step_only_where_there_are_some_that_are_not_learnt() {
        let folder = tempfile::tempdir().unwrap();
        let config = TrainConfig {
            probe_every: 10,
            mels: Some(folder.path().join("mels")),
            ..TrainConfig::default()
        };
        let open = |config: &TrainConfig, label: fn(u32) -> Option<String>| {
            let collection = labelled(folder.path(), label);
            let front_end = FrontEnd::new(&config.encoder_config());
            let control = TrainControl::default();
            let named = config.mels.as_deref();
            let mels = mels::compute(&collection, &front_end, named, &control, &mut |_| {});
            let mels = mels.unwrap();
            LabelProbe::open(config, &collection, &mels).map(|probe| probe.tracks())
        };
        let two = |number: u32| Some(format!("label {}", number % 2));
        assert_eq!(open(&config, two), Some(12));
        // A label of one track has nobody to vote for it.
        let lonely = |number: u32| (number != 1).then(|| format!("label {}", number.min(1)));
        assert_eq!(open(&config, lonely), None);
        assert_eq!(open(&config, |_| None), None);
        let learns = TrainConfig {
            objective: crate::Objective::Supervised,
            ..config.clone()
        };
        assert_eq!(open(&learns, two), None);
        let never = TrainConfig {
            probe_every: 0,
            ..config
        };
        assert_eq!(open(&never, two), None);
    }

    #[test]
    fn rows_among_their_own_are_counted() {
        let corner = |at: usize, shift: f64| {
            let mut row = vec![0.1 + shift; 3];
            row[at] = 2.0;
            row
        };
        let mut rows: Vec<Vec<f64>> = (0..12).map(|n| corner(n / 6, n as f64 * 0.01)).collect();
        let labels: Vec<String> = (0..12).map(|n| format!("{}", n / 6)).collect();
        assert_eq!(among_their_own(&rows, &labels), 1.0);
        // One that strayed is lost among the others.
        rows[0] = corner(1, 0.0);
        assert!((among_their_own(&rows, &labels) - 11.0 / 12.0).abs() < 1e-12);
    }
}
