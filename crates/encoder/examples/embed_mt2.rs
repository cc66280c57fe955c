//! Makes windows of a sound for an MT2 and embeds them on the CPU, and measures both; `tests/compare_mt2.py` runs it beside
//! PyTorch.
//!
//! `embed_mt2 CHECKPOINT SAMPLES OUT PASSES`: `SAMPLES` are f32, mono at 16 kHz; `OUT` gets what the windows are, [windows,
//! frames, bins + 128], and their contrastive tokens, as f32. Prints the seconds of each pass as JSON.

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
        let start = Instant::now();
        let windows = encoder.windows(&samples)?;
        hear.push(start.elapsed().as_secs_f64());
        let windows: Vec<&[f32]> = windows
            .iter()
            .map(|window| window.values.as_slice())
            .collect();
        let start = Instant::now();
        let embedded = encoder.embed_windows(&windows, None)?;
        embed.push(start.elapsed().as_secs_f64());
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
