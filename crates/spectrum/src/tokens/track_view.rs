//! A view over a whole track: its crop, the masks of the windows around it, and patches painted by hand.

use std::sync::Arc;

use super::{
    DropOrder, DropRule, MaskKind, MaskRatio, Painted, PatchPlace, PatchShape, PictureGrid,
    Purpose, ViewName, dropped_tokens, stream, view::crop_places,
};

/// What a view drops, window by window.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Drops {
    Drawn(Vec<DropOrder>),
    Same(Vec<bool>),
}

/// One view of a whole track, for eye and ear. Training masks one crop; here its grid of tokens goes on to both ends of the
/// track, in windows back to back, shifted so that the crop is exactly one of them. That window drops what training drops;
/// every other window, also the cut ones at both ends, has its own order from the same counter-based streams.
///
/// Where tokens overlap, a place is hidden only if all tokens that cover it are dropped: the encoder hears it in every other.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackView {
    grid: Arc<PictureGrid>,
    frames: usize,
    /// Where the crop begins, in frames.
    start: f64,
    /// Windows before the crop.
    before: usize,
    windows: usize,
    drops: Drops,
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
        let rule = DropRule::Drawn(kind);
        Self::draw_on(PictureGrid::of_myna(shape), seed, view, None, frames, rule)
    }

    /// The same over any grid, and with a crop that begins near `start_frame` if one is given. A crop that was moved by hand
    /// keeps its mask, and so does every other window.
    pub fn draw_on(
        grid: Arc<PictureGrid>,
        seed: u64,
        view: ViewName,
        start_frame: Option<usize>,
        frames: usize,
        rule: DropRule,
    ) -> Self {
        let frames = frames.max(1);
        let (window, step) = (grid.window_frames, grid.crop_step);
        // Where a crop can begin: steps from the beginning on.
        let last_step = ((frames as f64 - window) / step).floor().max(0.0) as usize;
        let steps = match start_frame {
            Some(start) => ((start as f64 / step).round() as usize).min(last_step),
            None => {
                let [a, b] = crop_places(seed, 0, 0, last_step + 1);
                if view == ViewName::A { a } else { b }
            }
        };
        let start = steps as f64 * step;
        let before = (start / window).ceil() as usize;
        let after = ((frames as f64 - start - window) / window).ceil().max(0.0) as usize;
        let windows = before + 1 + after;
        let vertical = grid.kind.is_vertical();
        let view = view.number();
        let drops = match rule {
            DropRule::Same(dropped) => Drops::Same(dropped),
            DropRule::Drawn(kind) => Drops::Drawn(
                (0..windows)
                    .map(|window| {
                        // Counted from the crop, so that masks stay with their place in the view when the crop is moved.
                        let from_crop = window as i64 - before as i64;
                        let (counter, purpose) = match from_crop {
                            0 => (0, Purpose::Mask { view, vertical }),
                            _ => (from_crop as u64, Purpose::ViewWindow { view, vertical }),
                        };
                        let mut random = stream(seed, counter, 0, purpose);
                        DropOrder::draw([grid.rows(), grid.columns], kind, &mut random)
                    })
                    .collect(),
            ),
        };
        Self {
            grid,
            frames,
            start,
            before,
            windows,
            drops,
            painted: Painted::default(),
        }
    }

    /// The same view with patches that are kept or dropped by hand.
    pub fn painted(mut self, painted: Painted) -> Self {
        self.painted = painted;
        self
    }

    /// The grid of each window.
    pub fn grid(&self) -> &Arc<PictureGrid> {
        &self.grid
    }

    /// First frame of the crop, to the next whole one.
    pub fn start_frame(&self) -> usize {
        self.start.round() as usize
    }

    /// Where the crop begins, in frames.
    pub fn start(&self) -> f64 {
        self.start
    }

    /// How many frames the first window begins before the track: less than a window.
    pub fn lead_frames(&self) -> f64 {
        self.before as f64 * self.grid.window_frames - self.start
    }

    /// How many windows there are, the cut ones at both ends with them.
    pub fn windows(&self) -> usize {
        self.windows
    }

    /// Which of the windows is the crop.
    pub fn crop_window(&self) -> usize {
        self.before
    }

    /// The tokens that cover the middle of a mel band and a frame of the track, each with its window, counted from the first;
    /// none behind the end.
    pub fn covering(&self, band: usize, frame: usize) -> impl Iterator<Item = (usize, usize)> {
        let (window, inside) = self.window_of(frame as f64 + 0.5);
        let is_there = frame < self.frames;
        let tokens = is_there.then(|| self.grid.at(band, inside));
        tokens
            .into_iter()
            .flatten()
            .map(move |token| (window, token))
    }

    /// The window, counted from the first, of a place in frames of the track, and the frames from its start.
    fn window_of(&self, place: f64) -> (usize, f64) {
        let place = place + self.lead_frames();
        let window = (place / self.grid.window_frames).floor().max(0.0);
        (window as usize, place - window * self.grid.window_frames)
    }

    /// From where to where the window reaches whose mask lies over a frame, in frames of the track. It may begin before the
    /// track and end behind it.
    pub fn window_span(&self, frame: usize) -> [f64; 2] {
        let (window, _) = self.window_of(frame as f64 + 0.5);
        let start = window as f64 * self.grid.window_frames - self.lead_frames();
        [start, start + self.grid.window_frames]
    }

    /// The patches at a mel band and a frame of the track: one, several where they overlap, none behind the end.
    pub fn places_at(&self, band: usize, frame: usize) -> impl Iterator<Item = PatchPlace> {
        self.covering(band, frame)
            .map(|(window, token)| PatchPlace {
                window: self.window_number(window),
                token,
            })
    }

    fn window_number(&self, window: usize) -> i32 {
        i32::try_from(window as i64 - self.before as i64).unwrap_or(i32::MAX)
    }

    /// For each token of each window, [windows, tokens] row-major, its place in the drop order, counted from 1: it is
    /// dropped where the place is not above the number of dropped tokens. [`TrackView::DROPPED`] and [`TrackView::KEPT`] say
    /// so whatever the ratio.
    pub fn ranks(&self) -> Vec<u16> {
        let tokens = self.grid.tokens();
        let mut ranks = match &self.drops {
            Drops::Drawn(orders) => {
                // A grid has fewer tokens than there are numbers between.
                let rank = |rank: usize| u16::try_from(rank + 1).unwrap_or(Self::KEPT - 1);
                let orders = orders.iter();
                orders
                    .flat_map(|order| order.ranks().into_iter().map(rank))
                    .collect()
            }
            Drops::Same(dropped) => {
                let mut window = vec![Self::KEPT; tokens];
                for (rank, dropped) in window.iter_mut().zip(dropped) {
                    if *dropped {
                        *rank = Self::DROPPED;
                    }
                }
                window.repeat(self.windows)
            }
        };
        for (place, keep) in self.painted.iter() {
            let window = i64::from(place.window) + self.before as i64;
            let rank = usize::try_from(window)
                .ok()
                .filter(|_| place.token < tokens)
                .and_then(|window| ranks.get_mut(window * tokens + place.token));
            if let Some(rank) = rank {
                *rank = if *keep { Self::KEPT } else { Self::DROPPED };
            }
        }
        ranks
    }

    /// The rank of a patch that is dropped whatever the ratio.
    pub const DROPPED: u16 = 0;
    /// The rank of a patch that is kept whatever the ratio.
    pub const KEPT: u16 = u16::MAX;

    /// The kept tokens of the crop: exactly those of [`super::draw_views`] where nothing is painted. May be empty.
    pub fn kept(&self, ratio: MaskRatio) -> Vec<usize> {
        let by_hand = |token| self.painted.get(PatchPlace { window: 0, token });
        match &self.drops {
            Drops::Drawn(orders) => {
                let order = orders.get(self.before).map_or(&[][..], DropOrder::order);
                let dropped = dropped_tokens(ratio, order.len());
                let order = order.iter().enumerate();
                order
                    .filter(|&(rank, &token)| by_hand(token).unwrap_or(rank >= dropped))
                    .map(|(_, &token)| token)
                    .collect()
            }
            Drops::Same(dropped) => {
                let kept = |token: usize| !dropped.get(token).copied().unwrap_or_default();
                (0..self.grid.tokens())
                    .filter(|&token| by_hand(token).unwrap_or(kept(token)))
                    .collect()
            }
        }
    }

    /// What stays at a ratio, ready to be asked for bands and frames.
    pub fn keep_flags(self, ratio: MaskRatio) -> ViewFlags {
        let dropped = dropped_tokens(ratio, self.grid.tokens());
        ViewFlags {
            flags: self
                .ranks()
                .into_iter()
                .map(|rank| usize::from(rank) > dropped)
                .collect(),
            view: self,
        }
    }
}

