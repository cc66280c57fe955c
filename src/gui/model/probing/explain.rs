//! The choices of a probe, in words.

use mynascope_probe::{Head, Protocol, Task};

/// The protocols that are offered.
pub const PROTOCOLS: [Protocol; 4] = [
    Protocol::Quick,
    Protocol::Clean,
    Protocol::Folds(5),
    Protocol::Paper,
];

/// What a task predicts, in one sentence.
pub fn explain_task(task: Task) -> &'static str {
    match task {
        Task::Genre => "The label of a track: its genre, style or sub-folder",
        Task::Key => "One of 24 keys; near misses count in part, as in MIREX",
        Task::Tags => "Every tag that some tracks have: yes or no",
        Task::Emotion => "Arousal and valence as numbers",
    }
}

/// What a head does, in one sentence.
pub fn explain_head(head: Head) -> &'static str {
    match head {
        Head::Linear => {
            "Logistic regression (ridge regression for numbers): can straight cuts tell them apart?"
        }
        Head::Ridge => "Ridge regression in closed form: the fastest answer, for every task",
        Head::Mlp => "A hidden layer of 512 with dropout, by Adam: what published probes use",
        Head::Knn => {
            "Vote of the most similar training windows: asks whether neighbours share a label"
        }
    }
}

/// What a protocol does, in one sentence.
pub fn explain_protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Quick => {
            "One split by track, about half for training, a quarter for validation, a quarter for the test"
        }
        Protocol::Clean => {
            "The published split where the collection has one (GTZAN: fault-filtered), else as one split"
        }
        Protocol::Paper => {
            "The published grid, chosen on the test part as published: to compare, not to trust. It scales each part by itself, so it \
             keeps no probe for other tracks"
        }
        Protocol::Folds(_) => {
            "folds:5 in commands. Every track is tested once, by a probe that never saw it; slower and steadier"
        }
    }
}
