use heliograph_client::instruction::reputation::close_observation;
use heliograph_protocol::reputation::{Phase, RETAINED_EPOCHS};
use heliograph_reputation::events::ObservationClosed;
use heliograph_reputation::state::{Epoch, Standing};
use heliograph_tests::observers::{EPOCH_SECS, GOOD, Panel};
use solana_signer::Signer;

#[test]
fn observation_kept_long_enough_closes_and_the_standing_stays() {
    let mut panel = Panel::new(1);
    panel.post_all(&[GOOD]);
    panel.enter_phase(Phase::Scoring);
    panel.pass(EPOCH_SECS as i64 * i64::from(RETAINED_EPOCHS));
    let (observation, keeper) = (panel.observation(0), panel.observers[0].address);
    let payer = panel.observers[0].owner.pubkey();
    let (rent, before) = (panel.lamports(&observation), panel.lamports(&payer));
    let standing: Standing = panel.read(&panel.standing(0));
    let account: Epoch = panel.read(&panel.epoch_account());
    let epoch = panel.epoch;

    let done = panel.run(&[close_observation(keeper, epoch, payer)], &[]);

    panel.is_gone(&observation);
    assert_eq!(panel.lamports(&payer), before + rent);
    panel.holds(&panel.standing(0), &standing);
    panel.holds(&panel.epoch_account(), &Epoch { accounts_open: 0, ..account });
    done.emitted(&ObservationClosed { observation, keeper, epoch });
}
