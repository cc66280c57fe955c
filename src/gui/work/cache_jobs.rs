//! Counting, limiting and emptying the cache of computed pictures.

use std::sync::Arc;

use crate::gui::{
    jobs::spawn_once,
    message::{Message, Outbox},
};
use mynascope_base::storage::{Cache, StorageError};

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
    let cache = Arc::clone(cache);
    let work = move |outbox: &Outbox| {
        outbox.send(match what(&cache) {
            Ok(()) => Message::CacheBytes(cache.bytes()),
            Err(error) => Message::Fault(error.to_string()),
        });
    };
    // Where the system gives no thread the number stays unknown.
    let _ = spawn_once("cache", outbox, work, std::convert::identity);
}
