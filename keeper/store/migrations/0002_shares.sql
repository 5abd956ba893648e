-- What the usage of a receipt consists of, participant by participant, for as long as the app has not
-- answered the receipt: it names people, so it goes when it has served its purpose.

CREATE TABLE shares (
    session BLOB NOT NULL REFERENCES sessions (session),
    sequence INTEGER NOT NULL CHECK (sequence BETWEEN 0 AND 4294967295),
    -- As the node role encodes it.
    bytes BLOB NOT NULL,
    PRIMARY KEY (session, sequence)
) STRICT;

CREATE TRIGGER shares_go AFTER INSERT ON vouchers
BEGIN
    DELETE FROM shares WHERE session = NEW.session AND sequence <= NEW.sequence;
END;
