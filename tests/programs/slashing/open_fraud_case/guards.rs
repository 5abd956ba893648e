use super::flows::posted;
use crate::slashing::opening_names;
use heliograph_client::instruction::slashing::open_fraud_case;
use heliograph_protocol::evidence::Signed;
use heliograph_reputation::state::Observation;
use heliograph_slashing::error::SlashingError;
use heliograph_tests::cases::{sign, statement};
use heliograph_tests::observers::Panel;
use heliograph_tests::{Reason, Zoo, key};
use solana_signer::Signer;

fn refused(panel: &mut Panel, statement: &Signed, why: impl Into<Reason>) {
    let reporter = panel.wallet("reporter");
    let epoch = panel.epoch;
    let open = panel.fraud_instructions(&reporter.pubkey(), &panel.observers[0], epoch, statement);
    panel.refuse(&open, &[&reporter], why);
}

#[test]
pub fn statement_that_agrees_rejects() {
    let mut panel = posted();
    let root: Observation = panel.read(&panel.observation(0));
    let honest = statement(&panel.observers[0], panel.epoch, root.root, root.leaves_count);
    refused(&mut panel, &honest, SlashingError::StatementAgrees);
}

#[test]
pub fn statement_of_another_epoch_rejects() {
    let mut panel = posted();
    let other_epoch = statement(&panel.observers[0], panel.epoch + 3_600, [9; 32], 3);
    refused(&mut panel, &other_epoch, SlashingError::OtherStatement);
    // In the name of another observer, signed by the accused.
    let mut forged = statement(&panel.observers[1], panel.epoch, [9; 32], 3);
    forged =
        heliograph_tests::vouchers::signed_bytes(&forged.bytes, &panel.observers[0].keeper_key);
    refused(&mut panel, &forged, SlashingError::OtherStatement);
}

#[test]
pub fn message_that_is_no_statement_rejects() {
    let mut panel = posted();
    let good = statement(&panel.observers[0], panel.epoch, [9; 32], 3);
    let by = &panel.observers[0].keeper_key;
    let cut = heliograph_tests::vouchers::signed_bytes(&good.bytes[1..], by);
    let session = heliograph_tests::SessionParty {
        channel: key("channel").pubkey(),
        address: key("session").pubkey(),
    };
    let voucher = sign(&session.voucher(1), by);
    for message in [cut, voucher] {
        refused(&mut panel, &message, SlashingError::NotARootStatement);
    }
}

#[test]
fn statement_signed_by_another_rejects() {
    let mut panel = posted();
    let good = statement(&panel.observers[0], panel.epoch, [9; 32], 3);
    let forged = heliograph_tests::vouchers::signed_bytes(&good.bytes, &key("thief"));
    refused(&mut panel, &forged, SlashingError::OtherSigner);
}

#[test]
pub fn settler_rejects() {
    use heliograph_registry::state::KeeperRole;
    let mut panel = posted();
    let reporter = panel.wallet("reporter");
    let settler = panel.keeper("settler", KeeperRole::Settler);
    let statement = statement(&panel.observers[0], panel.epoch, [9; 32], 3);
    let accusation = panel.accusation(&reporter.pubkey(), &settler.address);
    let mut open = open_fraud_case(&accusation, panel.epoch, &statement);
    open[1].accounts[10].pubkey = panel.observation(0);
    panel.refuse(&open, &[&reporter], SlashingError::OtherSubject);
    // There is no observation of a settler; put one in place to see the next check.
    let address = panel.observation(0);
    let mut account = panel.account(&address).expect("an observation");
    account.data[10..42].copy_from_slice(settler.address.as_ref());
    panel.set_account(&address, account);
    panel.refuse(&open, &[&reporter], SlashingError::NotAnObserver);
}

#[test]
fn every_substitute_rejects() {
    let mut panel = posted();
    let reporter = panel.wallet("stranger");
    let statement = statement(&panel.observers[0], panel.epoch, [9; 32], 3);
    let epoch = panel.epoch;
    let open = panel.fraud_instructions(&reporter.pubkey(), &panel.observers[0], epoch, &statement);
    let names = opening_names(&["observation", "instructions"]);
    let mut animals: Vec<_> = Zoo::new().animals();
    for (n, observer) in panel.observers.iter().enumerate() {
        animals.extend([
            (format!("observer {n}"), observer.address),
            (format!("observer {n}'s position"), observer.position()),
            (format!("observation {n}"), panel.observation(n)),
        ]);
    }
    animals.push(("epoch".to_owned(), panel.epoch_account()));
    heliograph_tests::sweep::Sweep {
        instructions: &open,
        target: 1,
        signers: &[&reporter],
        names: &names,
        zoo: &animals,
        strangers: &[&panel.observers[1].owner],
        meant: &[("reporter", "stranger 0")],
        cut: None,
    }
    .run(&panel);
}
