//! `mynascope bench`: medians of repeated runs on this machine.

mod encoder;
mod hover;
mod ingest;
mod listen;
mod map;
mod memory;
mod neighbours;
mod probe;
mod sound;
mod train;
mod window;

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use clap::ValueEnum;
use serde::Serialize;
use serde_json::json;

use super::{
    arguments::{Bench, Common},
    console::{Console, Outcome},
};

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Decoding, resampling and mels.
    Ingest,
    /// Windows a second through encoders, on the CPU and on every real GPU.
    Encoder,
    /// Tracks a second of training steps.
    Train,
    /// t-SNE and PCA.
    Map,
    /// Nearest neighbours by cosine.
    Neighbours,
    /// Probes of GTZAN's size, the published grid among them.
    Probe,
    /// Whether sound stutters on an idle and on a busy machine, and how soon a point of a map is heard.
    Listen,
    /// First pictures, frames while dragging the mask, idle CPU.
    Window,
    /// The most memory that embedding, the window and t-SNE hold.
    Memory,
}

/// One measurement: the median of its runs, and their extremes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measurement {
    pub part: String,
    /// What was done, with its sizes.
    pub what: String,
    pub median: f64,
    pub least: f64,
    pub most: f64,
    pub unit: &'static str,
    pub runs: usize,
    /// Of `encoder`: what was measured, and beside what.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<encoder::Speed>,
}

/// Collects measurements and stops between them when asked to.
pub struct Measure<'a> {
    console: &'a Console,
    part: String,
    found: Vec<Measurement>,
    notes: Vec<String>,
}

