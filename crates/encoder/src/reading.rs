//! What of an encoder is taken as the embedding, and of which tokens. Whatever of it is not the published way changes the
//! embeddings, so it is part of what they are kept under.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{EncoderError, EncoderInfo, Precision, WindowRule};
use mynascope_base::{named, ordinal};
use mynascope_spectrum::tokens::{DropRule, PictureGrid, TokenGrid, TokenMask};

/// How one vector is made of what a layer gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readout {
    /// Class token, distillation token and mean of the patches, one behind the other: what MAEST published.
    Stack,
    /// The class token.
    Cls,
    /// The distillation token.
    Dist,
    /// The mean over the tokens of the window; Myna's one vector for each patch shape.
    Mean,
    /// What the classifier reads: after all blocks and the last norm, the mean of class and distillation token.
    Features,
    /// What the classifier says of each style.
    Logits,
    /// The same as probabilities (sigmoid).
    Probabilities,
    /// The class token of MT2 that was trained by contrast.
    Contrastive,
    /// The class token of MT2 that was trained to move with the key.
    Equivariant,
    /// The mean of both.
    ClassMean,
    /// The mean over the frames, without class tokens.
    FrameMean,
    /// How much each of twelve keys a semitone apart fits, summing to 1; which is C is told by a recording in C.
    KeyProfile,
    /// What a baseline makes of a window: mean and standard deviation over its frames; of chance, noise.
    Statistics,
}

impl Readout {
    /// All readouts of all families.
    pub const ALL: [Self; 13] = [
        Self::Stack,
        Self::Cls,
        Self::Dist,
        Self::Mean,
        Self::Features,
        Self::Logits,
        Self::Probabilities,
        Self::Contrastive,
        Self::Equivariant,
        Self::ClassMean,
        Self::FrameMean,
        Self::KeyProfile,
        Self::Statistics,
    ];

    /// Whether it is read behind all blocks and the last norm, and of no other layer.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Features | Self::Logits | Self::Probabilities | Self::KeyProfile
        )
    }
}

named!(
    Readout,
    "readout",
    Readout::Stack => "stack",
    Readout::Cls => "cls",
    Readout::Dist => "dist",
    Readout::Mean => "mean",
    Readout::Features => "features",
    Readout::Logits => "logits",
    Readout::Probabilities => "probabilities",
    Readout::Contrastive => "contrastive",
    Readout::Equivariant => "equivariant",
    Readout::ClassMean => "class-mean",
    Readout::FrameMean => "frame-mean",
    Readout::KeyProfile => "key-profile",
    Readout::Statistics => "statistics",
);

/// How far windows of a track overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    /// They lie back to back.
    None,
    /// Each begins in the middle of the one before.
    Half,
}

named!(
    Overlap,
    "overlap of windows",
    Overlap::None => "none",
    Overlap::Half => "half",
);

/// Rows of a grid of tokens, the lowest is 0; at most 32 rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "Vec<u32>", into = "Vec<u32>")]
pub struct Rows(u32);

impl From<Vec<u32>> for Rows {
    fn from(rows: Vec<u32>) -> Self {
        let bits = rows.into_iter().filter_map(|row| 1_u32.checked_shl(row));
        Self(bits.fold(0, |all, bit| all | bit))
    }
}

impl From<Rows> for Vec<u32> {
    fn from(rows: Rows) -> Self {
        rows.iter()
            .filter_map(|row| u32::try_from(row).ok())
            .collect()
    }
}

impl Rows {
    /// Whether a row is one of them.
    pub fn holds(self, row: usize) -> bool {
        u32::try_from(row).is_ok_and(|row| self.0.checked_shr(row).unwrap_or(0) & 1 == 1)
    }

    /// The same rows with this one added, or taken out where it was among them.
    #[must_use]
    pub fn toggled(self, row: usize) -> Self {
        let bit = u32::try_from(row)
            .ok()
            .and_then(|row| 1_u32.checked_shl(row));
        Self(self.0 ^ bit.unwrap_or(0))
    }

    /// The rows, lowest first.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..32).filter(move |&row| self.holds(row))
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<String> = self.iter().map(|row| row.to_string()).collect();
        f.write_str(&rows.join(","))
    }
}

impl FromStr for Rows {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut rows = 0;
        for word in text.split(',') {
            let row = word.trim().parse::<u32>().ok().filter(|row| *row < 32);
            let row = row.ok_or_else(|| {
                format!(
                    "'{word}' is no row of tokens; give numbers from 0 (lowest) to 31, as 0,7,8"
                )
            })?;
            rows |= 1 << row;
        }
        Ok(Self(rows))
    }
}

