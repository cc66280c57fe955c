//! Actions of the encoder that the layouts share: which one, and what it tells of styles and keys.

use crate::gui::{
    command::{Command, EncoderCommand, KeysCommand, StylesCommand, TeachCommand},
    model::AppState,
};
use mynascope_encoder::CheckpointRef;

use super::{Action, Group};

const GROUP: Group = Group::Encoder;

fn choose(model: &AppState, checkpoint: CheckpointRef) -> Option<Command> {
    let source = &model.embeddings.source;
    let other = source.checkpoint != checkpoint;
    other.then(|| Command::Encoder(EncoderCommand::Use(source.with_checkpoint(checkpoint))))
}

/// A command about the keys that the encoder hears, where it hears any.
fn of_keys(model: &AppState, command: KeysCommand) -> Option<Command> {
    model.keys_info()?;
    Some(Command::Keys(command))
}

pub(super) const ACTIONS: &[Action] = &[
    Action {
        id: "use-shipped",
        group: GROUP,
        name: "Use the shipped encoder",
        help: "All layouts use the small trained Myna that comes with the program",
        keys: &[],
        command: |model| choose(model, CheckpointRef::Shipped),
    },
    Action {
        id: "use-untrained",
        group: GROUP,
        name: "Use the untrained encoder",
        help: "All layouts use random weights: what an encoder knows that learned nothing",
        keys: &[],
        command: |model| choose(model, CheckpointRef::Untrained),
    },
    Action {
        id: "choose-encoder",
        group: GROUP,
        name: "Choose an encoder file…",
        help: "All layouts use a checkpoint that you choose",
        keys: &[],
        command: |_| Some(Command::Encoder(EncoderCommand::ChooseFile)),
    },
    Action {
        id: "published-encoders",
        group: GROUP,
        name: "Published encoders",
        help: "See which encoders were published, and fetch one from the model hub",
        keys: &[],
        command: |_| Some(Command::Encoder(EncoderCommand::ShowPublished)),
    },
    Action {
        id: "measure-precisions",
        group: GROUP,
        name: "Measure what fewer bits gain",
        help: "Embed windows of the shown track in 32, 16 and 8 bits, and see in the menu of encoders how fast and how near each is",
        keys: &[],
        command: |model| {
            model.library.selected_track()?;
            Some(Command::Encoder(EncoderCommand::MeasurePrecisions))
        },
    },
    Action {
        id: "embed-collection",
        group: GROUP,
        name: "Embed the collection",
        help: "Embed every window of the collection once, so that neighbours can be found in the layout Teach",
        keys: &[],
        command: |model| {
            let ready = model.library.track_count() > 0 && !model.teaching.embedding.is_running();
            ready.then_some(Command::Teach(TeachCommand::Embed))
        },
    },
    Action {
        id: "stop-embedding",
        group: GROUP,
        name: "Stop embedding the collection",
        help: "Stop what the layout Teach embeds",
        keys: &[],
        command: |model| {
            let running = model.teaching.embedding.is_running();
            running.then_some(Command::Teach(TeachCommand::StopEmbedding))
        },
    },
    Action {
        id: "copy-matrix",
        group: GROUP,
        name: "Copy the cosines of the batch as CSV",
        help: "Put the numbers of the matrix of the layout Teach on the clipboard",
        keys: &[],
        command: |model| {
            model.teaching.batch.value.as_ref()?;
            Some(Command::Teach(TeachCommand::CopyMatrix))
        },
    },
    Action {
        id: "compute-styles",
        group: GROUP,
        name: "Compute the styles of all tracks",
        help: "Ask the encoder's classifier, which a MAEST has, for the styles of every track of the collection",
        keys: &[],
        command: |model| {
            model.styles_info()?;
            let ready = model.library.track_count() > 0 && !model.styles.job.is_running();
            ready.then_some(Command::Styles(StylesCommand::Compute))
        },
    },
    Action {
        id: "stop-styles",
        group: GROUP,
        name: "Stop computing styles",
        help: "Stop computing the styles of the collection; what is computed stays",
        keys: &[],
        command: |model| {
            let running = model.styles.job.is_running();
            running.then_some(Command::Styles(StylesCommand::Cancel))
        },
    },
    Action {
        id: "copy-styles-command",
        group: GROUP,
        name: "Copy the styles as command",
        help: "Put the command on the clipboard that writes the styles of all tracks into a table",
        keys: &[],
        command: |model| {
            model.styles_info()?;
            Some(Command::Styles(StylesCommand::Copy))
        },
    },
    Action {
        id: "style-strip",
        group: GROUP,
        name: "Styles over time",
        help: "Show the styles of each shown track over time below its spectrogram, or hide them; a MAEST gives them",
        keys: &[],
        command: |model| {
            model.styles_info()?;
            let on = !model.styles.form.strip;
            let edit = StylesCommand::edit(model, |form| form.strip = on);
            Some(Command::Styles(edit))
        },
    },
    Action {
        id: "key-strip",
        group: GROUP,
        name: "Keys over time",
        help: "Show the keys of each shown track over time below its spectrogram, or hide them; an MT2 hears them",
        keys: &[],
        command: |model| {
            let on = !model.keys.form.strip;
            of_keys(model, KeysCommand::edit(model, |form| form.strip = on))
        },
    },
    Action {
        id: "hear-lowered",
        group: GROUP,
        name: "Hear the window transposed",
        help: "Play the window at the playhead as much lower as is set in the pane Key",
        keys: &[],
        command: |model| {
            model.library.selected_track()?;
            of_keys(model, KeysCommand::Hear)
        },
    },
    Action {
        id: "name-keys",
        group: GROUP,
        name: "Name the keys by this track",
        help: "Name the places of the encoder's key profile by the shown track, whose key is known",
        keys: &[],
        command: |model| {
            model.library.selected_track()?;
            of_keys(model, KeysCommand::Calibrate)
        },
    },
    Action {
        id: "forget-keys",
        group: GROUP,
        name: "Forget the names of the keys",
        help: "The places of the key profile have numbers again",
        keys: &[],
        command: |model| {
            model.keys.named_by()?;
            of_keys(model, KeysCommand::Forget)
        },
    },
    Action {
        id: "copy-keys-command",
        group: GROUP,
        name: "Copy the keys as command",
        help: "Put the command on the clipboard that tells the keys of all tracks",
        keys: &[],
        command: |model| of_keys(model, KeysCommand::Copy),
    },
];
