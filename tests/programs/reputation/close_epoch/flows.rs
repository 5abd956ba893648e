use heliograph_client::instruction::reputation::{close_epoch, close_observation, close_tally};
use heliograph_protocol::reputation::RETAINED_EPOCHS;
use heliograph_reputation::events::EpochClosed;
use heliograph_tests::observers::{EPOCH_SECS, GOOD, Panel};
use solana_signer::Signer;

/// Everything an epoch cost in rent is back with those who paid it.
#[test]
fn last_of_an_epochs_accounts_closes() {
    let mut panel = Panel::new(3);
    let (epoch, node) = (panel.epoch, panel.node.address);
    let owners: Vec<_> = panel.observers.iter().map(|o| o.owner.pubkey()).collect();
    panel.run_epoch(&[GOOD; 3]);
    panel.pass(EPOCH_SECS as i64 * i64::from(RETAINED_EPOCHS));
    let crank = panel.crank().pubkey();
    panel.run(&[close_tally(node, epoch, crank)], &[]);
    for (n, owner) in owners.iter().enumerate() {
        let observer = panel.observers[n].address;
        panel.run(&[close_observation(observer, epoch, *owner)], &[]);
    }
    let account = panel.epoch_account();
    let (rent, before) = (panel.lamports(&account), panel.lamports(&owners[0]));

    let done = panel.run(&[close_epoch(epoch, owners[0])], &[]);

    panel.is_gone(&account);
    assert_eq!(panel.lamports(&owners[0]), before + rent);
    done.emitted(&EpochClosed { epoch_account: account, epoch });
}
