//! The controls above the spectrogram.

use eframe::egui::{
    self, Align, Button, ComboBox, DragValue, Label, Layout as Flow, RichText, Slider,
    containers::menu::MenuButton,
};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, MaskCommand, PictureCommand},
    model::{
        AppState, InputKind, MOST_PERCENT, PictureForm, PictureOf, PicturePanel, Query,
        SoundPictureForm, WalkStep,
    },
    panels::{parts, row_from_right, teach::masking, top::icon_button},
    theme::{self, small},
};
use mynascope_audio::{CANCELS, Channel};
use mynascope_base::{ordinal, storage::Follow};
use mynascope_spectrum::{ColourMap, Compression, Summary, tokens::MaskRatio};

use super::sound_controls;

const SAVE_TIP: &str = "Save the picture with its axes as PNG or SVG (Ctrl+S)";
const FOLLOW: [(Follow, &str, &str); 3] = [
    (
        Follow::Page,
        "Page by page",
        "The next page is shown when the playhead leaves this one",
    ),
    (
        Follow::Smooth,
        "Smoothly",
        "The playhead stays in the middle and the picture moves",
    ),
    (Follow::Off, "Not at all", "Only you move the picture"),
];
const SUMMARIES: [(Summary, &str, &str); 2] = [
    (
        Summary::Mean,
        "Mean level",
        "A pixel shows the mean level of its frames",
    ),
    (
        Summary::Loudest,
        "Loudest frame",
        "A pixel shows the loudest of its frames, so that a short sound stays visible in a long track",
    ),
];

/// The level fields give way to the title where less than this is left; their keys stay.
const ROOM_FOR_LEVELS: f32 = 85.0 * theme::UNIT;
/// So do the colours.
const ROOM_FOR_COLOURS: f32 = 55.0 * theme::UNIT;
/// What a long title leaves to what stands behind it: the label or a warning.
const ROOM_BESIDE_TITLE: f32 = 12.0 * theme::UNIT;
/// Width of the slider of the mask, where there is room.
const SLIDER: f32 = 45.0 * theme::UNIT;
/// Why there is no mask over the picture of the sound.
const NO_MASK: &str = "No mask lies over the sound: encoders are fed the mel-spectrogram";
/// The meter is said in short in panels narrower than this.
const ROOM_FOR_METER: f32 = 60.0 * theme::UNIT;

/// The line above the picture: which track, and how it is shown. `with_mask`: there is no room for the mask's line below.
pub fn header(ui: &mut egui::Ui, model: &AppState, with_mask: bool, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    row_from_right(ui, |ui| {
        options(ui, model, with_mask, out);
        let mut push = |command| out.push(Command::Picture(command));
        let there = model.spectrogram.picture().is_some();
        let save = ui.add_enabled_ui(there, |ui| icon_button(ui, icon::IMAGE, SAVE_TIP));
        if save.inner.clicked() {
            push(PictureCommand::Publish(PicturePanel::Spectrogram));
        }
        let fit = icon::ARROWS_OUT_LINE_HORIZONTAL;
        if icon_button(ui, fit, "Fit the whole track (F)").clicked() {
            push(PictureCommand::FitTrack);
        }
        sound_controls::choice(ui, model, &input_tip(model), out);
        if model.shows_sound() {
            sound_controls::show(ui, model, out);
        }
        if ui.available_width() > ROOM_FOR_COLOURS {
            colour_map(ui, model, out);
        }
        if !model.shows_encoder_input() && ui.available_width() > ROOM_FOR_LEVELS {
            levels(ui, model, out);
        }
        ui.with_layout(Flow::left_to_right(Align::Center), |ui| {
            if let Some(track) = model.library.selected_track() {
                let title = RichText::new(&track.title).color(tokens.text_strong);
                let step = model.neighbours.step_at(&track.path);
                let room = ui.available_width();
                // The label stands in the library too: in a narrow panel the title takes its place.
                let is_narrow = room < 3.0 * ROOM_BESIDE_TITLE;
                let beside = match is_narrow && track.warning.is_none() && step.is_none() {
                    true => 0.0,
                    false => ROOM_BESIDE_TITLE,
                };
                ui.scope(|ui| {
                    ui.set_max_width((room - beside).max(0.0));
                    ui.add(Label::new(title).truncate());
                });
                let channel = model.embeddings.source.channel;
                if channel != Channel::Mean {
                    let text = small(format!("{channel} channel")).color(tokens.text_weak);
                    ui.add(Label::new(text).truncate()).on_hover_text(
                        "Pictures, views and embeddings are made of this channel alone (Settings, Channel)",
                    );
                }
                if let Some(warning) = &track.warning {
                    // A warning begins with what it is: "Ends early", "Damaged", "Its channels cancel".
                    let what = warning.split([':', '.']).next().unwrap_or_default();
                    let text = format!("{}  {what}", icon::WARNING);
                    ui.add(Label::new(small(text).color(tokens.text)).truncate())
                        .on_hover_text(warning);
                    if warning.contains(CANCELS) && channel == Channel::Mean {
                        use_left(ui, model, out);
                    }
                }
                if let Some(step) = step {
                    neighbour(ui, model, &step);
                } else if let Some(label) = track.label.as_ref().filter(|_| !is_narrow) {
                    ui.add(Label::new(small(label).color(tokens.text_weak)).truncate());
                }
            }
        });
    });
}

