use crate::slashing::opening_names;
use crate::slashing::trials::Robbery;
use heliograph_registry::state::KeeperStatus;
use heliograph_slashing::error::SlashingError;
use heliograph_tests::world::PARAMS;
use solana_signer::Signer;
use std::slice::from_ref;

#[test]
pub fn challenge_that_has_not_failed_rejects() {
    let mut robbery = Robbery::challenged();
    let reporter = robbery.zoo.stranger.insecure_clone();
    let open = robbery.zoo.challenge_case_instruction(&reporter.pubkey(), &robbery.challenge);
    robbery.zoo.refuse(from_ref(&open), &[&reporter], SlashingError::ChallengeNotFailed);
    robbery.fail();
    robbery.zoo.run(&[open], &[&reporter]);
}

#[test]
pub fn another_settlers_challenge_rejects() {
    let mut robbery = Robbery::new();
    let reporter = robbery.zoo.stranger.insecure_clone();
    let mut open = robbery.zoo.challenge_case_instruction(&reporter.pubkey(), &robbery.challenge);
    let other = robbery.zoo.other_settler.clone();
    open.accounts[2].pubkey = other.address;
    open.accounts[3].pubkey = other.position();
    open.accounts[4].pubkey = heliograph_client::pda::record(&other.address);
    open.accounts[5].pubkey = heliograph_client::pda::case(&other.address, 0);
    robbery.zoo.refuse(&[open], &[&reporter], SlashingError::OtherSubject);
}

/// All that was posted before a challenge failed is void and punished with it; what is posted after
/// that is a new deed.
#[test]
fn further_challenges_of_what_is_punished_reject() {
    let mut robbery = Robbery::challenged();
    let settler = robbery.settler.clone();
    let challenger = robbery.challenger.insecure_clone();
    // A second batch of before the failure, challenged in time and failed long after.
    let zoo = &mut robbery.zoo;
    let leaf = zoo.forged_leaf(&zoo.second_session, 5);
    let second = zoo.post_leaves(&settler, vec![leaf]);
    zoo.pass(60);
    robbery.fail();
    let zoo = &mut robbery.zoo;
    let late = zoo.challenge(&challenger, &settler, second.minute_index, 0);
    let case = robbery.open();
    let zoo = &mut robbery.zoo;
    zoo.pass(2 * PARAMS.case_window_secs);
    zoo.decide(&case);
    let fail = zoo.fail_instruction(&late);
    zoo.run(&[fail], &[]);
    let reporter = zoo.stranger.insecure_clone();
    let again = zoo.challenge_case_instruction(&reporter.pubkey(), &late);
    zoo.refuse(&[again], &[&reporter], SlashingError::AlreadyPunished);
    let same = zoo.challenge_case_instruction(&reporter.pubkey(), &robbery.challenge);
    zoo.refuse(&[same], &[&reporter], SlashingError::AlreadyPunished);

    // Out of jail it does it again.
    zoo.pass(PARAMS.jail_secs);
    let owner = settler.owner.insecure_clone();
    zoo.bond(&settler, settler.stake_min());
    let unjail = heliograph_client::instruction::registry::unjail(owner.pubkey(), settler.address);
    zoo.act(unjail, &owner);
    zoo.set_keeper_status(&settler, KeeperStatus::Active);
    let app = zoo.app.clone();
    let channel = zoo.session.channel;
    let session = zoo.open_session(&app, &channel, 1_000);
    let leaf = zoo.forged_leaf(&session, 5);
    let third = zoo.post_leaves(&settler, vec![leaf]);
    let challenge = zoo.challenge(&challenger, &settler, third.minute_index, 0);
    zoo.pass(PARAMS.challenge_response_secs + 1);
    let fail = zoo.fail_instruction(&challenge);
    zoo.run(&[fail], &[]);
    let second_case = zoo.open_challenge_case(&reporter, &challenge);
    assert_eq!(second_case, heliograph_client::pda::case(&settler.address, 1));
}

#[test]
fn every_substitute_rejects() {
    let mut robbery = Robbery::new();
    let reporter = robbery.zoo.stranger.insecure_clone();
    let challenge = robbery.challenge;
    robbery.zoo.more.push(("challenge".into(), challenge));
    let open = robbery.zoo.challenge_case_instruction(&reporter.pubkey(), &challenge);
    let own = ["challenge", "jailer", "registry_event_authority", "registry_program"];
    let names = opening_names(&own);
    let meant = [
        ("reporter", "stranger 1"),
        ("reporter", "stranger 2"),
        ("reporter", "stranger 3"),
        ("reporter", "other app's authority"),
        ("reporter", "other node's operator"),
        ("reporter", "other settler's owner"),
    ];
    robbery.zoo.sweep(&[open], &[&reporter], &names, &meant);
}
