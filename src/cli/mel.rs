//! The verb `mel`.

use serde_json::json;

use super::{
    arguments::{Common, Mel},
    console::{Console, Outcome, check_ending},
};
use mynascope_base::storage::path_to_text;
use mynascope_spectrum as spectrum;

pub fn run(verb: &Mel, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    check_ending(&verb.out, "npy")?;
    let spectrum::FileMel {
        mel,
        duration_secs,
        caveats,
    } = spectrum::mel_of_file(&verb.file, common.channel(), console.cancel())?;
    console.caveats([(verb.file.clone(), caveats)]);
    let shape = [spectrum::MEL_BANDS as u64, mel.frames() as u64];
    spectrum::write_npy(&verb.out, &shape, &mel.to_rows())?;
    Ok(Outcome::new(
        json!({
            "frames": mel.frames(),
            "bands": spectrum::MEL_BANDS,
            "duration_secs": duration_secs,
            "out": path_to_text(&verb.out),
        }),
        format!(
            "{} bands x {} frames ({:.2} s): {}",
            spectrum::MEL_BANDS,
            mel.frames(),
            duration_secs,
            verb.out.display()
        ),
    ))
}
