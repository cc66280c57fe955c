//! What was published comes whole or not at all, goes on after a cut, and each thing that can go wrong is said in one
//! sentence. A small server on the loopback address answers as the hub does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod server;

use std::{
    cell::RefCell,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
};

use mynascope_base::jobs::{Cancel, Progress, Watch};
use mynascope_hub::{Hub, HubError, HubName};
use server::{Answer, COMMIT, Request, Server, sha256};

fn name() -> HubName {
    "lab/encoder".parse().unwrap()
}

fn hub(endpoint: &str, home: &Path, more: &[(&str, &str)]) -> Hub {
    let mut variables: Vec<(String, OsString)> = vec![
        ("HF_ENDPOINT".to_owned(), endpoint.into()),
        ("HF_HOME".to_owned(), home.into()),
    ];
    variables.extend(
        more.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into())),
    );
    Hub::from_variables(&|wanted| {
        let mut all = variables.iter();
        all.find(|(name, _)| name == wanted)
            .map(|(_, value)| value.clone())
    })
    .unwrap()
}

/// Some bytes without a pattern: 300 kB, several pieces of a download.
fn weights() -> Vec<u8> {
    let mut state = 1_u32;
    (0..300_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect()
}

/// A model of two files, the weights behind a redirection as on the hub.
struct Model {
    config: Vec<u8>,
    weights: Vec<u8>,
}

impl Model {
    fn new() -> Self {
        Self {
            config: br#"{"model_type":"x"}"#.to_vec(),
            weights: weights(),
        }
    }

    fn info(&self) -> Answer {
        Answer::json(&format!(
            r#"{{"id":"lab/encoder","sha":"{COMMIT}","gated":false,"cardData":{{"license":"cc-by-nc-4.0"}},
            "siblings":[{{"rfilename":"config.json","size":{}}},{{"rfilename":"model.safetensors","size":{}}},
            {{"rfilename":"run.py","size":5}},{{"rfilename":"pytorch_model.bin","size":99}}]}}"#,
            self.config.len(),
            self.weights.len()
        ))
    }

    /// As the hub answers.
    fn answer(&self, request: &Request, server: &str) -> Answer {
        let path = request.path.as_str();
        if path.starts_with("/api/models/lab/encoder/revision/main") {
            return self.info();
        }
        if path == format!("/lab/encoder/resolve/{COMMIT}/config.json") {
            return Answer::file(&self.config, request).header("ETag", "\"c0ffee\"");
        }
        if path == format!("/lab/encoder/resolve/{COMMIT}/model.safetensors") {
            // Another host: the token must not go there.
            let cdn = server.replace("127.0.0.1", "localhost");
            return Answer::status(302)
                .header("Location", &format!("{cdn}/cdn/weights?signed=1"))
                .header("X-Linked-Etag", &format!("\"{}\"", sha256(&self.weights)))
                .header("X-Linked-Size", &self.weights.len().to_string())
                .header("X-Repo-Commit", COMMIT);
        }
        if path == "/cdn/weights?signed=1" {
            return Answer::file(&self.weights, request).header("ETag", "\"of the cdn\"");
        }
        Answer::status(404).header("X-Error-Code", "RepoNotFound")
    }
}

fn fetch(hub: &Hub) -> Result<PathBuf, HubError> {
    let offer = hub.look(&name())?;
    hub.fetch(&offer, &Watch::unattended())
}

fn one_sentence(error: &HubError, words: &[&str]) {
    let text = error.to_string();
    println!("{text}");
    assert!(!text.contains('\n') && text.len() < 300, "{text}");
    for word in words {
        assert!(text.contains(word), "{text:?} lacks {word:?}");
    }
}

/// Where a model's content lies.
fn blobs(home: &Path) -> Vec<String> {
    let folder = home.join("hub/models--lab--encoder/blobs");
    let mut names: Vec<String> = fs::read_dir(folder)
        .map(|all| {
            all.map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect()
        })
        .unwrap_or_default();
    names.sort();
    names
}

