use heliograph_registry::state::pause;
use heliograph_settlement::error::SettlementError;
use heliograph_settlement::events::BatchClaimed;
use heliograph_settlement::state::{Channel, Claim, Escrow, Session, Totals};
use heliograph_tests::batches::Batch;
use heliograph_tests::keepers::ENDPOINT;
use heliograph_tests::scene::{CAP, DEPOSIT};
use heliograph_tests::vouchers::signed;
use heliograph_tests::world::{PARAMS, USDC};
use heliograph_tests::{KeeperParty, Scene, SessionParty, World};

/// After this much time a batch's window is over.
const WINDOW_SECS: u32 = PARAMS.challenge_window_secs + 1;
/// A settler answers for this long for what it claims.
const LIABILITY_SECS: i64 = 2 * PARAMS.dispute_secs as i64 + PARAMS.challenge_response_secs as i64;

fn totals(amount: u64) -> Totals {
    Totals { settled_micro_usdc: amount, paid_micro_usdc: amount }
}

/// What operator, settler and treasury have received.
fn received(scene: &Scene, settler: &KeeperParty) -> (u64, u64, u64) {
    let [operator, settler, treasury] =
        [scene.node.payout, settler.payout, scene.treasury].map(|payee| scene.tokens(&payee));
    (operator, settler, treasury)
}

/// A scene with a settler that has posted a voucher of the scene's session, its window over.
fn claimable(cumulative: u64) -> (Scene, KeeperParty, Batch) {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    let leaf = scene.leaf(&scene.session, &scene.voucher(cumulative));
    let batch = scene.post_leaves(&settler, vec![leaf]);
    scene.pass(WINDOW_SECS);
    (scene, settler, batch)
}

#[test]
fn leaves_of_a_channel_pay_operator_settler_and_treasury() {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    let mut sessions: Vec<SessionParty> =
        (0..2).map(|_| scene.open_session(&app, &channel, CAP)).collect();
    sessions.push(scene.session);
    let before: (Escrow, Channel) = (scene.read(&app.escrow()), scene.read(&channel));
    let amounts = [1_000_001, 700_003, 33];
    let leaves = sessions
        .iter()
        .zip(amounts)
        .map(|(session, amount)| {
            scene.leaf(session, &signed(&session.voucher(amount), &app.voucher_signer))
        })
        .collect();
    let batch = scene.post_leaves(&settler, leaves);
    scene.pass(WINDOW_SECS);
    let sessions_before: Vec<Session> =
        sessions.iter().map(|session| scene.read(&session.address)).collect();

    let done = scene.claim(&settler, &batch, 0..3);

    // 75 % and 5 % of each session's, rounded down by itself; the rest is the treasury's.
    let parts = (750_000 + 525_002 + 24, 50_000 + 35_000 + 1);
    let sum: u64 = amounts.iter().sum();
    let treasury = sum - parts.0 - parts.1;
    assert_eq!(received(&scene, &settler), (parts.0, parts.1, treasury));
    assert_eq!(scene.tokens(&app.vault()), DEPOSIT - sum);
    scene.holds(&app.escrow(), &Escrow { totals: totals(sum), ..before.0 });
    scene.holds(&channel, &Channel { totals: totals(sum), ..before.1 });
    for ((session, amount), before) in sessions.iter().zip(amounts).zip(sessions_before) {
        let claim = Claim {
            settler: settler.address,
            recent_micro_usdc: amount,
            earlier_micro_usdc: 0,
            since: scene.now(),
            period_secs: LIABILITY_SECS,
        };
        let claims = [claim, Claim::default()];
        scene.holds(&session.address, &Session { totals: totals(amount), claims, ..before });
    }
    assert_eq!(scene.slot(&settler, batch.minute_index).claimed_micro_usdc, sum);
    done.emitted(&BatchClaimed {
        book: settler.book(),
        keeper: settler.address,
        minute_index: batch.minute_index,
        first_index: 0,
        leaves: 3,
        channel,
        escrow: app.escrow(),
        amount_micro_usdc: sum,
        operator_micro_usdc: parts.0,
        settler_micro_usdc: parts.1,
        treasury_micro_usdc: treasury,
        batch_claimed_micro_usdc: sum,
        channel_paid_micro_usdc: sum,
        escrow_paid_micro_usdc: sum,
        claimed_at: scene.now(),
    });
}

