//! Which options of a run say nothing under its objective: they are refused where they are given, not passed over.

use super::TrainConfig;
use crate::{Objective, objective::FastClipKind};
use mynascope_encoder::Family;

impl TrainConfig {
    /// Why an option of the verb `train`, by its name without the dashes, changes nothing of this run; `None` where it may.
    pub fn idle(&self, option: &str) -> Option<String> {
        use Objective as O;
        let objective = self.objective;
        let fastclip = objective.fastclip();
        let (is_used, belongs) = match option {
            "patch" => (
                self.family() == Family::Myna,
                "says which patches a Myna reads",
            ),
            "input" => (
                self.family() == Family::Myna,
                "says what a Myna reads of a mel",
            ),
            "omega" | "equivariance" | "contrast" | "drop-transposed-mel" => {
                (objective == O::Mt2, "belongs to the objective mt2")
            }
            "span-share" | "span-frames" | "top-blocks" | "decay-start" | "decay-end"
            | "decay-updates" | "guard-after" => (
                objective == O::Data2vec,
                "belongs to the objective data2vec",
            ),
            "mixup" | "patchout-columns" | "patchout-rows" | "time-masks" | "band-masks"
            | "no-balance" => (objective == O::Maest, "belongs to the objective maest"),
            "tau" => (
                objective.is_contrastive(),
                "is the temperature of contrastive losses",
            ),
            "tau-rate" => (
                fastclip.is_some_and(|kind| kind != FastClipKind::V1),
                "is the learning rate of learned temperatures (fastclip-v0, v2 and v3); here the temperature is fixed or follows a \
                 rule of its own",
            ),
            "rho" => (
                matches!(fastclip, Some(FastClipKind::V2 | FastClipKind::V3)),
                "is the radius of fastclip-v2 and v3",
            ),
            "gamma" | "gamma-schedule" | "gamma-epochs" => (
                fastclip.is_some() || matches!(objective, O::Sogclr | O::Isogclr),
                "belongs to the moving averages of sogclr, isogclr and fastclip",
            ),
            "head" => (
                objective.is_contrastive() && objective != O::Mt2,
                "is the projection head of contrastive objectives",
            ),
            "decoder-layers" => (objective == O::Mae, "belongs to the objective mae"),
            "task" => (
                objective.learns_labels(),
                "belongs to objectives that learn labels",
            ),
            "swa-every" | "swa-lr" => (
                self.swa.from.is_some(),
                "belongs to the mean of epochs, which --swa-from turns on",
            ),
            _ => return None,
        };
        let what = match option {
            "patch" | "input" => format!("the family {}", self.family()),
            "swa-every" | "swa-lr" => "a run without it".to_owned(),
            _ => format!("the objective {objective}"),
        };
        (!is_used)
            .then(|| format!("--{option} {belongs}, and changes nothing with {what}; leave it out"))
    }
}