#[test]
fn what_was_offered_comes_whole_into_the_cache_that_other_programs_share() {
    let model = Model::new();
    let server = Server::start(move |request, at| model.answer(request, at));
    let home = tempfile::tempdir().unwrap();
    let hub = hub(&server.address, home.path(), &[("HF_TOKEN", "hf_secret")]);
    assert_eq!(hub.cached(&name()), None);
    let error = hub.open(&name()).unwrap_err();
    one_sentence(
        &error,
        &["not on this disk", "encoders --fetch lab/encoder"],
    );
    assert!(server.requests().is_empty(), "nothing is asked unasked");

    let offer = hub.look(&name()).unwrap();
    assert_eq!(offer.licence.as_deref(), Some("cc-by-nc-4.0"));
    assert_eq!(offer.bytes(), Some(300_018));
    let names: Vec<&str> = offer.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["config.json", "model.safetensors"]);
    assert!(!home.path().join("hub").exists(), "looking fetches nothing");

    let told = Mutex::new(Vec::new());
    let report = |progress: Progress| told.lock().unwrap().push(progress);
    let folder = hub
        .fetch(&offer, &Watch::new(Cancel::default(), &report))
        .unwrap();
    let model = Model::new();
    assert_eq!(fs::read(folder.join("config.json")).unwrap(), model.config);
    assert_eq!(
        fs::read(folder.join("model.safetensors")).unwrap(),
        model.weights
    );
    let repo = home.path().join("hub/models--lab--encoder");
    assert_eq!(folder, repo.join("snapshots").join(COMMIT));
    assert_eq!(fs::read_to_string(repo.join("refs/main")).unwrap(), COMMIT);
    assert_eq!(
        blobs(home.path()),
        ["c0ffee".to_owned(), sha256(&model.weights)]
    );
    let told = told.into_inner().unwrap();
    assert!(told.windows(2).all(|pair| pair[0].done <= pair[1].done));
    let last = told.last().unwrap();
    assert_eq!((last.done, last.total), (301, Some(301)));

    // The token is for the hub alone.
    for request in server.requests() {
        let sent = request.header("authorization");
        let expected = (!request.path.starts_with("/cdn")).then_some("Bearer hf_secret");
        assert_eq!(sent.as_deref(), expected, "{}", request.path);
    }
    // Now it is there, also by its commit, and is not fetched again.
    let asked = server.requests().len();
    assert_eq!(hub.open(&name()).unwrap(), folder);
    let by_commit: HubName = format!("lab/encoder@{COMMIT}").parse().unwrap();
    assert_eq!(hub.cached(&by_commit), Some(folder.clone()));
    assert_eq!(server.requests().len(), asked);
    assert_eq!(fetch(&hub).unwrap(), folder);
    assert!(
        server.requests()[asked..]
            .iter()
            .all(|request| !request.path.starts_with("/cdn"))
    );
}

#[test]
fn a_connection_that_was_cut_goes_on_where_it_ended() {
    let model = Model::new();
    let server = Server::start(move |request, at| {
        let answer = model.answer(request, at);
        let is_first = request.header("range").is_none();
        if request.path.starts_with("/cdn") && is_first {
            return answer.cut_after(100_000);
        }
        answer
    });
    let home = tempfile::tempdir().unwrap();
    let folder = fetch(&hub(&server.address, home.path(), &[])).unwrap();
    assert_eq!(
        fs::read(folder.join("model.safetensors")).unwrap(),
        weights()
    );
    let ranges: Vec<Option<String>> = server
        .requests()
        .iter()
        .filter(|request| request.path.starts_with("/cdn"))
        .map(|request| request.header("range"))
        .collect();
    assert_eq!(ranges, [None, Some("bytes=100000-".to_owned())]);
}

#[test]
fn what_came_before_the_network_failed_is_kept_for_the_next_try() {
    let model = Model::new();
    let server = Server::start(move |request, at| {
        let answer = model.answer(request, at);
        match (request.path.starts_with("/cdn"), request.header("range")) {
            (true, None) => answer.cut_after(120_000),
            (true, Some(_)) => answer.cut_after(0),
            _ => answer,
        }
    });
    let home = tempfile::tempdir().unwrap();
    let error = fetch(&hub(&server.address, home.path(), &[])).unwrap_err();
    one_sentence(
        &error,
        &[
            "broke off after 120.0 kB of 300.0 kB",
            "is kept",
            "model.safetensors",
        ],
    );
    drop(server);
    assert_eq!(
        hub("http://127.0.0.1:9", home.path(), &[]).cached(&name()),
        None
    );

    let model = Model::new();
    let server = Server::start(move |request, at| model.answer(request, at));
    let folder = fetch(&hub(&server.address, home.path(), &[])).unwrap();
    assert_eq!(
        fs::read(folder.join("model.safetensors")).unwrap(),
        weights()
    );
    let resumed = server
        .requests()
        .into_iter()
        .find(|request| request.path.starts_with("/cdn"));
    assert_eq!(resumed.unwrap().header("range").unwrap(), "bytes=120000-");
    assert_eq!(blobs(home.path()).len(), 2, "no partial file stays");
}

#[test]
fn a_server_that_begins_anew_at_each_try_does_not_double_the_beginning() {
    let model = Model::new();
    let times = Mutex::new(0);
    let server = Server::start(move |request, at| {
        if !request.path.starts_with("/cdn") {
            return model.answer(request, at);
        }
        let mut times = times.lock().unwrap();
        *times += 1;
        let whole = Answer::status(200).body(&model.weights);
        if *times == 1 {
            whole.cut_after(50_000)
        } else {
            whole
        }
    });
    let home = tempfile::tempdir().unwrap();
    let folder = fetch(&hub(&server.address, home.path(), &[])).unwrap();
    assert_eq!(
        fs::read(folder.join("model.safetensors")).unwrap(),
        weights()
    );
}

