#!/usr/bin/env bash
# Node.js for the TypeScript package and the tests with other people's clients. Source it after scripts/lib.sh; it does nothing by itself.

# The oldest that the package's dependencies take.
NODE_MIN=20.18.0

# node_is_enough: true when `node` on PATH is NODE_MIN or newer, and npm is there.
node_is_enough() {
  local found
  command -v npm >/dev/null && found=$(node --version 2>/dev/null) || return 1
  [ "$(printf '%s\n' "$NODE_MIN" "${found#v}" | sort -V | head -n 1)" = "$NODE_MIN" ]
}

# use_node: puts the Node.js of the cache on PATH unless the machine's own is new enough; false where there is neither.
use_node() {
  node_is_enough || {
    PATH=$HELIOGRAPH_CACHE/node/bin:$PATH
    node_is_enough
  }
}

# npm_packages: installs what ./package-lock.json names, unless that is there.
npm_packages() {
  local stamp=node_modules/.stamp log=$HELIOGRAPH_CACHE/npm.log inputs
  inputs=$(inputs_hash package.json package-lock.json "$(node --version)")
  if stamp_is "$stamp" "$inputs"; then return; fi
  info "installing the packages of package-lock.json with npm $(npm --version --loglevel=error), Node.js $(node --version)"
  if ! npm ci --prefer-offline --no-progress --loglevel=error --cache "$HELIOGRAPH_CACHE/npm" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    die "npm could not install the packages (whole log: $log)"
  fi
  stamp_set "$stamp" "$inputs"
}
