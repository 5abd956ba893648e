use heliograph_client::evidence::sign;
use heliograph_protocol::domain::{Domain, Message};
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::stream::StreamOpen;
use heliograph_protocol::voucher::Voucher;
use heliograph_settlement::error::SettlementError;
use heliograph_tests::parties::SESSION_SECS;
use heliograph_tests::scene::{CAP, DEPOSIT};
use heliograph_tests::vouchers::{canonical, signed, signed_bytes};
use heliograph_tests::world::{DOMAIN, PARAMS, USDC};
use heliograph_tests::{Scene, Zoo, key};
use solana_signer::Signer;

/// Brings `voucher` to the scene's session and expects a refusal.
fn refused(scene: &mut Scene, voucher: &Signed, why: SettlementError) {
    let instructions = scene.bring(voucher);
    scene.refuse(&instructions, &[], why);
}

/// Brings bytes signed by the right signer and expects a refusal.
fn refused_bytes(scene: &mut Scene, bytes: &[u8], why: SettlementError) {
    let voucher = signed_bytes(bytes, &scene.app.voucher_signer);
    refused(scene, &voucher, why);
}

#[test]
pub fn replayed_voucher_rejects() {
    let mut scene = Scene::new();
    scene.pay(USDC);
    let again = scene.voucher(USDC);
    refused(&mut scene, &again, SettlementError::VoucherStale);
}

#[test]
fn lower_amount_rejects() {
    let mut scene = Scene::new();
    scene.pay(USDC);
    let earlier = scene.voucher(USDC - 1);
    refused(&mut scene, &earlier, SettlementError::VoucherStale);
}

#[test]
fn zero_amount_rejects() {
    let mut scene = Scene::new();
    let nothing = scene.voucher(0);
    refused(&mut scene, &nothing, SettlementError::VoucherStale);
}

#[test]
pub fn amount_over_cap_rejects() {
    let mut scene = Scene::new();
    for amount in [CAP + 1, u64::MAX] {
        let over = scene.voucher(amount);
        refused(&mut scene, &over, SettlementError::VoucherOverCap);
    }
    scene.pay(CAP);
    let over = scene.voucher(CAP + 1);
    refused(&mut scene, &over, SettlementError::VoucherOverCap);
}

#[test]
pub fn voucher_of_another_cluster_rejects() {
    let mut scene = Scene::new();
    let mut other = DOMAIN;
    other.0[31] ^= 1;
    for domain in [other, Domain([0; 32])] {
        let voucher = sign(&scene.session.voucher(USDC), &domain, &scene.app.voucher_signer);
        let voucher = voucher.expect("keys in memory sign");
        refused(&mut scene, &voucher, SettlementError::NotAVoucher);
    }
}

#[test]
pub fn voucher_of_another_channel_rejects() {
    let mut zoo = Zoo::new();
    let voucher =
        Voucher { channel: zoo.cross_session.channel.to_bytes(), ..zoo.session.voucher(USDC) };
    let voucher = signed(&voucher, &zoo.app.voucher_signer);
    refused(&mut zoo, &voucher, SettlementError::VoucherOtherChannel);
}

#[test]
pub fn voucher_of_another_session_rejects() {
    let mut zoo = Zoo::new();
    let voucher = signed(&zoo.second_session.voucher(USDC), &zoo.app.voucher_signer);
    refused(&mut zoo, &voucher, SettlementError::VoucherOtherSession);
}

#[test]
fn voucher_of_a_node_that_serves_both_apps_rejects() {
    // The app's voucher for one node, brought by another node to its own session.
    let mut zoo = Zoo::new();
    let voucher = signed(&zoo.session.voucher(USDC), &zoo.app.voucher_signer);
    let session = zoo.cross_session;
    let instructions = zoo.redeem_instructions(&session, &voucher);
    zoo.refuse(&instructions, &[], SettlementError::VoucherOtherChannel);
}

