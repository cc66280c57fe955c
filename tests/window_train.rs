//! Training does from the window what its users were promised, on a small collection made here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use eframe::egui::{Key, Modifiers};
use egui_kittest::{Harness, kittest::Queryable as _};
use mynascope::gui::{
    App,
    command::{Command, EncoderCommand, LibraryCommand, PictureCommand, TrainCommand},
    model::{EncoderSource, PicturePanel, TrainPhase, first_form, what_training_does},
    work,
    workspace::Workspace,
};
use mynascope_collection::HeardTracks;
use mynascope_encoder::{
    CheckpointRef, DeviceChoice, EncoderPreset, Family, LoadedEncoder, Patching,
    families::{maest, music2vec},
    inspect,
};
use mynascope_spectrum::tokens::MaskRatio;
use mynascope_train::{Objective, TrainConfig};

use common::{
    labelled::{press, settle, show, sounds, wait, window},
    need_graphics,
};

/// A run that takes a second: three steps of the smallest encoder.
fn short_run() -> TrainConfig {
    TrainConfig {
        preset: EncoderPreset::Tiny,
        batch: 3,
        steps: 3,
        // Demo tracks are looked at where they are asked for.
        probe_every: 0,
        device: DeviceChoice::Cpu,
        ..first_form()
    }
}

/// The window on a small collection, ready to train; the folders go with it.
struct Bench {
    harness: Harness<'static, App>,
    /// New runs are kept here.
    runs: tempfile::TempDir,
    sounds: tempfile::TempDir,
}

/// The Train layout with so many tracks a label and these settings.
fn bench(tracks_per_label: usize, form: TrainConfig) -> Bench {
    let sounds = sounds(tracks_per_label);
    let runs = tempfile::tempdir().unwrap();
    let (mut harness, _) = window(sounds.path());
    show(&mut harness, Workspace::Train);
    for command in [
        TrainCommand::KeepRunsIn(runs.path().to_path_buf()),
        TrainCommand::Edit(Box::new(form)),
    ] {
        harness.state_mut().apply(Command::Train(command));
    }
    harness.run_steps(2);
    Bench {
        harness,
        runs,
        sounds,
    }
}

