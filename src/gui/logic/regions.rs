//! Named stretches of tracks.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    command::RegionsCommand,
    message::RegionsMessage,
    model::{AppState, Naming, Selection},
    work::{
        Workers, regions as work,
        save_file::{self, SaveAt},
    },
};
use mynascope_base::counted;
use mynascope_collection::{OwnRegions, Region, write_regions};

pub(super) fn apply(model: &mut AppState, workers: &Workers, command: RegionsCommand) {
    let Some(path) = model
        .library
        .selected_track()
        .map(|track| track.path.clone())
    else {
        return;
    };
    match command {
        RegionsCommand::Name => {
            if let Some(stretch) = model.transport.form.selection {
                model.regions.naming = Some(Naming {
                    stretch,
                    region: None,
                    text: String::new(),
                });
            }
        }
        RegionsCommand::Rename(place) => {
            if let Some((region, stretch)) = found(model, place) {
                model.regions.naming = Some(Naming {
                    stretch,
                    region: Some(place),
                    text: region.name,
                });
            }
        }
        RegionsCommand::EditName(text) => {
            if let Some(naming) = &mut model.regions.naming {
                naming.text = text;
            }
        }
        RegionsCommand::EndName { keep } => {
            if let Some(naming) = model.regions.naming.take().filter(|_| keep) {
                end_name(model, path, naming);
            }
        }
        RegionsCommand::Select(place) => {
            if let Some((_, stretch)) = found(model, place) {
                model.transport.form.selection = Some(stretch);
            }
        }
        RegionsCommand::Remove(place) => {
            let mut regions = model.shown_regions().to_vec();
            if place < regions.len() {
                let gone = regions.remove(place);
                set(model, path, regions);
                model
                    .notices
                    .note(format!("{} removed (Ctrl+Z brings it back)", said(&gone)));
            }
        }
        RegionsCommand::Import => {
            if let Err(error) = work::import(path, &workers.outbox) {
                model.notices.error(error.to_string());
            }
        }
        RegionsCommand::Export => export(model, workers, path),
        RegionsCommand::Add(path, further) => add(model, path, further),
    }
}

/// A region of the shown track, and its stretch as it can be selected.
fn found(model: &AppState, place: usize) -> Option<(Region, Selection)> {
    let region = model.shown_regions().get(place)?.clone();
    let duration = model.spectrogram.view.duration_secs;
    // A moment is selected as a frame around it.
    let end = region
        .end_secs
        .max(region.start_secs + crate::gui::model::FRAME_SECS);
    let stretch = Selection::between(region.start_secs, end, duration)?;
    Some((region, stretch))
}

fn said(region: &Region) -> String {
    match region.name.is_empty() {
        true => "A region without a name".to_owned(),
        false => format!("Region “{}”", region.name),
    }
}

fn end_name(model: &mut AppState, path: PathBuf, naming: Naming) {
    let name = naming.text.trim().to_owned();
    let mut regions = model.shown_regions().to_vec();
    match naming.region {
        Some(place) => {
            if let Some(region) = regions.get_mut(place) {
                region.name = name;
            }
        }
        None => regions.push(Region {
            start_secs: naming.stretch.start_secs,
            end_secs: naming.stretch.end_secs,
            name,
        }),
    }
    set(model, path, regions);
}

/// Replaces the regions of a track.
fn set(model: &mut AppState, path: PathBuf, regions: Vec<Region>) {
    let mut all = OwnRegions::clone(&model.regions.all);
    all.set(&path, regions);
    model.regions.all = Arc::new(all);
}

/// Takes regions over beside those that are there; the same one is not taken twice.
fn add(model: &mut AppState, path: PathBuf, further: Vec<Region>) {
    let mut regions = model.regions.all.of(&path).to_vec();
    let before = regions.len();
    for region in further {
        if !regions.contains(&region) {
            regions.push(region);
        }
    }
    let taken = regions.len() - before;
    set(model, path, regions);
    model.notices.note(format!(
        "{} taken over (Ctrl+Z undoes it)",
        counted(taken, "region")
    ));
}

fn export(model: &mut AppState, workers: &Workers, path: PathBuf) {
    let regions = model.shown_regions().to_vec();
    let at = SaveAt::Asking(Box::new(work::export_question(&path)));
    let saved = save_file::save("regions", at, &workers.outbox, move |file| {
        write_regions(file, &regions).map_err(|error| error.to_string())
    });
    if let Err(error) = saved {
        model.notices.error(error.to_string());
    }
}

pub(super) fn receive(model: &mut AppState, workers: &mut Workers, message: RegionsMessage) {
    match message {
        RegionsMessage::Kept(Ok(own)) => {
            model.regions.all = Arc::new(own);
            model.regions.kept = Arc::clone(&model.regions.all);
        }
        RegionsMessage::Kept(Err(why)) | RegionsMessage::Imported(_, Err(why)) => {
            model.notices.error(why);
        }
        RegionsMessage::Imported(path, Ok(read)) => {
            if read.skipped > 0 {
                let lines = counted(read.skipped, "line");
                model
                    .notices
                    .note(format!("{lines} of the file hold no region"));
            }
            // As a command, so that it can be undone.
            let add = RegionsCommand::Add(path, read.regions);
            super::apply(model, workers, crate::gui::command::Command::Regions(add));
        }
    }
}

/// Keeps what changed. Once a frame.
pub(super) fn follow(model: &mut AppState, workers: &Workers) {
    let regions = &mut model.regions;
    if Arc::ptr_eq(&regions.all, &regions.kept) {
        return;
    }
    if let Some(work) = &workers.regions {
        let changed = regions.all.changed_from(&regions.kept);
        let changed = changed.into_iter().map(|path| {
            let now = regions.all.of(&path).to_vec();
            (path, now)
        });
        work.write(changed.collect::<Vec<_>>());
    }
    regions.kept = Arc::clone(&regions.all);
}
