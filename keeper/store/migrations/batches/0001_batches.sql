-- The settle role's database: vouchers it has collected, batches it stands behind.
--
-- Addresses, keys, hashes and signatures are raw bytes. Money is in micro-USDC, below 2^63.
-- The checks and triggers repeat what the code checks before: whatever writes to this file by
-- another way still cannot change a batch that has left the settler.

-- The network whose messages the other tables hold. One row.
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    domain BLOB NOT NULL CHECK (length(domain) = 32)
) STRICT;

-- The keeper account whose minutes these are. One row.
CREATE TABLE settler (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    keeper BLOB NOT NULL CHECK (length(keeper) = 32)
) STRICT;

-- How far each node's vouchers have been read, by the address they are read from.
CREATE TABLE cursors (
    endpoint TEXT PRIMARY KEY NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0)
) STRICT, WITHOUT ROWID;

-- Verified vouchers, as the settlement program needs them.
CREATE TABLE vouchers (
    hash BLOB PRIMARY KEY NOT NULL CHECK (length(hash) = 32),
    session BLOB NOT NULL REFERENCES sessions (session) DEFERRABLE INITIALLY DEFERRED,
    bytes BLOB NOT NULL,
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    cumulative_micro_usdc INTEGER NOT NULL CHECK (cumulative_micro_usdc > 0),
    collected_at_unix_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX vouchers_of_session ON vouchers (session);

-- Sessions vouchers were collected for, and the newest voucher of each.
CREATE TABLE sessions (
    session BLOB PRIMARY KEY NOT NULL CHECK (length(session) = 32),
    app BLOB NOT NULL CHECK (length(app) = 32),
    node BLOB NOT NULL CHECK (length(node) = 32),
    newest BLOB NOT NULL REFERENCES vouchers (hash) DEFERRABLE INITIALLY DEFERRED,
    newest_micro_usdc INTEGER NOT NULL CHECK (newest_micro_usdc > 0),
    -- What the chain says is settled, as last told.
    settled_micro_usdc INTEGER NOT NULL DEFAULT 0 CHECK (settled_micro_usdc >= 0),
    -- Since when there is more in vouchers than settled or in a batch under way.
    waiting_since_unix_ms INTEGER NOT NULL,
    -- 1 once nothing of it can be paid any more.
    over INTEGER NOT NULL DEFAULT 0 CHECK (over IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_waiting ON sessions (waiting_since_unix_ms) WHERE over = 0;

-- One row per minute, written before the batch is sent and never again under the same minute.
CREATE TABLE batches (
    minute_index INTEGER PRIMARY KEY CHECK (minute_index >= 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    count INTEGER NOT NULL CHECK (count > 0),
    total_micro_usdc INTEGER NOT NULL CHECK (total_micro_usdc > 0),
    state TEXT NOT NULL CHECK (state IN ('written', 'posted', 'lost', 'void', 'done')),
    created_at_unix_ms INTEGER NOT NULL,
    updated_at_unix_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX batches_under_way ON batches (minute_index) WHERE state IN ('written', 'posted');

CREATE TABLE leaves (
    minute_index INTEGER NOT NULL REFERENCES batches (minute_index),
    position INTEGER NOT NULL CHECK (position BETWEEN 0 AND 4294967295),
    app BLOB NOT NULL CHECK (length(app) = 32),
    node BLOB NOT NULL CHECK (length(node) = 32),
    session BLOB NOT NULL REFERENCES sessions (session),
    cumulative_micro_usdc INTEGER NOT NULL CHECK (cumulative_micro_usdc > 0),
    evidence BLOB NOT NULL CHECK (length(evidence) = 32),
    -- What the settler shows when the leaf is challenged.
    voucher BLOB NOT NULL REFERENCES vouchers (hash),
    PRIMARY KEY (minute_index, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX leaves_of_session ON leaves (session);
CREATE INDEX leaves_of_voucher ON leaves (voucher);

CREATE TRIGGER batches_are_final BEFORE UPDATE OF minute_index, root, count, total_micro_usdc
ON batches
BEGIN
    SELECT RAISE(ABORT, 'batches are final');
END;

CREATE TRIGGER batches_under_way_stay BEFORE DELETE ON batches
WHEN OLD.state IN ('written', 'posted')
BEGIN
    SELECT RAISE(ABORT, 'batches under way stay');
END;

CREATE TRIGGER batches_follow BEFORE INSERT ON batches
WHEN NEW.minute_index <= (SELECT COALESCE(MAX(minute_index), -1) FROM batches)
BEGIN
    SELECT RAISE(ABORT, 'batch does not follow');
END;

CREATE TRIGGER leaves_are_final BEFORE UPDATE ON leaves
BEGIN
    SELECT RAISE(ABORT, 'leaves are final');
END;

CREATE TRIGGER vouchers_are_final BEFORE UPDATE ON vouchers
BEGIN
    SELECT RAISE(ABORT, 'vouchers are final');
END;
