/// What the Map panel shows.
#[derive(Debug, Default)]
pub struct Mapping {}

/// What a user can do in the Map panel.
#[derive(Debug, Clone)]
pub enum MapCommand {}

/// What the background work of the Map panel sends.
pub enum MapMessage {}
