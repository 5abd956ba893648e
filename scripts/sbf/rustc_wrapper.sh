#!/usr/bin/env bash
# Cargo's RUSTC_WRAPPER for program builds. Usage: rustc_wrapper.sh RUSTC ARGUMENT...
#
# It changes two things for crates that go into a program:
#
# 1. `-C metadata`, which cargo derives from absolute paths (of std's sources and of the target file), becomes a hash
#    of what the crate is. rustc mixes it into type ids and symbol names, so without this the same sources would
#    compile to different bytes in another user's cache folder.
# 2. A program that is only a dependency of the program being built is compiled as a library and not as a program too.
#    Its .so would lack the entry point (the `cpi` feature drops it), and would take the place of the real one: cargo
#    gives both the same file name.
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
while [ $# -gt 0 ]; do
  if [ "$1" = --crate-type ] && [ "${2:-}" = cdylib ] && [ -z "${CARGO_PRIMARY_PACKAGE:-}" ]; then
    shift 2
    continue
  fi
  case $1 in
    metadata=*) arguments+=("metadata=${digest:0:16}") ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
exec "$rustc" "${arguments[@]}"
