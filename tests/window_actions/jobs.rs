//! Actions that train and probe. Where a verb does the same, the copied command is run, and both say the same.

use mynascope::gui::{
    command::{Command, ProbeCommand, TrainCommand},
    model::{CurveKind, ProbeJob, ProbeTab, TrainPhase, first_form},
    workspace::Workspace,
};
use mynascope_encoder::{CheckpointRef, DeviceChoice, EncoderPreset};
use mynascope_probe::{Head, ProbeReport, ProbeSettings, Protocol};
use mynascope_train::TrainConfig;
use serde_json::Value;

use super::{Bench, Promises, alike};

/// A run of the smallest encoder that would go on for long.
fn run() -> TrainConfig {
    TrainConfig {
        preset: EncoderPreset::Tiny,
        batch: 3,
        steps: 5000,
        probe_every: 0,
        device: DeviceChoice::Cpu,
        ..first_form()
    }
}

pub const TRAIN: Promises = &[
    ("train-copy", |bench, id| {
        bench.show(Workspace::Train);
        for command in [
            TrainCommand::KeepRunsIn(bench.file("runs")),
            TrainCommand::Edit(Box::new(run())),
        ] {
            bench.apply(Command::Train(command));
        }
        let line = bench.copies(id);
        assert!(line.starts_with("mynascope train "), "{line}");
        // The verb takes it: of one step, as a whole run is not needed for that.
        bench.run(&line.replace("--steps 5000", "--steps 1"));
    }),
    ("train-start", |bench, id| {
        bench.act(id);
        bench.until(id, |model| {
            let live = model.training.live.as_ref();
            live.is_some_and(|run| run.last.is_some())
        });
        assert!(bench.asked(id).is_none(), "one run at a time");
    }),
    ("train-pause", |bench, id| {
        bench.act(id);
        bench.until(id, |model| {
            matches!(model.training.phase, TrainPhase::Paused)
        });
        bench.act(id);
        bench.until(id, |model| {
            matches!(model.training.phase, TrainPhase::Running)
        });
    }),
    ("train-checkpoint", |bench, id| {
        let saved = bench.model().training.live.as_ref().unwrap().saved.len();
        bench.act(id);
        bench.until(id, |model| {
            model.training.live.as_ref().unwrap().saved.len() > saved
        });
    }),
    ("train-stop", |bench, id| {
        bench.act(id);
        bench.until(id, |model| {
            matches!(&model.training.phase, TrainPhase::Finished(summary) if summary.stopped)
        });
        bench.settle();
    }),
    ("train-read-runs", |bench, id| {
        bench.act(id);
        bench.until(id, |model| !model.training.table.rows.is_empty());
        bench.settle();
    }),
    ("train-show-live", |bench, id| {
        assert!(bench.asked(id).is_none(), "it is shown");
        let folder = bench.model().training.live.as_ref().unwrap().folder.clone();
        bench.apply(Command::Train(TrainCommand::ShowRun(folder)));
        bench.settle();
        if bench.asked(id).is_some() {
            bench.act(id);
        }
        assert!(bench.model().training.shows_live());
    }),
    ("train-undo-run", |bench, id| {
        assert!(bench.asked(id).is_none(), "no run was renamed or removed");
    }),
    ("train-follow", |bench, id| {
        assert!(bench.asked(id).is_none(), "no step was chosen");
    }),
    ("train-show-run", |bench, id| bench.asks(id, "Choose(Run)")),
    ("train-keep-in", |bench, id| bench.asks(id, "Choose(Runs)")),
    ("train-init", |bench, id| bench.asks(id, "Choose(Init)")),
    ("train-curves-csv", |bench, id| {
        bench.asks(id, "Steps");
        let path = bench.file("curves.csv");
        bench.apply(Command::Train(TrainCommand::SaveSteps(path.clone())));
        bench.written(&path);
        assert!(std::fs::read_to_string(path).unwrap().lines().count() > 1);
    }),
    ("train-curves-png", |bench, id| {
        bench.asks(id, "Publish(Curves)")
    }),
];

/// Starts a job by its action, waits for it, and runs the command that the window copies for it.
fn verb_of(bench: &mut Bench, id: &str, job: ProbeJob) -> Value {
    bench.act(id);
    bench.settle();
    assert_eq!(bench.model().probing.error, None, "{id}");
    let line = bench.model().probe_command(job).unwrap();
    bench.json(&line)
}

/// A curve is that of the verb, point for point.
fn curve(bench: &mut Bench, id: &str, kind: CurveKind, score: &str) {
    let verb = verb_of(bench, id, ProbeJob::Curve(kind));
    let points = verb["points"].as_array().unwrap();
    let curve = bench.model().probing.curve(kind).unwrap();
    assert_eq!(curve.points.len(), points.len(), "{id}");
    assert!(!points.is_empty(), "{id}");
    for (point, verb) in curve.points.iter().zip(points) {
        let said = verb[score].as_f64().unwrap();
        assert!(
            (point.mean - said).abs() < 1e-9,
            "{id}: {} and {said}",
            point.mean
        );
    }
}