#[test]
fn a_file_of_another_length_or_content_than_announced_is_thrown_away() {
    for (change, words) in [
        (
            Vec::truncate as fn(&mut Vec<u8>, usize),
            ["announced 300000 bytes", "sent 299990"],
        ),
        (
            |bytes, _| bytes.extend(*b"more"),
            ["announced 300000 bytes", "sent 30000"],
        ),
        (
            |bytes, place| bytes[place - 1] ^= 1,
            ["SHA-256", "model.safetensors"],
        ),
    ] {
        let model = Model::new();
        let mut sent = weights();
        change(&mut sent, 299_990);
        let server = Server::start(move |request, at| {
            if request.path.starts_with("/cdn") {
                Answer::file(&sent, request)
            } else {
                model.answer(request, at)
            }
        });
        let home = tempfile::tempdir().unwrap();
        let hub = hub(&server.address, home.path(), &[]);
        one_sentence(&fetch(&hub).unwrap_err(), &words);
        assert_eq!(blobs(home.path()), ["c0ffee"]);
        assert_eq!(hub.cached(&name()), None);
    }
}

#[test]
fn no_more_comes_than_was_shown_before_it_was_agreed_to() {
    let model = Model::new();
    let server = Server::start(move |request, at| match request.path.starts_with("/api/") {
        true => {
            let small = Model {
                weights: vec![0; 500],
                ..Model::new()
            };
            small.info()
        }
        false => model.answer(request, at),
    });
    let home = tempfile::tempdir().unwrap();
    let hub = hub(&server.address, home.path(), &[]);
    one_sentence(&fetch(&hub).unwrap_err(), &["announced 500 bytes"]);
    assert_eq!(hub.cached(&name()), None);
}

#[test]
fn each_refusal_of_the_hub_is_one_sentence() {
    type Headers = &'static [(&'static str, &'static str)];
    type Words = &'static [&'static str];
    let cases: [(u16, Headers, Words); 7] = [
        (
            404,
            &[("X-Error-Code", "RepoNotFound")],
            &["no model lab/encoder", "HF_TOKEN"],
        ),
        // So it answers about what is not there to whoever shows no token.
        (
            401,
            &[("X-Error-Message", "Invalid username or password.")],
            &["no model lab/encoder"],
        ),
        (
            401,
            &[("X-Error-Code", "GatedRepo")],
            &["agreed to its terms", "/lab/encoder"],
        ),
        (
            403,
            &[("X-Error-Code", "GatedRepo")],
            &["agreed to its terms", "HF_TOKEN"],
        ),
        (
            404,
            &[("X-Error-Code", "RevisionNotFound")],
            &["no revision 'main'"],
        ),
        (503, &[], &["no time now", "503"]),
        (418, &[], &["cannot be used", "418"]),
    ];
    for (status, headers, words) in cases {
        let server = Server::start(move |_, _| {
            let answer = Answer::status(status);
            (headers.iter()).fold(answer, |answer, (name, value)| answer.header(name, value))
        });
        let home = tempfile::tempdir().unwrap();
        let error = fetch(&hub(&server.address, home.path(), &[])).unwrap_err();
        one_sentence(&error, words);
    }
}

#[test]
fn a_gated_model_shows_its_size_and_says_where_to_agree_when_its_files_are_refused() {
    let model = Model::new();
    let server = Server::start(move |request, at| {
        if request.path.contains("/resolve/") {
            return Answer::status(403).header("X-Error-Code", "GatedRepo");
        }
        model.answer(request, at)
    });
    let home = tempfile::tempdir().unwrap();
    let hub = hub(&server.address, home.path(), &[("HF_TOKEN", "hf_x")]);
    assert_eq!(hub.look(&name()).unwrap().bytes(), Some(300_018));
    one_sentence(
        &fetch(&hub).unwrap_err(),
        &["agreed to its terms", "/lab/encoder"],
    );
}

#[test]
fn a_token_that_the_hub_does_not_know_is_named() {
    let server = Server::start(|_, _| {
        Answer::status(401).header(
            "X-Error-Message",
            "Invalid credentials in Authorization header",
        )
    });
    let home = tempfile::tempdir().unwrap();
    let error = fetch(&hub(&server.address, home.path(), &[("HF_TOKEN", "old")])).unwrap_err();
    one_sentence(&error, &["does not accept the token", "HF_TOKEN"]);
}

