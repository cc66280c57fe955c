//! Actions on the encoder in use, and on what a MAEST and an MT2 tell by themselves.

use std::path::Path;

use mynascope::gui::{
    command::{Command, EncoderCommand},
    model::{AppState, EncoderSource},
    workspace::Workspace,
};
use mynascope_encoder::{CheckpointRef, Precision};

use super::{Bench, Promises, common::labelled::cpu};

/// Uses a small checkpoint of the fixtures, or the shipped one again.
pub fn uses(bench: &mut Bench, checkpoint: Option<&str>, heads: Option<usize>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let source = match checkpoint {
        Some(name) => EncoderSource {
            checkpoint: CheckpointRef::File(root.join(name)),
            heads,
            ..cpu()
        },
        None => cpu(),
    };
    bench.apply(Command::Encoder(EncoderCommand::Use(source)));
    bench.settle();
}

/// The small MT2 of the fixtures, which hears keys.
fn mt2(bench: &mut Bench) {
    uses(bench, Some("mt2/model_state_dict.pt"), Some(2));
}

fn checkpoint(model: &AppState) -> CheckpointRef {
    model.embeddings.source.checkpoint.clone()
}

pub const ENCODERS: Promises = &[
    ("use-untrained", |bench, id| {
        bench.sets(id, checkpoint, CheckpointRef::Untrained);
        assert!(bench.asked(id).is_none(), "it is in use");
    }),
    ("use-shipped", |bench, id| {
        bench.sets(id, checkpoint, CheckpointRef::Shipped);
    }),
    ("choose-encoder", |bench, id| bench.asks(id, "ChooseFile")),
    ("measure-precisions", |bench, id| {
        bench.act(id);
        bench.until("a measurement or a reason", |model| {
            let gains = &model.embeddings.gains;
            gains.job.running().is_none() && gains.is_of(&model.embeddings.source)
        });
        let embeddings = &bench.model().embeddings;
        let gains = &embeddings.gains;
        for precision in [Precision::Bf16, Precision::Int8] {
            let Some(why) = precision.problem_on_cpu() else {
                assert_eq!(gains.problem, None);
                let gain = gains.of(&embeddings.source, precision).unwrap();
                assert!(gain.speed() > 0.0 && gain.worst_cosine > 0.98, "{gain:?}");
                continue;
            };
            assert_eq!(gains.problem.as_deref(), Some(why));
        }
    }),
    ("embed-collection", |bench, id| {
        bench.show(Workspace::Teach);
        // The layout may have begun by itself.
        if bench.asked(id).is_some() {
            bench.act(id);
        }
        bench.settle();
        let table = bench.model().embeddings.table.as_ref().unwrap();
        assert_eq!(
            table.table.tracks.len(),
            bench.model().library.track_count()
        );
    }),
    ("stop-embedding", |bench, id| {
        assert!(bench.asked(id).is_none(), "nothing runs");
        bench.act("use-untrained");
        if bench.asked("embed-collection").is_some() {
            bench.act("embed-collection");
        }
        if bench.asked(id).is_some() {
            bench.act(id);
        }
        assert!(!bench.model().teaching.embedding.is_running());
        bench.settle();
        uses(bench, None, None);
    }),
    ("copy-matrix", |bench, id| {
        bench.until("the batch", |model| model.teaching.batch.value.is_some());
        assert!(bench.copies(id).lines().count() > 1);
    }),
    ("style-strip", |bench, id| {
        assert!(bench.asked(id).is_none(), "a Myna has no classifier");
        uses(bench, Some("maest/hub"), None);
        bench.toggles(id, |model| model.styles.form.strip);
    }),
    ("copy-styles-command", |bench, id| {
        assert!(bench.copies(id).starts_with("mynascope "));
    }),
    ("compute-styles", |bench, id| {
        let before = bench.model().styles_key();
        bench.act(id);
        bench.settle();
        let styles = &bench.model().styles;
        assert_eq!((&styles.problem, styles.skipped.len()), (&None, 0));
        assert!(bench.model().styles_key() != before, "styles came");
    }),
    ("stop-styles", |bench, id| {
        assert!(bench.asked(id).is_none(), "nothing runs");
        bench.act("compute-styles");
        if bench.asked(id).is_some() {
            bench.act(id);
        }
        assert!(!bench.model().styles.job.is_running());
        bench.settle();
    }),
    ("key-strip", |bench, id| {
        assert!(bench.asked(id).is_none(), "a MAEST hears no keys");
        mt2(bench);
        bench.toggles(id, |model| model.keys.form.strip);
    }),
    ("hear-lowered", |bench, id| bench.asks(id, "Hear")),
    ("name-keys", |bench, id| bench.asks(id, "Calibrate")),
    ("forget-keys", |bench, id| {
        assert!(bench.asked(id).is_none(), "no key has a name");
    }),
    ("copy-keys-command", |bench, id| {
        assert!(bench.copies(id).starts_with("mynascope key "));
    }),
];
