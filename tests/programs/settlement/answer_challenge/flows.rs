use heliograph_client::pda;
use heliograph_settlement::events::ChallengeAnswered;
use heliograph_settlement::state::{Session, to_rules};
use heliograph_tests::batches::Batch;
use heliograph_tests::vouchers::signed;
use heliograph_tests::world::{PARAMS, USDC};
use heliograph_tests::{KeeperParty, Zoo};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::rc::Rc;

/// A zoo with an honest batch of three leaves, the scene's session's under challenge.
fn challenged() -> (Zoo, Rc<KeeperParty>, Batch, usize, Pubkey) {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let leaves = [zoo.session, zoo.second_session, zoo.cross_session].map(|session| {
        zoo.leaf(&session, &signed(&session.voucher(USDC), &zoo.app.voucher_signer))
    });
    let batch = zoo.post_leaves(&settler, leaves.into());
    let index = batch.index(&zoo.session);
    let challenge = zoo.challenge(&stranger, &settler, batch.minute_index, index);
    (zoo, settler, batch, index, challenge)
}

#[test]
fn voucher_shown_ends_the_challenge_and_earns_the_bond() {
    let (mut zoo, settler, batch, index, challenge) = challenged();
    let stranger = zoo.stranger.pubkey();
    let before: Session = zoo.read(&zoo.session.address);
    let bond = pda::challenge_bond(&challenge);
    let rent = zoo.lamports(&challenge) + zoo.lamports(&bond);
    let lamports = zoo.lamports(&stranger);
    let answer = zoo.answer_instructions(&settler, &batch, index);

    // Nobody in particular brings it.
    let done = zoo.run(&answer, &[]);

    zoo.is_gone(&challenge);
    zoo.is_gone(&bond);
    assert_eq!(zoo.lamports(&stranger), lamports + rent);
    assert_eq!(zoo.tokens(&settler.payout), PARAMS.challenge_bond_micro_usdc);
    zoo.holds(&zoo.session.address, &Session { proven_micro_usdc: USDC, ..before });
    assert_eq!(zoo.slot(&settler, batch.minute_index).open_challenges, 0);
    assert_eq!(zoo.book(&settler).0.open_challenges, 0);
    let voucher = zoo.session.voucher(USDC);
    done.emitted(&ChallengeAnswered {
        challenge,
        book: settler.book(),
        minute_index: batch.minute_index,
        index: index as u32,
        session: zoo.session.address,
        sequence: voucher.sequence,
        receipt_hash: voucher.receipt_hash,
        cumulative_micro_usdc: USDC,
        proven_micro_usdc: USDC,
        bond_micro_usdc: PARAMS.challenge_bond_micro_usdc,
    });
    // The batch pays again.
    zoo.pass(PARAMS.challenge_window_secs + 1);
    let before = zoo.tokens(&zoo.node.payout);
    zoo.claim(&settler, &batch, index..index + 1);
    assert_eq!(zoo.tokens(&zoo.node.payout), before + 750_000);
}

#[test]
fn answer_after_a_claim_clears_its_record() {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let leaf = zoo.leaf(&zoo.session, &zoo.voucher(USDC));
    let batch = zoo.post_leaves(&settler, vec![leaf]);
    zoo.pass(PARAMS.challenge_window_secs + 1);
    zoo.claim(&settler, &batch, 0..1);
    zoo.challenge(&stranger, &settler, batch.minute_index, 0);
    let answer = zoo.answer_instructions(&settler, &batch, 0);
    zoo.run(&answer, &[]);
    let session: Session = zoo.read(&zoo.session.address);
    assert_eq!(to_rules(&session.claims).of(&settler.address.to_bytes()), 0);
}

#[test]
fn answer_after_the_deadline_is_good_until_somebody_says_otherwise() {
    let (mut zoo, settler, batch, index, challenge) = challenged();
    zoo.pass(PARAMS.challenge_response_secs + 3_600);
    let answer = zoo.answer_instructions(&settler, &batch, index);
    zoo.run(&answer, &[]);
    zoo.is_gone(&challenge);
}

#[test]
fn session_that_has_ended_long_ago_can_still_be_answered_for() {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let (app, session) = (zoo.app.clone(), zoo.session);
    zoo.end_session(&app, &session);
    let leaf = zoo.leaf(&session, &zoo.voucher(USDC));
    zoo.pass(PARAMS.redeem_grace_secs - 60);
    // The last leaf it can have, challenged in the last second and answered in the last.
    let batch = zoo.post_leaves(&settler, vec![leaf]);
    zoo.pass(PARAMS.dispute_secs);
    zoo.challenge(&stranger, &settler, batch.minute_index, 0);
    zoo.pass(PARAMS.challenge_response_secs);
    let close = zoo.close_session_instruction(&app, &session);
    assert!(zoo.attempt(&[close], &[]).is_err(), "the account stays as long");
    let answer = zoo.answer_instructions(&settler, &batch, 0);
    zoo.run(&answer, &[]);
}

#[test]
fn tokens_that_strangers_send_to_the_bond_go_with_it() {
    let (mut zoo, settler, batch, index, challenge) = challenged();
    let bond = pda::challenge_bond(&challenge);
    let transfer = spl_token_interface::instruction::transfer(
        &spl_token_interface::ID,
        &zoo.app.wallet,
        &bond,
        &zoo.app.authority.pubkey(),
        &[],
        7,
    );
    let app = zoo.app.clone();
    zoo.run(&[transfer.expect("a valid instruction")], &[&app.authority]);
    let answer = zoo.answer_instructions(&settler, &batch, index);
    zoo.run(&answer, &[]);
    assert_eq!(zoo.tokens(&settler.payout), PARAMS.challenge_bond_micro_usdc + 7);
}

#[test]
fn leaf_of_a_large_batch_is_answered_for_in_one_transaction() {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let own = zoo.leaf(&zoo.session, &zoo.voucher(USDC));
    let mut leaves = vec![own.clone()];
    for i in 0..1_023u64 {
        let session = heliograph_protocol::hash::sha256(&[&i.to_le_bytes()]);
        leaves.push((heliograph_protocol::batch::Leaf { session, ..own.0 }, None));
    }
    zoo.pass(60);
    let batch = Batch { total_micro_usdc: USDC, ..Batch::new(zoo.minute(), leaves) };
    zoo.post(&settler, &batch);
    let index = batch.index(&zoo.session);
    zoo.challenge(&stranger, &settler, batch.minute_index, index);
    let answer = zoo.answer_instructions(&settler, &batch, index);
    let done = zoo.run(&answer, &[]);
    assert!(done.bytes <= 1_232, "{} bytes", done.bytes);
}
