//! Sessions: recorded once, as agreed.

use crate::fixtures::*;
use heliograph_protocol::service::ServiceSet;
use heliograph_store::{Error, Session, SessionState, Written};

#[tokio::test]
async fn session_comes_back_as_recorded() {
    let (_folder, ledger) = ledger().await;
    let opened = session(1);
    assert_eq!(ledger.session(&opened.terms.session).await.unwrap(), None);
    assert_eq!(ledger.record_session(&opened).await.unwrap(), Written::New);
    let stored = ledger.session(&opened.terms.session).await.unwrap().unwrap();
    assert_eq!(stored.session, opened);
    assert_eq!(stored.state, SessionState::Open);
    let totals =
        [stored.receipted_micro_usdc, stored.vouchered_micro_usdc, stored.settled_micro_usdc];
    assert_eq!(totals, [0; 3]);
    assert_eq!(ledger.record_session(&opened).await.unwrap(), Written::Already);
}

#[tokio::test]
async fn other_terms_are_refused_and_change_nothing() {
    let (_folder, ledger, opened) = ledger_with_session().await;
    let changes: [fn(&mut Session); 7] = [
        |s| s.terms.channel[0] ^= 1,
        |s| s.terms.services = ServiceSet(1),
        |s| s.terms.prices.0[2] += 1,
        |s| s.terms.cap_micro_usdc += 1,
        |s| s.app[0] ^= 1,
        |s| s.voucher_signer[0] ^= 1,
        |s| s.opened_at_unix_secs += 1,
    ];
    for (i, change) in changes.iter().enumerate() {
        let mut other = opened;
        change(&mut other);
        let refused = ledger.record_session(&other).await;
        assert!(matches!(refused, Err(Error::SessionConflict { .. })), "change {i}: {refused:?}");
    }
    let stored = ledger.session(&opened.terms.session).await.unwrap().unwrap();
    assert_eq!(stored.session, opened);
}

#[tokio::test]
async fn end_comes_forward_and_never_back() {
    let (_folder, ledger, opened) = ledger_with_session().await;
    let ended = Session {
        expires_at_unix_secs: opened.expires_at_unix_secs - 600,
        redeemable_until_unix_secs: opened.redeemable_until_unix_secs - 600,
        ..opened
    };
    assert_eq!(ledger.record_session(&ended).await.unwrap(), Written::Already);
    assert_eq!(ledger.record_session(&opened).await.unwrap(), Written::Already);
    let stored = ledger.session(&opened.terms.session).await.unwrap().unwrap();
    assert_eq!(stored.session, ended);
}

type SetNumber = fn(&mut Session, u64);

#[tokio::test]
async fn numbers_the_file_cannot_hold_are_refused() {
    let (_folder, ledger) = ledger().await;
    let most = i64::MAX as u64;
    let changes: [(&str, SetNumber); 5] = [
        ("cap", |s, n| s.terms.cap_micro_usdc = n),
        ("price", |s, n| s.terms.prices.0[3] = n),
        ("opening time", |s, n| s.opened_at_unix_secs = n),
        ("expiry", |s, n| s.expires_at_unix_secs = n),
        ("redeemable time", |s, n| s.redeemable_until_unix_secs = n),
    ];
    for (number, (field, change)) in (1..).zip(changes) {
        let mut large = session(number);
        change(&mut large, most + 1);
        match ledger.record_session(&large).await {
            Err(Error::TooLarge { what, value }) => assert_eq!((what, value), (field, most + 1)),
            other => panic!("{field}: {other:?}"),
        }
        assert_eq!(ledger.session(&large.terms.session).await.unwrap(), None);
        change(&mut large, most);
        assert_eq!(ledger.record_session(&large).await.unwrap(), Written::New);
        let stored = ledger.session(&large.terms.session).await.unwrap().unwrap();
        assert_eq!(stored.session, large);
    }
}