/// Structured patchout (Koutini et al. 2022; MAEST, section 4.5): whole columns and rows of tokens that are left out of every
/// window, so that the encoder has less to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Patchout {
    /// Of the columns every so many-th is read; 0 and 1 read all.
    #[serde(default)]
    pub every: usize,
    /// Rows that are not read.
    #[serde(default)]
    pub dropped_rows: Rows,
}

impl Patchout {
    /// Whether everything is read.
    pub fn is_none(&self) -> bool {
        self.every <= 1 && self.dropped_rows == Rows::default()
    }

    /// Whether the token in a row and a column is read.
    pub fn reads(&self, (row, column): (usize, usize)) -> bool {
        !self.dropped_rows.holds(row) && column.is_multiple_of(self.every.max(1))
    }

    /// What is dropped of every window of a grid.
    pub fn rule(&self, grid: &PictureGrid) -> DropRule {
        let tokens = 0..grid.tokens();
        DropRule::Same(tokens.map(|token| !self.reads(grid.place(token))).collect())
    }

    /// The tokens of each grid that are read. Beside a grid of several rows, one of a single row has none to leave out: the
    /// vertical patches of a hybrid span all bands.
    ///
    /// # Errors
    /// [`EncoderError::Reading`] if of a grid nothing is left, or if there is no such row or column.
    pub fn mask(&self, grids: &[TokenGrid]) -> Result<TokenMask, EncoderError> {
        let rows = grids.iter().map(TokenGrid::rows).max().unwrap_or(0);
        if let Some(row) = self.dropped_rows.iter().find(|&row| row >= rows) {
            return Err(EncoderError::Reading(match rows {
                0 | 1 => "the tokens of this encoder lie in one row, and without it nothing is left; leave out --patchout-rows"
                    .to_owned(),
                _ => format!(
                    "there is no row {row} of tokens to leave out; this encoder has 0 to {}",
                    rows - 1
                ),
            }));
        }
        let columns = grids.iter().map(|grid| grid.columns).max().unwrap_or(0);
        if self.every > columns.max(1) {
            let name = grids
                .first()
                .map_or("column", |grid| grid.kind.column_name());
            return Err(EncoderError::Reading(format!(
                "patchout of every {} {name} leaves one; this encoder's windows have {columns} {name}s",
                ordinal(self.every)
            )));
        }
        let kept = |grid: &TokenGrid| -> Vec<usize> {
            let dropped_rows = match grid.rows() < 2 && rows > 1 {
                true => Rows::default(),
                false => self.dropped_rows,
            };
            let patchout = Self {
                dropped_rows,
                ..*self
            };
            let reads = |token: &usize| patchout.reads(grid.place(*token));
            (0..grid.tokens()).filter(reads).collect()
        };
        let mask = TokenMask(grids.iter().map(kept).collect());
        match mask.lacks_tokens() {
            true => Err(EncoderError::Reading(format!(
                "patchout of the rows {} leaves nothing of a window; name fewer rows",
                self.dropped_rows
            ))),
            false => Ok(mask),
        }
    }
}

/// What of an encoder is taken as the embedding; by default what its authors published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Reading {
    /// 0 for what enters the first block, n for what follows block n, before any last norm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<usize>,
    /// How one vector is made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readout: Option<Readout>,
    /// How far windows overlap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
    /// Length of a window in seconds, of encoders that read any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_secs: Option<u32>,
    /// Which tokens of every window are left out.
    #[serde(default, skip_serializing_if = "Patchout::is_none")]
    pub patchout: Patchout,
    /// With which numbers its layers multiply.
    #[serde(default, skip_serializing_if = "Precision::is_f32")]
    pub precision: Precision,
}

impl Reading {
    /// Leaves out what says no more than how the encoder is read anyway, given how its windows are cut by this reading.
    pub(super) fn leave_out_published(&mut self, published: &EncoderInfo, window: WindowRule) {
        self.layer = self
            .layer
            .filter(|&layer| layer != published.published_layer);
        self.readout = self
            .readout
            .filter(|readout| published.readouts.first() != Some(readout));
        if window == published.window {
            (self.overlap, self.window_secs) = (None, None);
        }
        if self.patchout.is_none() {
            self.patchout = Patchout::default();
        }
    }

