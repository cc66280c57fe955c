//! Round numbers along an axis: steps of 1, 2 or 5 times a power of ten, as close as can be read. The plot's own grid goes
//! by powers of ten alone, which leaves a low plot with one number or none.

use egui_plot::{GridInput, GridMark};

/// Points between two numbers, at least: beside each other, and one above the other.
pub const ACROSS: f64 = 80.0;
pub const DOWN: f64 = 30.0;
/// Points that the plot's least step stands for.
const BASE_POINTS: f64 = 8.0;
/// No axis has more numbers.
const MOST: f64 = 200.0;

/// The numbers that stand at least so many points apart.
pub fn marks(input: &GridInput, points: f64) -> Vec<GridMark> {
    let (low, high) = input.bounds;
    let step = round_step(input.base_step_size / BASE_POINTS * points);
    let (first, last) = ((low / step).ceil(), (high / step).floor());
    // Also where a bound is not a number.
    let count = last - first;
    if !(0.0..=MOST).contains(&count) {
        return Vec::new();
    }
    (0..=count as usize)
        .map(|place| GridMark {
            value: (first + place as f64) * step,
            step_size: step,
        })
        .collect()
}

/// The next 1, 2 or 5 times a power of ten.
pub fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|times| times * power)
        .find(|step| *step >= least)
        .unwrap_or(10.0 * power)
}

/// A number of an axis, with the digits that its step has.
pub fn text(mark: GridMark) -> String {
    const MOST_DIGITS: f64 = 5.0;
    let digits = (-mark.step_size.log10() - 1e-9).ceil().max(0.0);
    let text = if digits > MOST_DIGITS && mark.value != 0.0 {
        format!("{:.1e}", mark.value)
    } else {
        // Adding zero makes a minus of "-0" vanish.
        format!("{:.*}", digits.min(MOST_DIGITS) as usize, mark.value + 0.0)
    };
    text.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_plot_has_numbers_and_none_touch() {
        // The loss of a run, on 120 points.
        for (low, high) in [(-1.5, 0.1), (-0.62, -0.55), (0.0, 5e-4), (-3.9, 812.0)] {
            let points: f64 = 120.0;
            let input = GridInput {
                bounds: (low, high),
                base_step_size: BASE_POINTS * (high - low) / points,
            };
            let marks = marks(&input, DOWN);
            assert!(marks.len() >= 2, "{low} to {high}");
            let apart = (marks[1].value - marks[0].value) / (high - low) * points;
            assert!(apart >= DOWN, "{apart} points");
        }
        let mark = |value, step_size| text(GridMark { value, step_size });
        assert_eq!(mark(-0.5, 0.5), "\u{2212}0.5");
        assert_eq!(mark(-0.0, 0.5), "0.0");
        assert_eq!(mark(2000.0, 1000.0), "2000");
        assert_eq!(mark(0.0002, 0.0001), "0.0002");
    }
}
