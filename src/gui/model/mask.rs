//! The mask: its settings, and the order in which tokens are dropped.

use std::{collections::BTreeMap, sync::Arc};

use mynascope_encoder::{EncoderInfo, Family, Overlap, PatchInput, Patchout};
use mynascope_spectrum::{
    Compression, MelSpec, VqtSpec,
    tokens::{
        DropRule, GridKind, MaskKind, MaskRatio, Painted, PatchPlace, PatchShape, PictureGrid,
        TokenMask, TrackView, View, ViewName, WINDOW_FRAMES, dropped_tokens,
    },
};

use super::{InputKind, picture::FRAME_SECS};

/// What decides which of a view's tokens are dropped, window by window. The ratio is no part of it: a mask is the beginning
/// of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct MaskKey {
    /// The seed.
    pub seed: u64,
    /// The kind of mask.
    pub kind: MaskKind,
    /// Whole columns and rows that are left out of every window instead of a mask.
    pub patchout: Option<Patchout>,
    /// Where the tokens of a window lie.
    pub grid: Arc<PictureGrid>,
    /// The view.
    pub view: ViewName,
    /// Frames of the track.
    pub frames: usize,
    /// First frame of the crop, where it was moved by hand.
    pub start_frame: Option<usize>,
    /// Patches kept or dropped by hand.
    pub painted: Painted,
}

impl MaskKey {
    /// The view: the same that is seen, heard and given to the encoder.
    pub fn draw(&self) -> TrackView {
        let rule = match &self.patchout {
            None => DropRule::Drawn(self.kind),
            Some(patchout) => patchout.rule(&self.grid),
        };
        let grid = Arc::clone(&self.grid);
        TrackView::draw_on(
            grid,
            self.seed,
            self.view,
            self.start_frame,
            self.frames,
            rule,
        )
        .painted(self.painted.clone())
    }
}

/// How Myna's patches are cut from a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PatchCut {
    /// The patch shape.
    pub shape: PatchShape,
    /// How many frames the first patch begins before the track; less than a patch.
    pub lead_frames: usize,
    /// What is done to the powers before a patch is normalised.
    pub compression: Compression,
}

/// A view of a track with, for every token of every window, its place in the drop order.
#[derive(Debug, PartialEq)]
pub struct RankTable {
    /// What it was made for.
    pub key: MaskKey,
    /// The view over the whole track.
    pub view: TrackView,
    /// As [`TrackView::ranks`] gives them: [windows, tokens] row-major, dropped where not above the number of dropped
    /// tokens.
    pub ranks: Vec<u16>,
}

impl RankTable {
    /// Draws the orders of all windows.
    pub fn draw(key: MaskKey) -> Self {
        let view = key.draw();
        let ranks = view.ranks();
        Self { key, view, ranks }
    }

    /// Tokens of one window.
    pub fn tokens(&self) -> usize {
        self.view.grid().tokens()
    }

    /// Whether a mel band of a frame of the track is dropped, with all tokens that cover it; `None` outside the track and
    /// where no token lies.
    pub fn is_dropped(&self, band: usize, frame: usize, ratio: MaskRatio) -> Option<bool> {
        let tokens = self.tokens();
        let dropped = dropped_tokens(ratio, tokens);
        let mut covering = self.view.covering(band, frame).peekable();
        covering.peek()?;
        Some(covering.all(|(window, token)| {
            let rank = self.ranks.get(window * tokens + token);
            rank.is_some_and(|&rank| usize::from(rank) <= dropped)
        }))
    }

    /// Whether a patch is kept where a mask drops so many tokens of a window.
    pub fn is_kept(&self, place: PatchPlace, dropped: usize) -> bool {
        let window = i64::from(place.window) + self.view.crop_window() as i64;
        let first = usize::try_from(window).unwrap_or(0) * self.tokens();
        let rank = self.ranks.get(first + place.token);
        usize::from(rank.copied().unwrap_or_default()) > dropped
    }
}

