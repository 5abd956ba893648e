//! Payees that cannot be paid: what stops, for whom, and how it goes on.

use anchor_lang::error::ErrorCode;
use heliograph_registry::state::{Node, NodeStatus};
use heliograph_settlement::error::SettlementError;
use heliograph_tests::parties::profile;
use heliograph_tests::reason::in_settlement;
use heliograph_tests::scene::{CAP, DEPOSIT};
use heliograph_tests::world::{PARAMS, USDC};
use heliograph_tests::{NodeParty, Scene, World, key};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Closes an empty token account.
fn close_tokens(world: &mut World, address: &Pubkey, owner: &Keypair) {
    let close = spl_token_interface::instruction::close_account(
        &spl_token_interface::ID,
        address,
        &owner.pubkey(),
        &owner.pubkey(),
        &[],
    );
    world.run(&[close.expect("a valid instruction")], &[owner]);
}

#[test]
fn closed_treasury_stops_redeems_until_it_is_back() {
    let mut scene = Scene::new();
    let (owner, treasury, mint) = (key("treasury owner"), scene.treasury, scene.payment_mint);
    close_tokens(&mut scene, &treasury, &owner);
    let instructions = scene.bring(&scene.voucher(USDC));
    scene.refuse(&instructions, &[], in_settlement(ErrorCode::AccountNotInitialized));
    // The address is the owner's standard token account: anybody can make it again.
    scene.create_tokens(&owner.pubkey(), &mint);
    scene.run(&instructions, &[]);
    assert_eq!(scene.tokens(&treasury), USDC / 4);
}

#[test]
fn closed_payout_stops_redeems_until_the_operator_names_another() {
    let mut world = World::new();
    let mut node = world.node("node");
    let app = world.funded_app("app", DEPOSIT);
    let channel = world.open_channel(&app, &node);
    let session = world.open_session(&app, &channel, CAP);
    close_tokens(&mut world, &node.payout, &node.operator);
    let refused = world.try_redeem(&app, &session, USDC).expect_err("nowhere to pay");
    assert!(refused.is(&in_settlement(ErrorCode::AccountNotInitialized)), "{refused}");
    let mint = world.payment_mint;
    node.payout = world.create_tokens(&key("cold wallet").pubkey(), &mint);
    world.update(&node, profile());
    world.redeem(&app, &session, USDC);
    assert_eq!(world.tokens(&node.payout), USDC * 3 / 4);
}

#[test]
fn closed_payout_of_a_node_that_left_can_be_made_again() {
    let mut world = World::new();
    let node = world.node("node");
    let app = world.funded_app("app", DEPOSIT);
    let channel = world.open_channel(&app, &node);
    let session = world.open_session(&app, &channel, CAP);
    world.set_status(&node, NodeStatus::Draining);
    world.set_status(&node, NodeStatus::Exited);
    close_tokens(&mut world, &node.payout, &node.operator);
    assert!(world.try_redeem(&app, &session, USDC).is_err());
    let mint = world.payment_mint;
    world.create_tokens(&node.operator.pubkey(), &mint);
    world.redeem(&app, &session, USDC);
}

#[test]
fn node_that_left_can_name_another_payout() {
    let mut world = World::new();
    let mut node = world.node("node");
    let app = world.funded_app("app", DEPOSIT);
    let channel = world.open_channel(&app, &node);
    let session = world.open_session(&app, &channel, CAP);
    world.set_status(&node, NodeStatus::Draining);
    world.set_status(&node, NodeStatus::Exited);
    let mint = world.payment_mint;
    node.payout = world.create_tokens(&key("cold wallet").pubkey(), &mint);
    world.update(&node, profile());
    world.redeem(&app, &session, USDC);
    assert_eq!(world.tokens(&node.payout), USDC * 3 / 4);
    let left: Node = world.read(&node.address);
    assert_eq!(left.status, NodeStatus::Exited);
}

#[test]
fn vault_as_payout_rejects() {
    // Paid from itself to itself, the escrow would count what it still holds as spent.
    let mut scene = Scene::new();
    let moved = NodeParty {
        operator: scene.node.operator.insecure_clone(),
        node_key: scene.node.node_key.insecure_clone(),
        payout: scene.app.vault(),
        ..*scene.node
    };
    scene.update(&moved, profile());
    let instructions = scene.bring(&scene.voucher(USDC));
    let why = in_settlement(ErrorCode::ConstraintDuplicateMutableAccount);
    scene.refuse(&instructions, &[], why);
    assert_eq!(scene.tokens(&scene.app.vault()), DEPOSIT);
}

#[test]
fn standing_notice_lets_the_app_leave_at_once() {
    // Notice given long ago stays good: an app can have it run out before it opens a session. So a
    // node counts what is under notice as gone; the program only promises that notice was given.
    let mut world = World::new();
    let (node, app) = (world.node("node"), world.funded_app("app", DEPOSIT));
    world.request_withdrawal(&app, DEPOSIT);
    world.pass(PARAMS.withdrawal_notice_secs);
    let channel = world.open_channel(&app, &node);
    let session = world.open_session(&app, &channel, CAP);
    let withdraw = world.withdraw_instruction(&app);
    world.act(withdraw, &app.authority);
    let refused = world.try_redeem(&app, &session, USDC).expect_err("the escrow is empty");
    assert!(refused.is(&SettlementError::EscrowEmpty.into()));
}
