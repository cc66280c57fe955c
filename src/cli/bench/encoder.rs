//! How many windows a second an encoder embeds.

use super::Measure;
use crate::cli::arguments::Bench;
use mynascope_encoder::{
    ComputeKind, DeviceChoice, LoadedEncoder, Patching, Preset, compute_devices,
};
use mynascope_spectrum::{
    MEL_BANDS,
    tokens::{MaskKind, MaskRatio, TokenMask, View, WINDOW_FRAMES, draw_views},
};

const RUNS: usize = 5;
const WINDOWS: usize = 64;

/// Tiny and small, square and hybrid, whole and masked windows, on the CPU and every real GPU.
pub(super) fn run(measure: &mut Measure<'_>, verb: &Bench) -> anyhow::Result<()> {
    let windows = noise(WINDOWS);
    let windows: Vec<&[f32]> = windows.iter().map(Vec::as_slice).collect();
    let views: Vec<View> = (0..WINDOWS as u64)
        .map(|track| {
            let [view, _] = draw_views(
                0,
                0,
                track,
                WINDOW_FRAMES,
                MaskKind::Random,
                MaskRatio::MYNA,
            );
            view
        })
        .collect();
    for device in compute_devices() {
        if device.software {
            continue;
        }
        let choice: DeviceChoice = device.spec.parse().map_err(anyhow::Error::msg)?;
        for preset in [Preset::Tiny, Preset::Small] {
            // A CPU takes minutes for it.
            if preset == Preset::Small && device.kind == ComputeKind::Cpu && !verb.full {
                continue;
            }
            for kind in [Patching::Square, Patching::Hybrid] {
                let encoder = LoadedEncoder::random(preset.config(kind), 0, &choice)?;
                let masks = views.iter().map(|view| view.mask(kind.shapes()));
                let masks: Vec<TokenMask> = masks.collect();
                for (masks, masked) in [(None, "whole"), (Some(masks.as_slice()), "90 % masked")] {
                    let what = format!(
                        "{preset} {kind} on {}, {WINDOWS} windows, {masked}",
                        device.spec
                    );
                    let rate = |took: std::time::Duration| WINDOWS as f64 / took.as_secs_f64();
                    measure.runs(what, "windows/s", RUNS, rate, || {
                        encoder.embed_windows(&windows, masks)?;
                        Ok(())
                    })?;
                }
            }
        }
    }
    Ok(())
}

/// Positive noise in the shape of mels: [windows][96 * 128].
fn noise(windows: usize) -> Vec<Vec<f32>> {
    let mut state = 1_u32;
    (0..windows)
        .map(|_| {
            (0..WINDOW_FRAMES * MEL_BANDS)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 8) as f32 / (1 << 24) as f32
                })
                .collect()
        })
        .collect()
}
