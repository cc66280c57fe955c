//! Commands of the mask.

use mynascope_spectrum::tokens::{MaskKind, MaskRatio, PatchPlace, PatchShape, ViewName};

/// What a user does to the mask.
#[derive(Debug, Clone)]
pub enum MaskCommand {
    ShowMask(bool),
    SetRatio(MaskRatio),
    /// By so many percentage points.
    ChangeRatio(i32),
    SetSeed(u64),
    /// To another seed.
    Reroll,
    SetMaskKind(MaskKind),
    SetPatchShape(PatchShape),
    /// Sees and hears view A or B.
    SetView(ViewName),
    /// Moves the crop of a view to a frame, or back to where it was drawn.
    MoveCrop {
        view: ViewName,
        start_frame: Option<usize>,
    },
    /// Leaves seed, crops and painted patches alone on re-rolling and on another track.
    Freeze(bool),
    /// Whether a click on the picture paints patches.
    PaintWithClick(bool),
    /// Keeps or drops a patch of a view by hand, or leaves it to the mask again.
    Paint {
        view: ViewName,
        place: PatchPlace,
        keep: Option<bool>,
    },
    /// Leaves every patch to the mask again.
    ClearPaint,
    /// How strongly dropped patches fade, 0 to 1.
    SetOverlay(f32),
}
