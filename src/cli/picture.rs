//! The verb `picture`.

use std::{path::PathBuf, time::Duration};

use serde_json::json;

use super::{
    arguments::{Common, Picture},
    console::{Console, Outcome, check_ending},
};
use crate::gui::{
    self, MaskRequest, PictureRequest,
    model::{
        MapForm, PictureForm, PictureOf, PicturePanel, Publishing, SoundPictureForm, TeachForm,
    },
    workspace::Workspace,
};
use mynascope_base::storage::{Theme, path_to_text};
use mynascope_collection::DEMO_WORD;
use mynascope_probe::ProbeSettings;

/// Embedding and laying out a large collection takes a while on a CPU.
pub const PATIENCE: Duration = Duration::from_secs(600);

pub fn run(verb: &Picture, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    let is_svg = verb
        .out
        .extension()
        .is_some_and(|it| it.eq_ignore_ascii_case("svg"));
    if !(is_svg && verb.panel.is_some()) {
        check_ending(&verb.out, "png")?;
    }
    let request = request(verb, common);
    console.watch().progress("drawing", 0, None);
    let publishing = verb.panel.map(|panel| {
        let publishing = Publishing {
            panel,
            size: verb.size.0,
            scale: verb.scale.unwrap_or(1.0),
            light: verb.light,
            vector: is_svg,
        };
        publishing.bounded()
    });
    let picture = match &publishing {
        Some(publishing) => gui::save_panel(&request, publishing, &verb.out)?,
        None => {
            let picture = gui::picture(&request)?;
            gui::save_png(&picture.image, &verb.out)?;
            picture
        }
    };
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
    let [width, height] = verb.size.0;
    let mut facts = json!({
        "width": width,
        "height": height,
        "layout": request.layout.name().to_lowercase(),
        "out": path_to_text(&verb.out),
    });
    if let (Some(publishing), Some(facts)) = (&publishing, facts.as_object_mut()) {
        facts.insert("panel".to_owned(), json!(publishing.panel.name()));
        facts.insert("scale".to_owned(), json!(publishing.scale));
    }
    let outcome = Outcome::new(facts, format!("{width} x {height}: {}", verb.out.display()));
    Ok(Outcome {
        skipped,
        incomplete,
        ..outcome
    })
}

/// The window that the picture is of.
fn request(verb: &Picture, common: &Common) -> PictureRequest {
    let (mask, look) = (MaskRequest::default(), &verb.look);
    let of_panel = match verb.panel {
        None | Some(PicturePanel::Spectrogram) => Workspace::Listen,
        Some(PicturePanel::Map) => Workspace::Map,
        Some(PicturePanel::Results) => Workspace::Probe,
        Some(PicturePanel::Similarity) => Workspace::Teach,
        Some(PicturePanel::Curves) => Workspace::Train,
    };
    let (picture, map, teach) = (
        PictureForm::default(),
        MapForm::default(),
        TeachForm::default(),
    );
    let seed = common.seed();
    PictureRequest {
        layout: verb.layout.unwrap_or(of_panel),
        // A panel is drawn as large as is asked for; the window around it only computes.
        size: match verb.panel {
            Some(_) => [1280, 800],
            None => verb.size.0,
        },
        theme: match verb.light {
            true => Theme::Light,
            false => Theme::Dark,
        },
        paths: match verb.paths.is_empty() {
            true => vec![PathBuf::from(DEMO_WORD)],
            false => verb.paths.clone(),
        },
        track: verb.track.clone(),
        mask: MaskRequest {
            kind: verb.kind,
            shape: verb.patch,
            ratio: verb.ratio.unwrap_or(mask.ratio),
            shown: match verb.no_mask {
                true => Some(false),
                false => verb.ratio.map(|_| true),
            },
            seed,
            patchout: verb.patchout.get(),
        },
        picture: PictureForm {
            of: match look.sound {
                true => PictureOf::Sound,
                false => PictureOf::Encoder,
            },
            sound: SoundPictureForm {
                axis: look.axis,
                fft: look.fft,
                top_db: look.top.unwrap_or(picture.sound.top_db),
                range_db: look.depth.unwrap_or(picture.sound.range_db),
            },
            colour_map: look.colours,
            top_db: look.top.unwrap_or(picture.top_db),
            range_db: look.depth.unwrap_or(picture.range_db),
            as_encoder: look.encoder_input,
            ..picture
        },
        map: MapForm {
            method: look.method,
            perplexity: look.perplexity.unwrap_or(map.perplexity),
            neighbours: look.neighbours.unwrap_or(map.neighbours),
            seed,
            level: look.level,
        },
        colouring: look.colour_by.clone(),
        probe: ProbeSettings {
            task: look.task,
            head: look.head,
            protocol: look.protocol,
            seed,
        },
        teach: TeachForm {
            matrix: look.matrix,
            temperature: look.temperature.unwrap_or(teach.temperature),
            tracks: look.batch.unwrap_or(teach.tracks),
            ..teach
        },
        checkpoint: verb.checkpoint.clone(),
        heads: verb.heads,
        channel: common.channel(),
        device: common.device(),
        run: verb.run.clone(),
        start_secs: verb.start,
        span_secs: verb.span,
        patience: PATIENCE,
    }
}
