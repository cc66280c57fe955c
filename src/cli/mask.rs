//! The verb `mask`.

use serde_json::json;

use super::{
    arguments::{Common, Keep, Mask},
    console::{Console, Outcome, check_ending},
};
use mynascope_audio as audio;
use mynascope_base::{counted, storage::path_to_text};
use mynascope_spectrum::{
    self as spectrum, Part,
    tokens::{self, TrackView},
};

pub fn run(verb: &Mask, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    check_ending(&verb.out, "wav")?;
    let channel = common.channel();
    let (samples, info) =
        audio::load_mono(&verb.file, audio::SAMPLE_RATE, channel, console.cancel())?;
    console.caveats([(verb.file.clone(), info.caveats())]);
    let frames = spectrum::frames_of_samples(samples.len());
    let view = TrackView::draw(common.seed(), verb.view, frames, verb.patch, verb.kind);
    let part = match verb.keep {
        Keep::Kept => Part::Kept,
        Keep::Dropped => Part::Dropped,
    };
    let keep = view.keep_flags(verb.ratio);
    let sound = spectrum::masked_sound(&samples, &|band, frame| keep.keeps(band, frame), part);
    audio::write_wav(&verb.out, &sound, audio::SAMPLE_RATE)?;
    let tokens = view.grid().tokens();
    let kept = tokens - tokens::dropped_tokens(verb.ratio, tokens);
    Ok(Outcome::new(
        json!({
            "view": verb.view.to_string(),
            "crop_frame": view.start_frame(),
            "windows": view.windows(),
            "tokens": tokens,
            "tokens_kept": kept,
            "out": path_to_text(&verb.out),
        }),
        format!(
            "{kept} of {tokens} tokens kept in each of {} of view {}: {}",
            counted(view.windows(), "window"),
            verb.view,
            verb.out.display()
        ),
    ))
}
