//! Scores of predictions, as scikit-learn and mir_eval compute them (`tests/metrics.rs` compares).

/// Area under the receiver operating characteristic of scores for a yes-or-no truth; ties count half. `None` unless
/// both answers occur.
pub fn roc_auc(truth: &[bool], scores: &[f64]) -> Option<f64> {
    let positives = truth.iter().filter(|&&yes| yes).count();
    let negatives = truth.len().min(scores.len()).checked_sub(positives)?;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let mut order: Vec<(f64, bool)> = scores.iter().copied().zip(truth.iter().copied()).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Mann and Whitney: sum of the positives' ranks, ties sharing their mean rank.
    let mut rank_sum = 0.0;
    let mut before = 0;
    for tied in order.chunk_by(|a, b| a.0 == b.0) {
        let mean_rank = before as f64 + 0.5 * (tied.len() + 1) as f64;
        rank_sum += mean_rank * tied.iter().filter(|(_, yes)| *yes).count() as f64;
        before += tied.len();
    }
    let positives = positives as f64;
    let wins = rank_sum - 0.5 * positives * (positives + 1.0);
    Some(wins / (positives * negatives as f64))
}

/// Average precision: precision at each score that is reached, weighted by the step in recall; equal scores are
/// reached together. `None` where nothing is true.
pub fn average_precision(truth: &[bool], scores: &[f64]) -> Option<f64> {
    let positives = truth.iter().filter(|&&yes| yes).count();
    if positives == 0 {
        return None;
    }
    let mut order: Vec<(f64, bool)> = scores.iter().copied().zip(truth.iter().copied()).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut seen, mut found, mut sum) = (0, 0, 0.0);
    for tied in order.chunk_by(|a, b| a.0 == b.0) {
        let hits = tied.iter().filter(|(_, yes)| *yes).count();
        seen += tied.len();
        found += hits;
        sum += hits as f64 / positives as f64 * found as f64 / seen as f64;
    }
    Some(sum)
}

/// Coefficient of determination: 1 is perfect, 0 is always saying the mean. `None` where the truth is constant.
pub fn r2(truth: &[f64], predicted: &[f64]) -> Option<f64> {
    let mean = truth.iter().sum::<f64>() / truth.len().max(1) as f64;
    let spread: f64 = truth.iter().map(|value| (value - mean).powi(2)).sum();
    let missed: f64 = truth
        .iter()
        .zip(predicted)
        .map(|(value, said)| (value - said).powi(2))
        .sum();
    (spread > 0.0).then(|| 1.0 - missed / spread)
}

/// The weighted key score of MIREX for two keys (0 to 11 C to B major, 12 to 23 C to B minor): 1 for the same key,
/// 0.5 a fifth above in the same mode, 0.3 the relative key, 0.2 the parallel one, else 0 (as mir_eval: a fifth below
/// scores nothing).
pub fn key_score(truth: u8, said: u8) -> f64 {
    let (tonic, minor) = (truth % 12, truth >= 12);
    let (said_tonic, said_minor) = (said % 12, said >= 12);
    // The relative minor lies three semitones below its major.
    let relative = if minor { tonic + 3 } else { tonic + 9 } % 12;
    match (minor == said_minor, said_tonic) {
        (true, same) if same == tonic => 1.0,
        (true, fifth) if fifth == (tonic + 7) % 12 => 0.5,
        (false, third) if third == relative => 0.3,
        (false, same) if same == tonic => 0.2,
        _ => 0.0,
    }
}

/// The mean of what there is; `None` of nothing.
pub fn mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0_usize);
    for value in values {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / count as f64)
}
