use eframe::egui::{self, ComboBox, DragValue, Response, Ui};
use egui_phosphor::regular as icon;

use crate::{
    encoder::{Arithmetic, DeviceChoice, EncoderKind, Preset},
    gui::{
        command::Command,
        logic,
        model::{Model, PURPOSES, Problem, TrainCommand, Training, Wanted, problem_of, purpose_of},
        theme,
    },
    tokens::{MaskKind, MaskRatio},
    train::{LabelTask, Objective, Optimiser, Schedule, TrainConfig, Trainable},
};

use super::super::parts;

/// Draws the settings of the next run.
pub fn show(ui: &mut Ui, model: &Model, out: &mut Vec<Command>) {
    let training = &model.training;
    let mut form = training.form.clone();
    let problem = problem_of(&form);
    ui.add_enabled_ui(!training.is_active(), |ui| {
        let mut fields = Fields {
            form: &mut form,
            training,
            problem: problem.as_ref(),
            tracks: model.library.track_count(),
            out,
        };
        fields.first(ui);
        fields.folded(ui);
    });
    if form != training.form {
        out.push(Command::Train(TrainCommand::Edit(Box::new(form))));
    }
}

/// What the rows of the form need.
pub(super) struct Fields<'a> {
    pub(super) form: &'a mut TrainConfig,
    training: &'a Training,
    problem: Option<&'a Problem>,
    pub(super) tracks: usize,
    out: &'a mut Vec<Command>,
}

