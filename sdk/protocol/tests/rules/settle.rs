//! What a voucher settles: never more than cap, escrow and voucher allow, and never twice.

use heliograph_protocol::settle::{Drawn, SettleError, SettleState, claims, draws, settles};
use heliograph_protocol::voucher::Voucher;
use proptest::collection::vec;
use proptest::prelude::*;

fn voucher(cumulative_micro_usdc: u64) -> Voucher {
    Voucher {
        channel: [1; 32],
        session: [2; 32],
        sequence: 0,
        cumulative_micro_usdc,
        receipt_hash: [3; 32],
    }
}

fn state(settled: u64, cap: u64, escrow: u64) -> SettleState {
    SettleState {
        settled_micro_usdc: settled,
        cap_micro_usdc: cap,
        escrow_available_micro_usdc: escrow,
    }
}

#[test]
fn known_cases() {
    assert_eq!(settles(&state(0, 100, 1_000), &voucher(60)), Ok(60));
    assert_eq!(settles(&state(60, 100, 1_000), &voucher(100)), Ok(40));
    assert_eq!(settles(&state(60, 100, 7), &voucher(100)), Ok(7));
    assert_eq!(settles(&state(60, 100, 7), &voucher(60)), Err(SettleError::Stale));
    assert_eq!(settles(&state(60, 100, 7), &voucher(59)), Err(SettleError::Stale));
    assert_eq!(settles(&state(60, 100, 7), &voucher(101)), Err(SettleError::OverCap));
    assert_eq!(settles(&state(60, 100, 0), &voucher(100)), Err(SettleError::EscrowEmpty));
    assert_eq!(settles(&state(0, u64::MAX, u64::MAX), &voucher(u64::MAX)), Ok(u64::MAX));
    // A voucher over the cap settles nothing, not the part below the cap.
    assert_eq!(settles(&state(0, 99, 1_000), &voucher(100)), Err(SettleError::OverCap));
}

#[test]
fn known_claims() {
    assert_eq!(claims(&state(0, 100, 1_000), 1_000, 60), Ok(60));
    assert_eq!(claims(&state(60, 100, 1_000), 1_000, 100), Ok(40));
    assert_eq!(claims(&state(60, 100, 7), 1_000, 100), Ok(7));
    assert_eq!(claims(&state(60, 100, 1_000), 7, 100), Ok(7));
    // Nothing to settle is no error, whatever else is wrong with the leaf.
    assert_eq!(claims(&state(60, 100, 1_000), 1_000, 60), Ok(0));
    assert_eq!(claims(&state(60, 100, 1_000), 1_000, 0), Ok(0));
    assert_eq!(claims(&state(60, 50, 1_000), 1_000, 60), Ok(0));
    assert_eq!(claims(&state(60, 100, 0), 1_000, 100), Ok(0));
    assert_eq!(claims(&state(60, 100, 1_000), 0, 100), Ok(0));
    assert_eq!(claims(&state(60, 100, 1_000), 1_000, 101), Err(SettleError::OverCap));
    assert_eq!(claims(&state(0, u64::MAX, u64::MAX), u64::MAX, u64::MAX), Ok(u64::MAX));
}

#[test]
fn known_draws() {
    let drawn =
        |escrow_micro_usdc, bond_micro_usdc| Ok(Drawn { escrow_micro_usdc, bond_micro_usdc });
    assert_eq!(draws(&state(0, 100, 1_000), 50, &voucher(60)), drawn(60, 0));
    assert_eq!(draws(&state(0, 100, 20), 50, &voucher(60)), drawn(20, 40));
    assert_eq!(draws(&state(0, 100, 0), 50, &voucher(60)), drawn(0, 50));
    assert_eq!(draws(&state(0, 100, 20), 30, &voucher(60)), drawn(20, 30));
    assert_eq!(draws(&state(0, 100, 0), 0, &voucher(60)), Err(SettleError::EscrowEmpty));
    assert_eq!(draws(&state(60, 100, 0), 50, &voucher(60)), Err(SettleError::Stale));
    assert_eq!(draws(&state(0, 59, 0), 50, &voucher(60)), Err(SettleError::OverCap));
    let all = state(0, u64::MAX, u64::MAX);
    assert_eq!(draws(&all, u64::MAX, &voucher(u64::MAX)), drawn(u64::MAX, 0));
}

/// Small numbers, so that every bound is met often, and the extremes.
fn money() -> impl Strategy<Value = u64> {
    prop_oneof![0..20u64, Just(u64::MAX - 1), Just(u64::MAX), any::<u64>()]
}