/// Which parts of a track's picture a view keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewFlags {
    view: TrackView,
    /// [windows, tokens] row-major.
    flags: Vec<bool>,
}

impl ViewFlags {
    /// Whether the value of a mel band and a frame of the track stays: with at least one of the tokens that cover it. What no
    /// token covers, and frames behind the end, stay.
    pub fn keeps(&self, band: usize, frame: usize) -> bool {
        let tokens = self.view.grid.tokens();
        let mut covering = self.view.covering(band, frame).peekable();
        covering.peek().is_none()
            || covering.any(|(window, token)| {
                let flag = self.flags.get(window * tokens + token);
                flag.copied().unwrap_or(true)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        MAEST_MEL,
        tokens::{GridKind, MEL_BANDS, TokenGrid, WINDOW_FRAMES, draw_views},
    };

    const SHAPES: [PatchShape; 2] = [PatchShape::Square, PatchShape::Vertical];

    fn ratio(percent: usize) -> MaskRatio {
        MaskRatio::new(percent as f64 / 100.0).unwrap()
    }

    fn myna_at(
        start: usize,
        seed: u64,
        frames: usize,
        shape: PatchShape,
        kind: MaskKind,
    ) -> TrackView {
        let (grid, rule) = (PictureGrid::of_myna(shape), DropRule::Drawn(kind));
        TrackView::draw_on(grid, seed, ViewName::A, Some(start), frames, rule)
    }

    /// MAEST's grid: patches of 256 ms every 160 ms, of 16 bands of 96 every 10.
    fn maest(columns: usize, secs: f64) -> Arc<PictureGrid> {
        let edge = |band: usize| MAEST_MEL.hz_of_band(band as f64 - 0.5) as f32;
        let grid = TokenGrid {
            kind: GridKind::Maest,
            columns,
            row_hz: (0..9)
                .map(|row| [edge(row * 10), edge(row * 10 + 16)])
                .collect(),
            token_secs: 0.256,
            column_secs: 0.16,
        };
        Arc::new(PictureGrid::new(&grid, secs, 0.5 * secs).unwrap())
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
                            let flags = view.clone().keep_flags(ratio);
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
            let view = myna_at(start, 1, frames, shape, MaskKind::Random);
            assert_eq!(view.windows(), windows);
            assert_eq!(view.lead_frames() % 96.0, ((96 - start % 96) % 96) as f64);
            assert!((0..frames).all(|frame| view.places_at(127, frame).count() == 1));
            assert_eq!(view.places_at(0, frames).next(), None);
            let first = view.places_at(0, start).next().unwrap();
            assert_eq!((first.window, first.token), (0, 0));
            let ranks = view.ranks();
            for (index, window) in ranks.chunks_exact(48).enumerate() {
                let mut later = ranks.chunks_exact(48).skip(index + 1);
                assert!(later.all(|other| other != window));
            }
        }
    }

    #[test]
    fn painted_patches_win_over_the_ratio_and_move_with_the_crop() {
        let draw = |start| myna_at(start, 4, 500, PatchShape::Square, MaskKind::Random);
        let plain = draw(100);
        let gone = plain.kept(MaskRatio::MYNA)[0];
        let back = (0..48).find(|token| !plain.kept(MaskRatio::MYNA).contains(token));
        let back = back.unwrap();
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
            assert_eq!(view.places_at(band, frame).next(), Some(place(gone)));
            assert!(!view.keep_flags(MaskRatio::NONE).keeps(band, frame));
        }
    }

