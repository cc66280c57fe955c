//! The spectrogram: what it shows, and saving it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::gui::{
    command::PictureCommand,
    command_line::CommandLine,
    message::{NoPicture, PictureMessage},
    model::{
        AppState, BandView, Picture, PictureForm, PicturePanel, PictureState, Publishing,
        Spectrogram, TimeView,
    },
    sheets::PanelPicture,
    work::{
        Workers,
        ask_file::Question,
        facts::Decoded,
        save_file::{self, SaveAt},
    },
};
use mynascope_audio::Channel;
use mynascope_base::storage::Theme;
use mynascope_collection::FileFacts;
use mynascope_encoder::{CheckpointRef, Rows};
use mynascope_spectrum::tokens::MaskKind;

use super::{copy_text, library, sound, sound_picture};

pub(super) fn apply(model: &mut AppState, workers: &Workers, command: PictureCommand) {
    let spectrogram = &mut model.spectrogram;
    match command {
        PictureCommand::Edit(form) => edit(spectrogram, form),
        PictureCommand::SizeSound(pixels) => spectrogram.sound.pixels = pixels,
        PictureCommand::ZoomTime { at_secs, notches } => spectrogram.view.zoom(at_secs, notches),
        PictureCommand::ShowTime {
            start_secs,
            span_secs,
        } => spectrogram.view.show(start_secs, span_secs),
        PictureCommand::PanTime(secs) => spectrogram.view.pan(secs),
        PictureCommand::FitTrack => {
            spectrogram.view = TimeView::fit(spectrogram.view.duration_secs);
            spectrogram.bands = BandView::default();
        }
        PictureCommand::FitSelection => {
            if let Some(selection) = model.transport.form.selection {
                let length = selection.length_secs();
                spectrogram.view.show(selection.start_secs, length);
            }
        }
        PictureCommand::ZoomBands { at, notches } => spectrogram.bands.zoom(at, notches),
        PictureCommand::PanBands(bands) => spectrogram.bands.pan(bands),
        PictureCommand::Publish(panel) => {
            let light = model.settings.theme == Theme::Light;
            model.publishing = Some(Publishing::of(panel, light));
        }
        PictureCommand::EditPublishing(form) => {
            model.publishing = form.map(Publishing::bounded);
        }
        PictureCommand::SavePanel(path) => save_panel(model, workers, path),
        PictureCommand::CopyPanelCommand => {
            let line = model.publishing.map(|form| panel_command(model, &form));
            if let Some(line) = line {
                copy_text(model, workers, line.to_line(), "The command");
            }
        }
        PictureCommand::CopyCommand => copy_command(model, workers),
    }
}

/// Takes over how the picture is drawn. A stretch of one frequency axis is none of another.
fn edit(spectrogram: &mut Spectrogram, form: PictureForm) {
    let axis = |form: &PictureForm| (form.of, form.sound.axis);
    if axis(&spectrogram.form) != axis(&form) {
        spectrogram.bands = BandView::default();
    }
    spectrogram.form = form.bounded();
}

/// Saves the panel that the dialog is about, and closes the dialog.
fn save_panel(model: &mut AppState, workers: &Workers, path: Option<PathBuf>) {
    let Some(form) = model.publishing.take() else {
        return;
    };
    let Some(sheet) = PanelPicture::of(model, form) else {
        let text = format!("The {} shows nothing to save yet", form.panel);
        return model.notices.note(text);
    };
    let command = panel_command(model, &form).to_line();
    let at = match path {
        Some(path) => SaveAt::Path(path),
        None => {
            let question = Question::new_file("Save the picture", sheet.file_name());
            let ending = form.ending();
            let question = question.filter(&ending.to_uppercase(), &[ending]);
            SaveAt::Asking(Box::new(question))
        }
    };
    let save = move |path: &Path| sheet.save(&command, path);
    let saved = save_file::save("picture", at, &workers.outbox, save);
    model.notices.error_of(saved);
}

