use std::{
    io::Cursor,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use serde_json::json;

use super::{
    arguments::{Common, Picture},
    console::{Console, Outcome},
};
use crate::{
    collection::DEMO_WORD,
    encoder::CheckpointRef,
    gui::{
        Offscreen,
        command::Command,
        layout::Layout,
        model::{EncoderSource, MapCommand, ProbeCommand, TrainCommand},
    },
    storage::{self, Theme},
    tokens::{MaskRatio, PatchShape},
};

/// Embedding and laying out a large collection takes a while on a CPU.
pub const PATIENCE: Duration = Duration::from_secs(600);

pub fn run(verb: &Picture, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    let paths = vec![
        verb.file
            .clone()
            .unwrap_or_else(|| PathBuf::from(DEMO_WORD)),
    ];
    let theme = if verb.light {
        Theme::Light
    } else {
        Theme::Dark
    };
    console.watch().progress("drawing", 0, None);
    let mut window = Offscreen::open(verb.size.0, theme, paths)?;
    window.settle(PATIENCE)?;
    show(
        &mut window,
        verb.layout,
        &verb.checkpoint,
        verb.run.as_deref(),
    )?;
    mask(&mut window, verb.ratio, verb.patch, common.seed);
    window.settle(PATIENCE)?;
    if let Some(start_secs) = verb.start {
        window.apply(Command::ShowTime {
            start_secs,
            span_secs: verb.span,
        });
        window.apply(Command::Seek(start_secs));
    }
    save(&mut window, &verb.out)?;
    let [width, height] = verb.size.0;
    Ok(Outcome::new(
        json!({
            "width": width,
            "height": height,
            "layout": verb.layout.name().to_lowercase(),
            "out": verb.out,
        }),
        format!("{width} x {height}: {}", verb.out.display()),
    ))
}

/// Brings a layout onto the screen with its work done: the run read, the map laid out, the probe trained.
pub fn show(
    window: &mut Offscreen,
    layout: Layout,
    checkpoint: &CheckpointRef,
    run: Option<&Path>,
) -> anyhow::Result<()> {
    window.apply(Command::ShowLayout(layout));
    let source = EncoderSource {
        checkpoint: checkpoint.clone(),
        ..EncoderSource::default()
    };
    window.apply(Command::Map(MapCommand::SetSource(source)));
    match (layout, run) {
        (Layout::Map, _) => window.apply(Command::Map(MapCommand::Compute)),
        (Layout::Probe, _) => window.apply(Command::Probe(ProbeCommand::Run)),
        (Layout::Train, Some(run)) => {
            window.apply(Command::Train(TrainCommand::ShowRun(run.to_path_buf())));
        }
        _ => {}
    }
    window.settle(PATIENCE)?;
    Ok(())
}

/// Sets the mask over the picture.
pub fn mask(window: &mut Offscreen, ratio: MaskRatio, patch: PatchShape, seed: u64) {
    window.apply(Command::SetPatchShape(patch));
    window.apply(Command::SetRatio(ratio));
    window.apply(Command::SetSeed(seed));
}

/// Draws the window into a PNG file.
pub fn save(window: &mut Offscreen, path: &Path) -> anyhow::Result<()> {
    let image = window.picture()?;
    let mut png = Cursor::new(Vec::new());
    image
        .write_to(&mut png, image::ImageFormat::Png)
        .context("the picture could not be packed as PNG")?;
    storage::write_atomic(path, |file| std::io::Write::write_all(file, png.get_ref()))?;
    Ok(())
}
