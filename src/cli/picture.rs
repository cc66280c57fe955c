//! The verb `picture`.

use std::{path::PathBuf, time::Duration};

use serde_json::json;

use super::{
    arguments::{Common, Picture},
    console::{Console, Outcome, check_ending},
};
use crate::gui::{self, MaskRequest, PictureRequest};
use mynascope_base::storage::{Theme, path_to_text};
use mynascope_collection::DEMO_WORD;

/// Embedding and laying out a large collection takes a while on a CPU.
pub const PATIENCE: Duration = Duration::from_secs(600);

pub fn run(verb: &Picture, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    check_ending(&verb.out, "png")?;
    let file = verb.file.clone();
    let request = PictureRequest {
        layout: verb.layout,
        size: verb.size.0,
        theme: if verb.light {
            Theme::Light
        } else {
            Theme::Dark
        },
        paths: vec![file.unwrap_or_else(|| PathBuf::from(DEMO_WORD))],
        track: None,
        mask: MaskRequest {
            shape: verb.patch,
            ratio: verb.ratio,
            seed: common.seed(),
            patchout: verb.patchout.get(),
            ..MaskRequest::default()
        },
        checkpoint: verb.checkpoint.clone(),
        heads: verb.heads,
        channel: common.channel(),
        device: common.device(),
        run: verb.run.clone(),
        start_secs: verb.start,
        span_secs: verb.span,
        patience: PATIENCE,
    };
    console.watch().progress("drawing", 0, None);
    let picture = gui::picture(&request)?;
    let shown = picture.caveats.as_ref().map(|(path, _)| path.clone());
    console.caveats(picture.caveats);
    let (mut skipped, mut incomplete) = (Vec::new(), Vec::new());
    if let Some(collection) = &picture.collection {
        console.add_notes_of(&collection.notes);
        for track in &collection.tracks {
            let known = |why: &Option<String>| Some((track.path.clone(), why.clone()?));
            skipped.extend(known(&track.problem));
            // What the shown track is told of stands among the caveats.
            if shown.as_ref() != Some(&track.path) && track.problem.is_none() {
                incomplete.extend(known(&track.warning));
            }
        }
    }
    gui::save_png(&picture.image, &verb.out)?;
    let [width, height] = verb.size.0;
    let outcome = Outcome::new(
        json!({
            "width": width,
            "height": height,
            "layout": verb.layout.name().to_lowercase(),
            "out": path_to_text(&verb.out),
        }),
        format!("{width} x {height}: {}", verb.out.display()),
    );
    Ok(Outcome {
        skipped,
        incomplete,
        ..outcome
    })
}
