//! Redeems: no transaction forgotten, no voucher brought twice at once, no rest lost.

use crate::fixtures::*;
use heliograph_store::{Error, Ledger, RedeemId, RedeemState, Session, Written};
use tempfile::TempDir;

/// A session with three minutes, all answered.
async fn vouchered() -> (TempDir, Ledger, Session) {
    let (folder, ledger, session) = ledger_with_session().await;
    for minute in record_minutes(&ledger, &session, 3).await {
        ledger.record_voucher(&voucher(&minute), NOW_UNIX_MS).await.unwrap();
    }
    (folder, ledger, session)
}

async fn prepare(ledger: &Ledger, session: &Session, number: u8) -> RedeemId {
    ledger.record_redeem_prepared(&redeem(session, 2, number), NOW_UNIX_MS).await.unwrap()
}

#[tokio::test]
async fn redeem_is_found_after_a_restart_until_it_is_decided() {
    let (folder, ledger, session) = vouchered().await;
    let id = prepare(&ledger, &session, 1).await;
    ledger.close().await;

    let ledger = Ledger::open(file_in(&folder), DOMAIN).await.unwrap();
    let pending = ledger.pending_redeems().await.unwrap();
    assert_eq!(pending.len(), 1);
    let expected = redeem(&session, 2, 1);
    assert_eq!(pending[0].id, id);
    assert_eq!(pending[0].state, RedeemState::Prepared);
    assert_eq!(pending[0].session, expected.session);
    assert_eq!(pending[0].tx_signature, expected.tx_signature);
    assert_eq!(pending[0].tx, expected.tx);
    assert_eq!(pending[0].last_valid_block_height, expected.last_valid_block_height);
    assert_eq!(pending[0].cumulative_micro_usdc, 18_000);

    ledger.mark_redeem_sent(id, NOW_UNIX_MS + 1).await.unwrap();
    drop(ledger);
    let ledger = Ledger::open(file_in(&folder), DOMAIN).await.unwrap();
    let pending = ledger.pending_redeems().await.unwrap();
    assert_eq!(pending[0].state, RedeemState::Sent);
    assert_eq!(pending[0].updated_at_unix_ms, NOW_UNIX_MS + 1);

    ledger.mark_redeem_confirmed(id, 77, 18_000, NOW_UNIX_MS + 2).await.unwrap();
    assert!(ledger.pending_redeems().await.unwrap().is_empty());
    assert!(ledger.unsettled_sessions().await.unwrap().is_empty());
    assert_eq!(ledger.outstanding_micro_usdc(&APP, 0).await.unwrap(), 0);
    let redeems = ledger.redeems(&session.terms.session).await.unwrap();
    assert_eq!((redeems[0].slot, redeems[0].settled_micro_usdc), (Some(77), Some(18_000)));
}

#[tokio::test]
async fn unsettled_session_shows_what_to_bring() {
    let (_folder, ledger, session) = vouchered().await;
    let unsettled = ledger.unsettled_sessions().await.unwrap();
    assert_eq!(unsettled.len(), 1);
    assert_eq!(unsettled[0].newest.voucher.sequence, 2);
    assert_eq!(unsettled[0].newest.voucher.cumulative_micro_usdc, 18_000);
    assert_eq!(unsettled[0].settled_micro_usdc, 0);
    assert_eq!(unsettled[0].redeemable_until_unix_secs, session.redeemable_until_unix_secs);
    assert_eq!(unsettled[0].pending, None);
    let id = prepare(&ledger, &session, 1).await;
    assert_eq!(ledger.unsettled_sessions().await.unwrap()[0].pending, Some(id));
}

#[tokio::test]
async fn unsettled_session_waits_since_its_first_unpaid_voucher() {
    let (_folder, ledger, session) = ledger_with_session().await;
    let minutes = record_minutes(&ledger, &session, 3).await;
    for (later, minute) in (0..).zip(&minutes) {
        ledger.record_voucher(&voucher(minute), NOW_UNIX_MS + later).await.unwrap();
    }
    let since = async || ledger.unsettled_sessions().await.unwrap()[0].since_unix_ms - NOW_UNIX_MS;
    assert_eq!(since().await, 0);
    let address = session.terms.session;
    ledger.record_settled(&address, message(&minutes[0]).cumulative_micro_usdc).await.unwrap();
    assert_eq!(since().await, 1);
    // A part of the second one is paid: it still is the first that is not.
    ledger.record_settled(&address, message(&minutes[1]).cumulative_micro_usdc - 1).await.unwrap();
    assert_eq!(since().await, 1);
}

#[tokio::test]
async fn most_urgent_session_comes_first() {
    let (_folder, ledger) = ledger().await;
    for number in [3, 1, 2] {
        let session = session(number);
        ledger.record_session(&session).await.unwrap();
        for minute in record_minutes(&ledger, &session, 1).await {
            ledger.record_voucher(&voucher(&minute), NOW_UNIX_MS).await.unwrap();
        }
    }
    let unsettled = ledger.unsettled_sessions().await.unwrap();
    let order: Vec<u8> = unsettled.iter().map(|u| u.newest.voucher.session[0]).collect();
    assert_eq!(order, [1, 2, 3]);
}

/// An escrow that holds less than is owed settles a part. The rest stays to be collected.
#[tokio::test]
async fn part_that_the_escrow_lacked_stays_unsettled() {
    let (_folder, ledger, session) = vouchered().await;
    let id = prepare(&ledger, &session, 1).await;
    ledger.mark_redeem_confirmed(id, 77, 7_500, NOW_UNIX_MS).await.unwrap();
    let unsettled = ledger.unsettled_sessions().await.unwrap();
    assert_eq!(unsettled[0].settled_micro_usdc, 7_500);
    assert_eq!(ledger.outstanding_micro_usdc(&APP, 0).await.unwrap(), 10_500);
    // The same voucher again, in another transaction.
    let id = prepare(&ledger, &session, 2).await;
    ledger.mark_redeem_confirmed(id, 99, 18_000, NOW_UNIX_MS).await.unwrap();
    assert!(ledger.unsettled_sessions().await.unwrap().is_empty());
}

