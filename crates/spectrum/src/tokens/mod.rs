//! Patch grids, masks and views.
//!
//! A **window** is 96 frames of 128 mel bands. A **patch** is 16x16 ("square") or 128x2 ("vertical"); both cut a
//! window into 48 **tokens**. A **mask** drops `floor(ratio * tokens)` of them; a **view** is one masked crop.
//!
//! Every mask is the beginning of a [`DropOrder`]: a permutation of the tokens. A higher ratio drops more from the
//! same beginning, so masks of one seed are nested, and the picture only needs the order once: moving the ratio
//! changes one number.

mod grid;
mod order;
mod painted;
mod picture_grid;
mod random;
mod spans;
mod track_view;
mod view;
mod view_name;

pub use grid::{GridKind, PatchGrid, PatchShape, TokenGrid};
pub use order::{DropOrder, DropRule, MaskKind, MaskRatio, RatioError, dropped_tokens};
pub use painted::{Painted, PatchPlace};
pub use picture_grid::{MOST_OVERLAPPING, MOST_ROWS, PictureGrid};
pub use random::{Purpose, Stream, stream};
pub use spans::hidden_spans;
pub use track_view::{TrackView, ViewFlags};
pub use view::{TokenMask, View, ViewPair, crop_places, draw_views};
pub use view_name::ViewName;

/// Frames of one window (3.07 s of picture at 16 kHz and a hop of 512).
pub const WINDOW_FRAMES: usize = 96;
/// Mel bands of a frame.
pub const MEL_BANDS: usize = 128;
/// Values of one patch, of either shape.
pub const PATCH_VALUES: usize = 256;
