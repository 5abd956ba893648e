use heliograph_client::pda;
use heliograph_settlement::events::ChallengeFailed;
use heliograph_settlement::state::{Book, Challenge, ChallengeStatus, SlotStatus};
use heliograph_tests::Zoo;
use heliograph_tests::vouchers::signed;
use heliograph_tests::world::{PARAMS, USDC};
use solana_signer::Signer;

#[test]
fn unanswered_challenge_voids_the_batch_and_gives_the_bond_back() {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let leaf = zoo.forged_leaf(&zoo.session, USDC);
    let batch = zoo.post_leaves(&settler, vec![leaf]);
    zoo.pass(PARAMS.challenge_window_secs + 1);
    zoo.claim(&settler, &batch, 0..1);
    let source = pda::token_account(&stranger.pubkey(), &zoo.payment_mint);
    let tokens = zoo.tokens(&source);
    let challenge = zoo.challenge(&stranger, &settler, batch.minute_index, 0);
    let before: Challenge = zoo.read(&challenge);
    let (book, _) = zoo.book(&settler);
    zoo.pass(PARAMS.challenge_response_secs + 1);
    let fail = zoo.fail_instruction(&challenge);

    let done = zoo.run(&[fail], &[]);

    assert_eq!(zoo.tokens(&source), tokens);
    zoo.is_gone(&pda::challenge_bond(&challenge));
    zoo.holds(
        &challenge,
        &Challenge {
            status: ChallengeStatus::Failed,
            failed_at: zoo.now(),
            claimed_micro_usdc: USDC,
            ..before
        },
    );
    let slot = zoo.slot(&settler, batch.minute_index);
    assert_eq!((slot.status, slot.open_challenges), (SlotStatus::Void as u8, 0));
    // The bond stands behind it as before.
    let after = Book { void_until: zoo.now(), open_challenges: 0, ..book };
    assert_eq!(zoo.book(&settler).0, after);
    done.emitted(&ChallengeFailed {
        challenge,
        book: settler.book(),
        keeper: settler.address,
        minute_index: batch.minute_index,
        index: 0,
        challenger: stranger.pubkey(),
        failed_at: zoo.now(),
        claimed_micro_usdc: USDC,
        bond_micro_usdc: PARAMS.challenge_bond_micro_usdc,
    });
}

#[test]
fn all_that_was_posted_before_is_void_and_what_comes_after_is_not() {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let honest = zoo.leaf(&zoo.session, &zoo.voucher(USDC));
    let first = zoo.post_leaves(&settler, vec![honest.clone()]);
    let forged = zoo.forged_leaf(&zoo.second_session, USDC);
    let second = zoo.post_leaves(&settler, vec![forged]);
    let challenge = zoo.challenge(&stranger, &settler, second.minute_index, 0);
    zoo.pass(PARAMS.challenge_response_secs + 1);
    let fail = zoo.fail_instruction(&challenge);
    zoo.run(&[fail], &[]);
    let claim = zoo.claim_instruction(&settler, &first, 0..1);
    let why = heliograph_settlement::error::SettlementError::BatchVoid;
    zoo.refuse(&[claim], &[], why);
    // The voucher is as good as ever: posted again, or redeemed.
    let again = zoo.post_leaves(&settler, vec![honest]);
    zoo.pass(PARAMS.challenge_window_secs + 1);
    let before = zoo.tokens(&zoo.node.payout);
    zoo.claim(&settler, &again, 0..1);
    assert_eq!(zoo.tokens(&zoo.node.payout), before + 750_000);
}

#[test]
fn one_of_two_challenges_fails_and_the_other_is_answered() {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let leaves = [zoo.session, zoo.second_session].map(|session| {
        zoo.leaf(&session, &signed(&session.voucher(USDC), &zoo.app.voucher_signer))
    });
    let batch = zoo.post_leaves(&settler, leaves.into());
    let challenges: Vec<_> =
        (0..2).map(|index| zoo.challenge(&stranger, &settler, batch.minute_index, index)).collect();
    zoo.pass(PARAMS.challenge_response_secs + 1);
    let fail = zoo.fail_instruction(&challenges[0]);
    zoo.run(&[fail], &[]);
    assert_eq!(zoo.book(&settler).0.open_challenges, 1);
    let answer = zoo.answer_instructions(&settler, &batch, 1);
    zoo.run(&answer, &[]);
    assert_eq!(zoo.book(&settler).0.open_challenges, 0);
    assert_eq!(zoo.slot(&settler, batch.minute_index).status, SlotStatus::Void as u8);
}
