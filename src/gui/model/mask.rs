//! The mask: its settings, and the order in which tokens are dropped.

use std::sync::Arc;

use mynascope_spectrum::tokens::{
    MaskKind, MaskRatio, Painted, PatchShape, TrackView, View, ViewName, WINDOW_FRAMES,
    dropped_tokens,
};

/// What decides in which order a view's tokens are dropped, window by window. The ratio is no part of it: a mask is
/// the beginning of the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskKey {
    /// The seed.
    pub seed: u64,
    /// The kind of mask.
    pub kind: MaskKind,
    /// The patch shape.
    pub shape: PatchShape,
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
        let Self {
            seed,
            kind,
            shape,
            view,
            frames,
            ..
        } = *self;
        let drawn = match self.start_frame {
            Some(start) => TrackView::draw_at(seed, view, start, frames, shape, kind),
            None => TrackView::draw(seed, view, frames, shape, kind),
        };
        drawn.painted(self.painted.clone())
    }
}

/// How patches are cut from a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatchCut {
    /// The patch shape.
    pub shape: PatchShape,
    /// How many frames the first patch begins before the track; less than a patch.
    pub lead_frames: usize,
}

/// A view of a track with, for every token of every window, its place in the drop order.
#[derive(Debug, PartialEq, Eq)]
pub struct RankTable {
    /// What it was made for.
    pub key: MaskKey,
    /// The view over the whole track.
    pub view: TrackView,
    /// As [`TrackView::ranks`] gives them: [windows, tokens] row-major, dropped where not above the number of dropped
    /// tokens.
    pub ranks: Vec<u8>,
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

    /// Whether a mel band of a frame of the track is dropped; `None` outside the track.
    pub fn is_dropped(&self, band: usize, frame: usize, ratio: MaskRatio) -> Option<bool> {
        let place = self.view.place_at(band, frame)?;
        let window = (frame + self.view.lead_frames()) / WINDOW_FRAMES;
        let rank = *self.ranks.get(window * self.tokens() + place.token)?;
        Some(usize::from(rank) <= dropped_tokens(ratio, self.tokens()))
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
}

/// The mask over the picture.
#[derive(Clone, Default)]
pub struct Mask {
    /// What is set of it.
    pub form: MaskForm,
    /// Crops moved by hand: the first frame of A and B.
    pub starts: [Option<usize>; 2],
    /// Patches kept or dropped by hand.
    pub paint: Paint,
    /// Both views of the shown track.
    pub tables: Option<[Arc<RankTable>; 2]>,
}

/// What is painted on views A and B, for square and for vertical patches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Paint {
    square: [Painted; 2],
    vertical: [Painted; 2],
}

impl Paint {
    /// What is painted on a view for a patch shape.
    pub fn of(&self, view: ViewName, shape: PatchShape) -> &Painted {
        let [a, b] = match shape {
            PatchShape::Square => &self.square,
            PatchShape::Vertical => &self.vertical,
        };
        if view == ViewName::A { a } else { b }
    }

    /// The same, to be changed.
    pub fn of_mut(&mut self, view: ViewName, shape: PatchShape) -> &mut Painted {
        let [a, b] = match shape {
            PatchShape::Square => &mut self.square,
            PatchShape::Vertical => &mut self.vertical,
        };
        if view == ViewName::A { a } else { b }
    }

    /// Whether nothing is painted at all.
    pub fn is_empty(&self) -> bool {
        let mut all = self.square.iter().chain(&self.vertical);
        all.all(Painted::is_empty)
    }
}

impl Default for MaskForm {
    fn default() -> Self {
        Self {
            shown: true,
            kind: MaskKind::Random,
            shape: PatchShape::Square,
            ratio: MaskRatio::new(Self::FIRST_RATIO).unwrap_or(MaskRatio::MYNA),
            seed: 0,
            overlay: 0.8,
            active: ViewName::A,
            frozen: false,
            painting: false,
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
        let part = |form: &Self| (form.kind, form.shape, form.ratio, form.seed, form.active);
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
    /// Tokens of one window.
    pub fn tokens(&self) -> usize {
        self.form.shape.grid(WINDOW_FRAMES).tokens()
    }

    /// Dropped tokens of one window.
    pub fn dropped(&self) -> usize {
        dropped_tokens(self.form.ratio, self.tokens())
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

    /// What the encoder is given of a view's crop, for both patch shapes.
    pub fn crop(&self, view: ViewName, frames: usize) -> View {
        let kept = |shape| {
            let key = MaskKey {
                shape,
                painted: self.paint.of(view, shape).clone(),
                // The crop's mask does not depend on where the crop lies, and a track of one window is drawn at once.
                frames: WINDOW_FRAMES,
                start_frame: None,
                ..self.key(view, frames)
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

    /// What the mask costs, in words: "5 of 48 tokens kept, 10 % of the work".
    pub fn meter(&self) -> String {
        let (kept, work) = self.meter_parts();
        format!("{kept}, {work}")
    }

    /// The same in two parts: "5 of 48 tokens kept" and "10 % of the work".
    pub fn meter_parts(&self) -> (String, String) {
        let (kept, tokens) = (self.kept_of(self.form.active), self.tokens());
        let percent = 100.0 * kept as f64 / tokens.max(1) as f64;
        (
            format!("{kept} of {tokens} tokens kept"),
            format!("{percent:.0} % of the work"),
        )
    }

    /// Patches of the crop of the active view that were kept or dropped by hand.
    pub fn painted_in_crop(&self) -> usize {
        let painted = self.paint.of(self.form.active, self.form.shape).iter();
        painted.filter(|(place, _)| place.window == 0).count()
    }

    /// What decides how a view of a track of `frames` frames is masked.
    pub fn key(&self, view: ViewName, frames: usize) -> MaskKey {
        let [a, b] = self.starts;
        MaskKey {
            seed: self.form.seed,
            kind: self.form.kind,
            shape: self.form.shape,
            view,
            frames,
            start_frame: if view == ViewName::A { a } else { b },
            painted: self.paint.of(view, self.form.shape).clone(),
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

    /// How the patches that are seen are cut from the track.
    pub fn cut(&self) -> PatchCut {
        let lead = self
            .active_table()
            .map_or(0, |table| table.view.lead_frames());
        PatchCut {
            shape: self.form.shape,
            lead_frames: lead % self.form.shape.frames(),
        }
    }

    /// Draws the views anew where seed, kind, shape, crop, paint or track changed.
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
        MaskKind::Span => "Spans of neighbouring columns (Music2Vec)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_spectrum::tokens::PatchPlace;

    #[test]
    fn the_meter_says_what_a_mask_costs() {
        let mut mask = Mask::default();
        assert_eq!(mask.meter(), "12 of 48 tokens kept, 25 % of the work");
        mask.form.set_percent(90);
        assert_eq!(mask.meter(), "5 of 48 tokens kept, 10 % of the work");
        mask.form.set_percent(-5);
        assert_eq!(mask.meter(), "48 of 48 tokens kept, 100 % of the work");
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
            let flags = table.view.keep_flags(MaskRatio::MYNA);
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
        let painted = mask.paint.of_mut(ViewName::B, PatchShape::Square);
        painted.set(place, Some(true));
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
