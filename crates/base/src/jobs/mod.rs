//! Background work: named threads, bounded queues, progress, cancel, messages to the window.
//!
//! Long functions of the rooms take a [`Watch`]: they ask it whether to stop and tell it how far they are. The
//! command line answers with a progress bar, the window with messages.

mod latest;
mod pool;
mod watch;

pub use latest::{Latest, Requests, latest};
pub use pool::{Job, configure_threads, guarded, modest_threads, panic_message, spawn};
pub use watch::{Cancel, Cancelled, Progress, Watch};
