use heliograph_client::pda;
use heliograph_registry::state::pause;
use heliograph_settlement::events::ChallengeOpened;
use heliograph_settlement::state::{Challenge, ChallengeStatus};
use heliograph_tests::Zoo;
use heliograph_tests::world::{PARAMS, USDC};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
fn challenge_takes_the_bond_and_starts_the_clock() {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let leaf = zoo.leaf(&zoo.session, &zoo.voucher(USDC));
    let batch = zoo.post_leaves(&settler, vec![leaf]);
    let source = pda::token_account(&stranger.pubkey(), &zoo.payment_mint);
    let before = zoo.tokens(&source);
    zoo.pass(60);
    let open = zoo.challenge_instruction(&stranger.pubkey(), &settler, batch.minute_index, 0);

    let done = zoo.act(open, &stranger);

    let (book, number) = (settler.book(), batch.minute_index.to_le_bytes());
    let seeds: [&[u8]; 4] = [b"challenge", book.as_ref(), &number, &[0; 4]];
    let (address, bump) = Pubkey::find_program_address(&seeds, &heliograph_settlement::ID);
    let seeds: [&[u8]; 2] = [b"bond", address.as_ref()];
    let (bond, bond_bump) = Pubkey::find_program_address(&seeds, &heliograph_settlement::ID);
    let deadline = zoo.now() + i64::from(PARAMS.challenge_response_secs);
    zoo.holds(
        &address,
        &Challenge {
            version: 1,
            bump,
            bond_bump,
            status: ChallengeStatus::Open,
            book,
            keeper: settler.address,
            minute_index: batch.minute_index,
            index: 0,
            challenger: stranger.pubkey(),
            refund: source,
            bond_micro_usdc: PARAMS.challenge_bond_micro_usdc,
            opened_at: zoo.now(),
            deadline,
            failed_at: 0,
            claimed_micro_usdc: 0,
            liability_secs: i64::from(2 * PARAMS.dispute_secs + PARAMS.challenge_response_secs),
            posted_at: zoo.slot(&settler, batch.minute_index).posted_at,
            reserved: [0; 56],
        },
    );
    assert_eq!(zoo.tokens(&bond), PARAMS.challenge_bond_micro_usdc);
    assert_eq!(zoo.tokens(&source), before - PARAMS.challenge_bond_micro_usdc);
    assert_eq!(zoo.slot(&settler, batch.minute_index).open_challenges, 1);
    assert_eq!(zoo.book(&settler).0.open_challenges, 1);
    done.emitted(&ChallengeOpened {
        challenge: address,
        book,
        keeper: settler.address,
        minute_index: batch.minute_index,
        index: 0,
        challenger: stranger.pubkey(),
        bond_micro_usdc: PARAMS.challenge_bond_micro_usdc,
        opened_at: zoo.now(),
        deadline,
    });
}

#[test]
fn several_leaves_are_challenged_at_once_whatever_is_paused() {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let leaves = [zoo.session, zoo.second_session, zoo.cross_session]
        .map(|session| zoo.forged_leaf(&session, 1));
    let batch = zoo.post_leaves(&settler, leaves.into());
    zoo.pause(pause::ALL);
    for index in 0..3 {
        zoo.challenge(&stranger, &settler, batch.minute_index, index);
    }
    assert_eq!(zoo.slot(&settler, batch.minute_index).open_challenges, 3);
}

#[test]
fn last_second_of_the_dispute_is_good() {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let leaf = zoo.forged_leaf(&zoo.session, 1);
    let batch = zoo.post_leaves(&settler, vec![leaf]);
    zoo.pass(PARAMS.dispute_secs);
    zoo.challenge(&stranger, &settler, batch.minute_index, 0);
}
