//! Extraction of embeddings and tables of them.
