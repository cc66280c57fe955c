//! In which numbers the encoder multiplies, and what that gains and costs on this machine.

use eframe::egui::{Button, Ui};

use super::{pick, row};
use crate::gui::{
    command::EncoderCommand,
    model::{EncoderSource, PrecisionGains, described},
    panels::parts,
};
use mynascope_encoder::{DeviceChoice, EncoderInfo, Family, Precision, PrecisionGain, Reading};

const HINT: &str = "In which numbers the encoder multiplies: fewer bits are faster and hardly change the embeddings (--precision)";
const MEASURE_HINT: &str = "Embeds windows of the shown track in each, in turn, and says how much faster that is on this machine and how \
                            near the embeddings stay (mynascope bench encoder)";

/// The choice: what the kind of device knows, so that it looks alike on every machine; what this one lacks says so.
pub fn show(
    ui: &mut Ui,
    gains: &PrecisionGains,
    source: &EncoderSource,
    info: &EncoderInfo,
    reading: &mut Reading,
    push: &mut dyn FnMut(EncoderCommand),
) {
    let offered = match source.device {
        DeviceChoice::Cpu | DeviceChoice::Auto => {
            [Precision::F32, Precision::Bf16, Precision::Int8]
        }
        _ => [Precision::F32, Precision::Bf16, Precision::F16],
    };
    if info.family == Family::Baseline {
        return;
    }
    let is_on_cpu = offered.contains(&Precision::Int8);
    let words = offered.map(|precision| {
        let missing = precision.problem_on_cpu().filter(|_| is_on_cpu);
        let missing = missing.map_or(String::new(), |why| format!(". Not here: {why}"));
        (
            precision,
            precision.to_string(),
            format!("{}{missing}", explanation(precision)),
        )
    });
    let options = words
        .each_ref()
        .map(|(precision, name, words)| (*precision, name.as_str(), words.as_str()));
    row(ui, "Numbers", HINT, |ui| {
        if let Some(chosen) = pick(ui, &options, reading.precision) {
            reading.precision = chosen;
        }
    });
    if let Some(why) = reading.precision.problem_on_cpu().filter(|_| is_on_cpu) {
        parts::error(ui, why);
    }
    let known: Vec<&PrecisionGain> = options
        .iter()
        .filter_map(|(precision, ..)| gains.of(source, *precision))
        .collect();
    for gain in &known {
        parts::explain(ui, described(gain));
    }
    if !gains.is_of(source) {
        if parts::wide(
            ui,
            ui.available_width(),
            Button::new("Measure what fewer bits gain"),
            true,
            MEASURE_HINT,
        ) {
            push(EncoderCommand::MeasurePrecisions);
        }
    } else if let Some(problem) = &gains.problem {
        parts::error(ui, problem);
    } else if gains.job.running().is_some() {
        parts::quiet(ui, "Measuring …");
    }
}

fn explanation(precision: Precision) -> &'static str {
    match precision {
        Precision::F32 => "32 bits: as published",
        Precision::Bf16 => "16 bits with the range of 32; sums, norms and softmax stay in 32",
        Precision::F16 => "16 bits with a small range",
        Precision::Int8 => {
            "Weights and tokens as whole numbers of 8 bits, each row with a scale; attention in bf16"
        }
    }
}
