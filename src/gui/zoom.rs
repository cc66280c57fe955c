//! How large the window draws everything.

use eframe::egui;

use super::model::AppState;

/// How large everything is drawn.
pub fn zoom(ctx: &egui::Context, model: &AppState) -> f32 {
    let scale = model.settings.scale.clamp(0.5, 3.0);
    match model.presenting {
        true => presented(ctx.content_rect().size() * ctx.zoom_factor(), scale),
        false => scale,
    }
}

/// How large everything is drawn before an audience, on a screen of so many points, where it is drawn at `scale` else: at 160 %,
/// which is read from the third row, and larger on screens that leave room. Smaller only where the window would be cut.
fn presented(screen: egui::Vec2, scale: f32) -> f32 {
    const READABLE: f32 = 1.6;
    // What workspaces are made for, and what they still fit.
    let room_for = |width: f32, height: f32| (screen / egui::vec2(width, height)).min_elem();
    let large = room_for(1280.0, 800.0).clamp(READABLE, 2.5) * scale;
    large.min(room_for(760.0, 480.0)).max(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_an_audience_text_is_larger_by_three_fifths_wherever_the_window_still_fits() {
        let at = |width: f32, height: f32, scale: f32| presented(egui::vec2(width, height), scale);
        assert_eq!(at(1280.0, 800.0, 1.0), 1.6);
        assert_eq!(at(1920.0, 1080.0, 1.0), 1.6);
        assert_eq!(at(1280.0, 800.0, 0.75), 1.6 * 0.75);
        assert!(at(3840.0, 2160.0, 1.0) > 2.4, "a large screen");
        // A small one: as large as leaves a window that can be used.
        let small = at(1024.0, 600.0, 1.0);
        assert!((1.2..1.6).contains(&small), "{small}");
        assert_eq!(at(700.0, 400.0, 1.0), 1.0);
    }
}
