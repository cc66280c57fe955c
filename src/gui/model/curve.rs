//! A curve that grows without end and stays small.

use egui_plot::PlotPoint;

/// A curve that grows with a training run and stays cheap to keep and to draw: beyond [`Curve::MOST`] stretches,
/// neighbours are joined in pairs. A stretch remembers its lowest and highest value, so no spike is ever lost.
#[derive(Debug, Clone)]
pub struct Curve {
    stretches: Vec<Stretch>,
    /// The moving average at the end of each stretch.
    smoothed: Vec<f64>,
    /// Steps that one stretch stands for.
    stride: u64,
    pending: Option<Stretch>,
    smoothing: f64,
    average: Average,
}

/// The values of some steps in a row.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stretch {
    first: f64,
    last: f64,
    lowest: f64,
    highest: f64,
    sum: f64,
    count: u64,
}

impl Stretch {
    fn of(step: f64, value: f64) -> Self {
        Self {
            first: step,
            last: step,
            lowest: value,
            highest: value,
            sum: value,
            count: 1,
        }
    }

    fn joined(self, next: Self) -> Self {
        Self {
            first: self.first,
            last: next.last,
            lowest: self.lowest.min(next.lowest),
            highest: self.highest.max(next.highest),
            sum: self.sum + next.sum,
            count: self.count + next.count,
        }
    }

    fn mean(&self) -> f64 {
        self.sum / self.count.max(1) as f64
    }

    fn middle(&self) -> f64 {
        0.5 * (self.first + self.last)
    }
}

/// A moving average with exponentially falling weights; the bias towards its start is taken out (Adam, section 3).
#[derive(Debug, Clone, Copy, Default)]
struct Average {
    weighted: f64,
    weight: f64,
}

impl Average {
    /// Takes a value that lasted for `count` steps; `memory` is the weight that the past keeps at each step.
    fn take(&mut self, value: f64, count: u64, memory: f64) -> f64 {
        let keep = memory.powi(i32::try_from(count).unwrap_or(i32::MAX));
        self.weighted = keep * self.weighted + (1.0 - keep) * value;
        self.weight = keep * self.weight + (1.0 - keep);
        self.weighted / self.weight
    }
}

impl Default for Curve {
    fn default() -> Self {
        Self {
            stretches: Vec::new(),
            smoothed: Vec::new(),
            stride: 1,
            pending: None,
            smoothing: Self::SMOOTHING,
            average: Average::default(),
        }
    }
}

impl Curve {
    /// Stretches that are kept at most.
    pub const MOST: usize = 4096;
    /// The smoothing that curves start with: the average looks back over about ten steps.
    pub const SMOOTHING: f64 = 0.9;

    /// Adds the value of a step. A value that is not finite leaves a gap.
    pub fn push(&mut self, step: f64, value: f64) {
        if !value.is_finite() {
            return;
        }
        let new = Stretch::of(step, value);
        let grown = self.pending.take().map_or(new, |old| old.joined(new));
        if grown.count < self.stride {
            self.pending = Some(grown);
            return;
        }
        let smoothed = self.average.take(grown.mean(), grown.count, self.smoothing);
        self.stretches.push(grown);
        self.smoothed.push(smoothed);
        if self.stretches.len() >= Self::MOST {
            self.stretches = self
                .stretches
                .chunks(2)
                .filter_map(|pair| pair.iter().copied().reduce(Stretch::joined))
                .collect();
            // A pair's average is that at its end.
            self.smoothed = self
                .smoothed
                .chunks(2)
                .filter_map(|pair| pair.last().copied())
                .collect();
            self.stride *= 2;
        }
    }

    /// Forgets the values after a step; a stretch that reaches beyond it goes as a whole.
    pub fn cut_after(&mut self, step: f64) {
        self.stretches.retain(|stretch| stretch.last <= step);
        self.pending = self.pending.filter(|stretch| stretch.last <= step);
        self.average_anew();
    }

    /// Smooths anew: 0 shows the values themselves, 0.99 looks back over a hundred steps.
    pub fn smooth(&mut self, smoothing: f64) {
        let smoothing = smoothing.clamp(0.0, 0.999);
        if smoothing == self.smoothing {
            return;
        }
        self.smoothing = smoothing;
        self.average_anew();
    }

    fn average_anew(&mut self) {
        self.average = Average::default();
        let smoothing = self.smoothing;
        let (average, stretches) = (&mut self.average, self.stretches.iter());
        self.smoothed = stretches
            .map(|stretch| average.take(stretch.mean(), stretch.count, smoothing))
            .collect();
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.stretches.is_empty() && self.pending.is_none()
    }

    /// How many steps one stored stretch stands for: 1 while every step can be told apart.
    pub fn stride(&self) -> u64 {
        self.stride
    }

    /// The lowest and the highest value.
    pub fn range(&self) -> Option<[f64; 2]> {
        let all = || self.stretches.iter().chain(&self.pending);
        let lowest = all().map(|stretch| stretch.lowest).reduce(f64::min)?;
        let highest = all().map(|stretch| stretch.highest).reduce(f64::max)?;
        Some([lowest, highest])
    }

