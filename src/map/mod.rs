//! Two-dimensional layouts of embeddings.
