#!/usr/bin/env bash
# Cargo's RUSTC_WRAPPER for program builds. Usage: rustc_wrapper.sh RUSTC ARGUMENT...
#
# For crates that go into a program it replaces `-C metadata`, which cargo derives from absolute paths (of std's sources
# and of the target file), by a hash of what the crate is. rustc mixes it into type ids and symbol names, so without
# this the same sources would compile to different bytes in another user's cache folder.
set -euo pipefail
rustc=$1
shift

# Without a package, cargo only asks what the compiler can do.
[ -n "${CARGO_PKG_NAME:-}" ] || exec "$rustc" "$@"

identity="$CARGO_PKG_NAME ${CARGO_PKG_VERSION:-}"
for_target=
previous=
for argument in "$@"; do
  case $previous in
    --crate-name | --crate-type | --cfg) identity+=" $argument" ;;
    --target) for_target=1 ;;
  esac
  previous=$argument
done
# Build scripts and macros run on this machine and leave nothing in the program.
[ -n "$for_target" ] || exec "$rustc" "$@"

digest=$(printf '%s' "$identity" | sha256sum)
arguments=()
for argument in "$@"; do
  case $argument in
    metadata=*) arguments+=("metadata=${digest:0:16}") ;;
    *) arguments+=("$argument") ;;
  esac
done
exec "$rustc" "${arguments[@]}"
