use egui_plot::PlotPoint;

/// A curve that grows with a training run and stays cheap to draw: beyond [`Curve::MOST`] points, neighbours are
/// averaged in pairs.
#[derive(Debug, Clone)]
pub struct Curve {
    points: Vec<PlotPoint>,
    smoothed: Vec<PlotPoint>,
    /// Steps that one point stands for.
    stride: usize,
    /// Steps gathered for the next point: how many, the sum of their places, of their values, of the smoothed ones.
    pending: (usize, f64, f64, f64),
    average: Average,
}

/// A moving average with exponentially falling weights; the bias towards its start is taken out (Adam, section 3).
#[derive(Debug, Clone, Copy, Default)]
struct Average {
    weighted: f64,
    weight: f64,
}

/// Weight that the past keeps at each step: the average looks back over about ten steps.
const MEMORY: f64 = 0.9;

impl Average {
    fn take(&mut self, value: f64) -> f64 {
        self.weighted = MEMORY * self.weighted + (1.0 - MEMORY) * value;
        self.weight = MEMORY * self.weight + (1.0 - MEMORY);
        self.weighted / self.weight
    }
}

impl Default for Curve {
    fn default() -> Self {
        Self {
            points: Vec::new(),
            smoothed: Vec::new(),
            stride: 1,
            pending: (0, 0.0, 0.0, 0.0),
            average: Average::default(),
        }
    }
}

impl Curve {
    /// Points that are kept at most.
    pub const MOST: usize = 2048;

    /// Adds the value of a step. A value that is not finite leaves a gap.
    pub fn push(&mut self, step: f64, value: f64) {
        if !value.is_finite() {
            return;
        }
        let smoothed = self.average.take(value);
        let (count, steps, values, smooths) = &mut self.pending;
        *count += 1;
        *steps += step;
        *values += value;
        *smooths += smoothed;
        if *count < self.stride {
            return;
        }
        let n = *count as f64;
        self.points.push(PlotPoint::new(*steps / n, *values / n));
        self.smoothed.push(PlotPoint::new(*steps / n, *smooths / n));
        self.pending = (0, 0.0, 0.0, 0.0);
        if self.points.len() >= Self::MOST {
            halve(&mut self.points);
            halve(&mut self.smoothed);
            self.stride *= 2;
        }
    }

    /// The values.
    pub fn points(&self) -> &[PlotPoint] {
        &self.points
    }

    /// The moving average of the values.
    pub fn smoothed(&self) -> &[PlotPoint] {
        &self.smoothed
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }
}

fn halve(points: &mut Vec<PlotPoint>) {
    *points = points
        .chunks(2)
        .map(|pair| {
            let n = pair.len() as f64;
            let sum = |of: fn(&PlotPoint) -> f64| pair.iter().map(of).sum::<f64>() / n;
            PlotPoint::new(sum(|point| point.x), sum(|point| point.y))
        })
        .collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_stays_small_and_keeps_its_shape() {
        let mut curve = Curve::default();
        for step in 1..=100_000 {
            curve.push(f64::from(step), 2.0 * f64::from(step));
        }
        assert!(curve.points().len() <= Curve::MOST && curve.points().len() >= Curve::MOST / 4);
        for point in curve.points() {
            assert!((point.y - 2.0 * point.x).abs() < 1e-6);
        }
        let last = curve.points().last().unwrap();
        assert!(last.x > 99_800.0);
    }

    #[test]
    fn the_average_of_a_constant_is_the_constant_from_the_first_step() {
        let mut curve = Curve::default();
        for step in 1..10 {
            curve.push(f64::from(step), 3.0);
        }
        curve.push(10.0, f64::NAN);
        assert_eq!(curve.points().len(), 9);
        assert!(
            curve
                .smoothed()
                .iter()
                .all(|point| (point.y - 3.0).abs() < 1e-12)
        );
    }
}
