//! A view over a whole track: its crop, the masks of the windows around it, and patches painted by hand.

use std::{
    collections::{BTreeMap, btree_map},
    fmt,
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use super::{
    DropOrder, MaskKind, MaskRatio, PatchGrid, PatchShape, Purpose, WINDOW_FRAMES, dropped_tokens,
    stream,
    view::{crop_starts, mask_order},
};

/// One of the two views of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum ViewName {
    /// The first view.
    #[default]
    A,
    /// The second view.
    B,
}

impl ViewName {
    /// Both, A first.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];

    /// 0 for A, 1 for B: the number that training draws masks by.
    pub fn number(self) -> u8 {
        match self {
            Self::A => 0,
            Self::B => 1,
        }
    }

    /// The same as an index.
    pub fn index(self) -> usize {
        usize::from(self.number())
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

impl fmt::Display for ViewName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::B => "B",
        })
    }
}

impl FromStr for ViewName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "a" | "A" => Ok(Self::A),
            "b" | "B" => Ok(Self::B),
            _ => Err(format!("'{text}' is no view; say a or b")),
        }
    }
}

/// A patch of a view: the window, counted from the crop (0 is the crop, -1 the window before it), and the token in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PatchPlace {
    /// Windows from the one of the crop, backwards below zero.
    pub window: i32,
    /// Which token of the window.
    pub token: usize,
}

/// Patches that are kept or dropped by hand, whatever the ratio says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Painted(BTreeMap<PatchPlace, bool>);

impl Painted {
    /// Keeps (`true`) or drops a patch, or leaves it to the mask again (`None`). Returns what was said before.
    pub fn set(&mut self, place: PatchPlace, keep: Option<bool>) -> Option<bool> {
        match keep {
            Some(keep) => self.0.insert(place, keep),
            None => self.0.remove(&place),
        }
    }

    /// Whether a patch is kept or dropped by hand.
    pub fn get(&self, place: PatchPlace) -> Option<bool> {
        self.0.get(&place).copied()
    }

    /// Whether nothing is painted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many patches are painted.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All painted patches, window by window.
    pub fn iter(&self) -> btree_map::Iter<'_, PatchPlace, bool> {
        self.0.iter()
    }
}

impl FromIterator<(PatchPlace, bool)> for Painted {
    fn from_iter<I: IntoIterator<Item = (PatchPlace, bool)>>(patches: I) -> Self {
        Self(patches.into_iter().collect())
    }
}

/// One view of a whole track, for eye and ear. Training masks one crop; here its patch grid goes on to both ends of the
/// track, shifted so that the crop is exactly one of the windows. That window drops what training drops; every other
/// window, also the cut ones at both ends, has its own order from the same counter-based streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackView {
    grid: PatchGrid,
    frames: usize,
    start_frame: usize,
    /// Windows before the crop.
    before: usize,
    orders: Vec<DropOrder>,
    painted: Painted,
}

impl TrackView {
    /// Draws a view of a track of `frames` frames as training draws it for a collection's first track in its first
    /// epoch ([`super::draw_views`] with epoch and track 0).
    pub fn draw(
        seed: u64,
        view: ViewName,
        frames: usize,
        shape: PatchShape,
        kind: MaskKind,
    ) -> Self {
        let [a, b] = crop_starts(seed, 0, 0, frames);
        let start = match view {
            ViewName::A => a,
            ViewName::B => b,
        };
        Self::draw_at(seed, view, start, frames, shape, kind)
    }

    /// The same with a crop that was moved by hand; its mask stays, and so does that of every other window.
    pub fn draw_at(
        seed: u64,
        view: ViewName,
        start_frame: usize,
        frames: usize,
        shape: PatchShape,
        kind: MaskKind,
    ) -> Self {
        let grid = shape.grid(WINDOW_FRAMES);
        let frames = frames.max(1);
        let start_frame = start_frame.min(frames.saturating_sub(WINDOW_FRAMES));
        let before = start_frame.div_ceil(WINDOW_FRAMES);
        let after = (frames - start_frame)
            .saturating_sub(WINDOW_FRAMES)
            .div_ceil(WINDOW_FRAMES);
        let vertical = shape == PatchShape::Vertical;
        let purpose = Purpose::ViewWindow {
            view: view.number(),
            vertical,
        };
        let orders = (0..before + 1 + after)
            .map(|window| {
                if window == before {
                    return mask_order(seed, 0, 0, view.number(), shape, kind);
                }
                // Counted from the crop, so that masks stay with their place in the view when the crop is moved.
                let from_crop = window as i64 - before as i64;
                let mut random = stream(seed, from_crop as u64, 0, purpose);
                grid.drop_order(kind, &mut random)
            })
            .collect();
        Self {
            grid,
            frames,
            start_frame,
            before,
            orders,
            painted: Painted::default(),
        }
    }