/// The command that makes the picture of a panel as the window shows it.
pub fn panel_command(model: &AppState, form: &Publishing) -> CommandLine {
    let [width, height] = form.size;
    let source = &model.embeddings.source;
    let sources = &model.library.sources;
    let line = CommandLine::verb("picture");
    let line = match form.panel {
        PicturePanel::Spectrogram => command_line(model).unwrap_or(line),
        PicturePanel::Map => {
            let map = &model.mapping.form;
            map.options(line.arguments(sources))
                .option("level", map.level.to_string())
                .option("colour-by", model.mapping.colouring.name())
        }
        PicturePanel::Results => {
            let probe = &model.probing.form;
            line.arguments(sources)
                .option("task", probe.task.to_string())
                .option("head", probe.head.to_string())
                .option("protocol", probe.protocol.to_string())
                .option("seed", probe.seed.to_string())
        }
        PicturePanel::Similarity => {
            let teach = &model.teaching.form;
            let line = of_mask(line.arguments(sources), model)
                .option("matrix", teach.matrix.name())
                .option("temperature", teach.temperature.to_string())
                .option("batch", teach.tracks.to_string());
            match model.spectrogram.path() {
                Some(track) => line.option("track", track),
                None => line,
            }
        }
        PicturePanel::Curves => match model.training.shown() {
            Some(run) => line.option("run", &run.folder),
            None => line,
        },
    };
    let line = match (&source.checkpoint, form.panel) {
        // Its curves are the run's own, and the command of a spectrogram says it.
        (_, PicturePanel::Curves | PicturePanel::Spectrogram) => line,
        (checkpoint, _) => line.option("checkpoint", checkpoint.to_string()),
    };
    let line = line
        .option("panel", form.panel.name())
        .option("size", format!("{width}x{height}"))
        .option("scale", form.scale.to_string());
    let line = match (form.light, form.panel, model.settings.theme) {
        // The command of a spectrogram says it where the window is light.
        (true, PicturePanel::Spectrogram, Theme::Light) | (false, _, _) => line,
        (true, _, _) => line.argument("--light"),
    };
    line.option("out", format!("{}.{}", form.panel, form.ending()))
}

/// What is set of how a spectrogram is drawn, where it is not as at first.
fn of_picture_form(mut line: CommandLine, model: &AppState) -> CommandLine {
    let (form, first) = (&model.spectrogram.form, PictureForm::default());
    if form.colour_map != first.colour_map {
        line = line.option("colours", form.colour_map.name());
    }
    let level = |line: CommandLine, name: &str, db: f32, usual: f32| match db == usual {
        true => line,
        false => line.option(name, db.to_string()),
    };
    if !model.shows_sound() {
        line = level(line, "top", form.top_db, first.top_db);
        line = level(line, "depth", form.range_db, first.range_db);
        return match form.as_encoder {
            true => line.argument("--encoder-input"),
            false => line,
        };
    }
    let (form, first) = (&form.sound, first.sound);
    line = line
        .argument("--sound")
        .option("axis", form.axis.to_string())
        .option("fft", form.fft.to_string());
    line = level(line, "top", form.top_db, first.top_db);
    level(line, "depth", form.range_db, first.range_db)
}

/// The mask over the picture.
fn of_mask(line: CommandLine, model: &AppState) -> CommandLine {
    let mask = &model.mask.form;
    let line = line
        .option("ratio", mask.ratio.get().to_string())
        .option("patch", mask.shape.to_string())
        .option("seed", mask.seed.to_string());
    match mask.kind == MaskKind::Random {
        true => line,
        false => line.option("kind", mask.kind.to_string()),
    }
}

fn copy_command(model: &mut AppState, workers: &Workers) {
    if let Some(line) = command_line(model) {
        let line = line.option("out", "picture.png").to_line();
        copy_text(model, workers, line, "The command");
    }
}

/// The command that draws the layout with the track, the mask and the stretch of time that are shown.
pub fn command_line(model: &AppState) -> Option<CommandLine> {
    let path = model.spectrogram.path()?;
    let (mask, time) = (&model.mask, &model.spectrogram.view);
    let mut line = CommandLine::verb("picture").argument(path);
    // Without a ratio the layout decides whether there is a mask.
    line = match mask.form.shown {
        true => of_mask(line, model),
        false => line.argument("--no-mask"),
    };
    line = line
        .option("layout", model.workspace.name().to_lowercase())
        .option("start", format!("{:.3}", time.start_secs))
        .option("span", format!("{:.3}", time.span_secs));
    if let CheckpointRef::File(checkpoint) = &model.embeddings.source.checkpoint {
        line = line.option("checkpoint", checkpoint);
    }
    if let Some(patchout) = mask.patchout() {
        line = line.option("patchout", patchout.every.to_string());
        if patchout.dropped_rows != Rows::default() {
            line = line.option("patchout-rows", patchout.dropped_rows.to_string());
        }
    }
    if model.settings.theme == Theme::Light {
        line = line.argument("--light");
    }
    Some(of_picture_form(line, model))
}

