#!/usr/bin/env bash
# Prepares a machine: Debian packages for building, the Solana bytecode toolchain, speech models and recordings, what
# the TypeScript package needs, and clients of calls that others wrote.
# Usage: scripts/setup.sh [--build] [--programs] [--speech] [--typescript] [--clients] [--all]   nothing named: --all
#
#   --build      only what compiling the workspace needs
#   --programs   that, and the toolchain for the programs
#   --speech     that, and models and recordings
#   --typescript that, Node.js and the packages of sdk/typescript
#   --clients    that, Chromium, and the packages of tests/clients
#
# Needs Debian 12, Rust from rustup, and root or sudo where packages are missing. Safe to run again: a second run takes
# seconds.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"

RUST_MIN=1.95.0

programs='' speech='' typescript='' clients=''
[ $# -gt 0 ] || set -- --all
while [ $# -gt 0 ]; do
  case $1 in
    --build) ;;
    --programs) programs=1 ;;
    --speech) speech=1 ;;
    --typescript) typescript=1 ;;
    --clients) typescript=1 clients=1 ;;
    --all) programs=1 speech=1 typescript=1 clients=1 ;;
    -h | --help)
      sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
      exit 0
      ;;
    *) die "unknown option $1 (see --help)" ;;
  esac
  shift
done

step "Set-up: build tools"
need_command cargo "install Rust $RUST_MIN or newer with rustup"
rust=$(cd "$REPO_ROOT" && rustc --version | cut -d' ' -f2)
[ "$(printf '%s\n' "$RUST_MIN" "${rust%%-*}" | sort -V | head -n 1)" = "$RUST_MIN" ] ||
  die "rustc is $rust, but $RUST_MIN or newer is needed; run rustup update"
# OpenSSL's and whisper.cpp's build scripts, and the C parts of other crates. Neither clang nor protoc is needed.
apt_need gcc g++ make cmake pkg-config libssl-dev git python3

if [ -n "$programs" ]; then "$here/sbf/install.sh"; fi
if [ -n "$speech" ]; then
  # Encodes what the participants of the demo's call publish.
  apt_need ffmpeg
  "$here/speech/install.sh"
fi
if [ -n "$typescript" ]; then "$here/typescript/install.sh"; fi
if [ -n "$clients" ]; then "$here/clients/install.sh"; fi
