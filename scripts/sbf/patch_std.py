#!/usr/bin/env python3
"""Teaches a copy of Rust's std the `solana` operating system.

On chain there is one thread, no randomness, no output, and the program brings its own allocator and panic handler.
Everything else std asks of an operating system is answered "unsupported" by std's own fallback.

Usage: patch_std.py PATH/TO/library/std/src

The edits were written for Rust 1.96. Each one looks for the text it changes and stops when that is not found, so a
different std fails here and not on chain.
"""

import pathlib
import sys

ALLOCATOR = """use crate::alloc::{GlobalAlloc, Layout, System};

// Programs bring their own global allocator; the system one only refuses.
#[stable(feature = "alloc_system_type", since = "1.28.0")]
unsafe impl GlobalAlloc for System {
    #[inline]
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }
    #[inline]
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
"""

# A fixed hash seed: every validator must compute the same.
FIXED_HASH_SEED = """
        #[cfg(target_os = "solana")]
        return RandomState { k0: 0, k1: 0 };
"""

PROGRAM_PANIC = """
    #[cfg(target_os = "solana")]
    {
        unsafe extern "Rust" {
            fn custom_panic(info: &core::panic::PanicInfo<'_>);
        }
        unsafe { custom_panic(info) };
        crate::process::abort();
    }
"""

# Nothing unwinds and nobody reads a hook's output; leaving it out keeps std's printing code out of the program.
NO_PANIC_HOOK = """
    #[cfg(target_os = "solana")]
    crate::process::abort();
"""


class Source:
    """The std sources being edited."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        if not (self.root / "panicking.rs").is_file():
            sys.exit(f"error: {self.root} is not std's source folder")

    def replace(self, name, old, new):
        """Replaces the first occurrence of `old`."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        if old not in text:
            sys.exit(f"error: {path}: text to change not found; the edits were written for Rust 1.96")
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def insert_after(self, name, marker, new):
        """Adds `new` right after the first occurrence of `marker`."""
        self.replace(name, marker, marker + new)

    def insert_into_function(self, name, head, opening, new):
        """Adds `new` at the start of the body of the function whose signature starts with `head`."""
        text = (self.root / name).read_text(encoding="utf-8")
        start = text.find(head)
        end = text.find(opening, start)
        if start < 0 or end < 0:
            sys.exit(f"error: {self.root / name}: {head!r} not found; the edits were written for Rust 1.96")
        end += len(opening)
        (self.root / name).write_text(text[:end] + new + text[end:], encoding="utf-8")


def main(root):
    std = Source(root)

    # Allocation: an alignment for the architecture, and the refusing allocator.
    (std.root / "sys/alloc/solana.rs").write_text(ALLOCATOR, encoding="utf-8")
    std.insert_after("sys/alloc/mod.rs", '    target_arch = "sparc",\n', '    target_arch = "bpf",\n')
    std.insert_after(
        "sys/alloc/mod.rs",
        '    target_os = "zkvm" => {\n        mod zkvm;\n    }\n',
        '    target_os = "solana" => {\n        mod solana;\n    }\n',
    )

    # Errors, thread locals (the storage and the exit guard) and randomness as on zkvm and vexos, which lack them too.
    std.insert_after("sys/io/error/mod.rs", '        target_os = "zkvm",\n', '        target_os = "solana",\n')
    for indent in (" " * 8, " " * 12):
        std.insert_after(
            "sys/thread_local/mod.rs",
            f'\n{indent}target_os = "zkvm",\n',
            f'{indent}target_os = "solana",\n',
        )
    std.insert_after(
        "sys/random/mod.rs",
        '        target_os = "xous",\n        target_os = "vexos",\n',
        '        target_os = "solana",\n',
    )
    std.replace(
        "sys/random/mod.rs",
        '    target_os = "vexos",\n)))]',
        '    target_os = "vexos",\n    target_os = "solana",\n)))]',
    )
    std.insert_after("hash/random.rs", "pub fn new() -> RandomState {", FIXED_HASH_SEED)

    # Panics: the program's handler, then abort.
    std.insert_after(
        "panicking.rs",
        "pub fn panic_handler(info: &core::panic::PanicInfo<'_>) -> ! {",
        PROGRAM_PANIC,
    )
    std.insert_into_function("panicking.rs", "fn panic_with_hook(", ") -> ! {", NO_PANIC_HOOK)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
