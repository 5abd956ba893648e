#!/usr/bin/env bash
# Compiles programs to Solana bytecode (sBPF v3) and puts them where Anchor would: target/deploy/heliograph_NAME.so.
# Usage: scripts/sbf/build.sh [PROGRAM...]     all of programs/* when none is named (registry, staking, ...)
#
# The output depends on the sources, Cargo.lock and the toolchain alone: not on the clone's folder, the user, or
# HELIOGRAPH_CACHE. So anyone can compare the printed sha256 with what is deployed.
# Needs scripts/sbf/install.sh to have run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/../lib.sh"

prefix=$HELIOGRAPH_CACHE/sbf
target_dir=${HELIOGRAPH_SBF_TARGET_DIR:-$HELIOGRAPH_CACHE/sbf-target}
deploy=$REPO_ROOT/target/deploy
cargo_home=${CARGO_HOME:-$HOME/.cargo}

for part in bin/sbpf-linker bin/rustc_wrapper.sh builtins.bc library/std sbf-solana-solana.json toolchain.id; do
  [ -e "$prefix/$part" ] || die "the Solana bytecode toolchain is not (wholly) installed; run scripts/sbf/install.sh"
done

# Symbols the linker must keep although nothing refers to them before code generation: the entry point, and what the
# backend itself calls.
exported=entrypoint,__multi3,__udivti3,__umodti3
exported+=,__adddf3,__subdf3,__negdf2,__muldf3,__divdf3,__floatundidf,__fixunsdfdi,__gedf2,__gtdf2

flags=(
  -C panic=abort
  -C relocation-model=static
  -C target-cpu=v3 # v4 emits instructions that sBPF v3 rejects
  -C passes=lower-atomic # one thread: atomics become plain loads and stores
  -C "link-arg=--export=$exported"
  -C link-arg=--arch=v3
  -C link-arg=--llvm-args=-bpf-stack-size=4096
  -C link-arg=--llvm-args=--bpf-max-stores-per-memfunc=5
  -C link-arg=--llvm-args=--disable-gotox # instructions of newer BPF versions
  -C link-arg=--llvm-args=--disable-ldsx
  -C link-arg=--llvm-args=--disable-movsx
  '--cfg=target_feature="static-syscalls"'
  -A explicit_builtin_cfgs_in_flags
  # No path of this machine in the output. The last match wins, so the widest comes first.
  "--remap-path-prefix=$HOME=/home"
  "--remap-path-prefix=$cargo_home=/cargo"
  "--remap-path-prefix=$REPO_ROOT=/heliograph"
  "--remap-path-prefix=$target_dir=/target"
  "--remap-path-prefix=$prefix/library=/rust/library"
)

# build NAME: one program in its own cargo run. Together, cargo would unify features, and a program that others call
# through its `cpi` feature would lose its entry point.
build() {
  local name=${1#heliograph-}
  name=${name#heliograph_}
  local package=heliograph-$name file=heliograph_${name//-/_}.so
  [ -f "$REPO_ROOT/programs/$name/Cargo.toml" ] || die "no such program: programs/$name"

  if [ -f "$kept/$file" ]; then
    info "$package was compiled from the same sources before"
    put "$kept/$file" "$file"
    return
  fi
  info "compiling $package"
  local encoded
  encoded=$(printf '%s\x1f' "${flags[@]}")
  # Debian's cargo and rustc, with nightly's build-std and target files switched on, whatever toolchain the user has.
  # __CARGO_DEFAULT_LIB_METADATA puts a hash into every file name: else a program compiled as another's dependency,
  # without its entry point, takes the place of the real one.
  (cd "$REPO_ROOT" && env -u RUSTFLAGS -u RUSTUP_TOOLCHAIN -u CARGO_BUILD_TARGET -u RUSTC_WORKSPACE_WRAPPER \
    PATH="$prefix/bin:/usr/bin:$PATH" RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTC_BOOTSTRAP_SYNTHETIC_TARGET=1 \
    __CARGO_TESTS_ONLY_SRC_ROOT="$prefix/library" __CARGO_DEFAULT_LIB_METADATA=heliograph CARGO_ENCODED_RUSTFLAGS="${encoded%$'\x1f'}" \
    RUSTC_WRAPPER="$prefix/bin/rustc_wrapper.sh" CARGO_TARGET_DIR="$target_dir" \
    /usr/bin/cargo build --release --locked --package "$package" --lib \
    -Z json-target-spec -Z build-std=std,panic_abort --target "$prefix/sbf-solana-solana.json") ||
    die "$package does not compile to Solana bytecode"

  local built=$target_dir/sbf-solana-solana/release/$file
  [ -f "$built" ] || die "$package made no $file; its Cargo.toml needs crate-type = [\"cdylib\", \"lib\"]"
  put "$built" "$file"
  mkdir -p "$kept"
  cp "$built" "$kept/.$file.part"
  mv "$kept/.$file.part" "$kept/$file"
}

# put BYTECODE FILE: where Anchor would put it.
put() {
  mkdir -p "$deploy"
  cp "$1" "$deploy/.$2.part"
  publish_if_changed "$deploy/.$2.part" "$deploy/$2"
  printf '%-32s %8s bytes  sha256 %s\n' "$2" "$(stat -c %s "$deploy/$2")" "$(sha256_of "$deploy/$2")"
}

# Hash of all that the bytecode follows from. Cargo goes by the time of files, and in a new clone all are new.
sources_hash() {
  (
    cd "$REPO_ROOT"
    find Cargo.toml Cargo.lock programs scripts/sbf sdk/protocol/Cargo.toml sdk/protocol/src -type f ! -name '*.md' -print0 |
      LC_ALL=C sort -z | xargs -0 sha256sum
    cat "$prefix/toolchain.id"
  ) | sha256sum | cut -d' ' -f1
}

programs=("$@")
if [ ${#programs[@]} -eq 0 ]; then
  for manifest in "$REPO_ROOT"/programs/*/Cargo.toml; do
    [ -f "$manifest" ] || die "no programs under $REPO_ROOT/programs"
    programs+=("$(basename "$(dirname "$manifest")")")
  done
fi

lock sbf-build

# Cargo does not see the linker, the helpers or std's patch: a changed toolchain starts from nothing.
toolchain=$(cat "$prefix/toolchain.id")
if [ -d "$target_dir" ] && ! stamp_is "$target_dir/toolchain.id" "$toolchain"; then
  info "the toolchain changed: compiling everything anew"
  rm -rf "$target_dir"
fi
mkdir -p "$target_dir"
stamp_set "$target_dir/toolchain.id" "$toolchain"

# Bytecode of these sources, once it has been compiled. The last eight states of them are kept.
kept=$target_dir/kept/$(sources_hash)
mkdir -p "$target_dir/kept"
find "$target_dir/kept" -mindepth 1 -maxdepth 1 -printf '%T@ %p\n' | sort -rn | tail -n +9 | cut -d' ' -f2- | xargs -r rm -rf

step "Solana programs: ${programs[*]}"
for program in "${programs[@]}"; do build "$program"; done