    /// 1683 tokens of a MAEST for 30 s: 8 bits would not tell them apart.
    #[test]
    fn a_grid_of_many_tokens_keeps_distinct_ranks_and_drops_exactly_the_floor() {
        let grid = maest(187, 30.0);
        assert_eq!(grid.tokens(), 1683);
        let rule = DropRule::Drawn(MaskKind::Random);
        let view = TrackView::draw_on(grid, 3, ViewName::A, None, 4000, rule);
        let ranks = view.ranks();
        assert_eq!(ranks.len(), view.windows() * 1683);
        for window in ranks.chunks_exact(1683) {
            let mut sorted = window.to_vec();
            sorted.sort_unstable();
            assert!(
                sorted
                    .iter()
                    .zip(1_u16..)
                    .all(|(rank, place)| *rank == place)
            );
        }
        for percent in [1, 50, 75, 95] {
            assert_eq!(view.kept(ratio(percent)).len(), 1683 - percent * 1683 / 100);
        }
    }

    #[test]
    fn a_place_is_hidden_only_where_all_tokens_over_it_are_dropped() {
        let grid = maest(31, 5.0);
        let tokens = grid.tokens();
        // One token of four alone is kept; then all but one.
        let four = |view: &TrackView| -> Vec<usize> {
            let mut places = (0..40).flat_map(|frame| (0..128).map(move |band| (band, frame)));
            let of = |(band, frame)| view.covering(band, frame).map(|(_, token)| token).collect();
            places
                .find_map(|place| Some(of(place)).filter(|all: &Vec<usize>| all.len() == 4))
                .unwrap()
        };
        let draw = |dropped: Vec<bool>| {
            let rule = DropRule::Same(dropped);
            TrackView::draw_on(Arc::clone(&grid), 0, ViewName::A, Some(0), 400, rule)
        };
        let covering = four(&draw(Vec::new()));
        for kept in 0..=4 {
            let mut dropped = vec![true; tokens];
            for &token in &covering[..kept] {
                dropped[token] = false;
            }
            let view = draw(dropped.clone());
            assert_eq!(view.kept(MaskRatio::MYNA), {
                let mut kept = covering[..kept].to_vec();
                kept.sort_unstable();
                kept
            });
            let flags = view.clone().keep_flags(MaskRatio::NONE);
            for frame in 0..156 {
                for band in 0..MEL_BANDS {
                    let any = view.covering(band, frame).any(|(_, token)| !dropped[token]);
                    assert_eq!(flags.keeps(band, frame), any, "band {band}, frame {frame}");
                }
            }
        }
    }

