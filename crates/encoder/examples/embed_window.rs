//! Embeds one window with a MAEST on the CPU and measures it; `tests/compare_maest.py` runs it beside PyTorch.
//!
//!     embed_window CHECKPOINT WINDOW OUT ROUNDS EVERY [DROPPED ROWS...]
//!
//! WINDOW is the normalised log mel, [frames, 96] as raw 32-bit floats; OUT gets the stacks of all layers and the logits, in
//! the same way. Prints the seconds of each round, from the window to the logits, as JSON.

use std::{error::Error, fs, path::Path, time::Instant};

use burn::backend::{Flex, flex::FlexDevice};
use mynascope_encoder::{
    OpenCheckpoint, Precision, Readout,
    families::{
        Hint,
        maest::{self, Network},
    },
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [checkpoint, window, out, rounds, every, dropped @ ..] = arguments.as_slice() else {
        return Err("say CHECKPOINT WINDOW OUT ROUNDS EVERY [DROPPED ROWS...]".into());
    };
    let dropped = dropped
        .iter()
        .map(|row| row.parse())
        .collect::<Result<Vec<usize>, _>>()?;
    let every: usize = every.parse()?;
    let mut checkpoint = OpenCheckpoint::open(Path::new(checkpoint))?;
    let (found, values) =
        maest::read(&mut checkpoint, &Hint::default())?.ok_or("this is no MAEST")?;
    let config = found.config;
    let network = Network::<Flex>::assemble(&config, values, Precision::F32, &FlexDevice)
        .ok_or("the weights don't follow their sizes")?;
    let bytes = fs::read(window)?;
    let window: Vec<f32> = bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    let columns = config.columns_of(window.len() / maest::BANDS);
    let kept = [maest::patchout(columns, every, &dropped)];
    let cut = || maest::cut(&config, &[&window], Some(&kept));
    let last = config.depth;
    let mut seconds = Vec::new();
    for _ in 0..rounds.parse()? {
        let start = Instant::now();
        maest::embed(
            &network,
            cut()?,
            last..last + 1,
            Readout::Logits,
            &FlexDevice,
        )?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    let mut values = maest::embed(&network, cut()?, 0..last + 1, Readout::Stack, &FlexDevice)?;
    let logits = maest::embed(
        &network,
        cut()?,
        last..last + 1,
        Readout::Logits,
        &FlexDevice,
    )?;
    values.extend(logits);
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    fs::write(out, bytes)?;
    println!(
        "{}",
        serde_json::json!({ "seconds": seconds, "patches": kept[0].len() })
    );
    Ok(())
}
