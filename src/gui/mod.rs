//! The window: wiring, commands, theme, panels and paint.
