//! Makes windows of a sound for an MT2 and embeds them on the CPU, and measures both; `tests/compare_mt2.py` runs it beside
//! PyTorch.
//!
//! `embed_mt2 CHECKPOINT SAMPLES OUT PASSES`: `SAMPLES` are f32, mono at 16 kHz; `OUT` gets what the windows are, [windows,
//! frames, bins + 128], and their contrastive tokens, as f32. Prints for each pass the seconds and the processor's seconds as
//! JSON.

use std::{fs, path::Path, time::Instant};

use mynascope_encoder::{CheckpointRef, DeviceChoice, LoadOptions, LoadedEncoder};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &str| arguments.next().ok_or_else(|| format!("{what} is missing"));
    let checkpoint = CheckpointRef::File(next("CHECKPOINT")?.into());
    let samples: Vec<f32> = fs::read(next("SAMPLES")?)?
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    let out = next("OUT")?;
    let passes: usize = next("PASSES")?.parse()?;
    let encoder = LoadedEncoder::open(&checkpoint, LoadOptions::default(), &DeviceChoice::Cpu)?;
    let (mut hear, mut embed) = (Vec::new(), Vec::new());
    let mut values: Vec<f32> = Vec::new();
    for _ in 0..passes {
        let start = (Instant::now(), processor_secs());
        let windows = encoder.windows(&samples)?;
        hear.push(since(start));
        let windows: Vec<&[f32]> = windows
            .iter()
            .map(|window| window.values.as_slice())
            .collect();
        let start = (Instant::now(), processor_secs());
        let embedded = encoder.embed_windows(&windows, None)?;
        embed.push(since(start));
        values = [windows.concat(), embedded].concat();
    }
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    fs::write(Path::new(&out), bytes)?;
    println!("{}", serde_json::json!({"hear": hear, "embed": embed}));
    Ok(())
}

fn since((start, busy): (Instant, f64)) -> [f64; 2] {
    [start.elapsed().as_secs_f64(), processor_secs() - busy]
}

/// Processor time of all threads so far, in steps of 10 ms; 0 where there is no Linux.
fn processor_secs() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may hold spaces: user and system time are fields 14 and 15 of the line.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|field| field.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}
