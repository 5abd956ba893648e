#!/usr/bin/env bash
# Fetches clients of calls that nobody here wrote: Debian's Chromium and TURN server, and what tests/clients names:
# LiveKit's SDKs for browsers, Node.js and Python, aiortc, and an ffmpeg that speaks WHIP.
# Usage: scripts/clients/install.sh
#
#   $HELIOGRAPH_CACHE/clients-venv   Python with the packages of tests/clients/requirements.txt
#
# Needs scripts/typescript/install.sh. Safe to run again: what is there is left alone.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/../lib.sh"
# shellcheck source=scripts/typescript/lib.sh
source "$here/../typescript/lib.sh"
# shellcheck source=scripts/clients/lib.sh
source "$here/lib.sh"

step "Clients nobody here wrote: Chromium and packages"
lock clients
use_node || die "Node.js $NODE_MIN or newer is missing: run scripts/typescript/install.sh"
# The wheels are for Debian's Python, whatever other Python the machine has.
apt_need chromium coturn python3 python3-venv

cd "$REPO_ROOT/tests/clients"
npm_packages

stamp=$CLIENTS_VENV/.stamp
inputs=$(inputs_hash requirements.txt "$(/usr/bin/python3 --version)")
if ! stamp_is "$stamp" "$inputs"; then
  info "installing the packages of requirements.txt (150 MB)"
  rm -rf "$CLIENTS_VENV"
  /usr/bin/python3 -m venv "$CLIENTS_VENV"
  log=$HELIOGRAPH_CACHE/clients-pip.log
  if ! "$CLIENTS_VENV/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --require-hashes --requirement requirements.txt >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    die "pip could not install the packages (whole log: $log)"
  fi
  stamp_set "$stamp" "$inputs"
fi
