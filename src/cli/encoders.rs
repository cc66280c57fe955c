//! The verb `encoders`.

use std::{
    fmt::Write as _,
    io::{IsTerminal, Write as _, stderr, stdin},
    path::PathBuf,
};

use anyhow::bail;
use serde_json::{Value, json};

use super::{
    arguments::{Common, Encoders},
    console::{Console, Outcome},
};
use mynascope_base::storage::path_to_text;
use mynascope_hub::{Hub, HubName, Offer, PUBLISHED, Published, size_text};

pub fn run(verb: &Encoders, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    let hub = Hub::of_user()?;
    match &verb.fetch {
        Some(name) => fetch(&hub, name, verb.yes, common, console),
        None => list(&hub),
    }
}

fn list(hub: &Hub) -> anyhow::Result<Outcome> {
    let mut text = String::new();
    let mut encoders = Vec::new();
    let mut family = "";
    for known in PUBLISHED {
        let folder = on_disk(hub, known);
        if known.family != family {
            family = known.family;
            writeln!(text, "{family}: {}", known.paper)?;
        }
        let Published {
            name,
            parameters,
            window_secs,
            licence,
            ..
        } = known;
        let millions = *parameters as f64 / 1e6;
        let there = match (&folder, known.opens) {
            (_, false) => "cannot be opened yet",
            (Some(_), true) => "on this disk",
            (None, true) => "",
        };
        let line = format!("  {name:28}{millions:6.1} M  {window_secs:5.1} s  {licence:17}{there}");
        writeln!(text, "{}", line.trim_end())?;
        match known.hub {
            Some(hub) => writeln!(text, "    hf:{hub} ({})", known.note)?,
            None => writeln!(text, "    {}", known.note)?,
        }
        encoders.push(json!({
            "name": name,
            "family": family,
            "hub": known.hub,
            "paper": known.paper,
            "parameters": parameters,
            "window_secs": window_secs,
            "licence": licence,
            "note": known.note,
            "opens": known.opens,
            "folder": folder.map(|folder| path_to_text(&folder)),
        }));
    }
    text.push_str(
        "M: millions of parameters; s: the sound of one window; then the licence of the weights\n",
    );
    write!(
        text,
        "--fetch OWNER/NAME fetches one into {}",
        hub.cache().display()
    )?;
    let cache = path_to_text(hub.cache());
    Ok(Outcome::new(
        json!({"encoders": encoders, "cache": cache}),
        text,
    ))
}

/// Where the encoder's files are, if they were fetched.
fn on_disk(hub: &Hub, known: &Published) -> Option<PathBuf> {
    let name: HubName = known.hub?.parse().ok()?;
    hub.cached(&name)
}

fn fetch(
    hub: &Hub,
    name: &HubName,
    yes: bool,
    common: &Common,
    console: &Console,
) -> anyhow::Result<Outcome> {
    let offer = hub.look(name)?;
    let known = PUBLISHED
        .iter()
        .find(|known| known.hub == Some(name.model()));
    if known.is_some_and(|known| !known.opens) {
        console.note(&format!("note: this version cannot open {name} yet"));
    }
    if !yes {
        ask(&offer, common)?;
    } else {
        console.note(&offer.describe());
    }
    let folder = hub.fetch(&offer, &console.watch())?;
    let files: Vec<Value> = (offer.files.iter())
        .map(|file| json!({"name": file.name, "bytes": file.bytes}))
        .collect();
    let size = offer.bytes().map(size_text).unwrap_or_default();
    let text = format!(
        "{name} is on this disk {size}: --checkpoint hf:{name}\n{}",
        folder.display()
    );
    Ok(Outcome::new(
        json!({
            "name": name.to_string(),
            "commit": offer.commit,
            "licence": offer.licence,
            "bytes": offer.bytes(),
            "files": files,
            "folder": path_to_text(&folder),
        }),
        text,
    ))
}

/// Lets the user read size and licence first; no answer is a no.
fn ask(offer: &Offer, common: &Common) -> anyhow::Result<()> {
    let can_ask = stdin().is_terminal() && stderr().is_terminal() && !common.quiet;
    if !can_ask {
        bail!(
            "nothing was fetched; --yes fetches it:\n{}",
            offer.describe()
        );
    }
    eprint!("{}\nfetch it? [y/N] ", offer.describe());
    stderr().flush()?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    if !matches!(answer.trim(), "y" | "Y" | "yes" | "Yes") {
        bail!("nothing was fetched");
    }
    Ok(())
}
