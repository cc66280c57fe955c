//! The settings of the loss: each is there only where the objective uses it.

use eframe::egui::{DragValue, Ui};
use mynascope_base::counted;

use super::{
    super::{fields, parts},
    form::Fields,
};
use mynascope_train::{Mt2Loss, Schedule, TrainConfig, default_radius};

/// What a number of the loss is called, and how it is reached.
struct Number {
    name: &'static str,
    setting: &'static str,
    hint: &'static str,
    /// What is published, and holds while nothing else was said.
    published: f64,
    speed: f64,
    range: [f64; 2],
    slot: fn(&mut TrainConfig) -> &mut Option<f64>,
}

impl Fields<'_> {
    /// Temperature, radius and moving averages of contrastive losses; the decoder of the masked autoencoder.
    pub(super) fn loss(&mut self, ui: &mut Ui) {
        let objective = self.form.objective;
        let published = TrainConfig {
            tau: None,
            tau_rate: None,
            gamma: None,
            gamma_schedule: None,
            ..self.form.clone()
        };
        if objective.is_contrastive() {
            self.temperature(ui);
        }
        if let Some(kind) = objective
            .fastclip()
            .filter(|_| objective.learns_temperature())
        {
            self.of_loss(
                ui,
                Number {
                    name: "Its rate",
                    setting: "tau_rate",
                    hint: "Learning rate of the temperature, which this objective learns as well",
                    published: kind.default_tau_rate(),
                    speed: 1e-4,
                    range: [1e-7, 1.0],
                    slot: |form| &mut form.tau_rate,
                },
            );
        }
        if objective.has_radius() {
            self.of_loss(
                ui,
                Number {
                    name: "Radius",
                    setting: "rho",
                    hint: "How far the robust loss may turn to hard tracks: larger keeps temperatures lower; as published 0.43 ln(tracks \u{2212} 1)",
                    published: default_radius(self.tracks),
                    speed: 0.02,
                    range: [0.0, 50.0],
                    slot: |form| &mut form.rho,
                },
            );
        }
        if objective.has_averages() {
            self.of_loss(
                ui,
                Number {
                    name: "Gamma",
                    setting: "gamma",
                    hint: "Weight of the new value in each track's moving average: 1 forgets the past, less acts like a larger batch",
                    published: published.gamma(),
                    speed: 0.01,
                    range: [0.01, 1.0],
                    slot: |form| &mut form.gamma,
                },
            );
            self.gamma_falls(ui, published.gamma_schedule());
        }
        if objective == mynascope_train::Objective::Mae {
            let hint = "Layers of the transformer that says what the hidden patches hold; 4 as published, dropped after training";
            self.row(ui, "Decoder", "decoder_layers", hint, |ui, form| {
                let field = DragValue::new(&mut form.decoder_layers).range(1..=64);
                parts::number(ui, ui.available_width(), field.suffix(" layers"))
            });
        }
    }

    /// Which frames data2vec hides, and what its teacher is.
    pub(super) fn spans_and_teacher(&mut self, ui: &mut Ui) {
        let hint = "Share of a window that hidden spans would cover if none overlapped; 65 % as published hides half of it";
        self.row(ui, "Hidden", "span_share", hint, |ui, form| {
            let mut percent = 100.0 * form.data2vec.span_share;
            let field = DragValue::new(&mut percent).range(1.0..=400.0).suffix(" %");
            let response = parts::number(ui, ui.available_width(), field);
            if response.changed() {
                form.data2vec.span_share = percent / 100.0;
            }
            response
        });
        let hint = "Length of a hidden span: 200 ms as published";
        self.row(ui, "Span", "span_frames", hint, |ui, form| {
            let mut milliseconds = 20 * form.data2vec.span_frames;
            let field = DragValue::new(&mut milliseconds).range(20..=5000);
            let field = field.speed(20).suffix(" ms");
            let response = parts::number(ui, ui.available_width(), field);
            if response.changed() {
                form.data2vec.span_frames = (milliseconds / 20).max(1);
            }
            response
        });
        let hint = "Blocks of the teacher, from the last one on, whose mean is predicted; all where the encoder has fewer";
        self.row(ui, "Target", "top_blocks", hint, |ui, form| {
            let field = DragValue::new(&mut form.data2vec.top_blocks).range(1..=128);
            parts::number(
                ui,
                ui.available_width(),
                field.prefix("last ").suffix(" blocks"),
            )
        });
        let hint = "How much of itself the teacher keeps at an update, at first; less lets it follow faster";
        self.row(ui, "Teacher", "decay_start", hint, |ui, form| {
            let field = DragValue::new(&mut form.data2vec.decay_start).range(0.0..=0.999_999);
            parts::number(ui, ui.available_width(), field.speed(1e-4).max_decimals(6))
        });
        let hint = "The same after the updates below: a slower teacher is steadier";
        self.row(ui, "Later", "decay_end", hint, |ui, form| {
            let field = DragValue::new(&mut form.data2vec.decay_end).range(0.0..=0.999_999);
            parts::number(ui, ui.available_width(), field.speed(1e-4).max_decimals(6))
        });
        let hint = "Updates over which the teacher slows down";
        self.row(ui, "Slows over", "", hint, |ui, form| {
            let field = DragValue::new(&mut form.data2vec.decay_updates);
            parts::number(
                ui,
                ui.available_width(),
                field.speed(20.0).suffix(" updates"),
            )
        });
        let hint = "From when on the run ends if all hidden frames have become alike (a collapse)";
        self.row(ui, "Guard after", "guard_after", hint, |ui, form| {
            let field = DragValue::new(&mut form.data2vec.guard_after);
            parts::number(
                ui,
                ui.available_width(),
                field.speed(20.0).suffix(" updates"),
            )
        });
    }

    /// Both losses of MT2, or one of them alone to compare.
    pub(super) fn which_losses(&mut self, ui: &mut Ui) {
        let hint = "Which of MT2's two tasks are learnt; either alone shows what the other adds";
        self.row(ui, "Tasks", "", hint, |ui, form| {
            let options = [
                (
                    (true, true),
                    "both",
                    "Turn with the key, and tell tracks apart",
                ),
                (
                    (true, false),
                    "key alone",
                    "Only the equivariant loss: turn with the key",
                ),
                (
                    (false, true),
                    "contrast alone",
                    "Only NT-Xent: tell tracks apart",
                ),
            ];
            let before = (form.mt2.equivariance > 0.0, form.mt2.contrast > 0.0);
            let mut learnt = before;
            let response = fields::pick(ui, &options, &mut learnt);
            if learnt != before {
                let usual = Mt2Loss::default();
                let factor = |on: bool, now: f64, usual: f64| match on {
                    true if now > 0.0 => now,
                    true => usual,
                    false => 0.0,
                };
                form.mt2 = Mt2Loss {
                    equivariance: factor(learnt.0, form.mt2.equivariance, usual.equivariance),
                    contrast: factor(learnt.1, form.mt2.contrast, usual.contrast),
                    ..form.mt2
                };
            }
            response
        });
    }

    /// The factors of MT2's losses and what belongs to each.
    pub(super) fn two_losses(&mut self, ui: &mut Ui) {
        let hint =
            "Factor of the loss by which the key profile turns with the sound; 0 leaves it out";
        self.row(ui, "Equivariance", "equivariance", hint, |ui, form| {
            let field = DragValue::new(&mut form.mt2.equivariance);
            parts::number(
                ui,
                ui.available_width(),
                field.range(0.0..=100.0).speed(0.02),
            )
        });
        if self.form.mt2.equivariance > 0.0 {
            let hint = "On which circle of twelve a key profile turns";
            self.row(ui, "Circle", "omega", hint, |ui, form| {
                let options = [
                    (
                        7,
                        "fifths",
                        "Neighbours are a fifth apart: near keys lie together",
                    ),
                    (1, "semitones", "Neighbours are a semitone apart"),
                ];
                fields::pick(ui, &options, &mut form.mt2.omega)
            });
            let hint = "Whether the transposed segment keeps its mel-spectrogram, which is not moved and tells the pitch that it had";
            self.row(ui, "Its mel", "", hint, |ui, form| {
                let options = [
                    (true, "kept", "The mel-spectrogram of the segment as it was"),
                    (
                        false,
                        "left out",
                        "The transposed segment is heard by its VQT alone",
                    ),
                ];
                fields::pick(ui, &options, &mut form.mt2.transposed_mel)
            });
        }
        let hint = "Factor of NT-Xent between the contrastive tokens of two segments of a track; 0 leaves it out";
        self.row(ui, "Contrast", "contrast", hint, |ui, form| {
            let field = DragValue::new(&mut form.mt2.contrast);
            parts::number(
                ui,
                ui.available_width(),
                field.range(0.0..=100.0).speed(0.02),
            )
        });
        if self.form.mt2.contrast > 0.0 {
            self.temperature(ui);
        }
    }

    fn temperature(&mut self, ui: &mut Ui) {
        let published = TrainConfig {
            tau: None,
            ..self.form.clone()
        };
        self.of_loss(
            ui,
            Number {
                name: "Temperature",
                setting: "tau",
                hint: "The loss divides cosines by it: lower looks at the hardest other tracks only, higher at all alike",
                published: published.tau(),
                speed: 0.002,
                range: [0.005, 2.0],
                slot: |form| &mut form.tau,
            },
        );
    }

    fn of_loss(&mut self, ui: &mut Ui, number: Number) {
        let Number {
            name,
            setting,
            hint,
            published,
            speed,
            range: [low, high],
            slot,
        } = number;
        let said = format!("{hint}; {} is published", short(published));
        self.row(ui, name, setting, &said, |ui, form| {
            let slot = slot(form);
            let mut value = slot.unwrap_or(published);
            let field = DragValue::new(&mut value)
                .speed(speed)
                .range(low..=high)
                .custom_formatter(|value, _| short(value));
            let response = parts::number(ui, ui.available_width(), field);
            if response.changed() {
                *slot = ((value - published).abs() > 1e-9).then_some(value);
            }
            response
        });
    }

    fn gamma_falls(&mut self, ui: &mut Ui, published: Schedule) {
        let hint = "Whether gamma stays, or falls from 1 along half a cosine: the averages follow fast at first";
        self.row(ui, "Gamma falls", "", hint, |ui, form| {
            let options = [
                (Schedule::Constant, "no", "Gamma is the same in every epoch"),
                (
                    Schedule::Cosine,
                    "cosine",
                    "From 1 in the first epoch along half a cosine",
                ),
            ];
            let (response, chosen) =
                parts::choice(ui, ui.available_width(), &options, form.gamma_schedule());
            if let Some(chosen) = chosen {
                form.gamma_schedule = (chosen != published).then_some(chosen);
            }
            response
        });
        if self.form.gamma_schedule() != Schedule::Cosine {
            return;
        }
        let share = match self.form.objective.fastclip() {
            Some(_) => "half of all",
            None => "all",
        };
        let hint = "Epochs over which gamma falls; 0 for those that are published";
        self.row(ui, "Within", "gamma_epochs", hint, |ui, form| {
            let mut epochs = form.gamma_epochs.unwrap_or(0);
            let field = DragValue::new(&mut epochs).custom_formatter(|value, _| match value {
                0.0 => format!("{share} epochs"),
                _ => counted(value, "epoch"),
            });
            let response = parts::number(ui, ui.available_width(), field);
            if response.changed() {
                form.gamma_epochs = (epochs > 0).then_some(epochs);
            }
            response
        });
    }
}

/// As few digits as tell it.
fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "0" {
        format!("{value:.0e}")
    } else {
        text.to_owned()
    }
}
