-- Session keys: what each has bought, and which receipts charge it. A key's seconds are paid by the
-- session, so what it has used must not be forgotten.

CREATE TABLE session_keys (
    session BLOB NOT NULL REFERENCES sessions (session),
    id TEXT NOT NULL CHECK (length(id) > 0),
    -- Seconds bought in all, and the key that says so as its issuer signed it.
    bought_secs INTEGER NOT NULL CHECK (bought_secs BETWEEN 0 AND 4294967295),
    token TEXT NOT NULL,
    PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER session_keys_grow BEFORE UPDATE ON session_keys
WHEN NEW.bought_secs < OLD.bought_secs
BEGIN
    SELECT RAISE(ABORT, 'what was bought only grows');
END;

-- Written before the receipt it belongs to, so that no minute is charged to nobody; one without a
-- receipt counts for nothing and is replaced.
CREATE TABLE key_minutes (
    session BLOB NOT NULL,
    sequence INTEGER NOT NULL CHECK (sequence BETWEEN 0 AND 4294967295),
    id TEXT NOT NULL,
    secs INTEGER NOT NULL CHECK (secs BETWEEN 1 AND 60),
    -- Up to where the key's audio is charged.
    end_sample INTEGER NOT NULL CHECK (end_sample >= 0),
    PRIMARY KEY (session, sequence),
    FOREIGN KEY (session, id) REFERENCES session_keys (session, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX key_minutes_of ON key_minutes (session, id);

CREATE TRIGGER key_minutes_stay BEFORE DELETE ON key_minutes
WHEN EXISTS (
    SELECT 1 FROM receipts WHERE session = OLD.session AND sequence = OLD.sequence
)
BEGIN
    SELECT RAISE(ABORT, 'charged minutes stay');
END;

CREATE TRIGGER key_minutes_are_final BEFORE UPDATE ON key_minutes
WHEN EXISTS (
    SELECT 1 FROM receipts WHERE session = OLD.session AND sequence = OLD.sequence
)
BEGIN
    SELECT RAISE(ABORT, 'charged minutes are final');
END;
