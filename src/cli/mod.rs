//! The command line: one thin file per verb. Each calls the same function as the window's button and only turns
//! its result into words, JSON and an exit code.

mod arguments;
mod bench;
mod compare;
mod console;
mod convert;
mod demo;
mod devices;
mod diagnose;
mod embed;
mod encoders;
mod inspect;
mod install_desktop;
mod key;
mod map;
mod mask;
mod mel;
mod neighbours;
mod picture;
mod predict;
mod probe;
mod probe_curves;
mod runs;
#[cfg(target_os = "linux")]
mod runtime_folder;
mod tables;
mod tour;
mod train;

use std::{path::Path, process::ExitCode};

use clap::{ArgMatches, CommandFactory, FromArgMatches, error::ErrorKind};
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use arguments::{Arguments, Verb};
use console::{Console, WrongUsage};

use mynascope_base::{jobs, jobs::Cancelled, system_words};
use mynascope_collection::{DEMO_WORD, DemoKind};
use mynascope_encoder::CheckpointRef;

/// Done, but some inputs were skipped or decoded in part.
const SKIPPED: u8 = 3;

/// The command line asks for what cannot be.
const WRONG_USAGE: u8 = 2;

/// Runs the program with the arguments of this process. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but
/// some inputs were skipped or decoded in part.
pub fn main() -> ExitCode {
    let arguments = Arguments::from_arg_matches(&matches());
    let arguments = arguments.unwrap_or_else(|error| error.exit());
    #[cfg(target_os = "linux")]
    runtime_folder::ensure();
    // Libraries log what they can live with (a driver that is missing); what matters comes back as an error.
    tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr))
        .with(Targets::new().with_target("mynascope", tracing::Level::WARN))
        .init();
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            // Rooms pass it on as a variant of their own error, with its words.
            let stopped = error.to_string() == Cancelled.to_string();
            if stopped {
                eprintln!("mynascope: stopped; what was written is complete. Start again to go on");
            } else {
                eprintln!("mynascope: {}", complaint(&error));
            }
            match error.downcast_ref::<WrongUsage>() {
                Some(_) => ExitCode::from(WRONG_USAGE),
                None => ExitCode::FAILURE,
            }
        }
    }
}

/// What the command line says; ends the program where it is wrong.
fn matches() -> ArgMatches {
    let wrong = match command().try_get_matches() {
        Ok(matches) => return matches,
        Err(error) => error,
    };
    let _ = wrong.print();
    // The one word that is a verb and a collection: who forgets its folder may mean the other.
    let is_demo = std::env::args_os()
        .nth(1)
        .is_some_and(|word| word == DEMO_WORD);
    if is_demo && wrong.kind() == ErrorKind::MissingRequiredArgument {
        eprintln!("\nTo open the demo collection in the window: mynascope -- demo");
    }
    std::process::exit(wrong.exit_code())
}

