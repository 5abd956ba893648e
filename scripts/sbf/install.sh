#!/usr/bin/env bash
# Installs the toolchain that compiles our programs to Solana bytecode (sBPF), from Debian packages and crates.io alone.
# Usage: scripts/sbf/install.sh
#
# Everything goes to $HELIOGRAPH_CACHE/sbf (about 600 MB). Safe to run again: finished steps are skipped, and a step whose inputs
# changed (a version, the std patch, the built-ins) is done anew. An interrupted run goes on where it stopped.
#
# The parts: Debian's rustc and its library source (rustc-web, kept current for browsers), clang for the 128-bit
# helpers, LLVM 23's shared library (unpacked, never installed), and sbpf-linker, which uses it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/../lib.sh"

SBPF_LINKER_VERSION=0.2.6
LLVM_MAJOR=23
RUST_SERIES=1.96 # the std that patch_std.py was written for
prefix=$HELIOGRAPH_CACHE/sbf

install_packages() {
  step "Solana bytecode toolchain: Debian packages"
  [ "$(dpkg --print-architecture)" = amd64 ] || die "this toolchain is put together for amd64 only"
  apt_need rustc-web cargo-web rust-web-src clang-22 gcc libc6-dev python3
  rust_version=$(/usr/bin/rustc --version | cut -d' ' -f2)
  case $rust_version in
    "$RUST_SERIES".*) ;;
    *) die "/usr/bin/rustc is $rust_version, but the std patch is for $RUST_SERIES; install Debian's rustc-web, cargo-web and rust-web-src of that series" ;;
  esac
  [ -d "/usr/src/rustc-$rust_version/library" ] || die "rust-web-src does not match rustc-web $rust_version; run apt-get install --reinstall rust-web-src"
}

