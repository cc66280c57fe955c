//! The Teach workspace: masks, the two views, a batch.

mod gauge;
pub(super) mod layer;
pub mod masking;
pub mod matrix;
mod patchout;
pub mod views;
