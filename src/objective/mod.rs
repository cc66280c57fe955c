//! What training minimises, one file each.

mod sogclr;

pub(crate) use sogclr::MemoryTensors;
pub use sogclr::{Sogclr, SogclrMemory, TemperatureRule, effective_gamma};
