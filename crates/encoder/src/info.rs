//! What other crates may ask of an encoder, whichever family it is of: plain data.

use super::{EncoderError, Family, Overlap, Reading, Readout};
use mynascope_spectrum::{
    MelSpec, VqtSpec,
    tokens::{PictureGrid, TokenGrid},
};

/// How windows are cut from a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WindowRule {
    /// Length of a window. A shorter track is padded with silence to one; what doesn't fill one at the end is left out.
    pub secs: f64,
    /// From the start of a window to that of the next.
    pub hop_secs: f64,
}

impl WindowRule {
    /// The same windows where they overlap so far; as published where that is not said.
    pub fn with_overlap(self, overlap: Option<Overlap>) -> Self {
        let hop_secs = match overlap {
            None => self.hop_secs,
            Some(Overlap::None) => self.secs,
            Some(Overlap::Half) => 0.5 * self.secs,
        };
        Self { hop_secs, ..self }
    }
}

/// What an encoder reads and gives.
#[derive(Debug, Clone, PartialEq)]
pub struct EncoderInfo {
    /// The published design.
    pub family: Family,
    /// How windows are cut.
    pub window: WindowRule,
    /// Lengths of windows in seconds that are offered, of an encoder that reads any; empty where they belong to the weights.
    pub window_choices_secs: Vec<u32>,
    /// Of an encoder that reads a sound shorter than a window as a shorter window: seconds that its front end adds to such a
    /// sound. `None` where silence fills the window.
    pub short_window_pad_secs: Option<f64>,
    /// The mel-spectrogram that the network is fed; `None` where it is fed samples.
    pub front_end: Option<MelSpec>,
    /// The VQT that it is fed beside that.
    pub vqt: Option<VqtSpec>,
    /// Where the tokens of a window lie: one grid for each stream of tokens that can be masked and drawn.
    pub grids: Vec<TokenGrid>,
    /// What can be read, in order: what enters the first block, what follows each block, and what is published where that
    /// is something else.
    pub layers: Vec<String>,
    /// How a vector is made of it, the published way first.
    pub readouts: Vec<Readout>,
    /// Names of what its classifier tells, in the order of its outputs; none without a classifier, or without names.
    pub outputs: Vec<String>,
    /// The place in `layers` of what is published.
    pub published_layer: usize,
    /// Values of the published embedding.
    pub dim: usize,
    /// Transformer blocks.
    pub depth: usize,
    /// Numbers that training changes; of Myna without a head.
    pub parameters: usize,
    /// About how many floating point operations a window takes, up to what is published.
    pub flops: u64,
}

impl EncoderInfo {
    /// Where the tokens of its first grid lie on the picture of a track of `track_secs`, in windows that overlap so far; `None`
    /// where they cannot be drawn.
    pub fn picture_grid(
        &self,
        overlap: Option<Overlap>,
        track_secs: Option<f64>,
    ) -> Option<PictureGrid> {
        let grid = self.grids.first()?;
        let WindowRule { secs, hop_secs } = self.window.with_overlap(overlap);
        let short = track_secs.filter(|track| (grid.token_secs..secs).contains(track));
        let (Some(track), Some(pad)) = (short, self.short_window_pad_secs) else {
            return PictureGrid::new(grid, secs, hop_secs);
        };
        let columns = ((track + pad - grid.token_secs) / grid.column_secs + 1e-6).floor();
        let grid = TokenGrid {
            columns: (columns as usize + 1).min(grid.columns),
            ..grid.clone()
        };
        PictureGrid::new(&grid, track, track)
    }

    /// Whether encoders of its family have a classifier, and this one came without it.
    pub fn lacks_classifier(&self) -> bool {
        self.family == Family::Maest && !self.readouts.contains(&Readout::Probabilities)
    }

    /// How a vector is made where this reading is asked for.
    pub fn readout(&self, reading: Reading) -> Readout {
        let published = self.readouts.first().copied();
        reading.readout.or(published).unwrap_or(Readout::Mean)
    }

    /// A layer and what is made of it in the family's own words, as published where the reading does not say: "block 7,
    /// stack". What is read otherwise follows.
    pub fn describe(&self, reading: Reading) -> String {
        let readout = self.readout(reading);
        let layer = self
            .layers
            .get(reading.layer.unwrap_or(self.published_layer))
            .filter(|_| !readout.is_final());
        let mut words: Vec<String> = layer.into_iter().cloned().collect();
        words.push(readout.to_string());
        let rest = Reading {
            layer: None,
            readout: None,
            ..reading
        };
        if !rest.is_published() {
            words.push(rest.to_string());
        }
        words.join(", ")
    }

    /// Refuses a layer or a readout that the encoder does not have.
    ///
    /// # Errors
    /// [`EncoderError::Reading`] with what there is.
    pub fn check(&self, reading: Reading) -> Result<(), EncoderError> {
        if let Some(layer) = reading.layer.filter(|&layer| layer > self.depth) {
            return Err(EncoderError::Reading(format!(
                "there is no layer {layer}; this encoder has 0 (what enters the first block) to {}",
                self.depth
            )));
        }
        if let (Some(_), Some(readout)) = (reading.layer, reading.readout)
            && readout.is_final()
        {
            return Err(EncoderError::Reading(format!(
                "the readout {readout} is read behind all blocks; leave out --layer"
            )));
        }
        match reading.readout {
            Some(readout) if !self.readouts.contains(&readout) => {
                let known: Vec<String> = self.readouts.iter().map(ToString::to_string).collect();
                let (family, known) = (self.family, known.join(", "));
                Err(EncoderError::Reading(match family.part_for(readout) {
                    Some(part) => format!(
                        "the file of this {family} holds no {part}, so it has no readout {readout}; it has {known}"
                    ),
                    None => {
                        format!("{family} encoders have no readout {readout}; they have {known}")
                    }
                }))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Patching, Preset};

    #[test]
    fn what_is_read_is_named_in_the_familys_own_words() {
        let info = Preset::Tiny.config(Patching::Square).info();
        let published = Reading::default();
        assert_eq!(info.describe(published), "embedding, mean");
        let reading = Reading {
            layer: Some(0),
            overlap: Some(Overlap::Half),
            ..published
        };
        assert_eq!(info.describe(reading), "patches, mean, overlap half");
        let maest = EncoderInfo {
            readouts: Readout::ALL.to_vec(),
            ..info
        };
        let reading = Reading {
            readout: Some(Readout::Features),
            ..published
        };
        assert_eq!(maest.describe(reading), "features", "of no layer");
    }
}
