//! Tracks, labels, splits, and the demo collection.
