//! Embedding windows: as many at a time as fit the caches, by whichever family the encoder is of.

use std::ops::Range;

use super::{
    EncoderConfig, EncoderError, LoadedEncoder, MynaConfig, Patchout, Reading, Readout,
    families::{
        ReadLayers,
        myna::{
            network::{Embed, EmbedLayers},
            tokenizer::Tokenizer,
        },
    },
};
use mynascope_spectrum::tokens::{MEL_BANDS, TokenGrid, TokenMask};

/// Tokens of one forward pass: enough for large products, few enough to stay in the caches' reach.
const TOKENS_PER_PASS: usize = 1536;
/// The same in fewer bits than 32, where weights are laid out anew for every pass and products are quick.
const NARROW_TOKENS_PER_PASS: usize = 4 * TOKENS_PER_PASS;

/// What is wanted of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// The layer and readout that the encoder was opened with.
    Reading,
    /// Every layer.
    EveryLayer,
    /// What its classifier says.
    Probabilities,
}

impl LoadedEncoder {
    /// Embeds windows as [`Self::windows`] gives them: the layer and readout that the encoder was opened with. With `masks`
    /// only the tokens of the window's mask are read; all masks keep as many. Returns [windows, embedding_dim] row-major.
    ///
    /// # Errors
    /// [`EncoderError::Windows`] if windows are not as described, [`EncoderError::Compute`] if the device fails.
    pub fn embed_windows(
        &self,
        windows: &[&[f32]],
        masks: Option<&[TokenMask]>,
    ) -> Result<Vec<f32>, EncoderError> {
        self.embed(windows, masks, Wanted::Reading)
    }

    /// What the classifier says of windows: the probability of each of [`EncoderInfo::outputs`](crate::EncoderInfo::outputs), [windows, outputs] row-major.
    ///
    /// # Errors
    /// As [`Self::embed_windows`], and [`EncoderError::Reading`] if the encoder has no classifier.
    pub fn classify(
        &self,
        windows: &[&[f32]],
        masks: Option<&[TokenMask]>,
    ) -> Result<Vec<f32>, EncoderError> {
        self.info().check(Reading {
            readout: Some(Readout::Probabilities),
            ..Reading::default()
        })?;
        self.embed(windows, masks, Wanted::Probabilities)
    }

    /// As [`Self::embed_windows`], with what every layer gives. Returns [windows, layers, layer_dim] row-major; the layers
    /// are those of [`EncoderInfo::layers`](crate::EncoderInfo::layers).
    ///
    /// # Errors
    /// As [`Self::embed_windows`].
    pub fn embed_layers(
        &self,
        windows: &[&[f32]],
        masks: Option<&[TokenMask]>,
    ) -> Result<Vec<f32>, EncoderError> {
        self.embed(windows, masks, Wanted::EveryLayer)
    }

    /// How many windows of which no token is dropped are embedded at a time: as many as make products large.
    pub fn windows_per_pass(&self) -> usize {
        let tokens = self.info().grids.iter().map(TokenGrid::tokens).sum();
        self.windows_of(tokens)
    }

    /// As [`Self::windows_per_pass`], of windows of so many tokens.
    fn windows_of(&self, tokens: usize) -> usize {
        let most = match self.reading().precision.is_f32() {
            true => TOKENS_PER_PASS,
            false => NARROW_TOKENS_PER_PASS,
        };
        (most / tokens.max(1)).max(1)
    }

    fn embed(
        &self,
        windows: &[&[f32]],
        masks: Option<&[TokenMask]>,
        wanted: Wanted,
    ) -> Result<Vec<f32>, EncoderError> {
        if masks.is_some_and(|masks| masks.len() != windows.len()) {
            return Err(EncoderError::Windows(
                "there must be one mask a window".into(),
            ));
        }
        if masks.is_some() && !self.reading().patchout.is_none() {
            return Err(EncoderError::Reading(
                "a mask and patchout both drop tokens; use one of them".into(),
            ));
        }
        let patchout = self.reading().patchout.mask(&self.info().grids)?;
        let mask = masks.and_then(<[TokenMask]>::first).unwrap_or(&patchout);
        let per_pass = self.windows_of(mask.0.iter().map(Vec::len).sum());
        let mut tokenizer = None;
        let mut out = Vec::new();
        let mut start = 0;
        while let Some(rest) = windows.get(start..).filter(|rest| !rest.is_empty()) {
            // The windows of one pass are of one length; only a track that is shorter than a window gives another one.
            let rest = rest.get(..per_pass).unwrap_or(rest);
            let alike = rest.iter().zip(rest.iter().skip(1));
            let end = start + 1 + alike.take_while(|(a, b)| a.len() == b.len()).count();
            let part = windows.get(start..end).unwrap_or_default();
            let masks = masks.and_then(|masks| masks.get(start..end));
            out.extend(match &self.config() {
                EncoderConfig::Myna(config) => {
                    self.pass_myna(config, part, masks, wanted, &mut tokenizer)?
                }
                _ => self.pass(part, masks, wanted)?,
            });
            start = end;
        }
        Ok(out)
    }