impl Fields<'_> {
    /// What is decided for every run.
    fn first(&mut self, ui: &mut Ui) {
        self.purpose(ui);
        self.encoder(ui);
        self.trainable(ui);
        self.objective(ui);
        self.mask(ui);
        let tracks = self.tracks;
        let hint = "Tracks a step; every track is told from all others of its batch, so more is better until memory ends";
        self.row(ui, "Batch", "batch", hint, |ui, form| {
            let field = DragValue::new(&mut form.batch).range(0..=1_000_000);
            parts::number(ui, ui.available_width(), field.suffix(" tracks"))
        });
        if tracks > 0 && self.form.batch > tracks {
            parts::explain(
                ui,
                format!("The collection has {tracks} tracks: each batch will be all of them."),
            );
        }
        let hint = "How often the weights are changed; a first look takes some hundred, a real run ten thousands";
        self.row(ui, "Steps", "steps", hint, |ui, form| {
            let field = DragValue::new(&mut form.steps).range(0..=100_000_000_u64);
            parts::number(ui, ui.available_width(), field.speed(5.0))
        });
        let hint = "Draws weights, crops and masks; on a CPU the same seed gives the same run";
        self.row(ui, "Seed", "seed", hint, |ui, form| {
            parts::number(ui, ui.available_width(), DragValue::new(&mut form.seed))
        });
        let training = self.training;
        let hint = "What computes; auto takes a real GPU where there is one, else the CPU";
        self.row(ui, "Device", "device", hint, |ui, form| {
            device(ui, training, form)
        });
        self.unplaced(ui);
    }

    /// What most runs leave as it is.
    fn folded(&mut self, ui: &mut Ui) {
        let objective = self.form.objective;
        if objective.is_contrastive() {
            fold(ui, "Loss", |ui| self.loss(ui));
        } else if objective == Objective::Mae {
            fold(ui, "Decoder", |ui| self.loss(ui));
        }
        fold(ui, "Optimiser", |ui| self.optimiser(ui));
        fold(ui, "Memory and averages", |ui| self.memory(ui));
        fold(ui, "Checkpoints and scores", |ui| self.checkpoints(ui));
    }

    fn purpose(&mut self, ui: &mut Ui) {
        let hint =
            "Settings for a purpose; seed, device, patches, objective and first weights stay";
        self.row(ui, "Preset", "preset", hint, |ui, form| {
            let name = purpose_of(form).map_or("Own settings", |purpose| purpose.name);
            let combo = ComboBox::from_id_salt("purpose").width(ui.available_width());
            let shown = combo.truncate().selected_text(name).show_ui(ui, |ui| {
                for purpose in PURPOSES {
                    let on = purpose.name == name;
                    let label = ui.selectable_label(on, purpose.name);
                    if label.on_hover_text(purpose.help).clicked() {
                        *form = purpose.of(form);
                    }
                }
            });
            shown.response
        });
    }

    fn encoder(&mut self, ui: &mut Ui) {
        self.row(
            ui,
            "Size",
            "preset",
            "How large the encoder is",
            |ui, form| {
                let options = Preset::ALL.map(|preset| match preset {
                    Preset::Tiny => (preset, "tiny", "192 wide, 8 layers: trains on a CPU"),
                    Preset::Small => (
                        preset,
                        "small",
                        "384 wide, 12 layers, as published: slow without a GPU",
                    ),
                    Preset::Base => (preset, "base", "768 wide, 12 layers: needs a GPU"),
                });
                let (response, chosen) =
                    parts::choice(ui, ui.available_width(), &options, form.preset);
                if let Some(chosen) = chosen {
                    form.preset = chosen;
                    form.encoder = None;
                }
                response
            },
        );
        let hint = "What a token is cut from the mel-spectrogram";
        self.row(ui, "Patches", "patch", hint, |ui, form| {
            let options = [
                (
                    EncoderKind::Square,
                    "square",
                    "16 bands x 16 frames (Myna-Base)",
                ),
                (
                    EncoderKind::Vertical,
                    "vertical",
                    "All 128 bands x 2 frames (Myna-Vertical): keeps pitch apart, best for keys",
                ),
                (
                    EncoderKind::Hybrid,
                    "hybrid",
                    "Both through one transformer (Myna-Hybrid): twice the work",
                ),
            ];
            let (response, chosen) = parts::choice(ui, ui.available_width(), &options, form.patch);
            form.patch = chosen.unwrap_or(form.patch);
            response
        });
        self.init(ui);
    }

    fn init(&mut self, ui: &mut Ui) {
        let mut choose = false;
        let hint =
            "Weights to start from: random ones, or a checkpoint of the same size and patches";
        self.row(ui, "Start from", "init", hint, |ui, form| {
            let name = form.init.as_ref().map_or_else(
                || "random weights".to_owned(),
                |path| {
                    let name = path.file_name().unwrap_or(path.as_os_str());
                    name.to_string_lossy().into_owned()
                },
            );
            let combo = ComboBox::from_id_salt("init").width(ui.available_width());
            let shown = combo.truncate().selected_text(name).show_ui(ui, |ui| {
                let random = form.init.is_none();
                if ui.selectable_label(random, "random weights").clicked() {
                    form.init = None;
                }
                choose = ui.selectable_label(!random, "a checkpoint…").clicked();
            });
            shown.response
        });
        if choose {
            let ask = TrainCommand::Choose(Wanted::Init);
            self.out.push(Command::Train(ask));
        }
        // A run of the table can be taken as well.
        let trained = self.training.checkpoint();
        if let (None, Some(path)) = (&self.form.init, trained) {
            let text = format!("{} Start from the shown run", icon::ARROW_BEND_DOWN_RIGHT);
            let hint = "Takes the weights of the run that is shown as the first ones of the next";
            if ui
                .small_button(theme::small(text))
                .on_hover_text(hint)
                .clicked()
            {
                self.form.init = Some(path.to_path_buf());
            }
        }
    }

    fn objective(&mut self, ui: &mut Ui) {
        let hint = "What training minimises; the sentence below says how";
        self.row(ui, "Objective", "objective", hint, |ui, form| {
            let name = form.objective.to_string();
            let combo = ComboBox::from_id_salt("objective").width(ui.available_width());
            let shown = combo.selected_text(name).show_ui(ui, |ui| {
                for objective in Objective::ALL {
                    let label =
                        ui.selectable_value(&mut form.objective, objective, objective.to_string());
                    label.on_hover_text(objective.explanation());
                }
            });
            shown.response
        });
        parts::explain(ui, self.form.objective.explanation());
        if self.form.objective == Objective::Supervised {
            self.task(ui);
        }
    }

    fn task(&mut self, ui: &mut Ui) {
        let hint = "Which labels of the collection are learned";
        self.row(ui, "Labels", "task", hint, |ui, form| {
            let combo = ComboBox::from_id_salt("task").width(ui.available_width());
            let shown = combo
                .selected_text(form.task.to_string())
                .show_ui(ui, |ui| {
                    for task in LabelTask::ALL {
                        ui.selectable_value(&mut form.task, task, task.to_string());
                    }
                });
            shown.response
        });
    }

    fn trainable(&mut self, ui: &mut Ui) {
        let hint =
            "Which weights change: all, the last blocks of the transformer, or the head alone";
        self.row(ui, "Train", "trainable", hint, |ui, form| {
            let blocks = match form.trainable {
                Trainable::Last(blocks) => blocks,
                _ => 2,
            };
            let options = [
                (Trainable::All, "all", "Every weight changes"),
                (
                    Trainable::Last(blocks),
                    "last n",
                    "The last blocks of the transformer and the head change; needs trained weights to start from",
                ),
                (
                    Trainable::Head,
                    "head",
                    "Only the head changes, the encoder stays as it is; needs trained weights to start from",
                ),
            ];
            let (response, chosen) =
                parts::choice(ui, ui.available_width(), &options, form.trainable);
            form.trainable = chosen.unwrap_or(form.trainable);
            response
        });
        if let Trainable::Last(_) = self.form.trainable {
            let depth = self.form.encoder_config().depth;
            let hint =
                "How many blocks at the end of the transformer change; at most all that it has";
            self.row(ui, "Blocks", "", hint, |ui, form| {
                let mut blocks = match form.trainable {
                    Trainable::Last(blocks) => blocks,
                    _ => depth,
                };
                let field = DragValue::new(&mut blocks).range(1..=depth);
                let response = parts::number(
                    ui,
                    ui.available_width(),
                    field.suffix(format!(" of {depth}")),
                );
                form.trainable = Trainable::Last(blocks);
                response
            });
        }
    }

    fn mask(&mut self, ui: &mut Ui) {
        let hint =
            "Share of tokens that both views drop; the published models drop 90 %, fewer is slower";
        self.row(ui, "Mask ratio", "mask_ratio", hint, |ui, form| {
            let mut percent = (100.0 * form.mask_ratio.get()).round();
            let field = DragValue::new(&mut percent).range(0.0..=99.0).suffix(" %");
            let response = parts::number(ui, ui.available_width(), field);
            if response.changed()
                && let Ok(ratio) = MaskRatio::new(percent / 100.0)
            {
                form.mask_ratio = ratio;
            }
            response
        });
        let hint = "Which tokens are dropped together";
        self.row(ui, "Mask kind", "mask_kind", hint, |ui, form| {
            let name = form.mask_kind.to_string();
            let combo = ComboBox::from_id_salt("mask kind").width(ui.available_width());
            let shown = combo.selected_text(name).show_ui(ui, |ui| {
                for kind in MaskKind::ALL {
                    let label = ui.selectable_value(&mut form.mask_kind, kind, kind.to_string());
                    label.on_hover_text(logic::explain(kind));
                }
            });
            shown.response
        });
    }

    fn optimiser(&mut self, ui: &mut Ui) {
        let hint = "How weights follow their gradient; the sentence below says how";
        self.row(ui, "Optimiser", "optimiser", hint, |ui, form| {
            let name = form.optimiser.to_string();
            let combo = ComboBox::from_id_salt("optimiser").width(ui.available_width());
            let shown = combo.selected_text(name).show_ui(ui, |ui| {
                for optimiser in Optimiser::ALL {
                    let name = optimiser.to_string();
                    ui.selectable_value(&mut form.optimiser, optimiser, name)
                        .on_hover_text(optimiser.explanation());
                }
            });
            shown.response
        });
        parts::explain(ui, self.form.optimiser.explanation());
        let hint = "With which numbers layers multiply; 16 bits are faster where a graphics card has them, and weights stay in 32";
        if self.form.device != DeviceChoice::Cpu || self.form.precision != Arithmetic::F32 {
            self.row(ui, "Precision", "precision", hint, |ui, form| {
                let options = [
                    (Arithmetic::F32, "f32", "32 bits: works everywhere"),
                    (
                        Arithmetic::Bf16,
                        "bf16",
                        "16 bits with the range of 32: newer NVIDIA cards",
                    ),
                    (
                        Arithmetic::F16,
                        "f16",
                        "16 bits with a small range: gradients are enlarged meanwhile",
                    ),
                ];
                let (response, chosen) =
                    parts::choice(ui, ui.available_width(), &options, form.precision);
                form.precision = chosen.unwrap_or(form.precision);
                response
            });
        }
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
            let (response, chosen) =
                parts::choice(ui, ui.available_width(), &options, form.schedule);
            form.schedule = chosen.unwrap_or(form.schedule);
            response
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
        let hint = "Pulls weights towards nothing; 0.00001 as published";
        self.row(ui, "Weight decay", "weight_decay", hint, |ui, form| {
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

    fn memory(&mut self, ui: &mut Ui) {
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
    }

    fn checkpoints(&mut self, ui: &mut Ui) {
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
        let hint = "Steps between two looks at how well the encoder tells styles of the demo collection apart; 0 for never";
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

    /// A row, and below it what is wrong with its setting.
    pub(super) fn row(
        &mut self,
        ui: &mut Ui,
        name: &str,
        setting: &str,
        hint: &str,
        control: impl FnOnce(&mut Ui, &mut TrainConfig) -> Response,
    ) {
        parts::row(ui, name, hint, |ui| control(ui, self.form));
        if let Some(problem) = self.problem
            && problem.setting == setting
        {
            parts::error(ui, &problem.why);
        }
    }

    /// A problem of settings that have no row, or several.
    fn unplaced(&self, ui: &mut Ui) {
        if let Some(problem) = self.problem
            && problem.setting.is_empty()
        {
            parts::error(ui, &problem.why);
        }
    }
}

fn fold(ui: &mut Ui, name: &str, content: impl FnOnce(&mut Ui)) {
    let weak = theme::tokens(ui).text_strong;
    egui::CollapsingHeader::new(egui::RichText::new(name).color(weak))
        .id_salt(name)
        .show_unindented(ui, content);
}

fn device(ui: &mut Ui, training: &Training, form: &mut TrainConfig) -> Response {
    ComboBox::from_id_salt("device")
        .width(ui.available_width())
        .truncate()
        .selected_text(form.device.to_string())
        .show_ui(ui, |ui| {
            ui.selectable_value(&mut form.device, DeviceChoice::Auto, "auto");
            ui.selectable_value(&mut form.device, DeviceChoice::Cpu, "cpu");
            for device in training.devices.known() {
                let Ok(choice) = device.spec.parse::<DeviceChoice>() else {
                    continue;
                };
                if choice != DeviceChoice::Cpu {
                    let kind = if device.software { ", software" } else { "" };
                    let name = format!("{} ({}{kind})", device.spec, device.name);
                    ui.selectable_value(&mut form.device, choice, name);
                }
            }
        })
        .response
}