/// What masks are drawn on where the chosen encoder is no Myna: its own grid of tokens, in its own windows.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnGrid {
    /// The published design that it is of.
    pub family: Family,
    /// Where the tokens of a window lie: of a track that is shorter than one, of what the encoder reads of it.
    pub grid: Arc<PictureGrid>,
    /// Columns of tokens of a whole window.
    pub columns: usize,
    /// The mel-spectrogram that it is fed.
    pub front_end: Option<MelSpec>,
    /// The VQT that it is fed beside that.
    pub vqt: Option<VqtSpec>,
    /// Whole columns and rows that are left out of every window, if that is what hides tokens.
    pub patchout: Patchout,
}

impl OwnGrid {
    /// That of an encoder over a track of so many seconds, if one is shown; `None` of a Myna, whose grids are the patch
    /// shapes', and where nothing can be drawn.
    pub fn of(
        info: &EncoderInfo,
        overlap: Option<Overlap>,
        patchout: Patchout,
        track_secs: Option<f64>,
    ) -> Option<Self> {
        if info.family == Family::Myna {
            return None;
        }
        Some(Self {
            family: info.family,
            grid: Arc::new(info.picture_grid(overlap, track_secs)?),
            columns: info.grids.first()?.columns,
            front_end: info.front_end,
            vqt: info.vqt,
            patchout,
        })
    }
}

/// What a user sets of the mask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MaskForm {
    /// Whether it is drawn.
    pub shown: bool,
    /// The kind of mask.
    pub kind: MaskKind,
    /// The patch shape.
    pub shape: PatchShape,
    /// The share of tokens that are dropped.
    pub ratio: MaskRatio,
    /// The seed of crops and masks.
    pub seed: u64,
    /// How strongly dropped patches fade: 0 not at all, 1 until nothing is left.
    pub overlay: f32,
    /// The view that is seen and heard.
    pub active: ViewName,
    /// Re-rolling and another track leave seed, crops and painted patches alone.
    pub frozen: bool,
    /// A click on the picture paints patches instead of moving the playhead.
    pub painting: bool,
    /// Of an encoder that is no Myna: patchout hides tokens, not a mask of `kind` and `ratio`.
    pub patchout: bool,
}

/// The mask over the picture.
#[derive(Clone, Default)]
pub struct Mask {
    /// What is set of it.
    pub form: MaskForm,
    /// The grid of the chosen encoder, if it is no Myna.
    pub own: Option<OwnGrid>,
    /// What the chosen Myna reads of the power of a mel band.
    pub input: PatchInput,
    /// Crops moved by hand: the first frame of A and B.
    pub starts: [Option<usize>; 2],
    /// Patches kept or dropped by hand.
    pub paint: Paint,
    /// Both views of the shown track.
    pub tables: Option<[Arc<RankTable>; 2]>,
}

/// What is painted on views A and B, for every grid on its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Paint(BTreeMap<(GridKind, usize), [Painted; 2]>);

impl Paint {
    /// What is painted on a view for a grid.
    pub fn of(&self, view: ViewName, grid: &PictureGrid) -> Painted {
        let views = self.0.get(&(grid.kind, grid.columns));
        let painted = views.and_then(|views| views.get(view.index()));
        painted.cloned().unwrap_or_default()
    }

    /// Keeps (`true`) or drops a patch, or leaves it to the mask again (`None`).
    pub fn set(
        &mut self,
        view: ViewName,
        grid: &PictureGrid,
        place: PatchPlace,
        keep: Option<bool>,
    ) {
        let key = (grid.kind, grid.columns);
        let views = self.0.entry(key).or_default();
        if let Some(painted) = views.get_mut(view.index()) {
            painted.set(place, keep);
        }
        if views.iter().all(Painted::is_empty) {
            self.0.remove(&key);
        }
    }

    /// Whether nothing is painted at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Default for MaskForm {
    fn default() -> Self {
        Self {
            shown: false,
            kind: MaskKind::Random,
            shape: PatchShape::Square,
            ratio: MaskRatio::new(Self::FIRST_RATIO).unwrap_or(MaskRatio::MYNA),
            seed: 0,
            overlay: 0.8,
            active: ViewName::A,
            frozen: false,
            painting: false,
            patchout: true,
        }
    }
}

