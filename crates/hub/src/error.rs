//! Why a model did not come from the hub.

use std::path::PathBuf;

use mynascope_base::jobs::Cancelled;

use crate::{HubName, size_text};

/// Why a model did not come from the hub.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// Not what names on the hub look like.
    #[error(
        "'{text}' is no model of the hub; say OWNER/NAME or OWNER/NAME@REVISION, as oriyonay/myna-base"
    )]
    Name {
        /// What was given.
        text: String,
    },
    /// It would have to be fetched first.
    #[error(
        "{name} is not on this disk; 'mynascope encoders --fetch {name}' shows its size and licence and fetches it"
    )]
    NotHere {
        /// The model.
        name: HubName,
    },
    /// The user wants no network.
    #[error(
        "{name} is not on this disk, and HF_HUB_OFFLINE forbids to fetch it; unset that variable"
    )]
    Offline {
        /// The model.
        name: HubName,
    },
    /// No folder for the cache.
    #[error("this system tells no home folder; set HF_HOME to a folder for what is fetched")]
    NoHome,
    /// The hub did not answer.
    #[error(
        "the model hub cannot be reached ({why}); check the network, or set HF_ENDPOINT to another address of it: {endpoint}"
    )]
    Unreachable {
        /// In a few words.
        why: String,
        /// Its address.
        endpoint: String,
    },
    /// There is none of that name, or it is hidden.
    #[error(
        "the hub shows no model {name}: check the name, and set HF_TOKEN if it is a private one"
    )]
    NotFound {
        /// The model.
        name: HubName,
    },
    /// There is none of that branch, tag or commit.
    #[error("{} has no revision '{}'; leave it out for the newest", name.model(), name.revision())]
    NoRevision {
        /// The model.
        name: HubName,
    },
    /// Its owner wants to be asked first.
    #[error(
        "{name} is given to those only who agreed to its terms: do so in a browser, and set HF_TOKEN to a token of that account: {page}"
    )]
    Gated {
        /// The model.
        name: HubName,
        /// Where to agree.
        page: String,
    },
    /// The hub does not know the token.
    #[error(
        "the hub does not accept the token; renew HF_TOKEN (or the file 'token' in HF_HOME), or unset it for public models"
    )]
    Token,
    /// The hub cannot serve now.
    #[error("the hub has no time now (status {status}); try again in some minutes")]
    Busy {
        /// Of HTTP.
        status: u16,
    },
    /// The hub answered what it should not.
    #[error(
        "the hub's answer cannot be used ({what}); if HF_ENDPOINT is set, it may be no model hub: {url}"
    )]
    Answer {
        /// What is wrong with it.
        what: String,
        /// What was asked for.
        url: String,
    },
    /// There are no weights, or several.
    #[error("{name} {what}; its files are: {files}")]
    Weights {
        /// The model.
        name: HubName,
        /// What is wrong with them.
        what: &'static str,
        /// Names of the files.
        files: String,
    },
    /// The connection ended early, more than once.
    #[error("the connection broke off after {} of {} ({why}); what came is kept, and the same command goes on from there: {file}", size_text(*arrived), size_text(*size))]
    Cut {
        /// In a few words.
        why: String,
        /// Bytes that arrived.
        arrived: u64,
        /// Bytes of the file.
        size: u64,
        /// The file.
        file: String,
    },
    /// The file has another length than announced.
    #[error(
        "the hub announced {expected} bytes and sent {found}; what came was thrown away, try again later: {file}"
    )]
    WrongSize {
        /// Bytes announced.
        expected: u64,
        /// Bytes that came.
        found: u64,
        /// The file.
        file: String,
    },
    /// The file has other content than announced.
    #[error(
        "the file's SHA-256 is not the one that the hub announced, so it was damaged on the way and thrown away; try again: {file}"
    )]
    WrongContent {
        /// The file.
        file: String,
    },
    /// Two at once.
    #[error("another program is fetching this file; wait for it, then try again: {file}")]
    Locked {
        /// The file.
        file: String,
    },
    /// The disk.
    #[error(
        "the cache of the hub cannot be used ({why}); free some space, or set HF_HOME to another folder: {path}"
    )]
    Disk {
        /// In a few words.
        why: String,
        /// The file.
        path: PathBuf,
    },
    /// On request.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}
