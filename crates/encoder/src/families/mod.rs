//! The published designs of encoders, a module each: sizes, weights, tokens and network, read from top to bottom.

pub mod maest;
pub mod myna;