/// The highest ratio of the slider, in percent.
pub const MOST_PERCENT: i32 = 95;

impl MaskForm {
    /// What the window starts with: enough is dropped to see the idea, enough is kept to see the sound.
    const FIRST_RATIO: f64 = 0.75;

    /// The form with all values in their bounds.
    pub fn bounded(self) -> Self {
        Self {
            overlay: self.overlay.clamp(0.0, 1.0),
            ..self
        }
    }

    /// Whether other tokens are dropped, or other ones heard, than by another form.
    pub fn drops_others(&self, other: &Self) -> bool {
        let part = |form: &Self| {
            let Self {
                kind,
                shape,
                ratio,
                seed,
                active,
                patchout,
                ..
            } = *form;
            (kind, shape, ratio, seed, active, patchout)
        };
        part(self) != part(other)
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
}

impl Mask {
    /// Where the tokens of a window lie: in the chosen patch shape of Myna, or in the grid of another encoder.
    pub fn grid(&self) -> Arc<PictureGrid> {
        match &self.own {
            Some(own) => Arc::clone(&own.grid),
            None => PictureGrid::of_myna(self.form.shape),
        }
    }

    /// Whole columns and rows that are left out of every window, if that is what hides tokens.
    pub fn patchout(&self) -> Option<Patchout> {
        let own = self.own.as_ref().filter(|_| self.form.patchout);
        own.map(|own| own.patchout)
    }

    /// Seconds of one window.
    pub fn window_secs(&self) -> f64 {
        self.grid().window_frames * FRAME_SECS
    }

    /// Tokens of one window.
    pub fn tokens(&self) -> usize {
        self.grid().tokens()
    }

    /// Dropped tokens of one window, without what is painted.
    pub fn dropped(&self) -> usize {
        match self.patchout() {
            None => dropped_tokens(self.form.ratio, self.tokens()),
            Some(patchout) => {
                let grid = self.grid();
                let tokens = 0..grid.tokens();
                tokens
                    .filter(|&token| !patchout.reads(grid.place(token)))
                    .count()
            }
        }
    }

    /// Kept tokens of one window, without what is painted.
    pub fn kept(&self) -> usize {
        self.tokens() - self.dropped()
    }

    /// Kept tokens of a view's crop, painted patches with them.
    pub fn kept_of(&self, view: ViewName) -> usize {
        let table = self.table(view);
        table.map_or_else(
            || self.kept(),
            |table| table.view.kept(self.form.ratio).len(),
        )
    }

    /// A new track: what was moved or painted by hand belongs to the old one, unless the mask is frozen.
    pub fn new_track(&mut self) {
        self.tables = None;
        if !self.form.frozen {
            self.starts = [None; 2];
            self.paint = Paint::default();
        }
    }

    /// What a Myna is given of a view's crop, for both patch shapes.
    pub fn crop(&self, view: ViewName, frames: usize) -> View {
        let kept = |shape| {
            let key = MaskKey {
                // The crop's mask does not depend on where the crop lies, and a track of one window is drawn at once.
                frames: WINDOW_FRAMES,
                start_frame: None,
                ..self.key_of_shape(view, frames, shape)
            };
            key.draw().kept(self.form.ratio)
        };
        View {
            start_frame: self.start_of(view, frames),
            kept_square: kept(PatchShape::Square),
            kept_vertical: kept(PatchShape::Vertical),
        }
    }

    fn start_of(&self, view: ViewName, frames: usize) -> usize {
        let table = self.table(view).filter(|table| table.key.frames == frames);
        table.map_or(0, |table| table.view.start_frame())
    }

    /// What an encoder that is no Myna is given of the active view: where the window begins in the track, in seconds, and
    /// the tokens that are read of it, by their numbers in a whole window.
    pub fn window(&self) -> Option<(f64, TokenMask)> {
        let own = self.own.as_ref()?;
        let view = &self.active_table()?.view;
        let kept = view.kept(self.form.ratio).into_iter();
        let in_whole = kept.map(|token| {
            let (row, column) = view.grid().place(token);
            row * own.columns + column
        });
        let mask = TokenMask(vec![in_whole.collect()]);
        Some((view.start() * FRAME_SECS, mask))
    }

