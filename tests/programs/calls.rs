//! Calls that are no instruction of ours: unknown ones, cut ones, forged events.

use anchor_lang::Event;
use anchor_lang::error::ErrorCode;
use anchor_lang::event::EVENT_IX_TAG_LE;
use heliograph_client::instruction::{registry, settlement};
use heliograph_client::pda;
use heliograph_settlement::events::EscrowDeposited;
use heliograph_tests::bytecode::PROGRAMS;
use heliograph_tests::reason::{in_program, in_settlement};
use heliograph_tests::scene::CAP;
use heliograph_tests::{Scene, World, key};
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
fn unknown_instruction_rejects() {
    let mut world = World::new();
    for (_, program_id) in PROGRAMS {
        for data in [vec![], vec![0; 7], vec![0; 8], vec![255; 64]] {
            let unknown = Instruction { program_id, accounts: Vec::new(), data };
            let why = in_program(program_id, ErrorCode::InstructionFallbackNotFound);
            world.refuse(&[unknown], &[], why);
        }
    }
}

#[test]
fn cut_arguments_reject() {
    let mut scene = Scene::new();
    let (app, node) = (scene.app.clone(), scene.node.clone());
    let authority = app.authority.pubkey();
    let session =
        scene.session_instruction(&app, &scene.session.channel, scene.session_args(CAP)).1;
    let signers = [&app.authority, &node.operator];
    for instruction in [
        scene.deposit_instruction(&app, 1),
        settlement::request_withdrawal(authority, app.address, 1),
        session,
        scene.stake_instruction(&node, 1),
        registry::update_app(authority, app.address, scene.policy(&app.voucher_signer)),
        registry::create_app(authority, 1, scene.policy(&app.voucher_signer)),
    ] {
        for len in [8, instruction.data.len() - 1] {
            let mut cut = instruction.clone();
            cut.data.truncate(len);
            let why = in_program(cut.program_id, ErrorCode::InstructionDidNotDeserialize);
            scene.refuse(&[cut], &signers, why);
        }
    }
}

/// An event of the settlement program, by whoever `authority` is.
fn forged(authority: AccountMeta) -> Instruction {
    let event = EscrowDeposited {
        escrow: Pubkey::default(),
        amount_micro_usdc: 1,
        deposited_micro_usdc: 1,
    };
    Instruction {
        program_id: pda::SETTLEMENT,
        accounts: vec![authority],
        data: [EVENT_IX_TAG_LE, &event.data()].concat(),
    }
}

#[test]
fn event_nobody_signed_rejects() {
    let mut world = World::new();
    let authority = pda::event_authority(&pda::SETTLEMENT);
    let unsigned = forged(AccountMeta::new_readonly(authority, false));
    world.refuse(&[unsigned], &[], in_settlement(ErrorCode::ConstraintSigner));
}

#[test]
fn event_a_stranger_signed_rejects() {
    let mut world = World::new();
    let stranger = key("stranger");
    let signed = forged(AccountMeta::new_readonly(stranger.pubkey(), true));
    world.refuse(&[signed], &[&stranger], in_settlement(ErrorCode::ConstraintSeeds));
}
