//! One lie at a time about what lies behind a channel, and what was paid from it.

use crate::scene::{BOND, Scene, of, scene};
use anchor_lang::{AccountSerialize, AnchorDeserialize, AnchorSerialize, Discriminator};
use heliograph_audit::{FindingKind as Kind, Report};
use heliograph_client::account::{self, NetworkAccount};
use heliograph_client::pda;
use heliograph_client::rpc::{Instruction, Transaction};
use heliograph_settlement::events::VoucherRedeemed;
use heliograph_settlement::instruction as ix;
use heliograph_settlement::state::{Channel, Escrow, Session};
use solana_pubkey::Pubkey;
use solana_signature::Signature;

/// The history with one transaction changed.
fn with(scene: &Scene, signature: Signature, change: impl FnOnce(&mut Transaction)) -> Report {
    let mut transactions = scene.transactions.clone();
    change(transactions.iter_mut().find(|t| t.signature == signature).unwrap());
    scene.audit_history(&transactions)
}

/// The settlement program's instruction in a transaction.
fn own(transaction: &mut Transaction) -> &mut Instruction {
    transaction.instructions.iter_mut().find(|i| i.program_id == pda::SETTLEMENT).unwrap()
}

/// The first transaction with this instruction of the settlement program.
fn first(scene: &Scene, discriminator: &[u8]) -> Signature {
    let calls =
        |i: &Instruction| i.program_id == pda::SETTLEMENT && i.data.starts_with(discriminator);
    let found = scene.transactions.iter().find(|t| t.instructions.iter().any(calls));
    found.unwrap().signature
}

#[track_caller]
fn assert_named(report: &Report, signature: Signature, what: Kind, detail: &str) {
    let named = of(report, what)
        .iter()
        .any(|f| f.transaction == Some(signature) && f.detail.contains(detail));
    assert!(!report.is_clean() && named, "no {what:?} of {detail:?} in\n{report}");
}

/// What a redeem's event said.
fn told(transaction: &mut Transaction) -> (&mut Instruction, VoucherRedeemed) {
    let inner = &mut own(transaction).inner;
    let event = inner.iter_mut().find(|i| i.program_id == pda::SETTLEMENT).unwrap();
    let mut body = &event.data[8 + VoucherRedeemed::DISCRIMINATOR.len()..];
    let told = VoucherRedeemed::deserialize(&mut body).unwrap();
    (event, told)
}

#[test]
fn redeem_drew_what_the_escrow_lacked() {
    let scene = scene();
    let mut short = scene.transactions.iter().find(|t| t.signature == scene.short).unwrap().clone();
    let (_, told) = told(&mut short);
    assert_eq!((told.amount_micro_usdc, told.from_bond_micro_usdc), (100 + BOND, BOND));
    assert_eq!((told.channel_bond_micro_usdc, told.escrow_bonded_micro_usdc), (0, 0));
}

#[test]
fn event_that_tells_otherwise_of_a_bond_is_found() {
    let scene = scene();
    let lies: [fn(&mut VoucherRedeemed); 3] = [
        |e| e.from_bond_micro_usdc -= 1,
        |e| e.channel_bond_micro_usdc += 1,
        |e| e.escrow_bonded_micro_usdc += 1,
    ];
    for lie in lies {
        let report = with(scene, scene.short, |transaction| {
            let (event, mut told) = told(transaction);
            lie(&mut told);
            event.data.truncate(8 + VoucherRedeemed::DISCRIMINATOR.len());
            told.serialize(&mut event.data).unwrap();
        });
        assert_named(&report, scene.short, Kind::EventWrong, "from_bond_micro_usdc: 5000");
    }
}

/// As if the program had let an app take the bond from under its open sessions.
#[test]
fn bond_released_while_vouchers_could_be_redeemed_is_found() {
    let scene = scene();
    let (owner, data) = &scene.snapshot.accounts[&scene.second];
    let channel = account::decode::<Session>(owner, data).unwrap().channel;
    let report = with(scene, scene.release, |t| own(t).accounts[3] = channel);
    assert_named(&report, scene.release, Kind::RuleBroken, "its bond waits for that");
}

#[test]
fn session_on_a_channel_without_its_bond_is_found() {
    let scene = scene();
    let posted = first(scene, ix::PostBond::DISCRIMINATOR);
    let opened = first(scene, ix::OpenSession::DISCRIMINATOR);
    let mut transactions = scene.transactions.clone();
    transactions.retain(|t| t.signature != posted);
    let report = scene.audit_history(&transactions);
    assert_named(&report, opened, Kind::RuleBroken, "bond is below the minimum");
}

#[test]
fn bond_of_more_than_there_is_or_by_somebody_else_is_found() {
    let scene = scene();
    let posted = first(scene, ix::PostBond::DISCRIMINATOR);
    let report = with(scene, posted, |t| {
        own(t).data[8..].copy_from_slice(&1_000_000_000u64.to_le_bytes());
    });
    assert_named(&report, posted, Kind::RuleBroken, "less than this amount");
    let report = with(scene, posted, |t| own(t).accounts[0] = Pubkey::new_unique());
    assert_named(&report, posted, Kind::AddressWrong, "authority is");
}

#[test]
fn bond_that_is_another_on_chain_is_found() {
    fn altered<T: NetworkAccount + AccountSerialize>(
        scene: &Scene,
        address: Pubkey,
        change: impl FnOnce(&mut T),
    ) -> Report {
        let mut snapshot = scene.snapshot.clone();
        let (owner, data) = snapshot.accounts.get_mut(&address).unwrap();
        let mut account: T = account::decode(owner, data).unwrap();
        change(&mut account);
        let mut bytes = Vec::new();
        account.try_serialize(&mut bytes).unwrap();
        data[..bytes.len()].copy_from_slice(&bytes);
        scene.audit(&scene.transactions, &snapshot, scene.archive_path())
    }
    let scene = scene();
    let (owner, data) = &scene.snapshot.accounts[&scene.second];
    let session: Session = account::decode(owner, data).unwrap();
    let report = altered::<Channel>(scene, session.channel, |c| c.bond_micro_usdc -= 1);
    let detail = &of(&report, Kind::AccountWrong)[0].detail;
    assert!(detail.contains("bond_micro_usdc is 4999, expected 5000"), "{report}");
    let escrow = pda::escrow(&session.app);
    let report = altered::<Escrow>(scene, escrow, |e| e.bonded_micro_usdc += 1);
    let detail = &of(&report, Kind::AccountWrong)[0].detail;
    assert!(detail.contains("bonded_micro_usdc is 5001, expected 5000"), "{report}");
}