    /// First and last step.
    pub fn steps(&self) -> Option<[f64; 2]> {
        let mut all = self.stretches.iter().chain(&self.pending);
        let first = all.next()?;
        Some([first.first, all.last().unwrap_or(first).last])
    }

    /// Value and moving average at a step, or at the nearest one before it.
    pub fn at(&self, step: f64) -> Option<[f64; 2]> {
        let after = self
            .stretches
            .partition_point(|stretch| stretch.first <= step);
        let index = after.saturating_sub(1);
        let smoothed = *self.smoothed.get(index)?;
        Some([self.stretches.get(index)?.mean(), smoothed])
    }

    /// The values from one step to another for a picture of so many columns: every value while they fit, else the lowest
    /// and the highest of each column.
    pub fn points(&self, from: f64, to: f64, columns: usize) -> Vec<PlotPoint> {
        let shown = self.shown(from, to);
        let stretches = self.stretches.get(shown).unwrap_or_default();
        if stretches.len() <= columns && self.stride == 1 {
            let all = stretches.iter().chain(&self.pending);
            return all.map(|s| PlotPoint::new(s.middle(), s.mean())).collect();
        }
        let each = stretches.len().div_ceil(columns.max(1)).max(1);
        stretches
            .chunks(each)
            .filter_map(|column| column.iter().copied().reduce(Stretch::joined))
            .flat_map(|column| {
                let at = column.middle();
                [
                    PlotPoint::new(at, column.lowest),
                    PlotPoint::new(at, column.highest),
                ]
            })
            .collect()
    }

    /// The moving average from one step to another for a picture of so many columns.
    pub fn smoothed(&self, from: f64, to: f64, columns: usize) -> Vec<PlotPoint> {
        let shown = self.shown(from, to);
        let stretches = self.stretches.get(shown.clone()).unwrap_or_default();
        let values = self.smoothed.get(shown).unwrap_or_default();
        let each = stretches.len().div_ceil(columns.max(1)).max(1);
        let last = stretches.len().saturating_sub(1);
        let all = stretches.iter().zip(values).enumerate();
        all.filter(|(index, _)| index % each == 0 || *index == last)
            .map(|(_, (stretch, value))| PlotPoint::new(stretch.middle(), *value))
            .collect()
    }

    /// The stretches between two steps and one more at each side, so that lines go on beyond the edge.
    fn shown(&self, from: f64, to: f64) -> std::ops::Range<usize> {
        let first = self.stretches.partition_point(|s| s.last < from);
        let end = self.stretches.partition_point(|s| s.first <= to);
        first.saturating_sub(1)..(end + 1).min(self.stretches.len()).max(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

    #[test]
    fn a_long_run_stays_small_and_loses_no_spike() {
        let mut curve = Curve::default();
        for step in 1..=100_000 {
            let spike = if step == 77_777 { 1e6 } else { 0.0 };
            curve.push(f64::from(step), 2.0 * f64::from(step) + spike);
        }
        let columns = 500;
        let points = curve.points(ALL[0], ALL[1], columns);
        assert!(points.len() <= 2 * columns && points.len() > columns);
        let highest = points.iter().map(|p| p.y).fold(0.0, f64::max);
        assert_eq!(highest, 2.0 * 77_777.0 + 1e6);
        assert_eq!(curve.range(), Some([2.0, highest]));
        assert_eq!(curve.steps(), Some([1.0, 100_000.0]));
        let smoothed = curve.smoothed(ALL[0], ALL[1], columns);
        assert!(smoothed.len() <= columns + 1);
        assert!(smoothed.last().unwrap().x > 99_900.0);
        // A part of the run has as many columns of its own.
        let part = curve.points(10_000.0, 20_000.0, 100);
        assert!(part.iter().all(|p| (9_900.0..20_100.0).contains(&p.x)));
        assert!(part.len() > 100);
    }

    #[test]
    fn the_average_of_a_constant_is_the_constant_from_the_first_step() {
        let mut curve = Curve::default();
        for step in 1..10 {
            curve.push(f64::from(step), 3.0);
        }
        curve.push(10.0, f64::NAN);
        assert_eq!(curve.points(ALL[0], ALL[1], 100).len(), 9);
        let smoothed = curve.smoothed(ALL[0], ALL[1], 100);
        assert!(smoothed.iter().all(|point| (point.y - 3.0).abs() < 1e-12));
    }

    #[test]
    fn smoothing_can_be_chosen_afterwards() {
        let mut curve = Curve::default();
        for step in 0..50 {
            curve.push(f64::from(step), f64::from(step % 2));
        }
        curve.smooth(0.0);
        let [value, smoothed] = curve.at(31.0).unwrap();
        assert_eq!((value, smoothed), (1.0, 1.0));
        curve.smooth(0.99);
        let [_, smoothed] = curve.at(49.0).unwrap();
        assert!((smoothed - 0.5).abs() < 0.02, "{smoothed}");
        // The same as if it had been chosen from the beginning.
        let mut other = Curve::default();
        other.smooth(0.99);
        for step in 0..50 {
            other.push(f64::from(step), f64::from(step % 2));
        }
        assert_eq!(other.at(49.0), curve.at(49.0));
    }
}