/// An error with its causes, each said once: the crates' errors name their cause themselves.
fn complaint(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause
            .downcast_ref::<std::io::Error>()
            .map_or_else(|| cause.to_string(), system_words);
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let common = arguments.common;
    if let Some(threads) = common.threads {
        jobs::configure_threads(threads.get())?;
    }
    let Some(verb) = arguments.verb else {
        for path in &arguments.paths {
            if path.exists() || DemoKind::of_path(path).is_some() {
                continue;
            }
            let is_hub = path.to_str().is_some_and(|text| text.starts_with("hf:"));
            let what = match CheckpointRef::File(path.clone()).resolve() {
                Ok(_) if is_hub => continue,
                Err(error) if is_hub => error.to_string(),
                _ => format!(
                    "'{}' is neither a verb nor a file or folder that exists",
                    path.display()
                ),
            };
            command().error(ErrorKind::InvalidValue, what).exit();
        }
        crate::gui::run_window(arguments.paths)?;
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(path) = arguments.paths.first() {
        let what = format!("put '{}' behind the verb", path.display());
        command().error(ErrorKind::ArgumentConflict, what).exit();
    }
    let console = Console::new(&common)?;
    if let Some(folder) = new_folder(&verb) {
        console.note(&format!(
            "note: the folder of --out is not there and will be made: {}",
            folder.display()
        ));
    }
    let outcome = match verb {
        Verb::Demo(verb) => demo::run(&verb, &common, &console),
        Verb::Tour(verb) => tour::run(&verb, &common, &console),
        Verb::Mel(verb) => mel::run(&verb, &common, &console),
        Verb::Mask(verb) => mask::run(&verb, &common, &console),
        Verb::Picture(verb) => picture::run(&verb, &common, &console),
        Verb::Inspect(verb) => inspect::run(&verb),
        Verb::Encoders(verb) => encoders::run(&verb, &common, &console),
        Verb::Embed(verb) => embed::run(&verb, &common, &console),
        Verb::Train(verb) => train::run(&verb, &common, &console),
        Verb::Runs(verb) => runs::run(&verb),
        Verb::Probe(verb) => probe::run(&verb, &common, &console),
        Verb::Predict(verb) => predict::run(&verb, &common, &console),
        Verb::Compare(verb) => compare::run(&verb, &common, &console),
        Verb::Diagnose(verb) => diagnose::run(&verb, &common, &console),
        Verb::Key(verb) => key::run(&verb, &common, &console),
        Verb::Map(verb) => map::run(&verb, &common, &console),
        Verb::Neighbours(verb) => neighbours::run(&verb, &common, &console),
        Verb::Devices => devices::run(),
        Verb::InstallDesktop(verb) => install_desktop::run(&verb),
        Verb::Convert(verb) => convert::run(&verb),
        Verb::Bench(verb) => bench::run(&verb, &common, &console),
    }?;
    Ok(if console.finish(&outcome)? {
        ExitCode::from(SKIPPED)
    } else {
        ExitCode::SUCCESS
    })
}

/// The folder that a verb's result goes to, where it is not there yet: a slip of the pen should be seen.
fn new_folder(verb: &Verb) -> Option<&Path> {
    let out = match verb {
        Verb::Mel(verb) => &verb.out,
        Verb::Mask(verb) => &verb.out,
        Verb::Picture(verb) => &verb.out,
        Verb::Embed(verb) => &verb.out,
        Verb::Map(verb) => &verb.out,
        Verb::Convert(verb) => &verb.out,
        Verb::Predict(verb) => verb.out.as_ref()?,
        Verb::Demo(_) | Verb::Tour(_) | Verb::Train(_) | Verb::Probe(_) => return None,
        Verb::Compare(_) | Verb::Diagnose(_) | Verb::Key(_) => return None,
        Verb::Inspect(_)
        | Verb::Encoders(_)
        | Verb::Neighbours(_)
        | Verb::Devices
        | Verb::InstallDesktop(_) => return None,
        Verb::Bench(_) | Verb::Runs(_) => return None,
    };
    let folder = out.parent()?;
    (!folder.as_os_str().is_empty() && !folder.exists()).then_some(folder)
}

/// The verbs and options as clap knows them, for tests and for the window's "Copy as command".
pub fn command() -> clap::Command {
    Arguments::command()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn paths_open_the_window_and_verbs_do_not() {
        let window = Arguments::try_parse_from(["mynascope", "a.wav", "music"]).unwrap();
        assert!(window.verb.is_none());
        assert_eq!(window.paths.len(), 2);
        let verb = Arguments::try_parse_from(["mynascope", "devices", "--json"]).unwrap();
        assert!(matches!(verb.verb, Some(Verb::Devices)));
        assert!(verb.common.json);
        let before = Arguments::try_parse_from(["mynascope", "--quiet", "devices"]).unwrap();
        assert!(matches!(before.verb, Some(Verb::Devices)) && before.common.quiet);
    }

    #[test]
    fn impossible_values_are_wrong_usage() {
        for wrong in [
            vec!["mask", "a.wav", "--out", "b.wav", "--ratio", "1"],
            vec![
                "mask", "a.wav", "--out", "b.wav", "--ratio", "0.9", "--patch", "round",
            ],
            vec!["devices", "--device", "toaster"],
            vec!["picture", "--out", "a.png", "--size", "0x10"],
            vec!["train", "--data", "demo", "--out", "run", "--batch", "0"],
            vec!["probe", "--data", "demo", "--protocol", "folds:1"],
            vec!["compare", "--data", "demo", "--layers", "some"],
            vec!["diagnose", "--data", "demo", "--semitones", "-2,0"],
        ] {
            let line = std::iter::once("mynascope").chain(wrong.iter().copied());
            let error = Arguments::try_parse_from(line).err().unwrap();
            assert_eq!(error.exit_code(), 2, "{wrong:?}");
        }
    }
}
