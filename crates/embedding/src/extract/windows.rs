//! The mask of each window.

use super::{ExtractSettings, pipeline::Model};
use mynascope_spectrum::tokens::{MaskKind, Purpose, TokenGrid, TokenMask, stream};

/// The mask of a window: a pure function of seed, track and window.
pub(super) fn mask(
    model: &Model<'_>,
    settings: &ExtractSettings,
    track: usize,
    window: usize,
) -> TokenMask {
    let key = ((track as u64) << 32) | window as u64;
    let kept = |grid: &TokenGrid| {
        let purpose = Purpose::Mask {
            view: 0,
            vertical: grid.kind.is_vertical(),
        };
        let mut random = stream(settings.seed, 0, key, purpose);
        let order = grid.drop_order(MaskKind::Random, &mut random);
        order.kept(settings.ratio).to_vec()
    };
    TokenMask(model.grids.iter().map(kept).collect())
}
