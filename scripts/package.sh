#!/usr/bin/env bash
# Builds what can be handed to others: a .deb for Debian and Ubuntu, and an archive for other systems with the program, its
# icon and menu entry, the README and the licences. Both lie in the folder that is named (default: target/packages).
#
#   scripts/package.sh [FOLDER]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/prepare.sh
source "$root/scripts/prepare.sh"

folder=$(realpath -m "${1:-$root/target/packages}")
install_packages build
prepare_cargo "$root"
cd "$root"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}
mkdir -p "$folder"

cargo build --release --package mynascope --bin mynascope
release=$CARGO_TARGET_DIR/release
# What the menu of a desktop reads comes from the program itself, as `mynascope install-desktop` gives it.
rm -rf "$release/share"
"$release/mynascope" install-desktop --into "$release/share" --program mynascope --quiet

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
name=mynascope-$version-$(rustc -vV | sed -n 's/^host: //p')
staged=$(mktemp -d)
trap 'rm -rf "$staged"' EXIT
mkdir -p "$staged/$name/bin"
install -m 755 "$release/mynascope" "$staged/$name/bin/"
strip "$staged/$name/bin/mynascope"
cp -r "$release/share" README.md docs LICENSE-MIT LICENSE-APACHE "$staged/$name/"
tar -C "$staged" --sort=name --owner=0 --group=0 --numeric-owner -czf "$folder/$name.tar.gz" "$name"
say "wrote $folder/$name.tar.gz"

if [[ $(uname) == Linux ]]; then
  if ! cargo deb --version >/dev/null 2>&1; then
    say "installing cargo-deb, which writes the .deb"
    cargo install --locked cargo-deb@3.8.0
  fi
  cargo deb --no-build --package mynascope --output "$folder"
fi