/// The score of the first encoder of a comparison on its first task.
fn first_score(table: &Value) -> &Value {
    &table["encoders"][0]["scores"][0]["score"]["score"]
}

/// A report says what the verb says, track for track.
fn equals(report: &ProbeReport, verb: &Value) {
    let window = serde_json::to_value(report).unwrap();
    for part in [
        "protocol",
        "head",
        "metric",
        "score",
        "interval",
        "folds",
        "confusion",
        "predictions",
        "grid",
        "notes",
    ] {
        alike(&window[part], &verb[part], part);
    }
}

fn asks_for(bench: &mut Bench, form: ProbeSettings) {
    bench.apply(Command::Probe(ProbeCommand::Edit(form)));
}

fn shows(bench: &mut Bench, tab: ProbeTab) {
    let command = ProbeCommand::edit_view(bench.model(), |view| view.tab = tab);
    bench.apply(Command::Probe(command));
}

/// What a tab shows is written where the user says.
fn saves_tab(bench: &mut Bench, id: &str, name: &str) {
    shows(bench, ProbeTab::Tracks);
    bench.asks(id, "Save");
    let path = bench.file(name);
    bench.apply(Command::Probe(ProbeCommand::SaveTo(path.clone())));
    bench.written(&path);
}

pub const PROBE: Promises = &[
    ("probe-run", |bench, id| {
        bench.show(Workspace::Probe);
        let folds = ProbeSettings {
            head: Head::Ridge,
            protocol: Protocol::Folds(5),
            ..ProbeSettings::default()
        };
        asks_for(bench, folds);
        let verb = verb_of(bench, id, ProbeJob::Probe);
        let result = bench.model().probing.result.as_ref().unwrap();
        equals(&result.report, &verb);
        // Those that follow train many: by the head that has nothing to fit.
        let quick = ProbeSettings {
            head: Head::Knn,
            ..ProbeSettings::default()
        };
        asks_for(bench, quick);
    }),
    ("probe-cancel", |bench, id| {
        assert!(bench.asked(id).is_none(), "nothing runs");
        bench.act("probe-diagnose");
        bench.act(id);
        assert!(!bench.model().probing.job.is_running());
        bench.settle();
    }),
    ("probe-copy", |bench, id| {
        shows(bench, ProbeTab::Tracks);
        let line = bench.copies(id);
        assert_eq!(line, bench.model().probe_command(ProbeJob::Probe).unwrap());
    }),
    ("probe-mask-curve", |bench, id| {
        curve(bench, id, CurveKind::MaskRatio, "mean")
    }),
    ("probe-patchout-curve", |bench, id| {
        curve(bench, id, CurveKind::Patchout, "score")
    }),
    ("probe-few-labels", |bench, id| {
        curve(bench, id, CurveKind::Labels, "mean");
        let (quick, folds) = (bench.model().probing.form, Protocol::Folds(5));
        asks_for(
            bench,
            ProbeSettings {
                protocol: folds,
                ..quick
            },
        );
        assert!(
            bench.asked(id).is_none(),
            "folds have no training part to draw from"
        );
        asks_for(bench, quick);
    }),
    ("probe-layers", |bench, id| {
        curve(bench, id, CurveKind::Layers, "score")
    }),
    ("probe-leaks", |bench, id| {
        let verb = verb_of(bench, id, ProbeJob::Leaks);
        let leaks = bench.model().probing.leaks.as_ref().unwrap();
        alike(
            &serde_json::to_value(leaks).unwrap()["gap"],
            &verb["gap"],
            id,
        );
        assert_eq!(leaks.pairs.len(), verb["pairs"].as_array().unwrap().len());
    }),
    ("probe-compare", |bench, id| {
        for checkpoint in bench.model().compared() {
            let on = checkpoint == CheckpointRef::Shipped;
            bench.apply(Command::Probe(ProbeCommand::Mark(checkpoint, on)));
        }
        let verb = verb_of(bench, id, ProbeJob::Compare);
        let table = &bench.model().probing.comparison.as_ref().unwrap().table;
        let window = serde_json::to_value(table).unwrap();
        assert!(first_score(&window).is_number());
        alike(first_score(&window), first_score(&verb), id);
    }),
    ("probe-diagnose", |bench, id| {
        let verb = verb_of(bench, id, ProbeJob::Diagnose);
        let shown = bench.model().probing.diagnosis.as_ref().unwrap();
        let window = serde_json::to_value(&shown.layers).unwrap();
        alike(&window, &verb["layers"], id);
    }),
    ("probe-groups", |bench, id| {
        assert!(bench.asked(id).is_none(), "there are no groups");
        let paths: Vec<_> = bench
            .model()
            .library
            .collection
            .iter()
            .flat_map(|all| &all.tracks)
            .map(|track| track.path.clone())
            .collect();
        let mut table = String::from("path,label\n");
        for (place, path) in paths.iter().enumerate() {
            let group = ["odd", "even"][place % 2];
            table += &format!("{},{group}\n", path.display());
            let group = ProbeCommand::MoveToGroup(path.clone(), group.to_owned());
            bench.apply(Command::Probe(group));
        }
        let file = bench.file("groups.csv");
        std::fs::write(&file, table).unwrap();
        // All tracks are tested.
        let form = bench.model().probing.form;
        asks_for(
            bench,
            ProbeSettings {
                protocol: Protocol::Folds(5),
                ..form
            },
        );
        bench.act(id);
        bench.settle();
        let probing = &bench.model().probing;
        assert_eq!(probing.error, None);
        let line = probing.group_line(file, &bench.model().embeddings.source);
        let verb = bench.json(&line);
        let report = &bench.model().probing.result.as_ref().unwrap().report;
        alike(
            &serde_json::to_value(report).unwrap()["score"],
            &verb["score"],
            id,
        );
    }),
    ("probe-radio", |bench, id| {
        let wrong = bench
            .model()
            .probing
            .result
            .as_ref()
            .unwrap()
            .mistakes
            .len();
        assert_eq!(bench.asked(id).is_some(), wrong > 0);
        assert!(wrong > 1, "odd and even cannot be heard: {wrong} mistakes");
        bench.changes(id, |model| model.probing.radio.is_some());
    }),
    ("probe-radio-next", |bench, id| {
        let at = |model: &mynascope::gui::model::AppState| {
            model.probing.radio.as_ref().map(|radio| radio.position().0)
        };
        bench.sets(id, at, Some(2));
    }),
    ("probe-radio-back", |bench, id| {
        let at = |model: &mynascope::gui::model::AppState| {
            model.probing.radio.as_ref().map(|radio| radio.position().0)
        };
        bench.sets(id, at, Some(1));
        bench.act("probe-radio");
        assert_eq!(at(bench.model()), None, "again ends it");
    }),
    ("probe-strip", |bench, id| {
        bench.toggles(id, |model| {
            model.probing.active.as_ref().map(|active| active.shown)
        });
    }),
    ("probe-label-here", |bench, id| {
        bench.act(id);
        bench.settle();
        let said = bench.model().probing.predictions.as_ref().unwrap();
        assert_eq!(said.tracks.len(), bench.model().library.track_count());
        assert!(said.tracks.iter().all(|track| track.answer.is_some()));
    }),
    ("probe-colour-answers", |bench, id| {
        bench.toggles(id, |model| model.mapping.colouring.clone());
    }),
    ("probe-take-over", |bench, id| {
        let taken: Vec<(usize, String)> = (bench.model().answers_as_labels().into_iter())
            .map(|(track, label)| (track, label.to_owned()))
            .collect();
        assert!(!taken.is_empty(), "odd and even are no labels yet");
        bench.act(id);
        for (track, label) in taken {
            let track = bench.model().library.track(track).unwrap();
            assert_eq!(track.label.as_ref(), Some(&label));
        }
        assert!(bench.asked(id).is_none(), "all were taken over");
    }),
    ("probe-train-again", |bench, id| {
        bench.act(id);
        bench.settle();
        let probing = &bench.model().probing;
        assert_eq!(probing.error, None);
        let report = &probing.result.as_ref().unwrap().report;
        assert!(
            report
                .classes
                .iter()
                .all(|class| class == "odd" || class == "even")
        );
        bench.act("undo");
    }),
    ("probe-label-folder", |bench, id| {
        bench.asks(id, "Ask(Folder)")
    }),
    ("probe-load", |bench, id| bench.asks(id, "Ask(Load)")),
    ("probe-save", |bench, id| bench.asks(id, "Ask(Save)")),
    ("probe-compare-file", |bench, id| {
        bench.asks(id, "Ask(Encoder)")
    }),
    ("probe-save-csv", |bench, id| {
        saves_tab(bench, id, "tracks.csv");
        let table = std::fs::read_to_string(bench.file("tracks.csv")).unwrap();
        let tested = bench.model().probing.result.as_ref().unwrap().answers.len();
        assert_eq!(table.lines().count(), 1 + tested);
    }),
    ("probe-save-png", |bench, id| {
        shows(bench, ProbeTab::Tracks);
        bench.asks(id, "Publish(Results)");
    }),
];
