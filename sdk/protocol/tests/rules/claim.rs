//! Claims on record: nothing disputable is forgotten, and nothing proven is held against anybody.

use heliograph_protocol::Address;
use heliograph_protocol::claim::{Claim, Claims, Unproven, unproven_micro_usdc};
use proptest::collection::vec;
use proptest::prelude::*;

const PERIOD: i64 = 100;
const A: Address = [1; 32];
const B: Address = [2; 32];
const C: Address = [3; 32];

fn of(claims: &Claims) -> [u64; 3] {
    [A, B, C].map(|settler| claims.of(&settler))
}

#[test]
fn two_settlers_are_remembered_and_a_third_is_refused() {
    let mut claims = Claims::default();
    assert_eq!(claims.record(&A, 10, 0, PERIOD), Ok(()));
    assert_eq!(claims.record(&B, 20, 1, PERIOD), Ok(()));
    assert_eq!(claims.record(&A, 5, 2, PERIOD), Ok(()));
    assert_eq!(of(&claims), [15, 20, 0]);
    let before = claims;
    assert_eq!(claims.record(&C, 1, 3, PERIOD), Err(Unproven));
    assert_eq!(claims, before, "a refusal changes nothing");
    assert_eq!(claims.record(&C, 0, 3, PERIOD), Ok(()), "nothing needs no room");
    claims.prove(0);
    assert_eq!(claims.record(&C, 1, 3, PERIOD), Ok(()));
    assert_eq!(of(&claims), [0, 0, 1]);
}

#[test]
fn claim_is_final_after_two_periods_at_most() {
    let mut claims = Claims::default();
    claims.record(&A, 10, 0, PERIOD).unwrap();
    claims.record(&B, 20, 0, PERIOD).unwrap();
    assert!(!claims.are_final(2 * PERIOD));
    assert_eq!(claims.record(&C, 1, 2 * PERIOD, PERIOD), Err(Unproven));
    assert!(claims.are_final(2 * PERIOD + 1));
    assert_eq!(claims.record(&C, 1, 2 * PERIOD + 1, PERIOD), Ok(()));
}

#[test]
fn only_what_is_not_final_can_be_disputed() {
    let mut claims = Claims::default();
    claims.record(&A, 10, 0, PERIOD).unwrap();
    claims.record(&B, 20, 50, PERIOD).unwrap();
    for (now, disputable) in [
        (0, [10, 20, 0]),
        (2 * PERIOD, [10, 20, 0]),
        (2 * PERIOD + 1, [0, 20, 0]),
        (2 * PERIOD + 51, [0, 0, 0]),
    ] {
        let found = [A, B, C].map(|settler| claims.disputable(&settler, now));
        assert_eq!(found, disputable, "at {now}");
    }
}

#[test]
fn amount_claimed_late_in_a_period_outlives_the_next() {
    let mut claims = Claims::default();
    claims.record(&A, 1, 0, PERIOD).unwrap();
    claims.record(&A, 1_000, PERIOD, PERIOD).unwrap();
    // The second period begins; the first one's amount is kept beside it.
    claims.record(&A, 7, PERIOD + 1, PERIOD).unwrap();
    assert_eq!(claims.of(&A), 1_008);
    claims.record(&A, 7, 2 * PERIOD + 1, PERIOD).unwrap();
    assert_eq!(claims.of(&A), 1_015);
    claims.record(&A, 1, 2 * PERIOD + 2, PERIOD).unwrap();
    assert_eq!(claims.of(&A), 15, "the first period's is over a period old");
}

