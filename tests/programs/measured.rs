//! What instructions cost, kept within bounds.

use heliograph_tests::measure::{measure, measure_claims};

/// The most compute units one instruction may take; the runtime's default allowance is 200,000.
const COMPUTE_UNITS_MAX: u64 = 60_000;
/// The same for cases, which are rare and call three other programs each.
const CASE_COMPUTE_UNITS_MAX: u64 = 150_000;
/// The most each further leaf may add to a claim.
const LEAF_COMPUTE_UNITS_MAX: u64 = 1_200;
/// A packet's room for a transaction.
const TRANSACTION_BYTES_MAX: usize = 1_232;

#[test]
fn every_instruction_is_measured_and_within_its_bounds() {
    let table = measure();
    for row in &table {
        println!(
            "{:32} {:>7} CU {:>5} bytes",
            row.instruction, row.compute_units, row.transaction_bytes
        );
        let most = if row.instruction.starts_with("slashing.") {
            CASE_COMPUTE_UNITS_MAX
        } else {
            COMPUTE_UNITS_MAX
        };
        assert!(row.compute_units > 0 && row.compute_units <= most, "{row:?}");
        assert!(row.transaction_bytes <= TRANSACTION_BYTES_MAX, "{row:?}");
    }
    // All instructions but `record_stake`, which only runs inside staking's.
    assert_eq!(table.len(), 20 + 14 + 24 - 1 + 6 + 12);
    let mut names: Vec<_> = table.iter().map(|row| row.instruction).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), table.len(), "one row for each");
}

#[test]
fn post_of_a_minute_stays_under_ten_thousand_units() {
    let table = measure();
    let post = table.iter().find(|row| row.instruction == "settlement.post_batch");
    let post = post.expect("measured");
    assert!(post.compute_units < 10_000, "{post:?}");
}

#[test]
fn leaf_of_a_claim_is_cheap() {
    let mut costs = Vec::new();
    for batch_leaves in [10, 1_000, 100_000] {
        let counts: Vec<usize> =
            [1, 2, 4, 8, 10, 12, 16, 20, 22].into_iter().filter(|n| *n <= batch_leaves).collect();
        costs.extend(measure_claims(batch_leaves, &counts));
    }
    for cost in &costs {
        println!("{cost:?}");
        assert!(cost.transaction_bytes <= TRANSACTION_BYTES_MAX, "{cost:?}");
    }
    let units = |leaves: usize| {
        let mut of = costs.iter().filter(|c| c.batch_leaves == 1_000 && c.lookup_table);
        of.find(|c| c.leaves == leaves).map(|c| c.compute_units).expect("measured")
    };
    let share = (units(8) - units(1)) / 7;
    println!("a leaf's share: {share} CU");
    assert!(share <= LEAF_COMPUTE_UNITS_MAX, "{share}");
}

#[test]
fn voucher_redeem_is_cheap() {
    let table = measure();
    let redeem = table.iter().find(|row| row.instruction == "settlement.redeem_voucher");
    let redeem = redeem.expect("measured");
    assert!(redeem.compute_units < 40_000, "{redeem:?}");
}
