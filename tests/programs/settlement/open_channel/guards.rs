use anchor_lang::error::ErrorCode;
use heliograph_client::instruction::settlement::open_channel;
use heliograph_settlement::error::SettlementError;
use heliograph_tests::reason::in_settlement;
use heliograph_tests::{World, Zoo};
use solana_signer::Signer;

#[test]
fn stranger_rejects() {
    let mut zoo = Zoo::new();
    let stranger = zoo.stranger.insecure_clone();
    let (_, mut open) = zoo.channel_instruction(&zoo.app, &zoo.node);
    open.accounts[0].pubkey = stranger.pubkey();
    zoo.refuse(&[open], &[&stranger], SettlementError::NotAppAuthority);
}

#[test]
fn escrow_of_another_app_rejects() {
    let mut zoo = Zoo::new();
    let app = zoo.app.clone();
    let (_, mut open) = zoo.channel_instruction(&app, &zoo.node);
    open.accounts[4].pubkey = zoo.other_app.escrow();
    // The address of the channel comes from the escrow's counter; make it fit, so that the escrow's
    // owner is what is refused.
    let incarnation =
        zoo.read::<heliograph_settlement::state::Escrow>(&zoo.other_app.escrow()).next_incarnation;
    open.accounts[5].pubkey =
        heliograph_client::pda::channel(&app.address, &zoo.node.address, incarnation);
    zoo.refuse(&[open], &[&app.authority], SettlementError::OtherApp);
}

#[test]
fn app_without_escrow_rejects() {
    let mut world = World::new();
    let (app, node) = (world.app("app"), world.node("node"));
    let open = open_channel(app.authority.pubkey(), app.address, node.address, 0);
    let why = in_settlement(ErrorCode::AccountNotInitialized);
    world.refuse(&[open], &[&app.authority], why);
}

#[test]
fn other_incarnation_rejects() {
    let mut zoo = Zoo::new();
    let app = zoo.app.clone();
    for incarnation in [0, 1, 3, u64::MAX] {
        let open = open_channel(app.authority.pubkey(), app.address, zoo.node.address, incarnation);
        zoo.refuse(&[open], &[&app.authority], in_settlement(ErrorCode::ConstraintSeeds));
    }
}

#[test]
fn every_substitute_rejects() {
    let zoo = Zoo::new();
    let (_, open) = zoo.channel_instruction(&zoo.app, &zoo.node);
    let names = [
        "authority",
        "network",
        "app",
        "node",
        "escrow",
        "channel",
        "system_program",
        "event_authority",
        "program",
    ];
    zoo.sweep(&[open], &[&zoo.app.authority], &names, &[]);
}