#[tokio::test]
async fn closed_session_keeps_its_money_and_takes_no_minutes() {
    let (_folder, ledger, opened) = ledger_with_session().await;
    let address = opened.terms.session;
    let minutes = record_minutes(&ledger, &opened, 2).await;
    assert_eq!(ledger.open_sessions().await.unwrap().len(), 1);
    assert_eq!(ledger.close_session(&address).await.unwrap(), Written::New);
    assert_eq!(ledger.close_session(&address).await.unwrap(), Written::Already);
    assert!(ledger.open_sessions().await.unwrap().is_empty());

    let next = receipt(&opened, Some(&tip_of(&minutes[1])), 7);
    let refused = ledger.record_receipt(&next, NOW_UNIX_MS).await;
    assert!(matches!(refused, Err(Error::SessionClosed { session }) if session == address));
    // What was recorded before may still be sent again, answered and redeemed.
    let again = ledger.record_receipt(&minutes[1], NOW_UNIX_MS).await.unwrap();
    assert_eq!(again, Written::Already);
    ledger.record_voucher(&voucher(&minutes[1]), NOW_UNIX_MS).await.unwrap();
    ledger.record_redeem_prepared(&redeem(&opened, 1, 1), NOW_UNIX_MS).await.unwrap();
    // Recording it again, as after a restart, does not open it.
    ledger.record_session(&opened).await.unwrap();
    let stored = ledger.session(&address).await.unwrap().unwrap();
    assert_eq!(stored.state, SessionState::Closed);
}

#[tokio::test]
async fn unknown_session_is_refused() {
    let (_folder, ledger) = ledger().await;
    let unknown = session(9);
    let address = unknown.terms.session;
    let refusals = [
        ledger.close_session(&address).await.err(),
        ledger.record_settled(&address, 1).await.err(),
        ledger.record_receipt(&receipt(&unknown, None, 1), NOW_UNIX_MS).await.err(),
        ledger.record_voucher(&voucher(&receipt(&unknown, None, 1)), NOW_UNIX_MS).await.err(),
        ledger.record_redeem_prepared(&redeem(&unknown, 0, 1), NOW_UNIX_MS).await.err(),
    ];
    for refusal in refusals {
        assert!(matches!(refusal, Some(Error::UnknownSession { session }) if session == address));
    }
    assert_eq!(ledger.session_tip(&address).await.unwrap(), None);
    assert!(ledger.unvouchered(&address).await.unwrap().is_empty());
}

#[tokio::test]
async fn outstanding_adds_up_over_the_sessions_of_an_app() {
    let (_folder, ledger) = ledger().await;
    let sessions = [1, 2, 3].map(session);
    let foreign = Session { app: [0xa1; 32], ..session(4) };
    for session in sessions.iter().chain([&foreign]) {
        ledger.record_session(session).await.unwrap();
        record_minutes(&ledger, session, 2).await;
    }
    assert_eq!(ledger.outstanding_micro_usdc(&APP, 0).await.unwrap(), 36_000);
    assert_eq!(ledger.outstanding_micro_usdc(&foreign.app, 0).await.unwrap(), 12_000);
    assert_eq!(ledger.outstanding_micro_usdc(&[0; 32], 0).await.unwrap(), 0);

    ledger.record_settled(&sessions[0].terms.session, 5_000).await.unwrap();
    assert_eq!(ledger.outstanding_micro_usdc(&APP, 0).await.unwrap(), 31_000);
    // Old news does not lower a total.
    ledger.record_settled(&sessions[0].terms.session, 4_000).await.unwrap();
    assert_eq!(ledger.outstanding_micro_usdc(&APP, 0).await.unwrap(), 31_000);
    // An app that has paid one session more than was asked has not paid the others.
    ledger.record_settled(&sessions[0].terms.session, 40_000).await.unwrap();
    assert_eq!(ledger.outstanding_micro_usdc(&APP, 0).await.unwrap(), 24_000);

    // What can no longer be redeemed is owed no more.
    let until = sessions[1].redeemable_until_unix_secs;
    assert_eq!(ledger.outstanding_micro_usdc(&APP, until).await.unwrap(), 24_000);
    assert_eq!(ledger.outstanding_micro_usdc(&APP, until + 1).await.unwrap(), 12_000);
    let last = sessions[2].redeemable_until_unix_secs;
    assert_eq!(ledger.outstanding_micro_usdc(&APP, last + 1).await.unwrap(), 0);
}
