//! A server on the loopback address that answers one request a connection.

#![allow(dead_code, reason = "each test file takes what it needs")]

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use sha2::{Digest, Sha256};

pub const COMMIT: &str = "89abcdef0123456789abcdef0123456789abcdef";

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
}

#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    headers: Vec<(String, String)>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<String> {
        let mut all = self.headers.iter();
        all.find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    }
}

pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    cut_after: Option<usize>,
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            cut_after: None,
        }
    }

    pub fn json(text: &str) -> Self {
        Self::status(200).body(text.as_bytes())
    }

    /// A file, or the part of it that is asked for.
    pub fn file(bytes: &[u8], request: &Request) -> Self {
        let from: usize = request.header("range").map_or(0, |range| {
            let from = range
                .strip_prefix("bytes=")
                .unwrap()
                .strip_suffix('-')
                .unwrap();
            from.parse().unwrap()
        });
        if from == 0 {
            return Self::status(200).body(bytes);
        }
        if from >= bytes.len() {
            return Self::status(416);
        }
        let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
        Self::status(206)
            .body(&bytes[from..])
            .header("Content-Range", &range)
    }

    pub fn body(mut self, bytes: &[u8]) -> Self {
        self.body = bytes.to_vec();
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Announces the whole body and ends the connection after so many bytes of it.
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.cut_after = Some(bytes);
        self
    }

    fn send(self, method: &str, mut to: TcpStream) -> std::io::Result<()> {
        let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", self.status);
        write!(head, "Content-Length: {}\r\n", self.body.len()).unwrap();
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        head.push_str("\r\n");
        to.write_all(head.as_bytes())?;
        if method == "GET" {
            to.write_all(&self.body[..self.cut_after.unwrap_or(self.body.len())])?;
        }
        to.shutdown(Shutdown::Write)?;
        // Until the other side is done, so that what was sent is not thrown away.
        let _ = to.read(&mut [0; 16]);
        Ok(())
    }
}

type Handler = dyn Fn(&Request, &str) -> Answer + Send;

pub struct Server {
    /// As `http://127.0.0.1:PORT`.
    pub address: String,
    seen: Arc<Mutex<Vec<Request>>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers with what `handler` makes of a request and the server's own address, until it is dropped.
    pub fn start(handler: impl Fn(&Request, &str) -> Answer + Send + 'static) -> Self {
        let handler: Box<Handler> = Box::new(handler);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let thread = {
            let (seen, address) = (Arc::clone(&seen), address.clone());
            std::thread::spawn(move || {
                for connection in listener.incoming() {
                    let Some(request) = connection.ok().and_then(|connection| {
                        let request = read(&connection)?;
                        Some((request, connection))
                    }) else {
                        continue;
                    };
                    let (request, connection) = request;
                    if request.method == "STOP" {
                        return;
                    }
                    seen.lock().unwrap().push(request.clone());
                    let _ = handler(&request, &address).send(&request.method, connection);
                }
            })
        };
        Self {
            address,
            seen,
            thread: Some(thread),
        }
    }

    /// What was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let at = self.address.trim_start_matches("http://");
        let _ = TcpStream::connect(at).and_then(|mut to| to.write_all(b"STOP / HTTP/1.1\r\n\r\n"));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn read(connection: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(connection).lines();
    let first = lines.next()?.ok()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_ascii_lowercase(), value.to_owned()))
        })
        .collect();
    Some(Request {
        method,
        path,
        headers,
    })
}
