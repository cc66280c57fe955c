//! Commands of the mask.

use mynascope_spectrum::tokens::{MaskKind, MaskRatio, PatchPlace, PatchShape, ViewName};

/// What a user does to the mask.
#[derive(Debug, Clone)]
pub enum MaskCommand {
    /// Whether the mask is drawn over the picture.
    ShowMask(bool),
    /// To this share of tokens.
    SetRatio(MaskRatio),
    /// By so many percentage points.
    ChangeRatio(i32),
    /// To this seed.
    SetSeed(u64),
    /// To another seed.
    Reroll,
    /// To this kind of mask.
    SetMaskKind(MaskKind),
    /// To this patch shape.
    SetPatchShape(PatchShape),
    /// Sees and hears view A or B.
    SetView(ViewName),
    /// Moves the crop of a view to a frame, or back to where it was drawn.
    MoveCrop {
        /// Whose crop.
        view: ViewName,
        /// Its first frame; `None` is where it was drawn.
        start_frame: Option<usize>,
    },
    /// Leaves seed, crops and painted patches alone on re-rolling and on another track.
    Freeze(bool),
    /// Whether a click on the picture paints patches.
    PaintWithClick(bool),
    /// Keeps or drops a patch of a view by hand, or leaves it to the mask again.
    Paint {
        /// Of which view.
        view: ViewName,
        /// Which patch.
        place: PatchPlace,
        /// Kept or dropped; `None` leaves it to the mask.
        keep: Option<bool>,
    },
    /// Leaves every patch to the mask again.
    ClearPaint,
    /// How strongly dropped patches fade, 0 to 1.
    SetOverlay(f32),
}
