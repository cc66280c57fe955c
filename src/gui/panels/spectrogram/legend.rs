//! The colour bar beside the picture: what the colours stand for.

use eframe::egui::{self, Align2, Color32, Mesh, Rect, pos2};

use crate::gui::{
    model::{AppState, InputKind, Spectrogram},
    theme,
};
use mynascope_spectrum::{Compression, Levels, MelSpec};

/// Room for the bar and its numbers.
pub const WIDTH: f32 = 14.0 * theme::UNIT;
const BAR_WIDTH: f32 = 2.0 * theme::UNIT;
/// Numbers stand no closer than this.
const LEAST_POINTS: f32 = 6.0 * theme::UNIT;

/// What the colours stand for now.
pub struct ColourScale {
    /// Value of the brightest colour, in the unit of the levels.
    pub top: f32,
    /// From there down to the darkest.
    pub range: f32,
    pub unit: &'static str,
    /// Between numbers, at least.
    step: f32,
    help: &'static str,
}

impl ColourScale {
    /// The scale of what is drawn: levels, or what the encoder is fed.
    pub fn of(model: &AppState) -> Self {
        let spectrogram = &model.spectrogram;
        if model.shows_sound() {
            return Self {
                top: spectrogram.form.sound.top_db,
                range: spectrogram.form.sound.range_db,
                unit: "dB",
                step: 5.0,
                help: "Level of the sound in a bin of the FFT, on the same scale for every track; 0 dB is a sine at full scale",
            };
        }
        let kind = model.mask.input_kind();
        let input = spectrogram.encoder_input(kind);
        if let (Some(input), Some(InputKind::Mel { mel, .. })) = (input, kind) {
            Self::of_fed(&input.mel, unit_of(&mel))
        } else if input.is_some() {
            Self {
                top: Spectrogram::TOP_DEVIATIONS,
                range: Spectrogram::RANGE_DEVIATIONS,
                unit: "SD",
                step: 1.0,
                help: "Standard deviations (SD) of a value from the mean of its own patch: the encoder normalises \
                       each patch so before anything else",
            }
        } else {
            Self {
                top: spectrogram.form.top_db,
                range: spectrogram.form.range_db,
                unit: "dB",
                step: 5.0,
                help: "Level of the mel power, on the same scale for every track; 0 dB is a power of 1",
            }
        }
    }

    /// The scale of a spectrogram that an encoder is fed.
    pub fn of_fed(levels: &Levels, unit: &'static str) -> Self {
        let scale = levels.scale();
        let range = scale.high - scale.low;
        Self {
            top: scale.high,
            range,
            unit,
            step: match range {
                range if range > 20.0 => 5.0,
                range if range > 1.5 => 0.5,
                _ => 0.1,
            },
            help: "What the encoder is fed, from the lowest value of this track to the highest",
        }
    }
}

/// What the values of a front end are in, in short: nothing where they are normalised.
pub fn unit_of(spec: &MelSpec) -> &'static str {
    match spec.compression {
        _ if spec.normalisation.is_some() => "",
        Compression::Power => "power",
        Compression::Log10Of1Plus10000 => "log",
        Compression::Decibels { .. } => "dB",
    }
}

/// Draws the bar at the left of `place`, with numbers beside it.
pub fn show(ui: &mut egui::Ui, model: &AppState, scale: &ColourScale, place: Rect) {
    let tokens = theme::tokens(ui);
    let id = ui.id().with(("legend", place.top() as i32));
    let response = ui.interact(place, id, egui::Sense::hover());
    response.on_hover_text(scale.help);
    let painter = ui.painter();
    let mut bar = place;
    bar.set_width(BAR_WIDTH);
    let table = model.spectrogram.form.colour_map.table();
    let last = (table.len() - 1).max(1) as f32;
    let mut mesh = Mesh::default();
    for (index, [red, green, blue, _]) in (0_u32..).zip(table) {
        let colour = Color32::from_rgb(red, green, blue);
        let y = bar.bottom() - bar.height() * index as f32 / last;
        mesh.colored_vertex(pos2(bar.left(), y), colour);
        mesh.colored_vertex(pos2(bar.right(), y), colour);
        if index > 0 {
            let corner = 2 * index;
            mesh.add_triangle(corner - 2, corner - 1, corner);
            mesh.add_triangle(corner - 1, corner, corner + 1);
        }
    }
    painter.add(mesh);
    let left = bar.right() + theme::SPACE_SMALL;
    let y_of = |value: f32| bar.top() + (scale.top - value) / scale.range * bar.height();
    let write = |y: f32, align: Align2, text: String| {
        painter.text(
            pos2(left, y),
            align,
            text,
            theme::small_font(),
            tokens.text_weak,
        );
    };
    let digits = usize::from(scale.step < 1.0);
    let top = format!("{} {}", minus(scale.top, digits), scale.unit);
    write(bar.top(), Align2::LEFT_TOP, top);
    let step = tick_step(scale.step, scale.range, bar.height());
    let bottom = scale.top - scale.range;
    let mut value = ((scale.top - step) / step).ceil() * step;
    while value >= bottom {
        let y = y_of(value);
        let free = y - bar.top() > theme::TEXT_SMALL * 2.0;
        if free && bar.bottom() - y < theme::TEXT_SMALL * 0.5 {
            write(bar.bottom(), Align2::LEFT_BOTTOM, minus(value, digits));
        } else if free {
            write(y, Align2::LEFT_CENTER, minus(value, digits));
        }
        value -= step;
    }
}

/// A number with a true minus.
fn minus(value: f32, digits: usize) -> String {
    // Adding zero makes a minus of "-0" vanish.
    format!("{:.digits$}", value + 0.0).replace('-', "\u{2212}")
}

/// The step between numbers: `least`, or twice, four or ten times that and so on where there is little room.
fn tick_step(least: f32, range: f32, points: f32) -> f32 {
    [1.0, 2.0, 4.0, 10.0, 20.0]
        .into_iter()
        .map(|times| times * least)
        .find(|step| step / range * points >= LEAST_POINTS)
        .unwrap_or(range.max(least))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beside_the_bar_never_touch() {
        for points in [40.0, 150.0, 500.0, 900.0] {
            for range in [20.0, 64.0, 120.0] {
                let step = tick_step(5.0, range, points);
                assert!(step / range * points >= LEAST_POINTS || step >= range);
            }
        }
        assert_eq!(tick_step(5.0, 64.0, 500.0), 5.0);
        assert_eq!(tick_step(5.0, 64.0, 200.0), 10.0);
    }
}
