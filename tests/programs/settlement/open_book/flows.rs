use heliograph_client::instruction::settlement::book_len;
use heliograph_registry::state::{KeeperRole, KeeperStatus};
use heliograph_settlement::events::BookOpened;
use heliograph_settlement::state::{Book, Slot};
use heliograph_tests::batches::SLOTS;
use heliograph_tests::vm::BEGINNING;
use heliograph_tests::{Scene, World};
use solana_signer::Signer;

#[test]
fn book_begins_empty_at_the_settlers_address() {
    let mut world = World::new();
    let settler = world.keeper("settler", KeeperRole::Settler);
    let before = world.lamports(&settler.owner.pubkey());
    let done = world.open_book(&settler, 100);

    let owner = settler.owner.pubkey();
    let (book, slots) = world.book(&settler);
    assert_eq!(book, Book::new(settler.address, owner, 100, BEGINNING));
    assert_eq!((book.last_minute, book.opened_at), (BEGINNING as u64 / 60, BEGINNING));
    assert_eq!(slots, vec![Slot::default(); 100]);
    let account = world.account(&settler.book()).expect("a book");
    assert_eq!(account.data.len(), book_len(100));
    assert_eq!(world.lamports(&owner), before - account.lamports);
    done.emitted(&BookOpened {
        book: settler.book(),
        keeper: settler.address,
        rent_payer: owner,
        slots: 100,
        opened_at: BEGINNING,
    });
}

#[test]
fn settler_of_any_status_opens_its_book() {
    // What a settler must be is checked when it posts.
    let mut world = World::new();
    let settler = world.registered_keeper("settler", KeeperRole::Settler);
    world.open_book(&settler, SLOTS);
    let left = world.keeper("left", KeeperRole::Settler);
    world.set_keeper_status(&left, KeeperStatus::Exited);
    world.open_book(&left, SLOTS);
}

#[test]
fn book_for_days_is_opened() {
    // More than a program could allocate by itself, and than it can take apart on its stack.
    let mut scene = Scene::new();
    let settler = scene.keeper("settler", KeeperRole::Settler);
    scene.open_book(&settler, 3 * 24 * 60);
    assert_eq!(scene.book(&settler).1.len(), 4_320);
    let leaf = scene.leaf(&scene.session, &scene.voucher(1_000));
    scene.post_leaves(&settler, vec![leaf]);
}

#[test]
fn lamports_sent_to_its_address_stop_no_book() {
    let mut world = World::new();
    let settler = world.keeper("settler", KeeperRole::Settler);
    let stranger = world.wallet("stranger");
    let gift = solana_system_interface::instruction::transfer(
        &stranger.pubkey(),
        &settler.book(),
        1_000_000,
    );
    world.act(gift, &stranger);
    world.open_book(&settler, SLOTS);
}
