//! The instructions of minute batches, in the order of a settler's life.

use super::Table;
use crate::batches::SLOTS;
use crate::world::{PARAMS, USDC};
use crate::{Scene, key};
use heliograph_client::instruction::settlement;
use heliograph_client::pda;
use heliograph_registry::state::KeeperRole;
use solana_signer::Signer;

pub(super) fn batch_life(table: &mut Table) {
    let mut scene = Scene::new();
    let settler = scene.keeper("measured settler", KeeperRole::Settler);
    let watcher = scene.wallet("measured watcher");
    let (mint, restorer) = (scene.payment_mint, pda::restorer(&pda::SLASHING));
    for owner in [watcher.pubkey(), restorer, key("measured settler cold wallet").pubkey()] {
        scene.mint_to(&owner, &mint, 100 * USDC);
    }
    table.add("settlement.open_book", &scene.open_book(&settler, SLOTS));

    let honest = scene.leaf(&scene.session, &scene.voucher(USDC));
    // The second post is the ordinary one: the first has no batch before it.
    scene.post_leaves(&settler, vec![honest.clone()]);
    scene.pass(60);
    let batch = crate::batches::Batch::new(scene.minute(), vec![honest]);
    table.add("settlement.post_batch", &scene.post(&settler, &batch));
    let open = scene.challenge_instruction(&watcher.pubkey(), &settler, batch.minute_index, 0);
    table.add("settlement.open_challenge", &scene.act(open, &watcher));
    let answer = scene.answer_instructions(&settler, &batch, 0);
    table.add("settlement.answer_challenge", &scene.run(&answer, &[]));
    scene.pass(PARAMS.challenge_window_secs + 1);
    table.add("settlement.claim", &scene.claim(&settler, &batch, 0..1));

    let forged = scene.forged_leaf(&scene.session, 2 * USDC);
    let batch = scene.post_leaves(&settler, vec![forged]);
    scene.pass(PARAMS.challenge_window_secs + 1);
    scene.claim(&settler, &batch, 0..1);
    let challenge = scene.challenge(&watcher, &settler, batch.minute_index, 0);
    scene.pass(PARAMS.challenge_response_secs + 1);
    let fail = scene.fail_instruction(&challenge);
    table.add("settlement.fail_challenge", &scene.run(&[fail], &[]));
    let voucher = scene.voucher(3 * USDC / 2);
    let prove = scene.prove_instructions(&scene.session, &voucher);
    table.add("settlement.prove_voucher", &scene.run(&prove, &[]));
    let mut impersonating = scene.branch();
    impersonating.impersonate(&restorer);
    let restore = scene.restore_instruction(&scene.session, &settler, USDC / 2);
    table.add("settlement.restore", &impersonating.run(&[restore], &[]));

    scene.pass(2 * PARAMS.dispute_secs + PARAMS.challenge_response_secs + 1);
    let release = settlement::release(settler.book());
    table.add("settlement.release", &scene.run(&[release], &[]));
    let close = scene.close_challenge_instruction(&challenge);
    table.add("settlement.close_challenge", &scene.run(&[close], &[]));
    let close = scene.close_book_instruction(&settler);
    table.add("settlement.close_book", &scene.act(close, &settler.owner));
}
