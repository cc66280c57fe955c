use crate::tokens::{MaskKind, MaskRatio, PatchShape, ViewName};

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
    /// How strongly dropped patches fade, 0 to 1.
    SetOverlay(f32),
}
