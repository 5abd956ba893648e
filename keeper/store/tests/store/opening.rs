//! Opening the file: its network, several processes at once, locks held by others.

use crate::fixtures::*;
use heliograph_protocol::domain::Domain;
use heliograph_store::{Error, Ledger, Written};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use std::path::Path;
use std::time::Duration;

/// A connection that is not the ledger's, as another process would have it.
async fn stranger(file: &Path, busy_timeout: Duration) -> SqliteConnection {
    SqliteConnectOptions::new().filename(file).busy_timeout(busy_timeout).connect().await.unwrap()
}

#[tokio::test]
async fn ledger_of_another_network_is_refused() {
    let (folder, ledger) = ledger().await;
    assert_eq!(ledger.domain(), DOMAIN);
    ledger.close().await;
    let other = Ledger::open(file_in(&folder), Domain([0xd1; 32])).await;
    assert!(matches!(other, Err(Error::OtherDomain)));
    Ledger::open(file_in(&folder), DOMAIN).await.unwrap();
}

#[tokio::test]
async fn file_that_is_no_ledger_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(file_in(&folder), "this is not a database, by any stretch of the word").unwrap();
    let refused = Ledger::open(file_in(&folder), DOMAIN).await.unwrap_err();
    assert!(matches!(refused, Error::Database(_)) && !refused.is_retryable(), "{refused:?}");
    let nowhere = folder.path().join("missing").join("ledger.sqlite");
    assert!(Ledger::open(nowhere, DOMAIN).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn new_file_is_opened_by_many_at_once() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let tasks: Vec<_> =
            (0..8).map(|_| tokio::spawn(Ledger::open(file_in(&folder), DOMAIN))).collect();
        let mut ledgers = Vec::new();
        for task in tasks {
            ledgers.push(task.await.unwrap().unwrap());
        }
        let session = session(1);
        let mut new = 0;
        for ledger in &ledgers {
            new += usize::from(ledger.record_session(&session).await.unwrap() == Written::New);
        }
        assert_eq!(new, 1);
    }
}

/// What a second process meets while the first one makes the file: a lock on a file that is not in
/// WAL mode yet, where SQLite refuses the switch at once.
#[tokio::test]
async fn opening_waits_until_a_new_file_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = SqliteConnectOptions::new()
        .filename(file_in(&folder))
        .create_if_missing(true)
        .connect()
        .await
        .unwrap();
    first.execute("BEGIN IMMEDIATE").await.unwrap();
    let opening = tokio::spawn(Ledger::open(file_in(&folder), DOMAIN));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!opening.is_finished());
    first.execute("ROLLBACK").await.unwrap();
    let ledger = opening.await.unwrap().unwrap();
    assert_eq!(ledger.record_session(&session(1)).await.unwrap(), Written::New);
}

#[tokio::test]
async fn write_waits_for_the_lock_of_another_process() {
    let (folder, ledger, session) = ledger_with_session().await;
    let mut other = stranger(&file_in(&folder), Duration::ZERO).await;
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let writing = tokio::spawn({
        let ledger = ledger.clone();
        async move { ledger.record_receipt(&receipt(&session, None, 1), NOW_UNIX_MS).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!writing.is_finished());
    // Reading does not wait.
    assert_eq!(ledger.session_tip(&session.terms.session).await.unwrap(), None);
    other.execute("ROLLBACK").await.unwrap();
    assert_eq!(writing.await.unwrap().unwrap(), Written::New);
}

#[tokio::test]
async fn locked_file_is_worth_a_retry() {
    let (folder, _ledger) = ledger().await;
    let mut one = stranger(&file_in(&folder), Duration::ZERO).await;
    let mut two = stranger(&file_in(&folder), Duration::ZERO).await;
    one.execute("BEGIN IMMEDIATE").await.unwrap();
    let locked = Error::from(two.execute("BEGIN IMMEDIATE").await.unwrap_err());
    assert!(locked.is_retryable(), "{locked}");
    let wrong = Error::from(two.execute("SELECT nonsense").await.unwrap_err());
    assert!(!wrong.is_retryable(), "{wrong}");
    one.close().await.unwrap();
}
