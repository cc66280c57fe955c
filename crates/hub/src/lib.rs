//! Published encoders: a list of those that are known ([`PUBLISHED`]), and the files of any from the Hugging Face Hub.
//!
//! Nothing is fetched unasked: [`Hub::cached`] and [`Hub::open`] look on this disk only, [`Hub::look`] asks the hub what
//! there is, under which licence and how large, and [`Hub::fetch`] fetches it. Files go into the cache that all programs
//! for the hub share, so what Python's `huggingface_hub` fetched is found here and the other way round.

// Tests may unwrap, index and panic: a failing test is what those are for.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod cache;
mod card;
mod client;
mod download;
mod error;
mod hub;
mod name;
mod offer;
mod published;

pub use card::licence_in_card;
pub use error::HubError;
pub use hub::Hub;
pub use name::HubName;
pub use offer::{Offer, OfferedFile, size_text};
pub use published::{PUBLISHED, Published};
