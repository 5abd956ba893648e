//! What stands before the redeem: the ed25519 precompile's instruction, and forgeries of it.

use heliograph_client::instruction::settlement;
use heliograph_settlement::error::SettlementError;
use heliograph_tests::reason::foreign;
use heliograph_tests::vouchers::{
    Elsewhere, canonical, ed25519_of_many, ed25519_pointing_at, signed, signed_bytes,
};
use heliograph_tests::world::USDC;
use heliograph_tests::{Scene, key};
use solana_instruction::Instruction;
use solana_signer::Signer;

/// A harmless instruction of the system program.
fn transfer(scene: &Scene) -> Instruction {
    let wallet = scene.app.authority.pubkey();
    solana_system_interface::instruction::transfer(&wallet, &wallet, 1)
}

#[test]
pub fn missing_signature_instruction_rejects() {
    let mut scene = Scene::new();
    let [_, redeem] = scene.bring(&scene.voucher(USDC));
    scene.refuse(&[redeem], &[], SettlementError::NoSignatureInstruction);
}

#[test]
fn signature_instruction_after_the_redeem_rejects() {
    let mut scene = Scene::new();
    let [ed25519, redeem] = scene.bring(&scene.voucher(USDC));
    scene.refuse(&[redeem, ed25519], &[], SettlementError::NoSignatureInstruction);
}

#[test]
fn instruction_in_between_rejects() {
    let mut scene = Scene::new();
    let authority = scene.app.authority.insecure_clone();
    let [ed25519, redeem] = scene.bring(&scene.voucher(USDC));
    let between = [ed25519, transfer(&scene), redeem];
    scene.refuse(&between, &[&authority], SettlementError::NoSignatureInstruction);
}

#[test]
fn redeem_before_the_redeem_rejects() {
    let mut scene = Scene::new();
    let [ed25519, redeem] = scene.bring(&scene.voucher(USDC));
    let twice = [ed25519, redeem.clone(), redeem];
    scene.refuse(&twice, &[], SettlementError::NoSignatureInstruction);
}

#[test]
fn other_instructions_around_the_pair_pay() {
    let mut scene = Scene::new();
    let authority = scene.app.authority.insecure_clone();
    let [ed25519, redeem] = scene.bring(&scene.voucher(USDC));
    let around = [transfer(&scene), ed25519, redeem, transfer(&scene)];
    scene.run(&around, &[&authority]);
}

#[test]
fn same_bytes_for_another_program_reject() {
    let mut scene = Scene::new();
    let [mut ed25519, redeem] = scene.bring(&scene.voucher(USDC));
    // Memo takes any UTF-8 and the precompile's data need not be that; the other curve's precompile
    // reads the same count and fails on the rest. A program of ours refuses unknown instructions.
    // So: a program that accepts anything, the compute budget's, with an instruction of its own.
    ed25519.program_id = solana_sdk_ids::compute_budget::ID;
    ed25519.data = vec![2, 0, 0, 4, 0];
    scene.refuse(&[ed25519, redeem], &[], SettlementError::NoSignatureInstruction);
}

#[test]
fn no_signature_rejects() {
    let mut scene = Scene::new();
    let [mut ed25519, redeem] = scene.bring(&scene.voucher(USDC));
    ed25519.data = ed25519_of_many(&[]).data;
    // Whether or not the runtime accepts an instruction over nothing, no money moves.
    let before = scene.tokens(&scene.node.payout);
    assert!(scene.attempt(&[ed25519, redeem], &[]).is_err());
    assert_eq!(scene.tokens(&scene.node.payout), before);
}

#[test]
pub fn two_signatures_reject() {
    let mut scene = Scene::new();
    let stranger = key("stranger");
    let good = scene.voucher(USDC);
    let second = signed_bytes(b"anything at all", &stranger);
    let [_, redeem] = scene.bring(&good);
    for many in
        [vec![good.clone(), second.clone()], vec![second, good.clone()], vec![good.clone(), good]]
    {
        let instructions = [ed25519_of_many(&many), redeem.clone()];
        scene.refuse(&instructions, &[], SettlementError::SignatureInstructionInvalid);
    }
}

#[test]
fn part_in_another_instruction_rejects() {
    // A stranger signs a voucher for all there is, and verifies that. Beside it stands data that
    // looks as if the app's signer had signed: what is shown is not what was verified.
    let mut scene = Scene::new();
    let stranger = key("stranger");
    let voucher = scene.session.voucher(USDC);
    let genuine = signed(&voucher, &stranger);
    let mut shown = genuine.clone();
    shown.public_key = scene.app.voucher_signer.pubkey().to_bytes();
    let [_, redeem] = scene.bring(&genuine);
    let forged = ed25519_pointing_at(0, Elsewhere::PublicKey, &shown);
    let instructions = [settlement::ed25519(&genuine), forged, redeem.clone()];
    scene.refuse(&instructions, &[], SettlementError::SignatureInstructionInvalid);

    // The same with the message: the app signed a small amount, the data shows a large one.
    let small = scene.voucher(1);
    let mut shown = small.clone();
    shown.bytes = canonical(&scene.session.voucher(USDC));
    let forged = ed25519_pointing_at(0, Elsewhere::Message, &shown);
    let instructions = [settlement::ed25519(&small), forged, redeem.clone()];
    scene.refuse(&instructions, &[], SettlementError::SignatureInstructionInvalid);

    // And with the signature, where everything else is true.
    let true_one = scene.voucher(USDC);
    let forged = ed25519_pointing_at(0, Elsewhere::Signature, &true_one);
    let instructions = [settlement::ed25519(&true_one), forged, redeem];
    scene.refuse(&instructions, &[], SettlementError::SignatureInstructionInvalid);
}

#[test]
fn own_index_instead_of_this_instruction_rejects() {
    // Verified truly, but not in the one form that is accepted.
    let mut scene = Scene::new();
    let voucher = scene.voucher(USDC);
    let [_, redeem] = scene.bring(&voucher);
    for part in [Elsewhere::Signature, Elsewhere::PublicKey, Elsewhere::Message] {
        let instructions = [ed25519_pointing_at(0, part, &voucher), redeem.clone()];
        scene.refuse(&instructions, &[], SettlementError::SignatureInstructionInvalid);
    }
}

#[test]
fn forged_signature_rejects() {
    let mut scene = Scene::new();
    let mut voucher = scene.voucher(USDC);
    voucher.signature[0] ^= 1;
    let instructions = scene.bring(&voucher);
    let invalid_signature = 2;
    scene.refuse(
        &instructions,
        &[],
        foreign(solana_sdk_ids::ed25519_program::ID, invalid_signature, "InvalidSignature"),
    );
}

#[test]
fn amount_changed_after_signing_rejects() {
    let mut scene = Scene::new();
    let mut voucher = scene.voucher(USDC);
    voucher.bytes = canonical(&scene.session.voucher(USDC + 1));
    let instructions = scene.bring(&voucher);
    assert!(scene.attempt(&instructions, &[]).is_err(), "the precompile verifies the message");
    assert_eq!(scene.tokens(&scene.node.payout), 0);
}
