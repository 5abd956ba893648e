//! The true history, over RPC and in pieces.

use crate::scene::{of, scene};
use heliograph_audit::{Auditor, Error, FindingKind, Options, Settlement, audit};
use heliograph_client::{RetryPolicy, Rpc, pda};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn true_history_is_clean_and_adds_up() {
    let scene = tokio::task::spawn_blocking(scene).await.unwrap();
    let archive = scene.archive_path().to_str().unwrap();
    let report = audit(&scene.rpc, archive, Options::default()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert!(report.findings.is_empty(), "{report}");

    // 3 × 5003 + ⌊31 · 5003 / 60⌋ in the first session, 9001 + ⌊59 · 9001 / 60⌋ + 9001 in the second.
    let (first, second) = (3 * 5_003 + 2_584, 9_001 + 8_850 + 9_001);
    // Claimed in three payments, of two minutes and of one each.
    let third = 4 * 9_001;
    let totals = report.totals;
    assert_eq!(totals.settled_micro_usdc, first + second + third);
    assert_eq!(totals.operators_micro_usdc, first * 3 / 4 + second * 3 / 4 + third * 3 / 4);
    assert_eq!(totals.settlers_micro_usdc, 2 * 9_001 / 20 + 9_001 / 20 + 9_001 / 20);
    assert_eq!(
        totals.treasury_micro_usdc,
        totals.settled_micro_usdc - totals.operators_micro_usdc - totals.settlers_micro_usdc
    );
    assert_eq!(totals.billed_micro_usdc, first + second + third + 7 * 5_003 / 60);
    assert_eq!((totals.sessions, totals.minutes), (3, 12));
    assert_eq!(totals.transactions, scene.transactions.len());
    let paid = scene.rpc.token_balance(&scene.payout).await.unwrap();
    assert_eq!(paid, Some(totals.operators_micro_usdc), "as the token program has it");
    let treasury = scene.rpc.token_balance(&scene.network.treasury).await.unwrap();
    // And of the settler's penalty, a fifth of its 1,000 USDC, what its challenger does not get.
    let penalty = 200_000_000;
    assert_eq!(treasury, Some(totals.treasury_micro_usdc + penalty - penalty / 10));

    let rows: Vec<_> =
        report.minutes.iter().filter(|minute| minute.session == scene.first.to_string()).collect();
    let redeem = scene.redeem.to_string();
    let covered = Settlement::Covered { by_sequence: 1, transaction: redeem.clone() };
    assert_eq!(rows[0].settlement, covered);
    assert_eq!(rows[1].settlement, Settlement::Redeemed { transaction: redeem });
    assert_eq!(rows[4].settlement, Settlement::Unsettled);
    let in_batches = report.minutes.iter().filter(|m| m.session == scene.third.to_string());
    assert!(in_batches.clone().all(|m| matches!(m.settlement, Settlement::Claimed { .. })));
    assert_eq!(in_batches.count(), 4);
    assert_eq!((rows[3].secs, rows[3].amount_micro_usdc), (31, 2_584));
    assert!(rows[3].voucher_hash.is_some() && rows[4].voucher_hash.is_none());

    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["clean"], true);
    assert_eq!(json["minutes"][0]["session"], report.minutes[0].session);
    assert!(report.to_string().ends_with("clean: history, accounts and archive agree"), "{report}");
}

#[test]
fn same_pieces_without_rpc_are_clean() {
    let scene = scene();
    let report = scene.audit_archive(scene.archive_path());
    assert!(report.findings.is_empty(), "{report}");
}

/// A node lists one slot's transactions in any order between programs; the rules sort them.
#[test]
fn order_within_a_slot_is_found() {
    let scene = scene();
    for size in [2, 3, 5] {
        let mut transactions = scene.transactions.clone();
        for group in transactions.chunks_mut(size) {
            // Only what happened within the tolerance can have been one slot.
            let (slot, time) = (group[0].slot, group[0].block_time);
            let near = |t: &heliograph_client::rpc::Transaction| {
                t.block_time.unwrap().abs_diff(time.unwrap()) <= 8
            };
            if group.iter().all(near) {
                group.iter_mut().for_each(|transaction| transaction.slot = slot);
                group.reverse();
            }
        }
        let report = scene.audit_history(&transactions);
        assert!(report.findings.is_empty(), "groups of {size}: {report}");
    }
}

/// Older nodes do not say how deep a call was.
#[test]
fn unknown_depth_of_calls_changes_nothing() {
    let scene = scene();
    let mut transactions = scene.transactions.clone();
    for instruction in transactions.iter_mut().flat_map(|t| &mut t.instructions) {
        assert!(instruction.inner.iter().all(|inner| inner.stack_height > 1));
        instruction.stack_height = 0;
        instruction.inner.iter_mut().for_each(|inner| inner.stack_height = 0);
    }
    let report = scene.audit_history(&transactions);
    assert!(report.findings.is_empty(), "{report}");
}

/// An archive is expected to hold the evidence of its own nodes alone.
#[test]
fn evidence_of_other_nodes_is_not_asked_for() {
    let scene = scene();
    let audit = |nodes: Vec<Pubkey>| {
        let mut auditor = Auditor::new(Options { nodes, ..Options::default() });
        auditor.carry_out(&scene.transactions);
        auditor.finish(&scene.snapshot)
    };
    let own = pda::node(&scene.node_key.pubkey());
    let others = audit(vec![Pubkey::new_unique()]);
    assert!(others.findings.is_empty(), "{others}");
    for nodes in [Vec::new(), vec![own]] {
        let report = audit(nodes);
        // Three receipts that were redeemed for in each session, and the vouchers themselves.
        assert_eq!(of(&report, FindingKind::ReceiptMissing).len(), 2 + 3 + 2, "{report}");
        assert_eq!(of(&report, FindingKind::VoucherMissing).len(), 2 + 4, "{report}");
    }
}

#[tokio::test]
async fn silent_rpc_is_an_error_to_retry() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let rpc = Rpc::new(url, RetryPolicy::within(Duration::from_millis(300)));
    let archive = tempfile::tempdir().unwrap();
    let archive = archive.path().to_str().unwrap();
    let error = audit(&rpc, archive, Options::default()).await.unwrap_err();
    assert!(matches!(error, Error::Rpc(_)) && error.is_retryable(), "{error}");
}

#[tokio::test]
async fn cluster_without_a_network_is_an_error() {
    let localnet = heliograph_localnet::Localnet::start(Default::default()).await.unwrap();
    let rpc = Rpc::new(localnet.rpc_url(), RetryPolicy::INTERACTIVE);
    let archive = tempfile::tempdir().unwrap();
    let archive = archive.path().to_str().unwrap();
    let error = audit(&rpc, archive, Options::default()).await.unwrap_err();
    assert!(error.to_string().contains("there is no Network account"), "{error}");
    assert!(!error.is_retryable());
}
