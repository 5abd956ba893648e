//! Two settlers at work at once: whatever they post and claim, each session pays once.

use heliograph_settlement::state::{Escrow, Session};
use heliograph_tests::Scene;
use heliograph_tests::random::Random;
use heliograph_tests::scene::DEPOSIT;
use heliograph_tests::world::{PARAMS, USDC};

const WINDOW_SECS: u32 = PARAMS.challenge_window_secs + 1;

#[test]
fn same_voucher_in_two_settlers_batches_pays_once_in_either_order() {
    for order in [[0, 1], [1, 0]] {
        let mut scene = Scene::new();
        let settlers = [scene.settler("one", 0), scene.settler("two", 0)];
        let leaf = scene.leaf(&scene.session, &scene.voucher(USDC));
        let batch = scene.post_leaves(&settlers[0], vec![leaf]);
        scene.post(&settlers[1], &batch);
        scene.pass(WINDOW_SECS);
        for settler in order {
            scene.claim(&settlers[settler], &batch, 0..1);
        }
        assert_eq!(scene.tokens(&scene.app.vault()), DEPOSIT - USDC);
        let shares = order.map(|settler| scene.tokens(&settlers[settler].payout));
        assert_eq!(shares, [50_000, 0], "who claims is paid for it");
    }
}

#[test]
fn both_in_one_transaction_pay_once() {
    let mut scene = Scene::new();
    let (one, two) = (scene.settler("one", 0), scene.settler("two", 0));
    let leaf = scene.leaf(&scene.session, &scene.voucher(USDC));
    let batch = scene.post_leaves(&one, vec![leaf]);
    scene.post(&two, &batch);
    scene.pass(WINDOW_SECS);
    let claims =
        [scene.claim_instruction(&one, &batch, 0..1), scene.claim_instruction(&two, &batch, 0..1)];
    scene.run(&claims, &[]);
    assert_eq!(scene.tokens(&scene.app.vault()), DEPOSIT - USDC);
}

#[test]
fn claims_and_redeems_in_any_order_pay_the_newest_voucher_once() {
    for seed in 0..6 {
        let mut random = Random::new(seed);
        let mut scene = Scene::new();
        let settlers = [scene.settler("one", 0), scene.settler("two", 0)];
        let (mut posted, mut best) = (Vec::new(), 0);
        for minute in 1..=8u64 {
            let cumulative = minute * 100_003;
            let settler = random.index(2);
            let leaf = scene.leaf(&scene.session, &scene.voucher(cumulative));
            posted.push((settler, scene.post_leaves(&settlers[settler], vec![leaf])));
        }
        scene.pass(WINDOW_SECS);
        while !posted.is_empty() {
            let (settler, batch) = posted.swap_remove(random.index(posted.len()));
            let cumulative = batch.leaves[0].cumulative_micro_usdc;
            if random.one_in(3) {
                let redeem = scene.bring(&scene.voucher(cumulative));
                let paid = scene.attempt(&redeem, &[]).is_ok();
                assert_eq!(paid, cumulative > best);
            } else {
                scene.claim(&settlers[settler], &batch, 0..1);
            }
            best = best.max(cumulative);
            let session: Session = scene.read(&scene.session.address);
            assert_eq!(session.totals.paid_micro_usdc, best);
            let escrow: Escrow = scene.read(&scene.app.escrow());
            assert_eq!(escrow.totals, session.totals);
            assert_eq!(scene.tokens(&scene.app.vault()), DEPOSIT - best);
        }
    }
}
