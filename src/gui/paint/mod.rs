//! What the graphics card draws itself: callbacks inside egui's render pass.

pub mod scatter;
mod spectrogram;
mod tiles;

pub use spectrogram::{MaskPaint, PicturePart, SpectrogramPaint, Uploads};

use eframe::egui_wgpu::RenderState;

/// Compiles the shaders for a renderer; without this the callbacks draw nothing.
pub fn install(state: &RenderState) {
    let mut renderer = state.renderer.write();
    let parts = spectrogram::PictureParts::new(&state.device, state.target_format);
    renderer.callback_resources.insert(parts);
    scatter::install(
        &state.device,
        state.target_format,
        &mut renderer.callback_resources,
    );
}

/// How much was sent to the graphics card for spectrograms so far; `None` before [`install`].
pub fn uploads(state: &RenderState) -> Option<Uploads> {
    let renderer = state.renderer.read();
    renderer
        .callback_resources
        .get::<spectrogram::PictureParts>()
        .map(spectrogram::PictureParts::uploads)
}
