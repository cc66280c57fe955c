# shellcheck shell=bash
# What ./start and ./test share: they install what is missing on this machine, and say what and why. Sourced, not run.
#
# The names for Debian and Ubuntu were tried; those for Fedora, Arch and macOS are from their package lists and were not.

say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

# Packages for a purpose (build, window, tests), one word each. `command=package` is missing only where no program has
# that name, so that another package with the same program serves too.
packages() {
  local tools="ffmpeg=ffmpeg flac=flac lame=lame mpg123=mpg123 opusenc=opus-tools sox=sox oggenc=vorbis-tools"
  case "$manager $1" in
  "apt build") echo build-essential ca-certificates curl=curl pkg-config libasound2-dev ;;
  "apt window")
    echo libvulkan1 mesa-vulkan-drivers libx11-6 libx11-xcb1 libxcursor1 libxi6 libxrandr2 libxkbcommon-x11-0
    ;;
  "apt tests") echo libvulkan1 mesa-vulkan-drivers python3-numpy "$tools" twolame=twolame ;;
  "dnf build") echo gcc gcc-c++ make ca-certificates curl=curl pkgconf-pkg-config alsa-lib-devel ;;
  "dnf window")
    echo vulkan-loader mesa-vulkan-drivers libX11 libX11-xcb libXcursor libXi libXrandr libxkbcommon-x11
    ;;
  "dnf tests") echo vulkan-loader mesa-vulkan-drivers python3-numpy "${tools/=ffmpeg/=ffmpeg-free}" twolame=twolame ;;
  "pacman build") echo base-devel ca-certificates curl=curl pkgconf alsa-lib ;;
  "pacman window")
    echo vulkan-icd-loader vulkan-swrast libx11 libxcursor libxi libxrandr libxkbcommon-x11
    ;;
  "pacman tests") echo vulkan-icd-loader vulkan-swrast python-numpy "$tools" twolame=twolame ;;
  "brew tests") echo numpy "$tools" twolame=two-lame ;;
  esac
}

purpose_text() {
  case "$1" in
  build) echo "to build: a C compiler, pkg-config and the headers of the sound library" ;;
  window) echo "for the window: X11 libraries and Vulkan (Mesa's drivers also draw without a graphics card)" ;;
  tests) echo "for the tests: Vulkan, numpy, and the sound programs whose files and results they compare with" ;;
  esac
}

is_installed() {
  case "$manager" in
  apt) [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed* ]] ;;
  dnf) rpm -q --quiet --whatprovides "$1" >/dev/null 2>&1 ;;
  pacman) pacman -T "$1" >/dev/null 2>&1 ;;
  brew) brew list --versions "$1" >/dev/null 2>&1 ;;
  esac
}

find_manager() {
  local candidate
  for candidate in apt-get dnf pacman brew; do
    if command -v "$candidate" >/dev/null; then
      echo "${candidate%-get}"
      return
    fi
  done
}

# Installs the packages of the purposes that are not there yet; asks the package manager for nothing if all are.
install_packages() {
  local purpose word missing=() for_purpose as_root=()
  manager=$(find_manager)
  if [[ $(uname) == Darwin ]] && ! xcode-select -p >/dev/null 2>&1; then
    fail "there is no C compiler. Run 'xcode-select --install', then this again"
  fi
  if [[ -z $manager ]]; then
    for purpose in "$@"; do say "no known package manager; please see to this yourself: $(purpose_text "$purpose")"; done
    return
  fi
  for purpose in "$@"; do
    for_purpose=""
    for word in $(packages "$purpose"); do
      case "$word" in
      *=*) command -v "${word%%=*}" >/dev/null || for_purpose+=" ${word#*=}" ;;
      *) is_installed "$word" || for_purpose+=" $word" ;;
      esac
    done
    if [[ -n $for_purpose ]]; then
      say "missing$for_purpose ($(purpose_text "$purpose"))"
      # shellcheck disable=SC2206 # one package a word
      missing+=($for_purpose)
    fi
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  if [[ $manager != brew && $(id -u) -ne 0 ]]; then
    if ! command -v sudo >/dev/null; then
      say "only root may install these packages, and there is no sudo; going on without them"
      return
    fi
    as_root=(sudo)
  fi
  say "installing what is missing with $manager"
  case "$manager" in
  apt)
    ${as_root[@]+"${as_root[@]}"} apt-get update
    ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get install -y "${missing[@]}"
    ;;
  dnf) ${as_root[@]+"${as_root[@]}"} dnf install -y "${missing[@]}" ;;
  pacman) ${as_root[@]+"${as_root[@]}"} pacman -S --needed --noconfirm "${missing[@]}" ;;
  brew) brew install "${missing[@]}" ;;
  esac
}

# Makes `cargo` available: the one that is there, else rustup's stable. $1 is the folder of the repository.
prepare_cargo() {
  local needed found
  export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
  # The build runs in the folder of the repository, whatever folder this was called from.
  case "${CARGO_TARGET_DIR:-}" in
  "" | /*) ;;
  *) export CARGO_TARGET_DIR="$PWD/$CARGO_TARGET_DIR" ;;
  esac
  if ! command -v cargo >/dev/null; then
    say "installing Rust with rustup (https://rustup.rs): there is no cargo"
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal
  fi
  needed=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$1/Cargo.toml")
  found=$(cd "$1" && cargo --version | cut -d ' ' -f 2)
  if [[ $(printf '%s\n' "$needed" "$found" | sort -V | head -n 1) != "$needed" ]]; then
    fail "Rust $needed or newer is needed, and this cargo is $found ($(command -v cargo)). Install Rust from https://rustup.rs"
  fi
}
