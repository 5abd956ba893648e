use heliograph_client::instruction::settlement;
use heliograph_settlement::error::SettlementError;
use heliograph_tests::reason::already_in_use;
use heliograph_tests::{World, Zoo};
use solana_signer::Signer;

#[test]
fn second_escrow_of_an_app_rejects() {
    let mut world = World::new();
    let app = world.app("app");
    world.open_escrow(&app);
    let again = settlement::open_escrow(app.authority.pubkey(), app.address, world.payment_mint);
    world.refuse(&[again], &[&app.authority], already_in_use());
}

#[test]
fn stranger_rejects() {
    let mut world = World::new();
    let app = world.app("app");
    let stranger = world.wallet("stranger");
    let open = settlement::open_escrow(stranger.pubkey(), app.address, world.payment_mint);
    world.refuse(&[open], &[&stranger], SettlementError::NotAppAuthority);
}

#[test]
fn other_mint_rejects() {
    let mut world = World::new();
    let app = world.app("app");
    for mint in [world.stake_mint, world.other_mint] {
        let open = settlement::open_escrow(app.authority.pubkey(), app.address, mint);
        world.refuse(&[open], &[&app.authority], SettlementError::OtherMint);
    }
}

#[test]
fn every_substitute_rejects() {
    let mut zoo = Zoo::new();
    let app = zoo.app("third");
    let open = settlement::open_escrow(app.authority.pubkey(), app.address, zoo.payment_mint);
    let names = [
        "authority",
        "network",
        "app",
        "escrow",
        "payment_mint",
        "vault",
        "token_program",
        "system_program",
        "event_authority",
        "program",
    ];
    zoo.sweep(&[open], &[&app.authority], &names, &[]);
}
