//! The ground that every other crate of Mynascope stands on: files that survive, background work, the order of
//! names, numbers of things in words, and how far a share can be trusted.
//!
//! A crate of its own because everything uses it and it uses nothing: a change above never builds it again.

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

/// `Display` and `FromStr` of an enum without fields, from the list of its names.
#[macro_export]
macro_rules! named {
    ($kind:ty, $what:literal, $($value:path => $name:literal),+ $(,)?) => {
        impl ::std::fmt::Display for $kind {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(match self { $($value => $name),+ })
            }
        }

        impl ::std::str::FromStr for $kind {
            type Err = ::std::string::String;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                match text {
                    $($name => Ok($value),)+
                    _ => Err(format!("'{text}' is no {}; say one of: {}", $what, [$($name),+].join(", "))),
                }
            }
        }
    };
}

mod interval;
pub mod jobs;
mod json;
pub mod storage;
mod text;

pub use interval::{share_with_interval, wilson_interval};
pub use json::json_of_python;
pub use text::{
    agreeing, counted, natural_order, not_downloaded, ordinal, system_words, without_path,
};
