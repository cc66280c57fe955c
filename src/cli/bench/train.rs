//! How many tracks a second training takes in.

use super::Measure;
use crate::cli::arguments::{Bench, Common};
use mynascope_collection as collection;
use mynascope_encoder::{ComputeKind, DeviceChoice, Patching, Precision, Preset, compute_devices};
use mynascope_train::{self as train, TrainConfig, TrainControl, TrainEvent};

/// Steps of a measurement; the first ones, which warm up, are left out.
const STEPS: u64 = 8;
const WARM_UP: usize = 2;
const BATCHES: [usize; 3] = [64, 256, 1024];

/// Whole steps of training on the demo collection, as `train` does them: crops, masks, both views, loss and update.
pub(super) fn run(measure: &mut Measure<'_>, verb: &Bench, common: &Common) -> anyhow::Result<()> {
    let demo = collection::open(&["demo".into()], &measure.console.watch())?;
    let tracks = demo.tracks.len();
    // A batch takes each track once: the collection is repeated until the largest batch has enough.
    let mut many = demo.clone();
    while many.tracks.len() < 1024 {
        many.tracks.extend(demo.tracks.iter().cloned());
    }
    for device in compute_devices() {
        if device.software {
            continue;
        }
        let trained = verb.precision.iter().copied();
        let precisions: Vec<Precision> = trained
            .filter(|precision| *precision != Precision::Int8)
            .collect();
        let cpu = device.kind == ComputeKind::Cpu;
        let choice: DeviceChoice = device.spec.parse().map_err(anyhow::Error::msg)?;
        for preset in [Preset::Tiny, Preset::Small] {
            for patch in [Patching::Square, Patching::Hybrid] {
                for batch in BATCHES {
                    // On a CPU the other sizes take many minutes.
                    if cpu && !verb.full && (preset != Preset::Tiny || batch > 64) {
                        continue;
                    }
                    for &precision in &precisions {
                        let config = TrainConfig {
                            precision,
                            data: vec!["demo".into()],
                            preset: preset.into(),
                            patch,
                            batch,
                            steps: STEPS,
                            save_every: STEPS,
                            device: choice,
                            seed: common.seed(),
                            ..TrainConfig::default()
                        };
                        let out = tempfile::tempdir()?;
                        let (mut rates, mut stalls) = (Vec::new(), Vec::new());
                        train::run(
                            &config,
                            &many,
                            &out.path().join("run"),
                            &TrainControl::default(),
                            &mut |event| {
                                if let TrainEvent::Step(step) = event {
                                    rates.push(0.5 * step.windows_per_second);
                                    stalls.extend(step.stall.map(|stall| 100.0 * stall));
                                }
                            },
                        )?;
                        let what = format!(
                            "{preset} {patch} on {}, batch {batch}, 90 % masked, {precision}",
                            device.spec
                        );
                        let stalled = format!("{what}: waited for input");
                        measure.values(what, "tracks/s", rates.split_off(WARM_UP.min(rates.len())));
                        measure.values(stalled, "%", stalls.split_off(WARM_UP.min(stalls.len())));
                        measure.console.cancel().check()?;
                    }
                }
            }
        }
    }
    measure.note(format!(
        "train: the {tracks} tracks of the demo collection, repeated where a batch needs more"
    ));
    Ok(())
}