    /// What the mask costs, in words: "5 of 48 tokens kept, 10 % of the compute".
    pub fn meter(&self) -> String {
        let (kept, work) = self.meter_parts();
        format!("{kept}, {work}")
    }

    /// The same in two parts: "5 of 48 tokens kept" and "10 % of the compute".
    pub fn meter_parts(&self) -> (String, String) {
        let (kept, tokens) = (self.kept_of(self.form.active), self.tokens());
        let percent = 100.0 * kept as f64 / tokens.max(1) as f64;
        // Of a few dozen tokens the work grows with their number; of a thousand attention takes more than that.
        let of = match self.own {
            None => "of the compute",
            Some(_) => "of them",
        };
        (
            format!("{kept} of {tokens} tokens kept"),
            format!("{percent:.0} % {of}"),
        )
    }

    /// Patches of the crop of the active view that were kept or dropped by hand.
    pub fn painted_in_crop(&self) -> usize {
        if self.paint.is_empty() {
            return 0;
        }
        let painted = self.paint.of(self.form.active, &self.grid());
        painted
            .iter()
            .filter(|(place, _)| place.window == 0)
            .count()
    }

    /// What decides how a view of a track of `frames` frames is masked.
    pub fn key(&self, view: ViewName, frames: usize) -> MaskKey {
        let grid = self.grid();
        MaskKey {
            painted: self.paint.of(view, &grid),
            grid,
            patchout: self.patchout(),
            ..self.key_of_shape(view, frames, self.form.shape)
        }
    }

    fn key_of_shape(&self, view: ViewName, frames: usize, shape: PatchShape) -> MaskKey {
        let [a, b] = self.starts;
        let grid = PictureGrid::of_myna(shape);
        MaskKey {
            seed: self.form.seed,
            kind: self.form.kind,
            patchout: None,
            view,
            frames,
            start_frame: if view == ViewName::A { a } else { b },
            painted: self.paint.of(view, &grid),
            grid,
        }
    }

    /// A view of the shown track.
    pub fn table(&self, view: ViewName) -> Option<&Arc<RankTable>> {
        let [a, b] = self.tables.as_ref()?;
        Some(if view == ViewName::A { a } else { b })
    }

    /// The view of the shown track that is seen and heard.
    pub fn active_table(&self) -> Option<&Arc<RankTable>> {
        self.table(self.form.active)
    }

    /// What the encoder is fed of the track; `None` of one that is fed samples.
    pub fn input_kind(&self) -> Option<InputKind> {
        if let Some(own) = &self.own {
            let vqt = own.vqt;
            return own.front_end.map(|mel| InputKind::Mel { mel, vqt });
        }
        let lead = self
            .active_table()
            .map_or(0.0, |table| table.view.lead_frames());
        Some(InputKind::Patches(PatchCut {
            shape: self.form.shape,
            lead_frames: lead as usize % self.form.shape.frames(),
            compression: self.input.compression(),
        }))
    }

