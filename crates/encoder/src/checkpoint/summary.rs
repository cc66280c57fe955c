//! What the headers of a checkpoint tell of its encoder, before any weight is read.

use super::{
    CheckpointRef, FoundEncoder, LoadOptions, OpenCheckpoint, shipped_weights, trained_window_secs,
};
use crate::{CheckpointError, EncoderConfig, EncoderInfo, Preset, families};

/// What the headers of a checkpoint tell of its encoder.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckpointSummary {
    /// What it reads and gives.
    pub info: EncoderInfo,
    /// The encoders that the file holds; none of those that come with the program.
    pub encoders: Vec<FoundEncoder>,
    /// Attention heads.
    pub heads: usize,
    /// How many heads there may be, of a file that doesn't say: numbers that divide its width. Empty where it says.
    pub offered_heads: Vec<usize>,
    /// Seconds of the windows in which a run was trained and is read unless others are said, where its family leaves a choice.
    pub trained_window_secs: Option<u32>,
}

/// Reads the headers of a checkpoint; its weights stay unread, so this takes milliseconds. That tensors are missing or not
/// finite is told when the encoder is opened, or by [`inspect`](super::inspect).
///
/// # Errors
/// If the checkpoint is not there, cannot be read, or holds no encoder that is known.
pub fn summarise(
    checkpoint: &CheckpointRef,
    options: &LoadOptions,
) -> Result<CheckpointSummary, CheckpointError> {
    let Some(file) = checkpoint.resolve()? else {
        let config = match checkpoint {
            CheckpointRef::Untrained => Preset::Tiny
                .config(options.patch.unwrap_or_default())
                .into(),
            CheckpointRef::Baseline(baseline) => EncoderConfig::from(*baseline),
            _ => shipped_weights(options.patch)?.config,
        };
        let secs = options.reading.window_secs;
        let of_window = secs.and_then(|secs| config.design().info_of_window(secs));
        return Ok(CheckpointSummary {
            info: of_window.unwrap_or_else(|| config.info(Vec::new())),
            encoders: Vec::new(),
            heads: config.sizes().heads,
            offered_heads: Vec::new(),
            trained_window_secs: None,
        });
    };
    let (mut open, hint) = (OpenCheckpoint::open(&file)?, options.hint());
    match families::find(&mut open, &hint)? {
        Some((found, _)) => {
            options.check_patch(found.family, open.file())?;
            let design = found.config.design();
            let trained = trained_window_secs(&file);
            let trained = trained.filter(|&secs| design.info_of_window(secs).is_some());
            let secs = options.reading.window_secs.or(trained);
            let of_window = secs.and_then(|secs| design.info_of_window(secs));
            let summary = found.summary(&hint);
            Ok(CheckpointSummary {
                info: of_window.unwrap_or(summary.info),
                trained_window_secs: trained,
                ..summary
            })
        }
        None => open.into_summary(options),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{Family, Patching, Readout, TrainingHead, Weights, save_weights};

    fn of(checkpoint: &CheckpointRef, options: impl Into<LoadOptions>) -> CheckpointSummary {
        summarise(checkpoint, &options.into()).unwrap()
    }

    #[test]
    fn the_encoders_of_the_program_and_files_of_both_families_tell_what_they_read() {
        let shipped = of(&CheckpointRef::Shipped, None).info;
        assert_eq!(
            (shipped.family, shipped.parameters),
            (
                Family::Myna,
                Preset::Tiny.config(Patching::Hybrid).parameters()
            )
        );
        assert_eq!(shipped.grids.len(), 2, "a hybrid");
        let branch = of(&CheckpointRef::Shipped, Some(Patching::Square)).info;
        assert_eq!(branch.grids.len(), 1);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("m.safetensors");
        let config = Preset::Tiny.config(Patching::Vertical);
        let weights = Weights::random(config, &TrainingHead::None, 0).unwrap();
        save_weights(&file, &weights, &[]).unwrap();
        let summary = of(&CheckpointRef::File(file), None);
        assert_eq!(summary.info, config.info());
        assert_eq!((summary.heads, summary.encoders.len()), (config.heads, 1));
    }

    #[test]
    fn a_maest_tells_its_styles_and_how_many_heads_it_may_have() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/maest");
        let hub = of(&CheckpointRef::File(root.join("hub")), None);
        assert_eq!(hub.info.family, Family::Maest);
        assert!(hub.offered_heads.is_empty() && !hub.info.outputs.is_empty());
        assert!(hub.info.readouts.contains(&Readout::Probabilities));
        let native = CheckpointRef::File(root.join("native.ckpt"));
        let summary = of(
            &native,
            LoadOptions {
                heads: Some(2),
                ..LoadOptions::default()
            },
        );
        assert_eq!(summary.heads, 2);
        assert!(summary.offered_heads.contains(&2));
        assert!(summary.info.outputs.is_empty(), "the file has no names");
        let nothing = CheckpointRef::File(root.join("nothing here"));
        assert!(summarise(&nothing, &LoadOptions::default()).is_err());
    }
}
