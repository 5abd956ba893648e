-- The node role's ledger: what it has signed, what it was promised, what it has collected.
--
-- Addresses, keys, hashes and signatures are raw bytes. Money is in micro-USDC, below 2^63.
-- The checks and triggers repeat what the code checks before: whatever writes to this file by
-- another way still cannot replace a signed minute.

-- The network whose messages the other tables hold. One row.
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    domain BLOB NOT NULL CHECK (length(domain) = 32)
) STRICT;

CREATE TABLE sessions (
    session BLOB PRIMARY KEY NOT NULL CHECK (length(session) = 32),
    channel BLOB NOT NULL CHECK (length(channel) = 32),
    app BLOB NOT NULL CHECK (length(app) = 32),
    voucher_signer BLOB NOT NULL CHECK (length(voucher_signer) = 32),
    -- Bit mask of the kinds bought.
    services INTEGER NOT NULL CHECK (services BETWEEN 1 AND 255),
    -- Prices a minute, fixed when the session was opened.
    price_audio_micro_usdc INTEGER NOT NULL CHECK (price_audio_micro_usdc >= 0),
    price_video_micro_usdc INTEGER NOT NULL CHECK (price_video_micro_usdc >= 0),
    price_data_micro_usdc INTEGER NOT NULL CHECK (price_data_micro_usdc >= 0),
    price_transcription_micro_usdc INTEGER NOT NULL CHECK (price_transcription_micro_usdc >= 0),
    cap_micro_usdc INTEGER NOT NULL CHECK (cap_micro_usdc >= 0),
    opened_at_unix_secs INTEGER NOT NULL,
    expires_at_unix_secs INTEGER NOT NULL,
    redeemable_until_unix_secs INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
    -- Totals, kept in the transaction that adds the row they come from: cumulative amount of the
    -- newest receipt and of the newest voucher, and what the chain says is settled.
    receipted_micro_usdc INTEGER NOT NULL DEFAULT 0 CHECK (receipted_micro_usdc <= cap_micro_usdc),
    vouchered_micro_usdc INTEGER NOT NULL DEFAULT 0
        CHECK (vouchered_micro_usdc BETWEEN 0 AND receipted_micro_usdc),
    settled_micro_usdc INTEGER NOT NULL DEFAULT 0 CHECK (settled_micro_usdc >= 0)
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_open ON sessions (session) WHERE state = 'open';
CREATE INDEX sessions_outstanding ON sessions (app) WHERE receipted_micro_usdc > settled_micro_usdc;
CREATE INDEX sessions_unsettled ON sessions (redeemable_until_unix_secs)
    WHERE vouchered_micro_usdc > settled_micro_usdc;

CREATE TRIGGER sessions_totals_grow BEFORE UPDATE ON sessions
WHEN NEW.receipted_micro_usdc < OLD.receipted_micro_usdc
    OR NEW.vouchered_micro_usdc < OLD.vouchered_micro_usdc
    OR NEW.settled_micro_usdc < OLD.settled_micro_usdc
BEGIN
    SELECT RAISE(ABORT, 'totals only grow');
END;

CREATE TABLE receipts (
    session BLOB NOT NULL REFERENCES sessions (session),
    sequence INTEGER NOT NULL CHECK (sequence BETWEEN 0 AND 4294967295),
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    -- Canonical bytes, as signed.
    bytes BLOB NOT NULL,
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    cumulative_micro_usdc INTEGER NOT NULL CHECK (cumulative_micro_usdc >= 0),
    -- Borsh of the minute's AI records.
    records BLOB NOT NULL,
    created_at_unix_ms INTEGER NOT NULL,
    archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1)),
    PRIMARY KEY (session, sequence)
) STRICT;

CREATE INDEX receipts_unarchived ON receipts (created_at_unix_ms) WHERE archived = 0;

CREATE TRIGGER receipts_follow BEFORE INSERT ON receipts
WHEN NEW.sequence <> (
        SELECT COALESCE(MAX(sequence) + 1, 0) FROM receipts WHERE session = NEW.session
    )
    OR NEW.cumulative_micro_usdc < (
        SELECT receipted_micro_usdc FROM sessions WHERE session = NEW.session
    )
BEGIN
    SELECT RAISE(ABORT, 'receipt does not follow');
END;

CREATE TRIGGER receipts_stay BEFORE DELETE ON receipts
BEGIN
    SELECT RAISE(ABORT, 'receipts stay');
END;

CREATE TRIGGER receipts_are_final BEFORE UPDATE OF
    session, sequence, hash, bytes, public_key, signature, cumulative_micro_usdc, records
ON receipts
BEGIN
    SELECT RAISE(ABORT, 'receipts are final');
END;

CREATE TABLE vouchers (
    session BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    bytes BLOB NOT NULL,
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    cumulative_micro_usdc INTEGER NOT NULL CHECK (cumulative_micro_usdc >= 0),
    created_at_unix_ms INTEGER NOT NULL,
    archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1)),
    PRIMARY KEY (session, sequence),
    FOREIGN KEY (session, sequence) REFERENCES receipts (session, sequence)
) STRICT;

CREATE INDEX vouchers_unarchived ON vouchers (created_at_unix_ms) WHERE archived = 0;

CREATE TRIGGER vouchers_stay BEFORE DELETE ON vouchers
BEGIN
    SELECT RAISE(ABORT, 'vouchers stay');
END;

CREATE TRIGGER vouchers_are_final BEFORE UPDATE OF
    session, sequence, hash, bytes, public_key, signature, cumulative_micro_usdc
ON vouchers
BEGIN
    SELECT RAISE(ABORT, 'vouchers are final');
END;

-- One row per session in a transaction that brings its voucher on chain.
CREATE TABLE redeems (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    cumulative_micro_usdc INTEGER NOT NULL CHECK (cumulative_micro_usdc >= 0),
    tx_signature BLOB NOT NULL CHECK (length(tx_signature) = 64),
    -- The signed transaction as it is sent, so that it can be sent again.
    tx BLOB NOT NULL,
    last_valid_block_height INTEGER NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('prepared', 'sent', 'confirmed', 'failed', 'expired')),
    -- Where the transaction landed, successful or not.
    slot INTEGER,
    -- The session's settled total after it, as the chain says.
    settled_micro_usdc INTEGER,
    error TEXT,
    created_at_unix_ms INTEGER NOT NULL,
    updated_at_unix_ms INTEGER NOT NULL,
    UNIQUE (session, tx_signature),
    FOREIGN KEY (session, sequence) REFERENCES vouchers (session, sequence),
    CHECK (state <> 'confirmed' OR (slot IS NOT NULL AND settled_micro_usdc IS NOT NULL))
) STRICT;

-- A second transaction for a session would only pay fees until the first is decided.
CREATE UNIQUE INDEX redeems_pending ON redeems (session) WHERE state IN ('prepared', 'sent');
