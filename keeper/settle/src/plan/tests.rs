use super::*;
use crate::select::tests::session;
use heliograph_protocol::hash::Hash;
use heliograph_protocol::merkle;
use heliograph_settlement::state::Claim;
use proptest::prelude::*;

const NOW: i64 = 1_780_000_000;
const APP: Pubkey = Pubkey::new_from_array([1; 32]);

fn address(number: u8) -> Pubkey {
    Pubkey::new_from_array([number; 32])
}

fn forecast(escrow_micro_usdc: u64) -> Forecast {
    Forecast {
        sessions: [(address(9), session())].into(),
        escrows: [(APP, escrow_micro_usdc)].into(),
    }
}

fn due(minute_index: u64, index: u32, channel: u8) -> Due {
    Due {
        minute_index,
        index,
        channel: address(channel),
        session: address(100 + u8::try_from(index).unwrap()),
        amount_micro_usdc: 1_000,
        share_micro_usdc: 50,
    }
}

#[test]
fn later_minutes_pay_what_earlier_ones_leave() {
    let mut forecast = forecast(1_000_000);
    let (minute, later) = (address(9), address(9));
    assert_eq!(forecast.claim(&minute, 4_000, 10_000, NOW), Some((4_000, 200)));
    assert_eq!(forecast.claim(&later, 9_000, 5_000, NOW), Some((5_000, 250)));
    assert_eq!(forecast.claim(&later, 9_000, 5_000, NOW), None, "all of it is planned");
}

#[test]
fn leaf_pays_no_more_than_batch_and_escrow_have() {
    assert_eq!(forecast(1_000_000).claim(&address(9), 4_000, 3_000, NOW), Some((3_000, 150)));
    assert_eq!(forecast(2_000).claim(&address(9), 4_000, 3_000, NOW), Some((2_000, 100)));
    assert_eq!(forecast(0).claim(&address(9), 4_000, 3_000, NOW), None);
    assert_eq!(forecast(1_000).claim(&address(9), 4_000, 0, NOW), None);
}

#[test]
fn settled_late_unknown_and_excessive_leaves_pay_nothing() {
    let mut settled = forecast(1_000_000);
    settled.sessions.get_mut(&address(9)).unwrap().totals.settled_micro_usdc = 4_000;
    assert_eq!(settled.claim(&address(9), 4_000, 9_000, NOW), None);
    let until = session().redeemable_until;
    assert!(forecast(9_000).claim(&address(9), 4_000, 9_000, until).is_some());
    assert_eq!(forecast(9_000).claim(&address(9), 4_000, 9_000, until + 1), None);
    assert_eq!(forecast(9_000).claim(&address(8), 4_000, 9_000, NOW), None);
    assert_eq!(forecast(u64::MAX).claim(&address(9), 100_001, u64::MAX, NOW), None);
}

#[test]
fn third_settler_shows_a_voucher_first() {
    const PERIOD_SECS: i64 = 1_000;
    let claim = |settler: u8| Claim {
        settler: address(settler),
        recent_micro_usdc: 500,
        earlier_micro_usdc: 0,
        since: NOW,
        period_secs: PERIOD_SECS,
    };
    let needs = |claims, now| needs_proof(&Session { claims, ..session() }, &[1; 32], now);
    assert!(!needs([Claim::default(); 2], NOW));
    assert!(!needs([claim(1), claim(2)], NOW), "its own");
    assert!(!needs([claim(2), Claim::default()], NOW));
    assert!(needs([claim(2), claim(3)], NOW));
    assert!(!needs([claim(2), claim(3)], NOW + 2 * PERIOD_SECS + 1), "final");
}

#[test]
fn bundle_holds_one_channel_in_ranges_without_gaps() {
    let dues = [due(70, 0, 1), due(70, 1, 1), due(70, 2, 2), due(70, 3, 1), due(71, 4, 1)];
    let bundles = pack(&dues, |_| true);
    assert_eq!(bundles.len(), 2);
    let ranges: Vec<_> =
        bundles[0].parts.iter().map(|part| (part.minute_index, part.range.clone())).collect();
    // The leaf of the other channel splits the range; another minute is another part even where
    // positions follow each other.
    assert_eq!(ranges, [(70, 0..2), (70, 3..4), (71, 4..5)]);
    assert_eq!(bundles[0].parts[0].sessions, [address(100), address(101)]);
    assert_eq!((bundles[0].amount_micro_usdc, bundles[0].share_micro_usdc), (4_000, 200));
    assert_eq!((bundles[1].channel, bundles[1].parts.len()), (address(2), 1));
}

#[test]
fn bundle_ends_before_it_does_not_fit() {
    let dues: Vec<Due> = (0..7).map(|index| due(70, index, 1)).collect();
    let leaves =
        |bundle: &Bundle| bundle.parts.iter().map(|part| part.sessions.len()).sum::<usize>();
    let bundles = pack(&dues, |bundle| leaves(bundle) <= 3);
    assert_eq!(bundles.iter().map(leaves).collect::<Vec<_>>(), [3, 3, 1]);
}

proptest! {
    #[test]
    fn every_leaf_is_in_one_bundle(
        channels in proptest::collection::vec(0..4_u8, 0..100),
        most in 1..9_usize,
    ) {
        let dues: Vec<Due> = (0..).zip(&channels).map(|(index, channel)| due(70, index, *channel)).collect();
        let leaves = |bundle: &Bundle| bundle.parts.iter().map(|part| part.sessions.len()).sum::<usize>();
        let bundles = pack(&dues, |bundle| leaves(bundle) <= most);
        let mut seen = Vec::new();
        for bundle in &bundles {
            prop_assert!(leaves(bundle) <= most);
            for part in &bundle.parts {
                prop_assert_eq!(part.range.len(), part.sessions.len());
                for index in part.range.clone() {
                    prop_assert_eq!(address(channels[index as usize]), bundle.channel);
                    seen.push(index);
                }
            }
        }
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..u32::try_from(dues.len()).unwrap()).collect::<Vec<_>>());
    }

    #[test]
    fn length_of_a_proof_is_known_without_making_it(
        count in 1..300_u32,
        ends in (0..300_u32, 1..300_u32),
    ) {
        let first = ends.0 % count;
        let end = (first + 1 + ends.1 % count).min(count);
        let hashes: Vec<Hash> = (0..count).map(|number| [u8::try_from(number % 251).unwrap(); 32]).collect();
        let made = merkle::range_proof(&hashes, first as usize..end as usize).unwrap();
        prop_assert_eq!(proof_len(&(first..end), count), made.len());
    }
}
