//! In which order a mask drops tokens, for every kind of mask.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Stream;
use mynascope_base::named;

/// How the dropped tokens are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MaskKind {
    /// Any tokens, all equally likely (Myna).
    #[default]
    Random,
    /// Whole columns of the grid, one after the other (patchout in time, MAEST).
    Time,
    /// Whole rows of the grid, one after the other (patchout in frequency, MAEST).
    Frequency,
    /// One connected block around a random place.
    Block,
    /// Spans of neighbouring columns from random places (data2vec).
    Span,
}

impl MaskKind {
    /// All kinds, in the order in which they are offered.
    pub const ALL: [Self; 5] = [
        Self::Random,
        Self::Time,
        Self::Frequency,
        Self::Block,
        Self::Span,
    ];
}

named!(
    MaskKind,
    "mask kind",
    MaskKind::Random => "random",
    MaskKind::Time => "time",
    MaskKind::Frequency => "frequency",
    MaskKind::Block => "block",
    MaskKind::Span => "span",
);

/// The share of tokens that a mask drops, from 0 to below 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct MaskRatio(f64);

/// A number that is no mask ratio.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("a mask ratio is a number from 0 to below 1 (0.9 drops nine tokens of ten), not {0}")]
pub struct RatioError(pub String);

impl MaskRatio {
    /// Nothing is dropped.
    pub const NONE: Self = Self(0.0);
    /// The published setting: 43 of 48 tokens are dropped.
    pub const MYNA: Self = Self(0.9);

