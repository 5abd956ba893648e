#!/usr/bin/env python3
"""Checks messages.json without any code of the network: struct packs, hashlib hashes.

Usage: check.py [FILE...], by default messages.json beside this script. Says on stdout which files
agree and on stderr what differs in the others. Exit status 0: all agree; 1: one does not.
Keys and signatures are not checked here, because the standard library has no ed25519.
"""

import hashlib
import json
import pathlib
import struct
import sys

U64_MAX = 2**64 - 1
KINDS = {"receipt": 1, "voucher": 2, "stream_open": 3, "batch": 4, "root_statement": 5}


def sha256(data):
    return hashlib.sha256(data).digest()


def u64(text):
    """64-bit numbers are decimal strings in the file."""
    value = int(text)
    if not isinstance(text, str) or not 0 <= value <= U64_MAX:
        raise ValueError(f"not a 64-bit number: {text!r}")
    return value


def raw(text, length=None):
    data = bytes.fromhex(text)
    if length is not None and len(data) != length:
        raise ValueError(f"{len(data)} bytes where {length} belong")
    return data


def string(text):
    data = text.encode()
    return struct.pack("<I", len(data)) + data


def sequence(items):
    return struct.pack("<I", len(items)) + b"".join(items)


# Canonical bytes


def receipt(f):
    usage, quality = f["usage"], f["quality"]
    return b"".join(
        (
            raw(f["channel"], 32),
            raw(f["session"], 32),
            struct.pack(
                "<IQQQQQ",
                f["sequence"],
                u64(f["minute_index"]),
                u64(f["opened_at_unix_ms"]),
                u64(f["closed_at_unix_ms"]),
                u64(f["media_start_sample"]),
                u64(f["media_end_sample"]),
            ),
            struct.pack("<4I", *usage["secs"]),
            struct.pack("<QQ", u64(usage["bytes_in"]), u64(usage["bytes_out"])),
            struct.pack(
                "<4I",
                quality["rtt_p95_ms"],
                quality["jitter_p95_ms"],
                quality["loss_ppm"],
                quality["transcript_latency_p95_ms"],
            ),
            struct.pack("<I", f["records_count"]),
            raw(f["records_root"], 32),
            struct.pack("<QQ", u64(f["amount_micro_usdc"]), u64(f["cumulative_micro_usdc"])),
            raw(f["previous_receipt_hash"], 32),
        )
    )


def voucher(f):
    return b"".join(
        (
            raw(f["channel"], 32),
            raw(f["session"], 32),
            struct.pack("<IQ", f["sequence"], u64(f["cumulative_micro_usdc"])),
            raw(f["receipt_hash"], 32),
        )
    )


def stream_open(f):
    return b"".join(
        (
            raw(f["session"], 32),
            raw(f["node_key"], 32),
            struct.pack("<Q", u64(f["issued_at_unix_ms"])),
            raw(f["nonce"], 16),
        )
    )


def root_statement(f):
    return b"".join(
        (
            raw(f["observer"], 32),
            struct.pack("<Q", u64(f["epoch"])),
            raw(f["root"], 32),
            struct.pack("<I", f["leaves_count"]),
        )
    )


BODIES = {"receipt": receipt, "voucher": voucher, "stream_open": stream_open, "root_statement": root_statement}


def signing_bytes(version, message):
    kind = message["kind"]
    prefix = b"heliograph" + bytes((version, KINDS[kind])) + raw(message["domain"], 32)
    return prefix + BODIES[kind](message["fields"])


def record(f):
    return b"".join(
        (
            string(f["engine"]),
            string(f["engine_version"]),
            raw(f["model_sha256"], 32),
            string(f["language"]),
            string(f["parameters"]),
            string(f["filters"]),
            raw(f["audio_sha256"], 32),
            struct.pack("<QQ", u64(f["audio_start_sample"]), u64(f["audio_end_sample"])),
            raw(f["text_sha256"], 32),
            struct.pack("<QQ", u64(f["started_at_unix_ms"]), u64(f["finished_at_unix_ms"])),
        )
    )


