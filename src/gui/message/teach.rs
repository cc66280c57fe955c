//! What the Teach layout is sent.

use std::sync::Arc;

use crate::gui::{
    jobs::JobUpdate,
    model::{AttentionAnswer, BatchAnswer, KeyedTable, Lesson, PatchoutAnswer, ViewsAnswer},
};
use mynascope_base::jobs::Progress;

/// What the encoder answers in the Teach layout; the number tells which request it answers.
pub enum TeachMessage {
    /// What the two views give.
    Views(u64, Box<Result<ViewsAnswer, String>>),
    /// What patchout saves and costs.
    Patchout(u64, Box<Result<PatchoutAnswer, String>>),
    /// What the encoder attends to.
    Attention(u64, Result<Arc<AttentionAnswer>, String>),
    /// The batch, compared.
    Batch(u64, Result<Arc<BatchAnswer>, String>),
    /// How far the batch is.
    BatchProgress(u64, Progress),
    /// A request is answered as far as it will be.
    Done(u64),
    /// Of the job that embeds the collection for neighbours.
    Embedding(JobUpdate<Arc<KeyedTable>>),
}

/// What comes of reading and writing lessons.
pub enum LessonMessage {
    /// A lesson was read from its file, or not.
    Read(Result<Box<Lesson>, String>),
    /// A lesson was written to a file, or not.
    Saved(Result<std::path::PathBuf, String>),
}
