//! Parts that panels are drawn with; they know neither the model nor commands.

pub mod cached_picture;
pub mod matrix;
