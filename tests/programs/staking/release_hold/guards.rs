use anchor_lang::error::ErrorCode;
use heliograph_client::pda;
use heliograph_tests::delegators::release_instruction;
use heliograph_tests::reason::in_staking;
use heliograph_tests::{World, Zoo, key};
use solana_signer::Signer;

#[test]
fn anyone_but_the_slashing_program_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    for signer in [&key("stranger"), &node.operator, &world.authority(), &world.guardian()] {
        let release = release_instruction(signer.pubkey(), &node.address, 1);
        world.refuse(&[release], &[signer], in_staking(ErrorCode::ConstraintSeeds));
    }
}

#[test]
fn every_substitute_rejects() {
    let mut zoo = Zoo::new();
    zoo.impersonate(&pda::slasher());
    let release = release_instruction(pda::slasher(), &zoo.node.address, 1);
    let names = ["slasher", "network", "position", "event_authority", "program"];
    let meant = ["other node's", "observer's", "settler's", "other settler's"]
        .map(|whose| ("position", format!("{whose} position")));
    let meant: Vec<_> = meant.iter().map(|(place, animal)| (*place, animal.as_str())).collect();
    zoo.sweep(&[release], &[], &names, &meant);
}