#[test]
fn leaf_claimed_again_pays_nothing_more() {
    let (mut scene, settler, batch) = claimable(USDC);
    scene.claim(&settler, &batch, 0..1);
    let after: Session = scene.read(&scene.session.address);
    let paid = received(&scene, &settler);
    let done = scene.claim(&settler, &batch, 0..1);
    assert_eq!(received(&scene, &settler), paid);
    scene.holds(&scene.session.address, &after);
    done.emitted(&BatchClaimed {
        book: settler.book(),
        keeper: settler.address,
        minute_index: batch.minute_index,
        first_index: 0,
        leaves: 1,
        channel: scene.session.channel,
        escrow: scene.app.escrow(),
        amount_micro_usdc: 0,
        operator_micro_usdc: 0,
        settler_micro_usdc: 0,
        treasury_micro_usdc: 0,
        batch_claimed_micro_usdc: USDC,
        channel_paid_micro_usdc: USDC,
        escrow_paid_micro_usdc: USDC,
        claimed_at: scene.now(),
    });
}

#[test]
fn one_payout_for_node_and_settler_gets_both_parts() {
    let (mut scene, settler, batch) = claimable(USDC);
    let settler = KeeperParty { payout: scene.node.payout, ..settler };
    scene.update_keeper(&settler, ENDPOINT);
    let done = scene.claim(&settler, &batch, 0..1);
    // Nothing is lost between two transfers to one account, and nothing paid twice.
    assert_eq!(scene.tokens(&scene.node.payout), 800_000);
    assert_eq!(scene.tokens(&scene.treasury), 200_000);
    assert_eq!(scene.tokens(&scene.app.vault()), DEPOSIT - USDC);
    done.emitted(&BatchClaimed {
        book: settler.book(),
        keeper: settler.address,
        minute_index: batch.minute_index,
        first_index: 0,
        leaves: 1,
        channel: scene.session.channel,
        escrow: scene.app.escrow(),
        amount_micro_usdc: USDC,
        operator_micro_usdc: 750_000,
        settler_micro_usdc: 50_000,
        treasury_micro_usdc: 200_000,
        batch_claimed_micro_usdc: USDC,
        channel_paid_micro_usdc: USDC,
        escrow_paid_micro_usdc: USDC,
        claimed_at: scene.now(),
    });
}

#[test]
fn voucher_redeemed_first_leaves_its_leaf_nothing() {
    let (mut scene, settler, batch) = claimable(USDC);
    scene.pay(USDC);
    scene.claim(&settler, &batch, 0..1);
    assert_eq!(received(&scene, &settler), (750_000, 0, 250_000));
    assert_eq!(scene.read::<Session>(&scene.session.address).totals, totals(USDC));
}

#[test]
fn leaf_claimed_first_leaves_its_voucher_nothing() {
    let (mut scene, settler, batch) = claimable(USDC);
    scene.claim(&settler, &batch, 0..1);
    let redeem = scene.bring(&scene.voucher(USDC));
    scene.refuse(&redeem, &[], SettlementError::VoucherStale);
    assert_eq!(received(&scene, &settler), (750_000, 50_000, 200_000));
    assert_eq!(scene.tokens(&scene.app.vault()), DEPOSIT - USDC);
}