#[test]
fn amount_is_judged_by_its_own_batchs_period() {
    let mut claims = Claims::default();
    claims.record(&A, 10, 0, PERIOD).unwrap();
    claims.record(&B, 10, 0, PERIOD).unwrap();
    // Batches have got shorter periods since: what was claimed before is not forgotten sooner.
    claims.record(&A, 1, PERIOD, PERIOD / 10).unwrap();
    claims.record(&A, 1, PERIOD + 1, PERIOD / 10).unwrap();
    assert_eq!(claims.of(&A), 12);
    assert_eq!(claims.record(&C, 1, 2 * PERIOD, PERIOD / 10), Err(Unproven));
    assert_eq!(claims.record(&C, 1, 2 * PERIOD + 1, PERIOD / 10), Ok(()), "B's are final");
    assert_eq!(of(&claims), [12, 0, 1]);
    assert!(!claims.are_final(3 * PERIOD + 1));
    assert!(claims.are_final(3 * PERIOD + 2));
    // With nothing left on record, the new period is all that counts.
    claims.prove(0);
    claims.record(&A, 1, 3 * PERIOD, PERIOD / 10).unwrap();
    assert!(!claims.are_final(3 * PERIOD + PERIOD / 5));
    assert!(claims.are_final(3 * PERIOD + PERIOD / 5 + 1));
    // A longer one holds for what is on record already.
    claims.record(&A, 1, 3 * PERIOD + 1, 5 * PERIOD).unwrap();
    assert!(!claims.are_final(13 * PERIOD));
    assert!(claims.are_final(13 * PERIOD + 1));
}

#[test]
fn proof_clears_the_earliest_first() {
    let mut claims = Claims::default();
    claims.record(&A, 10, 0, PERIOD).unwrap();
    claims.record(&B, 20, PERIOD + 1, PERIOD).unwrap();
    claims.record(&B, 30, 2 * PERIOD + 2, PERIOD).unwrap();
    let proven = |unproven| {
        let mut claims = claims;
        claims.prove(unproven);
        of(&claims)
    };
    assert_eq!(proven(60), [10, 50, 0]);
    assert_eq!(proven(59), [9, 50, 0]);
    assert_eq!(proven(50), [0, 50, 0]);
    assert_eq!(proven(31), [0, 31, 0]);
    assert_eq!(proven(1), [0, 1, 0]);
    assert_eq!(proven(0), [0, 0, 0]);
    let mut kept = claims;
    kept.prove(31);
    assert_eq!(kept.0[0], Claim { earlier_micro_usdc: 1, ..claims.0[0] });
    // Whoever claimed last stays longest.
    claims.record(&A, 1, 2 * PERIOD + 2, PERIOD).unwrap();
    claims.prove(1);
    assert_eq!(of(&claims), [1, 0, 0]);
}

#[test]
fn restored_amount_leaves_the_record_once() {
    let mut claims = Claims::default();
    claims.record(&A, 10, 0, PERIOD).unwrap();
    claims.record(&B, 20, 0, PERIOD).unwrap();
    assert!(!claims.restore(&A, 11));
    assert!(!claims.restore(&C, 1));
    assert_eq!(of(&claims), [10, 20, 0]);
    assert!(claims.restore(&A, 4));
    assert!(claims.restore(&A, 6));
    assert!(!claims.restore(&A, 1));
    assert_eq!(of(&claims), [0, 20, 0]);
}

#[test]
fn unproven_is_what_is_settled_above_the_proof() {
    assert_eq!(unproven_micro_usdc(10, 0), 10);
    assert_eq!(unproven_micro_usdc(10, 4), 6);
    assert_eq!(unproven_micro_usdc(10, 10), 0);
    assert_eq!(unproven_micro_usdc(10, u64::MAX), 0);
}

#[test]
fn extreme_times_and_amounts_do_not_overflow() {
    let mut claims = Claims::default();
    for (amount, now) in [(u64::MAX, i64::MIN), (u64::MAX, i64::MAX), (1, i64::MAX)] {
        claims.record(&A, amount, now, i64::MAX).unwrap();
    }
    assert_eq!(claims.of(&A), u64::MAX);
    assert!(claims.restore(&A, u64::MAX));
}

#[derive(Clone, Debug)]
enum Deed {
    Claim { settler: u8, amount: u64 },
    Prove { part: u64 },
    Restore { settler: u8, amount: u64 },
    Wait { secs: i64 },
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (1..=3u8, 0..50u64).prop_map(|(settler, amount)| Deed::Claim { settler, amount }),
        1 => (0..=100u64).prop_map(|part| Deed::Prove { part }),
        1 => (1..=3u8, 0..60u64)
            .prop_map(|(settler, amount)| Deed::Restore { settler, amount }),
        3 => (0..=PERIOD + 20).prop_map(|secs| Deed::Wait { secs }),
    ]
}

