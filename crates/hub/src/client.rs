//! Requests to the hub. Blocking, with a limit on each wait; redirections are followed by hand, as what the hub says of a
//! file stands in the answer that redirects, and its token is for itself alone.

use std::{io, time::Duration};

use mynascope_base::system_words;
use ureq::{
    Agent, Body,
    http::{HeaderMap, Response, StatusCode, Uri},
};

use crate::{HubError, HubName, Offer, offer::ModelInfo};

/// How long the hub may take to answer, or the network to connect.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one answer is read; a file that takes longer is asked for again from there on. So a connection that has fallen
/// silent ends, and its address does not grow old.
const READ_FOR: Duration = Duration::from_secs(20);
/// The description of a model may take so many bytes.
const MOST_INFO_BYTES: u64 = 16 << 20;
const MOST_REDIRECTIONS: usize = 8;

/// What the hub says of a file before it is fetched.
pub(crate) struct FileHead {
    /// The hub's name of its content: for weights its SHA-256.
    pub(crate) etag: String,
    /// In bytes.
    pub(crate) bytes: Option<u64>,
}

pub(crate) struct Client {
    endpoint: String,
    token: Option<String>,
    agent: Agent,
}

#[derive(Clone, Copy, PartialEq)]
enum Method {
    /// Headers alone, and those of the hub: what it redirects to is left alone.
    Head,
    /// The content from this byte on.
    Get { from: u64 },
}

impl Client {
    pub(crate) fn new(endpoint: String, token: Option<String>) -> Self {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_resolve(Some(PATIENCE))
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_recv_body(Some(READ_FOR))
            .user_agent(concat!("mynascope/", env!("CARGO_PKG_VERSION")));
        // A proxy of the environment leads outside.
        let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
        if local.iter().any(|local| endpoint.starts_with(local)) {
            config = config.proxy(None);
        }
        Self {
            endpoint,
            token,
            agent: config.build().into(),
        }
    }

    /// What the hub has of a model.
    pub(crate) fn offer(&self, name: &HubName) -> Result<Offer, HubError> {
        let revision = name.revision().replace('/', "%2F");
        let url = format!(
            "{}/api/models/{}/revision/{revision}?blobs=true",
            self.endpoint,
            name.model()
        );
        let mut response = self.ask(Method::Get { from: 0 }, &url)?;
        self.check(name, &url, &response)?;
        let text = response
            .body_mut()
            .with_config()
            .limit(MOST_INFO_BYTES)
            .read_to_string()
            .map_err(|error| self.unreachable(&error))?;
        let info: ModelInfo = serde_json::from_str(&text).map_err(|_| HubError::Answer {
            what: "no description of a model".to_owned(),
            url,
        })?;
        info.offer(name)
    }

    /// What the hub says of a file of a commit.
    pub(crate) fn head(&self, offer: &Offer, file: &str) -> Result<FileHead, HubError> {
        let url = self.file_url(offer, file);
        let response = self.ask(Method::Head, &url)?;
        if !response.status().is_redirection() {
            self.check(&offer.name, &url, &response)?;
        }
        let headers = response.headers();
        let etag = header(headers, "x-linked-etag")
            .or_else(|| header(headers, "etag"))
            .map(|etag| etag.trim_start_matches("W/").trim_matches('"'))
            .filter(|etag| is_file_name(etag));
        let bytes = header(headers, "x-linked-size").or_else(|| {
            let here = response.status().is_success();
            here.then(|| header(headers, "content-length")).flatten()
        });
        Ok(FileHead {
            bytes: bytes.and_then(|bytes| bytes.parse().ok()),
            etag: etag
                .ok_or_else(|| HubError::Answer {
                    what: "no ETag".to_owned(),
                    url,
                })?
                .to_owned(),
        })
    }

    /// The content of a file of a commit from a byte on; the status is 206 if it begins there, 200 if the server knows no
    /// beginning but the first byte, 416 if there is nothing.
    pub(crate) fn get(
        &self,
        offer: &Offer,
        file: &str,
        from: u64,
    ) -> Result<Response<Body>, HubError> {
        let url = self.file_url(offer, file);
        let response = self.ask(Method::Get { from }, &url)?;
        if response.status() != StatusCode::RANGE_NOT_SATISFIABLE {
            self.check(&offer.name, &url, &response)?;
        }
        Ok(response)
    }

    fn file_url(&self, offer: &Offer, file: &str) -> String {
        // Of names in the model's own folder these letters alone mean something in an address.
        let file = file
            .replace('%', "%25")
            .replace('?', "%3F")
            .replace('#', "%23")
            .replace(' ', "%20");
        let model = offer.name.model();
        format!("{}/{model}/resolve/{}/{file}", self.endpoint, offer.commit)
    }