#[test]
pub fn another_signer_rejects() {
    let mut zoo = Zoo::new();
    for stranger in [
        key("stranger"),
        zoo.other_app.voucher_signer.insecure_clone(),
        zoo.app.authority.insecure_clone(),
        zoo.node.node_key.insecure_clone(),
    ] {
        let voucher = signed(&zoo.session.voucher(USDC), &stranger);
        refused(&mut zoo, &voucher, SettlementError::OtherVoucherSigner);
    }
}

#[test]
fn new_signer_on_an_old_session_rejects() {
    let mut scene = Scene::new();
    let (app, new_signer) = (scene.app.clone(), key("new voucher signer"));
    let policy = scene.policy(&new_signer);
    scene.update_app(&app, policy);
    let voucher = signed(&scene.session.voucher(USDC), &new_signer);
    refused(&mut scene, &voucher, SettlementError::OtherVoucherSigner);
    // The signer the session was opened with stays good for it.
    scene.pay(USDC);
}

#[test]
fn old_signer_on_a_new_session_rejects() {
    let mut scene = Scene::new();
    let (app, new_signer) = (scene.app.clone(), key("new voucher signer"));
    let policy = scene.policy(&new_signer);
    scene.update_app(&app, policy);
    let channel = scene.session.channel;
    scene.session = scene.open_session(&app, &channel, CAP);
    let by_old = scene.voucher(USDC);
    refused(&mut scene, &by_old, SettlementError::OtherVoucherSigner);
    let by_new = signed(&scene.session.voucher(USDC), &new_signer);
    let instructions = scene.bring(&by_new);
    scene.run(&instructions, &[]);
}

#[test]
pub fn truncated_message_rejects() {
    let mut scene = Scene::new();
    let bytes = canonical(&scene.session.voucher(USDC));
    for len in [0, 1, 9, 10, 11, 12, 43, 44, 45, bytes.len() - 1] {
        refused_bytes(&mut scene, &bytes[..len], SettlementError::NotAVoucher);
    }
}

#[test]
fn extended_message_rejects() {
    let mut scene = Scene::new();
    let bytes = canonical(&scene.session.voucher(USDC));
    for tail in [&[0][..], &[255], &bytes] {
        refused_bytes(&mut scene, &[&bytes, tail].concat(), SettlementError::NotAVoucher);
    }
}

#[test]
fn flipped_bit_in_prefix_or_addresses_rejects() {
    let mut scene = Scene::new();
    let bytes = canonical(&scene.session.voucher(USDC));
    // Protocol, version, kind and domain are 44 bytes; channel and session follow.
    for at in 0..108 {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        let why = match at {
            0..44 => SettlementError::NotAVoucher,
            44..76 => SettlementError::VoucherOtherChannel,
            _ => SettlementError::VoucherOtherSession,
        };
        refused_bytes(&mut scene, &flipped, why);
    }
}

#[test]
fn message_of_another_kind_rejects() {
    let mut scene = Scene::new();
    let open = StreamOpen {
        session: scene.session.address.to_bytes(),
        node_key: scene.node.node_key.pubkey().to_bytes(),
        issued_at_unix_ms: 1,
        nonce: [7; 16],
    };
    refused_bytes(&mut scene, &open.signing_bytes(&DOMAIN), SettlementError::NotAVoucher);
    // A voucher's body under the prefix of a receipt.
    let mut bytes = canonical(&scene.session.voucher(USDC));
    bytes[11] = 1;
    refused_bytes(&mut scene, &bytes, SettlementError::NotAVoucher);
}

#[test]
pub fn expired_grace_rejects() {
    let mut scene = Scene::new();
    let last = scene.now() + SESSION_SECS + i64::from(PARAMS.redeem_grace_secs);
    scene.set_now(last);
    scene.pay(USDC);
    scene.set_now(last + 1);
    let voucher = scene.voucher(2 * USDC);
    refused(&mut scene, &voucher, SettlementError::RedeemTooLate);
}

