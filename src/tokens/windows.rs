use super::{
    DropOrder, MaskKind, MaskRatio, PatchGrid, PatchShape, Purpose, WINDOW_FRAMES, stream,
};

/// The masks of all windows of a track, back to back from its start: what is drawn over the picture, what is
/// heard and what `embed --mask-ratio` drops. A pure function of (seed, track, window).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowMasks {
    grid: PatchGrid,
    orders: Vec<DropOrder>,
}

impl WindowMasks {
    /// Draws the masks of a track of `frames` frames. Frames behind the last full window belong to no window; a
    /// track shorter than a window has one, which silence fills up.
    pub fn draw(seed: u64, track: u64, frames: usize, shape: PatchShape, kind: MaskKind) -> Self {
        Self::draw_windows(
            seed,
            track,
            (frames / WINDOW_FRAMES).max(1),
            WINDOW_FRAMES,
            shape,
            kind,
        )
    }

    /// The same for a known number of windows of a width other than the usual one.
    pub fn draw_windows(
        seed: u64,
        track: u64,
        windows: usize,
        window_frames: usize,
        shape: PatchShape,
        kind: MaskKind,
    ) -> Self {
        let grid = shape.grid(window_frames);
        let purpose = Purpose::Window {
            vertical: shape == PatchShape::Vertical,
        };
        let orders = (0..windows)
            .map(|window| {
                let mut random = stream(seed, window as u64, track, purpose);
                DropOrder::draw(grid, kind, &mut random)
            })
            .collect();
        Self { grid, orders }
    }

    /// The grid of each window.
    pub fn grid(&self) -> PatchGrid {
        self.grid
    }

    /// How many windows there are.
    pub fn windows(&self) -> usize {
        self.orders.len()
    }

    /// The drop order of each window.
    pub fn orders(&self) -> &[DropOrder] {
        &self.orders
    }

    /// What stays at a ratio, ready to be asked for bands and frames.
    pub fn keep_flags(&self, ratio: MaskRatio) -> KeepFlags {
        KeepFlags {
            grid: self.grid,
            windows: self
                .orders
                .iter()
                .map(|order| order.keep_flags(ratio))
                .collect(),
        }
    }
}

/// Which parts of a track's picture a mask keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepFlags {
    grid: PatchGrid,
    /// One flag a token, per window.
    windows: Vec<Vec<bool>>,
}

impl KeepFlags {
    /// Whether the value of a mel band and a frame of the track stays. Frames outside every window stay.
    pub fn keeps(&self, band: usize, frame: usize) -> bool {
        let (window, inside) = (frame / WINDOW_FRAMES, frame % WINDOW_FRAMES);
        self.windows
            .get(window)
            .zip(self.grid.token_at(band, inside))
            .and_then(|(flags, token)| flags.get(token).copied())
            .unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_window_has_its_own_mask_and_the_rest_is_untouched() {
        let masks = WindowMasks::draw(0, 0, 300, PatchShape::Square, MaskKind::Random);
        assert_eq!(masks.windows(), 3);
        assert_ne!(masks.orders()[0], masks.orders()[1]);
        let flags = masks.keep_flags(MaskRatio::MYNA);
        for window in 0..3 {
            let kept = (0..128)
                .flat_map(|band| (0..96).map(move |frame| (band, frame)))
                .filter(|&(band, frame)| flags.keeps(band, 96 * window + frame))
                .count();
            assert_eq!(kept, 5 * 256);
        }
        assert!((288..300).all(|frame| flags.keeps(0, frame)));
    }
}
