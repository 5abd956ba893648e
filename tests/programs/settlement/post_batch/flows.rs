use heliograph_protocol::batch::{BatchHeader, CHAIN_START};
use heliograph_settlement::events::BatchPosted;
use heliograph_settlement::state::{Book, Slot, SlotStatus};
use heliograph_tests::batches::{Batch, SLOTS};
use heliograph_tests::world::{DOMAIN, PARAMS, SETTLER_BOND_MIN, USDC};
use heliograph_tests::{KeeperParty, Scene};

/// How long a settler answers for a batch.
const LIABILITY_SECS: u32 = 2 * PARAMS.dispute_secs + PARAMS.challenge_response_secs;

fn header(settler: &KeeperParty, batch: &Batch) -> BatchHeader {
    let args = batch.args();
    BatchHeader {
        settler: settler.address.to_bytes(),
        minute_index: args.minute_index,
        root: args.root,
        count: args.count,
        total_micro_usdc: args.total_micro_usdc,
    }
}

#[test]
fn batch_lies_in_its_minutes_slot_and_extends_the_chain() {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    let mut chain = CHAIN_START;
    let mut exposure = 0;
    for n in 1..=3 {
        let (before, _) = scene.book(&settler);
        scene.pass(60);
        let leaf = scene.leaf(&scene.session, &scene.voucher(n * USDC));
        let batch = Batch::new(scene.minute(), vec![leaf]);
        let done = scene.post(&settler, &batch);

        let args = batch.args();
        let expected = Slot {
            minute_index: batch.minute_index,
            root: args.root,
            total_micro_usdc: n * USDC,
            posted_at: scene.now(),
            count: 1,
            challenge_window_secs: PARAMS.challenge_window_secs,
            dispute_secs: PARAMS.dispute_secs,
            challenge_response_secs: PARAMS.challenge_response_secs,
            status: SlotStatus::Posted as u8,
            ..Slot::default()
        };
        assert_eq!(scene.slot(&settler, batch.minute_index), expected);
        chain = header(&settler, &batch).chain(&chain, &DOMAIN);
        exposure += n * USDC;
        let oldest_minute = if n == 1 { batch.minute_index } else { before.oldest_minute };
        let (book, _) = scene.book(&settler);
        assert_eq!(
            book,
            Book {
                last_minute: batch.minute_index,
                chain,
                exposure_micro_usdc: exposure,
                exposed: n,
                oldest_minute,
                ..before
            }
        );
        done.emitted(&BatchPosted {
            book: heliograph_client::pda::book(&solana_signer::Signer::pubkey(&settler.keeper_key)),
            keeper: settler.address,
            minute_index: batch.minute_index,
            root: args.root,
            count: 1,
            total_micro_usdc: n * USDC,
            posted_at: scene.now(),
            chain,
            exposure_micro_usdc: exposure,
        });
    }
}

#[test]
fn minutes_are_posted_up_to_an_hour_late_and_with_gaps() {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    let leaf = scene.leaf(&scene.session, &scene.voucher(USDC));
    scene.pass(3 * 3_600);
    let now = scene.minute();
    for minute in [now - 60, now - 59, now - 7, now - 1] {
        scene.post(&settler, &Batch::new(minute, vec![leaf.clone()]));
    }
    let (book, _) = scene.book(&settler);
    assert_eq!((book.exposed, book.oldest_minute, book.last_minute), (4, now - 60, now - 1));
    assert_eq!(scene.slot(&settler, now - 60).next_minute, now - 59);
    assert_eq!(scene.slot(&settler, now - 7).next_minute, now - 1);
}

#[test]
fn ring_is_used_again_once_its_batches_are_over() {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    let leaf = scene.leaf(&scene.session, &scene.voucher(USDC));
    let first = scene.post_leaves(&settler, vec![leaf.clone()]);
    scene.post_leaves(&settler, vec![leaf.clone()]);
    scene.post_leaves(&settler, vec![leaf.clone()]);
    scene.pass(LIABILITY_SECS + 1);
    // The same slot, many rounds later.
    let rounds = (scene.minute() - first.minute_index).div_ceil(SLOTS as u64);
    let minute = first.minute_index + rounds * SLOTS as u64;
    let wait = (minute - scene.minute()) as i64 * 60;
    scene.pass(wait);

    scene.post(&settler, &Batch::new(minute, vec![leaf]));

    // A post releases two batches besides: the third is still counted.
    let (book, _) = scene.book(&settler);
    assert_eq!((book.exposed, book.exposure_micro_usdc), (2, 2 * USDC));
    assert_eq!(book.oldest_minute, first.minute_index + 2);
    let slot = scene.slot(&settler, minute);
    assert_eq!((slot.minute_index, slot.claimed_micro_usdc, slot.released), (minute, 0, 0));
}

#[test]
fn bond_is_exposed_to_the_unit_and_free_again_when_batches_are_over() {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    let leaf = scene.leaf(&scene.session, &scene.voucher(USDC));
    let mut batch = Batch::new(0, vec![leaf]);
    for _ in 0..3 {
        scene.pass(60);
        batch.minute_index = scene.minute();
        batch.total_micro_usdc = PARAMS.batch_total_max_micro_usdc;
        scene.post(&settler, &batch);
    }
    assert_eq!(scene.book(&settler).0.exposure_micro_usdc, SETTLER_BOND_MIN);
    scene.pass(60);
    batch.minute_index = scene.minute();
    batch.total_micro_usdc = 1;
    assert!(scene.try_post(&settler, &batch).is_err(), "not one unit more");
    // More bond, more room.
    scene.bond(&settler, 1);
    scene.post(&settler, &batch);
    scene.pass(LIABILITY_SECS + 1);
    batch.minute_index = scene.minute();
    batch.total_micro_usdc = PARAMS.batch_total_max_micro_usdc;
    scene.post(&settler, &batch);
    let (book, _) = scene.book(&settler);
    assert_eq!(book.exposure_micro_usdc, 2 * PARAMS.batch_total_max_micro_usdc + 1);
}

#[test]
fn two_settlers_post_the_same_minute_side_by_side() {
    let mut scene = Scene::new();
    let one = scene.settler("one", 0);
    let two = scene.settler("two", 0);
    let leaf = scene.leaf(&scene.session, &scene.voucher(USDC));
    let batch = scene.post_leaves(&one, vec![leaf]);
    scene.post(&two, &batch);
    assert_ne!(scene.book(&one).0.chain, scene.book(&two).0.chain, "the chain names its settler");
    assert_eq!(scene.slot(&one, batch.minute_index), scene.slot(&two, batch.minute_index));
}
