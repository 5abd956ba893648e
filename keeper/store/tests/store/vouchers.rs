//! Vouchers: accepted only for what was signed, in full.

use crate::fixtures::*;
use heliograph_protocol::voucher::Voucher;
use heliograph_store::{Error, Written};

#[tokio::test]
async fn vouchers_come_back_as_recorded() {
    let (_folder, ledger, session) = ledger_with_session().await;
    let address = session.terms.session;
    let minutes = record_minutes(&ledger, &session, 3).await;
    assert_eq!(ledger.newest_voucher(&address).await.unwrap(), None);
    for (sequence, minute) in (0..).zip(&minutes) {
        let signed = voucher(minute);
        assert_eq!(ledger.record_voucher(&signed, NOW_UNIX_MS).await.unwrap(), Written::New);
        assert_eq!(ledger.record_voucher(&signed, NOW_UNIX_MS).await.unwrap(), Written::Already);
        let newest = ledger.newest_voucher(&address).await.unwrap().unwrap();
        assert_eq!((newest.signed, newest.voucher), (signed, voucher_message(minute)));
        let left = ledger.unvouchered(&address).await.unwrap();
        assert_eq!(left, minutes[sequence as usize + 1..]);
    }
    assert_eq!(ledger.voucher(&address, 3).await.unwrap(), None);
}

#[tokio::test]
async fn late_voucher_for_an_older_receipt_lowers_nothing() {
    let (_folder, ledger, session) = ledger_with_session().await;
    let address = session.terms.session;
    let minutes = record_minutes(&ledger, &session, 3).await;
    ledger.record_voucher(&voucher(&minutes[2]), NOW_UNIX_MS).await.unwrap();
    let late = ledger.record_voucher(&voucher(&minutes[0]), NOW_UNIX_MS).await.unwrap();
    assert_eq!(late, Written::New);
    let newest = ledger.newest_voucher(&address).await.unwrap().unwrap();
    assert_eq!(newest.voucher.sequence, 2);
    let stored = ledger.session(&address).await.unwrap().unwrap();
    assert_eq!(stored.vouchered_micro_usdc, 18_000);
    assert!(ledger.unvouchered(&address).await.unwrap().is_empty());
}

#[tokio::test]
async fn voucher_that_answers_no_receipt_is_refused() {
    let (_folder, ledger, session) = ledger_with_session().await;
    let minutes = record_minutes(&ledger, &session, 2).await;
    let valid = voucher_message(&minutes[1]);
    let changes: [fn(&mut Voucher); 7] = [
        |v| v.channel[0] ^= 1,
        |v| v.sequence = 0,
        |v| v.sequence = 2,
        |v| v.cumulative_micro_usdc -= 1,
        |v| v.cumulative_micro_usdc += 1,
        |v| v.cumulative_micro_usdc = u64::MAX,
        |v| v.receipt_hash[0] ^= 1,
    ];
    for (i, change) in changes.iter().enumerate() {
        let mut other = valid.clone();
        change(&mut other);
        let refused = ledger.record_voucher(&sign(&voucher_signer(), &other), NOW_UNIX_MS).await;
        assert!(matches!(refused, Err(Error::UnknownReceipt { .. })), "change {i}: {refused:?}");
    }
    assert_eq!(ledger.newest_voucher(&session.terms.session).await.unwrap(), None);
}

#[tokio::test]
async fn voucher_of_another_signer_is_refused() {
    let (_folder, ledger, session) = ledger_with_session().await;
    let minutes = record_minutes(&ledger, &session, 1).await;
    let by_the_node = sign(&node(), &voucher_message(&minutes[0]));
    let refused = ledger.record_voucher(&by_the_node, NOW_UNIX_MS).await;
    assert!(matches!(refused, Err(Error::WrongSigner { .. })));
    let mut forged = voucher(&minutes[0]);
    forged.signature[40] ^= 1;
    assert!(matches!(ledger.record_voucher(&forged, NOW_UNIX_MS).await, Err(Error::Signature)));
    let mut renamed = by_the_node;
    renamed.public_key = session.voucher_signer;
    assert!(matches!(ledger.record_voucher(&renamed, NOW_UNIX_MS).await, Err(Error::Signature)));
    assert_eq!(ledger.newest_voucher(&session.terms.session).await.unwrap(), None);
}

