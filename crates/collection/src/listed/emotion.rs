//! Arousal and valence on the scale that this program uses, 1 to 9, whatever scale a list has them on.

/// The scale of EmoMusic, and of this program.
const OWN: Scale = Scale {
    low: 1.0,
    high: 9.0,
};

/// A scale from its lowest to its highest answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    pub(super) const fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    pub(super) fn is_own(self) -> bool {
        self == OWN
    }

    /// A value of this scale on that of 1 to 9; `None` outside of it.
    pub(super) fn to_own(self, value: f64) -> Option<f32> {
        let share = (value - self.low) / (self.high - self.low);
        let own = OWN.low + share * (OWN.high - OWN.low);
        (self.low..=self.high)
            .contains(&value)
            .then_some(own as f32)
    }
}

impl std::fmt::Display for Scale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}", self.low, self.high)
    }
}

/// What the values of both columns say about their scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Guess {
    /// It is this one.
    Clear(Scale),
    /// It is likely 1 to 9, but might be a shorter one.
    Own,
    /// It cannot be told.
    Unclear,
}

/// Scales of ratings that end within 1 to 9, by their highest answer.
const SHORT: [f64; 2] = [5.0, 7.0];
/// Ratings that must show both ends of a short scale to be on it.
const RATINGS: usize = 20;
/// On a scale of 1 to 9 at most this share of the values may lie outside: slips of the pen, which are left out.
const SLIPS: f64 = 0.05;

/// The scale of all values of both columns.
pub(super) fn guess(values: &[f64]) -> Guess {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let outside = values
        .iter()
        .filter(|&&value| !(1.0..=9.0).contains(&value));
    let slips = outside.count() as f64 / values.len().max(1) as f64;
    let whole = values.iter().all(|value| value.fract() == 0.0);
    let short = SHORT.into_iter().find(|&end| high == end);
    match (low, high) {
        _ if values.is_empty() => Guess::Unclear,
        (1.0.., ..=9.0) => match short {
            Some(end) if whole && low == 1.0 && values.len() >= RATINGS => {
                Guess::Clear(Scale::new(1.0, end))
            }
            _ if high <= 5.0 && values.len() >= RATINGS => Guess::Own,
            _ => Guess::Clear(OWN),
        },
        _ if slips <= SLIPS => Guess::Clear(OWN),
        (-1.0..0.0, ..=1.0) => Guess::Clear(Scale::new(-1.0, 1.0)),
        (0.0.., ..=1.0) => Guess::Clear(Scale::new(0.0, 1.0)),
        // A scale of ten ends too early to be told from one of a hundred that few use up.
        (0.0.., 50.0..=100.0) => Guess::Clear(Scale::new(0.0, 100.0)),
        (-100.0..0.0, 50.0..=100.0) | (-100.0..=-50.0, ..=100.0) => {
            Guess::Clear(Scale::new(-100.0, 100.0))
        }
        _ => Guess::Unclear,
    }
}

/// The scale that a heading names: "arousal (1-5)", "valence_0_100", "arousal [-1, 1]".
pub(super) fn of_heading(heading: &str) -> Option<Scale> {
    let mut numbers = Vec::new();
    let mut rest = heading;
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let end = from
            .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
            .unwrap_or(from.len());
        let (digits, after) = from.split_at(end);
        let number: f64 = digits.trim_end_matches('.').parse().ok()?;
        // A minus stands for itself at the start of brackets, and between two numbers only after other signs.
        let sign = before.ends_with(['-', '−']);
        let is_minus = sign
            && (numbers.is_empty()
                && !before
                    .trim_end_matches(['-', '−'])
                    .ends_with(|c: char| c.is_alphanumeric()));
        numbers.push(if is_minus { -number } else { number });
        rest = after;
    }
    match numbers[..] {
        [low, high] if low < high => Some(Scale::new(low, high)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_show_their_scale_where_they_can() {
        let clear = |low, high| Guess::Clear(Scale::new(low, high));
        let ratings =
            |end: i32| -> Vec<f64> { (0..40).map(|at| f64::from(1 + at % end)).collect() };
        for (values, expected) in [
            (vec![-0.67, 0.0, 0.66, 0.8], clear(-1.0, 1.0)),
            (vec![0.1, 0.5, 0.93], clear(0.0, 1.0)),
            (vec![2.0, 7.0], clear(1.0, 9.0)),
            (vec![1.0, 8.5, 9.0], clear(1.0, 9.0)),
            (ratings(5), clear(1.0, 5.0)),
            (ratings(7), clear(1.0, 7.0)),
            (ratings(9), clear(1.0, 9.0)),
            (vec![3.0, 45.0, 88.0], clear(0.0, 100.0)),
            (vec![-60.0, 3.0, 88.0], clear(-100.0, 100.0)),
            (vec![0.0, 4.5, 10.0], Guess::Unclear),
            (vec![0.0, 2.5, 5.0], Guess::Unclear),
            (vec![-3.0, 2.5], Guess::Unclear),
            (vec![12.0, 25.0], Guess::Unclear),
            (vec![-600.0, 250.0], Guess::Unclear),
            (vec![], Guess::Unclear),
            (vec![2.5; 30], Guess::Own),
            // One slip among many is no other scale.
            ([vec![44.0], vec![5.5; 30]].concat(), clear(1.0, 9.0)),
        ] {
            assert_eq!(guess(&values), expected, "{values:?}");
        }
    }

    #[test]
    fn values_move_in_straight_lines_and_none_beyond_the_ends() {
        let signed = Scale::new(-1.0, 1.0);
        assert_eq!(
            [-1.0, 0.0, 1.0].map(|it| signed.to_own(it)),
            [Some(1.0), Some(5.0), Some(9.0)]
        );
        assert_eq!(Scale::new(0.0, 100.0).to_own(25.0), Some(3.0));
        assert_eq!(Scale::new(1.0, 9.0).to_own(3.1), Some(3.1));
        assert_eq!(signed.to_own(1.01), None);
    }

    #[test]
    fn a_heading_may_name_the_scale() {
        for (heading, scale) in [
            ("arousal (1-5)", Some((1.0, 5.0))),
            ("valence_0_100", Some((0.0, 100.0))),
            ("arousal [-1, 1]", Some((-1.0, 1.0))),
            ("arousal (0 to 1)", Some((0.0, 1.0))),
            ("Valence 1–7", Some((1.0, 7.0))),
            ("arousal", None),
            ("arousal_2", None),
            ("arousal 5 1", None),
        ] {
            let expected = scale.map(|(low, high)| Scale::new(low, high));
            assert_eq!(of_heading(heading), expected, "{heading}");
        }
    }
}
