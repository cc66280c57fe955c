use eframe::egui::{self, Align, ComboBox, DragValue, Label, Layout as Flow, RichText, Slider};
use egui_phosphor::regular as icon;

use crate::{
    gui::{
        command::{Command, MaskCommand, PictureCommand},
        logic::{RANGE_DB, TOP_DB},
        model::{MOST_PERCENT, Model},
        panels::{row_from_right, top::icon_button},
        theme::{self, small},
    },
    spectrum::ColourMap,
    tokens::MaskRatio,
};

/// The level fields give way to the title in panels narrower than this; their keys stay.
const ROOM_FOR_LEVELS: f32 = 140.0 * theme::UNIT;
/// The meter is said in short in panels narrower than this.
const ROOM_FOR_METER: f32 = 60.0 * theme::UNIT;

/// The line above the picture: which track, and how it is shown.
pub fn header(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    row_from_right(ui, |ui| {
        if icon_button(
            ui,
            icon::ARROWS_OUT_LINE_HORIZONTAL,
            "Fit the whole track (F)",
        )
        .clicked()
        {
            out.push(Command::Picture(PictureCommand::FitTrack));
        }
        if ui.available_width() > ROOM_FOR_LEVELS {
            levels(ui, model, out);
        }
        colour_map(ui, model, out);
        ui.with_layout(Flow::left_to_right(Align::Center), |ui| {
            if let Some(track) = model.library.selected_track() {
                let title = RichText::new(&track.title).color(tokens.text_strong);
                ui.add(Label::new(title).truncate());
                if let Some(label) = &track.label {
                    ui.add(Label::new(small(label).color(tokens.text_weak)).truncate());
                }
            }
        });
    });
}

fn levels(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let mut range = model.spectrogram.range_db;
    let field = DragValue::new(&mut range)
        .range(RANGE_DB)
        .suffix(" dB")
        .fixed_decimals(0);
    if ui
        .add(field)
        .on_hover_text("From the brightest down to the darkest colour (D, with Shift less)")
        .changed()
    {
        out.push(Command::Picture(PictureCommand::SetRangeDb(range)));
    }
    ui.label(small("Depth").color(tokens.text_weak));
    let mut top = model.spectrogram.top_db;
    let field = DragValue::new(&mut top)
        .range(TOP_DB)
        .suffix(" dB")
        .fixed_decimals(0);
    if ui
        .add(field)
        .on_hover_text(
            "Level of the brightest colour, the same for every track (U, with Shift lower)",
        )
        .changed()
    {
        out.push(Command::Picture(PictureCommand::SetTopDb(top)));
    }
    ui.label(small("Top").color(tokens.text_weak));
}

fn colour_map(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
    let shown = model.spectrogram.colour_map;
    ComboBox::from_id_salt("colour map")
        .selected_text(shown.name())
        .width(theme::UNIT * 22.0)
        .show_ui(ui, |ui| {
            for map in ColourMap::ALL {
                if ui.selectable_label(map == shown, map.name()).clicked() {
                    out.push(Command::Picture(PictureCommand::SetColourMap(map)));
                }
            }
        })
        .response
        .on_hover_text("Colours of the picture (P)");
}

/// The line below the picture: the mask in brief.
pub fn mask_row(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let mask = &model.mask;
    ui.add_space(theme::SPACE_SMALL);
    ui.horizontal(|ui| {
        let mut shown = mask.shown;
        if ui
            .checkbox(&mut shown, "Mask")
            .on_hover_text("Draw patches and what is dropped over the picture (M)")
            .changed()
        {
            out.push(Command::Mask(MaskCommand::ShowMask(shown)));
        }
        let mut percent = mask.percent();
        theme::slider_look(ui, theme::UNIT * 45.0);
        let slider = Slider::new(&mut percent, 0..=MOST_PERCENT).show_value(false);
        let response = ui.add_enabled(shown, slider).on_hover_text(
            "Share of tokens that are dropped (comma and period: 5 points, with Shift 1)",
        );
        if response.changed()
            && let Ok(ratio) = MaskRatio::new(f64::from(percent) / 100.0)
        {
            out.push(Command::Mask(MaskCommand::SetRatio(ratio)));
        }
        if !shown {
            return;
        }
        let text = format!("{} %", mask.percent());
        ui.label(RichText::new(text).color(tokens.text_strong));
        if icon_button(ui, icon::DICE_FIVE, "Draw another mask (R)").clicked() {
            out.push(Command::Mask(MaskCommand::Reroll));
        }
        let meter = if ui.available_width() > ROOM_FOR_METER {
            mask.meter()
        } else {
            format!("{} of {} kept", mask.kept(), mask.tokens())
        };
        ui.add(Label::new(small(meter).color(tokens.text_weak)).truncate())
            .on_hover_text(mask.meter());
    });
}
