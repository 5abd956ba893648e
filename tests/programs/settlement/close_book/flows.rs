use heliograph_settlement::events::BookClosed;
use heliograph_tests::batches::{Batch, SLOTS};
use heliograph_tests::world::{PARAMS, USDC};
use heliograph_tests::{Scene, World};
use solana_signer::Signer;

/// How long a settler answers for a batch.
const LIABILITY_SECS: u32 = 2 * PARAMS.dispute_secs + PARAMS.challenge_response_secs;

#[test]
fn book_that_is_over_gives_its_rent_back() {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    let leaf = scene.leaf(&scene.session, &scene.voucher(USDC));
    scene.post_leaves(&settler, vec![leaf]);
    scene.pass(LIABILITY_SECS + 1);
    let (book, _) = scene.book(&settler);
    let (owner, rent) = (settler.owner.pubkey(), scene.lamports(&settler.book()));
    let before = scene.lamports(&owner);
    let close = scene.close_book_instruction(&settler);

    // The last batch is released on the way.
    let done = scene.act(close, &settler.owner);

    scene.is_gone(&settler.book());
    assert_eq!(scene.lamports(&owner), before + rent);
    assert_ne!(book.chain, [0; 32]);
    done.emitted(&BookClosed { book: settler.book(), keeper: settler.address, chain: book.chain });
}

#[test]
fn book_opened_anew_takes_no_minute_of_the_old_one() {
    let mut world = World::new();
    let settler = world.settler("settler", 0);
    let close = world.close_book_instruction(&settler);
    world.act(close, &settler.owner);
    world.pass(600);
    world.open_book(&settler, SLOTS);
    let late = Batch { minute_index: world.minute(), ..Batch::new(0, Vec::new()) };
    let post = world.post_instruction(&settler, &late);
    let why = heliograph_settlement::error::SettlementError::MinuteOutOfOrder;
    world.refuse(&[post], &[&settler.keeper_key], why);
}