    fn ask(&self, method: Method, url: &str) -> Result<Response<Body>, HubError> {
        let answer = |what: &str, url: &str| HubError::Answer {
            what: what.to_owned(),
            url: url.to_owned(),
        };
        let home: Uri = (self.endpoint.parse())
            .map_err(|_| answer("HF_ENDPOINT is no address", &self.endpoint))?;
        let is_home = |at: &Uri| at.scheme() == home.scheme() && at.authority() == home.authority();
        let mut at: Uri = url.parse().map_err(|_| answer("no address", url))?;
        for _ in 0..MOST_REDIRECTIONS {
            let mut request = match method {
                Method::Head => self.agent.head(&at),
                Method::Get { .. } => self.agent.get(&at),
            };
            if let Method::Get { from: from @ 1.. } = method {
                request = request.header("range", format!("bytes={from}-"));
            }
            if let Some(token) = self.token.as_ref().filter(|_| is_home(&at)) {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let response = request.call().map_err(|error| self.unreachable(&error))?;
            let next = match header(response.headers(), "location") {
                Some(location) if response.status().is_redirection() => location,
                _ => return Ok(response),
            };
            let next = joined(&at, next).ok_or_else(|| answer("redirected to nowhere", url))?;
            if method == Method::Head && !is_home(&next) {
                return Ok(response);
            }
            at = next;
        }
        Err(answer("redirected in a circle", url))
    }

    /// What a status means that is no success.
    fn check(&self, name: &HubName, url: &str, response: &Response<Body>) -> Result<(), HubError> {
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let name = name.clone();
        let headers = response.headers();
        let error = match (status.as_u16(), header(headers, "x-error-code")) {
            (_, Some("GatedRepo")) => HubError::Gated {
                page: format!("{}/{}", self.endpoint, name.model()),
                name,
            },
            (_, Some("RevisionNotFound")) => HubError::NoRevision { name },
            (_, Some("RepoNotFound")) => HubError::NotFound { name },
            (401, _) if self.token.is_some() && says_bad_token(headers) => HubError::Token,
            // What is not shown to everybody has the same answer as what is not there.
            (401 | 404, _) => HubError::NotFound { name },
            (429 | 500.., _) => HubError::Busy {
                status: status.as_u16(),
            },
            _ => HubError::Answer {
                what: status.to_string(),
                url: url.to_owned(),
            },
        };
        Err(error)
    }

    fn unreachable(&self, error: &ureq::Error) -> HubError {
        HubError::Unreachable {
            why: format_error(error),
            endpoint: self.endpoint.clone(),
        }
    }
}

fn says_bad_token(headers: &HeaderMap) -> bool {
    header(headers, "x-error-message").is_some_and(|message| message.contains("credentials"))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Content is stored under this name.
fn is_file_name(etag: &str) -> bool {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    (1..=128).contains(&etag.len()) && etag.chars().all(allowed)
}

/// The address that a redirection from `at` means.
fn joined(at: &Uri, location: &str) -> Option<Uri> {
    if location.starts_with("http://") || location.starts_with("https://") {
        return location.parse().ok();
    }
    if !location.starts_with('/') || location.starts_with("//") {
        return None;
    }
    format!("{}://{}{location}", at.scheme_str()?, at.authority()?)
        .parse()
        .ok()
}

/// What went wrong on the way, in a few words.
pub(crate) fn format_error(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::HostNotFound => "its name is not known".to_owned(),
        ureq::Error::ConnectionFailed => "no connection".to_owned(),
        ureq::Error::Io(error) => format_io_error(error),
        other => other.to_string(),
    }
}

/// As [`format_error`], of an error that came while a body was read.
pub(crate) fn format_io_error(error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(error) => format_error(error),
        None => system_words(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirections_lead_where_they_say() {
        let at: Uri = "https://hub.co/a/b/resolve/main/x".parse().unwrap();
        let to = |location| joined(&at, location).map(|uri| uri.to_string());
        assert_eq!(to("/c/d?x=1").unwrap(), "https://hub.co/c/d?x=1");
        assert_eq!(to("https://cdn.co/f").unwrap(), "https://cdn.co/f");
        assert_eq!(to("//cdn.co/f"), None);
        assert_eq!(to("file:///etc/passwd"), None);
    }

    #[test]
    fn content_is_not_stored_under_names_that_lead_elsewhere() {
        assert!(is_file_name(&"a1".repeat(32)));
        for etag in ["", "../x", "a/b", ".."] {
            assert!(!is_file_name(etag), "{etag}");
        }
    }
}
