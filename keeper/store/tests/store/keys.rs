//! What session keys have bought and used outlives everything.

use crate::fixtures::*;
use heliograph_store::{KeyCharge, KeyState, Ledger};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor};

fn charge(sequence: u32, id: &str, secs: u32, end_sample: u64) -> KeyCharge {
    KeyCharge { session: [1; 32], sequence, id: id.into(), secs, end_sample }
}

fn state(bought_secs: u32, token: &str, used_secs: u32, end_sample: u64) -> KeyState {
    KeyState { bought_secs, token: token.into(), used_secs, end_sample }
}

#[tokio::test]
async fn the_key_that_buys_the_most_counts() {
    let (_folder, ledger, session) = ledger_with_session().await;
    let address = &session.terms.session;
    let key = async |secs, token| ledger.record_key(address, "ann", secs, token).await.unwrap();
    assert_eq!(key(60, "first").await, state(60, "first", 0, 0));
    assert_eq!(key(300, "second").await, state(300, "second", 0, 0));
    assert_eq!(key(60, "first").await, state(300, "second", 0, 0));
    assert_eq!(key(300, "third").await, state(300, "second", 0, 0));
    let other = ledger.record_key(address, "bob", 10, "other").await.unwrap();
    assert_eq!(other, state(10, "other", 0, 0));
    assert!(ledger.record_key(&[9; 32], "ann", 10, "x").await.is_err(), "no such session");
}

#[tokio::test]
async fn a_charge_counts_once_its_receipt_is_there() {
    let (folder, ledger, session) = ledger_with_session().await;
    let address = session.terms.session;
    for id in ["ann", "bob"] {
        ledger.record_key(&address, id, 600, id).await.unwrap();
    }
    let used = async |ledger: &Ledger, id: &str| {
        let key = ledger.record_key(&address, id, 0, "").await.unwrap();
        (key.used_secs, key.end_sample)
    };
    ledger.record_key_charge(&charge(0, "ann", 60, 960_000)).await.unwrap();
    assert_eq!(used(&ledger, "ann").await, (0, 0), "the receipt was never made");
    // The same ordinal went to somebody else.
    ledger.record_key_charge(&charge(0, "bob", 52, 830_000)).await.unwrap();
    record_minutes(&ledger, &session, 1).await;
    assert_eq!(used(&ledger, "ann").await, (0, 0));
    assert_eq!(used(&ledger, "bob").await, (52, 830_000));
    ledger.record_key_charge(&charge(1, "ann", 60, 960_000)).await.unwrap();
    ledger.record_key_charge(&charge(2, "bob", 8, 950_000)).await.unwrap();
    record_minutes(&ledger, &session, 2).await;
    ledger.close().await;

    let again = Ledger::open(file_in(&folder), DOMAIN).await.unwrap();
    assert_eq!(used(&again, "ann").await, (60, 960_000));
    assert_eq!(used(&again, "bob").await, (60, 950_000));
}

#[tokio::test]
async fn what_was_charged_stays() {
    let (folder, ledger, session) = ledger_with_session().await;
    ledger.record_key(&session.terms.session, "ann", 600, "ann").await.unwrap();
    ledger.record_key_charge(&charge(0, "ann", 60, 960_000)).await.unwrap();
    record_minutes(&ledger, &session, 1).await;
    assert!(ledger.record_key_charge(&charge(0, "ann", 1, 16_000)).await.is_err());
    for secs in [0, 61] {
        assert!(ledger.record_key_charge(&charge(1, "ann", secs, 16_000)).await.is_err());
    }
    assert!(ledger.record_key_charge(&charge(1, "nobody", 1, 16_000)).await.is_err());
    let mut other = SqliteConnectOptions::new().filename(file_in(&folder)).connect().await.unwrap();
    for statement in [
        "DELETE FROM key_minutes",
        "UPDATE key_minutes SET secs = 1",
        "UPDATE session_keys SET bought_secs = 1",
    ] {
        assert!(other.execute(statement).await.is_err(), "{statement}");
    }
    let key = ledger.record_key(&session.terms.session, "ann", 0, "").await.unwrap();
    assert_eq!(key, state(600, "ann", 60, 960_000));
}