/// One unit of what the session has settled: who took it, when.
#[derive(Clone, Copy, Debug)]
struct Unit {
    settler: u8,
    at: i64,
}

/// How many of a settler's units within a period are not on record.
fn missing(claims: &Claims, unproven: &[Unit], settler: u8, now: i64) -> u64 {
    let fresh = unproven.iter().filter(|unit| unit.settler == settler && now - unit.at <= PERIOD);
    (fresh.count() as u64).saturating_sub(claims.of(&[settler; 32]))
}

proptest! {
    /// Against a list of every single unit: what was claimed within the last period is on record
    /// unless it was proven or restored; nothing proven ever is; nothing is older than two periods
    /// when its settler claims again.
    ///
    /// A proof between two settlers' claims clears the record of the one who claimed last later
    /// than a list of units would, and the other's earlier, by the same amount: `displaced`. How
    /// much is on record for both together is the same at every proof.
    #[test]
    fn record_holds_what_can_be_disputed(deeds in vec(deed(), 1..60)) {
        let mut claims = Claims::default();
        let mut now = 0;
        let mut units: Vec<Unit> = Vec::new();
        let mut proven = 0usize;
        let mut restored = [0u64; 4];
        let mut displaced = [0u64; 4];
        for deed in deeds {
            match deed {
                Deed::Wait { secs } => now += secs,
                Deed::Claim { settler, amount } => {
                    let fresh = |unit: &&Unit| now - unit.at <= PERIOD && unit.settler != settler;
                    let before = claims;
                    match claims.record(&[settler; 32], amount, now, PERIOD) {
                        Ok(()) => {
                            let unit = Unit { settler, at: now };
                            units.extend(std::iter::repeat_n(unit, amount as usize));
                            for other in (1..=3).filter(|other| *other != settler) {
                                let was = before.of(&[other; 32]);
                                let is = claims.of(&[other; 32]);
                                let fresh = units[proven..].iter().filter(fresh)
                                    .filter(|unit| unit.settler == other).count();
                                // Displaced only when nothing of it is disputable.
                                prop_assert!(is == was || (is == 0 && fresh == 0));
                            }
                        }
                        Err(Unproven) => {
                            prop_assert_eq!(claims, before);
                            prop_assert!(amount > 0);
                            let room = before.0.iter().any(|claim| {
                                claim.settler == [settler; 32] || claim.is_final(now)
                            });
                            prop_assert!(!room);
                        }
                    }
                }
                Deed::Prove { part } => {
                    let to = (units.len() as u64 * part / 100) as usize;
                    proven = proven.max(to);
                    let unproven = (units.len() - proven) as u64;
                    let before: u64 = of(&claims).iter().sum();
                    claims.prove(unproven);
                    prop_assert_eq!(of(&claims).iter().sum::<u64>(), before.min(unproven));
                    for settler in 1..=3 {
                        let missing = missing(&claims, &units[proven..], settler, now);
                        let known = &mut displaced[usize::from(settler)];
                        *known = missing.saturating_sub(restored[usize::from(settler)]).max(*known);
                    }
                }
                Deed::Restore { settler, amount } => {
                    let on_record = claims.of(&[settler; 32]);
                    let done = claims.restore(&[settler; 32], amount);
                    prop_assert_eq!(done && amount > 0, amount > 0 && amount <= on_record);
                    if done {
                        restored[usize::from(settler)] += amount;
                    }
                }
            }
            // Of every settler, all unproven units within a period are on record, but for what was
            // restored and what a proof displaced.
            for settler in 1..=3 {
                let missing = missing(&claims, &units[proven..], settler, now);
                let known = restored[usize::from(settler)] + displaced[usize::from(settler)];
                prop_assert!(missing <= known, "{missing} of settler {settler} are forgotten");
            }
            let recorded: u64 = of(&claims).iter().sum();
            prop_assert!(recorded <= (units.len() - proven) as u64);
        }
    }
}
