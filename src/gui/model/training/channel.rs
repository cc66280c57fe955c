//! What is plotted of a run.

use mynascope_train::StepRecord;

/// One plot of a run: what is measured at every step.
pub struct Channel {
    /// Its title.
    pub name: &'static str,
    /// What its axis says.
    pub axis: &'static str,
    /// What it means, in one sentence.
    pub help: &'static str,
    /// Its lines.
    pub lines: &'static [ChannelLine],
}

/// One line of a plot.
pub struct ChannelLine {
    /// Its name in the legend.
    pub name: &'static str,
    /// The value of a step, where it has one.
    pub value: fn(&StepRecord) -> Option<f64>,
}

const fn line(name: &'static str, value: fn(&StepRecord) -> Option<f64>) -> ChannelLine {
    ChannelLine { name, value }
}

/// The plot of the scores that are taken now and then; no step knows them.
pub(super) const SCORE: &str = "Style score";

/// All that is plotted, in the order of the window. Those without a value are left out of it.
pub const CHANNELS: &[Channel] = &[
    Channel {
        name: "Loss",
        axis: "loss",
        help: "What the objective minimises. It falls while an encoder learns; under data2vec the targets change too, so that a falling loss proves little",
        lines: &[line("loss", |record| Some(record.loss))],
    },
    Channel {
        name: "Cosines",
        axis: "cosine (\u{2212}1 to 1)",
        help: "Between the two views or segments of a track, and between those of different tracks; they should part",
        lines: &[
            line("same track", |r| Some(r.contrast?.pos_cosine)),
            line("different tracks", |r| Some(r.contrast?.neg_cosine)),
        ],
    },
    Channel {
        name: "Alignment",
        axis: "mean squared distance (0 to 4)",
        help: "Squared distance between the two views or segments of a track on the unit sphere; lower is closer (Wang and Isola 2020)",
        lines: &[line("alignment", |r| Some(r.contrast?.alignment))],
    },
    Channel {
        name: "Uniformity",
        axis: "log of the mean kernel",
        help: "How evenly tracks spread over the unit sphere; lower is more even (Wang and Isola 2020)",
        lines: &[line("uniformity", |r| Some(r.contrast?.uniformity))],
    },
    Channel {
        name: "Retrieval@1",
        axis: "share of the batch (0 to 1)",
        help: "Share of tracks whose view or segment A is nearest to their own B",
        lines: &[line("retrieval@1", |r| Some(r.contrast?.retrieval))],
    },
    Channel {
        name: "Equivariant loss",
        axis: "loss (0 to 12)",
        help: "How far key profiles are from turning with the sound: 0 at best, 3 of profiles that say nothing",
        lines: &[line("equivariant loss", |r| Some(r.equivariance?.cpsd))],
    },
    Channel {
        name: "Transposition error",
        axis: "steps of twelve (0 to 6)",
        help: "By how much the key profile of the transposed sound misses its place on the circle; 3 is chance",
        lines: &[line("error", |r| Some(r.equivariance?.transposition_error))],
    },
    Channel {
        name: "Clarity of the key",
        axis: "length of the arrow (0 to 1)",
        help: "How clearly profiles name one key: 1 for one alone, 0 for all alike",
        lines: &[line("clarity", |r| Some(r.equivariance?.profile_length))],
    },
    Channel {
        name: "Hidden frames",
        axis: "deviation (0: all frames alike)",
        help: "How far targets of the teacher and predictions of the student differ from frame to frame; both near 0 is a \
               collapse",
        lines: &[
            line("targets", |r| Some(r.hidden_frames?.target_deviation)),
            line("predictions", |r| {
                Some(r.hidden_frames?.prediction_deviation)
            }),
        ],
    },
    Channel {
        name: SCORE,
        axis: "share of demo tracks (0 to 1)",
        help: "Share of the demo tracks most of whose five nearest others have their style; at the steps where it was taken",
        lines: &[line("style score", |_| None)],
    },
    Channel {
        name: "Accuracy",
        axis: "share of correct predictions (0 to 1)",
        help: "Share of labels of the batch that were predicted correctly, where labels are learned",
        lines: &[line("accuracy", |record| record.accuracy)],
    },
    Channel {
        name: "Temperature",
        axis: "tau",
        help: "By how much the loss divides cosines, mean of the batch; some objectives learn it",
        lines: &[line("tau", |r| Some(r.contrast?.tau))],
    },
    Channel {
        name: "Learning rate",
        axis: "learning rate (per step)",
        help: "How far the optimiser goes at each step",
        lines: &[line("learning rate", |record| Some(record.learning_rate))],
    },
    Channel {
        name: "Gradient",
        axis: "norm before clipping",
        help: "Length of the whole gradient before it is clipped; jumps before a run breaks down",
        lines: &[line("gradient norm", |record| Some(record.grad_norm))],
    },
    Channel {
        name: "Speed",
        axis: "windows a second",
        help: "Windows that went through the encoder a second, forward and backward",
        lines: &[line("speed", |record| Some(record.windows_per_second))],
    },
];
