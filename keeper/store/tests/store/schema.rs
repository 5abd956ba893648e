//! The tables refuse by themselves what the code refuses before: a tool, a later version or a
//! mistake that writes past the code still cannot replace a signed minute.

use crate::fixtures::*;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};

const REFUSED: [(&str, &str); 20] = [
    ("DELETE FROM receipts", "receipts stay"),
    ("DELETE FROM receipts WHERE sequence = 1", "receipts stay"),
    ("UPDATE receipts SET bytes = x'00' WHERE sequence = 1", "receipts are final"),
    ("UPDATE receipts SET signature = zeroblob(64)", "receipts are final"),
    ("UPDATE receipts SET sequence = 9 WHERE sequence = 1", "receipts are final"),
    ("UPDATE receipts SET records = x'00'", "receipts are final"),
    (
        "INSERT INTO receipts SELECT session, 5, randomblob(32), bytes, public_key, signature,
            cumulative_micro_usdc, records, 0, 0 FROM receipts WHERE sequence = 1",
        "receipt does not follow",
    ),
    (
        "INSERT INTO receipts SELECT session, 2, randomblob(32), bytes, public_key, signature,
            cumulative_micro_usdc - 1, records, 0, 0 FROM receipts WHERE sequence = 1",
        "receipt does not follow",
    ),
    (
        "INSERT INTO receipts SELECT session, 1, randomblob(32), bytes, public_key, signature,
            cumulative_micro_usdc, records, 0, 0 FROM receipts WHERE sequence = 1",
        "receipt does not follow",
    ),
    (
        "INSERT OR REPLACE INTO receipts SELECT session, 1, randomblob(32), bytes, public_key,
            signature, cumulative_micro_usdc, records, 0, 0 FROM receipts WHERE sequence = 1",
        "receipt does not follow",
    ),
    ("DELETE FROM vouchers", "vouchers stay"),
    ("UPDATE vouchers SET signature = zeroblob(64)", "vouchers are final"),
    ("UPDATE sessions SET receipted_micro_usdc = 0", "totals only grow"),
    ("UPDATE sessions SET vouchered_micro_usdc = 0", "totals only grow"),
    ("UPDATE sessions SET settled_micro_usdc = -1", "totals only grow"),
    ("UPDATE sessions SET receipted_micro_usdc = cap_micro_usdc + 1", "CHECK"),
    ("UPDATE sessions SET vouchered_micro_usdc = receipted_micro_usdc + 1", "CHECK"),
    ("UPDATE redeems SET state = 'confirmed'", "CHECK"),
    ("UPDATE redeems SET state = 'lost'", "CHECK"),
    (
        "INSERT INTO redeems SELECT NULL, session, sequence, cumulative_micro_usdc, randomblob(64),
            tx, last_valid_block_height, state, NULL, NULL, NULL, 0, 0 FROM redeems",
        "UNIQUE",
    ),
];

#[tokio::test]
async fn tables_defend_what_was_signed() {
    let (folder, ledger, session) = ledger_with_session().await;
    let minutes = record_minutes(&ledger, &session, 2).await;
    ledger.record_voucher(&voucher(&minutes[1]), NOW_UNIX_MS).await.unwrap();
    ledger.record_redeem_prepared(&redeem(&session, 1, 1), NOW_UNIX_MS).await.unwrap();

    let mut other = SqliteConnectOptions::new().filename(file_in(&folder)).connect().await.unwrap();
    for (statement, reason) in REFUSED {
        let refused = other.execute(AssertSqlSafe(statement)).await.unwrap_err().to_string();
        assert!(refused.contains(reason), "{statement}: {refused}");
    }
    assert_eq!(ledger.unvouchered(&session.terms.session).await.unwrap(), []);
    for (sequence, minute) in (0..).zip(&minutes) {
        let stored = ledger.receipt(&session.terms.session, sequence).await.unwrap();
        assert_eq!(stored.as_ref(), Some(minute));
    }
}

/// A value that no version of this crate has written is an error, not a guess.
#[tokio::test]
async fn impossible_values_are_reported() {
    let (folder, ledger, session) = ledger_with_session().await;
    let mut other = SqliteConnectOptions::new().filename(file_in(&folder)).connect().await.unwrap();
    other.execute("UPDATE sessions SET expires_at_unix_secs = -1").await.unwrap();
    let error = ledger.session(&session.terms.session).await.unwrap_err();
    assert!(
        matches!(error, heliograph_store::Error::Corrupt { column: "expires_at_unix_secs" }),
        "{error:?}"
    );
    assert!(!error.is_retryable());
}
