//! The spectrogram: what it shows, and saving it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::gui::{
    command::PictureCommand,
    command_line::CommandLine,
    message::{NoPicture, PictureMessage},
    model::{AppState, BandView, Picture, PictureState, TimeView},
    sheets::SpectrogramSheet,
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

use super::{copy_text, library, sound};

pub(super) fn apply(model: &mut AppState, workers: &Workers, command: PictureCommand) {
    let spectrogram = &mut model.spectrogram;
    match command {
        PictureCommand::Edit(form) => spectrogram.form = form.bounded(),
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
        PictureCommand::ShownAt(shown_at) => spectrogram.shown_at = shown_at,
        PictureCommand::Save => save(model, workers),
        PictureCommand::CopyCommand => copy_command(model, workers),
    }
}

fn save(model: &mut AppState, workers: &Workers) {
    let Some(sheet) = SpectrogramSheet::of(model) else {
        return;
    };
    let question = Question::new_file("Save the picture", sheet.file_name());
    let at = SaveAt::Asking(question.filter("PNG", &["png"]), "pictures");
    let saved = save_file::save("picture", at, &workers.outbox, move |path| sheet.save(path));
    model.notices.error_of(saved);
}

fn copy_command(model: &mut AppState, workers: &Workers) {
    if let Some(line) = command_line(model) {
        copy_text(model, workers, line.to_line(), "The command");
    }
}

/// The command that draws the layout with the track, the mask and the stretch of time that are shown.
pub fn command_line(model: &AppState) -> Option<CommandLine> {
    let path = model.spectrogram.path()?;
    let (mask, time) = (&model.mask, &model.spectrogram.view);
    let mut line = CommandLine::verb("picture")
        .argument(path)
        .option("layout", model.workspace.name().to_lowercase())
        .option("ratio", mask.form.ratio.get().to_string())
        .option("patch", mask.form.shape.to_string())
        .option("seed", mask.form.seed.to_string())
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
    Some(line.option("out", "picture.png"))
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
        PictureMessage::DecodedForViews { path, samples } => {
            sound::decoded(model, workers, &path, samples);
        }
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
        && model.spectrogram.form.as_encoder
        && let Some(kind) = model.mask.input_kind()
        && model.spectrogram.asked_input(kind).is_none()
    {
        let channel = model.embeddings.source.channel;
        workers.picture.see(path, channel, kind, picture);
    }
}
