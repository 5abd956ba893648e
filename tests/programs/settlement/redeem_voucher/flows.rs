use anchor_lang::error::ErrorCode;
use heliograph_registry::state::{NetworkParams, Node, NodeStatus};
use heliograph_settlement::error::SettlementError;
use heliograph_settlement::events::VoucherRedeemed;
use heliograph_settlement::state::{Channel, Escrow, Session, Totals};
use heliograph_tests::parties::profile;
use heliograph_tests::reason::in_settlement;
use heliograph_tests::scene::{CAP, DEPOSIT};
use heliograph_tests::vouchers::signed;
use heliograph_tests::world::{ANSWER_SECS, PARAMS, USDC};
use heliograph_tests::{Scene, World, key};
use solana_signer::Signer;

fn totals(amount: u64) -> Totals {
    Totals { settled_micro_usdc: amount, paid_micro_usdc: amount }
}

/// A scene whose operator gets `operator_bps` of every payment.
fn scene_with_share(operator_bps: u16) -> Scene {
    let params = NetworkParams { operator_bps, settler_bps: 0, ..PARAMS };
    Scene::on(World::with_params(params))
}

/// What operator and treasury have received.
fn received(scene: &Scene) -> (u64, u64) {
    (scene.tokens(&scene.node.payout), scene.tokens(&scene.treasury))
}

#[test]
fn voucher_pays_operator_and_treasury() {
    let mut scene = Scene::new();
    let (escrow, session) = (scene.app.escrow(), scene.session);
    let before: (Escrow, Channel, Session) =
        (scene.read(&escrow), scene.read(&session.channel), scene.read(&session.address));
    let amount = 1_000_001;

    let done = scene.pay(amount);

    // 75 % rounded down is the operator's, the rest the treasury's.
    assert_eq!(received(&scene), (750_000, 250_001));
    assert_eq!(scene.tokens(&scene.app.vault()), DEPOSIT - amount);
    let voucher = session.voucher(amount);
    scene.holds(&escrow, &Escrow { totals: totals(amount), ..before.0 });
    scene.holds(&session.channel, &Channel { totals: totals(amount), ..before.1 });
    let after = Session {
        totals: totals(amount),
        proven_micro_usdc: amount,
        last_sequence: voucher.sequence,
        last_receipt_hash: voucher.receipt_hash,
        ..before.2
    };
    scene.holds(&session.address, &after);
    done.emitted(&VoucherRedeemed {
        session: session.address,
        channel: session.channel,
        escrow,
        sequence: voucher.sequence,
        receipt_hash: voucher.receipt_hash,
        voucher_micro_usdc: amount,
        amount_micro_usdc: amount,
        operator_micro_usdc: 750_000,
        treasury_micro_usdc: 250_001,
        session_paid_micro_usdc: amount,
        channel_paid_micro_usdc: amount,
        escrow_paid_micro_usdc: amount,
        from_bond_micro_usdc: 0,
        channel_bond_micro_usdc: 0,
        escrow_bonded_micro_usdc: 0,
    });
}

#[test]
fn later_voucher_pays_the_difference() {
    let mut scene = Scene::new();
    scene.pay(USDC);
    let done = scene.pay(3 * USDC);
    assert_eq!(received(&scene), (2_250_000, 750_000));
    let voucher = scene.session.voucher(3 * USDC);
    done.emitted(&VoucherRedeemed {
        session: scene.session.address,
        channel: scene.session.channel,
        escrow: scene.app.escrow(),
        sequence: voucher.sequence,
        receipt_hash: voucher.receipt_hash,
        voucher_micro_usdc: 3 * USDC,
        amount_micro_usdc: 2 * USDC,
        operator_micro_usdc: 1_500_000,
        treasury_micro_usdc: 500_000,
        session_paid_micro_usdc: 3 * USDC,
        channel_paid_micro_usdc: 3 * USDC,
        escrow_paid_micro_usdc: 3 * USDC,
        from_bond_micro_usdc: 0,
        channel_bond_micro_usdc: 0,
        escrow_bonded_micro_usdc: 0,
    });
}

#[test]
fn stranger_pays_the_operator() {
    let mut scene = Scene::new();
    let stranger = scene.wallet("stranger");
    let mint = scene.payment_mint;
    let tokens = scene.create_tokens(&stranger.pubkey(), &mint);
    let instructions = scene.bring(&scene.voucher(USDC));
    scene.run(&instructions, &[&stranger]);
    assert_eq!(scene.tokens(&tokens), 0);
    assert_eq!(received(&scene), (750_000, 250_000));
}

