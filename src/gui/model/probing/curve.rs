//! Scores against something that was varied: the share of dropped tokens, the number of labels, the block of the
//! encoder.

use mynascope_base::ordinal;
use mynascope_probe::{CurvePoint, FewShotPoint, LayerPoint, PatchoutPoint, ProbeCurve, Task};

use super::{ProbeTab, Sheet};

/// Closer than this to a point, in the units of the axis, the pointer is at it.
const AT_POINT: f64 = 0.75;

/// What is varied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CurveKind {
    /// The share of tokens that is dropped before the encoder sees a window.
    MaskRatio,
    /// How many columns of tokens are read of every window.
    Patchout,
    /// Labelled tracks that the head learns from.
    Labels,
    /// The block of the encoder that is listened to.
    Layers,
}

impl CurveKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::MaskRatio, Self::Patchout, Self::Labels, Self::Layers];

    /// Its place in [`CurveKind::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// The tab that draws it.
    pub fn tab(self) -> ProbeTab {
        match self {
            Self::MaskRatio => ProbeTab::MaskRatio,
            Self::Patchout => ProbeTab::Patchout,
            Self::Labels => ProbeTab::Labels,
            Self::Layers => ProbeTab::Layers,
        }
    }

    /// The name of its horizontal axis.
    pub fn axis(self) -> &'static str {
        match self {
            Self::MaskRatio => "tokens dropped before the encoder, %",
            Self::Patchout => "N: every Nth column of tokens is read (1: all)",
            Self::Labels => "labelled tracks of each class (of all, without classes)",
            Self::Layers => "layer of the encoder (0: patches, n: after block n)",
        }
    }

    /// The name of the column in a table.
    pub fn column(self) -> &'static str {
        match self {
            Self::MaskRatio => "mask ratio",
            Self::Patchout => "every Nth column",
            Self::Labels => "labelled tracks",
            Self::Layers => "layer",
        }
    }

    /// A place on the horizontal axis, in words.
    pub fn format_x(self, x: f64) -> String {
        match self {
            Self::Patchout => match x {
                1.0 => "all columns read".to_owned(),
                x => format!("every {} column read", ordinal(x as usize)),
            },
            Self::Labels => format!("{x:.0} labelled tracks of each class"),
            Self::Layers => format!("layer {x:.0}"),
            Self::MaskRatio => format!("{:.0} % of the tokens dropped", 100.0 * x),
        }
    }

    /// How a place is written on the axis.
    pub fn on_axis(self, x: f64) -> f64 {
        match self {
            Self::MaskRatio => 100.0 * x,
            // From one track to two is as far as from ten to twenty.
            Self::Labels => x.max(1.0).log2(),
            Self::Patchout | Self::Layers => x,
        }
    }

    /// What the spread of a point is over.
    pub fn spread(self) -> &'static str {
        match self {
            Self::MaskRatio => "draws of masks",
            Self::Labels => "draws of tracks",
            Self::Patchout | Self::Layers => "",
        }
    }
}

/// One point of a curve.
#[derive(Debug, Clone, PartialEq)]
pub struct ScorePoint {
    /// Where it lies: share of dropped tokens, every how many-th column, number of tracks, or layer.
    pub x: f64,
    /// What stands beside that: what the encoder calls its layer ("block 3", "embedding"), or the share of tokens that patchout
    /// leaves; empty of other curves.
    pub beside: String,
    /// The score, the mean over its draws.
    pub mean: f64,
    /// Standard deviation over what was drawn several times; `None` where it was drawn once.
    pub deviation: Option<f64>,
    /// 95 % interval over the choice of test tracks.
    pub interval: Option<[f64; 2]>,
    /// The score of each draw.
    pub scores: Vec<f64>,
}

impl From<&FewShotPoint> for ScorePoint {
    fn from(point: &FewShotPoint) -> Self {
        Self {
            x: point.shots as f64,
            beside: String::new(),
            mean: point.mean,
            deviation: point.deviation,
            interval: None,
            scores: point.scores.clone(),
        }
    }
}

impl From<&PatchoutPoint> for ScorePoint {
    fn from(point: &PatchoutPoint) -> Self {
        Self {
            x: point.every as f64,
            beside: format!("{:.0} % of the tokens", 100.0 * point.share),
            mean: point.score,
            deviation: None,
            interval: Some(point.interval)
                .filter(|edges| edges.iter().all(|edge| edge.is_finite())),
            scores: vec![point.score],
        }
    }
}

impl From<&LayerPoint> for ScorePoint {
    fn from(point: &LayerPoint) -> Self {
        Self {
            x: point.layer as f64,
            beside: point.name.clone(),
            mean: point.score,
            deviation: None,
            interval: Some(point.interval)
                .filter(|edges| edges.iter().all(|edge| edge.is_finite())),
            scores: vec![point.score],
        }
    }
}

impl From<&CurvePoint> for ScorePoint {
    fn from(point: &CurvePoint) -> Self {
        Self {
            x: point.ratio,
            beside: String::new(),
            mean: point.mean,
            deviation: point.deviation,
            interval: Some(point.interval)
                .filter(|edges| edges.iter().all(|edge| edge.is_finite())),
            scores: point.scores.clone(),
        }
    }
}

