//! Spans of frames that are hidden from the student of data2vec (Baevski et al. 2022), drawn as fairseq's `compute_mask_indices`
//! draws them.

use super::Stream;

/// Which frames of windows are hidden, one list a stream, in their order. A window of T frames has `share * T / length` spans,
/// rounded up or down by chance, at least one. They are `length` frames long, begin in different frames of 0 to T - length - 1,
/// so that the last frame is never hidden, and may overlap. Then every window loses hidden frames by chance until all have as many
/// as the least. None is hidden where a window is no longer than a span.
pub fn hidden_spans(
    frames: usize,
    share: f64,
    length: usize,
    streams: &mut [Stream],
) -> Vec<Vec<usize>> {
    let spans = streams
        .iter_mut()
        .map(|random| draw(frames, share, length, random));
    let mut hidden: Vec<Vec<usize>> = spans.collect();
    let least = hidden.iter().map(Vec::len).min().unwrap_or(0);
    for (hidden, random) in hidden.iter_mut().zip(streams) {
        if hidden.len() > least {
            random.shuffle(hidden);
            hidden.truncate(least);
            hidden.sort_unstable();
        }
    }
    hidden
}

fn draw(frames: usize, share: f64, length: usize, random: &mut Stream) -> Vec<usize> {
    let places = frames.saturating_sub(length.max(1));
    let wanted = share * frames as f64 / length.max(1) as f64;
    let spans = ((wanted + random.uniform()) as usize).clamp(1, places.max(1));
    let mut starts = random.permutation(places);
    starts.truncate(spans);
    let mut is_hidden = vec![false; frames];
    for start in starts {
        for slot in is_hidden.iter_mut().skip(start).take(length) {
            *slot = true;
        }
    }
    let flags = is_hidden.into_iter().enumerate();
    flags
        .filter_map(|(frame, hidden)| hidden.then_some(frame))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Purpose, stream};
    use super::*;

    fn streams(windows: u64) -> Vec<Stream> {
        let of = |window| stream(5, 1, window, Purpose::Spans);
        (0..windows).map(of).collect()
    }

    /// 49.3 % of 249 frames is what the code of the paper hides; windows lose some more where they are made alike.
    #[test]
    fn about_half_of_a_window_is_hidden_in_spans_and_never_its_last_frame() {
        let alone: Vec<Vec<usize>> = (0..400)
            .flat_map(|window| {
                hidden_spans(249, 0.65, 10, &mut [stream(5, 1, window, Purpose::Spans)])
            })
            .collect();
        let share = alone.iter().map(Vec::len).sum::<usize>() as f64 / (400.0 * 249.0);
        assert!((share - 0.493).abs() < 0.01, "{share}");
        for hidden in &alone {
            assert!(hidden.iter().all(|&frame| frame < 248));
            // In one piece with nine neighbours.
            let runs = hidden.chunk_by(|a, b| a + 1 == *b);
            assert!(runs.clone().all(|run| run.len() >= 10));
        }
        let together = hidden_spans(249, 0.65, 10, &mut streams(16));
        let least = together[0].len();
        assert!((90..130).contains(&least), "{least}");
        for hidden in &together {
            assert_eq!(hidden.len(), least);
            assert!(hidden.is_sorted_by(|a, b| a < b));
        }
        assert_eq!(together, hidden_spans(249, 0.65, 10, &mut streams(16)));
    }

    #[test]
    fn a_window_has_at_least_one_span_and_one_too_short_has_none() {
        let one = hidden_spans(49, 0.001, 10, &mut streams(3));
        assert!(one.iter().all(|hidden| hidden.len() == 10));
        let most = hidden_spans(12, 50.0, 10, &mut streams(1));
        assert_eq!(most, [(0..11).collect::<Vec<_>>()]);
        assert_eq!(hidden_spans(10, 0.65, 10, &mut streams(1)), [[0_usize; 0]]);
    }
}