    /// One pass over windows of one length.
    fn pass_myna(
        &self,
        config: &MynaConfig,
        windows: &[&[f32]],
        masks: Option<&[TokenMask]>,
        wanted: Wanted,
        tokenizer: &mut Option<(usize, Tokenizer)>,
    ) -> Result<Vec<f32>, EncoderError> {
        let length = windows.first().map_or(0, |window| window.len());
        if !length.is_multiple_of(MEL_BANDS) {
            return Err(EncoderError::Windows(
                "a window is whole frames of 128 bands".into(),
            ));
        }
        if tokenizer.as_ref().is_none_or(|(known, _)| *known != length) {
            *tokenizer = Some((length, Tokenizer::of(config, length / MEL_BANDS)));
        }
        let Some((_, tokenizer)) = tokenizer else {
            return Ok(Vec::new());
        };
        let patchout: Vec<TokenMask>;
        let masks = match self.reading().patchout.is_none() {
            true => masks,
            false => {
                let grids: Vec<_> = tokenizer.grids().map(Into::into).collect();
                patchout = vec![self.reading().patchout.mask(&grids)?; windows.len()];
                Some(patchout.as_slice())
            }
        };
        let tokens = tokenizer.tokens(windows, masks)?;
        let device = self.device();
        let layer = match (wanted, self.reading().layer) {
            (Wanted::EveryLayer, _) => return self.placed().ask(EmbedLayers(tokens), device),
            (_, None) => return self.placed().ask(Embed(tokens), device),
            (_, Some(layer)) => layer,
        };
        let all = self.placed().ask(EmbedLayers(tokens), device)?;
        let dim = config.embedding_dim();
        let rows = all.chunks_exact((dim * self.info().layers.len()).max(1));
        Ok(rows
            .flat_map(|row| row.get(layer * dim..(layer + 1) * dim).unwrap_or_default())
            .copied()
            .collect())
    }

    /// One pass over windows of one length, of any other family.
    fn pass(
        &self,
        windows: &[&[f32]],
        masks: Option<&[TokenMask]>,
        wanted: Wanted,
    ) -> Result<Vec<f32>, EncoderError> {
        let kept = self.kept(windows, masks);
        let (layers, readout) = self.layers(wanted);
        let job = ReadLayers {
            windows,
            kept: kept.as_deref(),
            layers,
            readout,
        };
        self.placed().ask(job, self.device())
    }

    /// The tokens of each window that are read, in the grid of its own columns: those of the mask, else those that patchout
    /// leaves; `None` where all are.
    fn kept(&self, windows: &[&[f32]], masks: Option<&[TokenMask]>) -> Option<Vec<Vec<usize>>> {
        let grid = self.info().grids.first();
        let (whole, rows) = grid.map_or((0, 0), |grid| (grid.columns, grid.rows()));
        let length = windows.first().map_or(0, |window| window.len());
        let columns = self.config().design().columns_in(length).unwrap_or(whole);
        let Patchout {
            every,
            dropped_rows,
        } = self.reading().patchout;
        match masks {
            None if self.reading().patchout.is_none() => None,
            None => {
                let rows = (0..rows).filter(|&row| !dropped_rows.holds(row));
                let row = |row: usize| {
                    let columns_read = (0..columns).step_by(every.max(1));
                    columns_read.map(move |column| row * columns + column)
                };
                let kept: Vec<usize> = rows.flat_map(row).collect();
                Some(vec![kept; windows.len()])
            }
            // A mask is drawn for a whole window; a shorter one has fewer columns, and keeps the same share of them whatever
            // falls into them: windows of one length must keep as many.
            Some(masks) => {
                let shorter = |&token: &usize| {
                    let (row, column) = (token / whole.max(1), token % whole.max(1));
                    (column < columns).then_some(row * columns + column)
                };
                let kept = |mask: &TokenMask| {
                    let mut kept: Vec<usize> = mask.of(0).iter().filter_map(shorter).collect();
                    let share = (mask.of(0).len() * columns / whole.max(1)).max(1);
                    kept.truncate(share);
                    let rest = (0..rows * columns).filter(|token| !kept.contains(token));
                    let rest: Vec<usize> = rest.take(share - kept.len()).collect();
                    kept.extend(rest);
                    kept.sort_unstable();
                    kept
                };
                Some(masks.iter().map(kept).collect())
            }
        }
    }

    /// Which layers are read for what is wanted of another family than Myna, and how.
    fn layers(&self, wanted: Wanted) -> (Range<usize>, Readout) {
        let one = |layer: usize| layer..layer + 1;
        match wanted {
            Wanted::EveryLayer => (0..self.info().layers.len(), self.layer_readout()),
            Wanted::Probabilities => {
                let readout = Readout::Probabilities;
                (one(self.config().design().default_layer(readout)), readout)
            }
            Wanted::Reading => (one(self.layer_read()), self.readout()),
        }
    }
}