    /// The same view with patches that are kept or dropped by hand.
    pub fn painted(mut self, painted: Painted) -> Self {
        self.painted = painted;
        self
    }

    /// The grid of each window.
    pub fn grid(&self) -> PatchGrid {
        self.grid
    }

    /// First frame of the crop.
    pub fn start_frame(&self) -> usize {
        self.start_frame
    }

    /// How many frames the first window begins before the track: 0 to 95.
    pub fn lead_frames(&self) -> usize {
        self.before * WINDOW_FRAMES - self.start_frame
    }

    /// How many windows there are, the cut ones at both ends with them.
    pub fn windows(&self) -> usize {
        self.orders.len()
    }

    /// Which of the windows is the crop.
    pub fn crop_window(&self) -> usize {
        self.before
    }

    /// The drop order of each window, without what is painted.
    pub fn orders(&self) -> &[DropOrder] {
        &self.orders
    }

    /// The patch at a mel band and a frame of the track; `None` behind the end.
    pub fn place_at(&self, band: usize, frame: usize) -> Option<PatchPlace> {
        if frame >= self.frames {
            return None;
        }
        let place = frame + self.lead_frames();
        let token = self.grid.token_at(band, place % WINDOW_FRAMES)?;
        let window = i32::try_from(place / WINDOW_FRAMES).ok()?;
        Some(PatchPlace {
            window: window - i32::try_from(self.before).ok()?,
            token,
        })
    }

    fn window_number(&self, window: usize) -> i32 {
        i32::try_from(window as i64 - self.before as i64).unwrap_or(i32::MAX)
    }

    /// For each token of each window, [windows, tokens] row-major, its place in the drop order, counted from 1: it is
    /// dropped where the place is not above the number of dropped tokens. [`TrackView::DROPPED_BY_HAND`] and
    /// [`TrackView::KEPT_BY_HAND`] say so whatever the ratio.
    pub fn ranks(&self) -> Vec<u8> {
        let mut ranks = Vec::with_capacity(self.orders.len() * self.grid.tokens());
        for (window, order) in self.orders.iter().enumerate() {
            let window = self.window_number(window);
            for (token, rank) in order.ranks().into_iter().enumerate() {
                let by_hand = self.painted.get(PatchPlace { window, token });
                ranks.push(match by_hand {
                    Some(true) => Self::KEPT_BY_HAND,
                    Some(false) => Self::DROPPED_BY_HAND,
                    // A window has 48 tokens.
                    None => u8::try_from(rank + 1).unwrap_or(Self::KEPT_BY_HAND - 1),
                });
            }
        }
        ranks
    }

    /// The place of a patch that is dropped by hand.
    pub const DROPPED_BY_HAND: u8 = 0;
    /// The place of a patch that is kept by hand.
    pub const KEPT_BY_HAND: u8 = u8::MAX;

    /// The kept tokens of the crop: exactly those of [`super::draw_views`] where nothing is painted. May be empty.
    pub fn kept(&self, ratio: MaskRatio) -> Vec<usize> {
        let Some(order) = self.orders.get(self.before) else {
            return Vec::new();
        };
        let by_hand = |token| self.painted.get(PatchPlace { window: 0, token });
        let dropped = dropped_tokens(ratio, order.order().len());
        let order = order.order().iter().enumerate();
        order
            .filter(|&(rank, &token)| by_hand(token).unwrap_or(rank >= dropped))
            .map(|(_, &token)| token)
            .collect()
    }

    /// What stays at a ratio, ready to be asked for bands and frames.
    pub fn keep_flags(&self, ratio: MaskRatio) -> ViewFlags {
        let dropped = dropped_tokens(ratio, self.grid.tokens());
        ViewFlags {
            grid: self.grid,
            lead_frames: self.lead_frames(),
            flags: self
                .ranks()
                .into_iter()
                .map(|rank| usize::from(rank) > dropped)
                .collect(),
        }
    }
}

/// Which parts of a track's picture a view keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewFlags {
    grid: PatchGrid,
    lead_frames: usize,
    /// [windows, tokens] row-major.
    flags: Vec<bool>,
}

