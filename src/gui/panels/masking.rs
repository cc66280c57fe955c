//! The mask: how much, how, and what it costs.

use eframe::egui::{self, Button, DragValue, Frame, Margin, RichText, ScrollArea, Slider};
use egui_phosphor::regular as icon;

use crate::{
    gui::{
        command::{Command, MaskCommand},
        logic::explain,
        model::{MOST_PERCENT, Model},
        theme::{self, small},
    },
    tokens::{MaskKind, MaskRatio, PatchShape},
};

/// Draws the panel.
pub fn show(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
    Frame::new().inner_margin(Margin::same(12)).show(ui, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ratio(ui, model, out);
            ui.add_space(theme::SPACE_LARGE);
            how(ui, model, out);
            ui.add_space(theme::SPACE_LARGE);
            look(ui, model, out);
        });
    });
}

fn heading(ui: &mut egui::Ui, text: &str) {
    let colour = theme::tokens(ui).text_weak;
    ui.label(small(text).color(colour));
}

fn ratio(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let mask = &model.mask;
    heading(ui, "Mask ratio");
    ui.horizontal(|ui| {
        let text = format!("{} %", mask.percent());
        ui.label(
            theme::large(text)
                .size(2.0 * theme::TEXT_LARGE)
                .color(tokens.text_strong),
        );
    });
    let mut percent = mask.percent();
    let response = ui
        .scope(|ui| {
            theme::slider_look(ui, ui.available_width());
            ui.add(Slider::new(&mut percent, 0..=MOST_PERCENT).show_value(false))
        })
        .inner
        .on_hover_text(
            "Share of tokens that are dropped (comma and period: 5 points, with Shift 1)",
        );
    if response.changed()
        && let Ok(ratio) = MaskRatio::new(f64::from(percent) / 100.0)
    {
        out.push(Command::Mask(MaskCommand::SetRatio(ratio)));
    }
    ui.label(RichText::new(mask.meter()).color(tokens.text));
}

fn how(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
    let mask = &model.mask;
    heading(ui, "What is dropped");
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = egui::Vec2::splat(theme::UNIT);
        ui.spacing_mut().button_padding.x = 2.0 * theme::UNIT;
        for kind in MaskKind::ALL {
            let name = capital(&kind.to_string());
            if choice(ui, &name, mask.kind == kind, explain(kind)) {
                out.push(Command::Mask(MaskCommand::SetMaskKind(kind)));
            }
        }
    });
    ui.add_space(theme::SPACE);
    heading(ui, "Patches");
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = egui::Vec2::splat(theme::UNIT);
        let shapes = [
            (
                PatchShape::Square,
                "Square 16×16",
                "16 bands by 16 frames: 8 rows and 6 columns a window",
            ),
            (
                PatchShape::Vertical,
                "Vertical 128×2",
                "All 128 bands by 2 frames: 48 columns a window",
            ),
        ];
        for (shape, name, tip) in shapes {
            if choice(ui, name, mask.shape == shape, tip) {
                out.push(Command::Mask(MaskCommand::SetPatchShape(shape)));
            }
        }
    });
    ui.add_space(theme::SPACE);
    heading(ui, "Seed");
    ui.horizontal(|ui| {
        let mut seed = mask.seed;
        let response = ui
            .add(DragValue::new(&mut seed).speed(0.1))
            .on_hover_text("The same seed always drops the same tokens");
        if response.changed() {
            out.push(Command::Mask(MaskCommand::SetSeed(seed)));
        }
        let text = format!("{}  Re-roll", icon::DICE_FIVE);
        if ui
            .button(text)
            .on_hover_text("Draw another mask (R)")
            .clicked()
        {
            out.push(Command::Mask(MaskCommand::Reroll));
        }
    });
}

fn look(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
    let mask = &model.mask;
    heading(ui, "Picture");
    let mut shown = mask.shown;
    if ui
        .checkbox(&mut shown, "Show the mask")
        .on_hover_text("Draw patches and what is dropped over the spectrogram (M)")
        .changed()
    {
        out.push(Command::Mask(MaskCommand::ShowMask(shown)));
    }
    ui.horizontal(|ui| {
        ui.label("Fade");
        let mut percent = (mask.overlay * 100.0).round();
        let width = ui.available_width() - theme::UNIT * 16.0;
        theme::slider_look(ui, width.max(theme::UNIT * 10.0));
        let slider = Slider::new(&mut percent, 0.0..=100.0)
            .suffix(" %")
            .fixed_decimals(0);
        if ui
            .add(slider)
            .on_hover_text("How strongly dropped patches fade")
            .changed()
        {
            out.push(Command::Mask(MaskCommand::SetOverlay(percent / 100.0)));
        }
    });
}

fn choice(ui: &mut egui::Ui, text: &str, chosen: bool, tip: &str) -> bool {
    let tokens = theme::tokens(ui);
    let (colour, fill) = if chosen {
        (tokens.text_strong, tokens.accent_quiet)
    } else {
        (tokens.text, tokens.raised)
    };
    let button = Button::new(RichText::new(text).color(colour)).fill(fill);
    ui.add(button).on_hover_text(tip).clicked()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