/// Says where a picture was saved, or why not.
pub(super) fn saved(model: &mut AppState, result: Result<PathBuf, String>) {
    match result {
        Ok(path) => {
            let text = format!("Saved: {}", path.display());
            model.notices.saved(text, &path);
        }
        Err(why) => model.notices.error(why),
    }
}

/// Takes in what decoding sends.
pub(super) fn receive(model: &mut AppState, workers: &mut Workers, message: PictureMessage) {
    match message {
        PictureMessage::Grows { path, picture } => grew(model, path, picture),
        PictureMessage::Whole { path, result } => received(model, workers, path, result),
        PictureMessage::EncoderInput(input) => model.spectrogram.encoder_input = Some(input),
        PictureMessage::Sound(message) => sound_picture::receive(model, message),
        PictureMessage::DecodedForViews { path, samples } => {
            sound::decoded(model, workers, &path, samples);
        }
        PictureMessage::Level(number, level) => sound::level_found(model, workers, number, level),
    }
}

/// Takes in the beginning of a track.
fn grew(model: &mut AppState, path: PathBuf, picture: Arc<Picture>) {
    let awaited = model.spectrogram.is_computing();
    if awaited && model.spectrogram.path() == Some(path.as_path()) {
        measure(model, &picture);
        model.spectrogram.state = PictureState::Growing { path, picture };
    }
}

/// Fits the view, or what the user made of it, to a picture, and draws a mask as long as it.
fn measure(model: &mut AppState, picture: &Picture) {
    let spectrogram = &mut model.spectrogram;
    if matches!(spectrogram.state, PictureState::Growing { .. }) {
        spectrogram.view.set_duration(picture.duration_secs());
    } else {
        spectrogram.view = TimeView::fit(picture.duration_secs());
    }
    model.mask.refresh(picture.frames());
}

fn received(
    model: &mut AppState,
    workers: &mut Workers,
    path: PathBuf,
    result: Result<Arc<Picture>, NoPicture>,
) {
    if model.spectrogram.path() != Some(path.as_path()) {
        return;
    }
    match result {
        Ok(picture) => {
            measure(model, &picture);
            let sentences = picture.caveats.sentences();
            let warning = (!sentences.is_empty()).then(|| sentences.join(". "));
            let secs = picture.sound_secs;
            let news = model.library.learn_decoded(&path, secs, warning);
            // The picture of one channel says nothing of the file as a whole.
            let whole = model.embeddings.source.channel == Channel::Mean;
            save_facts(model, workers, &path, news.filter(|_| whole));
            model.spectrogram.state = PictureState::Ready { path, picture };
            sound::masks_changed(model, workers);
        }
        Err(NoPicture { why, lasts }) => {
            let news = model.library.learn_problem(&path, &why);
            save_facts(model, workers, &path, news.filter(|_| lasts));
            model.spectrogram.state = PictureState::Failed(why);
            library::pass_over_bad(model, workers);
        }
    }
}

/// Saves what decoding taught of a track, if it was news.
fn save_facts(model: &AppState, workers: &Workers, path: &Path, news: Option<FileFacts>) {
    if let (Some(facts), Some(writer)) = (news, &workers.facts) {
        let (sources, path) = (model.library.sources.clone(), path.to_path_buf());
        writer.write([Decoded {
            sources,
            path,
            facts,
        }]);
    }
}

/// Asks for what the encoder is fed where it is wanted and neither there nor asked for.
pub(super) fn show_encoder_input(model: &AppState, workers: &mut Workers) {
    if let PictureState::Ready { path, picture } = &model.spectrogram.state
        && model.shows_encoder_input()
        && let Some(kind) = model.mask.input_kind()
        && model.spectrogram.asked_input(kind).is_none()
    {
        let channel = model.embeddings.source.channel;
        workers.picture.see(path, channel, kind, picture);
    }
}