#[test]
fn many_small_vouchers_pay_the_operator_what_one_does() {
    for operator_bps in [0, 1, 3_333, 7_500, 9_999, 10_000] {
        let end = 613;
        let mut at_once = scene_with_share(operator_bps);
        at_once.pay(end);
        let mut in_steps = scene_with_share(operator_bps);
        let (mut cumulative, mut step) = (0, 1);
        while cumulative < end {
            cumulative = (cumulative + step).min(end);
            in_steps.pay(cumulative);
            step = step % 7 + 1;
            let (operator, treasury) = received(&in_steps);
            assert_eq!(operator + treasury, cumulative, "every unit goes to one of the two");
            assert_eq!(operator, cumulative * u64::from(operator_bps) / 10_000);
        }
        assert_eq!(received(&in_steps), received(&at_once), "share {operator_bps}");
    }
}

#[test]
fn largest_amount_pays_without_overflow() {
    let mut world = World::new();
    let node = world.node("node");
    let app = world.app("app");
    world.open_escrow(&app);
    let mint = world.payment_mint;
    let all = u64::MAX - world.supply(&mint);
    world.mint_to(&app.authority.pubkey(), &mint, all);
    let amount = world.tokens(&app.wallet);
    world.deposit(&app, amount);
    let channel = world.open_channel(&app, &node);
    let session = world.open_session(&app, &channel, u64::MAX);

    world.redeem(&app, &session, u64::MAX);

    let operator = (u128::from(amount) * 7_500 / 10_000) as u64;
    assert_eq!(world.tokens(&node.payout), operator);
    assert_eq!(world.tokens(&world.treasury), amount - operator);
    assert_eq!(world.read::<Escrow>(&app.escrow()).totals, totals(amount));
}

#[test]
fn two_sessions_in_one_transaction_both_pay() {
    let mut scene = Scene::new();
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    let second = scene.open_session(&app, &channel, CAP);
    let first = scene.bring(&scene.voucher(USDC));
    let voucher = signed(&second.voucher(2 * USDC), &scene.app.voucher_signer);
    let both = [first, scene.redeem_instructions(&second, &voucher)].concat();

    let done = scene.run(&both, &[]);

    assert_eq!(done.events.len(), 2);
    assert_eq!(received(&scene), (2_250_000, 750_000));
    assert_eq!(scene.read::<Channel>(&scene.session.channel).totals, totals(3 * USDC));
    assert_eq!(scene.read::<Session>(&scene.session.address).totals, totals(USDC));
    assert_eq!(scene.read::<Session>(&second.address).totals, totals(2 * USDC));
}

#[test]
fn two_vouchers_of_a_session_in_one_transaction_pay_the_larger() {
    let mut scene = Scene::new();
    let (small, large) = (scene.voucher(USDC), scene.voucher(2 * USDC));
    let rising = [scene.bring(&small), scene.bring(&large)].concat();
    let falling = [scene.bring(&large), scene.bring(&small)].concat();
    scene.refuse(&falling, &[], SettlementError::VoucherStale);
    assert_eq!(received(&scene), (0, 0), "a refused transaction pays nothing");
    scene.run(&rising, &[]);
    assert_eq!(received(&scene), (1_500_000, 500_000));
}

#[test]
fn short_escrow_pays_what_it_holds_and_the_rest_after_a_deposit() {
    let mut world = World::new();
    let node = world.node("node");
    let app = world.funded_app("app", 1_000_001);
    let channel = world.open_channel(&app, &node);
    let session = world.open_session(&app, &channel, CAP);

    world.redeem(&app, &session, 2 * USDC);
    assert_eq!(world.tokens(&node.payout), 750_000);
    assert_eq!(world.tokens(&world.treasury), 250_001);
    assert_eq!(world.read::<Session>(&session.address).totals, totals(1_000_001));
    let empty = world.try_redeem(&app, &session, 2 * USDC).expect_err("the escrow is empty");
    assert!(empty.is(&SettlementError::EscrowEmpty.into()));

    world.deposit(&app, 5 * USDC);
    world.redeem(&app, &session, 2 * USDC);
    assert_eq!(world.tokens(&node.payout), 1_500_000, "as if it had been paid at once");
    assert_eq!(world.tokens(&world.treasury), 500_000);
    let stale = world.try_redeem(&app, &session, 2 * USDC).expect_err("it is paid");
    assert!(stale.is(&SettlementError::VoucherStale.into()));
}