    /// Whether it is what the authors published.
    pub fn is_published(&self) -> bool {
        *self == Self::default()
    }

    fn parts(&self) -> Vec<(&'static str, String)> {
        let Self {
            layer,
            readout,
            overlap,
            window_secs,
            patchout,
            precision,
        } = self;
        let mut parts = Vec::new();
        parts.extend(layer.map(|layer| ("layer", layer.to_string())));
        parts.extend(readout.map(|readout| ("readout", readout.to_string())));
        parts.extend(window_secs.map(|secs| ("window", secs.to_string())));
        parts.extend(overlap.map(|overlap| ("overlap", overlap.to_string())));
        if patchout.every > 1 {
            parts.push(("patchout", patchout.every.to_string()));
        }
        if patchout.dropped_rows != Rows::default() {
            parts.push(("patchout-rows", patchout.dropped_rows.to_string()));
        }
        if !precision.is_f32() {
            parts.push(("precision", precision.to_string()));
        }
        parts
    }

    /// The options of the command line that say it, each with its value.
    pub fn options(&self) -> Vec<(&'static str, String)> {
        self.parts()
    }

    /// For keys: `layer3-readoutmean`.
    pub fn slug(&self) -> String {
        let parts = self.parts().into_iter();
        let words: Vec<String> = parts
            .map(|(name, value)| format!("{name}{value}"))
            .collect();
        words.join("-")
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.parts().into_iter();
        let words: Vec<String> = parts
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        match words.is_empty() {
            true => f.write_str("as published"),
            false => f.write_str(&words.join(", ")),
        }
    }
}

/// What of an encoder is taken, with everything that a [`Reading`] leaves to the authors said.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadingInUse {
    /// As `--layer` takes it; `None` of an embedding that follows the last norm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<usize>,
    /// What the encoder calls it: "block 7", "embedding".
    pub layer_name: String,
    /// How one vector is made of it.
    pub readout: Readout,
    /// Seconds from the start of a window to that of the next.
    pub hop_secs: f64,
    /// Which tokens of every window are left out.
    #[serde(skip_serializing_if = "Patchout::is_none")]
    pub patchout: Patchout,
    /// With which numbers the layers multiply.
    #[serde(skip_serializing_if = "Precision::is_f32")]
    pub precision: Precision,
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_spectrum::tokens::PatchShape;

    #[test]
    fn patchout_leaves_out_columns_and_rows_and_never_everything() {
        let grids = [TokenGrid::from(PatchShape::Square.grid(96))];
        let patchout = Patchout {
            every: 3,
            dropped_rows: "0,1,2,3,5,6".parse().unwrap(),
        };
        assert_eq!(patchout.mask(&grids).unwrap().of(0), [24, 27, 42, 45]);
        assert_eq!(Patchout::default().mask(&grids).unwrap().of(0).len(), 48);
        // The vertical patches of a hybrid have no rows that could be left out.
        let lowest = Patchout {
            every: 1,
            dropped_rows: "0".parse().unwrap(),
        };
        let vertical = TokenGrid::from(PatchShape::Vertical.grid(96));
        let hybrid = lowest.mask(&[grids[0].clone(), vertical.clone()]).unwrap();
        assert_eq!((hybrid.of(0).len(), hybrid.of(1).len()), (42, 48));
        assert!(lowest.mask(&[vertical]).is_err(), "nothing would be left");
        let all = Patchout {
            every: 1,
            dropped_rows: "0,1,2,3,4,5,6,7".parse().unwrap(),
        };
        assert!(
            all.mask(&grids)
                .unwrap_err()
                .to_string()
                .contains("fewer rows")
        );
        assert!("0,x".parse::<Rows>().is_err() && "32".parse::<Rows>().is_err());
    }

    #[test]
    fn a_reading_is_said_in_words_and_options() {
        let reading = Reading {
            layer: Some(3),
            readout: Some(Readout::Mean),
            overlap: Some(Overlap::Half),
            window_secs: Some(5),
            patchout: Patchout {
                every: 2,
                dropped_rows: "8,0".parse().unwrap(),
            },
            precision: Precision::Bf16,
        };
        assert_eq!(
            reading.to_string(),
            "layer 3, readout mean, window 5, overlap half, patchout 2, patchout-rows 0,8, precision bf16"
        );
        assert_eq!(
            reading.slug(),
            "layer3-readoutmean-window5-overlaphalf-patchout2-patchout-rows0,8-precisionbf16"
        );
        assert_eq!(Reading::default().to_string(), "as published");
    }
}
