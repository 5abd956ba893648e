#!/usr/bin/env bash
# Generates the programs' interface descriptions, idl/heliograph_NAME.json, as `anchor idl build` would.
# Usage: scripts/idl.sh [--check] [PROGRAM...]     --check changes nothing and fails where a file is out of date
#
# The programs print their parts of the description in a test that Anchor's macros add under the feature `idl-build`;
# idl_assemble.py puts them together. Anchor's own builder is not used because it installs toolchains as it pleases.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"
cd "$REPO_ROOT"

check=
if [ "${1:-}" = --check ]; then
  check=1
  shift
fi
programs=("$@")
if [ ${#programs[@]} -eq 0 ]; then
  for manifest in programs/*/Cargo.toml; do programs+=("$(basename "$(dirname "$manifest")")"); done
fi

# What Anchor's macros read while they expand.
export ANCHOR_IDL_BUILD_NO_DOCS=FALSE ANCHOR_IDL_BUILD_RESOLUTION=TRUE ANCHOR_IDL_BUILD_SKIP_LINT=FALSE

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
stale=()
mkdir -p idl
for program in "${programs[@]}"; do
  package=heliograph-$program
  file=heliograph_${program//-/_}.json
  info "interface of $package"
  ANCHOR_IDL_BUILD_PROGRAM_PATH="$REPO_ROOT/programs/$program" \
    cargo test --locked --package "$package" --lib --features idl-build __anchor_private_print_idl \
    -- --show-output --quiet >"$temp/printed" || {
    tail -n 40 "$temp/printed" >&2
    die "$package: its interface could not be printed"
  }
  python3 "$here/idl_assemble.py" <"$temp/printed" >"$temp/$file" || die "$package: its interface could not be assembled"
  if [ -z "$check" ]; then
    publish_if_changed "$temp/$file" "idl/$file"
  elif ! diff -u --label "idl/$file" --label "generated from programs/$program" "idl/$file" "$temp/$file" >"$temp/diff" 2>&1; then
    head -n 60 "$temp/diff" >&2
    stale+=("$program")
  fi
done
[ ${#stale[@]} -eq 0 ] || die "idl/ is out of date for: ${stale[*]}; run scripts/idl.sh and commit the result"
