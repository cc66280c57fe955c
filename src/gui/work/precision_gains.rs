//! Measures what fewer bits gain and cost an encoder, over the windows of a track.

use std::path::{Path, PathBuf};

use crate::gui::{
    jobs::{JobContext, JobSlot, NoThread},
    message::{EncoderMessage, Message, Outbox},
    model::{EmbedError, EncoderSource},
    work::embed,
};
use mynascope_encoder::{Precision, PrecisionGain, Reading, precision_gain};

/// Tokens that are embedded a time: as long as a forward pass, so that it takes seconds even of a large encoder.
const TOKENS: usize = 1536;

/// Measures every precision that the CPU knows but 32 bits.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start(
    slot: &mut JobSlot<PrecisionGain>,
    source: EncoderSource,
    track: PathBuf,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    let wrap = |update| Message::Encoder(EncoderMessage::Gain(update));
    let broke_off = |fault: String| format!("The measurement broke off ({fault}); try again");
    slot.start("precision", outbox, wrap, broke_off, move |job| {
        measure(&source, &track, job).map_err(|error| match error {
            EmbedError::NeedsPatch => "Say first how the patches of this checkpoint are cut".into(),
            EmbedError::Failed(why) => why,
        })
    })
}

fn measure(
    source: &EncoderSource,
    track: &Path,
    job: &JobContext<'_, PrecisionGain>,
) -> Result<(), EmbedError> {
    if let Some(why) = Precision::Bf16.problem_on_cpu() {
        return Err(EmbedError::failed(why));
    }
    let open = |precision| {
        let reading = Reading {
            precision,
            ..source.reading
        };
        embed::open(&source.with_reading(reading), &job.watch)
    };
    let exact = open(Precision::F32)?;
    let cancel = job.watch.cancel();
    let input = exact
        .read(track, source.channel, cancel, None)
        .map_err(EmbedError::failed)?;
    let tokens: usize = exact.info().grids.iter().map(|grid| grid.tokens()).sum();
    let most = (TOKENS / tokens.max(1)).max(1);
    let windows = input.windows.iter().take(most);
    let windows: Vec<&[f32]> = windows.map(|window| window.values.as_slice()).collect();
    if windows.is_empty() {
        return Err(EmbedError::failed(
            "the track holds no window of this encoder; select a longer one",
        ));
    }
    for precision in Precision::on_cpu() {
        if precision.is_f32() {
            continue;
        }
        job.watch.check().map_err(EmbedError::failed)?;
        let other = open(precision)?;
        let gain = precision_gain(&exact, &other, &windows, None).map_err(EmbedError::failed)?;
        job.found(gain);
    }
    Ok(())
}
