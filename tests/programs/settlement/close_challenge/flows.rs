use heliograph_settlement::events::ChallengeClosed;
use heliograph_tests::Zoo;
use heliograph_tests::world::{PARAMS, USDC};

#[test]
fn failed_challenge_is_closed_when_no_case_can_need_it() {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let leaf = zoo.forged_leaf(&zoo.session, USDC);
    let batch = zoo.post_leaves(&settler, vec![leaf]);
    let challenge = zoo.challenge(&stranger, &settler, batch.minute_index, 0);
    zoo.pass(PARAMS.challenge_response_secs + 1);
    let fail = zoo.fail_instruction(&challenge);
    zoo.run(&[fail], &[]);
    zoo.pass(2 * PARAMS.dispute_secs + PARAMS.challenge_response_secs + 1);
    let owner = solana_signer::Signer::pubkey(&stranger);
    let (before, rent) = (zoo.lamports(&owner), zoo.lamports(&challenge));
    let close = zoo.close_challenge_instruction(&challenge);
    let done = zoo.run(&[close], &[]);
    zoo.is_gone(&challenge);
    assert_eq!(zoo.lamports(&owner), before + rent);
    done.emitted(&ChallengeClosed { challenge });
}
