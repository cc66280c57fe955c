//! Counting, limiting and emptying the cache of computed pictures.

use std::sync::Arc;

use crate::gui::message::{Message, Outbox};
use mynascope_base::{
    jobs,
    storage::{Cache, StorageError},
};

/// Counts what the cache takes; the answer comes as a message.
pub fn count(cache: &Arc<Cache>, outbox: &Outbox) {
    with_cache(cache, outbox, |_| Ok(()));
}

/// Empties the cache.
pub fn clear(cache: &Arc<Cache>, outbox: &Outbox) {
    with_cache(cache, outbox, Cache::clear);
}

/// Sets another limit and removes what lies over it.
pub fn limit(cache: &Arc<Cache>, bytes: u64, outbox: &Outbox) {
    with_cache(cache, outbox, move |cache| {
        cache.set_limit_bytes(bytes);
        Ok(())
    });
}

fn with_cache(
    cache: &Arc<Cache>,
    outbox: &Outbox,
    what: impl FnOnce(&Cache) -> Result<(), StorageError> + Send + 'static,
) {
    let (told, failed) = (outbox.clone(), outbox.clone());
    let cache = Arc::clone(cache);
    let job = jobs::spawn(
        "cache",
        move |_| {
            told.send(match what(&cache) {
                Ok(()) => Message::CacheBytes(cache.bytes()),
                Err(error) => Message::Fault(error.to_string()),
            });
        },
        move |fault| failed.send(Message::Fault(fault)),
    );
    // Nothing has to be stopped; where the system gives no thread the number stays unknown.
    drop(job);
}
