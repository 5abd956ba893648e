//! Receipts: each minute signed once, whoever asks and however often.

use crate::fixtures::*;
use heliograph_protocol::domain::DecodeError;
use heliograph_protocol::evidence::ArchivedReceipt;
use heliograph_protocol::price::Usage;
use heliograph_protocol::receipt::{Receipt, ReceiptError};
use heliograph_store::{Error, Ledger, Result, Written};

/// A first receipt with a change made before it is signed.
fn changed(change: impl FnOnce(&mut Receipt)) -> ArchivedReceipt {
    let valid = receipt(&session(1), None, 7);
    let mut receipt = message(&valid);
    change(&mut receipt);
    ArchivedReceipt { signed: sign(&node(), &receipt), records: valid.records }
}

fn is_equivocation(result: &Result<Written>) -> bool {
    matches!(result, Err(Error::Equivocation { .. }))
}

#[tokio::test]
async fn receipts_come_back_as_recorded() {
    let (_folder, ledger, session) = ledger_with_session().await;
    let address = session.terms.session;
    assert_eq!(ledger.session_tip(&address).await.unwrap(), None);
    let minutes = record_minutes(&ledger, &session, 3).await;
    assert_eq!(ledger.session_tip(&address).await.unwrap(), Some(tip_of(&minutes[2])));
    for (sequence, minute) in (0..).zip(&minutes) {
        assert_eq!(ledger.receipt(&address, sequence).await.unwrap().as_ref(), Some(minute));
    }
    assert_eq!(ledger.receipt(&address, 3).await.unwrap(), None);
    assert_eq!(ledger.unvouchered(&address).await.unwrap(), minutes);
    let stored = ledger.session(&address).await.unwrap().unwrap();
    assert_eq!(stored.receipted_micro_usdc, 18_000);
}

#[tokio::test]
async fn identical_receipt_is_there_already() {
    let (_folder, ledger, session) = ledger_with_session().await;
    let minutes = record_minutes(&ledger, &session, 3).await;
    for minute in &minutes {
        let again = ledger.record_receipt(minute, NOW_UNIX_MS + 5_000).await.unwrap();
        assert_eq!(again, Written::Already);
    }
    assert_eq!(ledger.unvouchered(&session.terms.session).await.unwrap(), minutes);
}

#[tokio::test]
async fn second_receipt_for_a_sequence_is_equivocation() {
    let (_folder, ledger, session) = ledger_with_session().await;
    let minutes = record_minutes(&ledger, &session, 3).await;
    let tips = [None, Some(tip_of(&minutes[0])), Some(tip_of(&minutes[1]))];
    for tip in tips {
        let other = receipt(&session, tip.as_ref(), 8);
        let refused = ledger.record_receipt(&other, NOW_UNIX_MS).await;
        assert!(is_equivocation(&refused), "{refused:?}");
        assert!(!refused.unwrap_err().is_retryable());
    }
    // The same message by another key, and with other records than its root covers.
    let mut other_key = minutes[1].clone();
    other_key.signed = sign(&voucher_signer(), &message(&minutes[1]));
    assert!(is_equivocation(&ledger.record_receipt(&other_key, NOW_UNIX_MS).await));
    let mut other_records = minutes[1].clone();
    other_records.records.clear();
    assert!(is_equivocation(&ledger.record_receipt(&other_records, NOW_UNIX_MS).await));
    assert_eq!(ledger.unvouchered(&session.terms.session).await.unwrap(), minutes);
}

#[tokio::test]
async fn equivocation_is_refused_across_handles() {
    let (folder, first, session) = ledger_with_session().await;
    let second = Ledger::open(file_in(&folder), DOMAIN).await.unwrap();
    let minute = receipt(&session, None, 1);
    assert_eq!(first.record_receipt(&minute, NOW_UNIX_MS).await.unwrap(), Written::New);
    assert_eq!(second.record_receipt(&minute, NOW_UNIX_MS).await.unwrap(), Written::Already);
    let other = receipt(&session, None, 2);
    assert!(is_equivocation(&second.record_receipt(&other, NOW_UNIX_MS).await));
    assert!(is_equivocation(&first.record_receipt(&other, NOW_UNIX_MS).await));
}