#[test]
fn voucher_and_leaf_in_one_transaction_pay_once_in_either_order() {
    for leaf_first in [true, false] {
        let (mut scene, settler, batch) = claimable(USDC);
        let claim = scene.claim_instruction(&settler, &batch, 0..1);
        let [ed25519, redeem] = scene.bring(&scene.voucher(USDC));
        if leaf_first {
            scene.refuse(&[claim.clone(), ed25519, redeem], &[], SettlementError::VoucherStale);
            scene.run(&[claim], &[]);
        } else {
            scene.run(&[ed25519, redeem, claim], &[]);
        }
        assert_eq!(scene.tokens(&scene.app.vault()), DEPOSIT - USDC);
        assert_eq!(scene.read::<Escrow>(&scene.app.escrow()).totals, totals(USDC));
    }
}

#[test]
fn earlier_minute_claimed_after_a_later_one_pays_nothing() {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    let early = scene.leaf(&scene.session, &scene.voucher(USDC));
    let early = scene.post_leaves(&settler, vec![early]);
    let late = scene.leaf(&scene.session, &scene.voucher(3 * USDC));
    let late = scene.post_leaves(&settler, vec![late]);
    scene.pass(WINDOW_SECS);
    scene.claim(&settler, &late, 0..1);
    scene.claim(&settler, &early, 0..1);
    assert_eq!(received(&scene, &settler), (2_250_000, 150_000, 600_000));
    assert_eq!(scene.slot(&settler, early.minute_index).claimed_micro_usdc, 0);
}

#[test]
fn minutes_claimed_in_order_pay_their_differences() {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    let mut batches = Vec::new();
    for cumulative in [USDC, 3 * USDC] {
        let leaf = scene.leaf(&scene.session, &scene.voucher(cumulative));
        batches.push(scene.post_leaves(&settler, vec![leaf]));
    }
    scene.pass(WINDOW_SECS);
    for batch in &batches {
        scene.claim(&settler, batch, 0..1);
    }
    assert_eq!(received(&scene, &settler), (2_250_000, 150_000, 600_000));
    let claimed =
        batches.iter().map(|batch| scene.slot(&settler, batch.minute_index).claimed_micro_usdc);
    assert_eq!(claimed.collect::<Vec<_>>(), [USDC, 2 * USDC]);
}

#[test]
fn short_escrow_pays_what_it_holds_and_the_rest_after_a_deposit() {
    let mut world = World::new();
    let settler = world.settler("settler", 0);
    let node = world.node("node");
    let app = world.funded_app("app", 1_000_001);
    let channel = world.open_channel(&app, &node);
    let session = world.open_session(&app, &channel, CAP);
    let voucher = signed(&session.voucher(2 * USDC), &app.voucher_signer);
    let leaf = world.leaf(&session, &voucher);
    let batch = world.post_leaves(&settler, vec![leaf]);
    world.pass(WINDOW_SECS);
    world.claim(&settler, &batch, 0..1);
    assert_eq!(world.read::<Session>(&session.address).totals, totals(1_000_001));
    // Nothing left is no error for a leaf.
    world.claim(&settler, &batch, 0..1);
    world.deposit(&app, 5 * USDC);
    world.claim(&settler, &batch, 0..1);
    assert_eq!(world.tokens(&node.payout), 1_500_000, "as if it had been paid at once");
    assert_eq!(world.read::<Session>(&session.address).totals, totals(2 * USDC));
}

#[test]
fn batch_pays_no_more_than_its_total() {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    scene.pass(60);
    let leaf = scene.leaf(&scene.session, &scene.voucher(2 * USDC));
    let small = Batch { total_micro_usdc: 700_000, ..Batch::new(scene.minute(), vec![leaf]) };
    scene.post(&settler, &small);
    scene.pass(WINDOW_SECS);
    for _ in 0..2 {
        scene.claim(&settler, &small, 0..1);
        assert_eq!(scene.slot(&settler, small.minute_index).claimed_micro_usdc, 700_000);
        assert_eq!(scene.read::<Session>(&scene.session.address).totals, totals(700_000));
    }
    // The voucher is good for the rest.
    scene.pay(2 * USDC);
    assert_eq!(scene.read::<Session>(&scene.session.address).totals, totals(2 * USDC));
}

