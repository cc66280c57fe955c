//! The two masked crops of a track, as training draws them.

use super::{DropOrder, MaskKind, MaskRatio, PatchShape, Purpose, WINDOW_FRAMES, stream};

/// At which of so many places the two crops of a track begin: independent, all places equally likely.
pub fn crop_places(seed: u64, epoch: u64, track: u64, places: usize) -> [usize; 2] {
    let mut crops = stream(seed, epoch, track, Purpose::Crops);
    [(); 2].map(|()| crops.below(places))
}

/// In which order view 0 or 1 drops its tokens of a patch shape.
fn mask_order(
    seed: u64,
    epoch: u64,
    track: u64,
    view: u8,
    shape: PatchShape,
    kind: MaskKind,
) -> DropOrder {
    let purpose = Purpose::Mask {
        view,
        vertical: shape == PatchShape::Vertical,
    };
    let mut random = stream(seed, epoch, track, purpose);
    shape.grid(WINDOW_FRAMES).drop_order(kind, &mut random)
}

/// Which tokens of a window are read: one list for each of an encoder's grids, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TokenMask(pub Vec<Vec<usize>>);

impl TokenMask {
    /// The tokens of a grid that are read; none where there is no such grid.
    pub fn of(&self, grid: usize) -> &[usize] {
        self.0.get(grid).map_or(&[], Vec::as_slice)
    }

    /// Whether of some grid nothing is left.
    pub fn lacks_tokens(&self) -> bool {
        self.0.iter().any(Vec::is_empty)
    }
}

/// One masked crop of a track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// First frame of the crop.
    pub start_frame: usize,
    /// Kept tokens of the 16x16 patches.
    pub kept_square: Vec<usize>,
    /// Kept tokens of the 128x2 patches.
    pub kept_vertical: Vec<usize>,
}

impl View {
    /// The kept tokens of a patch shape.
    pub fn kept(&self, shape: PatchShape) -> &[usize] {
        match shape {
            PatchShape::Square => &self.kept_square,
            PatchShape::Vertical => &self.kept_vertical,
        }
    }

    /// The mask for an encoder that reads these patch shapes.
    pub fn mask(&self, shapes: &[PatchShape]) -> TokenMask {
        TokenMask(
            shapes
                .iter()
                .map(|&shape| self.kept(shape).to_vec())
                .collect(),
        )
    }
}

/// The two views of a track that training pulls together.
pub type ViewPair = [View; 2];

/// Draws the two views of one track in one epoch: two crops of 96 frames, independent and uniform over the track,
/// and four masks, independent for view and patch shape (Myna, `utils.py`). A pure function of its arguments.
/// A track shorter than a window starts at 0 and is padded with silence by who cuts the crop.
pub fn draw_views(
    seed: u64,
    epoch: u64,
    track: u64,
    track_frames: usize,
    kind: MaskKind,
    ratio: MaskRatio,
) -> ViewPair {
    let places = track_frames.saturating_sub(WINDOW_FRAMES) + 1;
    let starts = crop_places(seed, epoch, track, places);
    [0_u8, 1].map(|view| {
        let mask = |shape| {
            let order = mask_order(seed, epoch, track, view, shape, kind);
            order.kept(ratio).to_vec()
        };
        let [a, b] = starts;
        View {
            start_frame: if view == 0 { a } else { b },
            kept_square: mask(PatchShape::Square),
            kept_vertical: mask(PatchShape::Vertical),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_two_crops_and_four_masks_and_can_be_drawn_again() {
        let draw =
            |epoch, track| draw_views(5, epoch, track, 400, MaskKind::Random, MaskRatio::MYNA);
        let [a, b] = draw(1, 9);
        assert_eq!([a.clone(), b.clone()], draw(1, 9));
        assert_eq!(a.kept_square.len(), 5);
        assert_eq!(b.kept_vertical.len(), 5);
        let masks = [
            &a.kept_square,
            &a.kept_vertical,
            &b.kept_square,
            &b.kept_vertical,
        ];
        for (index, mask) in masks.iter().enumerate() {
            assert!(masks.iter().skip(index + 1).all(|other| other != mask));
        }
        let starts: Vec<usize> = (0..200)
            .flat_map(|track| draw(0, track).map(|view| view.start_frame))
            .collect();
        assert!(starts.iter().all(|&start| start + 96 <= 400));
        assert!(starts.iter().any(|&start| start < 20) && starts.iter().any(|&start| start > 284));
        let short = draw_views(5, 0, 0, 40, MaskKind::Random, MaskRatio::MYNA);
        assert_eq!(short.map(|view| view.start_frame), [0, 0]);
    }
}
