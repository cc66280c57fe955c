use serde_json::json;

use super::{
    arguments::{Common, Map},
    console::{Console, Outcome},
};
use crate::{
    embedding,
    map::{self, MapSettings},
};

pub fn run(verb: &Map, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    map::check_layout_path(&verb.out)?;
    let table = embedding::load_table(&verb.embeddings)?;
    let settings = MapSettings {
        method: verb.method,
        perplexity: verb.perplexity,
        iterations: verb.iterations,
        seed: common.seed(),
    };
    let layout = map::layout(&table, &settings, &console.watch())?;
    map::save_layout(&layout, &table, &verb.out)?;
    let kl = layout
        .kl
        .map_or_else(String::new, |kl| format!(", KL {kl:.3}"));
    let mut text = format!(
        "{} points by {}{kl} in {:.1} s: {}",
        layout.xy.len(),
        layout.method,
        layout.seconds,
        verb.out.display()
    );
    for note in &layout.notes {
        text.push_str("\nnote: ");
        text.push_str(note);
    }
    Ok(Outcome::new(
        json!({
            "points": layout.xy.len(),
            "method": layout.method.to_string(),
            "kl": layout.kl,
            "perplexity": layout.perplexity,
            "seconds": layout.seconds,
            "notes": layout.notes,
            "out": verb.out,
        }),
        text,
    ))
}
