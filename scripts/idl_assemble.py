#!/usr/bin/env python3
"""Assembles the sections that an Anchor program's `idl-build` test prints into one IDL, on standard output.

Usage: cargo test ... __anchor_private_print_idl -- --show-output --quiet | idl_assemble.py > program.json

Follows `anchor-lang-idl` 0.1 (its build.rs), which `anchor idl build` uses: same sections, same order of fields, same
shortening of type paths, same checks. The order of the printed sections does not matter.
"""

import json
import re
import sys

BEGIN = re.compile(r"--- IDL begin (address|const|event|errors|program) ---")
# The fields after `metadata`, in the order of the file; optional ones are left out when empty.
FIELDS = ["docs", "instructions", "accounts", "events", "errors", "types", "constants"]
REQUIRED = {"instructions"}
# Some sections are printed with sorted keys; this is the order of the fields in the structs they stand for.
KEYS = (
    "kind code name msg docs discriminator writable signer optional address pda relations accounts args returns "
    "serialization repr generics type value path account seeds program packed align fields variants alias"
).split()
TYPE_PATH = re.compile(r'"(?:\w+::)+(\w+)"')


def fail(message):
    sys.exit(f"error: {message}")


def sections(lines):
    """`(kind, text)` of each delimited section."""
    lines = iter(lines)
    for line in lines:
        match = BEGIN.fullmatch(line)
        if not match:
            continue
        kind, body = match.group(1), []
        if kind == "address":
            yield kind, next(lines, "")
            continue
        for line in lines:
            if line == f"--- IDL end {kind} ---":
                break
            body.append(line)
        else:
            fail(f"section {kind!r} has no end")
        yield kind, "\n".join(body)


def in_order(value):
    """The same value with the keys of each object in the order of `KEYS`."""
    if isinstance(value, list):
        return [in_order(item) for item in value]
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: KEYS.index(key) if key in KEYS else len(KEYS))
        return {key: in_order(value[key]) for key in keys}
    return value


def collect(lines):
    """The IDL with full type paths."""
    address, program, errors = "", None, None
    constants, events, types = [], [], {}
    for kind, text in sections(lines):
        if kind == "address":
            address = re.sub(r"[^0-9A-Za-z]", "", text)
            continue
        value = json.loads(text)
        if kind == "const":
            constants.append(value)
        elif kind == "event":
            events.append(value["event"])
            types.update((item["name"], item) for item in value["types"])
        elif kind == "errors":
            if errors is not None:
                fail("more than one #[error_code] is not allowed")
            errors = value
        else:
            program = value
    if program is None:
        fail("no program section: does the crate have the feature `idl-build`?")
    if not address:
        fail("no address: does the crate call declare_id!?")
    types.update((item["name"], item) for item in program.get("types", []))

    program |= {"constants": constants, "events": events, "errors": errors or [], "types": list(types.values())}
    idl = {"address": address, "metadata": program["metadata"]}
    for field in FIELDS:
        if program.get(field) or field in REQUIRED:
            idl[field] = in_order(program.get(field, []))
    return idl


def shorten_paths(idl):
    """Replaces `a::b::Name` by `Name` wherever that stays unambiguous."""
    text = json.dumps(idl, ensure_ascii=False, separators=(",", ":"))
    for match in list(TYPE_PATH.finditer(text)):
        path, name = match.group(0), match.group(1)
        shortened = text.replace(path, f'"{name}"')
        if not re.search(rf'"(?:\w+::)+{name}"', shortened):
            text = shortened
    return json.loads(text)


def sort(idl):
    for field in ("accounts", "constants", "events", "instructions", "types"):
        if field in idl:
            idl[field].sort(key=lambda item: item["name"])


def verify(idl):
    """Discriminators must tell items apart."""
    for field in ("accounts", "events", "instructions"):
        items = idl.get(field, [])
        for item in items:
            if not item["discriminator"]:
                fail(f"{field}: {item['name']} has an empty discriminator")
            for other in items:
                same = item["discriminator"][: len(other["discriminator"])] == other["discriminator"]
                if other["name"] != item["name"] and same:
                    fail(f"{field}: the discriminators of {item['name']} and {other['name']} are ambiguous")
    for account in idl.get("accounts", []):
        if not any(account["discriminator"]):
            fail(f"accounts: {account['name']} has a discriminator of zeros")


def main():
    idl = shorten_paths(collect(sys.stdin.read().splitlines()))
    sort(idl)
    verify(idl)
    json.dump(idl, sys.stdout, ensure_ascii=False, indent=2)
    print()


if __name__ == "__main__":
    main()