/// Eight tasks on two handles, each with a receipt of its own for the same minute: one wins.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_concurrent_receipts_wins() {
    let (folder, first, session) = ledger_with_session().await;
    let second = Ledger::open(file_in(&folder), DOMAIN).await.unwrap();
    let mut tip = None;
    for minute in 0..5u64 {
        let tasks: Vec<_> = (0..8u64)
            .map(|task| {
                let ledger = if task % 2 == 0 { first.clone() } else { second.clone() };
                let receipt = receipt(&session, tip.as_ref(), minute * 8 + task);
                tokio::spawn(async move {
                    let result = ledger.record_receipt(&receipt, NOW_UNIX_MS).await;
                    (receipt, result)
                })
            })
            .collect();
        let mut winners = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                (receipt, Ok(written)) => {
                    assert_eq!(written, Written::New);
                    winners.push(receipt);
                }
                (_, refused) => assert!(is_equivocation(&refused), "{refused:?}"),
            }
        }
        assert_eq!(winners.len(), 1, "minute {minute}");
        tip = Some(tip_of(&winners[0]));
        assert_eq!(second.session_tip(&session.terms.session).await.unwrap(), tip);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_sessions_do_not_disturb_each_other() {
    let (_folder, ledger) = ledger().await;
    let tasks: Vec<_> = (1..=8u8)
        .map(|number| {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                let session = session(number);
                ledger.record_session(&session).await.unwrap();
                for minute in record_minutes(&ledger, &session, 5).await {
                    ledger.record_voucher(&voucher(&minute), NOW_UNIX_MS).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(ledger.outstanding_micro_usdc(&APP, 0).await.unwrap(), 8 * 30_000);
    assert_eq!(ledger.unsettled_sessions().await.unwrap().len(), 8);
}

/// A call that is dropped at any point either happened or did not; asking again finds out.
#[tokio::test]
async fn cancelled_call_can_be_repeated() {
    let (_folder, ledger, session) = ledger_with_session().await;
    let mut tip = None;
    for micros in (0..6_000).step_by(1_000) {
        let minute = receipt(&session, tip.as_ref(), micros);
        let call = ledger.record_receipt(&minute, NOW_UNIX_MS);
        let _ = tokio::time::timeout(std::time::Duration::from_micros(micros), call).await;
        ledger.record_receipt(&minute, NOW_UNIX_MS).await.unwrap();
        tip = Some(tip_of(&minute));
        assert_eq!(ledger.session_tip(&session.terms.session).await.unwrap(), tip);
    }
}

#[tokio::test]
async fn receipt_that_does_not_follow_is_refused() {
    let (_folder, ledger, opened) = ledger_with_session().await;
    let record = async |archived: &ArchivedReceipt| {
        ledger.record_receipt(archived, NOW_UNIX_MS).await.unwrap_err()
    };
    let ahead = changed(|r| r.sequence = 1);
    assert!(matches!(
        record(&ahead).await,
        Error::Receipt(ReceiptError::Sequence { expected: 0, found: 1 })
    ));
    let unchained = changed(|r| r.previous_receipt_hash = [1; 32]);
    assert!(matches!(record(&unchained).await, Error::Receipt(ReceiptError::BrokenChain)));
    let dear = changed(|r| r.cumulative_micro_usdc += 1);
    assert!(matches!(record(&dear).await, Error::Receipt(ReceiptError::Cumulative { .. })));
    let other_channel = changed(|r| r.channel = [9; 32]);
    assert!(matches!(record(&other_channel).await, Error::Receipt(ReceiptError::OtherSession)));

    let minutes = record_minutes(&ledger, &opened, 7).await;
    let over_cap = receipt(&opened, Some(&tip_of(&minutes[6])), 7);
    assert!(matches!(record(&over_cap).await, Error::Receipt(ReceiptError::OverCap)));
    // Less than the receipts before it: nothing is ever given back.
    let tip = tip_of(&minutes[6]);
    let mut less = receipt_message(&opened, Some(&tip), Usage::default(), &[]);
    less.cumulative_micro_usdc -= 1;
    let less = ArchivedReceipt { signed: sign(&node(), &less), records: Vec::new() };
    assert!(matches!(record(&less).await, Error::Receipt(ReceiptError::Cumulative { .. })));
    assert_eq!(ledger.session_tip(&opened.terms.session).await.unwrap(), Some(tip));
}

#[tokio::test]
async fn unsigned_or_foreign_bytes_are_refused() {
    let (_folder, ledger, session) = ledger_with_session().await;
    let valid = receipt(&session, None, 7);
    let mut forged = valid.clone();
    forged.signed.signature[0] ^= 1;
    assert!(matches!(ledger.record_receipt(&forged, NOW_UNIX_MS).await, Err(Error::Signature)));
    let mut other_bytes = valid.clone();
    *other_bytes.signed.bytes.last_mut().unwrap() ^= 1;
    let refused = ledger.record_receipt(&other_bytes, NOW_UNIX_MS).await;
    assert!(matches!(refused, Err(Error::Signature)));
    let not_a_receipt = ArchivedReceipt { signed: voucher(&valid), records: Vec::new() };
    let refused = ledger.record_receipt(&not_a_receipt, NOW_UNIX_MS).await;
    assert!(matches!(refused, Err(Error::Message(DecodeError::Kind(2)))));
    assert_eq!(ledger.session_tip(&session.terms.session).await.unwrap(), None);
}

#[tokio::test]
async fn records_must_be_those_of_the_root() {
    let (_folder, ledger, session) = ledger_with_session().await;
    let valid = receipt(&session, None, 7);
    let wrong = [Vec::new(), vec![record(8)], vec![record(7), record(7)]];
    for records in wrong {
        let archived = ArchivedReceipt { signed: valid.signed.clone(), records };
        let refused = ledger.record_receipt(&archived, NOW_UNIX_MS).await;
        assert!(matches!(refused, Err(Error::RecordsRoot)), "{refused:?}");
    }
    let miscounted = changed(|r| r.records_count = 2);
    let refused = ledger.record_receipt(&miscounted, NOW_UNIX_MS).await;
    assert!(matches!(refused, Err(Error::RecordsRoot)), "{refused:?}");
    assert_eq!(ledger.record_receipt(&valid, NOW_UNIX_MS).await.unwrap(), Written::New);
}

#[tokio::test]
async fn unarchived_receipts_are_found_until_marked() {
    let (_folder, ledger, session) = ledger_with_session().await;
    let minutes = record_minutes(&ledger, &session, 3).await;
    assert_eq!(ledger.unarchived_receipts(2).await.unwrap().len(), 2);
    for (i, minute) in minutes.iter().enumerate() {
        let left = ledger.unarchived_receipts(10).await.unwrap();
        assert_eq!(left.len(), minutes.len() - i);
        assert!(left.contains(minute));
        ledger.mark_receipt_archived(&minute.signed.hash()).await.unwrap();
        ledger.mark_receipt_archived(&minute.signed.hash()).await.unwrap();
    }
    assert!(ledger.unarchived_receipts(10).await.unwrap().is_empty());
    // The mark is beside the receipt, not part of it.
    assert_eq!(ledger.unvouchered(&session.terms.session).await.unwrap(), minutes);
}