#[test]
fn a_training_from_the_panel_ends_with_a_checkpoint_that_map_and_probe_can_use() {
    need_graphics();
    let Bench {
        mut harness,
        runs,
        sounds: _sounds,
    } = bench(2, short_run());
    press(&mut harness, "Start training");
    assert!(harness.state().model().training.is_active());
    settle(&mut harness);
    let training = &harness.state().model().training;
    let TrainPhase::Finished(summary) = &training.phase else {
        panic!("the run ended as {:?}", training.phase);
    };
    assert_eq!((summary.steps, summary.stopped), (3, false));
    let live = training.live.as_ref().unwrap();
    let (loss, curves) = (&live.curves[0][0], live.curves.len());
    assert_eq!(loss.steps(), Some([1.0, 3.0]));
    let matrix = live.newest.matrix.as_ref().unwrap();
    assert_eq!((matrix.tracks.len(), matrix.cosines.len()), (3, 9));
    let saved: Vec<u64> = live.saved.iter().map(|saved| saved.step).collect();
    assert_eq!(saved, [0, 3]);
    let run = runs.path().join("tiny-hybrid-1");
    assert_eq!(live.folder, run);
    let log = std::fs::read_to_string(run.join("log.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 3);
    let checkpoint = training.checkpoint().unwrap().to_path_buf();
    assert!(inspect(&checkpoint, None).unwrap().missing.is_empty());
    let reference = CheckpointRef::File(checkpoint.clone());
    LoadedEncoder::open(&reference, None, &DeviceChoice::Cpu).unwrap();

    press(&mut harness, "Use this encoder");
    let model = harness.state().model();
    assert!(model.embeddings.source.is_file(Some(&checkpoint)));
    // A step of the run becomes the encoder of map, probe and masks.
    press(&mut harness, "Checkpoint of step 3");
    let model = harness.state().model();
    let step = run.join("step-3").join("weights.safetensors");
    assert!(model.embeddings.source.is_file(Some(&step)));
    // What the batch of that step looked like follows.
    settle(&mut harness);
    let model = harness.state().model();
    let shown = model.training.shown().unwrap();
    assert_eq!(shown.chosen.as_ref().unwrap().step, 3);
    assert_eq!(shown.pictures().matrix.as_ref().unwrap().step, 3);
    // The table lists it.
    let rows = &model.training.table.rows;
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].folder.as_path(), rows[0].step), (run.as_path(), 3));
    // The curves can be kept: a picture of all plots, a table of all steps.
    let [plots, steps] = ["curves.png", "steps.csv"].map(|name| runs.path().join(name));
    for command in [
        Command::Picture(PictureCommand::Publish(PicturePanel::Curves)),
        Command::Picture(PictureCommand::SavePanel(Some(plots.clone()))),
        Command::Train(TrainCommand::SaveSteps(steps.clone())),
    ] {
        harness.state_mut().apply(command);
    }
    wait(&mut harness, "curves and steps", |_| {
        plots.is_file() && steps.is_file()
    });
    let picture = image::open(runs.path().join("curves.png"))
        .unwrap()
        .into_rgba8();
    let ground = *picture.get_pixel(0, 0);
    let drawn = picture.pixels().filter(|pixel| **pixel != ground).count();
    assert!(drawn > 10_000, "{drawn} pixels");
    let table = std::fs::read_to_string(runs.path().join("steps.csv")).unwrap();
    assert_eq!(table.lines().count(), 4);
    // The run whose encoder is in use stays; then it is renamed, deleted, and brought back.
    let change = |harness: &mut Harness<'_, App>, command: TrainCommand| {
        harness.state_mut().apply(Command::Train(command));
        harness.run_steps(2);
    };
    change(&mut harness, TrainCommand::Delete(run.clone()));
    let said = harness.state().model().notices.shown();
    let in_use = said.iter().any(|it| it.text.contains("is in use"));
    assert!(in_use && run.is_dir());
    let shipped = EncoderCommand::Use(EncoderSource {
        device: DeviceChoice::Cpu,
        ..EncoderSource::default()
    });
    harness.state_mut().apply(Command::Encoder(shipped));
    let names = |app: &App| -> Vec<String> {
        let rows = app.model().training.table.rows.iter();
        rows.map(|row| row.name()).collect()
    };
    change(
        &mut harness,
        TrainCommand::Rename(run.clone(), "bells".into()),
    );
    wait(&mut harness, "the new name", |app| names(app) == ["bells"]);
    change(
        &mut harness,
        TrainCommand::Delete(runs.path().join("bells")),
    );
    wait(&mut harness, "the empty table", |app| names(app).is_empty());
    settle(&mut harness);
    press(&mut harness, "Undo deleting bells");
    wait(&mut harness, "the run", |app| names(app) == ["bells"]);
    settle(&mut harness);
    // The same by keys: back, forth, and back again.
    let redo = Modifiers::COMMAND | Modifiers::SHIFT;
    for (keys, expected) in [
        (Modifiers::COMMAND, "tiny-hybrid-1"),
        (redo, "bells"),
        (Modifiers::COMMAND, "tiny-hybrid-1"),
    ] {
        harness.key_press_modifiers(keys, Key::Z);
        wait(&mut harness, expected, |app| names(app) == [expected]);
        settle(&mut harness);
    }
    // What it was trained on is kept with it, for probes to say.
    let heard = HeardTracks::read(&run).unwrap();
    let collection = harness.state().model().library.collection.clone();
    assert_eq!(heard.among(&collection.unwrap()), 4);
    // The same run can be shown again from its folder.
    let past = work::past_run::read_run(&run, None).unwrap();
    assert_eq!(past.step(), 3);
    assert_eq!(past.curves.len(), curves);
    assert_eq!(past.config.batch, 3);
}

#[test]
fn a_stopped_training_keeps_its_checkpoint() {
    need_graphics();
    let form = TrainConfig {
        steps: 100_000,
        ..short_run()
    };
    let Bench {
        mut harness,
        runs: _runs,
        sounds: _sounds,
    } = bench(2, form);
    press(&mut harness, "Start training");
    wait(&mut harness, "the first step", |app| {
        app.model().training.phase == TrainPhase::Running
    });
    // The table knows the run long before it ends, and each checkpoint that it keeps.
    let step_of = |app: &App| app.model().training.table.rows.first().map(|row| row.step);
    wait(&mut harness, "the run in the table", |app| {
        step_of(app).is_some()
    });
    harness
        .state_mut()
        .apply(Command::Train(TrainCommand::SaveNow));
    wait(&mut harness, "its checkpoint in the table", |app| {
        let live = app.model().training.live.as_ref().unwrap();
        let newest = live.saved.last().map_or(0, |saved| saved.step);
        newest > 1 && step_of(app) >= Some(newest)
    });
    harness
        .state_mut()
        .apply(Command::Train(TrainCommand::Pause));
    harness.run_steps(2);
    assert_eq!(harness.state().model().training.phase, TrainPhase::Paused);
    press(&mut harness, "Resume");
    harness
        .state_mut()
        .apply(Command::Train(TrainCommand::Stop));
    settle(&mut harness);
    let training = &harness.state().model().training;
    let TrainPhase::Finished(summary) = &training.phase else {
        panic!("the run ended as {:?}", training.phase);
    };
    assert!(summary.stopped && summary.steps >= 1 && summary.steps < 100_000);
    let reference = CheckpointRef::File(training.live.as_ref().unwrap().folder.clone());
    LoadedEncoder::open(&reference, None, &DeviceChoice::Cpu).unwrap();
}

