//! How many windows a second an encoder embeds, and how near that is to what the processor can do.

use std::fmt;

use serde::Serialize;

use super::Measure;
use crate::cli::arguments::Bench;
use mynascope_encoder::{
    ComputeDevice, ComputeKind, DeviceChoice, EncoderConfig, LoadedEncoder, Patching, Precision,
    Preset, compute_devices, cosines_of, families::maest, peak_rate,
};
use mynascope_spectrum::{
    MEL_BANDS,
    tokens::{MaskKind, MaskRatio, TokenMask, View, WINDOW_FRAMES, draw_views},
};

const RUNS: usize = 5;
const WINDOWS: usize = 64;
/// Of an encoder that takes seconds for one.
const LONG_WINDOWS: usize = 2;

/// What an encoder reached.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Speed {
    /// Family and size.
    pub encoder: String,
    pub precision: Precision,
    pub windows_per_second: f64,
    /// Billions of operations a second, as far as they are products of matrices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gflops: Option<f64>,
    /// The same as a share of what this processor reaches from registers in these numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_of_peak: Option<f64>,
    /// Of its embeddings and those in 32 bits: mean over windows.
    pub cosine_to_f32: f64,
    /// The least of them.
    pub worst_cosine_to_f32: f64,
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(rate), Some(share)) = (self.gflops, self.share_of_peak) {
            write!(f, "{rate:.0} GFLOP/s, {:.0} % of the peak", 100.0 * share)?;
        }
        if self.precision != Precision::F32 {
            let (mean, worst) = (self.cosine_to_f32, self.worst_cosine_to_f32);
            write!(f, "; cosine to f32 {mean:.5}, worst {worst:.5}")?;
        }
        Ok(())
    }
}

/// Tiny and small, square and hybrid, whole and masked windows, and a MAEST of 30 s, on the CPU and every real GPU.
pub(super) fn run(measure: &mut Measure<'_>, verb: &Bench) -> anyhow::Result<()> {
    let devices: Vec<ComputeDevice> = compute_devices()
        .into_iter()
        .filter(|device| !device.software)
        .collect();
    for device in &devices {
        for preset in [Preset::Tiny, Preset::Small] {
            // A CPU takes minutes for it.
            if preset == Preset::Small && device.kind == ComputeKind::Cpu && !verb.full {
                continue;
            }
            for kind in [Patching::Square, Patching::Hybrid] {
                let config = preset.config(kind);
                let masks: Vec<TokenMask> =
                    (0..WINDOWS as u64).map(|track| mask(track, kind)).collect();
                let windows = noise(WINDOWS, WINDOW_FRAMES * MEL_BANDS);
                let of = Measured {
                    config: config.into(),
                    name: format!("{preset} {kind}"),
                    windows: &windows,
                };
                of.run(measure, verb, device, None)?;
                of.run(measure, verb, device, Some(&masks))?;
            }
        }
        if verb.full
            && let Some(config) = maest::Config::published(30, 0, maest::Form::Hub)
        {
            let values = config.frames() * maest::BANDS;
            let windows = noise(LONG_WINDOWS, values);
            let of = Measured {
                config: config.into(),
                name: "MAEST 30 s".to_owned(),
                windows: &windows,
            };
            of.run(measure, verb, device, None)?;
        }
    }
    Ok(())
}

/// The view that training would see of a track, 90 % masked.
fn mask(track: u64, kind: Patching) -> TokenMask {
    let [view, _]: [View; 2] = draw_views(
        0,
        0,
        track,
        WINDOW_FRAMES,
        MaskKind::Random,
        MaskRatio::MYNA,
    );
    view.mask(kind.shapes())
}

struct Measured<'a> {
    config: EncoderConfig,
    name: String,
    windows: &'a [Vec<f32>],
}

impl Measured<'_> {
    fn run(
        &self,
        measure: &mut Measure<'_>,
        verb: &Bench,
        device: &ComputeDevice,
        masks: Option<&[TokenMask]>,
    ) -> anyhow::Result<()> {
        let choice: DeviceChoice = device.spec.parse().map_err(anyhow::Error::msg)?;
        let windows: Vec<&[f32]> = self.windows.iter().map(Vec::as_slice).collect();
        let open = |precision| LoadedEncoder::random_in(self.config, 0, precision, &choice);
        let exact = open(Precision::F32)?;
        let reference = exact.embed_windows(&windows, masks)?;
        for &precision in &verb.precision {
            let encoder = match open(precision) {
                Ok(encoder) => encoder,
                Err(error) => {
                    measure.note(error.to_string());
                    continue;
                }
            };
            let masked = masks.map_or("whole", |_| "90 % masked");
            let (name, count) = (&self.name, windows.len());
            let what = format!(
                "{name} on {}, {count} windows, {masked}, {precision}",
                device.spec
            );
            let rate = |took: std::time::Duration| count as f64 / took.as_secs_f64();
            let mut found = Vec::new();
            measure.runs(what, "windows/s", RUNS, rate, || {
                found = encoder.embed_windows(&windows, masks)?;
                Ok(())
            })?;
            let is_cpu = device.kind == ComputeKind::Cpu;
            let peak = is_cpu.then(|| peak_rate(precision)).flatten();
            // What a masked window takes is not told by its encoder.
            let flops = masks.is_none().then_some(encoder.info().flops as f64);
            let (mean, worst) = cosines_of(&found, &reference, exact.embedding_dim());
            measure.more(|windows_per_second| {
                let gflops = flops.map(|flops| flops * windows_per_second / 1e9);
                Speed {
                    encoder: name.clone(),
                    precision,
                    windows_per_second,
                    gflops,
                    share_of_peak: gflops.zip(peak).map(|(rate, peak)| rate / peak),
                    cosine_to_f32: mean,
                    worst_cosine_to_f32: worst,
                }
            });
        }
        Ok(())
    }
}

/// Positive noise: [windows][values].
fn noise(windows: usize, values: usize) -> Vec<Vec<f32>> {
    let mut state = 1_u32;
    (0..windows)
        .map(|_| {
            (0..values)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 8) as f32 / (1 << 24) as f32
                })
                .collect()
        })
        .collect()
}
