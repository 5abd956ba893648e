use heliograph_settlement::events::BatchesReleased;
use heliograph_tests::Scene;
use heliograph_tests::batches::Batch;
use heliograph_tests::world::{PARAMS, USDC};

/// How long a settler answers for a batch.
const LIABILITY_SECS: u32 = 2 * PARAMS.dispute_secs + PARAMS.challenge_response_secs;

#[test]
fn batches_that_are_over_leave_the_exposure_oldest_first() {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    let leaf = scene.leaf(&scene.session, &scene.voucher(USDC));
    let batches: Vec<Batch> =
        (0..5).map(|_| scene.post_leaves(&settler, vec![leaf.clone()])).collect();
    // The third of them is over by one second.
    scene.pass(i64::from(LIABILITY_SECS) - 2 * 60 + 1);
    let release = heliograph_client::instruction::settlement::release(settler.book());

    let done = scene.run(&[release], &[]);

    let (book, _) = scene.book(&settler);
    assert_eq!((book.exposed, book.exposure_micro_usdc), (2, 2 * USDC));
    assert_eq!(book.oldest_minute, batches[3].minute_index);
    let released: Vec<u8> =
        batches.iter().map(|b| scene.slot(&settler, b.minute_index).released).collect();
    assert_eq!(released, [1, 1, 1, 0, 0]);
    done.emitted(&BatchesReleased {
        book: settler.book(),
        released: 3,
        exposure_micro_usdc: 2 * USDC,
    });
}
