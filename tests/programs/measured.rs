//! What instructions cost, kept within bounds.

use heliograph_tests::measure::measure;

/// The most compute units one instruction may take; the runtime's default allowance is 200,000.
const COMPUTE_UNITS_MAX: u64 = 60_000;
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
        assert!(row.compute_units > 0 && row.compute_units <= COMPUTE_UNITS_MAX, "{row:?}");
        assert!(row.transaction_bytes <= TRANSACTION_BYTES_MAX, "{row:?}");
    }
    // All instructions but `record_stake`, which only runs inside staking's.
    assert_eq!(table.len(), 20 + 12 + 11 - 1 + 6);
    let mut names: Vec<_> = table.iter().map(|row| row.instruction).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), table.len(), "one row for each");
}

#[test]
fn voucher_redeem_is_cheap() {
    let table = measure();
    let redeem = table.iter().find(|row| row.instruction == "settlement.redeem_voucher");
    let redeem = redeem.expect("measured");
    assert!(redeem.compute_units < 40_000, "{redeem:?}");
}
