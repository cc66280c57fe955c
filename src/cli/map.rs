//! The verb `map`.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{
    arguments::{Common, Map},
    console::{Console, Outcome, WrongUsage},
    embed, tables,
};
use mynascope_base::{counted, storage::path_to_text};
use mynascope_embedding::{self as embedding, EmbeddingTable, ExtractSettings};
use mynascope_map::{self as map, Landed, MapSettings};

pub fn run(verb: &Map, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    map::check_layout_path(&verb.out).map_err(|error| WrongUsage(error.to_string()))?;
    let table = tables::open(&verb.embeddings, verb.audio_folder.as_deref(), console)?;
    let settings = MapSettings {
        method: verb.method,
        perplexity: verb.perplexity,
        neighbours: verb.neighbours,
        iterations: verb.iterations,
        seed: common.seed(),
    };
    let layout = map::layout(&table, &settings, &console.watch())?;
    let landed = land(verb, &table, &layout.xy, common, console)?;
    map::save_landed(&layout, &table, &landed, &verb.out)?;
    let kept = layout.neighbours_kept.map_or_else(String::new, |share| {
        format!(", neighbours kept {:.0} %", 100.0 * share)
    });
    let kl = layout
        .kl
        .map_or_else(String::new, |kl| format!(", KL {kl:.3}"));
    let mut text = format!(
        "{} by {}{kept}{kl} in {:.1} s: {}",
        counted(layout.xy.len(), "point"),
        layout.method.title(),
        layout.seconds,
        verb.out.display()
    );
    for note in &layout.notes {
        text.push_str("\nnote: ");
        text.push_str(note);
    }
    for landed in &landed {
        let [x, y] = landed.at;
        write!(
            text,
            "\nplaced at {x:8.3} {y:8.3}, cosine to its nearest {:.3}  {:7.2} s  {}",
            landed.nearest,
            landed.start_secs,
            landed.path.display()
        )?;
    }
    let landed: Vec<Value> = landed
        .iter()
        .map(|landed| {
            let [x, y] = landed.at;
            json!({
                "path": path_to_text(&landed.path),
                "timestamp": landed.start_secs,
                "x": x,
                "y": y,
                "nearest": landed.nearest,
            })
        })
        .collect();
    Ok(Outcome::new(
        json!({
            "points": layout.xy.len(),
            "method": layout.method.to_string(),
            "kl": layout.kl,
            "perplexity": layout.perplexity,
            "neighbours": layout.neighbours,
            "neighbours_kept": layout.neighbours_kept,
            "seconds": layout.seconds,
            "notes": layout.notes,
            "landed": landed,
            "out": path_to_text(&verb.out),
        }),
        text,
    ))
}

/// Where the files land that were asked for.
fn land(
    verb: &Map,
    table: &EmbeddingTable,
    xy: &[[f32; 2]],
    common: &Common,
    console: &Console,
) -> anyhow::Result<Vec<Landed>> {
    if verb.land.is_empty() {
        return Ok(Vec::new());
    }
    let encoder = embed::open_encoder_of(&verb.encoder, table, &verb.embeddings, common, console)?;
    let settings = ExtractSettings {
        channel: common.channel(),
        ..ExtractSettings::default()
    };
    let mut landed = Vec::new();
    for file in &verb.land {
        let watch = console.watch();
        let extraction = embedding::extract_stretch(file, None, &encoder, &settings, &watch)?;
        console.caveats(extraction.caveats.iter().cloned());
        landed.extend(map::land_windows(table, table.level, xy, &extraction.table));
    }
    Ok(landed)
}