/// What a masked autoencoder makes of hidden patches is seen beside its curves, and follows the mask.
#[test]
fn hidden_patches_are_filled_in_by_the_run_that_is_shown() {
    need_graphics();
    let form = TrainConfig {
        objective: Objective::Mae,
        patch: Patching::Vertical,
        batch: 2,
        steps: 1,
        decoder_layers: 1,
        ..short_run()
    };
    let Bench {
        mut harness,
        runs: _runs,
        sounds: _sounds,
    } = bench(1, form);
    // What the objective has no use for is not asked for.
    assert!(harness.query_by_label("Loss").is_none());
    press(&mut harness, "Decoder");
    press(&mut harness, "Start training");
    settle(&mut harness);
    let filled = |harness: &Harness<'_, App>| {
        let (key, seen) = harness
            .state()
            .model()
            .training
            .reconstructed
            .value
            .clone()
            .unwrap();
        (key, seen.unwrap())
    };
    let (key, seen) = filled(&harness);
    assert_eq!((key.step, seen.step), (1, 1));
    assert!(seen.error.is_finite());
    let pictures = harness.query_all_by_label("What it says of every patch");
    assert!(pictures.count() > 0);
    let ratio = MaskRatio::new(0.5).unwrap();
    let command = Command::edit_mask(harness.state().model(), |form| form.ratio = ratio);
    harness.state_mut().apply(command);
    harness.run_steps(2);
    settle(&mut harness);
    let (other, _) = filled(&harness);
    assert_eq!(other.kept.len(), 24);
    assert!(other.kept.len() != key.kept.len());
}

/// The smallest Music2Vec, on windows of a second.
fn short_data2vec() -> TrainConfig {
    let sizes = music2vec::Config {
        dim: 24,
        depth: 2,
        heads: 2,
        mlp_dim: 32,
        channels: 8,
        position_layers: 2,
        position_kernel: 7,
        position_groups: 4,
    };
    TrainConfig {
        encoder: Some(sizes.into()),
        window_secs: Some(1),
        batch: 2,
        steps: 2,
        device: DeviceChoice::Cpu,
        ..TrainConfig::of_preset(EncoderPreset::Music2vecTiny)
    }
}

/// What a step of data2vec hid and predicted is seen while it computes, of its checkpoints, and of a run that is looked at
/// later; where nothing was kept it is said why.
#[test]
fn hidden_spans_are_seen_of_a_run_under_way_of_its_checkpoints_and_of_an_earlier_run() {
    need_graphics();
    let Bench {
        mut harness,
        runs,
        sounds: _sounds,
    } = bench(1, short_data2vec());
    harness.get_by_label_contains("hides spans of a window of every track");
    press(&mut harness, "Start training");
    settle(&mut harness);
    harness.get_by_label_contains("Hidden spans of step 2: hidden frames: cosine");
    let seen = |harness: &Harness<'_, App>| {
        let run = harness.state().model().training.shown().unwrap();
        run.pictures().hidden.clone().unwrap()
    };
    let spans = seen(&harness);
    assert_eq!((spans.step, spans.frames()), (2, 49));
    let hidden = spans.hidden.len();
    harness.get_by_label(&format!("hidden from the student: {hidden} of 49 frames"));
    // The pointer reads the numbers of a frame.
    let place = harness
        .get_by_label_contains("Hidden spans of step 2")
        .rect();
    harness.hover_at(place.center());
    harness.run_steps(40);
    harness.get_by_label_contains("\ndimensions ");

    press(&mut harness, "Checkpoint of step 0");
    settle(&mut harness);
    harness.get_by_label_contains("no batch was trained on before it");
    press(&mut harness, "Checkpoint of step 2");
    settle(&mut harness);
    assert_eq!(seen(&harness).hidden, spans.hidden);

    let run = harness.state().model().training.shown().unwrap();
    let run = run.folder.clone();
    assert!(run.starts_with(runs.path()));
    let open = |harness: &mut Harness<'static, App>| {
        let show = TrainCommand::ShowRun(run.clone());
        harness.state_mut().apply(Command::Train(show));
        settle(harness);
    };
    open(&mut harness);
    assert_eq!(seen(&harness).targets, spans.targets);
    harness.get_by_label_contains("Hidden spans of step 2");
    // A run of a version that kept none.
    std::fs::write(run.join("step-2/look.json"), "{}").unwrap();
    open(&mut harness);
    harness.get_by_label_contains("the run is older than these");
}

