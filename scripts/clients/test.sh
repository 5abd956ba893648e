#!/usr/bin/env bash
# Calls between clients that nobody here wrote, through the SFU worker. Needs scripts/clients/install.sh and the
# `heliograph-sfu` binary.
# Usage: scripts/clients/test.sh [NODE_TEST_ARGUMENT…]     such as --test-name-pattern=tokens
# The matrix of whole calls (test/calls) runs with HELIOGRAPH_CLIENTS_MATRIX=1 only: it needs two cores to itself.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/../lib.sh"
# shellcheck source=scripts/typescript/lib.sh
source "$here/../typescript/lib.sh"
# shellcheck source=scripts/clients/lib.sh
source "$here/lib.sh"

use_node || die "Node.js $NODE_MIN or newer is missing: run scripts/typescript/install.sh"
[ -x "$CLIENTS_VENV/bin/python" ] || die "the Python packages are missing: run scripts/clients/install.sh"
export HELIOGRAPH_CLIENTS_PYTHON=$CLIENTS_VENV/bin/python
export HELIOGRAPH_SFU=${HELIOGRAPH_SFU:-${CARGO_TARGET_DIR:-$REPO_ROOT/target}/debug/heliograph-sfu}
[ -x "$HELIOGRAPH_SFU" ] || die "$HELIOGRAPH_SFU is missing: run cargo build -p heliograph-sfu"

cd "$REPO_ROOT/tests/clients"
npx prettier --check --log-level warn .
files=(test/{features,layers,room_service,sdks,tokens,turn,whip}.test.mjs)
[ -z "${HELIOGRAPH_CLIENTS_MATRIX:-}" ] || files+=(test/calls.test.mjs)
# Browsers, media and whatever else the machine does: what fails once and then passes is named, as with the other
# scenarios of real processes; what fails twice fails.
run=(node --test --test-reporter=spec --test-concurrency=1 "$@")
for file in "${files[@]}"; do
  "${run[@]}" "$file" || {
    warn "$file FAILED ONCE and is tried again"
    "${run[@]}" "$file" || die "$file failed twice"
  }
done
