//! The Teach workspace: masks, the two views, a batch.

mod gauge;
pub(super) mod layer;
pub mod masking;
pub mod matrix;
pub mod views;