/// What the switch to the encoder's input shows.
fn input_tip(model: &AppState) -> String {
    match model.mask.input_kind() {
        Some(InputKind::Patches(cut)) => {
            let what = match cut.compression {
                Compression::Power => "raw power of 128 mel bands without dB",
                _ => "log10(1 + 10000 x) of the power x of 128 mel bands",
            };
            format!(
                "Show what the encoder is fed: {what}, each patch less its own mean and divided by its own deviation (E)"
            )
        }
        Some(InputKind::Mel { mel: spec, vqt }) => {
            let millis = 1000.0 * spec.hop as f64 / f64::from(mynascope_audio::SAMPLE_RATE);
            let how = match (spec.compression, spec.normalisation) {
                (Compression::Power, _) => "power",
                (Compression::Log10Of1Plus10000, _) => "log of power",
                (Compression::Decibels { .. }, _) => "level in dB",
            };
            let normal = match spec.normalisation {
                Some(_) => ", normalised by mean and deviation of its training data",
                None => "",
            };
            let above = match vqt {
                Some(vqt) => format!(
                    ", and above it {} bins of a VQT, twelve an octave",
                    vqt.bins
                ),
                None => String::new(),
            };
            format!(
                "Show what the encoder is fed: {how} of {} mel bands every {millis:.0} ms{normal}{above} (E)",
                spec.bands
            )
        }
        None => {
            "This encoder is fed samples: there is no other picture of its input (E)".to_owned()
        }
    }
}

/// The remedy for channels that cancel.
fn use_left(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let hint = "Pictures, views and embeddings of all tracks are made of the left channel alone from now on, as by --channel \
                left; Channel in the settings takes it back";
    if ui
        .small_button("Use the left channel")
        .on_hover_text(hint)
        .clicked()
    {
        out.push(Command::edit_settings(model, |settings| {
            settings.channel = Channel::Left.to_string();
        }));
    }
}

/// How near the track is that N and B walked to.
fn neighbour(ui: &mut egui::Ui, model: &AppState, step: &WalkStep<'_>) {
    let nearest = match step.rank {
        1 => "nearest".to_owned(),
        rank => format!("{} nearest", ordinal(rank)),
    };
    let cosine = format!("cosine {:.2}", step.cosine);
    let from = match step.query {
        Query::Spot(spot) => parts::track_name(&model.library, &spot.path),
        Query::Stretch(..) => "the selected stretch".to_owned(),
        Query::File(path) => parts::track_name(&model.library, path),
    };
    let near = format!("{nearest} to {from}");
    let accent = theme::tokens(ui).accent;
    let tip = format!(
        "{near} of {} found, {cosine} in the encoder's own space (N next, B previous)",
        step.found
    );
    let text = format!("{nearest}, {cosine}");
    let in_full = ui
        .painter()
        .layout_no_wrap(text.clone(), theme::small_font(), accent);
    let text = if in_full.size().x <= ui.available_width() {
        text
    } else {
        format!("{}, {:.2}", ordinal(step.rank), step.cosine)
    };
    ui.add(Label::new(small(text).color(accent)).truncate())
        .on_hover_text(tip);
}

/// What is set once and then left alone; with the mask where it has no line of its own.
fn options(ui: &mut egui::Ui, model: &AppState, with_mask: bool, out: &mut Vec<Command>) {
    let symbol = RichText::new(icon::SLIDERS_HORIZONTAL).size(theme::TEXT_LARGE);
    let button = Button::new(symbol)
        .frame_when_inactive(false)
        .min_size(egui::Vec2::splat(theme::CONTROL_HEIGHT));
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
        let weak = theme::tokens(ui).text_weak;
        ui.label(small("The picture follows the playhead").color(weak));
        for (follow, name, help) in FOLLOW {
            let on = model.settings.follow == follow;
            if ui.radio(on, name).on_hover_text(help).clicked() {
                out.push(Command::edit_settings(model, |settings| {
                    settings.follow = follow;
                }));
            }
        }
        ui.separator();
        ui.label(small("Where a pixel is wider than a frame").color(weak));
        for (summary, name, help) in SUMMARIES {
            let on = model.spectrogram.form.summary == summary;
            if ui.radio(on, name).on_hover_text(help).clicked() {
                out.push(Command::edit_picture(model, |form| {
                    form.summary = summary;
                }));
            }
        }
        if with_mask {
            ui.separator();
            ui.label(small("Over the picture").color(weak));
            ui.horizontal(|ui| mask(ui, model, out));
        }
    });
    let tip = match with_mask {
        true => "The mask; how the picture follows the playhead, and what it shows from afar",
        false => "How the picture follows the playhead, and what it shows from afar",
    };
    let response = response.on_hover_text(tip);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, tip));
}