    /// Draws the views anew where seed, kind, grid, patchout, crop, paint or track changed.
    pub fn refresh(&mut self, frames: usize) {
        let tables = ViewName::BOTH.map(|view| {
            let key = self.key(view, frames);
            let old = self.table(view).filter(|table| table.key == key);
            old.map_or_else(|| Arc::new(RankTable::draw(key)), Arc::clone)
        });
        self.tables = Some(tables);
    }
}

/// What a kind of mask does, in one sentence.
pub fn explain_mask(kind: MaskKind) -> &'static str {
    match kind {
        MaskKind::Random => "Any patches, all equally likely: how Myna trains",
        MaskKind::Time => "Whole columns: stretches of time (patchout of MAEST)",
        MaskKind::Frequency => "Whole rows: bands of pitch (patchout of MAEST)",
        MaskKind::Block => "One connected block around a random place",
        MaskKind::Span => "Spans of neighbouring columns (data2vec)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_spectrum::tokens::{MEL_BANDS, TokenGrid};

    /// What is told of a MAEST for 5 s.
    fn maest() -> EncoderInfo {
        let of_band = |band: usize| mynascope_spectrum::MAEST_MEL.hz_of_band(band as f64 - 0.5);
        let myna = mynascope_encoder::Preset::Tiny.config(mynascope_encoder::Patching::Square);
        EncoderInfo {
            family: Family::Maest,
            window: mynascope_encoder::WindowRule {
                secs: 5.0,
                hop_secs: 2.5,
            },
            front_end: Some(mynascope_spectrum::MAEST_HUB_MEL),
            grids: vec![TokenGrid {
                kind: GridKind::Maest,
                columns: 31,
                row_hz: (0..9)
                    .map(|row| [of_band(row * 10) as f32, of_band(row * 10 + 16) as f32])
                    .collect(),
                token_secs: 0.256,
                column_secs: 0.16,
            }],
            ..myna.info()
        }
    }

    #[test]
    fn patchout_of_another_encoder_is_the_mask_and_says_what_it_keeps() {
        let patchout = Patchout {
            every: 3,
            dropped_rows: "0,7,8".parse().unwrap(),
        };
        let mut mask = Mask {
            own: OwnGrid::of(&maest(), None, patchout, None),
            ..Mask::default()
        };
        mask.refresh(400);
        assert_eq!(mask.meter(), "66 of 279 tokens kept, 24 % of them");
        let (start, kept) = mask.window().unwrap();
        assert!(start % 2.5 == 0.0 && start <= 400.0 * FRAME_SECS - 5.0);
        assert_eq!(kept, patchout.mask(&maest().grids).unwrap());
        // Every window of the track reads the same columns and rows.
        let table = Arc::clone(mask.active_table().unwrap());
        let windows: Vec<_> = table.ranks.chunks_exact(279).collect();
        assert!(windows.len() > 2 && windows.iter().all(|window| *window == windows[0]));
        // A mask of Myna's kinds over the same grid, and what is painted over it.
        mask.form.patchout = false;
        mask.form.set_percent(50);
        mask.refresh(400);
        assert_eq!(mask.meter(), "140 of 279 tokens kept, 50 % of them");
        let place = PatchPlace {
            window: 0,
            token: 278,
        };
        let grid = mask.grid();
        mask.paint.set(ViewName::A, &grid, place, Some(false));
        mask.form.patchout = true;
        mask.own.as_mut().unwrap().patchout = Patchout::default();
        mask.refresh(400);
        assert_eq!(mask.kept_of(ViewName::A), 278);
        assert_eq!(mask.painted_in_crop(), 1);
        // A Myna has its own grid again, and its own paint.
        mask.own = None;
        mask.refresh(400);
        assert_eq!((mask.tokens(), mask.painted_in_crop()), (48, 0));
    }

    #[test]
    fn of_a_track_shorter_than_a_window_only_what_is_read_of_it_is_shown_and_counted() {
        let native = EncoderInfo {
            short_window_pad_secs: Some(0.016),
            ..maest()
        };
        let patchout = Patchout {
            every: 3,
            ..Patchout::default()
        };
        // 3 s are 188 frames with the one at the end, 18 columns of 31.
        let mut mask = Mask {
            own: OwnGrid::of(&native, None, patchout, Some(3.0)),
            ..Mask::default()
        };
        mask.refresh(94);
        assert_eq!(mask.meter(), "54 of 162 tokens kept, 33 % of them");
        assert_eq!(mask.window_secs(), 3.0);
        let (start, kept) = mask.window().unwrap();
        assert_eq!(start, 0.0);
        assert_eq!(kept.of(0)[..8], [0, 3, 6, 9, 12, 15, 31, 34]);
        // Where silence fills the window, all of it is read, as of a long track.
        for (info, secs) in [(maest(), 3.0), (native, 30.0)] {
            let own = OwnGrid::of(&info, None, patchout, Some(secs)).unwrap();
            assert_eq!((own.grid.columns, own.grid.window_frames), (31, 156.25));
        }
    }

    #[test]
    fn what_is_heard_of_a_place_is_hidden_only_with_all_tokens_over_it() {
        let patchout = Patchout {
            every: 2,
            ..Patchout::default()
        };
        let mut mask = Mask {
            own: OwnGrid::of(&maest(), None, patchout, None),
            starts: [Some(0), None],
            ..Mask::default()
        };
        mask.refresh(200);
        let table = mask.table(ViewName::A).unwrap();
        // Every second column, 8 frames every 10: two frames between are hidden in every band.
        for frame in 0..150 {
            for band in (0..MEL_BANDS).step_by(9) {
                let hidden = frame % 10 >= 8;
                let dropped = table.is_dropped(band, frame, mask.form.ratio);
                assert_eq!(dropped, Some(hidden), "band {band}, frame {frame}");
            }
        }
    }

    #[test]
    fn the_meter_says_what_a_mask_costs() {
        let mut mask = Mask::default();
        assert_eq!(mask.meter(), "12 of 48 tokens kept, 25 % of the compute");
        mask.form.set_percent(90);
        assert_eq!(mask.meter(), "5 of 48 tokens kept, 10 % of the compute");
        mask.form.set_percent(-5);
        assert_eq!(mask.meter(), "48 of 48 tokens kept, 100 % of the compute");
        mask.form.set_percent(200);
        assert_eq!(mask.form.percent(), MOST_PERCENT);
        assert_eq!(mask.kept(), 3);
    }

    #[test]
    fn the_table_drops_what_the_view_drops() {
        for shape in [PatchShape::Square, PatchShape::Vertical] {
            let mask = Mask {
                form: MaskForm {
                    shape,
                    ..MaskForm::default()
                },
                starts: [Some(130), None],
                ..Mask::default()
            };
            let table = RankTable::draw(mask.key(ViewName::A, 400));
            let flags = table.view.clone().keep_flags(MaskRatio::MYNA);
            for band in (0..128).step_by(5) {
                for frame in 0..400 {
                    let dropped = table.is_dropped(band, frame, MaskRatio::MYNA);
                    assert_eq!(dropped, Some(!flags.keeps(band, frame)));
                }
            }
            let beyond = table.is_dropped(0, 400, MaskRatio::MYNA);
            assert_eq!(beyond, None, "behind the end there is nothing to drop");
        }
    }

    #[test]
    fn the_encoder_is_given_what_the_picture_keeps() {
        let mut mask = Mask {
            starts: [None, Some(77)],
            ..Mask::default()
        };
        let place = PatchPlace {
            window: 0,
            token: 5,
        };
        let grid = mask.grid();
        mask.paint.set(ViewName::B, &grid, place, Some(true));
        mask.refresh(500);
        for view in ViewName::BOTH {
            let crop = mask.crop(view, 500);
            let table = mask.table(view).unwrap();
            assert_eq!(crop.start_frame, table.view.start_frame());
            assert_eq!(crop.kept_square, table.view.kept(mask.form.ratio));
        }
        assert!(mask.crop(ViewName::B, 500).kept_square.contains(&5));
    }

    #[test]
    fn only_what_decides_the_order_draws_a_new_table() {
        let mut mask = Mask::default();
        mask.refresh(300);
        let first = mask.tables.clone().unwrap();
        mask.form.set_percent(20);
        mask.form.overlay = 0.1;
        mask.form.active = ViewName::B;
        mask.refresh(300);
        let same = |mask: &Mask, index: usize| {
            Arc::ptr_eq(&first[index], &mask.tables.as_ref().unwrap()[index])
        };
        assert!(same(&mask, 0) && same(&mask, 1));
        mask.starts[1] = Some(12);
        mask.refresh(300);
        assert!(same(&mask, 0) && !same(&mask, 1), "only B was moved");
        mask.form.seed += 1;
        mask.refresh(300);
        assert!(!same(&mask, 0));
    }
}
