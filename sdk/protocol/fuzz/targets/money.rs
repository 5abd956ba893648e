//! Payments in any number and order: parts add up to the unit, and what the operator gets does not
//! depend on how the total was cut.
#![no_main]

use arbitrary::Arbitrary;
use heliograph_protocol::settle::{SettleState, settles};
use heliograph_protocol::shares::Shares;
use heliograph_protocol::voucher::Voucher;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Case {
    operator_bps: u16,
    settler_bps: u16,
    cap: u64,
    escrow: u64,
    vouchers: Vec<(u64, bool)>,
}

fuzz_target!(|case: Case| {
    let shares = Shares { operator_bps: case.operator_bps, settler_bps: case.settler_bps };
    let (mut settled, mut escrow, mut operator) = (0u64, case.escrow, 0u64);
    for (cumulative_micro_usdc, settler) in case.vouchers {
        let state = SettleState {
            settled_micro_usdc: settled,
            cap_micro_usdc: case.cap,
            escrow_available_micro_usdc: escrow,
        };
        let voucher = Voucher {
            channel: [1; 32],
            session: [2; 32],
            sequence: 0,
            cumulative_micro_usdc,
            receipt_hash: [3; 32],
        };
        let Ok(amount) = settles(&state, &voucher) else { continue };
        assert!(amount > 0 && amount <= escrow);
        assert!(settled + amount <= cumulative_micro_usdc && cumulative_micro_usdc <= case.cap);
        let Some(parts) = shares.split(settled, settled + amount, settler) else {
            assert!(shares.is_invalid());
            return;
        };
        let sum = u128::from(parts.operator_micro_usdc)
            + u128::from(parts.settler_micro_usdc)
            + u128::from(parts.treasury_micro_usdc);
        assert_eq!(sum, u128::from(amount));
        assert!(settler || parts.settler_micro_usdc == 0);
        settled += amount;
        escrow -= amount;
        operator += parts.operator_micro_usdc;
    }
    if !shares.is_invalid() {
        let whole = u128::from(settled) * u128::from(case.operator_bps) / 10_000;
        assert_eq!(u128::from(operator), whole);
    }
});