#[test]
fn leaf_posted_in_a_sessions_last_second_is_claimed_in_its_grace_even_after_a_challenge() {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    let stranger = scene.wallet("stranger");
    let mint = scene.payment_mint;
    scene.mint_to(&solana_signer::Signer::pubkey(&stranger), &mint, 100 * USDC);
    let (app, session) = (scene.app.clone(), scene.session);
    scene.pass(60);
    scene.request_withdrawal(&app, DEPOSIT);
    scene.end_session(&app, &session);
    let leaf = scene.leaf(&session, &scene.voucher(USDC));
    let batch = Batch::new(scene.minute(), vec![leaf]);
    scene.post(&settler, &batch);
    // Challenged at the window's end, answered when the time is nearly over.
    scene.pass(PARAMS.challenge_window_secs);
    scene.challenge(&stranger, &settler, batch.minute_index, 0);
    scene.pass(PARAMS.challenge_response_secs);
    let answer = scene.answer_instructions(&settler, &batch, 0);
    scene.run(&answer, &[]);

    scene.claim(&settler, &batch, 0..1);

    assert_eq!(received(&scene, &settler).0, 750_000);
    // The withdrawal, whose notice began with the session's end, gets what is left.
    let left = i64::from(PARAMS.withdrawal_notice_secs)
        - i64::from(PARAMS.challenge_window_secs + PARAMS.challenge_response_secs);
    scene.pass(left);
    let withdraw = scene.withdraw_instruction(&app);
    scene.act(withdraw, &app.authority);
    assert_eq!(scene.tokens(&app.vault()), 0);
    assert_eq!(scene.read::<Escrow>(&app.escrow()).withdrawn_micro_usdc, DEPOSIT - USDC);
}

#[test]
fn withdrawal_and_claim_in_either_order_spend_each_token_once() {
    for claim_first in [true, false] {
        let (mut scene, settler, batch) = claimable(3 * USDC);
        let app = scene.app.clone();
        scene.request_withdrawal(&app, DEPOSIT - USDC);
        scene.pass(PARAMS.withdrawal_notice_secs);
        let claim = scene.claim_instruction(&settler, &batch, 0..1);
        let withdraw = scene.withdraw_instruction(&app);
        let (instructions, paid) = match claim_first {
            true => ([claim, withdraw], 3 * USDC),
            false => ([withdraw, claim], USDC),
        };
        scene.run(&instructions, &[&app.authority]);
        assert_eq!(scene.read::<Session>(&scene.session.address).totals, totals(paid));
        assert_eq!(scene.tokens(&app.vault()), 0);
    }
}

#[test]
fn pause_of_everything_stops_no_claim() {
    let (mut scene, settler, batch) = claimable(USDC);
    scene.pause(pause::ALL);
    scene.claim(&settler, &batch, 0..1);
    assert_eq!(received(&scene, &settler).0, 750_000);
}

#[test]
fn any_range_of_a_large_batch_is_claimed() {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    let sessions: Vec<SessionParty> =
        (0..4).map(|_| scene.open_session(&app, &channel, CAP)).collect();
    let mut leaves: Vec<_> = sessions
        .iter()
        .map(|session| scene.leaf(session, &signed(&session.voucher(USDC), &app.voucher_signer)))
        .collect();
    // Leaves of other apps before and after them.
    let template = leaves[0].0;
    for i in 0..60u8 {
        let app = if i % 2 == 0 { [0; 32] } else { [0xff; 32] };
        let leaf = heliograph_protocol::batch::Leaf { app, node: [i; 32], ..template };
        leaves.push((leaf, None));
    }
    let batch = scene.post_leaves(&settler, leaves);
    scene.pass(WINDOW_SECS);
    assert_eq!(batch.leaves[30].app, app.address.to_bytes());
    for (range, paid) in [(31..32, 1), (30..33, 3), (33..34, 4), (30..34, 4)] {
        scene.claim(&settler, &batch, range);
        assert_eq!(scene.read::<Channel>(&channel).totals, totals(paid * USDC));
    }
}
