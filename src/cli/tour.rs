//! The verb `tour`.

use std::{
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context;
use serde_json::{Value, json};

use super::{
    arguments::{Common, Tour},
    console::{Console, Outcome},
    picture::PATIENCE,
    train::follow,
};
use crate::gui::{
    Offscreen, PictureRequest,
    command::{Command, ProbeCommand},
    save_png,
    workspace::Workspace,
};
use mynascope_audio as audio;
use mynascope_base::{
    counted,
    storage::{self, Settings, Theme, path_to_text},
};
use mynascope_collection::{Collection, DEMO_WORD};
use mynascope_embedding::{self as embedding, ExtractSettings, Extraction};
use mynascope_encoder::{CheckpointRef, LoadedEncoder};
use mynascope_map::{self as map, MapSettings};
use mynascope_probe::{self as probe, ProbeReport, ProbeSettings, Protocol};
use mynascope_spectrum::{
    self as spectrum, Part,
    tokens::{MaskKind, MaskRatio, PatchShape, TrackView, ViewName},
};
use mynascope_train::{self as train, TrainConfig, TrainSummary};

/// Length of the tour's training: long enough that the loss falls clearly, short enough for two cores.
const STEPS: u64 = 150;
const BATCH: usize = 32;
/// Folds of the tour's probe: with few tracks a single split says little.
const FOLDS: usize = 5;

/// What the steps of the tour leave for its summary.
struct Findings {
    collection: Collection,
    training: TrainSummary,
    untrained: Scored,
    trained: Scored,
    layout: map::Layout,
    pictures: Vec<PathBuf>,
    seconds: f64,
}

/// One encoder's embeddings and its score, if the collection has labels to score.
struct Scored {
    extraction: Extraction,
    report: Result<ProbeReport, String>,
}

pub fn run(verb: &Tour, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    let begin = Instant::now();
    storage::create_folder(&verb.dir)?;
    let paths = if verb.paths.is_empty() {
        vec![PathBuf::from(DEMO_WORD)]
    } else {
        verb.paths.clone()
    };
    let collection = console.open(&paths)?;
    console.note(&format!(
        "{}: {}",
        collection.name,
        counted(collection.tracks.len(), "track")
    ));
    listen(&collection, &verb.dir, common, console)?;

    let config = TrainConfig {
        data: paths.clone(),
        steps: STEPS,
        batch: BATCH,
        seed: common.seed(),
        device: common.device(),
        ..TrainConfig::default()
    };
    let run_folder = verb.dir.join("run");
    let training = follow(console, STEPS, |control, events| {
        train::run(&config, &collection, &run_folder, control, events)
    })
    .context("the tour trains into a new folder; name one that does not exist")?;

    let checkpoint = CheckpointRef::File(training.checkpoint.clone());
    let before = LoadedEncoder::random(config.encoder_config(), common.seed(), &common.device())?;
    let untrained = score(&collection, &before, common, console)?;
    let after = LoadedEncoder::open(&checkpoint, None, &common.device())?;
    let trained = score(&collection, &after, common, console)?;
    let table = &trained.extraction.table;
    embedding::save_table(table, &verb.dir.join("embeddings.npz"))?;
    let settings = MapSettings {
        seed: common.seed(),
        ..MapSettings::default()
    };
    let layout = map::layout(table, &settings, &console.watch())?;
    map::save_layout(&layout, table, &verb.dir.join("map.tsv"))?;

    let pictures = draw(&paths, &verb.dir, &run_folder, &checkpoint, common, console)?;
    let findings = Findings {
        collection,
        training,
        untrained,
        trained,
        layout,
        pictures,
        seconds: begin.elapsed().as_secs_f64(),
    };
    let summary = json(&findings);
    let words = markdown(&findings)?;
    storage::write_atomic(&verb.dir.join("summary.json"), |file| {
        writeln!(file, "{summary:#}")
    })?;
    storage::write_atomic(&verb.dir.join("summary.md"), |file| {
        file.write_all(words.as_bytes())
    })?;
    Ok(Outcome {
        json: summary,
        text: format!("{words}\nEverything is in {}", verb.dir.display()),
        skipped: findings.trained.extraction.skipped,
        incomplete: Vec::new(),
    })
}

/// The first readable track as the encoder hears it, and what two masks leave of it.
fn listen(
    collection: &Collection,
    dir: &Path,
    common: &Common,
    console: &Console,
) -> anyhow::Result<()> {
    let Some(samples) = collection
        .tracks
        .iter()
        .find_map(|track| {
            let channel = audio::Channel::Mean;
            audio::load_mono(&track.path, audio::SAMPLE_RATE, channel, console.cancel()).ok()
        })
        .map(|(samples, _)| samples)
    else {
        // Training will say that no track can be read.
        return Ok(());
    };
    audio::write_wav(
        &dir.join("listen-original.wav"),
        &samples,
        audio::SAMPLE_RATE,
    )?;
    let frames = spectrum::frames_of_samples(samples.len());
    let view = TrackView::draw(
        common.seed(),
        ViewName::A,
        frames,
        PatchShape::Square,
        MaskKind::Random,
    );
    for percent in [50, 90] {
        console.watch().check()?;
        let keep = view
            .clone()
            .keep_flags(MaskRatio::new(f64::from(percent) / 100.0)?);
        let left =
            spectrum::masked_sound(&samples, &|band, frame| keep.keeps(band, frame), Part::Kept);
        let name = format!("listen-{percent}-percent-dropped.wav");
        audio::write_wav(&dir.join(name), &left, audio::SAMPLE_RATE)?;
    }
    Ok(())
}

fn score(
    collection: &Collection,
    encoder: &LoadedEncoder,
    common: &Common,
    console: &Console,
) -> anyhow::Result<Scored> {
    let settings = ExtractSettings {
        seed: common.seed(),
        ..ExtractSettings::default()
    };
    let extraction = embedding::extract(collection, encoder, &settings, &console.watch())?;
    let settings = probe_settings(common);
    let report = match probe::probe_genre(&extraction.table, &settings, &console.watch()) {
        Err(probe::ProbeError::Cancelled(cancelled)) => return Err(cancelled.into()),
        // A collection without labels has a tour too.
        other => other.map_err(|error| error.to_string()),
    };
    Ok(Scored { extraction, report })
}

fn probe_settings(common: &Common) -> ProbeSettings {
    ProbeSettings {
        protocol: Protocol::Folds(FOLDS),
        seed: common.seed(),
        ..ProbeSettings::default()
    }
}

/// Every layout as the window shows it with what this tour has made: one window at 1280 x 800, dark, then light for
/// the first; and one at 1920 x 1080.
fn draw(
    paths: &[PathBuf],
    dir: &Path,
    run_folder: &Path,
    checkpoint: &CheckpointRef,
    common: &Common,
    console: &Console,
) -> anyhow::Result<Vec<PathBuf>> {
    let mut pictures = Vec::new();
    for (size, theme, layouts, suffix) in [
        ([1280, 800], Theme::Dark, &Workspace::ALL[..], ""),
        (
            [1280, 800],
            Theme::Light,
            &[Workspace::Listen, Workspace::Map][..],
            "-light",
        ),
        (
            [1920, 1080],
            Theme::Dark,
            &[Workspace::Teach][..],
            "-1920x1080",
        ),
    ] {
        let settings = Settings {
            theme,
            channel: common.channel().to_string(),
            device: common.device().to_string(),
            ..Settings::default()
        };
        let mut window = Offscreen::open_with(size, settings, paths.to_vec())?;
        window.settle(PATIENCE)?;
        window.apply(Command::Probe(ProbeCommand::Edit(probe_settings(common))));
        for &layout in layouts {
            console.watch().check()?;
            console
                .watch()
                .progress("drawing", pictures.len() as u64, None);
            let image = window.show(&PictureRequest {
                layout,
                size,
                theme,
                checkpoint: checkpoint.clone(),
                run: Some(run_folder.to_path_buf()),
                patience: PATIENCE,
                ..PictureRequest::default()
            })?;
            let path = dir.join(format!("{}{suffix}.png", layout.name().to_lowercase()));
            save_png(&image, &path)?;
            pictures.push(path);
        }
    }
    Ok(pictures)
}

fn json(findings: &Findings) -> Value {
    let metrics = |scored: &Scored| match &scored.report {
        Ok(report) => json!({
            "accuracy": report.score,
            "interval": report.interval,
            "majority": report.baseline,
            "protocol": report.protocol,
            "encoder": report.encoder,
        }),
        Err(why) => json!({"why_not": why}),
    };
    json!({
        "collection": findings.collection.name,
        "tracks": findings.collection.tracks.len(),
        "steps": findings.training.steps,
        "loss_first": findings.training.loss_first,
        "loss_last": findings.training.loss_last,
        "train_windows_per_second": findings.training.windows_per_second,
        "embed_windows_per_second": findings.trained.extraction.windows_per_second,
        "points": findings.layout.xy.len(),
        "kl": findings.layout.kl,
        "metrics": {"untrained": metrics(&findings.untrained), "trained": metrics(&findings.trained)},
        "pictures": findings.pictures.iter().map(|path| path_to_text(path)).collect::<Vec<_>>(),
        "checkpoint": path_to_text(&findings.training.checkpoint),
        "seconds": findings.seconds,
    })
}

fn markdown(findings: &Findings) -> Result<String, std::fmt::Error> {
    let training = &findings.training;
    let mut text = String::new();
    writeln!(text, "# A tour of {}\n", findings.collection.name)?;
    writeln!(
        text,
        "{}. {} of {BATCH} tracks with 90 % of the tokens dropped: loss {:.4} -> {:.4}, \
         {:.0} windows/s.",
        counted(findings.collection.tracks.len(), "track"),
        counted(training.steps, "training step"),
        training.loss_first,
        training.loss_last,
        training.windows_per_second
    )?;
    writeln!(
        text,
        "{} embedded at {:.0} windows/s; t-SNE of {} in {:.1} s.\n",
        counted(findings.trained.extraction.windows, "window"),
        findings.trained.extraction.windows_per_second,
        counted(findings.layout.xy.len(), "point"),
        findings.layout.seconds
    )?;
    writeln!(
        text,
        "| encoder | accuracy of a linear probe | 95 % interval | majority baseline |"
    )?;
    writeln!(text, "|---|---|---|---|")?;
    for (name, scored) in [
        ("untrained", &findings.untrained),
        ("trained here", &findings.trained),
    ] {
        match &scored.report {
            Ok(report) => writeln!(
                text,
                "| {name} | {:.1} % | {:.1} to {:.1} % | {:.1} % |",
                100.0 * report.score,
                100.0 * report.interval[0],
                100.0 * report.interval[1],
                100.0 * report.baseline
            )?,
            Err(why) => writeln!(text, "| {name} | none: {why} | | |")?,
        }
    }
    writeln!(
        text,
        "\n{FOLDS} folds by track, scaler and regularisation from the training part of each fold. The encoder was \
         trained on these tracks without their labels; the labels serve the probe alone."
    )?;
    writeln!(text, "\nPictures:\n")?;
    for picture in &findings.pictures {
        let name = picture.file_name().unwrap_or_default().to_string_lossy();
        writeln!(text, "- [{name}]({name})")?;
    }
    writeln!(
        text,
        "\nSound: listen-original.wav, listen-50-percent-dropped.wav, listen-90-percent-dropped.wav \
         (what a mask leaves). Tables: embeddings.npz, map.tsv. The run: run/."
    )?;
    Ok(text)
}
