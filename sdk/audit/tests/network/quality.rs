//! One lie at a time about what observers saw and what followed from it.

use crate::scene::{Scene, of, scene};
use anchor_lang::{AccountSerialize, Discriminator};
use heliograph_audit::{FindingKind as Kind, Report};
use heliograph_client::rpc::Instruction;
use heliograph_client::{account, pda};
use heliograph_reputation::instruction as ix;
use heliograph_reputation::state::{Score, Standing};
use solana_pubkey::Pubkey;

/// The history with the first call of an instruction of the reputation program changed.
fn with(scene: &Scene, discriminator: &[u8], change: impl FnOnce(&mut Instruction)) -> Report {
    let mut transactions = scene.transactions.clone();
    let called = transactions
        .iter_mut()
        .flat_map(|transaction| &mut transaction.instructions)
        .find(|i| i.program_id == pda::REPUTATION && i.data.starts_with(discriminator))
        .unwrap();
    change(called);
    scene.audit_history(&transactions)
}

/// An account on chain that says something else than what follows from the history.
fn with_account<T: account::NetworkAccount + AccountSerialize>(
    scene: &Scene,
    address: &Pubkey,
    change: impl FnOnce(&mut T),
) -> Report {
    let mut snapshot = scene.snapshot.clone();
    let (owner, data) = snapshot.accounts.get_mut(address).unwrap();
    let mut account: T = account::decode(owner, data).unwrap();
    change(&mut account);
    let mut bytes = Vec::new();
    account.try_serialize(&mut bytes).unwrap();
    data[..bytes.len()].copy_from_slice(&bytes);
    scene.audit(&scene.transactions, &snapshot, scene.archive_path())
}

fn node(scene: &Scene) -> Pubkey {
    use solana_signer::Signer;
    pda::node(&scene.node_key.pubkey())
}

#[test]
fn score_that_does_not_follow_is_found() {
    let scene = scene();
    let address = pda::score(&node(scene));
    let report = with_account::<Score>(scene, &address, |score| score.smoothed_ppm += 1);
    let found = of(&report, Kind::AccountWrong);
    assert_eq!(found.len(), 1, "{report}");
    assert!(found[0].detail.contains("smoothed_ppm is"), "{report}");
}

#[test]
fn standing_that_was_forgiven_is_found() {
    let scene = scene();
    let liar = scene.snapshot.accounts.iter().find_map(|(address, (owner, data))| {
        let standing: Standing = account::decode(owner, data).ok()?;
        (standing.deviated > 0).then_some(*address)
    });
    let report = with_account::<Standing>(scene, &liar.unwrap(), |standing| {
        standing.deviated = 0;
        standing.recent_faults = 0;
    });
    assert!(of(&report, Kind::AccountWrong)[0].detail.contains("deviated is 0, expected 1"));
}

#[test]
fn leaf_that_is_not_under_its_root_is_found() {
    let scene = scene();
    let report = with(scene, ix::SubmitLeaf::DISCRIMINATOR, |instruction| {
        // The first figure: how many probes there were.
        instruction.data[8] ^= 1;
    });
    let found = of(&report, Kind::RuleBroken);
    assert!(found.iter().any(|f| f.detail.contains("not under its observer's root")), "{report}");
}

#[test]
fn other_root_is_found() {
    let scene = scene();
    let report = with(scene, ix::PostRoot::DISCRIMINATOR, |instruction| {
        // After discriminator, epoch and its length.
        instruction.data[20] ^= 1;
    });
    // Its event says otherwise, and so does every leaf shown under it.
    assert!(!of(&report, Kind::EventWrong).is_empty(), "{report}");
    assert!(!of(&report, Kind::RuleBroken).is_empty(), "{report}");
}

#[test]
fn scoring_of_another_nodes_tally_is_found() {
    let scene = scene();
    let other = Pubkey::new_unique();
    let report = with(scene, ix::ScoreNode::DISCRIMINATOR, |instruction| {
        instruction.accounts[3] = pda::score(&other);
    });
    assert!(!of(&report, Kind::AddressWrong).is_empty(), "{report}");
}

#[test]
fn unknown_instruction_of_this_program_is_found() {
    let scene = scene();
    let report = with(scene, ix::CloseEpoch::DISCRIMINATOR, |instruction| {
        instruction.data[0] ^= 1;
    });
    assert!(!of(&report, Kind::InstructionUnknown).is_empty(), "{report}");
}