    /// A ratio from 0 to below 1.
    ///
    /// # Errors
    /// [`RatioError`] for any other number.
    pub fn new(ratio: f64) -> Result<Self, RatioError> {
        if (0.0..1.0).contains(&ratio) {
            Ok(Self(ratio))
        } else {
            Err(RatioError(ratio.to_string()))
        }
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for MaskRatio {
    type Error = RatioError;

    fn try_from(ratio: f64) -> Result<Self, RatioError> {
        Self::new(ratio)
    }
}

impl From<MaskRatio> for f64 {
    fn from(ratio: MaskRatio) -> f64 {
        ratio.0
    }
}

impl FromStr for MaskRatio {
    type Err = RatioError;

    fn from_str(text: &str) -> Result<Self, RatioError> {
        let ratio = text
            .parse::<f64>()
            .map_err(|_| RatioError(format!("'{text}'")))?;
        Self::new(ratio)
    }
}

/// How many of `tokens` tokens a ratio drops: `floor(ratio * tokens)`, as the published code.
pub fn dropped_tokens(ratio: MaskRatio, tokens: usize) -> usize {
    // 0.29 * 100 is 28.999999999999996 in binary; a ratio is meant as the decimal number that was typed.
    (ratio.get() * tokens as f64 + 1e-9).floor() as usize
}

/// The order in which the tokens of one window are dropped: a permutation of `0..tokens`. A mask drops the
/// first `dropped_tokens(ratio, tokens)` of it and keeps the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropOrder(Vec<usize>);

impl DropOrder {
    /// Draws the order of one window of a grid with so many rows and columns.
    pub fn draw([rows, columns]: [usize; 2], kind: MaskKind, random: &mut Stream) -> Self {
        let tokens = rows * columns;
        let place = |token: usize| (token / columns.max(1), token % columns.max(1));
        // Ties inside a column, row or distance are broken by an even shuffle.
        let mut order = random.permutation(tokens);
        match kind {
            MaskKind::Random => {}
            MaskKind::Time => {
                let rank = random.permutation(columns);
                sort_by_rank(&mut order, |token| rank.get(place(token).1).copied());
            }
            MaskKind::Frequency => {
                let rank = random.permutation(rows);
                sort_by_rank(&mut order, |token| rank.get(place(token).0).copied());
            }
            MaskKind::Block => {
                let centre = place(random.below(tokens));
                // Distance in patches, scaled so that the block grows with the grid's own proportions.
                let (rows, columns) = (rows.max(1), columns.max(1));
                sort_by_rank(&mut order, |token| {
                    let (row, column) = place(token);
                    let down = row.abs_diff(centre.0) * columns;
                    let along = column.abs_diff(centre.1) * rows;
                    Some(down.max(along))
                });
            }
            MaskKind::Span => {
                let rank = span_ranks(columns, random);
                sort_by_rank(&mut order, |token| rank.get(place(token).1).copied());
            }
        }
        Self(order)
    }

    /// An order given by hand; `None` unless it is a permutation of `0..order.len()`.
    pub fn from_order(order: Vec<usize>) -> Option<Self> {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        sorted
            .iter()
            .enumerate()
            .all(|(index, &token)| index == token)
            .then_some(Self(order))
    }

    /// All tokens, first dropped first.
    pub fn order(&self) -> &[usize] {
        &self.0
    }

    /// The tokens that stay at a ratio, in the order of the permutation (their order carries no meaning:
    /// positions are added before and tokens are averaged after).
    pub fn kept(&self, ratio: MaskRatio) -> &[usize] {
        let dropped = dropped_tokens(ratio, self.0.len());
        self.0.get(dropped..).unwrap_or_default()
    }

    /// For each token the place in the order: it is dropped while its rank is below the number of dropped tokens.
    pub fn ranks(&self) -> Vec<usize> {
        let mut ranks = vec![0; self.0.len()];
        for (rank, &token) in self.0.iter().enumerate() {
            if let Some(slot) = ranks.get_mut(token) {
                *slot = rank;
            }
        }
        ranks
    }

    /// Which tokens stay at a ratio, one flag a token.
    pub fn keep_flags(&self, ratio: MaskRatio) -> Vec<bool> {
        let dropped = dropped_tokens(ratio, self.0.len());
        self.ranks()
            .into_iter()
            .map(|rank| rank >= dropped)
            .collect()
    }
}

fn sort_by_rank(order: &mut [usize], rank: impl Fn(usize) -> Option<usize>) {
    order.sort_by_key(|&token| rank(token).unwrap_or(usize::MAX));
}

/// Columns of a span mask: spans of an eighth of the window start at random places and fill up from there.
fn span_ranks(columns: usize, random: &mut Stream) -> Vec<usize> {
    let length = (columns / 8).max(2);
    let mut rank = vec![usize::MAX; columns];
    let mut next = 0;
    for start in random.permutation(columns) {
        for slot in rank.iter_mut().skip(start).take(length) {
            if *slot == usize::MAX {
                *slot = next;
                next += 1;
            }
        }
    }
    rank
}

/// Which tokens of a window a view drops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DropRule {
    /// The beginning of an order that is drawn for each window.
    Drawn(MaskKind),
    /// The same ones in every window, whatever the ratio: one flag a token. Tokens beyond the last flag are kept.
    Same(Vec<bool>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::{PatchShape, Purpose, stream};

    #[test]
    fn every_kind_drops_exactly_the_floor_of_the_ratio() {
        for shape in [PatchShape::Square, PatchShape::Vertical] {
            for frames in [80, 96, 98, 192] {
                let grid = shape.grid(frames);
                for kind in MaskKind::ALL {
                    for seed in 0..20 {
                        let mut random = stream(seed, 0, 0, Purpose::Split);
                        let order = DropOrder::draw([grid.rows, grid.columns], kind, &mut random);
                        assert!(DropOrder::from_order(order.order().to_vec()).is_some());
                        for percent in 0..100 {
                            let ratio = MaskRatio::new(f64::from(percent) / 100.0).unwrap();
                            let dropped = percent as usize * grid.tokens() / 100;
                            assert_eq!(order.kept(ratio).len(), grid.tokens() - dropped);
                            let flags = order.keep_flags(ratio);
                            assert!(order.kept(ratio).iter().all(|&token| flags[token]));
                            assert_eq!(
                                flags.iter().filter(|&&kept| !kept).count(),
                                dropped,
                                "{shape} {kind} {percent} %"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_published_counts() {
        let kept = |ratio, tokens| tokens - dropped_tokens(MaskRatio::new(ratio).unwrap(), tokens);
        assert_eq!([0.5, 0.75, 0.9, 0.95].map(|r| kept(r, 48)), [24, 12, 5, 3]);
        assert_eq!(kept(0.9, 49), 5);
        assert_eq!(kept(0.9, 96), 10);
    }

    #[test]
    fn time_masks_drop_columns_and_frequency_masks_rows() {
        let grid = PatchShape::Square.grid(96);
        let half = MaskRatio::new(0.5).unwrap();
        for (kind, share) in [(MaskKind::Time, 3), (MaskKind::Frequency, 4)] {
            let order = DropOrder::draw(
                [grid.rows, grid.columns],
                kind,
                &mut stream(3, 0, 0, Purpose::Split),
            );
            let mut lines: Vec<usize> = order
                .kept(half)
                .iter()
                .map(|&token| {
                    let (row, column) = grid.place(token);
                    if kind == MaskKind::Time { column } else { row }
                })
                .collect();
            lines.sort_unstable();
            lines.dedup();
            assert_eq!(lines.len(), share, "{kind}: whole lines stay");
        }
    }

    #[test]
    fn impossible_ratios_are_refused() {
        for wrong in ["1", "-0.1", "nan", "ninety"] {
            assert!(wrong.parse::<MaskRatio>().is_err(), "{wrong}");
        }
    }
}
