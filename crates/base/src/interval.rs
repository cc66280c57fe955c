//! How far a share can be trusted.

/// The square of the 97.5 % quantile of the normal distribution.
const Z2: f64 = 3.841_458_820_694_124;

/// The 95 % interval of a share that was seen in `n` independent cases: Wilson's score interval (1927), which has a width at 0 and
/// at 1 too, 12 of 12 giving 0.76 to 1. NaN of no cases.
pub fn wilson_interval(share: f64, n: usize) -> [f64; 2] {
    if n == 0 || !(0.0..=1.0).contains(&share) {
        return [f64::NAN; 2];
    }
    let n = n as f64;
    let middle = (share + Z2 / (2.0 * n)) / (1.0 + Z2 / n);
    let reach = (share * (1.0 - share) / n + Z2 / (4.0 * n * n)).sqrt();
    let reach = Z2.sqrt() * reach / (1.0 + Z2 / n);
    [(middle - reach).max(0.0), (middle + reach).min(1.0)]
}

/// A share in percent with its 95 % interval, where that is known: "45.3 % (33.7 to 57.4 %)".
pub fn share_with_interval(share: f64, interval: Option<[f64; 2]>) -> String {
    let share = format!("{:.1} %", 100.0 * share);
    match interval {
        Some([low, high]) => format!("{share} ({:.1} to {:.1} %)", 100.0 * low, 100.0 * high),
        None => share,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As R's `prop.test(x, n, correct = FALSE)` gives it.
    #[test]
    fn a_share_has_wilsons_interval_also_where_all_cases_are_alike() {
        for (share, n, wanted) in [
            (1.0, 12, [0.757_505_7, 1.0]),
            (0.0, 4, [0.0, 0.489_890_9]),
            (0.5, 10, [0.236_593_1, 0.763_406_9]),
        ] {
            let [low, high] = wilson_interval(share, n);
            assert!((low - wanted[0]).abs() < 1e-6 && (high - wanted[1]).abs() < 1e-6);
        }
        let said = share_with_interval(0.5, Some(wilson_interval(0.5, 10)));
        assert_eq!(said, "50.0 % (23.7 to 76.3 %)");
        assert!(wilson_interval(1.0, 0)[0].is_nan());
        assert!(wilson_interval(-3.0, 9)[1].is_nan());
    }
}
