#!/usr/bin/env bash
# From a bare machine to a running network: sets up, builds, and starts `heliograph up` on a recording of human speech.
# Usage: scripts/demo.sh [ARGUMENTS OF heliograph up...]     for example --keep
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"
cd "$REPO_ROOT"
target=${CARGO_TARGET_DIR:-$REPO_ROOT/target}

"$here/setup.sh" --programs --speech
"$here/sbf/build.sh"
step "Binaries (the first time 10 to 20 minutes)"
cargo build --locked --workspace --bins

step "heliograph up"
exec "$target/debug/heliograph" up \
  --programs "$REPO_ROOT/target/deploy" \
  --models "$HELIOGRAPH_CACHE/models" \
  --audio "$HELIOGRAPH_CACHE/audio/demo.wav" \
  "$@"
