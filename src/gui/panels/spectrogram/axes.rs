use eframe::egui::{self, Align2, Rect, pos2};

use crate::{
    gui::{model::TimeView, theme},
    spectrum::{MEL_BANDS, band_of_hz},
};

use super::picture::x_of;

const TICK: f32 = theme::UNIT;
/// Octaves, as far as the mel bands reach.
const TICKS_HZ: [(f64, &str); 7] = [
    (125.0, "125"),
    (250.0, "250"),
    (500.0, "500"),
    (1000.0, "1k"),
    (2000.0, "2k"),
    (4000.0, "4k"),
    (7000.0, "7k"),
];

/// Where a place on the band axis lies on the screen. The centre of a band is half a band above its lower edge.
pub fn y_of_band(area: Rect, band: f64) -> f32 {
    area.bottom() - ((band + 0.5) / MEL_BANDS as f64) as f32 * area.height()
}

/// Ticks in Hz at the left of the picture.
pub fn frequency(ui: &egui::Ui, area: Rect) {
    let tokens = theme::tokens(ui);
    let painter = ui.painter();
    let mut lowest_free = area.bottom();
    for (hz, text) in TICKS_HZ {
        let y = y_of_band(area, band_of_hz(hz));
        painter.hline(
            area.left() - TICK..=area.left(),
            y,
            (theme::LINE, tokens.hairline),
        );
        // In a low picture some labels would lie over each other.
        if y > lowest_free - theme::TEXT_SMALL || y < area.top() + 1.5 * theme::TEXT_SMALL {
            continue;
        }
        lowest_free = y - theme::TEXT_SMALL * 0.5;
        painter.text(
            pos2(area.left() - 1.5 * TICK, y),
            Align2::RIGHT_CENTER,
            text,
            theme::small_font(),
            tokens.text_weak,
        );
    }
    painter.text(
        pos2(area.left() - 1.5 * TICK, area.top()),
        Align2::RIGHT_TOP,
        "Hz",
        theme::small_font(),
        tokens.text_weak,
    );
}

/// Steps between ticks in seconds.
const STEPS: [f64; 17] = [
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0,
    1800.0,
];
/// Points between ticks at least.
const LEAST_POINTS: f64 = 72.0;

/// Ticks in seconds under the picture.
pub fn time(ui: &egui::Ui, view: &TimeView, area: Rect) {
    let tokens = theme::tokens(ui);
    let painter = ui.painter();
    let secs_per_point = view.span_secs / f64::from(area.width().max(1.0));
    let step = STEPS
        .into_iter()
        .find(|step| step / secs_per_point >= LEAST_POINTS)
        .unwrap_or(3600.0);
    let (first, last) = steps_in(view, step);
    for index in first..=last {
        let secs = index as f64 * step;
        let x = x_of(view, area, secs);
        painter.vline(
            x,
            area.bottom()..=area.bottom() + TICK,
            (theme::LINE, tokens.hairline),
        );
        // Labels at the ends would be cut.
        let text = label(secs, step);
        let align = if x - area.left() < theme::UNIT {
            Align2::LEFT_TOP
        } else if area.right() - x < 5.0 * theme::UNIT {
            Align2::RIGHT_TOP
        } else {
            Align2::CENTER_TOP
        };
        painter.text(
            pos2(x, area.bottom() + TICK),
            align,
            text,
            theme::small_font(),
            tokens.text_weak,
        );
    }
}

/// The first and the last step that is visible. A view that was zoomed in and out again may begin a rounding error
/// behind a step; that step is still shown.
fn steps_in(view: &TimeView, step: f64) -> (u64, u64) {
    const ROUNDING: f64 = 1e-6;
    let first = (view.start_secs / step - ROUNDING).ceil().max(0.0);
    let last = ((view.start_secs + view.span_secs) / step + ROUNDING).floor();
    (first as u64, last as u64)
}

fn label(secs: f64, step: f64) -> String {
    let digits = if step < 0.1 {
        2
    } else if step < 1.0 {
        1
    } else {
        0
    };
    if secs < 60.0 {
        return format!("{secs:.digits$} s");
    }
    let minutes = (secs / 60.0).floor() as u64;
    let rest = secs - minutes as f64 * 60.0;
    let width = if digits == 0 { 2 } else { 3 + digits };
    if minutes < 60 {
        format!("{minutes}:{rest:0width$.digits$}")
    } else {
        format!(
            "{}:{:02}:{rest:0width$.digits$}",
            minutes / 60,
            minutes % 60
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_labels_say_as_much_as_the_step_needs() {
        assert_eq!(label(5.0, 5.0), "5 s");
        assert_eq!(label(0.25, 0.05), "0.25 s");
        assert_eq!(label(75.0, 15.0), "1:15");
        assert_eq!(label(75.5, 0.5), "1:15.5");
        assert_eq!(label(3725.0, 5.0), "1:02:05");
    }

    #[test]
    fn zooming_in_and_out_again_keeps_the_first_label() {
        let mut view = TimeView::fit(12.32);
        for notches in [1.0, 1.0, -1.0, -1.0] {
            view.zoom(5.5, notches);
        }
        assert_eq!(steps_in(&view, 2.0), (0, 6));
        view.start_secs = 1e-9;
        assert_eq!(steps_in(&view, 2.0), (0, 6));
        view.start_secs = 0.1;
        assert_eq!(steps_in(&view, 2.0), (1, 6));
    }

    #[test]
    fn every_frequency_tick_lies_on_the_picture() {
        let area = Rect::from_min_size(pos2(0.0, 0.0), egui::vec2(100.0, 512.0));
        for (hz, _) in TICKS_HZ {
            assert!(area.y_range().contains(y_of_band(area, band_of_hz(hz))));
        }
    }
}