FIGURES = ("samples", "availability_ppm", "rtt_p95_us", "jitter_p95_us", "loss_ppm", "setup_p95_us", "wer_ppm")
NOT_MEASURED = 2**32 - 1


def observation(f):
    numbers = [f["figures"][name] for name in FIGURES]
    numbers = [NOT_MEASURED if n is None else n for n in numbers]
    return raw(f["observer"], 32) + struct.pack("<Q", u64(f["epoch"])) + raw(f["node"], 32) + struct.pack("<7I", *numbers) + raw(f["samples_root"], 32)


SAMPLE = (
    "at_secs",
    "setup_us",
    "rtt_us",
    "jitter_us",
    "packets_sent",
    "packets_lost",
    "words_spoken",
    "words_wrong",
    "latency_us",
)
SAMPLES_MAX = 256


def sample(f):
    return struct.pack("<9I", *(NOT_MEASURED if f[name] is None else f[name] for name in SAMPLE))


def is_good(f):
    sent = f["packets_sent"] > 0 or f["words_spoken"] > 0
    echoed = f["packets_sent"] == 0 or f["packets_lost"] < f["packets_sent"]
    return sent and echoed and (f["words_spoken"] == 0 or f["latency_us"] is not None)


def malformed(samples, epoch_secs):
    """Why samples give no figures: of the first that is wrong, or of their count."""
    before = -1
    for i, f in enumerate(samples):
        if i == SAMPLES_MAX:
            return "TooMany"
        if f["at_secs"] >= epoch_secs:
            return "AfterTheEpoch"
        if f["at_secs"] <= before:
            return "OutOfOrder"
        if f["packets_lost"] > f["packets_sent"]:
            return "MoreLostThanSent"
        before = f["at_secs"]
    return None if samples else "Empty"