#[tokio::test]
async fn second_redeem_waits_until_the_first_is_decided() {
    let (_folder, ledger, session) = vouchered().await;
    let first = prepare(&ledger, &session, 1).await;
    // The same transaction again is the same redeem.
    assert_eq!(prepare(&ledger, &session, 1).await, first);
    for sent in [false, true] {
        if sent {
            ledger.mark_redeem_sent(first, NOW_UNIX_MS).await.unwrap();
        }
        match ledger.record_redeem_prepared(&redeem(&session, 2, 2), NOW_UNIX_MS).await {
            Err(error @ Error::RedeemPending { pending, .. }) => {
                assert_eq!(pending, first);
                assert!(error.is_retryable());
            }
            other => panic!("{other:?}"),
        }
    }
    ledger.mark_redeem_expired(first, NOW_UNIX_MS).await.unwrap();
    assert!(prepare(&ledger, &session, 2).await > first);
}

#[tokio::test]
async fn settled_or_unknown_voucher_is_not_brought() {
    let (_folder, ledger, session) = vouchered().await;
    let refused = ledger.record_redeem_prepared(&redeem(&session, 3, 1), NOW_UNIX_MS).await;
    assert!(matches!(refused, Err(Error::UnknownVoucher { sequence: 3, .. })), "{refused:?}");
    // Somebody else brought the second voucher: the first is stale, the third is not.
    ledger.record_settled(&session.terms.session, 12_000).await.unwrap();
    for sequence in [0, 1] {
        let redeem = redeem(&session, sequence, 1);
        let refused = ledger.record_redeem_prepared(&redeem, NOW_UNIX_MS).await;
        assert!(matches!(refused, Err(Error::NothingToRedeem { .. })), "{refused:?}");
    }
    prepare(&ledger, &session, 1).await;
}

#[tokio::test]
async fn states_change_only_along_the_diagram() {
    use RedeemState::{Confirmed, Expired, Failed, Prepared, Sent};
    let mark = async |ledger: &Ledger, id, to| match to {
        Sent => ledger.mark_redeem_sent(id, NOW_UNIX_MS).await,
        Confirmed => ledger.mark_redeem_confirmed(id, 5, 18_000, NOW_UNIX_MS).await,
        Failed => ledger.mark_redeem_failed(id, Some(5), "stale", NOW_UNIX_MS).await,
        Expired => ledger.mark_redeem_expired(id, NOW_UNIX_MS).await,
        Prepared => panic!("nothing becomes prepared"),
    };
    let allowed = [
        (Prepared, Sent),
        (Prepared, Confirmed),
        (Prepared, Failed),
        (Prepared, Expired),
        (Sent, Confirmed),
        (Sent, Failed),
        (Sent, Expired),
        (Failed, Confirmed),
        (Expired, Confirmed),
    ];
    for from in [Prepared, Sent, Confirmed, Failed, Expired] {
        for to in [Sent, Confirmed, Failed, Expired] {
            let (_folder, ledger, session) = vouchered().await;
            let id = prepare(&ledger, &session, 1).await;
            if from != Prepared {
                mark(&ledger, id, from).await.unwrap();
            }
            let result = mark(&ledger, id, to).await;
            let state = ledger.redeems(&session.terms.session).await.unwrap()[0].state;
            if from == to {
                assert_eq!(result.unwrap(), Written::Already);
            } else if allowed.contains(&(from, to)) {
                assert_eq!((result.unwrap(), state), (Written::New, to), "{from} → {to}");
            } else {
                assert!(matches!(result, Err(Error::RedeemDecided { .. })), "{from} → {to}");
                assert_eq!(state, from);
            }
        }
    }
}

#[tokio::test]
async fn confirmation_with_other_figures_is_refused() {
    let (_folder, ledger, session) = vouchered().await;
    let id = prepare(&ledger, &session, 1).await;
    ledger.mark_redeem_confirmed(id, 5, 18_000, NOW_UNIX_MS).await.unwrap();
    for (slot, settled) in [(6, 18_000), (5, 17_999)] {
        let refused = ledger.mark_redeem_confirmed(id, slot, settled, NOW_UNIX_MS).await;
        assert!(matches!(refused, Err(Error::RedeemDecided { .. })), "{refused:?}");
    }
    let unknown = RedeemId(id.0 + 1);
    let refused = ledger.mark_redeem_sent(unknown, NOW_UNIX_MS).await;
    assert!(matches!(refused, Err(Error::UnknownRedeem(found)) if found == unknown));
}

#[tokio::test]
async fn failure_keeps_its_reason_and_the_money() {
    let (_folder, ledger, session) = vouchered().await;
    let id = prepare(&ledger, &session, 1).await;
    ledger
        .mark_redeem_failed(id, Some(9), "custom program error: 6003", NOW_UNIX_MS)
        .await
        .unwrap();
    let redeems = ledger.redeems(&session.terms.session).await.unwrap();
    assert_eq!(redeems[0].error.as_deref(), Some("custom program error: 6003"));
    assert_eq!(redeems[0].slot, Some(9));
    assert_eq!(ledger.unsettled_sessions().await.unwrap()[0].pending, None);
    assert_eq!(ledger.outstanding_micro_usdc(&APP, 0).await.unwrap(), 18_000);
}
