//! What a score forgets: the sixty-fifth epoch takes the place of the first.

use heliograph_client::pda;
use heliograph_protocol::reputation::{Phase, SCORES_MAX, smoothed_ppm};
use heliograph_reputation::error::ReputationError;
use heliograph_reputation::state::{Figures, Score};
use heliograph_tests::observers::{EPOCH_SECS, GOOD, Panel};
use solana_signer::Signer;

/// A panel with a tally nobody has scored, and after it as many epochs as a score remembers.
fn full() -> (Panel, u64) {
    let mut panel = Panel::new(3);
    let forgotten = panel.epoch;
    let reports = panel.post_all(&[GOOD; 3]);
    panel.show_all(&reports);
    for n in 0..SCORES_MAX as u32 {
        panel.epoch += if n == 0 { EPOCH_SECS } else { 3 * EPOCH_SECS };
        let seen = Figures { loss_ppm: 1_000 * n, ..GOOD };
        panel.run_epoch(&[seen; 3]);
        let score: Score = panel.read(&pda::score(&panel.node.address));
        assert_eq!(score.epochs.len(), n as usize + 1);
    }
    (panel, forgotten)
}

#[test]
fn sixty_fifth_epoch_takes_the_place_of_the_first() {
    let (mut panel, _) = full();
    let before: Score = panel.read(&pda::score(&panel.node.address));
    let room = panel.account(&pda::score(&panel.node.address)).expect("a score").data.len();
    panel.move_on();
    panel.run_epoch(&[GOOD; 3]);
    let after: Score = panel.read(&pda::score(&panel.node.address));
    assert_eq!(after.epochs.len(), SCORES_MAX);
    assert_eq!(after.epochs_scored, SCORES_MAX as u64 + 1);
    assert_eq!(after.epochs[..SCORES_MAX - 1], before.epochs[1..]);
    assert_eq!(after.epochs[SCORES_MAX - 1].epoch, panel.epoch);
    let scores = after.epochs.iter().map(|entry| entry.score_ppm);
    assert_eq!(Some(after.smoothed_ppm), smoothed_ppm(scores));
    // Nothing had to grow.
    let now = panel.account(&pda::score(&panel.node.address)).expect("a score").data.len();
    assert_eq!(now, room);
}

#[test]
pub fn epoch_before_all_that_is_remembered_rejects() {
    let (mut panel, forgotten) = full();
    let (crank, node) = (panel.crank(), panel.node.address);
    let score = panel.score_instruction(&crank.pubkey(), &node, forgotten);
    panel.refuse(&[score], &[&crank], ReputationError::EpochTooOld);
}

/// Scored late but not too late, it takes the place of one that is older still.
#[test]
fn late_epoch_takes_the_place_of_an_older_one() {
    let (mut panel, _) = full();
    panel.move_on();
    let late = panel.epoch;
    let reports = panel.post_all(&[GOOD; 3]);
    panel.show_all(&reports);
    panel.epoch += EPOCH_SECS;
    panel.run_epoch(&[GOOD; 3]);
    panel.enter_phase(Phase::Scoring);
    let node = panel.node.address;
    let before: Score = panel.read(&pda::score(&node));
    panel.score(&node, late);
    let after: Score = panel.read(&pda::score(&node));
    assert_eq!(after.epochs.len(), SCORES_MAX);
    assert_eq!(after.epochs[SCORES_MAX - 2].epoch, late);
    assert_eq!(after.epochs[SCORES_MAX - 1], before.epochs[SCORES_MAX - 1]);
    assert_eq!(after.epochs[0], before.epochs[1]);
}
