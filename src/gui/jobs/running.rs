//! How far a job is, in words.

use std::time::{Duration, Instant};

use mynascope_base::jobs::Progress;

/// How far a background job is that a panel shows.
#[derive(Debug, Clone)]
pub struct Running {
    /// How far it is.
    pub progress: Progress,
    /// When the present part of the job (`progress.what`) began.
    part_began: Instant,
}

impl Running {
    /// A job that has just been started.
    pub fn starting(now: Instant) -> Self {
        Self {
            progress: Progress {
                what: "starting".to_owned(),
                done: 0,
                total: None,
            },
            part_began: now,
        }
    }

    /// Takes up what the job reported.
    pub fn report(&mut self, progress: Progress) {
        if progress.what != self.progress.what {
            self.part_began = Instant::now();
        }
        self.progress = progress;
    }

    /// Share that is done, where the job knows.
    pub fn share(&self) -> Option<f32> {
        let total = self.progress.total.filter(|&total| total > 0)?;
        Some((self.progress.done as f32 / total as f32).clamp(0.0, 1.0))
    }

    /// Time left for the present part, where it can be told.
    pub fn remaining(&self) -> Option<Duration> {
        let share = self.share().filter(|&share| share > 0.02)?;
        let spent = self.part_began.elapsed();
        (spent > Duration::from_secs(1)).then(|| spent.mul_f32((1.0 - share) / share))
    }

    /// What it is doing and how far it is, in one line.
    pub fn line(&self) -> String {
        let far = format_progress(&self.progress);
        match self.remaining() {
            Some(left) => format!("{far}, {} left", format_duration(left)),
            None => far,
        }
    }
}

/// Progress in one line: "Embedding tracks, 12 of 48", "Looking for tracks, 7", "Starting …".
pub fn format_progress(progress: &Progress) -> String {
    let Progress { what, done, total } = progress;
    let mut chars = what.chars();
    let what: String = chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default();
    match total {
        Some(total) if *total > 0 => format!("{what}, {done} of {total}"),
        _ if *done > 0 => format!("{what}, {done}"),
        _ => format!("{what} …"),
    }
}

/// A span of time as people say it: "8 s", "3 min 20 s", "2 h 05 min".
pub fn format_duration(span: Duration) -> String {
    let seconds = span.as_secs_f64().round() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_are_short() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min 00 s"),
            (200, "3 min 20 s"),
            (7500, "2 h 05 min"),
        ] {
            assert_eq!(format_duration(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn progress_is_one_line() {
        let mut running = Running::starting(Instant::now());
        assert_eq!(running.line(), "Starting …");
        assert_eq!(running.share(), None);
        running.report(Progress {
            what: "looking for tracks".to_owned(),
            done: 7,
            total: None,
        });
        assert_eq!(running.line(), "Looking for tracks, 7");
        running.report(Progress {
            what: "embedding tracks".to_owned(),
            done: 12,
            total: Some(48),
        });
        assert_eq!(running.line(), "Embedding tracks, 12 of 48");
        assert_eq!(running.share(), Some(0.25));
    }
}