/// The labels that the present weights tell of the chosen track stand beside patchout, and follow to another track.
#[test]
fn the_styles_learnt_so_far_of_the_chosen_track_are_ranked_while_a_maest_is_trained() {
    need_graphics();
    let sizes = maest::Config {
        dim: 32,
        depth: 2,
        heads: 2,
        mlp_dim: 32,
        columns: 12,
        ..maest::Config::TINY
    };
    let form = TrainConfig {
        encoder: Some(sizes.into()),
        batch: 4,
        steps: 100_000,
        device: DeviceChoice::Cpu,
        ..TrainConfig::of_preset(EncoderPreset::MaestTiny)
    };
    let Bench {
        mut harness,
        runs: _runs,
        sounds,
    } = bench(2, form);
    harness.get_by_label_contains("learns to tell the labels");
    press(&mut harness, "Start training");
    for (place, name) in [(0, "high/high 0.wav"), (3, "low/low 1.wav")] {
        let select = Command::Library(LibraryCommand::Select(place));
        harness.state_mut().apply(select);
        let track = sounds.path().join(name);
        wait(&mut harness, "its styles", |app| {
            let run = app.model().training.shown().unwrap();
            let styles = run.pictures().styles.as_ref();
            styles.is_some_and(|styles| styles.track == track && styles.ranked.len() == 2)
        });
        harness.get_by_label("Styles so far");
        for label in ["high", "low"] {
            harness.get_by_label_contains(&format!("{label}: "));
        }
        harness.get_by_label_contains("Patchout: ");
        harness.get_by_label("dropped");
    }
    harness
        .state_mut()
        .apply(Command::Train(TrainCommand::Stop));
    settle(&mut harness);
    // What the run ended with stays.
    harness.get_by_label("Styles so far");
}

/// The fault: whatever is trained, the empty panels spoke of two views.
#[test]
fn the_empty_panels_say_what_is_trained_of_every_family() {
    need_graphics();
    let Bench {
        mut harness,
        runs: _runs,
        sounds: _sounds,
    } = bench(1, short_run());
    for (family, name, seen) in [
        (Family::Myna, "Myna", "the cosine of view A of every track"),
        (Family::Mt2, "MT2", "the cosine of segment A of every track"),
        (Family::Music2vec, "Music2Vec", "hidden from the student"),
        (Family::Maest, "MAEST", "which patches the batch reads"),
    ] {
        if family != Family::Myna {
            press(&mut harness, name);
        }
        let form = &harness.state().model().training.form;
        assert_eq!(form.family(), family);
        let does = what_training_does(form);
        harness.get_by_label_contains(&does);
        harness.get_by_label_contains(seen);
    }
}

/// Each setting of the loss stands where the objective uses it, and nowhere else.
#[test]
fn the_form_asks_for_what_the_loss_of_the_objective_uses() {
    need_graphics();
    let Bench {
        mut harness,
        sounds: _sounds,
        runs: _runs,
    } = bench(1, short_run());
    harness.get_by_label("Loss").scroll_to_me();
    harness.run_steps(3);
    press(&mut harness, "Loss");
    let names = ["Temperature", "Its rate", "Radius", "Gamma", "Gamma falls"];
    for (objective, wanted) in [
        (Objective::Sogclr, [true, false, false, true, true]),
        (Objective::Infonce, [true, false, false, false, false]),
        (Objective::FastclipV0, [true, true, false, true, true]),
        (Objective::FastclipV1, [true, false, false, true, true]),
        (Objective::FastclipV3, [true; 5]),
    ] {
        let form = TrainConfig {
            objective,
            ..short_run()
        };
        let edit = TrainCommand::Edit(Box::new(form));
        harness.state_mut().apply(Command::Train(edit));
        harness.run_steps(3);
        for (name, wanted) in names.into_iter().zip(wanted) {
            let there = harness.query_all_by_label(name).count() > 0;
            assert_eq!(there, wanted, "{name} of {objective}");
        }
    }
}

/// Either loss of MT2 alone, and both again, by one click each.
#[test]
fn one_click_trains_either_loss_of_an_mt2_alone() {
    need_graphics();
    let Bench {
        mut harness,
        sounds: _sounds,
        runs: _runs,
    } = bench(1, TrainConfig::of_preset(EncoderPreset::Mt2Tiny));
    for (name, equivariance, contrast) in [
        ("key alone", 1.0, 0.0),
        ("contrast alone", 0.0, 1.0),
        ("both", 1.0, 1.0),
    ] {
        press(&mut harness, name);
        harness.run_steps(3);
        let losses = harness.state().model().training.form.mt2;
        assert_eq!(
            (losses.equivariance, losses.contrast),
            (equivariance, contrast)
        );
    }
}
