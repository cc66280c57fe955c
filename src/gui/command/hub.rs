//! What a user does in the dialog of published encoders.

use mynascope_hub::HubName;

/// What a user does in the dialog of published encoders.
#[derive(Debug, Clone)]
pub enum HubCommand {
    /// Changes the name that is typed.
    Type(String),
    /// Asks the hub for size and licence of a model.
    Look(HubName),
    /// Fetches the model whose size and licence are shown.
    Fetch,
    /// Stops asking or fetching.
    Stop,
    /// Uses an encoder that is on this disk.
    Use(HubName),
}
