//! What can be undone that is no label: the values of the forms, and which of them differ.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use mynascope_collection::OwnRegions;
use mynascope_encoder::Patchout;

use crate::gui::model::{
    AppState, EncoderSource, Layer, MaskForm, Paint, Picked, PictureForm, Selection,
};

/// What a user set that is no label: the forms and what was done by hand.
#[derive(Debug, Clone, PartialEq)]
pub struct UndoState {
    mask: MaskForm,
    starts: [Option<usize>; 2],
    paint: Paint,
    picture: PictureForm,
    layer: Layer,
    patchout: Patchout,
    selection: Option<Selection>,
    /// The encoder with what is read of it; its device and channel are settings.
    encoder: EncoderSource,
    /// Windows that are picked on the map.
    picked: Arc<Picked>,
    /// Groups that the map hides.
    hidden: BTreeSet<String>,
    /// Named stretches of all tracks.
    regions: Arc<OwnRegions>,
    /// The track that selection, crops and painted patches belong to.
    pub(super) track: Option<PathBuf>,
}

/// One value that can be undone by itself: a row of [`FIELDS`].
#[derive(Clone, Copy)]
pub struct UndoField {
    /// What the toast calls it.
    pub(super) name: &'static str,
    kind: Kind,
    pub(super) differs: fn(&UndoState, &UndoState) -> bool,
    /// Sets it in the model as it is in the state.
    pub(super) restore: fn(&UndoState, &mut AppState),
}

/// What a change of a value means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing but itself.
    Plain,
    /// It is a number that keys change little by little: quick changes are parts of one.
    Gradual,
    /// The mask must be drawn anew.
    Mask,
    /// As both before.
    GradualMask,
    /// As [`Kind::Mask`], and it means something on one track only.
    MaskOfTrack,
    /// It means something on one track only.
    OfTrack,
    /// It is on the map, which must be drawn anew.
    Map,
}

/// A row: what the toast calls a value, what its change means, where it is in the state and in the model.
macro_rules! field {
    ($name:literal, $kind:ident, $($state:ident).+, $($model:ident).+) => {
        UndoField {
            name: $name,
            kind: Kind::$kind,
            differs: |a, b| a.$($state).+ != b.$($state).+,
            restore: |state, model| model.$($model).+.clone_from(&state.$($state).+),
        }
    };
}

/// All values that can be undone.
pub(super) const FIELDS: [UndoField; 23] = [
    field!("mask ratio", GradualMask, mask.ratio, mask.form.ratio),
    field!("kind of mask", Mask, mask.kind, mask.form.kind),
    field!("patchout or mask", Mask, mask.patchout, mask.form.patchout),
    field!("patchout", GradualMask, patchout, teaching.form.patchout),
    field!("patch shape", Mask, mask.shape, mask.form.shape),
    field!("seed", Mask, mask.seed, mask.form.seed),
    field!("crop", MaskOfTrack, starts, mask.starts),
    field!("painted patches", MaskOfTrack, paint, mask.paint),
    field!(
        "colour map",
        Plain,
        picture.colour_map,
        spectrogram.form.colour_map
    ),
    field!("picture", Plain, picture.of, spectrogram.form.of),
    field!(
        "frequency axis",
        Plain,
        picture.sound.axis,
        spectrogram.form.sound.axis
    ),
    field!(
        "FFT size",
        Plain,
        picture.sound.fft,
        spectrogram.form.sound.fft
    ),
    field!(
        "brightest level",
        Gradual,
        picture.sound.top_db,
        spectrogram.form.sound.top_db
    ),
    field!(
        "depth",
        Gradual,
        picture.sound.range_db,
        spectrogram.form.sound.range_db
    ),
    field!(
        "brightest level",
        Gradual,
        picture.top_db,
        spectrogram.form.top_db
    ),
    field!(
        "depth",
        Gradual,
        picture.range_db,
        spectrogram.form.range_db
    ),
    field!(
        "fading of dropped patches",
        Gradual,
        mask.overlay,
        mask.form.overlay
    ),
    field!("layer", Plain, layer, teaching.form.layer),
    field!("selection", OfTrack, selection, transport.form.selection),
    UndoField {
        differs: |a, b| !Arc::ptr_eq(&a.regions, &b.regions),
        ..field!("regions", Plain, regions, regions.all)
    },
    UndoField {
        name: "encoder",
        kind: Kind::Plain,
        differs: |a, b| !a.encoder.chooses_like(&b.encoder),
        restore: |state, model| {
            let now = &model.embeddings.source;
            model.embeddings.set_source(EncoderSource {
                device: now.device,
                channel: now.channel,
                ..state.encoder.clone()
            });
        },
    },
    UndoField {
        // Thousands of points: the same ones are not compared one by one.
        differs: |a, b| !Arc::ptr_eq(&a.picked, &b.picked) && a.picked != b.picked,
        ..field!("selected points", Map, picked, mapping.picked)
    },
    field!("hidden points", Map, hidden, mapping.hidden),
];

impl UndoField {
    pub(super) fn is_gradual(&self) -> bool {
        matches!(self.kind, Kind::Gradual | Kind::GradualMask)
    }

    pub(super) fn is_of_track(&self) -> bool {
        matches!(self.kind, Kind::OfTrack | Kind::MaskOfTrack)
    }

    pub(super) fn is_of_map(&self) -> bool {
        self.kind == Kind::Map
    }

    pub(super) fn is_of_mask(&self) -> bool {
        matches!(
            self.kind,
            Kind::Mask | Kind::GradualMask | Kind::MaskOfTrack
        )
    }
}

impl std::fmt::Debug for UndoField {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

impl UndoState {
    /// What is set now.
    pub fn of(model: &AppState) -> Self {
        Self {
            mask: model.mask.form,
            starts: model.mask.starts,
            paint: model.mask.paint.clone(),
            picture: model.spectrogram.form,
            layer: model.teaching.form.layer,
            patchout: model.teaching.form.patchout,
            selection: model.transport.form.selection,
            encoder: model.embeddings.source.clone(),
            picked: Arc::clone(&model.mapping.picked),
            hidden: model.mapping.hidden.clone(),
            regions: Arc::clone(&model.regions.all),
            track: model.spectrogram.path().map(Path::to_path_buf),
        }
    }
}
