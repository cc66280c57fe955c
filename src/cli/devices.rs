//! The verb `devices`.

use std::fmt::Write;

use serde_json::{Value, json};

use super::console::Outcome;
use mynascope_audio as audio;
use mynascope_encoder as encoder;

pub fn run() -> anyhow::Result<Outcome> {
    let compute = encoder::compute_devices();
    let sound = audio::output_devices();
    let mut text = String::from("compute\n");
    for device in &compute {
        writeln!(
            text,
            "  {:8} {}{}{}",
            device.spec,
            device.name,
            if device.software {
                " (software, never chosen by auto)"
            } else {
                ""
            },
            if device.is_default {
                "  <- default"
            } else {
                ""
            }
        )?;
    }
    text.push_str("sound\n");
    if sound.is_empty() {
        text.push_str("  none: everything but listening works");
    }
    for device in &sound {
        writeln!(
            text,
            "  {}{}",
            device.name,
            if device.is_default {
                "  <- default"
            } else {
                ""
            }
        )?;
    }
    let compute: Vec<Value> = compute
        .iter()
        .map(|device| {
            json!({
                "name": device.name,
                "device": device.spec,
                "software": device.software,
                "default": device.is_default,
            })
        })
        .collect();
    let sound: Vec<Value> = sound
        .iter()
        .map(|device| json!({"name": device.name, "id": device.id, "default": device.is_default}))
        .collect();
    Ok(Outcome::new(
        json!({"compute": compute, "sound": sound}),
        text.trim_end().to_owned(),
    ))
}
