/// What the Train panel shows.
#[derive(Debug, Default)]
pub struct Training {}

/// What a user can do in the Train panel.
#[derive(Debug, Clone)]
pub enum TrainCommand {}

/// What the background work of the Train panel sends.
pub enum TrainMessage {}
