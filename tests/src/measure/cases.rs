//! Cases, each kind from its opening to its end.

use super::{Measurement, Table};
use crate::observers::{EPOCH_SECS, GOOD, Panel, Report, probes};
use crate::scene::Scene;
use crate::world::{PARAMS, USDC};
use heliograph_client::instruction::slashing::{self, open_downtime_case, refute_epoch};
use heliograph_client::pda;
use heliograph_protocol::reputation::Phase;
use heliograph_reputation::state::Figures;
use heliograph_slashing::state::Case;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

pub(super) fn cases(table: &mut Table) {
    settler(table);
    equivocation(table);
    downtime(table);
    samples(table);
}

/// A leaf that says otherwise than an hour of minutes.
fn samples(table: &mut Table) {
    let mut panel = Panel::new(1);
    let reporter = panel.wallet("reporter");
    panel.enter_phase(Phase::Posting);
    let observer = panel.observers.remove(0);
    let samples = probes(60);
    let lie = Figures { availability_ppm: 0, ..GOOD };
    let mut report = Report::new(observer.address, panel.epoch, &[(panel.node.address, GOOD)]);
    report.push(panel.node.address, lie, &samples);
    panel.post_root(&observer, report.root());
    let steps = slashing::exhibit_of(reporter.pubkey(), &samples);
    for (n, step) in steps.into_iter().enumerate() {
        let done = panel.act(step, &reporter);
        match n {
            0 => table.add("slashing.open_exhibit", &done),
            1 => table.add("slashing.write_exhibit", &done),
            _ => {}
        }
    }
    let open = panel.samples_case_instruction(&reporter.pubkey(), &report.proved(1));
    table.add("slashing.open_samples_case", &panel.act(open, &reporter));
    let root = heliograph_protocol::sample::root(&samples);
    let close = slashing::close_exhibit(reporter.pubkey(), &root);
    table.add("slashing.close_exhibit", &panel.act(close, &reporter));
}

/// A challenge nobody answered.
fn settler(table: &mut Table) {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    let leaf = scene.forged_leaf(&scene.session, USDC);
    let batch = scene.post_leaves(&settler, vec![leaf]);
    scene.pass(PARAMS.challenge_window_secs + 1);
    scene.claim(&settler, &batch, 0..1);
    let (watcher, mint) = (scene.wallet("watcher"), scene.payment_mint);
    scene.mint_to(&watcher.pubkey(), &mint, 100 * USDC);
    let challenge = scene.challenge(&watcher, &settler, batch.minute_index, 0);
    scene.pass(PARAMS.challenge_response_secs + 1);
    let fail = scene.fail_instruction(&challenge);
    scene.run(&[fail], &[]);
    let open = scene.challenge_case_instruction(&watcher.pubkey(), &challenge);
    table.add("slashing.open_challenge_case", &scene.act(open, &watcher));
    let case = pda::case(&settler.address, 0);
    scene.pot(&mint);
    scene.pass(PARAMS.case_window_secs + 1);
    let restore = scene.restore_claims_instruction(&case, &scene.session);
    table.add("slashing.restore_claims", &scene.run(&[restore], &[]));
    scene.pass(PARAMS.case_window_secs);
}

/// Two receipts, in a transaction with a lookup table: they do not fit into another.
fn equivocation(table: &mut Table) {
    let mut scene = Scene::new();
    let (reporter, session, mint) = (scene.wallet("reporter"), scene.session, scene.stake_mint);
    for owner in [reporter.pubkey(), scene.app.authority.pubkey()] {
        scene.create_tokens(&owner, &mint);
    }
    let receipts = scene.receipts(&scene.node, &session);
    let open = scene.equivocation_instructions(&reporter.pubkey(), &session, &receipts);
    let (compute_units, transaction_bytes) =
        scene.cost_with_table(&open, &[&reporter]).expect("fits");
    let instruction = "slashing.open_equivocation_case";
    table.0.push(Measurement { instruction, compute_units, transaction_bytes });
    let case = pda::case(&scene.node.address, 0);
    table.add("slashing.decide_case", &scene.decide(&case));
    let close = scene.close_case_instruction(&case);
    table.add("slashing.close_case", &scene.run(&[close], &[]));
}

/// Bad epochs, one of which is refuted by the frauds of two observers.
fn downtime(table: &mut Table) {
    let mut panel = Panel::new(4);
    let (reporter, mint) = (panel.wallet("reporter"), panel.stake_mint);
    panel.pot(&mint);
    panel.epoch += EPOCH_SECS;
    let epoch = panel.epoch;
    for _ in 0..PARAMS.downtime_epochs {
        panel.run_epoch(&[Figures { availability_ppm: 0, ..GOOD }; 4]);
        panel.move_on();
    }
    let open = open_downtime_case(&panel.accusation(&reporter.pubkey(), &panel.node.address));
    table.add("slashing.open_downtime_case", &panel.act(open, &reporter));
    let observers = std::mem::take(&mut panel.observers);
    let frauds: Vec<Pubkey> = observers[..2]
        .iter()
        .enumerate()
        .map(|(n, observer)| {
            let statement = crate::cases::statement(observer, epoch, [1; 32], 1);
            let open = panel.fraud_instructions(&reporter.pubkey(), observer, epoch, &statement);
            let done = panel.run(&open, &[&reporter]);
            if n == 0 {
                table.add("slashing.open_fraud_case", &done);
            }
            let case = pda::case(&observer.address, 0);
            panel.decide(&case);
            case
        })
        .collect();
    let address = pda::case(&panel.node.address, 0);
    let case: Case = panel.read(&address);
    let refute = refute_epoch((address, &case), epoch, &frauds);
    table.add("slashing.refute_epoch", &panel.run(&[refute], &[]));
}
