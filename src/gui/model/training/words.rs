//! What training does, in words that are true of the family and the objective of a run.

use mynascope_encoder::Family;
use mynascope_train::{Objective, TrainConfig};

/// What two of are drawn from every track by an objective that compares.
pub fn view_word(config: &TrainConfig) -> &'static str {
    match config.family() {
        // A baseline is not trained.
        Family::Myna | Family::Baseline => "view",
        Family::Mt2 | Family::Music2vec | Family::Maest => "segment",
    }
}

/// What a run does with its tracks, as one sentence.
pub fn what_training_does(config: &TrainConfig) -> String {
    match config.objective {
        Objective::Mt2 => {
            "Training draws two segments of every track, pulls them together, and turns a key profile with the sound.".to_owned()
        }
        Objective::Data2vec => {
            "Training hides spans of a window of every track from a student, which learns to say what its teacher makes of them."
                .to_owned()
        }
        Objective::Maest => {
            "Training mixes windows of the tracks, drops whole rows and columns of their patches, and learns to tell the labels."
                .to_owned()
        }
        Objective::Mae => {
            "Training hides most patches of a window of every track and learns to say what they hold.".to_owned()
        }
        Objective::Supervised => "Training learns the labels of the tracks.".to_owned(),
        _ => match config.family() {
            Family::Myna => "Training draws two masked views of every track and pulls them together.".to_owned(),
            _ => "Training draws two segments of every track and pulls them together.".to_owned(),
        },
    }
}

/// What tracks need beside their sound.
pub fn what_training_needs(config: &TrainConfig) -> &'static str {
    match config.objective.learns_labels() {
        true => {
            "This objective learns labels: from folders that are named after them, a list or a data set."
        }
        false => "This objective learns from the sound alone, labels are not needed.",
    }
}

/// When the loss falls.
pub fn why_the_loss_falls(config: &TrainConfig) -> String {
    match config.objective {
        Objective::Mt2 => {
            "Falls while the segments of a track move together and key profiles turn with the sound"
                .to_owned()
        }
        Objective::Data2vec => {
            "Falls while the student says hidden frames as its teacher does; the teacher changes too, so it proves little"
                .to_owned()
        }
        Objective::Mae => "Falls while hidden patches are said better".to_owned(),
        Objective::Maest | Objective::Supervised => "Falls while labels are told better".to_owned(),
        _ => format!("Falls while the {}s of a track move together", view_word(config)),
    }
}

/// What the mask ratio is a share of.
pub fn what_is_masked(config: &TrainConfig) -> &'static str {
    match (config.family(), config.objective) {
        (_, Objective::Mae) => "Share of patches that are hidden from the encoder, and predicted",
        (Family::Maest, _) => "Share of patches that every window drops; left at 0 all are read",
        (Family::Mt2, _) => {
            "Share of frames that every segment drops; the published model drops none"
        }
        (Family::Music2vec, _) => "Share of frames that every window drops; left at 0 all are read",
        (Family::Myna | Family::Baseline, Objective::Supervised) => {
            "Share of tokens that every window drops; left at 0 all are read, which is slower"
        }
        (Family::Myna | Family::Baseline, _) => {
            "Share of tokens that both views drop; the published models drop 90 %, fewer is slower"
        }
    }
}

/// What is seen of a step, with its title.
pub fn what_is_seen(config: &TrainConfig) -> [String; 2] {
    let [title, seen] = match config.objective {
        Objective::Data2vec => [
            "Hidden spans",
            "the spans of a window of the batch that are hidden from the student, what its teacher makes of every frame, and what \
             the student says of it",
        ],
        Objective::Maest => [
            "Patchout and styles",
            "which patches the batch reads, and the styles learnt so far for the chosen track",
        ],
        Objective::Mae => [
            "Hidden patches",
            "what the decoder makes of the hidden patches of the chosen track",
        ],
        Objective::Supervised => [
            "No picture of the batch",
            "learning labels with a linear head compares no views, so the curves tell all; where “Score every” is set \
             (Checkpoints and scores), a map of the demo tracks",
        ],
        _ => {
            let view = view_word(config);
            return [
                "No batch to show".to_owned(),
                format!(
                    "the cosine of {view} A of every track with {view} B of every other; its diagonal, each track with itself, \
                     appears as the encoder learns"
                ),
            ];
        }
    };
    [title, seen].map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_encoder::EncoderPreset;

    /// The fault: whatever was trained, the window spoke of two views.
    #[test]
    fn views_are_spoken_of_only_where_two_of_a_track_are_compared() {
        let presets = [
            EncoderPreset::Tiny,
            EncoderPreset::Mt2Tiny,
            EncoderPreset::Music2vecTiny,
            EncoderPreset::MaestTiny,
        ];
        for preset in presets {
            for objective in Objective::ALL {
                let config = TrainConfig {
                    objective,
                    ..TrainConfig::of_preset(preset)
                };
                if objective.misfit(config.family()).is_some() {
                    continue;
                }
                let does = what_training_does(&config);
                let compares = objective.is_contrastive();
                let is_myna = config.family() == Family::Myna;
                assert_eq!(
                    does.contains("two"),
                    compares,
                    "{preset} {objective}: {does}"
                );
                assert_eq!(does.contains("views"), compares && is_myna, "{does}");
                let [_, seen] = what_is_seen(&config);
                assert_eq!(
                    seen.contains("cosine of view A"),
                    compares && is_myna,
                    "{seen}"
                );
                let masked = what_is_masked(&config);
                assert_eq!(
                    masked.contains("both views"),
                    compares && is_myna,
                    "{masked}"
                );
                let labels =
                    what_training_needs(&config).starts_with("This objective learns labels");
                assert_eq!(labels, objective.learns_labels());
            }
        }
    }
}
