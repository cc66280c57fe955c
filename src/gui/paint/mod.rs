//! What the graphics card draws itself: callbacks inside egui's render pass.