#[test]
fn no_network_and_no_hub_are_one_sentence_each() {
    let home = tempfile::tempdir().unwrap();
    let error = fetch(&hub("http://127.0.0.1:9", home.path(), &[])).unwrap_err();
    one_sentence(&error, &["cannot be reached", "127.0.0.1:9"]);
    let error = fetch(&hub("http://no-such-host.invalid", home.path(), &[])).unwrap_err();
    one_sentence(&error, &["cannot be reached", "no-such-host.invalid"]);
    let error = fetch(&hub("not an address", home.path(), &[])).unwrap_err();
    one_sentence(&error, &["HF_ENDPOINT"]);
    let server = Server::start(|_, _| Answer::status(200).body(b"<html>sign in</html>"));
    let error = fetch(&hub(&server.address, home.path(), &[])).unwrap_err();
    one_sentence(&error, &["no description of a model", "HF_ENDPOINT"]);
    let around = Server::start(|request, _| Answer::status(302).header("Location", &request.path));
    let error = fetch(&hub(&around.address, home.path(), &[])).unwrap_err();
    one_sentence(&error, &["in a circle"]);
    let error = fetch(&hub(
        "http://127.0.0.1:9",
        home.path(),
        &[("HF_HUB_OFFLINE", "1")],
    ));
    one_sentence(&error.unwrap_err(), &["HF_HUB_OFFLINE"]);
    assert!(!home.path().join("hub").exists());
}

#[test]
fn a_download_stops_on_request_and_goes_on_later() {
    let model = Model::new();
    let server = Server::start(move |request, at| model.answer(request, at));
    let home = tempfile::tempdir().unwrap();
    let hub = hub(&server.address, home.path(), &[]);
    let offer = hub.look(&name()).unwrap();
    let cancel = Cancel::default();
    let report = |progress: Progress| {
        if progress.done > 1 {
            cancel.cancel();
        }
    };
    let error = hub
        .fetch(&offer, &Watch::new(cancel.clone(), &report))
        .unwrap_err();
    assert!(matches!(error, HubError::Cancelled(_)), "{error}");
    assert_eq!(hub.cached(&name()), None);
    assert!(fetch(&hub).is_ok());
    let last = server.requests().pop().unwrap();
    assert!(last.header("range").is_some(), "{}", last.path);
}

#[test]
fn a_model_that_moved_is_followed() {
    let model = Model::new();
    let server = Server::start(move |request, at| {
        if let Some(rest) = request.path.strip_prefix("/old/encoder/") {
            return Answer::status(307).header("Location", &format!("/lab/encoder/{rest}"));
        }
        if let Some(rest) = request.path.strip_prefix("/api/models/old/encoder/") {
            let to = format!("{at}/api/models/lab/encoder/{rest}");
            return Answer::status(307).header("Location", &to);
        }
        model.answer(request, at)
    });
    let home = tempfile::tempdir().unwrap();
    let hub = hub(&server.address, home.path(), &[]);
    let old: HubName = "old/encoder".parse().unwrap();
    let offer = hub.look(&old).unwrap();
    let folder = hub.fetch(&offer, &Watch::unattended()).unwrap();
    assert_eq!(
        fs::read(folder.join("model.safetensors")).unwrap(),
        weights()
    );
    assert_eq!(hub.cached(&old), Some(folder));
}

#[test]
fn all_shards_come_before_the_index_that_names_them() {
    let order = RefCell::new(Vec::new());
    let server = Server::start(|request, _| {
        if request.path.starts_with("/api/") {
            return Answer::json(&format!(
                r#"{{"sha":"{COMMIT}","siblings":[{{"rfilename":"model.safetensors.index.json"}},
                {{"rfilename":"model-00001-of-00002.safetensors"}},{{"rfilename":"model-00002-of-00002.safetensors"}}]}}"#
            ));
        }
        let name = request.path.rsplit('/').next().unwrap().to_owned();
        Answer::file(name.as_bytes(), request)
            .header("ETag", &format!("\"{}\"", name.replace('.', "_")))
    });
    let home = tempfile::tempdir().unwrap();
    let hub = hub(&server.address, home.path(), &[]);
    let folder = fetch(&hub).unwrap();
    let gets = server
        .requests()
        .into_iter()
        .filter(|request| request.method == "GET");
    order.borrow_mut().extend(gets.map(|request| request.path));
    assert!(order.borrow().last().unwrap().ends_with("index.json"));
    assert_eq!(order.borrow().len(), 4);
    assert_eq!(hub.cached(&name()), Some(folder.clone()));
    // A shard that was deleted later makes it something that is not there.
    fs::remove_file(folder.join("model-00002-of-00002.safetensors")).unwrap();
    fs::remove_file(
        home.path()
            .join("hub/models--lab--encoder/blobs/model-00001-of-00002_safetensors"),
    )
    .unwrap();
    assert_eq!(hub.cached(&name()), None);
}
