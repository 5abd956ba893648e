//! The cases about minute batches: leaves and chains, what a leaf pays, what stays on record.

use super::cases::named;
use super::document::{
    BatchVector, ClaimRecordVector, ClaimStepVector, ClaimVector, Hex, LeafVector, U64,
};
use heliograph_protocol::batch::{BatchHeader, CHAIN_START, Leaf, evidence, is_sorted, root};
use heliograph_protocol::claim::Claims;
use heliograph_protocol::domain::{Domain, Message};
use heliograph_protocol::settle::{SettleError, SettleState, claims};

fn leaf(app: u8, node: u8, session: u8, cumulative_micro_usdc: u64) -> (Leaf, LeafVector) {
    let (receipt_hash, voucher_hash) = (named("receipt"), [session; 32]);
    let leaf = Leaf {
        app: [app; 32],
        node: [node; 32],
        session: [session; 32],
        cumulative_micro_usdc,
        evidence: evidence(&receipt_hash, &voucher_hash),
    };
    let vector = LeafVector {
        app: leaf.app.into(),
        node: leaf.node.into(),
        session: leaf.session.into(),
        cumulative_micro_usdc: U64(cumulative_micro_usdc),
        receipt_hash: receipt_hash.into(),
        voucher_hash: voucher_hash.into(),
        evidence: leaf.evidence.into(),
        hash: leaf.hash().into(),
    };
    (leaf, vector)
}

/// Two minutes of one settler, the second empty, and one of the largest numbers.
pub fn batches() -> Vec<BatchVector> {
    let domain = Domain(named("domain"));
    let settler = named("settler");
    let mut previous = CHAIN_START;
    let mut batch = |minute_index, total_micro_usdc, leaves: Vec<(Leaf, LeafVector)>| {
        let (leaves, vectors): (Vec<_>, Vec<_>) = leaves.into_iter().unzip();
        assert!(is_sorted(&leaves));
        let header = BatchHeader {
            settler,
            minute_index,
            root: root(&leaves),
            count: leaves.len() as u32,
            total_micro_usdc,
        };
        let chain = header.chain(&previous, &domain);
        let before = std::mem::replace(&mut previous, chain);
        BatchVector {
            domain: domain.0.into(),
            settler: settler.into(),
            minute_index: U64(minute_index),
            leaves: vectors,
            root: header.root.into(),
            total_micro_usdc: U64(total_micro_usdc),
            header_bytes: Hex(header.signing_bytes(&domain)),
            previous_chain: before.into(),
            chain: chain.into(),
        }
    };
    vec![
        batch(
            29_666_667,
            17_832,
            vec![leaf(1, 1, 7, 8_916), leaf(1, 2, 3, 5_000), leaf(2, 1, 1, 3_916)],
        ),
        batch(29_666_668, 0, vec![]),
        batch(u64::MAX, u64::MAX, vec![leaf(0xff, 0xff, 0xff, u64::MAX)]),
    ]
}

pub fn claim_vectors() -> Vec<ClaimVector> {
    [
        (0, 100, 1_000, 1_000, 60),
        (60, 100, 1_000, 1_000, 100),
        (60, 100, 7, 1_000, 100),
        (60, 100, 1_000, 7, 100),
        (60, 100, 0, 1_000, 100),
        (60, 100, 1_000, 0, 100),
        (60, 100, 1_000, 1_000, 60),
        (60, 50, 1_000, 1_000, 59),
        (60, 100, 1_000, 1_000, 101),
        (0, u64::MAX, u64::MAX, u64::MAX, u64::MAX),
    ]
    .map(|(settled, cap, escrow, left, cumulative)| {
        let state = SettleState {
            settled_micro_usdc: settled,
            cap_micro_usdc: cap,
            escrow_available_micro_usdc: escrow,
        };
        let result = claims(&state, left, cumulative);
        ClaimVector {
            settled_micro_usdc: U64(settled),
            cap_micro_usdc: U64(cap),
            escrow_available_micro_usdc: U64(escrow),
            batch_left_micro_usdc: U64(left),
            leaf_cumulative_micro_usdc: U64(cumulative),
            claims_micro_usdc: result.ok().map(U64),
            error: result.err().map(|error| match error {
                SettleError::OverCap => "over_cap",
                other => panic!("{other:?} is no refusal of a claim"),
            }),
        }
    })
    .into()
}

/// Aging, a third settler, proofs and restitution, periods that change.
pub fn claim_records() -> Vec<ClaimRecordVector> {
    const P: u32 = 100;
    let record = |steps: &[(&'static str, u8, u64, i64, u32)]| {
        let mut record = Claims::default();
        let steps = steps.iter().map(|&(deed, settler, micro_usdc, now, period_secs)| {
            let address = [settler; 32];
            let done = match deed {
                "claim" => record.record(&address, micro_usdc, now, period_secs.into()).is_ok(),
                "prove" => {
                    record.prove(micro_usdc);
                    true
                }
                _ => record.restore(&address, micro_usdc),
            };
            ClaimStepVector {
                deed,
                settler: address.into(),
                micro_usdc: U64(micro_usdc),
                now: U64(now as u64),
                refused: !done,
                period_secs,
                after: record
                    .0
                    .map(|claim| {
                        (
                            claim.settler.into(),
                            U64(claim.recent_micro_usdc),
                            U64(claim.earlier_micro_usdc),
                            U64(claim.since as u64),
                            U64(claim.period_secs as u64),
                        )
                    })
                    .into(),
            }
        });
        ClaimRecordVector { steps: steps.collect() }
    };
    vec![
        record(&[
            ("claim", 1, 10, 1_000, P),
            ("claim", 1, 5, 1_100, P),
            ("claim", 1, 7, 1_101, P),
            ("claim", 1, 7, 1_202, P),
            ("claim", 1, 1, 1_403, P),
        ]),
        record(&[
            ("claim", 1, 10, 1_000, P),
            ("claim", 2, 20, 1_010, P),
            ("claim", 3, 1, 1_020, P),
            ("claim", 1, 5, 1_030, P),
            ("claim", 3, 0, 1_200, P),
            ("claim", 3, 1, 1_200, P),
            ("claim", 3, 1, 1_211, P),
        ]),
        record(&[
            ("claim", 1, 10, 1_000, P),
            ("claim", 2, 20, 1_101, P),
            ("claim", 2, 30, 1_202, P),
            ("prove", 0, 55, 1_203, P),
            ("prove", 0, 31, 1_204, P),
            ("restore", 2, 32, 1_205, P),
            ("restore", 2, 2, 1_205, P),
            ("restore", 1, 1, 1_205, P),
            ("prove", 0, 0, 1_206, P),
            ("claim", 3, 4, 1_206, P),
        ]),
        record(&[
            ("claim", 1, 10, 1_000, P),
            ("claim", 1, 1, 1_010, 2 * P),
            ("claim", 1, 2, 1_200, P / 10),
            ("claim", 1, 3, 1_201, P / 10),
            ("claim", 2, 5, 1_202, P / 10),
            ("claim", 3, 7, 1_222, P),
            ("claim", 3, 7, 1_223, P),
            ("claim", 1, 4, 1_602, P),
        ]),
    ]
}
