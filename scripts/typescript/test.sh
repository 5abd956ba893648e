#!/usr/bin/env bash
# Builds the TypeScript package and runs its tests, those on a real cluster too. Needs scripts/typescript/install.sh,
# the programs' bytecode and the `heliograph` command.
# Usage: scripts/typescript/test.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/../lib.sh"
# shellcheck source=scripts/typescript/lib.sh
source "$here/lib.sh"

use_node || die "Node.js $NODE_MIN or newer is missing: run scripts/typescript/install.sh"
cd "$REPO_ROOT/sdk/typescript"
npm test --loglevel=error