def figures(samples):
    good = [f for f in samples if is_good(f)]

    def p95(name):
        values = sorted(f[name] for f in good if f[name] is not None)
        return values[-(-len(values) * 95 // 100) - 1] if values else None

    def ppm(part, whole):
        return min(part * 1_000_000 // whole, NOT_MEASURED - 1) if whole else None

    def total(name):
        return sum(f[name] for f in good)

    return {
        "samples": len(samples),
        "availability_ppm": ppm(len(good), len(samples)),
        "rtt_p95_us": p95("rtt_us"),
        "jitter_p95_us": p95("jitter_us"),
        "loss_ppm": ppm(total("packets_lost"), total("packets_sent")),
        "setup_p95_us": p95("setup_us"),
        "wer_ppm": ppm(total("words_wrong"), total("words_spoken")),
    }


def signed(message):
    data = raw(message["signing_bytes"])
    return (
        struct.pack("<I", len(data))
        + data
        + raw(message["public_key"], 32)
        + raw(message["signature"], 64)
    )


# Merkle trees, by the recursive definition in RFC 6962, section 2.1


def leaf(data):
    return sha256(b"\x00" + data)


def left_count(count):
    """The largest power of two below count."""
    return 1 << (count - 1).bit_length() - 1


def root(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = left_count(len(leaves))
    return sha256(b"\x01" + root(leaves[:k]) + root(leaves[k:]))


def path(leaves, index):
    if len(leaves) == 1:
        return []
    k = left_count(len(leaves))
    if index < k:
        return path(leaves[:k], index) + [root(leaves[k:])]
    return path(leaves[k:], index - k) + [root(leaves[:k])]


def range_path(leaves, first, end, base=0):
    """Subtrees beside the range, as (level, is on the right, hash); sorted, they are the proof."""
    if end <= base or base + len(leaves) <= first:
        raise ValueError("no leaf of the range here")
    if first <= base and base + len(leaves) <= end:
        return []
    k = left_count(len(leaves))
    level = k.bit_length()
    halves = (leaves[:k], base), (leaves[k:], base + k)
    beside = []
    for on_the_right, (half, start) in enumerate(halves):
        if end <= start or start + len(half) <= first:
            beside.append((level, on_the_right, root(half)))
        else:
            beside += range_path(half, first, end, start)
    return sorted(beside)


def batch_leaf(f):
    names = raw(f["app"], 32) + raw(f["node"], 32) + raw(f["session"], 32)
    return names + struct.pack("<Q", u64(f["cumulative_micro_usdc"])) + raw(f["evidence"], 32)


# Money; Python's integers do not overflow, so bounds are explicit


def amount(prices, secs):
    total = sum(p * s // 60 for p, s in zip(prices, secs, strict=True))
    return total if total <= U64_MAX else None


def split(operator_bps, settler_bps, before, after, settler):
    if operator_bps + settler_bps > 10_000 or after < before:
        return None
    operator = after * operator_bps // 10_000 - before * operator_bps // 10_000
    rest = after - before - operator
    to_settler = min((after - before) * settler_bps // 10_000, rest) if settler else 0
    return operator, to_settler, rest - to_settler


SERVICES = ("audio", "video", "data", "transcription")
RATE_HZ = 16_000


def receipt_fault(r, terms, tip):
    """Why a receipt does not follow from a session's terms and the receipt before; None if it does."""
    sequence, before, media_start, previous_hash = -1, 0, 0, bytes(32)
    if tip is not None:
        sequence, before, media_start = tip["sequence"], u64(tip["cumulative_micro_usdc"]), u64(tip["media_end_sample"])
        previous_hash = raw(tip["hash"], 32)
    if any(raw(r[name], 32) != raw(terms[name], 32) for name in ("channel", "session")):
        return "other_session"
    if sequence == 2**32 - 1:
        return "overflow"
    if r["sequence"] != sequence + 1:
        return "sequence"
    if raw(r["previous_receipt_hash"], 32) != previous_hash:
        return "broken_chain"
    secs = r["usage"]["secs"]
    if any(n > 0 and name not in terms["services"] for n, name in zip(secs, SERVICES, strict=True)):
        return "service_not_bought"
    if secs[3] > 60:
        return "minute_too_long"
    start, end = u64(r["media_start_sample"]), u64(r["media_end_sample"])
    if start != media_start or end < start or -(-(end - start) // RATE_HZ) != secs[3]:
        return "media"
    closed = u64(r["closed_at_unix_ms"])
    if closed < u64(r["opened_at_unix_ms"]) or u64(r["minute_index"]) != closed // 60_000:
        return "times"
    price = amount([u64(p) for p in terms["prices_micro_usdc"]], secs)
    if price is None:
        return "overflow"
    if u64(r["amount_micro_usdc"]) != price:
        return "amount"
    if before + price > U64_MAX:
        return "overflow"
    if u64(r["cumulative_micro_usdc"]) != before + price:
        return "cumulative"
    return "over_cap" if before + price > u64(terms["cap_micro_usdc"]) else None


def settles(settled, cap, escrow, bond, cumulative):
    if cumulative <= settled:
        return None, None, "stale"
    if cumulative > cap:
        return None, None, "over_cap"
    if escrow + bond == 0:
        return None, None, "escrow_empty"
    owed = cumulative - settled
    from_bond = min(max(owed - escrow, 0), bond)
    return min(owed, escrow) + from_bond, from_bond, None


def claims(settled, cap, escrow, batch_left, cumulative):
    if cumulative <= settled:
        return 0, None
    if cumulative > cap:
        return None, "over_cap"
    return min(cumulative - settled, escrow, batch_left), None


class ClaimRecord:
    """Two claims, as lists of settler, recent, earlier, since, period; whoever claimed last first."""

    def __init__(self):
        self.claims = [[bytes(32), 0, 0, 0, 0] for _ in range(2)]

    def is_final(self, claim, now):
        return claim[1] + claim[2] == 0 or now - claim[3] > 2 * claim[4]

    def claim(self, settler, amount, now, period):
        if amount == 0:
            return True
        known = [c for c in self.claims if c[0] == settler]
        rooms = known or [c for c in reversed(self.claims) if self.is_final(c, now)]
        if not rooms:
            return False
        mine = rooms[0]
        self.claims = [mine] + [c for c in self.claims if c is not mine]
        if not known or self.is_final(mine, now):
            mine[:] = [settler, 0, 0, now, period]
        elif now - mine[3] > mine[4]:
            mine[1:4] = [0, mine[1], now]
        mine[4] = max(mine[4], period)
        mine[1] += amount
        return True

    def prove(self, _settler, left, _now, _period):
        for claim in self.claims:
            claim[1] = min(claim[1], left)
            claim[2] = min(claim[2], left - claim[1])
            left -= claim[1] + claim[2]
        return True

    def restore(self, settler, amount, _now, _period):
        for claim in self.claims:
            if claim[0] == settler:
                if amount > claim[1] + claim[2]:
                    return False
                from_earlier = min(amount, claim[2])
                claim[2] -= from_earlier
                claim[1] -= amount - from_earlier
                return True
        return False


# Quality; parts per million throughout, and every division rounds down unless it says otherwise


def median(values):
    """The lower of the two in the middle; what was not measured is larger than anything."""
    ordered = sorted(values, key=lambda v: NOT_MEASURED if v is None else v)
    return ordered[(len(ordered) - 1) // 2]


def up(numerator, denominator):
    return -(-numerator // denominator)


def line(knots, x):
    """Linear between knots, constant outside of them."""
    if x <= knots[0][0]:
        return knots[0][1]
    for (x0, y0), (x1, y1) in zip(knots, knots[1:]):
        if x <= x1:
            return (y0 * (x1 - x) + y1 * (x - x0)) // (x1 - x0)
    return knots[-1][1]


def media(rtt_us, jitter_us, loss):
    delay_us, loss = (rtt_us or 0) + 2 * (jitter_us or 0), loss or 0
    by_delay = up(24 * delay_us + 110 * max(delay_us - 177_300, 0), 1_000)
    by_loss = up(95_000 * loss, loss + 251_000)
    return max(93_200 - by_delay - by_loss, 0) * 1_000_000 // 93_200


def score(f):
    whole, setup, wer = 1_000_000, f["setup_p95_us"], f["wer_ppm"]
    product = line(((900_000, 0), (990_000, 700_000), (999_000, whole)), f["availability_ppm"])
    product = product * media(f["rtt_p95_us"], f["jitter_p95_us"], f["loss_ppm"]) // whole
    if setup is not None:
        product = product * line(((1_000_000, whole), (6_000_000, 500_000), (11_000_000, 0)), setup) // whole
    if wer is not None:
        product = product * line(((50_000, whole), (250_000, 500_000), (500_000, 0)), wer) // whole
    return product


TOLERANCES = {
    "availability_ppm": 100_000,
    "rtt_p95_us": 400_000,
    "jitter_p95_us": 100_000,
    "loss_ppm": 50_000,
    "setup_p95_us": 3_000_000,
    "wer_ppm": 100_000,
}


def deviates(reported, middle):
    pairs = ((reported[name], middle[name], far) for name, far in TOLERANCES.items())
    return any(a is not None and b is not None and abs(a - b) > far for a, b, far in pairs)


def smoothed(scores):
    value = scores[0]
    for new in scores[1:]:
        value = (7 * value + new) // 8
    return value


def has_quorum(heard, posted, quorum):
    return heard > 0 and heard >= quorum and 3 * heard >= 2 * posted


# The file


def equal(what, found, expected):
    if found != expected:
        raise ValueError(f"{what}: the file says {found!r}, computed {expected!r}")


def check_messages(document):
    for m in document["messages"] + document["root_statements"]:
        equal("kind number", m["kind_number"], KINDS[m["kind"]])
        data = signing_bytes(document["version"], m)
        equal(f"signing bytes of {m['name']}", raw(m["signing_bytes"]), data)
        equal(f"hash of {m['name']}", raw(m["hash"]), sha256(data))


def check_receipts(document):
    for c in document["receipt_checks"]:
        computed = receipt_fault(c["receipt"], c["terms"], c["previous"])
        equal(f"check of {c}", c["error"], computed)


def check_records(document):
    by_name = {}
    for r in document["records"]:
        by_name[r["name"]] = data = record(r["fields"])
        text = r["fields"]["text"].encode()
        equal(f"text of {r['name']}", raw(r["fields"]["text_sha256"]), sha256(text))
        equal(f"bytes of {r['name']}", raw(r["borsh"]), data)
        equal(f"leaf of {r['name']}", raw(r["leaf"]), leaf(data))
    for vector in document["records_roots"]:
        leaves = [leaf(by_name[name]) for name in vector["records"]]
        equal(f"root over {vector['records']}", raw(vector["root"]), root(leaves))
    return by_name


def check_archive(document, records):
    messages = {m["name"]: m for m in document["messages"]}
    for a in document["archive"]:
        m = messages[a["message"]]
        name = m["hash"]
        equal(f"path of {m['name']}", a["path"], f"{m['kind']}s/{name[:2]}/{name}")
        data = signed(m)
        if a["records"] is not None:
            of_minute = [records[name] for name in a["records"]]
            data += sequence(of_minute)
            leaves = [leaf(r) for r in of_minute]
            equal("records root", raw(m["fields"]["records_root"]), root(leaves))
            equal("records count", m["fields"]["records_count"], len(leaves))
        equal(f"object of {m['name']}", raw(a["object"]), data)


def check_merkle(document):
    for vector in document["merkle"]:
        leaves = [leaf(raw(data)) for data in vector["leaves"]]
        what = f"of {len(leaves)} leaves"
        equal(f"leaf hashes {what}", [raw(h) for h in vector["leaf_hashes"]], leaves)
        equal(f"root {what}", raw(vector["root"]), root(leaves))
        paths = [[raw(h) for h in p] for p in vector["paths"]]
        equal(f"paths {what}", paths, [path(leaves, i) for i in range(len(leaves))])
        count = len(leaves)
        ranges = [(i, end) for i in range(count) for end in range(i + 2, count + 1)]
        equal(f"ranges {what}", [(r["first"], r["end"]) for r in vector["ranges"]], ranges)
        for r in vector["ranges"]:
            computed = [node for _, _, node in range_path(leaves, r["first"], r["end"])]
            equal(f"range path {what}", [raw(h) for h in r["path"]], computed)


def check_batches(document):
    previous = bytes(32)
    for b in document["batches"]:
        what = f"of minute {b['minute_index']}"
        leaves = []
        for f in b["leaves"]:
            evidence = sha256(raw(f["receipt_hash"], 32) + raw(f["voucher_hash"], 32))
            equal(f"evidence {what}", raw(f["evidence"]), evidence)
            leaves.append(leaf(batch_leaf(f)))
            equal(f"leaf {what}", raw(f["hash"]), leaves[-1])
        equal(f"root {what}", raw(b["root"]), root(leaves))
        header = b"heliograph" + bytes((document["version"], KINDS["batch"])) + raw(b["domain"], 32)
        header += raw(b["settler"], 32) + struct.pack("<Q", u64(b["minute_index"]))
        header += raw(b["root"], 32) + struct.pack("<IQ", len(leaves), u64(b["total_micro_usdc"]))
        equal(f"header {what}", raw(b["header_bytes"]), header)
        equal(f"previous chain {what}", raw(b["previous_chain"]), previous)
        previous = sha256(previous + header)
        equal(f"chain {what}", raw(b["chain"]), previous)


def check_claim_records(document):
    for vector in document["claim_records"]:
        record = ClaimRecord()
        for step in vector["steps"]:
            deed = getattr(record, step["deed"])
            amount, now, period = u64(step["micro_usdc"]), u64(step["now"]), step["period_secs"]
            done = deed(raw(step["settler"], 32), amount, now, period)
            equal(f"refusal of {step}", step["refused"], not done)
            after = [[raw(c[0], 32), *map(u64, c[1:])] for c in step["after"]]
            equal(f"record after {step}", after, record.claims)


def check_money(document):
    optional = lambda text: None if text is None else u64(text)
    for p in document["prices"]:
        computed = amount([u64(price) for price in p["prices_micro_usdc"]], p["secs"])
        equal(f"price of {p}", optional(p["amount_micro_usdc"]), computed)
    for s in document["shares"]:
        names = ("operator_micro_usdc", "settler_micro_usdc", "treasury_micro_usdc")
        found = s["split"] and tuple(u64(s["split"][name]) for name in names)
        before, after = u64(s["before_micro_usdc"]), u64(s["after_micro_usdc"])
        computed = split(s["operator_bps"], s["settler_bps"], before, after, s["settler"])
        equal(f"split of {s}", found, computed)
    for s in document["settles"]:
        names = ("settled", "cap", "escrow_available", "channel_bond", "voucher_cumulative")
        computed = settles(*(u64(s[f"{name}_micro_usdc"]) for name in names))
        found = (optional(s["settles_micro_usdc"]), optional(s["from_bond_micro_usdc"]), s["error"])
        equal(f"settlement of {s}", found, computed)
    for c in document["claims"]:
        names = ("settled", "cap", "escrow_available", "batch_left", "leaf_cumulative")
        computed = claims(*(u64(c[f"{name}_micro_usdc"]) for name in names))
        equal(f"claim of {c}", (optional(c["claims_micro_usdc"]), c["error"]), computed)


def check_samples(document):
    for s in document["samples"]:
        data = [sample(f) for f in s["samples"]]
        equal(f"bytes of {s['name']}", raw(s["bytes"]), b"".join(data))
        equal(f"root of {s['name']}", raw(s["root"]), root([leaf(d) for d in data]))
        error = malformed(s["samples"], s["epoch_secs"])
        equal(f"error of {s['name']}", s["error"], error)
        computed = None if error else figures(s["samples"])
        equal(f"figures of {s['name']}", s["figures"], computed)


def check_quality(document):
    by_name = {}
    for o in document["observations"]:
        by_name[o["name"]] = data = observation(o["fields"])
        equal(f"bytes of {o['name']}", raw(o["borsh"]), data)
        equal(f"leaf of {o['name']}", raw(o["leaf"]), leaf(data))
    for vector in document["observations_roots"]:
        leaves = [leaf(by_name[name]) for name in vector["leaves"]]
        equal(f"root over {vector['leaves']}", raw(vector["root"]), root(leaves))
    for s in document["scores"]:
        middle = {name: median([f[name] for f in s["reported"]]) for name in FIGURES}
        equal(f"medians of {s}", s["medians"], middle)
        equal(f"score of {s}", s["score_ppm"], score(middle))
        equal(f"deviations of {s}", s["deviates"], [deviates(f, middle) for f in s["reported"]])
    for s in document["smoothing"]:
        equal(f"smoothing of {s}", s["smoothed_ppm"], smoothed(s["scores_ppm"]))
    for q in document["quorums"]:
        equal(f"quorum of {q}", q["enough"], has_quorum(q["heard"], q["posted"], q["quorum"]))


def check_file(file):
    document = json.loads(file.read_text(encoding="utf-8"))
    try:
        equal("protocol", document["protocol"], "heliograph")
        equal("version", document["version"], 1)
        check_messages(document)
        check_receipts(document)
        check_archive(document, check_records(document))
        check_merkle(document)
        check_money(document)
        check_batches(document)
        check_claim_records(document)
        check_samples(document)
        check_quality(document)
        counts = {part: len(v) for part, v in document.items() if isinstance(v, list)}
        if not all(counts.values()):
            raise ValueError(f"parts are empty: {counts}")
    except (KeyError, ValueError, struct.error) as error:
        print(f"{file.name}: {error!r}", file=sys.stderr)
        return False
    print(f"{file.name}: all agree:", ", ".join(f"{n} {part}" for part, n in counts.items()))
    return True


def main():
    beside = pathlib.Path(__file__).with_name("messages.json")
    files = [pathlib.Path(name) for name in sys.argv[1:]] or [beside]
    return 0 if all([check_file(file) for file in files]) else 1


if __name__ == "__main__":
    sys.exit(main())
