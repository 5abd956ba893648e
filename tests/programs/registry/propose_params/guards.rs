use anchor_lang::error::ErrorCode;
use heliograph_client::instruction::registry::propose_params;
use heliograph_registry::error::RegistryError;
use heliograph_registry::state::NetworkParams;
use heliograph_tests::reason::{already_in_use, in_registry};
use heliograph_tests::world::PARAMS;
use heliograph_tests::{World, Zoo};
use solana_signer::Signer;

#[test]
pub fn stranger_rejects() {
    let mut world = World::new();
    let (stranger, guardian) = (world.wallet("stranger"), world.guardian());
    world.fund(&guardian.pubkey());
    for signer in [&stranger, &guardian] {
        let propose = propose_params(signer.pubkey(), world.treasury, PARAMS);
        world.refuse(&[propose], &[signer], RegistryError::NotAuthority);
    }
}

#[test]
fn second_proposal_rejects() {
    let mut world = World::new();
    world.propose_params(PARAMS);
    let authority = world.authority();
    let again = propose_params(authority.pubkey(), world.treasury, PARAMS);
    world.refuse(&[again], &[&authority], already_in_use());
}

#[test]
fn parameters_that_are_never_accepted_reject() {
    let mut world = World::new();
    let authority = world.authority();
    for (params, why) in [
        (NetworkParams { operator_bps: 10_001, ..PARAMS }, RegistryError::SharesInvalid),
        (NetworkParams { timelock_secs: 0, ..PARAMS }, RegistryError::TimelockTooShort),
        (NetworkParams { unbonding_secs: 1, ..PARAMS }, RegistryError::UnbondingTooShort),
        (
            NetworkParams { withdrawal_notice_secs: PARAMS.redeem_grace_secs, ..PARAMS },
            RegistryError::WithdrawalNoticeTooShort,
        ),
    ] {
        let propose = propose_params(authority.pubkey(), world.treasury, params);
        world.refuse(&[propose], &[&authority], why);
    }
}

#[test]
fn treasury_of_another_mint_rejects() {
    let mut world = World::new();
    let (authority, mint) = (world.authority(), world.stake_mint);
    let treasury = world.create_tokens(&authority.pubkey(), &mint);
    let propose = propose_params(authority.pubkey(), treasury, PARAMS);
    world.refuse(&[propose], &[&authority], in_registry(ErrorCode::ConstraintTokenMint));
}

#[test]
fn every_substitute_but_the_treasury_rejects() {
    let zoo = Zoo::new();
    let authority = zoo.authority();
    let propose = propose_params(authority.pubkey(), zoo.treasury, PARAMS);
    let names = [
        "authority",
        "network",
        "params_change",
        "treasury",
        "system_program",
        "event_authority",
        "program",
    ];
    // The authority names the treasury; the timelock gives everybody time to see which.
    let tokens = zoo.tokens_of(&zoo.payment_mint, &[]);
    let meant: Vec<_> = tokens.iter().map(|name| ("treasury", name.as_str())).collect();
    zoo.sweep(&[propose], &[&authority], &names, &meant);
}