#[tokio::test]
async fn unarchived_vouchers_are_found_until_marked() {
    let (_folder, ledger, session) = ledger_with_session().await;
    let minutes = record_minutes(&ledger, &session, 2).await;
    let signed: Vec<_> = minutes.iter().map(voucher).collect();
    for voucher in &signed {
        ledger.record_voucher(voucher, NOW_UNIX_MS).await.unwrap();
    }
    assert_eq!(ledger.unarchived_vouchers(1).await.unwrap().len(), 1);
    ledger.mark_voucher_archived(&signed[0].hash()).await.unwrap();
    assert_eq!(ledger.unarchived_vouchers(10).await.unwrap(), signed[1..]);
    ledger.mark_voucher_archived(&signed[1].hash()).await.unwrap();
    assert!(ledger.unarchived_vouchers(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn newest_vouchers_come_in_the_order_in_which_they_came() {
    let (_folder, ledger, one) = ledger_with_session().await;
    let two = session(2);
    ledger.record_session(&two).await.unwrap();
    assert_eq!(ledger.newest_position().await.unwrap(), 0);
    let first = record_minutes(&ledger, &one, 2).await;
    let second = record_minutes(&ledger, &two, 1).await;
    for minute in [&first[0], &second[0], &first[1]] {
        ledger.record_voucher(&voucher(minute), NOW_UNIX_MS).await.unwrap();
    }
    let seen = async |after, limit| {
        let now = NOW_UNIX_MS / 1_000;
        let found = ledger.newest_vouchers(after, now, limit).await.unwrap();
        found
            .into_iter()
            .map(|entry| (entry.position, entry.signed, entry.receipt))
            .collect::<Vec<_>>()
    };
    // The first session's first voucher has a newer one.
    let expected =
        [(2, voucher(&second[0]), second[0].clone()), (3, voucher(&first[1]), first[1].clone())];
    assert_eq!(seen(0, 9).await, expected);
    assert_eq!(seen(0, 1).await, expected[..1]);
    assert_eq!(seen(2, 9).await, expected[1..]);
    assert_eq!(seen(3, 9).await, []);
    assert_eq!(ledger.newest_position().await.unwrap(), 3);
    // What is paid, or can be paid no more, is nobody's business.
    let until = two.redeemable_until_unix_secs;
    assert_eq!(ledger.newest_vouchers(0, until, 9).await.unwrap().len(), 1);
    assert_eq!(ledger.newest_vouchers(0, until + 1, 9).await.unwrap(), []);
    let paid = message(&second[0]).cumulative_micro_usdc;
    ledger.record_settled(&two.terms.session, paid).await.unwrap();
    assert_eq!(seen(0, 9).await, expected[1..]);
}

/// Shares name people: they go with the voucher that answers them, and no earlier.
#[tokio::test]
async fn shares_are_kept_until_their_receipt_is_answered() {
    let (_folder, ledger, session) = ledger_with_session().await;
    let address = session.terms.session;
    ledger.record_shares(&address, 0, b"lost in a crash").await.unwrap();
    for sequence in 0..3 {
        ledger.record_shares(&address, sequence, &[sequence as u8]).await.unwrap();
    }
    let minutes = record_minutes(&ledger, &session, 3).await;
    // Who would make another receipt for an ordinal that is taken does not change whose it is.
    let again = ledger.record_shares(&address, 0, b"somebody else's").await;
    assert!(matches!(again, Err(Error::Equivocation { sequence: 0, .. })), "{again:?}");
    assert_eq!(ledger.shares(&address, 0).await.unwrap(), Some(vec![0]));
    ledger.record_voucher(&voucher(&minutes[1]), NOW_UNIX_MS).await.unwrap();
    assert_eq!(ledger.shares(&address, 0).await.unwrap(), None);
    assert_eq!(ledger.shares(&address, 1).await.unwrap(), None);
    assert_eq!(ledger.shares(&address, 2).await.unwrap(), Some(vec![2]));
}
