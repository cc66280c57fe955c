//! Two encoders' maps of the same tracks, side by side.

use eframe::egui::{self, Align, Layout, RichText, Ui, Vec2};
use egui_phosphor::regular as icon;

use super::{
    CAPTION_HEIGHT, LEGEND_WIDTH,
    canvas::{self, View},
    caption, column, legend, line, picked,
};
use crate::gui::{
    command::{Command, EncoderCommand, MapCommand},
    model::{AppState, Chart, MapSide, SecondMap},
    panels::{encoder, parts, top},
    theme,
};

/// Two maps side by side, each with what it is, over all the width; their common legend lies below them, or beside
/// them where colours stand for numbers.
pub(super) fn show(
    ui: &mut Ui,
    model: &AppState,
    chart: &Chart,
    second: &SecondMap,
    out: &mut Vec<Command>,
) {
    let mapping = &model.mapping;
    let space = ui.available_size().max(Vec2::splat(40.0 * theme::UNIT));
    let (right, below) = match chart.scale {
        Some(_) => (LEGEND_WIDTH + theme::SPACE_LARGE, 0.0),
        None => (
            0.0,
            legend::strip_height(space.x, mapping, chart) + theme::SPACE,
        ),
    };
    let half = Vec2::new(0.5 * (space.x - right - theme::SPACE), space.y - below);
    let head = theme::CONTROL_HEIGHT + theme::SPACE;
    let map = (half - Vec2::new(0.0, head + CAPTION_HEIGHT)).max(Vec2::splat(20.0 * theme::UNIT));
    ui.horizontal_top(|ui| {
        column(ui, half, |ui| {
            let row = Vec2::new(half.x, theme::CONTROL_HEIGHT);
            let line = Layout::left_to_right(Align::Center);
            ui.allocate_ui_with_layout(row, line, |ui| {
                ui.set_min_size(row);
                let name = RichText::new(&chart.source.table.encoder);
                ui.add(egui::Label::new(name).truncate());
            });
            let view = View {
                side: MapSide::Main,
                chart,
                camera: mapping.camera,
            };
            canvas::show(ui, map, model, view, out);
            if !picked(ui, model, chart, out) {
                let of_file = model.mapping.imported.is_some();
                let mask = chart.source.key.source.mask_note();
                caption(ui, chart, (!of_file).then_some(mask));
            }
        });
        column(ui, half, |ui| {
            second_encoder(ui, half.x, model, second, out);
            second_map(ui, map, model, second, out);
        });
        if chart.scale.is_some() {
            ui.add_space(theme::SPACE_LARGE - theme::SPACE);
            ui.vertical(|ui| legend::show(ui, mapping, chart, out));
        }
    });
    if chart.scale.is_none() {
        legend::strip(ui, mapping, chart, out);
    }
}

/// The second map, or how far it is.
fn second_map(
    ui: &mut Ui,
    size: Vec2,
    model: &AppState,
    second: &SecondMap,
    out: &mut Vec<Command>,
) {
    match &second.chart {
        Some(chart) => {
            let view = View {
                side: MapSide::Second,
                chart,
                camera: second.camera,
            };
            canvas::show(ui, size, model, view, out);
            match second.job.running() {
                Some(running) => line(ui, running.line()),
                None => caption(ui, chart, Some(chart.source.key.source.mask_note())),
            };
        }
        None => column(ui, size, |ui| {
            if let Some(running) = second.job.running() {
                parts::quiet(ui, running.line());
                parts::bar(ui, running.share());
            } else if let Some(why) = &second.error {
                parts::error(ui, why);
            }
        }),
    }
}

/// Which encoder the second map is by.
fn second_encoder(
    ui: &mut Ui,
    width: f32,
    model: &AppState,
    second: &SecondMap,
    out: &mut Vec<Command>,
) {
    let row = Vec2::new(width, theme::CONTROL_HEIGHT);
    let line = Layout::right_to_left(Align::Center);
    ui.allocate_ui_with_layout(row, line, |ui| {
        ui.set_min_size(row);
        let hint = "Only the first map again";
        if top::icon_button(ui, icon::X, hint).clicked() {
            out.push(Command::Map(MapCommand::Compare(false)));
        }
        if let Some((path, _)) = &second.table {
            let hint = "The second map by an encoder again";
            if top::icon_button(ui, icon::BRAIN, hint).clicked() {
                let source = second.source.clone();
                out.push(Command::Map(MapCommand::SetSecond(source)));
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            ui.add(egui::Label::new(name).truncate())
                .on_hover_text(path.display().to_string());
            return;
        }
        ui.push_id("second", |ui| {
            let width = (width - theme::CONTROL_HEIGHT - theme::SPACE).max(theme::UNIT);
            encoder::menu(ui, width, model, &second.source, &mut |command| {
                out.push(match command {
                    EncoderCommand::Use(source) => Command::Map(MapCommand::SetSecond(source)),
                    EncoderCommand::ChooseFile => Command::Map(MapCommand::ChooseSecond(None)),
                    command => Command::Encoder(command),
                });
            });
        });
    });
}
