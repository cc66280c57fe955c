//! Run settings, sampler, loop, run folders.
