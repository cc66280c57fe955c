//! Bounds of the settings that are kept between starts.

use std::ops::RangeInclusive;

use mynascope_base::storage::{Settings, Theme};

/// Sizes of everything on screen that can be set.
pub const SCALES: RangeInclusive<f32> = 0.75..=2.0;

/// The settings with all values in their bounds.
pub fn bounded(settings: Settings) -> Settings {
    let or = |value: f32, other: f32| if value.is_finite() { value } else { other };
    Settings {
        scale: or(settings.scale, 1.0).clamp(*SCALES.start(), *SCALES.end()),
        volume: or(settings.volume, 1.0).clamp(0.0, 1.0),
        ..settings
    }
}

/// The other theme.
pub fn other_theme(theme: Theme) -> Theme {
    match theme {
        Theme::Dark | Theme::System => Theme::Light,
        Theme::Light => Theme::Dark,
    }
}
