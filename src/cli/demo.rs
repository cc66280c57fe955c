//! The verb `demo`.

use serde_json::json;

use super::{
    arguments::{Common, Demo},
    console::{Console, Outcome},
};
use mynascope_base::{counted, storage::path_to_text};
use mynascope_collection::{self as collection, DemoKind};

pub fn run(verb: &Demo, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    let summary = {
        let kind = match verb.plain {
            true => DemoKind::Plain,
            false => DemoKind::Mixed,
        };
        collection::write_demo(&verb.dir, kind, common.seed(), &console.watch())?
    };
    Ok(Outcome::new(
        json!({
            "tracks": summary.tracks,
            "seconds": summary.seconds,
            "styles": summary.styles,
            "folder": path_to_text(&verb.dir),
        }),
        format!(
            "{} in {} ({}), {:.0} s of music, with labels.csv: {}",
            counted(summary.tracks, "track"),
            counted(summary.styles.len(), "style"),
            summary.styles.join(", "),
            summary.seconds,
            verb.dir.display()
        ),
    ))
}
