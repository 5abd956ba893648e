#!/usr/bin/env bash
# Shared helpers of the set-up scripts. Source it; it does nothing by itself:
#   source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
#
# What the scripts keep goes to one folder, HELIOGRAPH_CACHE (default ~/.cache/heliograph). Deleting it is
# always safe: the next run makes everything anew.

REPO_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
HELIOGRAPH_CACHE=${HELIOGRAPH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/heliograph}
export REPO_ROOT HELIOGRAPH_CACHE
mkdir -p "$HELIOGRAPH_CACHE"
HELIOGRAPH_CACHE=$(cd "$HELIOGRAPH_CACHE" && pwd)

# --- Messages -----------------------------------------------------------------------------------------------

# All messages go to standard error; standard output is for what a script produces.
step() { printf '==> %s\n' "$*" >&2; }
info() { printf '    %s\n' "$*" >&2; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# timed TITLE COMMAND...: runs a step and prints how long it took; stops the script when it fails, naming it.
# The command runs plainly (not as a condition), so that `set -e` keeps its meaning inside functions.
timed() {
  timed_title=$1
  timed_start=$SECONDS
  shift
  step "$timed_title"
  trap timed_failure EXIT
  "$@"
  trap - EXIT
  info "$timed_title: done in $((SECONDS - timed_start)) s"
}
timed_failure() { printf 'error: %s: failed after %d s\n' "$timed_title" $((SECONDS - timed_start)) >&2; }

# --- Files --------------------------------------------------------------------------------------------------

sha256_of() { sha256sum "$1" | cut -d' ' -f1; }

# sha256_is FILE EXPECTED: true when the file is there and has that hash.
sha256_is() { [ -f "$1" ] && [ "$(sha256_of "$1")" = "$2" ]; }

# sha256_need FILE EXPECTED: stops with a message that says how to mend it.
sha256_need() {
  [ -f "$1" ] || die "$1 is missing; run the script again to make it"
  local found
  found=$(sha256_of "$1")
  [ "$found" = "$2" ] || die "$1 has sha256 $found, expected $2; delete it and run the script again"
}

# publish TEMP TARGET: puts a finished file or folder in its place in one rename. Nobody ever sees half of it.
publish() {
  if [ -d "$2" ] && [ ! -L "$2" ]; then rm -rf "$2"; fi
  mv -fT "$1" "$2"
}

# publish_if_changed TEMP TARGET: the same, but an equal file keeps its time stamp.
publish_if_changed() {
  if cmp -s "$1" "$2"; then rm -f "$1"; else publish "$1" "$2"; fi
}

# --- Stamps: which steps are done, and with which inputs --------------------------------------------------------

# inputs_hash WORD_OR_FILE...: one hash over words (versions) and the contents of files. A word that names an
# existing file stands for its content.
inputs_hash() {
  local part
  for part in "$@"; do
    if [ -f "$part" ]; then sha256_of "$part"; else printf '%s\n' "$part"; fi
  done | sha256sum | cut -d' ' -f1
}

# stamp_is FILE HASH / stamp_set FILE HASH: a step is done when its stamp holds the hash of its inputs.
stamp_is() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }
stamp_set() {
  printf '%s\n' "$2" >"$1.part"
  mv -f "$1.part" "$1"
}

# --- One run at a time --------------------------------------------------------------------------------------

# lock NAME: held until the script (or subshell) ends. A second run waits, and says so.
lock() {
  mkdir -p "$HELIOGRAPH_CACHE/locks"
  local fd
  exec {fd}>"$HELIOGRAPH_CACHE/locks/$1.lock"
  if ! flock -n "$fd"; then
    info "another run holds the lock '$1'; waiting for it to finish"
    flock "$fd"
  fi
}

# --- Debian packages ------------------------------------------------------------------------------------------

export DEBIAN_FRONTEND=noninteractive

# as_root COMMAND...: directly when root, through sudo when there is one.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -E "$@"; fi
}

# apt_update: refreshes the package lists once a run. An unreachable third-party source is no reason to stop: the
# install that follows tells.
apt_update() {
  [ -z "${APT_UPDATED:-}" ] || return 0
  info "refreshing Debian's package lists"
  as_root apt-get update -qq >/dev/null 2>&1 || warn "apt-get update reported a problem; going on with the lists at hand"
  APT_UPDATED=1
}

# apt_need PACKAGE...: installs what is missing, and touches nothing when nothing is.
apt_need() {
  local package missing=()
  command -v dpkg >/dev/null || die "this needs a Debian or Ubuntu machine; elsewhere install the equivalents of: $*"
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    die "missing Debian packages, and neither root nor sudo to install them. As root run:
  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
  fi
  apt_update
  info "installing Debian packages: ${missing[*]}"
  local log="$HELIOGRAPH_CACHE/apt.log"
  if ! as_root apt-get install -yqq --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    die "apt-get could not install: ${missing[*]} (whole log: $log)"
  fi
}

# need_command COMMAND HINT: stops with the hint when a command is not there.
need_command() { command -v "$1" >/dev/null || die "$1 not found: $2"; }
