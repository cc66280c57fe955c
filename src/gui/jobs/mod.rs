//! Background work of the window, whatever it is about: jobs that are shown and can be stopped, threads that answer the
//! newest question, and the inbox that both send to.
//!
//! Every thread of the window starts here or in [`mynascope_base::jobs`], so that a panic ends a piece of work and
//! never the window, and is told like any other failure.

mod answering;
mod background_writer;
mod once;
mod outbox;
mod running;
mod slot;
mod throttle;

pub use answering::{Answering, Newer};
pub use background_writer::BackgroundWriter;
pub use once::{NoThread, spawn_once};
pub use outbox::{Fault, Outbox};
pub use running::{Running, format_duration, format_progress};
pub use slot::{JobContext, JobEvent, JobSlot, JobUpdate};