# LLVM 22's BPF backend rejects libcalls, arguments on the stack and two-register returns; LLVM 23's takes them. Debian
# has it in sid, against a newer C library: both are unpacked beside the system, and apt checks their signatures.
unpack_llvm() {
  local llvm=$prefix/llvm stamp=$prefix/llvm.stamp inputs
  inputs=$(inputs_hash "llvm $LLVM_MAJOR" "layout 2")
  if stamp_is "$stamp" "$inputs" && [ -e "$llvm/only" ]; then return; fi
  step "Solana bytecode toolchain: LLVM $LLVM_MAJOR (about 80 MB to download)"

  local mirror work opts suite
  # shellcheck disable=SC2016  # apt's own placeholders
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | sort -u | head -n 1) ||
    die "no Debian mirror among apt's sources; this step needs Debian's sid packages"
  work=$prefix/llvm.part
  rm -rf "$work"
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/root"
  opts=(-o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=)
  for suite in sid testing; do
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$mirror" "$suite" >"$work/sources.list"
    info "reading the package list of $suite"
    if ! apt-get "${opts[@]}" update -qq 2>"$work/update.log"; then
      cat "$work/update.log" >&2
      grep -q 'is expired' "$work/update.log" || die "cannot read Debian's $suite package list"
      warn "the mirror's list of $suite is past its date: a mirror that lags, or is held back. Its signature holds; going on"
      opts+=(-o Acquire::Check-Valid-Until=false)
      apt-get "${opts[@]}" update -qq || die "cannot read Debian's $suite package list"
    fi
    if apt-cache "${opts[@]}" show "libllvm$LLVM_MAJOR" >/dev/null 2>&1; then break; fi
  done
  info "downloading from $suite"
  (cd "$work/debs" && apt-get "${opts[@]}" download -qq "libllvm$LLVM_MAJOR" libc6 libstdc++6 libgcc-s1 libxml2-16 \
    libz3-4 libzstd1 zlib1g libedit2 libffi8 libtinfo6 libbsd0 libmd0) || die "cannot download LLVM $LLVM_MAJOR from Debian's $suite"

  local deb library
  for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/root"; done
  library=$(find "$work/root" -name "libLLVM.so.$LLVM_MAJOR*" ! -type l | head -n 1)
  [ -n "$library" ] || library=$(find "$work/root" -name "libLLVM.so.$LLVM_MAJOR*" | head -n 1)
  [ -n "$library" ] || die "libllvm$LLVM_MAJOR holds no libLLVM.so.$LLVM_MAJOR*"
  # A folder with this library alone: the linker looks LLVM up there, everything else must come from its own runtime.
  mkdir "$work/only"
  ln -s "../root/usr/lib/x86_64-linux-gnu/$(basename "$library")" "$work/only/"
  for deb in "$work"/debs/*.deb; do dpkg-deb -W "$deb"; done >"$work/versions"
  rm -rf "$work/debs" "$work/lists" "$work/cache" "$work/sources.list" "$work/update.log"
  publish "$work" "$llvm"
  stamp_set "$stamp" "$inputs"
}

install_linker() {
  local root=$prefix/linker
  if [ ! -x "$root/$SBPF_LINKER_VERSION/bin/sbpf-linker" ]; then
    step "Solana bytecode toolchain: sbpf-linker $SBPF_LINKER_VERSION (compiles for about a minute)"
    env -u RUSTFLAGS -u RUSTUP_TOOLCHAIN -u CARGO_BUILD_TARGET PATH="/usr/bin:$PATH" RUSTC=/usr/bin/rustc \
      CARGO_TARGET_DIR="$prefix/linker-build" /usr/bin/cargo install sbpf-linker --version "=$SBPF_LINKER_VERSION" \
      --locked --force --no-track --root "$root/$SBPF_LINKER_VERSION"
    rm -rf "$prefix/linker-build"
  fi

  # The wrapper starts the linker with the C runtime that LLVM was built against, and hands it the 128-bit helpers:
  # named here and not in rustc's flags, this folder's path cannot reach a program's hash.
  local lib=$prefix/llvm/root/usr/lib/x86_64-linux-gnu
  mkdir -p "$prefix/bin"
  cat >"$prefix/bin/sbpf-linker.part" <<WRAPPER
#!/usr/bin/env bash
export LD_LIBRARY_PATH='$prefix/llvm/only'
exec '$lib/ld-linux-x86-64.so.2' --library-path '$lib' '$root/$SBPF_LINKER_VERSION/bin/sbpf-linker' '$prefix/builtins.bc' "\$@"
WRAPPER
  chmod +x "$prefix/bin/sbpf-linker.part"
  publish_if_changed "$prefix/bin/sbpf-linker.part" "$prefix/bin/sbpf-linker"
}

copy_std() {
  local stamp=$prefix/std.stamp inputs
  inputs=$(inputs_hash "std $rust_version" "$here/patch_std.py")
  if stamp_is "$stamp" "$inputs" && [ -d "$prefix/library/std" ]; then return; fi
  step "Solana bytecode toolchain: std $rust_version with the solana target"
  rm -rf "$prefix/library.part"
  cp -rL "/usr/src/rustc-$rust_version/library" "$prefix/library.part"
  python3 "$here/patch_std.py" "$prefix/library.part/std/src"
  publish "$prefix/library.part" "$prefix/library"
  stamp_set "$stamp" "$inputs"
}

compile_builtins() {
  local stamp=$prefix/builtins.stamp inputs
  inputs=$(inputs_hash "$(clang-22 --version | head -n 1)" "$here/builtins.c")
  if ! stamp_is "$stamp" "$inputs" || [ ! -f "$prefix/builtins.bc" ]; then
    step "Solana bytecode toolchain: 128-bit helpers"
    # From inside the folder: the bitcode records the file name it was given.
    (cd "$here" && clang-22 -target bpfel -mcpu=v2 -O2 -emit-llvm -c builtins.c -o "$prefix/builtins.bc.part")
    publish "$prefix/builtins.bc.part" "$prefix/builtins.bc"
    stamp_set "$stamp" "$inputs"
  fi
}

# Copied, so that builds from different clones share what they compiled.
copy_files() {
  cp "$here/sbf-solana-solana.json" "$prefix/target.json.part"
  publish_if_changed "$prefix/target.json.part" "$prefix/sbf-solana-solana.json"
  cp "$here/rustc_wrapper.sh" "$prefix/bin/rustc_wrapper.part"
  publish_if_changed "$prefix/bin/rustc_wrapper.part" "$prefix/bin/rustc_wrapper.sh"
}

check() {
  local version
  version=$("$prefix/bin/sbpf-linker" --version 2>&1) || die "the linker does not start: $version
delete $prefix and run the script again"
}

mkdir -p "$prefix"
lock sbf-install
install_packages
unpack_llvm
install_linker
copy_std
compile_builtins
copy_files
check
# What build.sh compares to know that earlier output is stale.
stamp_set "$prefix/toolchain.id" "$(inputs_hash "$rust_version" "$prefix/std.stamp" "$(grep "^libllvm" "$prefix/llvm/versions")" \
  "$SBPF_LINKER_VERSION" "$prefix/builtins.bc" "$prefix/sbf-solana-solana.json" "$prefix/bin/rustc_wrapper.sh")"
info "Solana bytecode toolchain ready in $prefix (rustc $rust_version, LLVM $(awk '$1 ~ /^libllvm/ { print $2 }' "$prefix/llvm/versions"))"
