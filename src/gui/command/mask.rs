//! Commands of the mask.

use crate::gui::model::MaskForm;
use mynascope_spectrum::tokens::{PatchPlace, ViewName};

/// What a user does to the mask.
#[derive(Debug, Clone)]
pub enum MaskCommand {
    /// Sets it.
    Edit(MaskForm),
    /// Sets it for something that is shown by it: whether the layout draws masks by itself stays as the user left it.
    Demonstrate(MaskForm),
    /// Drops more or less, by so many percentage points.
    ChangeRatio(i32),
    /// To another seed.
    Reroll,
    /// Moves the crop of a view to a frame, or back to where it was drawn.
    MoveCrop {
        /// Whose crop.
        view: ViewName,
        /// Its first frame; `None` is where it was drawn.
        start_frame: Option<usize>,
    },
    /// Keeps or drops patches of a view by hand, or leaves them to the mask again.
    Paint {
        /// Of which view.
        view: ViewName,
        /// Which patches.
        places: Vec<PatchPlace>,
        /// Kept or dropped; `None` leaves them to the mask.
        keep: Option<bool>,
    },
    /// Leaves every patch to the mask again.
    ClearPaint,
}