/// A curve, while it grows and when it is done.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreCurve {
    /// What was predicted.
    pub task: Task,
    /// Head, protocol and encoder in one line.
    pub about: String,
    /// Its points so far.
    pub points: Vec<ScorePoint>,
    /// Score of the majority baseline, once it is known.
    pub baseline: Option<f64>,
    /// What the reader must know to judge the numbers.
    pub notes: Vec<String>,
}

impl ScoreCurve {
    /// A finished curve of any kind.
    pub fn of<P>(task: Task, curve: ProbeCurve<P>) -> Self
    where
        for<'a> ScorePoint: From<&'a P>,
    {
        Self {
            task,
            about: curve.about(),
            points: curve.points.iter().map(ScorePoint::from).collect(),
            baseline: curve.baseline,
            notes: curve.notes,
        }
    }

    /// What is scored, as it stands on the vertical axis.
    pub fn axis(&self) -> &'static str {
        match self.task {
            Task::Genre => "accuracy, %",
            Task::Key => "weighted key score, %",
            Task::Tags => "ROC-AUC, %",
            Task::Emotion => "mean R2, %",
        }
    }

    /// What the curve says at a place of its horizontal axis, in words: of a point its numbers; between two points of the
    /// mask ratio, of which any share can be dropped, what lies on the line between them.
    pub fn read(&self, kind: CurveKind, x: f64) -> Option<String> {
        let off = |point: &ScorePoint| (kind.on_axis(point.x) - x).abs();
        let mut by_place: Vec<&ScorePoint> = self.points.iter().collect();
        by_place.sort_by(|a, b| a.x.total_cmp(&b.x));
        let nearest = (by_place.iter()).min_by(|a, b| off(a).total_cmp(&off(b)))?;
        if kind == CurveKind::MaskRatio && off(nearest) > AT_POINT {
            let between = by_place.windows(2).find_map(|pair| match pair {
                [a, b] if kind.on_axis(a.x) <= x && x <= kind.on_axis(b.x) => Some((*a, *b)),
                _ => None,
            });
            let (a, b) = between?;
            let share = (x - kind.on_axis(a.x)) / (kind.on_axis(b.x) - kind.on_axis(a.x));
            let mean = 100.0 * (a.mean + share * (b.mean - a.mean));
            return Some(format!(
                "{x:.0} % of the tokens dropped\n{} about {mean:.1} %\non the line between {:.0} and {:.0} %",
                self.what(),
                kind.on_axis(a.x),
                kind.on_axis(b.x)
            ));
        }
        let percent = |score: f64| 100.0 * score;
        let mut text = kind.format_x(nearest.x);
        if !nearest.beside.is_empty() {
            text += &format!(": {}", nearest.beside);
        }
        text += &format!("\n{} {:.1} %", self.what(), percent(nearest.mean));
        if let Some(deviation) = nearest.deviation {
            let (draws, over) = (nearest.scores.len(), kind.spread());
            let points = percent(deviation);
            text += &format!("\n\u{b1} {points:.1} points over {draws} {over}");
        }
        if let Some(interval) = nearest.interval {
            let [low, high] = interval.map(percent);
            text += &format!("\n95 % interval over test tracks {low:.1} to {high:.1} %");
        }
        Some(text)
    }

    /// What is scored.
    fn what(&self) -> &'static str {
        self.axis().trim_end_matches(", %")
    }

    /// The curve as a table.
    pub fn table(&self, kind: CurveKind) -> Sheet {
        let heading = [
            kind.column(),
            "mean",
            "standard deviation",
            "interval from",
            "interval to",
            "scores",
        ];
        let mut sheet = vec![heading.map(str::to_owned).to_vec()];
        for point in &self.points {
            let number = |value: Option<f64>| value.map_or_else(String::new, |it| it.to_string());
            let [low, high] = match point.interval {
                Some([low, high]) => [Some(low), Some(high)],
                None => [None, None],
            };
            let scores: Vec<String> = point.scores.iter().map(f64::to_string).collect();
            sheet.push(vec![
                point.x.to_string(),
                point.mean.to_string(),
                number(point.deviation),
                number(low),
                number(high),
                scores.join(" "),
            ]);
        }
        sheet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn along_the_mask_ratio_every_place_has_its_own_words_and_points_tell_their_spread() {
        let point = |x, mean| ScorePoint {
            x,
            beside: "block 1".to_owned(),
            mean,
            deviation: Some(0.02),
            interval: Some([0.3, 0.7]),
            scores: vec![mean; 3],
        };
        let curve = ScoreCurve {
            task: Task::Genre,
            about: String::new(),
            points: vec![point(0.75, 0.4), point(0.5, 0.6)],
            baseline: None,
            notes: Vec::new(),
        };
        let read = |kind, x| curve.read(kind, x);
        let between = read(CurveKind::MaskRatio, 60.0).unwrap();
        assert!(
            between.starts_with("60 % of the tokens dropped\naccuracy about 52.0 %"),
            "{between}"
        );
        let at = read(CurveKind::MaskRatio, 75.3).unwrap();
        assert!(
            at.contains("accuracy 40.0 %") && at.contains("2.0 points over 3 draws of masks"),
            "{at}"
        );
        assert_eq!(
            read(CurveKind::MaskRatio, 90.0),
            None,
            "nothing is known there"
        );
        // Between two blocks there is nothing.
        let at = read(CurveKind::Layers, 0.7).unwrap();
        assert!(at.starts_with("layer 1: block 1\n"), "{at}");
    }
}
