//! Small heads trained on frozen embeddings, and their scores.
