#!/usr/bin/env bash
# Fuzzes on the host what strangers can send: the protocol's decoding, proofs, the precompile's data and money; the SFU
# worker's tokens, HTTP doors, signalling, session descriptions, datagrams and payloads.
# Usage: scripts/fuzz.sh [SECONDS [TARGET...]]     seconds for each target, 20 by default; all targets when none is named
#
# What a run finds is kept in HELIOGRAPH_CACHE/fuzz, so that the next begins there. An input that breaks a target is
# left in HELIOGRAPH_CACHE/fuzz/artifacts, and the script fails.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"
FUZZED=(sdk/protocol keeper/workers/sfu)
CARGO_FUZZ_VERSION=0.13.2
seconds=${1:-20}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "'$seconds' is no number of seconds"
shift || true
targets=("$@")

tools=$HELIOGRAPH_CACHE/tools
if [ "$("$tools/bin/cargo-fuzz" --version 2>/dev/null)" != "cargo-fuzz $CARGO_FUZZ_VERSION" ]; then
  info "installing cargo-fuzz $CARGO_FUZZ_VERSION (compiles for a minute, once)"
  if ! CARGO_TARGET_DIR=$HELIOGRAPH_CACHE/tools-build cargo install cargo-fuzz --locked --force \
    --version "=$CARGO_FUZZ_VERSION" --root "$tools" >"$HELIOGRAPH_CACHE/tools.log" 2>&1; then
    tail -n 20 "$HELIOGRAPH_CACHE/tools.log" >&2
    die "cargo-fuzz $CARGO_FUZZ_VERSION does not install (whole log: $HELIOGRAPH_CACHE/tools.log)"
  fi
  rm -rf "$HELIOGRAPH_CACHE/tools-build"
fi

# The sanitizer's flags are for nightly compilers; the stable one has them too, behind this variable.
export RUSTC_BOOTSTRAP=1
export CARGO_TARGET_DIR=$HELIOGRAPH_CACHE/fuzz-target
fuzz() { PATH=$tools/bin:$PATH cargo-fuzz "$@"; }

fuzz_target() {
  local target=$1 corpus artifacts log executed
  corpus=$HELIOGRAPH_CACHE/fuzz/corpus/$target artifacts=$HELIOGRAPH_CACHE/fuzz/artifacts/$target
  mkdir -p "$corpus" "$artifacts"
  log=$HELIOGRAPH_CACHE/fuzz/$target.log
  if ! fuzz build "$target" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    die "$target does not compile (whole log: $log)"
  fi
  info "fuzzing $target for $seconds s"
  # Inputs that are several acts are long from the start on: a few bytes are none.
  if ! fuzz run "$target" "$corpus" -- -max_total_time="$seconds" -max_len=4096 -len_control=0 \
    -artifact_prefix="$artifacts/" -print_final_stats=1 >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    die "$target broke; the input is in $artifacts (whole log: $log)"
  fi
  executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  [ "${executed:-0}" -gt 0 ] || die "$target ran nothing (whole log: $log)"
  info "$target: $executed inputs, none broke it"
}

found=()
for crate in "${FUZZED[@]}"; do
  cd "$REPO_ROOT/$crate"
  for target in $(fuzz list); do
    if [ ${#targets[@]} -eq 0 ] || [[ " ${targets[*]} " == *" $target "* ]]; then
      fuzz_target "$target"
      found+=("$target")
    fi
  done
done
for target in "${targets[@]}"; do
  [[ " ${found[*]} " == *" $target "* ]] || die "there is no target '$target'"
done
