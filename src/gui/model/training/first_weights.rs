//! What a run can start from: the encoder that comes with the program, own runs, files.

use mynascope_encoder::{CheckpointRef, EncoderConfig, EncoderPreset, Family, Patching, Preset};
use mynascope_train::TrainConfig;

use super::{
    super::{AppState, EncoderOrigin, OfferedEncoder},
    first_purpose,
};

impl AppState {
    /// What a run of a form's family can start from beside files: the shipped encoder, and the user's own runs. With the sizes
    /// that the run then has; a MAEST that begins with the blocks of a Myna has its own.
    pub fn first_weights(
        &self,
        form: &TrainConfig,
    ) -> Vec<(OfferedEncoder, Option<EncoderConfig>)> {
        let own = form.encoder_config();
        let runs = &self.training.table.rows;
        let sizes_of = |checkpoint: &CheckpointRef| match checkpoint {
            CheckpointRef::Shipped => Some(Preset::Tiny.config(Patching::Hybrid).into()),
            CheckpointRef::Untrained | CheckpointRef::Baseline(_) => None,
            CheckpointRef::File(folder) => {
                let run = runs.iter().find(|run| run.folder == *folder)?;
                Some(run.config.as_ref().ok()?.encoder_config())
            }
        };
        let offered = self.encoders(&[]).into_iter();
        offered
            .filter(|offer| matches!(offer.origin, EncoderOrigin::Program | EncoderOrigin::Run))
            .filter_map(|offer| Some((sizes_of(&offer.checkpoint)?, offer)))
            .filter_map(|(sizes, offer)| match (own.family(), sizes.family()) {
                (wanted, there) if wanted == there => Some((offer, Some(sizes))),
                // Its blocks are taken from the first on.
                (Family::Maest, Family::Myna)
                    if own.sizes().dim == sizes.sizes().dim
                        && own.sizes().depth <= sizes.sizes().depth =>
                {
                    Some((offer, None))
                }
                _ => None,
            })
            .collect()
    }
}

/// The form of a run that starts from weights. Those of another family or size than the form's make it one of theirs.
pub fn begin_with(
    form: &TrainConfig,
    checkpoint: CheckpointRef,
    sizes: Option<EncoderConfig>,
) -> TrainConfig {
    let mut form = form.clone();
    if let Some(sizes) = sizes.filter(|sizes| *sizes != form.encoder_config()) {
        if form.family() != sizes.family()
            && let Some(first) = first_purpose(sizes.family())
        {
            form = first.of(&form);
        }
        let preset = EncoderPreset::of(&sizes);
        form.preset = preset.unwrap_or(form.preset);
        form.encoder = match preset {
            Some(_) => None,
            None => Some(sizes),
        };
        if let Some(myna) = sizes.myna() {
            form.patch = myna.kind;
            form.input = myna.input;
        }
    }
    form.init = Some(checkpoint);
    form
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::model::{RunRow, first_form, problem_of};
    use mynascope_encoder::families::maest::{self, Form};

    /// The fault: weights of a MAEST were refused, or left a form that can't be trained with them.
    #[test]
    fn a_form_that_begins_with_weights_has_their_family_and_sizes() {
        let path = CheckpointRef::File("maest".into());
        let hub = maest::Config::published(10, 0, Form::Hub).unwrap();
        let form = begin_with(&first_form(), path.clone(), Some(hub.into()));
        assert_eq!(
            (form.family(), form.encoder_config()),
            (Family::Maest, hub.into())
        );
        assert_eq!(form.init, Some(path.clone()));
        assert_eq!(problem_of(&form), None);
        let tiny = begin_with(&form, path.clone(), Some(maest::Config::TINY.into()));
        assert_eq!(
            (tiny.preset, tiny.encoder),
            (EncoderPreset::MaestTiny, None)
        );
        // A Myna leaves the form as it is: a MAEST may begin with its blocks.
        let begun = begin_with(&tiny, path, None);
        assert_eq!(begun, tiny);
    }

    #[test]
    fn a_run_can_start_from_the_shipped_encoder_and_own_runs_of_its_family() {
        let mut model = AppState::default();
        let run = |name: &str, preset| RunRow {
            folder: name.into(),
            config: Ok(TrainConfig {
                patch: Patching::Square,
                ..TrainConfig::of_preset(preset)
            }),
            step: 5,
            loss: None,
            best: None,
            stands_for: None,
            map: None,
            changed: None,
        };
        model.training.table.rows = vec![
            run("/runs/bells", EncoderPreset::Small),
            run("/runs/chords", EncoderPreset::Mt2Tiny),
        ];
        let names = |preset| -> Vec<String> {
            let offered = model.first_weights(&TrainConfig::of_preset(preset));
            offered.into_iter().map(|(offer, _)| offer.name).collect()
        };
        assert_eq!(names(EncoderPreset::Tiny), ["Shipped", "bells"]);
        assert_eq!(names(EncoderPreset::Mt2Tiny), ["chords"]);
        assert_eq!(names(EncoderPreset::MaestTiny), ["Shipped"], "as wide");
        assert!(names(EncoderPreset::Maest).is_empty());
        // Whichever is taken, the form can be trained with it.
        for (offer, sizes) in model.first_weights(&first_form()) {
            let form = begin_with(&first_form(), offer.checkpoint.clone(), sizes);
            assert_eq!(Some(form.encoder_config()), sizes);
            assert_eq!(form.init, Some(offer.checkpoint));
        }
    }
}
