/// What the Probe panel shows.
#[derive(Debug, Default)]
pub struct Probing {}

/// What a user can do in the Probe panel.
#[derive(Debug, Clone)]
pub enum ProbeCommand {}

/// What the background work of the Probe panel sends.
pub enum ProbeMessage {}
