//! What is probed and how: the settings at the left, and the button that starts.

use eframe::egui::{Button, DragValue, Label, Ui};

use crate::gui::{
    command::{Command, MapCommand, ProbeCommand},
    model::{
        AppState, Imported, PROTOCOLS, ProbeJob, explain_head, explain_protocol, explain_task,
    },
    panels::{encoder, fields, parts},
};
use mynascope_probe::{Head, Protocol, Task};

use super::score;

pub fn form(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let probing = &model.probing;
    let mut form = probing.form;
    let hint = "What is predicted, from the labels of the collection";
    parts::row(ui, "Task", hint, |ui| {
        let names = Task::ALL.map(|task| (task, task.to_string()));
        let options: Vec<(Task, &str, &str)> = names
            .iter()
            .map(|(task, name)| (*task, name.as_str(), explain_task(*task)))
            .collect();
        fields::pick(ui, &options, &mut form.task)
    });
    parts::explain(ui, explain_task(form.task));
    match &model.mapping.imported {
        Some(imported) => of_table(ui, imported, out),
        None => of_encoder(ui, model, out),
    }
    let hint = "The small model that is trained on the frozen embeddings";
    parts::row(ui, "Head", hint, |ui| {
        let options = Head::ALL.map(|head| {
            let name = match head {
                Head::Linear => "linear",
                Head::Ridge => "ridge",
                Head::Mlp => "MLP",
                Head::Knn => "k-NN",
            };
            (head, name, explain_head(head))
        });
        fields::pick(ui, &options, &mut form.head)
    });
    parts::explain(ui, explain_head(form.head));
    let hint = "Which tracks are held back for the test; no track is ever on both sides";
    parts::row(ui, "Protocol", hint, |ui| {
        let options = PROTOCOLS.map(|protocol| {
            let name = match protocol {
                Protocol::Quick => "quick",
                Protocol::Clean => "clean",
                Protocol::Folds(_) => "5 folds",
                Protocol::Paper => "paper",
            };
            (protocol, name, explain_protocol(protocol))
        });
        fields::pick(ui, &options, &mut form.protocol)
    });
    parts::explain(ui, explain_protocol(form.protocol));
    let hint = "Draws the split; the same seed gives the same score";
    parts::row(ui, "Seed", hint, |ui| {
        parts::number(ui, ui.available_width(), DragValue::new(&mut form.seed))
    });
    if form != probing.form {
        out.push(Command::Probe(ProbeCommand::Edit(form)));
    }
}

/// Which table is probed, in place of an encoder.
fn of_table(ui: &mut Ui, imported: &Imported, out: &mut Vec<Command>) {
    let hint = "The table that is on the map is probed, with its own labels, those of a list or those of the open collection";
    parts::row(ui, "Table", hint, |ui| {
        ui.add(Label::new(imported.name()).truncate())
            .on_hover_text(imported.path.display().to_string())
    });
    let button = Button::new("Labels from a list…");
    if parts::wide(ui, ui.available_width(), button, true, parts::LABELS_HINT) {
        out.push(Command::Map(MapCommand::LabelTable(None)));
    }
    let button = Button::new(encoder::BACK_TO_ENCODER);
    if parts::wide(ui, ui.available_width(), button, true, encoder::BACK_HINT) {
        out.push(Command::Map(MapCommand::CloseTable));
    }
}

/// Which encoder is probed.
fn of_encoder(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let hint = "Which encoder's embeddings are probed; it is chosen in the bar at the top";
    parts::row(ui, "Encoder", hint, |ui| {
        let embeddings = &model.embeddings;
        let read = embeddings.info().map_or_else(String::new, |info| {
            format!(", {}", info.describe(embeddings.source.reading))
        });
        let text = format!("{}{read}", embeddings.source.name());
        ui.add(Label::new(text).truncate())
    });
    if parts::asks_patch(&model.embeddings) {
        parts::row(ui, "Patches", parts::PATCH_HINT, |ui| {
            let width = ui.available_width();
            parts::patch_choice(ui, width, &model.embeddings, out)
        });
        if model.embeddings.source.patch.is_none() {
            parts::explain(
                ui,
                "The checkpoint doesn't say how its patches are cut: choose square or vertical.",
            );
        }
    }
}

pub fn actions(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let mut push = |command| out.push(Command::Probe(command));
    match model.probing.job.running() {
        Some(running) => {
            if parts::progress(ui, running) {
                push(ProbeCommand::Cancel);
            }
        }
        None => {
            let why = model.why_not(ProbeJob::Probe).map(score::sentence);
            let ready = why.is_none();
            let hint = why
                .as_deref()
                .unwrap_or("Trains the head on some tracks and scores it on others");
            if parts::primary(ui, ui.available_width(), "Run probe", ready, hint) {
                push(ProbeCommand::Run);
            }
        }
    }
    if parts::copy_command(ui) {
        push(ProbeCommand::Copy(ProbeJob::Probe));
    }
    // What another tab asked for is answered there.
    let (probing, tab) = (&model.probing, model.probing.view.tab.job());
    let elsewhere = tab == probing.started && tab != ProbeJob::Probe;
    if let Some(error) = probing.error.as_ref().filter(|_| !elsewhere) {
        parts::error(ui, error);
    }
}