#[test]
fn redeem_before_a_due_withdrawal_leaves_the_app_the_rest() {
    let mut scene = Scene::new();
    let app = scene.app.clone();
    scene.request_withdrawal(&app, DEPOSIT);
    scene.pass(PARAMS.withdrawal_notice_secs);
    let wallet = scene.tokens(&scene.app.wallet);
    let withdraw = scene.withdraw_instruction(&scene.app);
    let [ed25519, redeem] = scene.bring(&scene.voucher(USDC));

    scene.run(&[ed25519, redeem, withdraw], &[&app.authority]);

    assert_eq!(received(&scene), (750_000, 250_000));
    assert_eq!(scene.tokens(&scene.app.wallet), wallet + DEPOSIT - USDC);
    assert_eq!(scene.tokens(&scene.app.vault()), 0);
}

#[test]
fn redeem_after_a_due_withdrawal_gets_what_is_left() {
    let mut scene = Scene::new();
    let (app, left) = (scene.app.clone(), 300_000);
    scene.request_withdrawal(&app, DEPOSIT - left);
    scene.pass(PARAMS.withdrawal_notice_secs);
    let withdraw = scene.withdraw_instruction(&scene.app);
    let [ed25519, redeem] = scene.bring(&scene.voucher(USDC));

    scene.run(&[withdraw, ed25519, redeem], &[&app.authority]);

    assert_eq!(received(&scene), (225_000, 75_000));
    assert_eq!(scene.read::<Session>(&scene.session.address).totals, totals(left));
}

#[test]
fn voucher_of_a_closed_session_pays_nothing() {
    let mut scene = Scene::new();
    let old = scene.voucher(USDC);
    let [ed25519, redeem] = scene.bring(&old);
    let (app, session) = (scene.app.clone(), scene.session);
    scene.end_session(&app, &session);
    scene.pass(PARAMS.redeem_grace_secs + ANSWER_SECS + 1);
    scene.close_session(&app, &session);
    scene.refuse(&[ed25519, redeem], &[], in_settlement(ErrorCode::AccountNotInitialized));

    // The next session of the channel has another address, so the old voucher does not fit it.
    scene.session = scene.open_session(&app, &session.channel, CAP);
    assert_ne!(scene.session.address, session.address);
    let instructions = scene.bring(&old);
    scene.refuse(&instructions, &[], SettlementError::VoucherOtherSession);
}

#[test]
fn voucher_of_a_closed_channel_pays_nothing_on_the_next() {
    let mut world = World::new();
    let node = world.node("node");
    let app = world.funded_app("app", DEPOSIT);
    let channel = world.open_channel(&app, &node);
    let session = world.open_session(&app, &channel, CAP);
    let old = signed(&session.voucher(USDC), &app.voucher_signer);
    world.end_session(&app, &session);
    world.pass(PARAMS.redeem_grace_secs + ANSWER_SECS + 1);
    world.close_session(&app, &session);
    world.close_channel(&app, &channel);
    let next_channel = world.open_channel(&app, &node);
    assert_ne!(next_channel, channel);
    let next = world.open_session(&app, &next_channel, CAP);
    let instructions = world.redeem_instructions(&next, &old);
    world.refuse(&instructions, &[], SettlementError::VoucherOtherChannel);
}

#[test]
fn node_that_left_is_still_paid() {
    let mut world = World::new();
    let node = world.node("node");
    let app = world.funded_app("app", DEPOSIT);
    let channel = world.open_channel(&app, &node);
    let session = world.open_session(&app, &channel, CAP);
    for (status, cumulative) in [(NodeStatus::Draining, USDC), (NodeStatus::Exited, 2 * USDC)] {
        world.set_status(&node, status);
        world.redeem(&app, &session, cumulative);
    }
    assert_eq!(world.tokens(&node.payout), 1_500_000);
}

#[test]
fn moved_payout_receives_from_then_on() {
    let mut world = World::new();
    let mut node = world.node("node");
    let app = world.funded_app("app", DEPOSIT);
    let channel = world.open_channel(&app, &node);
    let session = world.open_session(&app, &channel, CAP);
    world.redeem(&app, &session, USDC);
    let (old, mint) = (node.payout, world.payment_mint);
    node.payout = world.create_tokens(&key("cold wallet").pubkey(), &mint);
    world.update(&node, profile());
    world.redeem(&app, &session, 2 * USDC);
    assert_eq!((world.tokens(&old), world.tokens(&node.payout)), (750_000, 750_000));
    assert_eq!(world.read::<Node>(&node.address).payout, node.payout);
}