impl<'a> Measure<'a> {
    fn new(console: &'a Console) -> Self {
        Self {
            console,
            part: String::new(),
            found: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Keeps the values of several runs.
    fn values(&mut self, what: impl Into<String>, unit: &'static str, mut values: Vec<f64>) {
        values.sort_by(f64::total_cmp);
        let (Some(&least), Some(&most)) = (values.first(), values.last()) else {
            return;
        };
        let middle = |at: usize| values.get(at).copied().unwrap_or(f64::NAN);
        let half = values.len() / 2;
        let median = if values.len().is_multiple_of(2) {
            0.5 * (middle(half - 1) + middle(half))
        } else {
            middle(half)
        };
        let measurement = Measurement {
            part: self.part.clone(),
            what: what.into(),
            median,
            least,
            most,
            unit,
            runs: values.len(),
            encoder: None,
        };
        self.console.note(&line(&measurement));
        self.found.push(measurement);
    }

    /// Keeps the values of several runs, and as a line of its own what 95 in 100 of them stay within.
    fn spread(&mut self, what: &str, unit: &'static str, mut values: Vec<f64>) {
        values.sort_by(f64::total_cmp);
        let place = (0.95 * values.len() as f64).ceil() as usize;
        let most = values.get(place.saturating_sub(1)).copied();
        self.values(what, unit, values);
        if let Some(most) = most {
            self.values(format!("{what}, 95 %"), unit, vec![most]);
        }
    }

    /// Runs something once to warm up and `runs` times to be measured; `value` turns the time of a run into what is
    /// kept. Returns the median.
    fn runs(
        &mut self,
        what: impl Into<String>,
        unit: &'static str,
        runs: usize,
        value: impl Fn(Duration) -> f64,
        mut run: impl FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<f64> {
        let what = what.into();
        self.console.watch().progress(&what, 0, Some(runs as u64));
        run()?;
        let mut values = Vec::with_capacity(runs);
        for done in 0..runs {
            self.console.cancel().check()?;
            let start = Instant::now();
            run()?;
            values.push(value(start.elapsed()));
            let done = done as u64 + 1;
            self.console
                .watch()
                .progress(&what, done, Some(runs as u64));
        }
        self.values(what, unit, values);
        Ok(self.found.last().map_or(f64::NAN, |last| last.median))
    }

    /// Says more of what was measured last.
    fn more(&mut self, of_median: impl FnOnce(f64) -> encoder::Speed) {
        if let Some(last) = self.found.last_mut() {
            let speed = of_median(last.median);
            self.console.note(&format!("{:10} {speed}", ""));
            last.encoder = Some(speed);
        }
    }

    /// Something that the reader of the numbers must know.
    fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

pub fn run(verb: &Bench, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    let mut measure = Measure::new(console);
    let parts = if verb.parts.is_empty() {
        Part::value_variants().to_vec()
    } else {
        verb.parts.clone()
    };
    for part in parts {
        measure.part = part
            .to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned());
        match part {
            Part::Ingest => ingest::run(&mut measure, verb)?,
            Part::Encoder => encoder::run(&mut measure, verb)?,
            Part::Train => train::run(&mut measure, verb, common)?,
            Part::Map => map::run(&mut measure)?,
            Part::Neighbours => neighbours::run(&mut measure)?,
            Part::Probe => probe::run(&mut measure)?,
            Part::Listen => {
                listen::run(&mut measure)?;
                hover::run(&mut measure, verb)?;
            }
            Part::Window => window::run(&mut measure, verb)?,
            Part::Memory => memory::run(&mut measure, verb)?,
        }
    }
    let machine = machine();
    let mut text = format!("{machine}\n");
    for measurement in &measure.found {
        writeln!(text, "{}", line(measurement))?;
        if let Some(speed) = &measurement.encoder {
            writeln!(text, "{:10} {speed}", "")?;
        }
    }
    for note in &measure.notes {
        writeln!(text, "note: {note}")?;
    }
    Ok(Outcome::new(
        json!({
            "machine": machine,
            "measurements": measure.found,
            "notes": measure.notes,
        }),
        text.trim_end().to_owned(),
    ))
}

fn line(measurement: &Measurement) -> String {
    let number = |value: f64| match value.abs() {
        // A count of nothing.
        0.0 => "0".to_owned(),
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 1.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    };
    format!(
        "{:10} {:58} {:>8} {} ({} to {}, {} runs)",
        measurement.part,
        measurement.what,
        number(measurement.median),
        measurement.unit,
        number(measurement.least),
        number(measurement.most),
        measurement.runs
    )
}

/// The processor's name as far as the system tells it, its threads, and the system.
fn machine() -> String {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let name = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    format!("{name}, {threads} threads, {}", std::env::consts::OS)
}

/// Times real time of something that takes `duration_secs` to listen to.
fn times_real_time(duration_secs: f64) -> impl Fn(Duration) -> f64 {
    move |took| duration_secs / took.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::arguments::Arguments;
    use mynascope_base::jobs::Cancel;

    #[test]
    fn the_median_lies_in_the_middle_and_the_extremes_at_the_ends() {
        let line = Arguments::try_parse_from(["mynascope", "bench", "map", "--quiet"]).unwrap();
        let console = Console::silent_or_not(&line.common, Cancel::default());
        let mut measure = Measure::new(&console);
        measure.values("odd", "s", vec![3.0, 1.0, 2.0]);
        measure.values("even", "s", vec![4.0, 1.0, 2.0, 3.0]);
        measure.values("none", "s", vec![]);
        let found: Vec<[f64; 3]> = measure
            .found
            .iter()
            .map(|found| [found.least, found.median, found.most])
            .collect();
        assert_eq!(found, [[1.0, 2.0, 3.0], [1.0, 2.5, 4.0]]);
    }

    #[test]
    fn what_is_run_is_counted_without_the_warm_up() {
        let line = Arguments::try_parse_from(["mynascope", "bench", "--quiet"]).unwrap();
        let console = Console::silent_or_not(&line.common, Cancel::default());
        let mut measure = Measure::new(&console);
        let mut calls = 0;
        let run = || {
            calls += 1;
            Ok(())
        };
        let seconds = |took: Duration| took.as_secs_f64();
        measure.runs("nothing", "s", 4, seconds, run).unwrap();
        assert_eq!((calls, measure.found[0].runs), (5, 4));
    }
}
