use std::sync::Arc;

use crate::tokens::{
    DropOrder, MaskKind, MaskRatio, PatchShape, WINDOW_FRAMES, WindowMasks, dropped_tokens,
};

/// What decides in which order tokens are dropped, window by window. The ratio is no part of it: a mask is the
/// beginning of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MaskKey {
    pub seed: u64,
    pub kind: MaskKind,
    pub shape: PatchShape,
    /// Windows of the track.
    pub windows: usize,
}

impl MaskKey {
    /// The masks of all windows: the same that are heard and that the command line draws for a single track.
    pub fn masks(&self) -> WindowMasks {
        WindowMasks::draw_windows(
            self.seed,
            0,
            self.windows,
            WINDOW_FRAMES,
            self.shape,
            self.kind,
        )
    }
}

/// For every token of every window its place in the drop order: it is dropped while the place is below the number of
/// dropped tokens.
#[derive(Debug, PartialEq, Eq)]
pub struct RankTable {
    pub key: MaskKey,
    /// Tokens of one window.
    pub tokens: usize,
    /// `[windows, tokens]`, row-major.
    pub ranks: Vec<u8>,
}

impl RankTable {
    /// Draws the orders of all windows.
    pub fn draw(key: MaskKey) -> Self {
        let masks = key.masks();
        let tokens = masks.grid().tokens();
        let ranks = masks
            .orders()
            .iter()
            .flat_map(DropOrder::ranks)
            // A window has 48 tokens.
            .map(|rank| u8::try_from(rank).unwrap_or(u8::MAX))
            .collect();
        Self { key, tokens, ranks }
    }

    /// Whether a mel band of a frame of the track is dropped; `None` where no whole window lies.
    pub fn is_dropped(&self, band: usize, frame: usize, ratio: MaskRatio) -> Option<bool> {
        let (window, inside) = (frame / WINDOW_FRAMES, frame % WINDOW_FRAMES);
        if window >= self.key.windows {
            return None;
        }
        let token = self.key.shape.grid(WINDOW_FRAMES).token_at(band, inside)?;
        let rank = *self.ranks.get(window * self.tokens + token)?;
        Some(usize::from(rank) < dropped_tokens(ratio, self.tokens))
    }
}

/// The mask over the picture.
pub struct Mask {
    /// Whether it is drawn.
    pub shown: bool,
    pub kind: MaskKind,
    pub shape: PatchShape,
    pub ratio: MaskRatio,
    pub seed: u64,
    /// How strongly dropped patches fade: 0 not at all, 1 until nothing is left.
    pub overlay: f32,
    /// Drop orders of the shown track.
    pub table: Option<Arc<RankTable>>,
}

impl Default for Mask {
    fn default() -> Self {
        Self {
            shown: true,
            kind: MaskKind::Random,
            shape: PatchShape::Square,
            ratio: MaskRatio::new(Self::FIRST_RATIO).unwrap_or(MaskRatio::MYNA),
            seed: 0,
            overlay: 0.8,
            table: None,
        }
    }
}

/// The highest ratio of the slider, in percent.
pub const MOST_PERCENT: i32 = 95;

impl Mask {
    /// What the window starts with: enough is dropped to see the idea, enough is kept to see the sound.
    const FIRST_RATIO: f64 = 0.75;

    /// Tokens of one window.
    pub fn tokens(&self) -> usize {
        self.shape.grid(WINDOW_FRAMES).tokens()
    }

    /// Dropped tokens of one window.
    pub fn dropped(&self) -> usize {
        dropped_tokens(self.ratio, self.tokens())
    }

    /// Kept tokens of one window.
    pub fn kept(&self) -> usize {
        self.tokens() - self.dropped()
    }

    /// The ratio in whole percent.
    pub fn percent(&self) -> i32 {
        (self.ratio.get() * 100.0).round() as i32
    }

    /// Sets the ratio in percent; the slider's ends hold.
    pub fn set_percent(&mut self, percent: i32) {
        let percent = percent.clamp(0, MOST_PERCENT);
        if let Ok(ratio) = MaskRatio::new(f64::from(percent) / 100.0) {
            self.ratio = ratio;
        }
    }

    /// What the mask costs, in words: "5 of 48 tokens kept, 10 % of the work".
    pub fn meter(&self) -> String {
        let (kept, tokens) = (self.kept(), self.tokens());
        let percent = 100.0 * kept as f64 / tokens.max(1) as f64;
        format!("{kept} of {tokens} tokens kept, {percent:.0} % of the work")
    }

    /// Draws the orders anew where seed, kind, shape or track changed.
    pub fn refresh(&mut self, windows: usize) {
        let key = MaskKey {
            seed: self.seed,
            kind: self.kind,
            shape: self.shape,
            windows,
        };
        if self.table.as_ref().is_none_or(|table| table.key != key) {
            self.table = Some(Arc::new(RankTable::draw(key)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meter_says_what_a_mask_costs() {
        let mut mask = Mask::default();
        assert_eq!(mask.meter(), "12 of 48 tokens kept, 25 % of the work");
        mask.set_percent(90);
        assert_eq!(mask.meter(), "5 of 48 tokens kept, 10 % of the work");
        mask.set_percent(-5);
        assert_eq!(mask.meter(), "48 of 48 tokens kept, 100 % of the work");
        mask.set_percent(200);
        assert_eq!(mask.percent(), MOST_PERCENT);
        assert_eq!(mask.kept(), 3);
    }

    #[test]
    fn the_table_drops_what_the_order_drops() {
        for shape in [PatchShape::Square, PatchShape::Vertical] {
            let key = MaskKey {
                seed: 3,
                kind: MaskKind::Random,
                shape,
                windows: 4,
            };
            let table = RankTable::draw(key);
            let grid = shape.grid(WINDOW_FRAMES);
            let masks = key.masks();
            let keep = masks.orders()[2].keep_flags(MaskRatio::MYNA);
            for band in (0..128).step_by(5) {
                for inside in 0..WINDOW_FRAMES {
                    let token = grid.token_at(band, inside).unwrap();
                    let frame = 2 * WINDOW_FRAMES + inside;
                    let dropped = table.is_dropped(band, frame, MaskRatio::MYNA);
                    assert_eq!(dropped, Some(!keep[token]));
                }
            }
            let beyond = table.is_dropped(0, 4 * WINDOW_FRAMES, MaskRatio::MYNA);
            assert_eq!(beyond, None, "no whole window, no mask");
        }
    }

    #[test]
    fn only_seed_kind_shape_and_track_draw_a_new_table() {
        let mut mask = Mask::default();
        mask.refresh(3);
        let first = mask.table.clone().unwrap();
        mask.set_percent(20);
        mask.overlay = 0.1;
        mask.refresh(3);
        assert!(Arc::ptr_eq(&first, mask.table.as_ref().unwrap()));
        mask.seed += 1;
        mask.refresh(3);
        assert_ne!(first, mask.table.clone().unwrap());
    }
}