    #[test]
    fn crops_of_overlapping_windows_begin_where_a_window_does() {
        let grid = maest(62, 10.0);
        for (wanted, start) in [(0, 0.0), (100, 156.25), (200, 156.25), (9999, 468.75)] {
            let rule = DropRule::Drawn(MaskKind::Time);
            let view =
                TrackView::draw_on(Arc::clone(&grid), 1, ViewName::B, Some(wanted), 800, rule);
            assert_eq!(view.start(), start);
            assert!((0..800).all(|frame| view.places_at(60, frame).next().is_some()));
            let window = view.places_at(0, view.start_frame() + 1).next().unwrap();
            assert_eq!((window.window, window.token), (0, 0));
            // Its windows lie back to back from there: whose mask a place has is told.
            let first = view.start_frame() + 1;
            assert_eq!(view.window_span(first), [start, start + 312.5]);
            assert_eq!(
                view.window_span(first + 312),
                [start + 312.5, start + 625.0]
            );
        }
        for seed in 0..20 {
            let rule = DropRule::Same(Vec::new());
            let view = TrackView::draw_on(Arc::clone(&grid), seed, ViewName::A, None, 800, rule);
            assert!(view.start() % 156.25 == 0.0 && view.start() <= 800.0 - 312.5);
        }
        // A track shorter than a window is one window.
        let rule = DropRule::Same(Vec::new());
        let short = TrackView::draw_on(grid, 1, ViewName::A, None, 90, rule);
        assert_eq!((short.start(), short.windows()), (0.0, 1));
    }
}
