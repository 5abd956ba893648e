#!/usr/bin/env bash
# Checks the repository itself: shell scripts, paths and hosts that do not belong in it, file lengths, and which crate
# depends on which. Usage: scripts/tidy.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"
cd "$REPO_ROOT"

# Tracked files, and new ones that git does not ignore.
mapfile -t scripts < <(git ls-files --cached --others --exclude-standard '*.sh' .ci/run | sort -u)
for script in "${scripts[@]}"; do bash -n "$script"; done
if command -v shellcheck >/dev/null; then
  shellcheck --external-sources --source-path=. "${scripts[@]}"
else
  info "shellcheck is not installed: shell scripts were only parsed"
fi
python3 "$here/tidy.py"
