#!/usr/bin/env bash
# Node.js for the TypeScript package. Source it after scripts/lib.sh; it does nothing by itself.

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
