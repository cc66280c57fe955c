//! What a page of a lesson shows.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::gui::{
    model::{AppState, Layer, Mask, MatrixKind, TeachForm, first_purpose},
    workspace::{Pane, Workspace},
};
use mynascope_encoder::Family;
use mynascope_spectrum::tokens::{
    MaskKind, MaskRatio, PatchPlace, PatchShape, PictureGrid, ViewName,
};

use super::track;

/// A state of the window, as far as it is told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LessonState {
    /// The layout.
    pub layout: Option<Workspace>,
    /// A path; or `demo:` and a track of the demo collection, or a folder of it, whose first track it is.
    pub track: Option<String>,
    /// What is visible of the track; without it, all.
    pub start_secs: Option<f64>,
    /// How much of the track is visible.
    pub span_secs: Option<f64>,
    /// The mask ratio.
    pub ratio: Option<MaskRatio>,
    /// The seed of crops and masks.
    pub seed: Option<u64>,
    /// The kind of mask.
    pub kind: Option<MaskKind>,
    /// The patch shape.
    pub shape: Option<PatchShape>,
    /// The view that is seen and heard.
    pub view: Option<ViewName>,
    /// Whether the mask is drawn.
    pub show_mask: Option<bool>,
    /// First frame of the crops, where they were moved by hand.
    pub crop_a: Option<usize>,
    /// As `crop_a`, of view B.
    pub crop_b: Option<usize>,
    /// What lies over the crop.
    pub layer: Option<Layer>,
    /// Whether attention is that of all tokens.
    pub whole: Option<bool>,
    /// Which cosines the matrix shows.
    pub matrix: Option<MatrixKind>,
    /// Temperature of the loss.
    pub temperature: Option<f64>,
    /// Tracks of the batch.
    pub tracks: Option<usize>,
    /// The panel that the page speaks of: in front where it shares its place with others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub panel: Option<TeachPanel>,
    /// Sets the form of the next run to the first preset of this family, where it is of another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<Family>,
    /// Patches kept or dropped by hand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub painted: Vec<PaintedPatch>,
}

/// A panel of Teach that shares its place with others in a small window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TeachPanel {
    /// The two views, and how alike they are.
    Views,
    /// The matrix of a batch.
    Batch,
    /// How the mask is set.
    Masking,
}

impl TeachPanel {
    const ALL: [Self; 3] = [Self::Views, Self::Batch, Self::Masking];

    /// The pane that it is.
    pub fn pane(self) -> Pane {
        match self {
            Self::Views => Pane::Views,
            Self::Batch => Pane::Batch,
            Self::Masking => Pane::Masking,
        }
    }

    /// The only one of them that is seen, if the others stand behind it.
    fn in_front(seen: &[Pane]) -> Option<Self> {
        let mut seen = Self::ALL.into_iter().filter(|it| seen.contains(&it.pane()));
        seen.next().filter(|_| seen.next().is_none())
    }
}

/// A patch kept or dropped by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaintedPatch {
    /// Of which view.
    pub view: ViewName,
    /// Of which patch shape.
    pub shape: PatchShape,
    /// Counted from the crop.
    pub window: i32,
    /// Which token of the window.
    pub token: usize,
    /// Kept, or dropped.
    pub keep: bool,
}

impl LessonState {
    /// What a page shows that changes so much of the one before.
    pub(super) fn then(self, next: &Self) -> Self {
        // A page that shows another part, or another track, begins with its own view of it.
        let camera = next.start_secs.is_some() || next.track.is_some();
        Self {
            layout: next.layout.or(self.layout),
            track: next.track.clone().or(self.track),
            start_secs: if camera {
                next.start_secs
            } else {
                self.start_secs
            },
            span_secs: if camera {
                next.span_secs
            } else {
                self.span_secs
            },
            ratio: next.ratio.or(self.ratio),
            seed: next.seed.or(self.seed),
            kind: next.kind.or(self.kind),
            shape: next.shape.or(self.shape),
            view: next.view.or(self.view),
            show_mask: next.show_mask.or(self.show_mask),
            crop_a: next.crop_a.or(self.crop_a),
            crop_b: next.crop_b.or(self.crop_b),
            layer: next.layer.or(self.layer),
            whole: next.whole.or(self.whole),
            matrix: next.matrix.or(self.matrix),
            temperature: next.temperature.or(self.temperature),
            tracks: next.tracks.or(self.tracks),
            panel: next.panel.or(self.panel),
            train: next.train.or(self.train),
            painted: if next.painted.is_empty() {
                self.painted
            } else {
                next.painted.clone()
            },
        }
    }

