//! The settings of the next run.

use eframe::egui::{self, ComboBox, DragValue, Response, Ui};
use egui_phosphor::regular as icon;
use mynascope_base::counted;

use crate::gui::{
    command::{Command, TrainCommand, Wanted},
    model::{
        AppState, PURPOSES, Problem, Training, begin_with, describe_size, explain_mask,
        first_purpose, name_of_checkpoint, problem_of, purpose_of, what_is_masked,
    },
    theme,
};
use mynascope_encoder::{CheckpointRef, DeviceChoice, EncoderPreset, Family, PatchInput, Patching};
use mynascope_spectrum::tokens::{MaskKind, MaskRatio};
use mynascope_train::{LabelTask, Objective, TrainConfig, Trainable};

use super::super::{fields, parts};

/// Draws the settings of the next run.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let training = &model.training;
    let mut form = training.form.clone();
    let problem = problem_of(&form);
    ui.add_enabled_ui(!training.is_active(), |ui| {
        let mut fields = Fields {
            form: &mut form,
            model,
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
    model: &'a AppState,
    training: &'a Training,
    problem: Option<&'a Problem>,
    pub(super) tracks: usize,
    pub(super) out: &'a mut Vec<Command>,
}

impl Fields<'_> {
    /// What is decided for every run.
    fn first(&mut self, ui: &mut Ui) {
        self.family(ui);
        self.purpose(ui);
        self.encoder(ui);
        self.trainable(ui);
        self.objective(ui);
        if self.form.objective == Objective::Mt2 {
            self.which_losses(ui);
        }
        self.mask(ui);
        let tracks = self.tracks;
        let hint = match self.form.objective.is_contrastive() {
            true => {
                "Tracks a step; every track is told from all others of its batch, so more is better until memory ends"
            }
            false => "Tracks a step; more make its gradient steadier, until memory ends",
        };
        self.row(ui, "Batch", "batch", hint, |ui, form| {
            let unit = if form.batch == 1 { " track" } else { " tracks" };
            let field = DragValue::new(&mut form.batch).range(0..=1_000_000);
            parts::number(ui, ui.available_width(), field.suffix(unit))
        });
        if tracks > 0 && self.form.batch > tracks {
            parts::explain(
                ui,
                format!(
                    "The collection has {}: each batch will be all of them.",
                    counted(tracks, "track")
                ),
            );
        }
        let hint = "Number of updates of the weights: a few hundred for a first look, tens of thousands for a real run";
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
        if objective == Objective::Mt2 {
            fold(ui, "Losses", |ui| self.two_losses(ui));
        } else if objective == Objective::Data2vec {
            fold(ui, "Spans and teacher", |ui| self.spans_and_teacher(ui));
        } else if objective == Objective::Maest {
            fold(ui, "Patchout and mixing", |ui| self.patchout(ui));
        } else if objective.is_contrastive() {
            fold(ui, "Loss", |ui| self.loss(ui));
        } else if objective == Objective::Mae {
            fold(ui, "Decoder", |ui| self.loss(ui));
        }
        fold(ui, "Optimiser", |ui| self.optimiser(ui));
        fold(ui, "Memory and averages", |ui| self.memory(ui));
        fold(ui, "Checkpoints and scores", |ui| self.checkpoints(ui));
    }

    /// Another family begins with the settings of its lesson.
    fn family(&mut self, ui: &mut Ui) {
        let hint =
            "The published design of the encoder; each has its own sizes, objectives and settings";
        self.row(ui, "Encoder", "", hint, |ui, form| {
            let options = [
                (
                    Family::Myna,
                    "Myna",
                    "Patches of a mel-spectrogram, most of them dropped; trained by contrast",
                ),
                (
                    Family::Mt2,
                    "MT2",
                    "Frames of a VQT and a mel-spectrogram; trained by contrast, and to turn with the key",
                ),
                (
                    Family::Music2vec,
                    "Music2Vec",
                    "The sound itself; trained to say what an average of itself makes of hidden spans",
                ),
                (
                    Family::Maest,
                    "MAEST",
                    "Overlapping patches of a mel-spectrogram, whole rows and columns of them dropped; trained to tell labels",
                ),
            ];
            let before = form.family();
            let mut family = before;
            let response = fields::pick(ui, &options, &mut family);
            if family != before
                && let Some(lesson) = first_purpose(family)
            {
                *form = lesson.of(form);
            }
            response
        });
    }

    fn purpose(&mut self, ui: &mut Ui) {
        let hint =
            "Settings for a purpose; seed, device, patches, objective and first weights stay";
        let family = self.form.family();
        self.row(ui, "Preset", "preset", hint, |ui, form| {
            let name = purpose_of(form).map_or("Custom settings", |purpose| purpose.name);
            let combo = ComboBox::from_id_salt("purpose").width(ui.available_width());
            let shown = combo.truncate().selected_text(name).show_ui(ui, |ui| {
                for purpose in PURPOSES.iter().filter(|one| one.family == family) {
                    let on = purpose.name == name;
                    let label = ui.selectable_label(on, purpose.name);
                    if label.on_hover_text(purpose.help()).clicked() {
                        *form = purpose.of(form);
                    }
                }
            });
            shown.response
        });
    }

    fn encoder(&mut self, ui: &mut Ui) {
        let hint = "How large the encoder is";
        self.row(ui, "Size", "preset", hint, |ui, form| {
            let family = form.family();
            let presets = EncoderPreset::ALL.into_iter();
            let sizes = presets.filter(|preset| preset.family() == family);
            let sizes: Vec<_> = sizes
                .map(|preset| {
                    let (name, needs) = match preset {
                        EncoderPreset::Tiny => ("tiny", "trains on a CPU"),
                        EncoderPreset::Small => ("small", "as published, slow without a GPU"),
                        EncoderPreset::Base => ("base", "needs a GPU"),
                        EncoderPreset::Mt2Tiny
                        | EncoderPreset::Music2vecTiny
                        | EncoderPreset::MaestTiny => ("tiny", "trains on a CPU"),
                        EncoderPreset::Mt2 => ("published", "as published, slow without a GPU"),
                        EncoderPreset::Music2vec | EncoderPreset::Maest => {
                            ("published", "as published, needs a GPU")
                        }
                    };
                    let hint = format!("{}: {needs}", describe_size(preset));
                    (preset, name, hint)
                })
                .collect();
            let options: Vec<_> = sizes
                .iter()
                .map(|(preset, name, hint)| (*preset, *name, hint.as_str()))
                .collect();
            let before = form.preset;
            let response = fields::pick(ui, &options, &mut form.preset);
            if form.preset != before {
                form.encoder = None;
            }
            response
        });
        if self.form.family() == Family::Myna {
            self.patches(ui);
        }
        if self.form.family() == Family::Music2vec {
            self.window(ui);
        }
        self.init(ui);
    }

    fn window(&mut self, ui: &mut Ui) {
        let hint = "Seconds of sound that go through the encoder at once: 5 did best in its paper; shorter is faster";
        self.row(ui, "Window", "window_secs", hint, |ui, form| {
            let mut secs = form.window_secs();
            let field = DragValue::new(&mut secs).range(1..=30).suffix(" s");
            let response = parts::number(ui, ui.available_width(), field);
            if response.changed() {
                form.window_secs = Some(secs);
            }
            response
        });
    }

    fn patches(&mut self, ui: &mut Ui) {
        let hint = "What a token is cut from the mel-spectrogram";
        self.row(ui, "Patches", "patch", hint, |ui, form| {
            let options = [
                (
                    Patching::Square,
                    "square",
                    "16 bands x 16 frames (Myna-Base)",
                ),
                (
                    Patching::Vertical,
                    "vertical",
                    "All 128 bands x 2 frames (Myna-Vertical): keeps pitch apart, best for keys",
                ),
                (
                    Patching::Hybrid,
                    "hybrid",
                    "Both through one transformer (Myna-Hybrid): twice the work",
                ),
            ];
            fields::pick(ui, &options, &mut form.patch)
        });
        let hint = "What a patch holds of the power x of a mel band";
        self.row(ui, "Input", "input", hint, |ui, form| {
            let options = [
                (
                    PatchInput::Power,
                    "power",
                    "The power itself, as published: the loudest partials count",
                ),
                (
                    PatchInput::Log,
                    "log",
                    "log10(1 + 10000 x): quiet partials count too",
                ),
            ];
            fields::pick(ui, &options, &mut form.input)
        });
    }

    fn init(&mut self, ui: &mut Ui) {
        let (mut choose, model) = (false, self.model);
        let hint = "Weights to start from: random ones, those of an encoder of the same family, or a checkpoint";
        self.row(ui, "Start from", "init", hint, |ui, form| {
            let name = match &form.init {
                None => "random weights".to_owned(),
                Some(init) => name_of_checkpoint(init),
            };
            let combo = ComboBox::from_id_salt("init").width(ui.available_width());
            let shown = combo.truncate().selected_text(name).show_ui(ui, |ui| {
                let random = form.init.is_none();
                if ui.selectable_label(random, "random weights").clicked() {
                    form.init = None;
                }
                for (offer, sizes) in model.first_weights(form) {
                    let on = form.init.as_ref() == Some(&offer.checkpoint);
                    let label = ui.selectable_label(on, &offer.name);
                    if label.on_hover_text(&offer.help).clicked() {
                        *form = begin_with(form, offer.checkpoint, sizes);
                    }
                }
                choose = ui.selectable_label(false, "a checkpoint…").clicked();
            });
            shown.response
        });
        if choose {
            let ask = TrainCommand::Choose(Wanted::Init);
            self.out.push(Command::Train(ask));
        }
        // A run of the table can be taken as well.
        let trained = self.training.checkpoint();
        if let (None, Some(path), Some(run)) = (&self.form.init, trained, self.training.shown()) {
            let text = format!("{} Start from the shown run", icon::ARROW_BEND_DOWN_RIGHT);
            let hint = "Takes the weights of the run that is shown as the first ones of the next";
            if ui
                .small_button(theme::small(text))
                .on_hover_text(hint)
                .clicked()
            {
                let (path, sizes) = (path.to_path_buf(), run.config.encoder_config());
                *self.form = begin_with(self.form, CheckpointRef::File(path), Some(sizes));
            }
        }
    }

    fn objective(&mut self, ui: &mut Ui) {
        let hint = "What training minimises; the sentence below says how";
        self.row(ui, "Objective", "objective", hint, |ui, form| {
            let explain = |objective: Objective| objective.explanation();
            let family = form.family();
            let fits = |objective: &Objective| objective.misfit(family).is_none();
            let fitting: Vec<Objective> = Objective::ALL.into_iter().filter(fits).collect();
            let title = |objective: Objective| objective.title().to_owned();
            let objective = &mut form.objective;
            fields::titled_menu(ui, "objective", &fitting, title, explain, objective)
        });
        parts::explain(ui, self.form.objective.explanation());
        if self.form.objective.learns_labels() {
            self.task(ui);
        }
    }

    fn task(&mut self, ui: &mut Ui) {
        let hint = "Which labels of the collection are learned";
        self.row(ui, "Labels", "task", hint, |ui, form| {
            fields::menu(ui, "task", &LabelTask::ALL, |_| "", &mut form.task)
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
            fields::pick(ui, &options, &mut form.trainable)
        });
        if let Trainable::Last(_) = self.form.trainable {
            let depth = self.form.encoder_config().sizes().depth;
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
        // It hides spans of its own.
        if self.form.objective == Objective::Data2vec && self.form.mask_ratio.get() == 0.0 {
            return;
        }
        // It drops whole rows and columns instead.
        if self.form.objective == Objective::Maest {
            return;
        }
        let hint = what_is_masked(self.form);
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
            fields::menu(
                ui,
                "mask kind",
                &MaskKind::ALL,
                explain_mask,
                &mut form.mask_kind,
            )
        });
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
