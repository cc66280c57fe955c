//! Embeds one window with a Music2Vec on the CPU and measures it; `tests/compare_music2vec.py` runs it beside PyTorch.
//!
//! `embed_music2vec CHECKPOINT WINDOW OUT PASSES`: `WINDOW` are normalised samples as f32; `OUT` gets the means of all layers in
//! the same way. Prints the seconds of each pass, from the window to what follows the last block, as JSON.

use std::{error::Error, fs, path::Path, time::Instant};

use burn::backend::{Flex, flex::FlexDevice};
use mynascope_encoder::{
    OpenCheckpoint, Readout,
    families::{
        Hint,
        music2vec::{self, Network},
    },
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [checkpoint, window, out, passes] = arguments.as_slice() else {
        return Err("say CHECKPOINT WINDOW OUT PASSES".into());
    };
    let mut checkpoint = OpenCheckpoint::open(Path::new(checkpoint))?;
    let found = music2vec::read(&mut checkpoint, &Hint::default())?;
    let (found, values) = found.ok_or("this is no Music2Vec")?;
    let config = found.config;
    let network = Network::<Flex>::assemble(&config, values, &FlexDevice)
        .ok_or("the weights don't follow their sizes")?;
    let window: Vec<f32> = fs::read(window)?
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    let read = |layers| -> Result<Vec<f32>, Box<dyn Error>> {
        let samples = music2vec::cut(&[&window], None)?;
        Ok(music2vec::embed(
            &network,
            samples,
            layers,
            Readout::Mean,
            &FlexDevice,
        )?)
    };
    let mut seconds = Vec::new();
    for _ in 0..passes.parse()? {
        let start = Instant::now();
        read(config.depth..config.depth + 1)?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    let values = read(0..config.depth + 1)?;
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    fs::write(out, bytes)?;
    println!("{}", serde_json::json!({ "seconds": seconds }));
    Ok(())
}
