use super::*;
use heliograph_migrations::Params;
use heliograph_protocol::voucher::Voucher;
use heliograph_settlement::state::Claim;
use proptest::prelude::*;

const NOW: i64 = 1_780_000_000;

/// A network's parameters with round times.
fn params() -> NetworkParams {
    NetworkParams {
        challenge_response_secs: 600,
        dispute_secs: 7_200,
        ..Params::default().to_network(9).expect("defaults")
    }
}

pub(crate) fn session() -> Session {
    Session {
        version: 1,
        bump: 255,
        services: 8,
        spare: 0,
        operator_bps: 7_500,
        settler_bps: 500,
        channel: [3; 32].into(),
        app: [1; 32].into(),
        node: [2; 32].into(),
        ordinal: 0,
        prices_micro_usdc: [1_000, 0, 0, 5_000],
        cap_micro_usdc: 100_000,
        voucher_signer: [4; 32].into(),
        opened_at: NOW,
        expires_at: NOW + 3_600,
        redeemable_until: NOW + 86_400,
        closable_at: NOW + 86_400 + 7_800,
        totals: Default::default(),
        proven_micro_usdc: 0,
        claims: [Claim::default(); 2],
        last_receipt_hash: [0; 32],
        last_sequence: 0,
        spare_after_sequence: [0; 4],
        rent_payer: [5; 32].into(),
        reserved: [0; 48],
    }
}

fn waiting(cumulative_micro_usdc: u64, under_way_micro_usdc: u64) -> Waiting {
    let voucher = Voucher {
        channel: [3; 32],
        session: [9; 32],
        sequence: 4,
        cumulative_micro_usdc,
        receipt_hash: [6; 32],
    };
    Waiting {
        app: [1; 32],
        node: [2; 32],
        voucher,
        voucher_hash: [7; 32],
        settled_micro_usdc: 0,
        under_way_micro_usdc,
        since_unix_ms: 0,
    }
}

fn offered(number: u8, increment_micro_usdc: u64) -> Offer {
    let leaf = Leaf {
        app: [number; 32],
        node: [2; 32],
        session: [9; 32],
        cumulative_micro_usdc: increment_micro_usdc,
        evidence: [0; 32],
    };
    Offer { stored: StoredLeaf { leaf, voucher_hash: [number; 32] }, increment_micro_usdc }
}

const LIMITS: Limits =
    Limits { leaves_max: 4, total_max_micro_usdc: 1_000, room_micro_usdc: 1_000 };

#[test]
fn leaf_says_what_the_voucher_says_and_claims_what_nothing_else_does() {
    let mut account = session();
    account.totals.settled_micro_usdc = 2_000;
    let offer = offer(&waiting(9_000, 5_000), &account, &params(), NOW).unwrap();
    assert_eq!(offer.increment_micro_usdc, 4_000);
    let leaf = offer.stored.leaf;
    assert_eq!((leaf.cumulative_micro_usdc, leaf.session), (9_000, [9; 32]));
    assert_eq!(leaf.evidence, batch::evidence(&[6; 32], &[7; 32]));
    account.totals.settled_micro_usdc = 8_000;
    let less = super::offer(&waiting(9_000, 5_000), &account, &params(), NOW).unwrap();
    assert_eq!(less.increment_micro_usdc, 1_000);
}

#[test]
fn nothing_is_offered_that_is_paid_or_above_the_cap() {
    let mut account = session();
    assert_eq!(offer(&waiting(5_000, 5_000), &account, &params(), NOW), None);
    assert!(offer(&waiting(100_000, 0), &account, &params(), NOW).is_some());
    assert_eq!(offer(&waiting(100_001, 0), &account, &params(), NOW), None);
    account.totals.settled_micro_usdc = 5_000;
    assert_eq!(offer(&waiting(5_000, 0), &account, &params(), NOW), None);
}

#[test]
fn nothing_is_offered_that_could_not_be_answered_for_or_claimed() {
    let params = params();
    let at = |now| offer(&waiting(5_000, 0), &session(), &params, now).is_some();
    let account = session();
    let claimable = account.redeemable_until - 3_600;
    assert!(at(claimable - 1));
    assert!(!at(claimable));
    // The account of a session that was opened under other parameters may go earlier.
    let mut short = session();
    short.closable_at = NOW + 7_799;
    assert_eq!(offer(&waiting(5_000, 0), &short, &params, NOW), None);
    short.closable_at = NOW + 7_800;
    assert!(offer(&waiting(5_000, 0), &short, &params, NOW).is_some());
    assert_eq!(offer(&waiting(5_000, 0), &short, &params, i64::MAX), None);
}

#[test]
fn who_waits_longest_comes_first_and_smaller_ones_pass_what_does_not_fit() {
    let offers = [offered(9, 600), offered(1, 500), offered(5, 400), offered(2, 1)];
    let selection = select(offers, &LIMITS);
    let apps: Vec<u8> = selection.leaves.iter().map(|stored| stored.leaf.app[0]).collect();
    assert_eq!(apps, [5, 9], "sorted as batches are");
    assert_eq!((selection.total_micro_usdc, selection.left_out), (1_000, 2));
}

#[test]
fn bond_maximum_and_count_each_limit_a_batch() {
    let offers = || (1..=9).map(|number| offered(number, 100));
    for (limits, leaves) in [
        (LIMITS, 4),
        (Limits { room_micro_usdc: 250, ..LIMITS }, 2),
        (Limits { total_max_micro_usdc: 399, ..LIMITS }, 3),
        (Limits { room_micro_usdc: 0, ..LIMITS }, 0),
    ] {
        let selection = select(offers(), &limits);
        assert_eq!((selection.leaves.len(), selection.left_out), (leaves, 9 - leaves));
    }
}

#[test]
fn empty_selection_has_no_header() {
    assert_eq!(select([], &LIMITS).header([5; 32], 70), None);
    let selection = select([offered(1, 100)], &LIMITS);
    let header = selection.header([5; 32], 70).unwrap();
    assert_eq!((header.count, header.total_micro_usdc, header.minute_index), (1, 100, 70));
    assert_eq!(header.root, selection.leaves[0].leaf.hash());
}

proptest! {
    #[test]
    fn selection_keeps_all_limits_and_is_sorted(
        increments in proptest::collection::vec(0..2_000_u64, 0..60),
        leaves_max in 0..40_usize,
        total_max in 0..20_000_u64,
        room in 0..20_000_u64,
    ) {
        let limits = Limits {
            leaves_max, total_max_micro_usdc: total_max, room_micro_usdc: room,
        };
        let offers: Vec<_> =
            (0..).zip(&increments).map(|(number, increment)| offered(number, *increment)).collect();
        let selection = select(offers.clone(), &limits);
        prop_assert!(selection.leaves.len() <= leaves_max);
        prop_assert!(selection.total_micro_usdc <= total_max.min(room));
        prop_assert_eq!(selection.leaves.len() + selection.left_out, offers.len());
        let leaves: Vec<Leaf> = selection.leaves.iter().map(|stored| stored.leaf).collect();
        prop_assert!(batch::is_sorted(&leaves));
        let sum: u64 = leaves.iter().map(|leaf| leaf.cumulative_micro_usdc).sum();
        prop_assert_eq!(sum, selection.total_micro_usdc);
    }
}