#[test]
fn grace_after_an_early_end_rejects_once_over() {
    let mut scene = Scene::new();
    let (app, session) = (scene.app.clone(), scene.session);
    scene.end_session(&app, &session);
    scene.pass(PARAMS.redeem_grace_secs);
    scene.pay(USDC);
    scene.pass(1);
    let voucher = scene.voucher(2 * USDC);
    refused(&mut scene, &voucher, SettlementError::RedeemTooLate);
}

#[test]
pub fn payout_of_somebody_else_rejects() {
    let mut zoo = Zoo::new();
    let voucher = zoo.voucher(USDC);
    let instructions = zoo.bring(&voucher);
    for payout in [zoo.other_node.payout, zoo.app.wallet, zoo.other_app.wallet] {
        let mut instructions = instructions.clone();
        assert_eq!(instructions[1].accounts[6].pubkey, zoo.node.payout);
        instructions[1].accounts[6].pubkey = payout;
        zoo.refuse(&instructions, &[], SettlementError::OtherPayee);
    }
    // The payout in the treasury's place.
    let mut doubled = instructions.clone();
    doubled[1].accounts[7].pubkey = zoo.other_node.payout;
    zoo.refuse(&doubled, &[], SettlementError::OtherPayee);
}

#[test]
fn other_mint_rejects() {
    let mut zoo = Zoo::new();
    let voucher = zoo.voucher(USDC);
    let mut instructions = zoo.bring(&voucher);
    instructions[1].accounts[8].pubkey = zoo.stake_mint;
    zoo.refuse(&instructions, &[], SettlementError::OtherMint);
}

#[test]
pub fn session_of_another_node_rejects() {
    let mut zoo = Zoo::new();
    let voucher = zoo.voucher(USDC);
    let instructions = zoo.bring(&voucher);
    for (place, address) in [(1, zoo.other_node.address), (4, zoo.cross_session.channel)] {
        let mut instructions = instructions.clone();
        instructions[1].accounts[place].pubkey = address;
        zoo.refuse(&instructions, &[], SettlementError::OtherSession);
    }
}

#[test]
fn escrow_of_another_app_rejects() {
    use anchor_lang::error::ErrorCode;
    use heliograph_tests::reason::in_settlement;
    let mut zoo = Zoo::new();
    let voucher = zoo.voucher(USDC);
    let instructions = zoo.bring(&voucher);
    for (place, address) in [(2, zoo.other_app.escrow()), (3, zoo.other_app.vault())] {
        let mut instructions = instructions.clone();
        instructions[1].accounts[place].pubkey = address;
        zoo.refuse(&instructions, &[], in_settlement(ErrorCode::ConstraintSeeds));
    }
    let mut both = instructions.clone();
    both[1].accounts[2].pubkey = zoo.other_app.escrow();
    both[1].accounts[3].pubkey = zoo.other_app.vault();
    zoo.refuse(&both, &[], in_settlement(ErrorCode::ConstraintSeeds));
}

#[test]
pub fn empty_escrow_rejects() {
    let mut scene = Scene::new();
    let app = scene.app.clone();
    scene.request_withdrawal(&app, DEPOSIT);
    scene.pass(PARAMS.withdrawal_notice_secs);
    let withdraw = scene.withdraw_instruction(&app);
    scene.act(withdraw, &app.authority);
    let voucher = scene.voucher(USDC);
    refused(&mut scene, &voucher, SettlementError::EscrowEmpty);
}

#[test]
fn every_substitute_rejects() {
    let zoo = Zoo::new();
    let instructions = zoo.bring(&zoo.voucher(USDC));
    let names = [
        "network",
        "node",
        "escrow",
        "vault",
        "channel",
        "session",
        "payout",
        "treasury",
        "payment_mint",
        "token_program",
        "instructions",
        "event_authority",
        "program",
    ];
    zoo.sweep(&instructions, &[], &names, &[]);
}
