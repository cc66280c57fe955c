//! The transformer, presets, devices, reading and writing checkpoints.
