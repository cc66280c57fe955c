//! The verb `mask`.

use std::sync::Arc;

use anyhow::Context as _;
use serde_json::json;

use super::{
    arguments::{Common, Keep, Mask},
    console::{Console, Outcome, check_ending},
};
use mynascope_audio as audio;
use mynascope_base::{counted, storage::path_to_text};
use mynascope_encoder::{Family, LoadOptions, Reading, summarise};
use mynascope_spectrum::{
    self as spectrum, LevelMatch, LevelMeter, Part,
    tokens::{DropRule, MaskRatio, PictureGrid, TrackView},
};

pub fn run(verb: &Mask, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    check_ending(&verb.out, "wav")?;
    let (grid, rule) = dropped(verb)?;
    let channel = common.channel();
    let (samples, info) =
        audio::load_mono(&verb.file, audio::SAMPLE_RATE, channel, console.cancel())?;
    console.caveats([(verb.file.clone(), info.caveats())]);
    let frames = spectrum::frames_of_samples(samples.len());
    let view = TrackView::draw_on(grid, common.seed(), verb.view, None, frames, rule);
    let part = match verb.keep {
        Keep::Kept => Part::Kept,
        Keep::Dropped => Part::Dropped,
    };
    // What patchout leaves out is left out at every ratio.
    let ratio = verb.ratio.unwrap_or(MaskRatio::NONE);
    let keep = view.clone().keep_flags(ratio);
    let keeps = |band, frame| keep.keeps(band, frame);
    let mut sound = spectrum::masked_sound(&samples, &keeps, part);
    let level = if verb.match_level {
        let mut meter = LevelMeter::default();
        meter.add(&samples, &sound);
        meter.level_match()
    } else {
        LevelMatch::NONE
    };
    let gain = level.gain();
    sound.iter_mut().for_each(|sample| *sample *= gain);
    audio::write_wav(&verb.out, &sound, audio::SAMPLE_RATE)?;
    let tokens = view.grid().tokens();
    let kept = view.kept(ratio).len();
    let hop_secs = spectrum::HOP as f64 / f64::from(audio::SAMPLE_RATE);
    let window_secs = view.grid().window_frames * hop_secs;
    Ok(Outcome::new(
        json!({
            "view": verb.view.to_string(),
            "grid": view.grid().kind.to_string(),
            "window_secs": window_secs,
            "crop_frame": view.start_frame(),
            "windows": view.windows(),
            "tokens": tokens,
            "tokens_kept": kept,
            "gain_db": level.gain_db,
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

/// What is dropped of every window: on the patches of Myna, or on those of another encoder in its own windows.
fn dropped(verb: &Mask) -> anyhow::Result<(Arc<PictureGrid>, DropRule)> {
    let options = LoadOptions {
        reading: Reading {
            window_secs: verb.window,
            ..Reading::default()
        },
        ..LoadOptions::default()
    };
    let info = summarise(&verb.checkpoint, &options)?.info;
    anyhow::ensure!(
        verb.window.is_none() || !info.window_choices_secs.is_empty(),
        "windows of this {} always last {:.3} s; leave out --window",
        info.family,
        info.window.secs
    );
    let patchout = verb.patchout.get();
    let kind = verb.kind.unwrap_or_default();
    if info.family == Family::Myna {
        anyhow::ensure!(
            patchout.is_none(),
            "patchout is of encoders that are no Myna; say --ratio, or --checkpoint of a MAEST"
        );
        let grid = PictureGrid::of_myna(verb.patch);
        return Ok((grid, DropRule::Drawn(kind)));
    }
    let grid = info.picture_grid(None, None).context(
        "the patches of this encoder are too many rows, or none, to be laid over a track",
    )?;
    if patchout.is_some()
        && let Some(kind) = verb.kind
    {
        anyhow::bail!(
            "--kind {kind} says which tokens a ratio drops, and patchout drops the same in every window; leave out --kind, or say \
             --ratio instead"
        );
    }
    let rule = match patchout {
        Some(patchout) => {
            patchout.mask(&info.grids)?;
            patchout.rule(&grid)
        }
        None => DropRule::Drawn(kind),
    };
    Ok((Arc::new(grid), rule))
}