proptest! {
    #[test]
    fn claim_settles_what_the_voucher_would_within_the_batch(
        settled in money(),
        cap in money(),
        escrow in money(),
        cumulative in money(),
        left in money(),
    ) {
        let state = state(settled, cap, escrow);
        let by_voucher = match settles(&state, &voucher(cumulative)) {
            Err(SettleError::Stale | SettleError::EscrowEmpty) => Ok(0),
            other => other,
        };
        prop_assert_eq!(
            claims(&state, left, cumulative),
            by_voucher.map(|amount| amount.min(left))
        );
    }

    #[test]
    fn settlement_stays_within_every_bound(
        settled in money(),
        cap in money(),
        escrow in money(),
        cumulative in money(),
    ) {
        let state = state(settled, cap, escrow);
        match settles(&state, &voucher(cumulative)) {
            Ok(amount) => {
                prop_assert!(amount > 0);
                prop_assert!(amount <= escrow);
                prop_assert!(amount <= cumulative - settled);
                prop_assert!(settled + amount <= cap);
                prop_assert!(amount == escrow || settled + amount == cumulative);
            }
            Err(SettleError::Stale) => prop_assert!(cumulative <= settled),
            Err(SettleError::OverCap) => prop_assert!(cumulative > settled && cumulative > cap),
            Err(SettleError::EscrowEmpty) => {
                prop_assert!(cumulative > settled && cumulative <= cap && escrow == 0);
            }
            Err(other) => prop_assert!(false, "unknown refusal {:?}", other),
        }
    }

    /// Any order of vouchers, replays and deposits ends with the largest good voucher settled as
    /// far as the deposits reach, and no unit twice.
    #[test]
    fn history_settles_each_unit_once(
        cap in 0..200u64,
        steps in vec((0..250u64, 0..60u64), 1..40),
    ) {
        let mut settled = 0;
        let mut escrow = 0;
        let mut deposited = 0;
        let mut best = 0;
        for (cumulative, deposit) in steps {
            escrow += deposit;
            deposited += deposit;
            let before = state(settled, cap, escrow);
            if let Ok(amount) = settles(&before, &voucher(cumulative)) {
                settled += amount;
                escrow -= amount;
                best = best.max(cumulative);
            }
            // Replays settle nothing: either all is settled, or the escrow is empty.
            let after = state(settled, cap, escrow);
            prop_assert!(settles(&after, &voucher(cumulative)).is_err());
            prop_assert_eq!(settled + escrow, deposited);
            prop_assert!(settled <= best && best <= cap);
        }
        // Brought once more with enough in the escrow, the best voucher settles its rest.
        if best > settled {
            let rest = settles(&state(settled, cap, u64::MAX), &voucher(best));
            prop_assert_eq!(rest, Ok(best - settled));
        }
    }

    #[test]
    fn bond_pays_exactly_what_the_escrow_cannot(
        settled in money(),
        cap in money(),
        escrow in money(),
        bond in money(),
        cumulative in money(),
    ) {
        let state = state(settled, cap, escrow);
        let voucher = voucher(cumulative);
        let alone = settles(&state, &voucher);
        match draws(&state, bond, &voucher) {
            Ok(drawn) => {
                prop_assert_eq!(drawn.escrow_micro_usdc, alone.unwrap_or(0));
                prop_assert!(drawn.bond_micro_usdc <= bond);
                let owed = cumulative - settled;
                prop_assert_eq!(drawn.micro_usdc(), owed.min(escrow.saturating_add(bond)));
                // The bond is touched only when the escrow has given everything.
                prop_assert!(drawn.bond_micro_usdc == 0 || drawn.escrow_micro_usdc == escrow);
            }
            Err(why) => {
                prop_assert_eq!(alone, Err(why));
                prop_assert!(why != SettleError::EscrowEmpty || bond == 0);
            }
        }
    }

    /// The guarantee: whatever an app signs at other nodes and however often they come first, a
    /// node that is never owed more than its bond is paid all of it.
    #[test]
    fn what_a_channel_owes_within_its_bond_is_paid_whatever_others_take(
        bond in 1..50u64,
        steps in vec((any::<bool>(), 1..60u64), 1..60),
        escrow in 0..200u64,
    ) {
        let (mut escrow, mut own_bond) = (escrow, bond);
        let (mut signed, mut settled) = (0u64, 0);
        let (mut other_signed, mut other_settled) = (0u64, 0);
        let mut redeem = |settled: &mut u64, bond: &mut u64, signed: u64| {
            let state = state(*settled, u64::MAX, escrow);
            if let Ok(drawn) = draws(&state, *bond, &voucher(signed)) {
                escrow -= drawn.escrow_micro_usdc;
                *bond -= drawn.bond_micro_usdc;
                *settled += drawn.micro_usdc();
            }
        };
        for (ours, amount) in steps {
            if ours {
                // The rule: it serves no more than what its bond has left covers.
                signed += amount.min(own_bond.saturating_sub(signed - settled));
                redeem(&mut settled, &mut own_bond, signed);
                prop_assert_eq!(settled, signed);
            } else {
                other_signed += 10 * amount;
                redeem(&mut other_settled, &mut 0, other_signed);
            }
        }
    }
}
