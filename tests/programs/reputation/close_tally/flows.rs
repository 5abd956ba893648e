use heliograph_client::instruction::reputation::close_tally;
use heliograph_client::pda;
use heliograph_protocol::reputation::Phase;
use heliograph_reputation::events::TallyClosed;
use heliograph_reputation::state::{Epoch, Score};
use heliograph_tests::observers::{GOOD, Panel};
use solana_signer::Signer;

/// Closes the panel's tally as nobody in particular and checks what must follow.
fn close(panel: &mut Panel, scored: bool, heard: u8) {
    let (node, epoch, tally) = (panel.node.address, panel.epoch, panel.tally());
    let payer = panel.crank().pubkey();
    let (rent, before) = (panel.lamports(&tally), panel.lamports(&payer));
    let account: Epoch = panel.read(&panel.epoch_account());
    let done = panel.run(&[close_tally(node, epoch, payer)], &[]);
    panel.is_gone(&tally);
    assert_eq!(panel.lamports(&payer), before + rent);
    let accounts_open = account.accounts_open - 1;
    panel.holds(&panel.epoch_account(), &Epoch { accounts_open, ..account });
    done.emitted(&TallyClosed { tally, node, epoch, scored, heard });
}

#[test]
fn scored_tally_closes_and_the_score_stays() {
    let mut panel = Panel::new(3);
    panel.run_epoch(&[GOOD; 3]);
    let score: Score = panel.read(&pda::score(&panel.node.address));
    close(&mut panel, true, 3);
    panel.holds(&pda::score(&panel.node.address), &score);
}

#[test]
fn tally_without_a_quorum_closes_unscored() {
    let mut panel = Panel::new(3);
    let reports = panel.post_all(&[GOOD; 3]);
    panel.show_all(&reports[..2]);
    panel.enter_phase(Phase::Scoring);
    close(&mut panel, false, 2);
}

/// Nobody scored it in all the time that a score looks back: it would change nothing any more.
#[test]
fn forgotten_tally_closes_unscored() {
    use heliograph_protocol::reputation::RETAINED_EPOCHS;
    use heliograph_tests::observers::EPOCH_SECS;
    let mut panel = Panel::new(3);
    let reports = panel.post_all(&[GOOD; 3]);
    panel.show_all(&reports);
    panel.enter_phase(Phase::Scoring);
    panel.pass(EPOCH_SECS as i64 * i64::from(RETAINED_EPOCHS));
    close(&mut panel, false, 3);
}
