#!/usr/bin/env bash
# Expected: the crate hf-hub, which aims to be compatible with Python's huggingface_hub, finds the files and the token that Python finds
#           under the same environment variables.
# Seen:     of the variables for the cache it knows HF_HOME alone: with HF_HUB_CACHE or XDG_CACHE_HOME set it looks in another folder than
#           Python, and fetches again what is there. HF_TOKEN and HF_HUB_OFFLINE it doesn't know either (with the latter it still asks).
# Versions: crate hf-hub 0.5.0 (feature ureq); huggingface_hub 1.24.0
# Date:     2026-11-30
# Source:   hf-hub 0.5.0, src/lib.rs, `Cache::from_env`, and src/api/sync.rs, `ApiBuilder::from_env`; huggingface_hub, constants.py
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv python
python/bin/pip install --quiet huggingface_hub==1.24.0
mkdir -p rust/src
cat > rust/Cargo.toml <<'END_TOML'
[package]
name = "cache"
version = "0.0.0"
edition = "2021"
[dependencies]
hf-hub = { version = "=0.5.0", default-features = false, features = ["ureq"] }
END_TOML
cat > rust/src/main.rs <<'END_RUST'
// Prints the cache; with an argument what asking for a model says instead.
use hf_hub::{api::sync::ApiBuilder, Cache};

fn main() {
    if std::env::args().len() == 1 {
        println!("{}", Cache::from_env().path().display());
        return;
    }
    match ApiBuilder::from_env().with_progress(false).build().unwrap().model("lab/encoder".into()).get("config.json") {
        Ok(path) => println!("{}", path.display()),
        Err(error) => println!("{error}"),
    }
}
END_RUST
(cd rust && CARGO_TARGET_DIR="$folder/target" CARGO_PROFILE_DEV_DEBUG=0 cargo build --quiet)
(cd rust && cargo tree --quiet --depth 1 --prefix none | tail -n +2)

clean=(env -u HF_HOME -u HF_HUB_CACHE -u XDG_CACHE_HOME -u HF_TOKEN -u HF_HUB_OFFLINE HOME=/home/listener)
gone=no
for set in HF_HOME=/a HF_HUB_CACHE=/b XDG_CACHE_HOME=/c; do
    theirs=$("${clean[@]}" "$set" python/bin/python -c "from huggingface_hub.constants import HF_HUB_CACHE; print(HF_HUB_CACHE)")
    ours=$("${clean[@]}" "$set" target/debug/cache)
    echo "$set: Python looks in $theirs, Rust in $ours"
    if [ "$set" = HF_HOME=/a ]; then [ "$theirs" = "$ours" ]; elif [ "$theirs" = "$ours" ]; then gone=yes; fi
done

# Nobody listens on port 9.
asked=$("${clean[@]}" HF_HUB_OFFLINE=1 HF_HOME="$folder/home" HF_ENDPOINT=http://127.0.0.1:9 target/debug/cache ask)
echo "HF_HUB_OFFLINE=1: Rust says: $asked"
case $asked in
*refused*) ;;
*) gone=yes ;;
esac
if [ "$gone" = yes ]; then
    echo "the surprise is gone"
    exit 1
fi
