#!/usr/bin/env bash
# Everything that must hold before a change goes in. The tests come last, so that the output ends with their summary.
# Usage: scripts/test.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"
cd "$REPO_ROOT"

CARGO_DENY_VERSION=0.20.2

deny() {
  local tools=$HELIOGRAPH_CACHE/tools output
  if [ "$("$tools/bin/cargo-deny" --version 2>/dev/null)" != "cargo-deny $CARGO_DENY_VERSION" ]; then
    info "installing cargo-deny $CARGO_DENY_VERSION (compiles for some minutes, once)"
    if ! CARGO_TARGET_DIR=$HELIOGRAPH_CACHE/tools-build cargo install cargo-deny --locked --force \
      --version "=$CARGO_DENY_VERSION" --root "$tools" >"$HELIOGRAPH_CACHE/tools.log" 2>&1; then
      tail -n 20 "$HELIOGRAPH_CACHE/tools.log" >&2
      die "cargo-deny $CARGO_DENY_VERSION does not install (whole log: $HELIOGRAPH_CACHE/tools.log)"
    fi
    rm -rf "$HELIOGRAPH_CACHE/tools-build"
  fi
  # Licences, bans and sources need nothing from outside. Advisories need their database, a git repository that not
  # every machine reaches: not reaching it is said and is no failure, an advisory found is one.
  "$tools/bin/cargo-deny" --locked --log-level error check --hide-inclusion-graph licenses bans sources
  if output=$(timeout 120 "$tools/bin/cargo-deny" --locked fetch db 2>&1); then
    "$tools/bin/cargo-deny" --locked --log-level warn check --hide-inclusion-graph --disable-fetch advisories
  else
    warn "ADVISORIES WERE NOT CHECKED: the advisory database is not reachable from here ($(tail -n 1 <<<"$output"))"
  fi
}

build() { cargo build --workspace --all-targets --locked; }

started=$SECONDS
timed "set-up" "$here/setup.sh" --all
timed "programs" "$here/sbf/build.sh"
timed "format" cargo fmt --all --check
[ -z "${CI:-}" ] || apt_need shellcheck
timed "tidy" "$here/tidy.sh"
timed "licences, bans, sources, advisories" deny
timed "clippy" cargo clippy --workspace --all-targets --locked -- -D warnings
timed "interface descriptions" "$here/idl.sh" --check
timed "binaries and tests: compile" build
timed "TypeScript package" "$here/typescript/test.sh"
timed "calls of clients that nobody here wrote" "$here/clients/test.sh"
timed "fuzzing" "$here/fuzz.sh" "${FUZZ_SECONDS:-8}"
info "everything before the tests: $((SECONDS - started)) s"

if cargo nextest --version >/dev/null 2>&1; then
  # nextest leaves the examples in documentation out.
  timed "examples in documentation" cargo test --workspace --doc --locked --quiet
  # nextest gives each test a process of its own. These share what takes long to make: the programs loaded into a
  # VM, and a history of a whole network.
  timed "programs on a VM" cargo test --workspace --test programs --locked --quiet
  timed "auditor against a history" cargo test --workspace --test network --locked --quiet
  step "tests"
  # Many of them wait for a cluster or a worker most of the time.
  exec cargo nextest run --workspace --locked --test-threads "$((2 * $(nproc)))" \
    -E 'not (binary(programs) | (package(heliograph-audit) & binary(network)))'
fi
step "tests"
exec cargo test --workspace --locked
