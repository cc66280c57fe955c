//! What is seen of a step, and kept of a checkpoint in its folder as `look.json`: its batch, as its objective shows it, and
//! where the demo tracks lay when they were last looked at. So a bar of steps can be moved along without computing.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

use super::{BatchMatrix, HiddenSpans, LearnedStyles};
use mynascope_base::jobs::Watch;
use mynascope_embedding::{EmbeddingTable, Level, TrackRow};
use mynascope_map::{MapSettings, Method, layout};

/// The name of the file in a step folder.
pub(super) const SNAPSHOT: &str = "look.json";

/// What a checkpoint looked like.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepSnapshot {
    /// The batch of the step; of contrastive objectives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matrix: Option<BatchMatrix>,
    /// What the batch of the step read of its patches; of the objective maest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patchout: Option<PatchoutSnapshot>,
    /// What was hidden of a window of the batch and predicted; of the objective data2vec.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<HiddenSpans>,
    /// The styles of the track that was listened to, where there was one; of the objective maest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub styles: Option<LearnedStyles>,
    /// The newest map of the demo tracks; where styles are looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<DemoMap>,
}

impl StepSnapshot {
    /// What lies in a step folder, if anything.
    pub fn of_step(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(folder.join(SNAPSHOT)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Puts a picture in the place of the one before.
    pub fn take(&mut self, picture: StepPicture) {
        match picture {
            StepPicture::Batch(matrix) => self.matrix = Some(matrix),
            StepPicture::Patchout(patchout) => self.patchout = Some(patchout),
            StepPicture::Hidden(hidden) => self.hidden = Some(hidden),
            StepPicture::Styles(styles) => self.styles = Some(styles),
            StepPicture::Map(map) => self.map = Some(map),
        }
    }
}

/// One picture of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum StepPicture {
    /// How alike the views of the batch were; of contrastive objectives.
    Batch(BatchMatrix),
    /// Which patches the batch read; of the objective maest.
    Patchout(PatchoutSnapshot),
    /// What was hidden of a window of the batch and predicted; of the objective data2vec.
    Hidden(HiddenSpans),
    /// The styles of the track that is listened to ([`TrainControl::listen_to`](super::TrainControl::listen_to)); of the
    /// objective maest.
    Styles(LearnedStyles),
    /// Where the demo tracks lie; where styles are looked at.
    Map(DemoMap),
}

/// Which patches of its windows a batch read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchoutSnapshot {
    /// The step, from 1.
    pub step: u64,
    /// Rows and columns of a window.
    pub grid: [usize; 2],
    /// Rows that were read, rising, the lowest frequencies first.
    pub rows: Vec<usize>,
    /// Columns that were read, rising.
    pub columns: Vec<usize>,
}

impl PatchoutSnapshot {
    /// How many patches were read, and of how many.
    pub fn patches(&self) -> [usize; 2] {
        let [rows, columns] = self.grid;
        [self.rows.len() * self.columns.len(), rows * columns]
    }
}

/// The demo tracks in the plane of their first two principal components, turned to lie as in the map before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DemoMap {
    /// Steps done.
    pub step: u64,
    /// Share of tracks most of whose five nearest others have their style.
    pub accuracy: f64,
    /// Within the unit circle, one a track.
    pub points: Vec<[f32; 2]>,
    /// One a track.
    pub styles: Vec<String>,
}

/// Lays rows out by their principal components, within the unit circle, turned and mirrored to lie as `before` does.
/// `None` where there is nothing to lay out: numbers that are not finite.
pub(super) fn plane(rows: &[Vec<f64>], before: Option<&[[f32; 2]]>) -> Option<Vec<[f32; 2]>> {
    let dim = rows.first()?.len();
    let mut table = EmbeddingTable::empty(dim, String::new(), Level::Track);
    for (track, row) in rows.iter().enumerate() {
        let norm = row.iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-12);
        table.values.extend(row.iter().map(|v| (v / norm) as f32));
        table.timestamps.push(0.0);
        table.track.push(u32::try_from(track).ok()?);
        table.tracks.push(TrackRow {
            path: track.to_string().into(),
            label: None,
            split: None,
            incomplete: None,
        });
    }
    let settings = MapSettings {
        method: Method::Pca,
        ..MapSettings::default()
    };
    let mut points = layout(&table, &settings, &Watch::unattended()).ok()?.xy;
    let far = points.iter().map(|[x, y]| x.hypot(*y)).fold(0.0, f32::max);
    if far > 0.0 {
        points.iter_mut().flatten().for_each(|value| *value /= far);
    }
    if let Some(before) = before {
        turn(&mut points, before);
    }
    Some(points)
}

/// Turns, and where that is better mirrors, points about the origin so that they lie nearest to others (Schoenemann
/// 1966, in the plane).
fn turn(points: &mut [[f32; 2]], others: &[[f32; 2]]) {
    // With y mirrored the sums of the second and third product change their signs.
    let mut sums = [0.0_f32; 4];
    for ([x, y], [u, v]) in points.iter().zip(others) {
        for (sum, product) in sums.iter_mut().zip([x * u, y * v, x * v, y * u]) {
            *sum += product;
        }
    }
    let [xu, yv, xv, yu] = sums;
    let straight = (xu + yv, xv - yu);
    let mirrored = (xu - yv, xv + yu);
    let mirror = mirrored.0.hypot(mirrored.1) > straight.0.hypot(straight.1);
    let (cosine, sine) = if mirror { mirrored } else { straight };
    let size = cosine.hypot(sine);
    if size <= f32::EPSILON {
        return;
    }
    let (cosine, sine) = (cosine / size, sine / size);
    for point in points {
        let [x, y] = *point;
        let y = if mirror { -y } else { y };
        *point = [cosine * x - sine * y, sine * x + cosine * y];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_lies_as_the_one_before_however_its_components_turned_out() {
        let before = [[1.0, 0.0], [0.0, 0.5], [-0.3, -0.2], [0.2, -0.9]];
        for (angle, mirror) in [(0.0_f32, 1.0), (2.0, 1.0), (-1.0, -1.0), (3.1, -1.0)] {
            let mut points = before.map(|[x, y]: [f32; 2]| {
                let y = y * mirror;
                [
                    angle.cos() * x - angle.sin() * y,
                    angle.sin() * x + angle.cos() * y,
                ]
            });
            turn(&mut points, &before);
            for ([x, y], [u, v]) in points.iter().zip(&before) {
                assert!((x - u).abs() < 1e-5 && (y - v).abs() < 1e-5, "{angle}");
            }
        }
    }

    #[test]
    fn groups_of_rows_lie_apart_within_the_unit_circle() {
        let rows: Vec<Vec<f64>> = (0..12)
            .map(|n| {
                let side = f64::from(n / 6);
                vec![1.0, side + 0.01 * f64::from(n % 6), 1.0 - side]
            })
            .collect();
        let points = plane(&rows, None).unwrap();
        assert!(points.iter().all(|[x, y]| x.hypot(*y) <= 1.0 + 1e-5));
        assert!(points[0][0] * points[11][0] < 0.0, "{points:?}");
        assert_eq!(plane(&[vec![f64::NAN; 3]], None), None);
    }
}
