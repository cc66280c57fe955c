//! How well the encoder tells the styles of the demo collection apart while it is trained: for every demo track, whether
//! the style of most of its five nearest other tracks is its own. The demo collection is small and made by this program,
//! so the number compares checkpoints of one run, not encoders with the literature.

use std::path::PathBuf;

use super::{
    DemoMap, TrainConfig, TrainControl, TrainError, TrainEvent,
    batches::WindowCutter,
    learner::Learner,
    mels::{self, FrontEnd, Mels},
    snapshot::plane,
};
use mynascope_base::jobs::Watch;
use mynascope_collection::{self as collection, DEMO_WORD};
use mynascope_encoder::Kernels;

/// Neighbours that vote.
const NEIGHBOURS: usize = 5;
/// Windows of a track that are looked at.
const MOST_WINDOWS: usize = 4;
/// Windows that are embedded at once.
const CHUNK: usize = 32;

/// The demo collection, ready to be embedded.
pub(super) struct StyleProbe {
    mels: Mels,
    cutter: WindowCutter,
    /// Style of each readable track.
    styles: Vec<String>,
    /// Track and first frame of each window.
    windows: Vec<(usize, usize)>,
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
        let sizes = config.encoder_config();
        let (front_end, cutter) = (FrontEnd::new(&sizes), WindowCutter::new(config));
        let mels = mels::compute(&demo, &front_end, config.mels.as_deref(), control, events)?;
        let frames = cutter.frames();
        let styles = mels.places.iter().map(|&place| {
            let label = demo.tracks.get(place).and_then(|track| track.label.clone());
            label.unwrap_or_default()
        });
        let styles = styles.collect();
        let windows = (0..mels.len()).flat_map(|track| {
            let count = (mels.frames(track) / frames).clamp(1, MOST_WINDOWS);
            (0..count).map(move |window| (track, window * frames))
        });
        Ok(Self {
            windows: windows.collect(),
            styles,
            mels,
            cutter,
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
        let width = config.encoder_config().embedding_dim();
        let mut sums = vec![vec![0.0_f64; width]; self.mels.len()];
        for windows in self.windows.chunks(CHUNK) {
            let cut = windows
                .iter()
                .map(|&(track, start)| {
                    let frames = self.mels.window(track, start, self.cutter.frames())?;
                    Ok(self.cutter.window(&frames, 0))
                })
                .collect::<Result<Vec<_>, TrainError>>()?;
            let embedded = learner
                .embed(self.cutter.batch(&cut, None)?)
                .map_err(|why| mynascope_encoder::EncoderError::Compute {
                    device: config.device.to_string(),
                    why,
                })?;
            for (&(track, _), row) in windows.iter().zip(embedded.chunks_exact(width.max(1))) {
                if let Some(sum) = sums.get_mut(track) {
                    for (sum, &value) in sum.iter_mut().zip(row) {
                        *sum += f64::from(value);
                    }
                }
            }
        }
        Ok(DemoMap {
            step,
            accuracy: among_their_own(&sums, &self.styles),
            points: plane(&sums, before.map(|map| map.points.as_slice())).unwrap_or_default(),
            styles: self.styles.clone(),
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
