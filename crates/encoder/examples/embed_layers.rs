//! Embeds one window with an encoder of any family on the CPU and measures it; scripts in `tests` run it beside PyTorch.
//!
//! `embed_layers CHECKPOINT WINDOW OUT PASSES`: `WINDOW` is what the network takes, as f32; `OUT` gets what every layer gives in
//! the same way. Prints the seconds of each pass, from the window to its published embedding, as JSON.

use std::{error::Error, fs, time::Instant};

use mynascope_encoder::{CheckpointRef, DeviceChoice, LoadOptions, LoadedEncoder};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [checkpoint, window, out, passes] = arguments.as_slice() else {
        return Err("say CHECKPOINT WINDOW OUT PASSES".into());
    };
    let checkpoint = CheckpointRef::File(checkpoint.into());
    let encoder = LoadedEncoder::open(&checkpoint, LoadOptions::default(), &DeviceChoice::Cpu)?;
    let window: Vec<f32> = fs::read(window)?
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    let mut seconds = Vec::new();
    for _ in 0..passes.parse()? {
        let start = Instant::now();
        encoder.embed_windows(&[&window], None)?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    let values = encoder.embed_layers(&[&window], None)?;
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    fs::write(out, bytes)?;
    println!("{}", serde_json::json!({ "seconds": seconds }));
    Ok(())
}