impl ViewFlags {
    /// Whether the value of a mel band and a frame of the track stays. Frames behind the end stay.
    pub fn keeps(&self, band: usize, frame: usize) -> bool {
        let place = frame + self.lead_frames;
        let (window, inside) = (place / WINDOW_FRAMES, place % WINDOW_FRAMES);
        self.grid
            .token_at(band, inside)
            .and_then(|token| self.flags.get(window * self.grid.tokens() + token).copied())
            .unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::{MEL_BANDS, draw_views};

    const SHAPES: [PatchShape; 2] = [PatchShape::Square, PatchShape::Vertical];

    fn ratio(percent: usize) -> MaskRatio {
        MaskRatio::new(percent as f64 / 100.0).unwrap()
    }

    /// What is seen and heard inside a crop is what training feeds the encoder.
    #[test]
    fn the_crop_drops_what_training_drops_for_every_kind_ratio_and_shape() {
        for (seed, frames) in [(7, 384), (8, 97), (3, 40)] {
            for kind in MaskKind::ALL {
                for shape in SHAPES {
                    for name in ViewName::BOTH {
                        let view = TrackView::draw(seed, name, frames, shape, kind);
                        for percent in 0..=95 {
                            let ratio = ratio(percent);
                            let pair = draw_views(seed, 0, 0, frames, kind, ratio);
                            let trained = &pair[name.index()];
                            assert_eq!(view.start_frame(), trained.start_frame);
                            assert_eq!(view.kept(ratio), trained.kept(shape));
                            if percent != 0 && percent != 90 {
                                continue;
                            }
                            let flags = view.keep_flags(ratio);
                            for band in 0..MEL_BANDS {
                                for inside in 0..WINDOW_FRAMES.min(frames) {
                                    let token = shape.grid(WINDOW_FRAMES).token_at(band, inside);
                                    assert_eq!(
                                        flags.keeps(band, trained.start_frame + inside),
                                        trained.kept(shape).contains(&token.unwrap()),
                                    );
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn every_window_drops_exactly_the_floor_of_the_ratio() {
        for kind in MaskKind::ALL {
            for shape in SHAPES {
                for seed in 0..10 {
                    let view = TrackView::draw(seed, ViewName::B, 700, shape, kind);
                    let ranks = view.ranks();
                    for percent in 0..=95 {
                        let dropped = percent * 48 / 100;
                        assert_eq!(view.kept(ratio(percent)).len(), 48 - dropped);
                        for window in ranks.chunks_exact(48) {
                            let out = window.iter().filter(|&&rank| usize::from(rank) <= dropped);
                            assert_eq!(out.count(), dropped, "{kind} {shape} {percent} %");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_view_covers_the_whole_track_and_windows_differ() {
        for (start, frames, windows) in [(0, 96, 1), (10, 300, 5), (192, 300, 4), (204, 300, 4)] {
            let shape = PatchShape::Square;
            let view = TrackView::draw_at(1, ViewName::A, start, frames, shape, MaskKind::Random);
            assert_eq!(view.windows(), windows);
            assert_eq!(view.lead_frames() % 96, (96 - start % 96) % 96);
            assert!((0..frames).all(|frame| view.place_at(127, frame).is_some()));
            assert_eq!(view.place_at(0, frames), None);
            let first = view.place_at(0, start).unwrap();
            assert_eq!((first.window, first.token), (0, 0));
            for (index, order) in view.orders().iter().enumerate() {
                assert!(
                    view.orders()
                        .iter()
                        .skip(index + 1)
                        .all(|other| other != order)
                );
            }
        }
    }

    #[test]
    fn painted_patches_win_over_the_ratio_and_move_with_the_crop() {
        let draw = |start| {
            let shape = PatchShape::Square;
            TrackView::draw_at(4, ViewName::A, start, 500, shape, MaskKind::Random)
        };
        let plain = draw(100);
        let gone = plain.kept(MaskRatio::MYNA)[0];
        let back = plain.orders()[plain.crop_window()].order()[0];
        let place = |token| PatchPlace { window: 0, token };
        let painted: Painted = [(place(gone), false), (place(back), true)]
            .into_iter()
            .collect();
        for start in [100, 311] {
            let view = draw(start).painted(painted.clone());
            let kept = view.kept(MaskRatio::MYNA);
            assert_eq!(kept.len(), 5);
            assert!(!kept.contains(&gone) && kept.contains(&back));
            let (row, column) = view.grid().place(gone);
            let (band, frame) = (16 * row, start + 16 * column);
            assert_eq!(view.place_at(band, frame), Some(place(gone)));
            assert!(!view.keep_flags(MaskRatio::NONE).keeps(band, frame));
        }
    }
}
