//! The settings that most runs leave as they are: optimiser, memory, checkpoints.

use eframe::egui::{DragValue, Ui};
use egui_phosphor::regular as icon;

use crate::gui::command::{Command, TrainCommand, Wanted};
use mynascope_encoder::Precision;
use mynascope_train::{Optimiser, Schedule, TrainConfig};

use super::{
    super::{fields, parts},
    form::Fields,
};

impl Fields<'_> {
    /// How weights follow their gradient.
    pub(super) fn optimiser(&mut self, ui: &mut Ui) {
        let hint = "How weights follow their gradient; the sentence below says how";
        self.row(ui, "Optimiser", "optimiser", hint, |ui, form| {
            let explain = |optimiser: Optimiser| optimiser.explanation();
            fields::menu(
                ui,
                "optimiser",
                &Optimiser::ALL,
                explain,
                &mut form.optimiser,
            )
        });
        parts::explain(ui, self.form.optimiser.explanation());
        let hint = "In which numbers layers multiply; 16 bits are faster where the processor or a graphics card has instructions for them, \
                    and weights stay in 32";
        self.row(ui, "Precision", "precision", hint, |ui, form| {
            let options = [
                (Precision::F32, "f32", "32 bits: works everywhere"),
                (
                    Precision::Bf16,
                    "bf16",
                    "16 bits with the range of 32: newer processors (AMX, AVX-512 BF16) and NVIDIA cards",
                ),
                (
                    Precision::F16,
                    "f16",
                    "16 bits with a small range, on graphics cards: gradients are enlarged meanwhile",
                ),
            ];
            fields::pick(ui, &options, &mut form.precision)
        });
        let hint =
            "How far a step goes; too large and the loss jumps, too small and it hardly falls";
        self.row(ui, "Learning rate", "learning_rate", hint, |ui, form| {
            let field = DragValue::new(&mut form.learning_rate)
                .range(0.0..=10.0)
                .speed(1e-5)
                .custom_formatter(|value, _| format!("{value}"));
            parts::number(ui, ui.available_width(), field)
        });
        let hint = "Constant, or a warm-up and then half a cosine down to nothing";
        self.row(ui, "Schedule", "schedule", hint, |ui, form| {
            let options = [
                (
                    Schedule::Constant,
                    "constant",
                    "The learning rate stays as it is",
                ),
                (
                    Schedule::Cosine,
                    "cosine",
                    "Rises during the warm-up, then falls along half a cosine",
                ),
            ];
            fields::pick(ui, &options, &mut form.schedule)
        });
        let hint = "Steps over which the learning rate rises from nothing to its full height";
        self.row(ui, "Warm-up", "warmup_steps", hint, |ui, form| {
            let mut steps = form.warmup_steps.unwrap_or(0);
            let field = DragValue::new(&mut steps).suffix(" steps");
            let response = parts::number(ui, ui.available_width(), field);
            if response.changed() {
                form.warmup_steps = (steps > 0).then_some(steps);
            }
            response
        });
        let usual = TrainConfig::of_preset(self.form.preset).weight_decay;
        let hint = format!("Pulls weights towards nothing; {usual} is usual for this encoder");
        self.row(ui, "Weight decay", "weight_decay", &hint, |ui, form| {
            let field = DragValue::new(&mut form.weight_decay)
                .speed(1e-6)
                .custom_formatter(|value, _| format!("{value}"));
            parts::number(ui, ui.available_width(), field)
        });
        let hint = "Limit of the gradient's length; 0 for none, 1 tames jumps";
        self.row(ui, "Clip norm", "clip_norm", hint, |ui, form| {
            let field = DragValue::new(&mut form.clip_norm).speed(0.05);
            parts::number(ui, ui.available_width(), field)
        });
    }

    /// What is computed at once, and running averages.
    pub(super) fn memory(&mut self, ui: &mut Ui) {
        let hint = "Tracks that are embedded at once; the gradient is that of the whole batch, less takes less memory and more time";
        self.row(ui, "Chunk", "chunk", hint, |ui, form| {
            let most = form.batch.max(1);
            let mut chunk = form.chunk.unwrap_or(0);
            let field = DragValue::new(&mut chunk).range(0..=most);
            let field = field.custom_formatter(|value, _| match value {
                0.0 => "as many as fit".to_owned(),
                _ => format!("{value:.0} tracks"),
            });
            let response = parts::number(ui, ui.available_width(), field);
            if response.changed() {
                form.chunk = (chunk > 0).then_some(chunk);
            }
            response
        });
        let hint = "Keeps running averages of the weights with this decay, as 0.999, which checkpoints then hold; 0 for none";
        self.row(ui, "Average", "ema", hint, |ui, form| {
            let field = DragValue::new(&mut form.ema).speed(0.0005).max_decimals(5);
            parts::number(ui, ui.available_width(), field)
        });
        let hint = "Checkpoints hold the mean of the weights after epochs from this one on (SWA); off where the field is empty";
        self.row(ui, "Mean from", "swa", hint, |ui, form| {
            let mut from = form.swa.from.map_or(0, |from| from + 1);
            let field = DragValue::new(&mut from).range(0..=1_000_000_u64);
            let field = field.custom_formatter(|value, _| match value {
                0.0 => "off".to_owned(),
                _ => format!("epoch {:.0}", value - 1.0),
            });
            let response = parts::number(ui, ui.available_width(), field);
            if response.changed() {
                form.swa.from = from.checked_sub(1);
            }
            response
        });
        if self.form.swa.from.is_some() {
            let hint = "Epochs from one of the weights that are averaged to the next";
            self.row(ui, "Mean every", "", hint, |ui, form| {
                let field = DragValue::new(&mut form.swa.every).range(1..=1_000_000_u64);
                parts::number(ui, ui.available_width(), field.suffix(" epochs"))
            });
        }
    }

    /// What a run leaves, and how often it is scored.
    pub(super) fn checkpoints(&mut self, ui: &mut Ui) {
        let hint = "Steps between checkpoints; each can be taken up later and moved to on the bar of steps";
        self.row(ui, "Save every", "save_every", hint, |ui, form| {
            let field = DragValue::new(&mut form.save_every).range(0..=100_000_000_u64);
            parts::number(ui, ui.available_width(), field.suffix(" steps"))
        });
        let hint = "Newest checkpoints that stay; the best one stays too";
        self.row(ui, "Keep", "keep", hint, |ui, form| {
            let field = DragValue::new(&mut form.keep).range(0..=100_000);
            parts::number(ui, ui.available_width(), field.suffix(" checkpoints"))
        });
        let hint = "Steps between two looks at how well the encoder tells styles of the demo collection and the labels of its own apart: those choose the best step; 0 for never, then the last step counts";
        self.row(ui, "Score every", "probe_every", hint, |ui, form| {
            let field = DragValue::new(&mut form.probe_every).suffix(" steps");
            parts::number(ui, ui.available_width(), field)
        });
        ui.checkbox(&mut self.form.tensorboard, "Write TensorBoard files")
            .on_hover_text("Writes event files for TensorBoard into the run folder as well");
        let keep = ui
            .button(format!("{} Keep runs elsewhere…", icon::FOLDER_PLUS))
            .on_hover_text("Chooses the folder that new runs are kept in");
        if keep.clicked() {
            let ask = TrainCommand::Choose(Wanted::Runs);
            self.out.push(Command::Train(ask));
        }
    }
}
