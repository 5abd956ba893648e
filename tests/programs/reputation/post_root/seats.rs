//! Sixteen seats, and who gets them.

use heliograph_protocol::reputation::{OBSERVERS_MAX, Phase};
use heliograph_reputation::error::ReputationError;
use heliograph_reputation::events::RootPosted;
use heliograph_reputation::state::Epoch;
use heliograph_tests::observers::{GOOD, Panel};
use heliograph_tests::world::OBSERVER_STAKE_MIN;

/// All seats are taken; observers 16 and 17 have posted nothing yet. Observer 3 has a little more
/// than the others.
fn full() -> Panel {
    let mut panel = Panel::new(OBSERVERS_MAX + 2);
    bond(&mut panel, 3, 1);
    panel.post_all(&[GOOD; OBSERVERS_MAX]);
    panel
}

fn bond(panel: &mut Panel, n: usize, amount: u64) {
    let observer = panel.observers.remove(n);
    panel.bond(&observer, amount);
    panel.observers.insert(n, observer);
}

#[test]
pub fn seventeenth_of_equal_stake_rejects() {
    let mut panel = full();
    let root = panel.report(OBSERVERS_MAX, GOOD).root();
    let late = panel.observers.remove(OBSERVERS_MAX);
    let post = panel.post_root_instruction(&late, root);
    panel.refuse(&[post], &[&late.owner, &late.keeper_key], ReputationError::SeatsTaken);
}

#[test]
fn seventeenth_with_more_stake_takes_the_seat_of_the_last_with_least() {
    let mut panel = full();
    bond(&mut panel, OBSERVERS_MAX, 2);
    let root = panel.report(OBSERVERS_MAX, GOOD).root();
    let (late, last) = (OBSERVERS_MAX, panel.observers[OBSERVERS_MAX - 1].address);
    let observer = panel.observers.remove(late);
    let done = panel.post_root(&observer, root);
    let address = observer.address;
    panel.observers.insert(late, observer);

    let epoch: Epoch = panel.read(&panel.epoch_account());
    assert_eq!(epoch.seats.len(), OBSERVERS_MAX);
    assert!(!epoch.is_seated(&last));
    let seat = epoch.seats.last().expect("seats");
    assert_eq!((seat.observer, seat.stake), (address, OBSERVER_STAKE_MIN + 2));
    // Its observation stays and has to be closed some day.
    assert_eq!(epoch.accounts_open, OBSERVERS_MAX as u32 + 1);
    done.emitted(&RootPosted {
        observation: panel.observation(late),
        keeper: address,
        epoch: panel.epoch,
        root: root.root,
        leaves_count: 3,
        posted_at: panel.now(),
        seats: OBSERVERS_MAX as u8,
        displaced: last,
        absences: 0,
    });
}

#[test]
pub fn leaf_of_one_who_lost_its_seat_rejects() {
    use heliograph_client::instruction::reputation::submit_leaf;
    use solana_signer::Signer;
    let mut panel = full();
    bond(&mut panel, OBSERVERS_MAX, 2);
    let root = panel.report(OBSERVERS_MAX, GOOD).root();
    let observer = panel.observers.remove(OBSERVERS_MAX);
    panel.post_root(&observer, root);
    panel.enter_phase(Phase::Submitting);
    let crank = panel.crank();
    let lost = panel.report(OBSERVERS_MAX - 1, GOOD).proved(1);
    let show = submit_leaf(crank.pubkey(), lost);
    panel.refuse(&[show], &[&crank], ReputationError::NotSeated);
}

/// The runtime's default allowance is enough for as many observers as there can be.
#[test]
fn full_panel_is_scored_within_the_default_allowance() {
    let mut panel = Panel::new(OBSERVERS_MAX);
    let done = panel.run_epoch(&[GOOD; OBSERVERS_MAX]);
    println!("{} CU, {} bytes", done.compute_units, done.bytes);
    assert!(done.compute_units < 200_000, "{}", done.compute_units);
    assert!(done.bytes <= 1_232, "{}", done.bytes);
}
