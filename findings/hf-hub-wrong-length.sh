#!/usr/bin/env bash
# Expected: a file that hf-hub fetched has the length and the content that the hub announced, or fetching it is an error; and where a
#           server sends the whole file though a part was asked for, as HTTP allows, the part that came before is dropped.
# Seen:     `download` compares neither length nor SHA-256 (the announced ETag). A server that ignores the range doubles the beginning of
#           a file that was cut, and one that ends early without saying so shortens it; both are put into the cache as whole, under the
#           name of the content that they lack, and `get` gives them from then on.
# Versions: crate hf-hub 0.5.0 (feature ureq), ureq 3
# Date:     2026-11-30
# Source:   hf-hub 0.5.0, src/api/sync.rs, `download_tempfile` and `download_from` (neither status nor length is looked at before the
#           rename); Python's huggingface_hub mended the same for its retries, pull request 3778
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"; kill "$server" 2>/dev/null || true' EXIT
cd "$folder"

mkdir -p fetch/src
cat > fetch/Cargo.toml <<'END_TOML'
[package]
name = "fetch"
version = "0.0.0"
edition = "2021"
[dependencies]
hf-hub = { version = "=0.5.0", default-features = false, features = ["ureq"] }
END_TOML
cat > fetch/src/main.rs <<'END_RUST'
// Arguments: endpoint, cache, model. Fetches model.safetensors and prints what became of it.
use hf_hub::api::sync::ApiBuilder;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let api = ApiBuilder::new().with_endpoint(args[1].clone()).with_cache_dir(args[2].clone().into()).with_progress(false).build().unwrap();
    match api.model(args[3].clone()).get("model.safetensors") {
        Ok(path) => println!("{}", std::fs::metadata(path).unwrap().len()),
        Err(error) => println!("{error}"),
    }
}
END_RUST
(cd fetch && CARGO_TARGET_DIR="$folder/target" CARGO_PROFILE_DEV_DEBUG=0 cargo build --quiet)
(cd fetch && cargo tree --quiet --depth 1 --prefix none | tail -n +2)

cat > hub.py <<'END_PYTHON'
# A hub with two models of 1000 bytes. lab/ranges: the first download is cut, and the range of the second is ignored. lab/short: the body
# ends early, without Content-Length.
import hashlib, http.server
content = bytes(range(250)) * 4
downloads = 0

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_GET(self):
        global downloads
        ask = self.headers.get("Range")
        self.close_connection = True
        if ask == "bytes=0-0": # hf-hub asks so for the size
            self.send_response(206)
            self.send_header("ETag", hashlib.sha256(content).hexdigest())
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("Content-Range", f"bytes 0-0/{len(content)}")
            self.send_header("Content-Length", "1")
            self.end_headers()
            self.wfile.write(content[:1])
            return
        self.send_response(200)
        if "short" in self.path:
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(content[:700])
            return
        downloads += 1
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:400] if downloads == 1 else content)

server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END_PYTHON
python3 hub.py > port &
server=$!
until [ -s port ]; do sleep 0.1; done
hub=http://127.0.0.1:$(cat port)
fetch() { env -u http_proxy -u HTTP_PROXY -u all_proxy -u ALL_PROXY target/debug/fetch "$hub" "$folder/cache" "$1"; }
echo "the file has 1000 bytes"
echo "cut after 400 bytes: $(fetch lab/ranges)"
doubled=$(fetch lab/ranges)
echo "once more, from a server that knows no ranges: $doubled"
short=$(fetch lab/short)
echo "a body that ends after 700 bytes: $short"
if [ "$doubled" != 1400 ] || [ "$short" != 700 ]; then
    echo "the surprise is gone"
    exit 1
fi