fn levels(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let of = model.shown_picture();
    let tops = match of {
        PictureOf::Encoder => PictureForm::TOPS_DB,
        PictureOf::Sound => SoundPictureForm::TOPS_DB,
    };
    let mut form = model.spectrogram.form;
    let (top, range) = form.levels_mut(of);
    let (mut top, mut range) = (*top, *range);
    let field = DragValue::new(&mut range)
        .range(PictureForm::RANGES_DB)
        .suffix(" dB")
        .fixed_decimals(0);
    if parts::named(ui.add(field), "Depth of the picture")
        .on_hover_text("From the brightest down to the darkest colour (D, with Shift less)")
        .changed()
    {
        out.push(Command::edit_picture(model, |form| {
            *form.levels_mut(of).1 = range;
        }));
    }
    ui.label(small("Depth").color(tokens.text_weak));
    let field = DragValue::new(&mut top)
        .range(tops)
        .suffix(" dB")
        .fixed_decimals(0);
    if parts::named(ui.add(field), "Level of the brightest colour")
        .on_hover_text(
            "Level of the brightest colour, the same for every track (U, with Shift lower)",
        )
        .changed()
    {
        out.push(Command::edit_picture(model, |form| {
            *form.levels_mut(of).0 = top;
        }));
    }
    ui.label(small("Top").color(tokens.text_weak));
}

fn colour_map(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let shown = model.spectrogram.form.colour_map;
    let menu = ComboBox::from_id_salt("colour map")
        .selected_text(shown.name())
        .width(theme::UNIT * 22.0)
        .show_ui(ui, |ui| {
            for map in ColourMap::ALL {
                if ui.selectable_label(map == shown, map.name()).clicked() {
                    out.push(Command::edit_picture(model, |form| form.colour_map = map));
                }
            }
        })
        .response;
    parts::named(menu, "Colours of the picture").on_hover_text("Colours of the picture (P)");
}

/// The mask in brief, in a line.
pub fn mask(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let mask = &model.mask;
    let mut shown = mask.form.shown && !model.shows_sound();
    let switch = egui::Checkbox::new(&mut shown, "Mask");
    let switch = ui
        .add_enabled(!model.shows_sound(), switch)
        .on_hover_text("Draw patches and what is dropped over the picture (M)")
        .on_disabled_hover_text(NO_MASK);
    if switch.changed() {
        out.push(Command::edit_mask(model, |form| form.shown = shown));
    }
    if model.shows_sound() {
        let text = small(NO_MASK).color(tokens.text_weak);
        ui.add(Label::new(text).truncate());
    }
    // What is set of it would change nothing that is seen.
    if !shown {
        return;
    }
    theme::slider_look(ui, SLIDER.min(0.4 * ui.available_width()));
    let (what, tip) = match mask.patchout() {
        Some(_) => ("Read", masking::PATCHOUT_TIP),
        None => ("Drop", masking::DROPPED_TIP),
    };
    ui.label(small(what).color(tokens.text_weak))
        .on_hover_text(tip);
    let much = if mask.patchout().is_some() {
        masking::every_slider(ui, model, out);
        masking::every_column(model.teaching.form.patchout, &mask.grid())
    } else {
        ratio(ui, model, out);
        format!("{} %", mask.form.percent())
    };
    ui.label(RichText::new(much).color(tokens.text_strong))
        .on_hover_text(tip);
    masking::painted_mark(ui, mask);
    // Patchout is no draw: it leaves out the same of every window.
    if mask.patchout().is_none()
        && icon_button(ui, icon::DICE_FIVE, "Draw another mask (R)").clicked()
    {
        out.push(Command::Mask(MaskCommand::Reroll));
    }
    let meter = if ui.available_width() > ROOM_FOR_METER {
        mask.meter()
    } else {
        format!("{} of {} kept", mask.kept(), mask.tokens())
    };
    ui.add(Label::new(small(meter).color(tokens.text_weak)).truncate())
        .on_hover_text(format!(
            "{}. {}",
            mask.meter(),
            masking::hidden_only_if_all(mask)
        ));
}

/// The slider of the share of tokens that are dropped.
fn ratio(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let form = model.mask.form;
    let mut percent = form.percent();
    let slider = Slider::new(&mut percent, 0..=MOST_PERCENT).show_value(false);
    // Its hint stands at the number: at the slider it would lie over the transport while it is dragged.
    let response = parts::named(ui.add(slider), "Share of dropped tokens");
    if response.changed()
        && let Ok(ratio) = MaskRatio::new(f64::from(percent) / 100.0)
    {
        out.push(Command::edit_mask(model, |form| form.ratio = ratio));
    }
}
