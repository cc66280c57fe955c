//! The axes of the spectrogram: seconds, Hz, notes.

use eframe::egui::{self, Align2, Rect, pos2};

use crate::gui::{
    model::{BandView, TimeView},
    theme,
};
use mynascope_spectrum::VqtSpec;

use super::{
    frequencies::Frequencies,
    picture::{x_of, y_of},
};

const TICK: f32 = theme::UNIT;
/// Octaves over a VQT, whose lowest bin is A0.
const VQT_OCTAVES_HZ: [f64; 7] = [55.0, 110.0, 220.0, 440.0, 880.0, 1760.0, 3520.0];
/// Steps between ticks where fewer than this of the usual ones are visible.
const FEW: usize = 4;
const STEPS_HZ: [f64; 12] = [
    10_000.0, 5000.0, 2000.0, 1000.0, 500.0, 200.0, 100.0, 50.0, 20.0, 10.0, 5.0, 2.0,
];

/// Frequencies that get a tick: the usual ones of an axis, or even steps where few of them are visible.
fn ticks_hz(frequencies: Frequencies, bands: &BandView) -> Vec<f64> {
    let visible = |hz: &f64| {
        let place = frequencies.place_of(*hz);
        place >= bands.low && place <= bands.low + bands.span
    };
    let usual = frequencies.usual_ticks().iter().copied();
    let usual: Vec<f64> = usual.filter(visible).collect();
    if usual.len() >= FEW {
        return usual;
    }
    let highest = frequencies.highest();
    let even = |step: f64| -> Vec<f64> {
        let count = (highest / step) as usize;
        (1..=count)
            .map(|index| index as f64 * step)
            .filter(visible)
            .collect()
    };
    let mut found = usual;
    for step in STEPS_HZ {
        if found.len() < FEW {
            found = even(step);
        }
    }
    found
}

fn format_hz(hz: f64) -> String {
    if hz >= 1000.0 {
        format!("{}k", hz / 1000.0)
    } else {
        format!("{hz:.0}")
    }
}

/// Ticks in Hz at the left of the picture.
pub fn frequency(ui: &egui::Ui, frequencies: Frequencies, bands: &BandView, area: Rect) {
    let ticks = ticks_hz(frequencies, bands).into_iter();
    let ticks = ticks.map(|hz| (hz, y_of(bands, area, frequencies.place_of(hz))));
    let tokens = theme::tokens(ui);
    write_ticks(ui, ticks, area);
    let below = pos2(area.left() - 1.5 * TICK, area.bottom() + TICK);
    let font = theme::small_font();
    ui.painter()
        .text(below, Align2::RIGHT_TOP, "Time", font, tokens.text_weak);
}

/// Ticks in Hz at the left of a VQT, whose octaves are equally high.
pub fn bins(ui: &egui::Ui, spec: &VqtSpec, area: Rect) {
    // Bins lie around whole numbers.
    let y_of_bin =
        |bin: f64| area.bottom() - ((bin + 0.5) / spec.bins as f64) as f32 * area.height();
    let ticks = VQT_OCTAVES_HZ
        .into_iter()
        .map(|hz| (hz, y_of_bin(spec.bin_of_hz(hz))));
    write_ticks(ui, ticks.filter(|(_, y)| area.y_range().contains(*y)), area);
}

/// Ticks with their numbers at the left of an area, lowest first.
fn write_ticks(ui: &egui::Ui, ticks: impl Iterator<Item = (f64, f32)>, area: Rect) {
    let tokens = theme::tokens(ui);
    let painter = ui.painter();
    let mut lowest_free = area.bottom();
    for (hz, y) in ticks {
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
            format_hz(hz),
            theme::small_font(),
            tokens.text_weak,
        );
    }
    let corner = pos2(area.left() - 1.5 * TICK, area.top());
    let font = theme::small_font();
    painter.text(corner, Align2::RIGHT_TOP, "Hz", font, tokens.text_weak);
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
        let text = painter.layout_no_wrap(label(secs, step), theme::small_font(), tokens.text_weak);
        let left = left_of(x, text.size().x, area);
        painter.galley(pos2(left, area.bottom() + TICK), text, tokens.text_weak);
    }
}

/// Where a label begins: in the middle of its tick, but within the width of the picture, beside which something else stands.
fn left_of(tick: f32, width: f32, area: Rect) -> f32 {
    let last = (area.right() - width).max(area.left());
    (tick - 0.5 * width).clamp(area.left(), last)
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
    use mynascope_spectrum::{FrequencyAxis, FrequencyScale};

    #[test]
    fn time_labels_say_as_much_as_the_step_needs() {
        assert_eq!(label(5.0, 5.0), "5 s");
        assert_eq!(label(0.25, 0.05), "0.25 s");
        assert_eq!(label(75.0, 15.0), "1:15");
        assert_eq!(label(75.5, 0.5), "1:15.5");
        assert_eq!(label(3725.0, 5.0), "1:02:05");
    }

    #[test]
    fn a_label_stays_beside_the_name_of_its_axis() {
        let area = Rect::from_min_size(pos2(40.0, 0.0), egui::vec2(300.0, 100.0));
        for (tick, left) in [(40.0, 40.0), (46.0, 40.0), (100.0, 85.0), (338.0, 310.0)] {
            assert_eq!(left_of(tick, 30.0, area), left);
        }
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
    fn however_far_the_picture_is_zoomed_some_frequencies_are_named() {
        let whole = ticks_hz(Frequencies::Mel, &BandView::default());
        assert_eq!(whole, Frequencies::Mel.usual_ticks());
        let sound = |axis| {
            let top_hz = 22_050.0;
            Frequencies::Sound(FrequencyScale { axis, top_hz })
        };
        let [linear, log] = FrequencyAxis::ALL.map(sound);
        let whole = ticks_hz(linear, &BandView::default());
        assert_eq!(whole, [5000.0, 10_000.0, 15_000.0, 20_000.0]);
        let whole = ticks_hz(log, &BandView::default());
        assert_eq!((whole.len(), whole[9]), (10, 20_000.0));
        for frequencies in [Frequencies::Mel, linear, log] {
            for low in [0.0, 40.0, 120.0] {
                let bands = BandView { low, span: 8.0 };
                let ticks = ticks_hz(frequencies, &bands);
                assert!((FEW..40).contains(&ticks.len()), "{ticks:?}");
                let area = Rect::from_min_size(pos2(0.0, 0.0), egui::vec2(100.0, 512.0));
                for hz in ticks {
                    let y = y_of(&bands, area, frequencies.place_of(hz));
                    assert!(area.y_range().contains(y));
                }
            }
        }
        assert_eq!(
            (format_hz(440.0), format_hz(2500.0)),
            ("440".into(), "2.5k".into())
        );
    }
}
