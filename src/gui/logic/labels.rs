//! Labels and tags that the user gives.

use crate::gui::{
    model::{AppState, Edited, Editing, Labels, Step},
    work::Workers,
};

/// Opens the field in the row of a track.
pub(super) fn edit(model: &mut AppState, what: Edited, index: usize) {
    let library = &mut model.library;
    // A row outside of the marked ones is edited alone.
    if !library.is_marked(index) {
        library.marked.clear();
        if library.selected != Some(index) {
            library.marked.insert(index);
        }
    }
    let targets = library.targets();
    let label = |index: usize| library.track(index).and_then(|track| track.label.clone());
    let first = label(index);
    // Of several tracks what they have in common.
    let shared = targets.iter().all(|&target| label(target) == first);
    library.editing = Some(Editing {
        what,
        tracks: targets.len(),
        text: match what {
            Edited::Label if shared => first.unwrap_or_default(),
            Edited::Label => String::new(),
            Edited::Tag => String::new(),
        },
        index,
    });
}

/// Closes the field and keeps what was typed, or not.
pub(super) fn end_edit(model: &mut AppState, workers: &Workers, keep: bool) {
    let Some(editing) = model.library.editing.take() else {
        return;
    };
    if !keep {
        return;
    }
    let text = editing.text.trim().to_owned();
    match editing.what {
        Edited::Label => label(model, workers, (!text.is_empty()).then_some(text)),
        Edited::Tag if text.is_empty() => {}
        Edited::Tag => add_tag(model, workers, text),
    }
}

/// Gives the chosen tracks a label.
pub(super) fn label(model: &mut AppState, workers: &Workers, label: Option<String>) {
    change(model, workers, |labels| labels.label.clone_from(&label));
}

/// Gives the chosen tracks a tag.
pub(super) fn add_tag(model: &mut AppState, workers: &Workers, tag: String) {
    change(model, workers, |labels| {
        if !labels.tags.contains(&tag) {
            labels.tags.push(tag.clone());
        }
    });
}

/// Takes a tag from the chosen tracks.
pub(super) fn remove_tag(model: &mut AppState, workers: &Workers, tag: &str) {
    change(model, workers, |labels| {
        labels.tags.retain(|other| other != tag);
    });
}

/// Gives every track without a label the genre that its file names.
pub(super) fn label_by_genre(model: &mut AppState, workers: &Workers) {
    let library = &model.library;
    let all = (0..library.track_count()).filter_map(|index| {
        let track = library.track(index).filter(|track| track.label.is_none())?;
        Some(Labels {
            label: Some(track.file_tags.genre.clone()?),
            ..library.labels_of(index)?
        })
    });
    let new = all.collect();
    give(model, workers, new);
}

fn change(model: &mut AppState, workers: &Workers, how: impl Fn(&mut Labels)) {
    let targets = model.library.targets();
    let new: Vec<Labels> = targets
        .into_iter()
        .filter_map(|index| model.library.labels_of(index))
        .map(|mut labels| {
            how(&mut labels);
            labels
        })
        .collect();
    give(model, workers, new);
}

/// Gives tracks these labels as a step that can be undone.
pub(super) fn give(model: &mut AppState, workers: &Workers, new: Vec<Labels>) {
    let before = set(model, workers, &new);
    if !before.is_empty() {
        let changed = before.len();
        let after = new
            .into_iter()
            .filter(|new| before.iter().any(|old| old.index == new.index))
            .collect();
        model.history.push(Step::Labels { before, after });
        let text = match changed {
            1 => "Label kept in your own labels (Ctrl+Z undoes it)".to_owned(),
            many => format!("{many} tracks labelled (Ctrl+Z undoes it)"),
        };
        model.notices.note(text);
    }
}

/// Gives tracks these labels and keeps them; returns what changed, as it was before.
pub(super) fn set(model: &mut AppState, workers: &Workers, labels: &[Labels]) -> Vec<Labels> {
    let before = model.library.set_labels(labels);
    if let Some(work) = &workers.labels {
        let changed = before
            .iter()
            .filter_map(|old| model.library.track(old.index));
        work.write(changed.cloned());
    }
    if !before.is_empty() {
        super::library::refresh(model, workers);
        super::map_colours::paint(model);
    }
    before
}