    /// The state of the window as it is.
    pub fn of(model: &AppState) -> Self {
        let (mask, form) = (&model.mask, model.teaching.form);
        let [crop_a, crop_b] = mask.starts;
        let time = &model.spectrogram.view;
        let zoomed = time.span_secs < time.duration_secs;
        let path = model.spectrogram.path();
        let mut painted = Vec::new();
        for shape in [PatchShape::Square, PatchShape::Vertical] {
            for view in ViewName::BOTH {
                let patches = mask.paint.of(view, &PictureGrid::of_myna(shape));
                painted.extend(patches.iter().map(|(place, &keep)| PaintedPatch {
                    view,
                    shape,
                    window: place.window,
                    token: place.token,
                    keep,
                }));
            }
        }
        Self {
            layout: Some(model.workspace),
            track: path.map(track::of_path),
            start_secs: zoomed.then_some(time.start_secs),
            span_secs: zoomed.then_some(time.span_secs),
            ratio: Some(mask.form.ratio),
            seed: Some(mask.form.seed),
            kind: Some(mask.form.kind),
            shape: Some(mask.form.shape),
            view: Some(mask.form.active),
            show_mask: Some(mask.form.shown),
            crop_a,
            crop_b,
            layer: Some(form.layer),
            whole: Some(form.whole),
            matrix: Some(form.matrix),
            temperature: Some(form.temperature),
            tracks: Some(form.tracks),
            panel: TeachPanel::in_front(&model.seen),
            train: None,
            painted,
        }
    }

    /// Sets everything but the track and what is visible of it. What is not told is as at first.
    pub fn set(&self, model: &mut AppState) {
        if let Some(layout) = self.layout {
            model.show_workspace(layout);
        }
        if let Some(panel) = self.panel {
            model.front = Some(panel.pane());
        }
        let first = Mask::default();
        let mask = &mut model.mask;
        mask.form.kind = self.kind.unwrap_or(first.form.kind);
        mask.form.shape = self.shape.unwrap_or(first.form.shape);
        mask.form.ratio = self.ratio.unwrap_or(first.form.ratio);
        mask.form.seed = self.seed.unwrap_or(first.form.seed);
        mask.form.active = self.view.unwrap_or(first.form.active);
        mask.form.shown = self.show_mask.unwrap_or(true);
        mask.starts = [self.crop_a, self.crop_b];
        mask.form.painting = false;
        mask.paint = first.paint;
        for patch in &self.painted {
            let place = PatchPlace {
                window: patch.window,
                token: patch.token,
            };
            let grid = PictureGrid::of_myna(patch.shape);
            mask.paint.set(patch.view, &grid, place, Some(patch.keep));
        }
        if let Some(family) = self.train
            && !model.training.is_active()
            && model.training.form.family() != family
            && let Some(purpose) = first_purpose(family)
        {
            model.training.form = purpose.of(&model.training.form);
        }
        let form = TeachForm::default();
        model.teaching.form = TeachForm {
            layer: self.layer.unwrap_or(form.layer),
            whole: self.whole.unwrap_or(form.whole),
            matrix: self.matrix.unwrap_or(form.matrix),
            temperature: self.temperature.unwrap_or(form.temperature),
            tracks: self.tracks.unwrap_or(form.tracks),
            ..model.teaching.form
        };
    }

    /// Whether a path is the track of this state.
    pub fn is_track(&self, path: &Path) -> bool {
        let Some(track) = &self.track else {
            return false;
        };
        match track::demo_name(track) {
            Some(name) => {
                let folder = path.parent();
                path.with_extension("").ends_with(name)
                    || folder.is_some_and(|folder| folder.ends_with(name))
            }
            None => path == Path::new(track),
        }
    }

    /// The file of its track, if it is none of the demo collection.
    pub fn own_track(&self) -> Option<&Path> {
        let track = self.track.as_deref()?;
        track::demo_name(track).is_none().then(|| Path::new(track))
    }

    /// Its track as people call it.
    pub fn track_title(&self) -> Option<&str> {
        let track = self.track.as_deref()?;
        let name = track::demo_name(track).unwrap_or(track);
        name.rsplit(['/', '\\']).next()
    }
}
