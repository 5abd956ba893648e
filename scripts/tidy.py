#!/usr/bin/env python3
"""Checks what no compiler checks: text that does not belong in the repository, file lengths, dependency edges.

Usage: tidy.py     from the repository root; prints each finding as path:line, and exits with 1 when there is one
"""

import json
import pathlib
import re
import subprocess
import sys

# Written so that no expression matches its own source text.
FORBIDDEN_TEXT = [
    (re.compile(r"(?<![\w$}/.-])/(?:root)/"), "a path of one machine"),
    (re.compile(r"(?<![\w$}/.-])/(?:home|Users)/(?!\$)[a-z][a-z0-9_-]*/"), "a path of one machine"),
    (re.compile(r"/(?:work)/(?:main|shared|\.library)"), "a path of one machine"),
    (re.compile(r"(?:deb|security|snapshot)\.debian\.(?:org)"), "a package registry's host"),
    (re.compile(r"(?:pypi|pythonhosted)\.(?:org)"), "a package registry's host"),
    (re.compile(r"(?:registry\.npmjs|registry\.yarnpkg)\.(?:org|com)"), "a package registry's host"),
    (re.compile(r"(?:index|static)\.crates\.(?:io)"), "a package registry's host"),
    (re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE (?:KEY)-----"), "a private key"),
    (re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE), "a merge conflict"),
]

# A file is one idea: past ~400 lines look for the seam, past this it must be found. Generated files are exempt (they
# say @generated near the top), and so are the ones here until someone splits them; their number may only fall.
SOURCE_LINES_MAX = 600
LONG_FILES = {}

# --- Which way things may point ---------------------------------------------------------------------------------

PROGRAMS = {"programs/*"}
# Who may have which of our crates as a normal or build dependency, by folder. Tests look anywhere: development
# dependencies are free, except that nothing imports a binary.
ALLOWED = [
    ("sdk/protocol", set()),
    ("programs/*", {"sdk/protocol"} | PROGRAMS),
    ("sdk/client", {"sdk/protocol"} | PROGRAMS),
    # The auditor reads the keeper's archives: docs/decisions/0001-rooms-beside-the-plan.md.
    ("sdk/audit", {"sdk/client", "sdk/protocol", "keeper/store"} | PROGRAMS),
    ("sdk/quality", {"sdk/client", "sdk/protocol"} | PROGRAMS),
    ("migrations", {"sdk/client", "sdk/protocol"} | PROGRAMS),
    ("keeper/store", {"sdk/protocol"}),
    # Knows no program: anyone's programs run on it.
    ("keeper/localnet", set()),
    ("keeper/workers/ipc", {"sdk/protocol"}),
    ("keeper/workers/*", {"sdk/protocol", "keeper/workers/ipc"}),
    # The roofs.
    ("sdk/cli", {"*"}),
    ("keeper/daemon", {"*"}),
    ("tests", {"*"}),
    ("tests/*", {"*"}),
    # Any other folder of the keeper is a role. Roles never see each other: the daemon wires them.
    ("keeper/*", {"sdk/client", "sdk/protocol", "sdk/quality", "keeper/store", "keeper/workers/ipc"} | PROGRAMS),
]
BINARIES = {"sdk/cli", "keeper/daemon", "keeper/workers/stt", "keeper/workers/sfu"}

# Crates from outside that some of ours must not have: (folders, dependency, exceptions, why).
FORBIDDEN_CRATES = [
    (
        {"sdk/protocol"},
        # The hasher is a pure function too; on chain it is the syscall.
        re.compile(r"tokio|async-std|reqwest|sqlx|rand|chrono|solana-(?!sha256-hasher$).*|anchor-.*"),
        "the rules are pure: no I/O, no clock, no chance, no chain",
    ),
    (
        {"keeper/workers/*"},
        re.compile(r"solana-.*|anchor-.*|spl-.*|surfpool-.*|litesvm"),
        "a worker knows no chain",
    ),
    (
        {"keeper/*", "sdk/audit", "sdk/cli", "migrations"},
        re.compile(r"solana-client|solana-rpc-client|solana-pubsub-client"),
        "only sdk/client speaks RPC",
    ),
]


def folder_matches(folder, pattern):
    """`a/*` is any folder directly in `a`; `*` is any folder at all."""
    if pattern == "*":
        return True
    return re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]+"), folder) is not None


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def files():
    """Tracked files and new ones that git does not ignore, if they still exist."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    return sorted({name for name in listed if name and pathlib.Path(name).is_file()})


def check_text(name, text):
    for expression, what in FORBIDDEN_TEXT:
        for match in expression.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{name}:{line}: {what}: {match.group(0).strip()}"


def check_length(name, text):
    if not name.endswith((".rs", ".ts", ".mjs")) or "@generated" in text[:500]:
        return
    lines, allowed = text.count("\n"), LONG_FILES.get(name, SOURCE_LINES_MAX)
    if lines > allowed:
        yield f"{name}:{lines}: {lines} lines, at most {allowed} allowed: find the seam and split it"
    elif name in LONG_FILES and lines <= SOURCE_LINES_MAX:
        yield f"{name}:1: short enough now: take it off LONG_FILES in scripts/tidy.py"
    elif name in LONG_FILES and lines < allowed:
        yield f"{name}:1: lower its number in LONG_FILES (scripts/tidy.py) to {lines}"


def check_edges():
    metadata = json.loads(run("cargo", "metadata", "--format-version", "1", "--no-deps", "--locked"))
    root = pathlib.Path(metadata["workspace_root"])
    for package in metadata["packages"]:
        folder = str(pathlib.Path(package["manifest_path"]).parent.relative_to(root))
        for dependency in package["dependencies"]:
            production = dependency["kind"] != "dev"
            if dependency.get("path"):
                target = str(pathlib.Path(dependency["path"]).relative_to(root))
                yield from check_own_edge(folder, target, production)
            elif production:
                yield from check_outside_edge(folder, dependency["name"])


def check_own_edge(folder, target, production):
    where = f"{folder}/Cargo.toml"
    if target in BINARIES:
        yield f"{where}:1: depends on {target}: nothing imports a binary"
    if not production:
        return
    # Anything may be allowed everything in ALLOWED, never by being absent from it.
    allowed = next((targets for pattern, targets in ALLOWED if folder_matches(folder, pattern)), None)
    if allowed is None:
        yield f"{where}:1: {folder} has no rule in ALLOWED (scripts/tidy.py): say what it may depend on"
    elif not any(folder_matches(target, pattern) for pattern in allowed):
        yield f"{where}:1: depends on {target}, but may only on: {', '.join(sorted(allowed)) or 'nothing of ours'}"


def check_outside_edge(folder, name):
    for folders, expression, why in FORBIDDEN_CRATES:
        if any(folder_matches(folder, pattern) for pattern in folders) and expression.fullmatch(name):
            yield f"{folder}/Cargo.toml:1: depends on {name}: {why}"


def main():
    findings = []
    for name in files():
        try:
            text = pathlib.Path(name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        findings += check_text(name, text)
        findings += check_length(name, text)
    for name in LONG_FILES:
        if not pathlib.Path(name).is_file():
            findings.append(f"scripts/tidy.py:1: LONG_FILES names {name}, which is gone")
    findings += check_edges()
    for finding in findings:
        print(finding, file=sys.stderr)
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
