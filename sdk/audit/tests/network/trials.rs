//! One lie at a time about who was tried and what it cost.

use crate::scene::{Scene, of, scene};
use anchor_lang::{AccountSerialize, Discriminator};
use heliograph_audit::{FindingKind as Kind, Report};
use heliograph_client::account::{self, NetworkAccount};
use heliograph_client::pda;
use heliograph_client::rpc::{Instruction, Transaction};
use heliograph_slashing::instruction as ix;
use heliograph_slashing::state::{Case, Exhibit, Record};
use solana_pubkey::Pubkey;

/// The place of the first transaction with an instruction of the slashing program.
fn place(scene: &Scene, discriminator: &[u8]) -> usize {
    let calls =
        |i: &Instruction| i.program_id == pda::SLASHING && i.data.starts_with(discriminator);
    scene.transactions.iter().position(|t| t.instructions.iter().any(calls)).unwrap()
}

/// The history with that transaction changed.
fn with(scene: &Scene, discriminator: &[u8], change: impl FnOnce(&mut Transaction)) -> Report {
    let mut transactions = scene.transactions.clone();
    change(&mut transactions[place(scene, discriminator)]);
    scene.audit_history(&transactions)
}

/// The slashing program's instruction in a transaction.
fn own(transaction: &mut Transaction) -> &mut Instruction {
    transaction.instructions.iter_mut().find(|i| i.program_id == pda::SLASHING).unwrap()
}

/// Asserts that this is found in that transaction.
#[track_caller]
fn assert_named(scene: &Scene, discriminator: &[u8], report: &Report, what: Kind, detail: &str) {
    let signature = scene.transactions[place(scene, discriminator)].signature;
    let named = of(report, what)
        .iter()
        .any(|f| f.transaction == Some(signature) && f.detail.contains(detail));
    assert!(!report.is_clean() && named, "no {what:?} of {detail:?} in\n{report}");
}

/// The first account on chain of a type that is like this.
fn find<T: NetworkAccount>(scene: &Scene, like: impl Fn(&T) -> bool) -> Pubkey {
    let found = scene.snapshot.accounts.iter().find_map(|(address, (owner, data))| {
        let account: T = account::decode(owner, data).ok()?;
        like(&account).then_some(*address)
    });
    found.unwrap()
}

/// An account on chain that says something else than what follows from the history.
#[track_caller]
fn assert_altered<T: NetworkAccount + AccountSerialize>(
    scene: &Scene,
    address: Pubkey,
    change: impl FnOnce(&mut T),
    detail: &str,
) {
    let mut snapshot = scene.snapshot.clone();
    let (owner, data) = snapshot.accounts.get_mut(&address).unwrap();
    let mut account: T = account::decode(owner, data).unwrap();
    change(&mut account);
    let mut bytes = Vec::new();
    account.try_serialize(&mut bytes).unwrap();
    data[..bytes.len()].copy_from_slice(&bytes);
    let report = scene.audit(&scene.transactions, &snapshot, scene.archive_path());
    let found = of(&report, Kind::AccountWrong);
    assert!(found.len() == 1 && found[0].detail.contains(detail), "{report}");
}

#[test]
fn altered_case_is_found() {
    let scene = scene();
    let case = find::<Case>(scene, |_| true);
    assert_altered::<Case>(scene, case, |c| c.penalty += 1, "penalty is");
    assert_altered::<Case>(scene, case, |c| c.kept_until -= 1, "kept_until is");
    assert_altered::<Case>(scene, case, |c| c.reporter = Pubkey::new_unique(), "reporter is");
}

#[test]
fn conviction_that_was_struck_off_a_record_is_found() {
    let scene = scene();
    for kind in [0, 1, 3] {
        let record = find::<Record>(scene, |r| r.kinds[kind].convictions == 1);
        let forgive = |r: &mut Record| r.kinds[kind].convictions = 0;
        assert_altered(scene, record, forgive, "convictions is 0, expected 1");
        let forget = |r: &mut Record| r.kinds[kind].punished_until -= 1;
        assert_altered(scene, record, forget, "punished_until is");
    }
}

/// The reporter's part of the first verdict, paid to somebody else.
#[test]
fn penalty_paid_elsewhere_is_found() {
    let (scene, stranger) = (scene(), Pubkey::new_unique());
    let decide = ix::DecideCase::DISCRIMINATOR;
    let mut due = Pubkey::default();
    let report = with(scene, decide, |transaction| {
        let instruction = own(transaction);
        // Where a verdict names who is rewarded.
        due = instruction.accounts[10];
        let paid = instruction
            .inner
            .iter_mut()
            .find(|i| i.program_id == spl_token_interface::ID && i.accounts.contains(&due))
            .unwrap();
        paid.accounts[2] = stranger;
    });
    assert_named(scene, decide, &report, Kind::PaymentWrong, &stranger.to_string());
    assert_named(scene, decide, &report, Kind::PaymentWrong, "which was there, and not paid");

    // The same with accounts and balances that agree.
    let report = with(scene, decide, |transaction| {
        let instruction = own(transaction);
        let calls = std::iter::once(&mut instruction.accounts)
            .chain(instruction.inner.iter_mut().map(|inner| &mut inner.accounts));
        for account in calls.flatten().filter(|account| **account == due) {
            *account = stranger;
        }
        let balances = transaction.pre_token_balances.iter_mut();
        for balance in balances.chain(&mut transaction.post_token_balances) {
            if balance.account == due {
                balance.account = stranger;
            }
        }
    });
    assert_named(scene, decide, &report, Kind::AddressWrong, "reward is");
    assert_named(scene, decide, &report, Kind::PaymentWrong, &stranger.to_string());
    assert_named(scene, decide, &report, Kind::EventWrong, "CaseConvicted");
}

/// A slash whose tokens do not come back to the app they were taken from.
#[test]
fn missing_restitution_is_found() {
    let scene = scene();
    let restore = ix::RestoreClaims::DISCRIMINATOR;
    let report = with(scene, restore, |transaction| {
        let inner = &mut own(transaction).inner;
        let call = heliograph_settlement::instruction::Restore::DISCRIMINATOR;
        let from = inner
            .iter()
            .position(|i| i.program_id == pda::SETTLEMENT && i.data.starts_with(call))
            .unwrap();
        // What it called itself is deeper.
        let height = inner[from].stack_height;
        let len = inner[from + 1..].iter().take_while(|i| i.stack_height > height).count();
        inner.drain(from..=from + len);
    });
    assert_named(scene, restore, &report, Kind::RuleBroken, "called [");
    assert!(!of(&report, Kind::AccountWrong).is_empty(), "session and escrow differ: {report}");

    let mut transactions = scene.transactions.clone();
    transactions.remove(place(scene, restore));
    let report = scene.audit_history(&transactions);
    assert!(!of(&report, Kind::AccountWrong).is_empty(), "{report}");
}

/// What a case holds, whom it jails and what it slashes is not the caller's to choose.
#[test]
fn other_calls_than_the_rules_ask_for_are_found() {
    let scene = scene();
    let stranger = Pubkey::new_unique();
    let calls: [(&[u8], &[u8], usize); 4] = [
        (
            ix::OpenChallengeCase::DISCRIMINATOR,
            heliograph_staking::instruction::Hold::DISCRIMINATOR,
            2,
        ),
        (
            ix::OpenChallengeCase::DISCRIMINATOR,
            heliograph_registry::instruction::Jail::DISCRIMINATOR,
            2,
        ),
        (ix::DecideCase::DISCRIMINATOR, heliograph_staking::instruction::Slash::DISCRIMINATOR, 6),
        (
            ix::DecideCase::DISCRIMINATOR,
            heliograph_staking::instruction::ReleaseHold::DISCRIMINATOR,
            2,
        ),
    ];
    for (instruction, call, account) in calls {
        let changes: [fn(&mut Instruction, usize, Pubkey); 2] = [
            |called, _, _| called.data[8] ^= 1,
            |called, account, stranger| called.accounts[account] = stranger,
        ];
        for change in changes {
            let report = with(scene, instruction, |transaction| {
                let inner = &mut own(transaction).inner;
                let called = inner.iter_mut().find(|i| i.data.starts_with(call)).unwrap();
                change(called, account, stranger);
            });
            assert_named(scene, instruction, &report, Kind::RuleBroken, "called [");
        }
    }
}

#[test]
fn case_without_its_bond_is_found() {
    let scene = scene();
    let open = ix::OpenChallengeCase::DISCRIMINATOR;
    let changes: [fn(&mut Instruction); 2] =
        [|bond| bond.data[4] ^= 1, |bond| bond.accounts[1] = Pubkey::new_unique()];
    for change in changes {
        let report = with(scene, open, |transaction| {
            let inner = own(transaction).inner.iter_mut();
            let system = solana_sdk_ids::system_program::ID;
            change(inner.rev().find(|i| i.program_id == system).unwrap());
        });
        assert_named(scene, open, &report, Kind::RuleBroken, "without its reporter's bond");
        assert_eq!(report.findings.len(), 1, "{report}");
    }
}

#[test]
fn evidence_that_is_not_signed_is_found() {
    let scene = scene();
    for open in [ix::OpenEquivocationCase::DISCRIMINATOR, ix::OpenFraudCase::DISCRIMINATOR] {
        let report = with(scene, open, |transaction| {
            let ed25519 = transaction
                .instructions
                .iter_mut()
                .find(|i| i.program_id == solana_sdk_ids::ed25519_program::ID)
                .unwrap();
            *ed25519.data.last_mut().unwrap() ^= 1;
        });
        assert_named(scene, open, &report, Kind::SignatureWrong, "does not verify");
    }
}

/// The event at the end of each instruction, told otherwise.
#[test]
fn event_of_a_case_that_tells_otherwise_is_found() {
    let scene = scene();
    for instruction in [
        ix::OpenEquivocationCase::DISCRIMINATOR,
        ix::OpenChallengeCase::DISCRIMINATOR,
        ix::OpenDowntimeCase::DISCRIMINATOR,
        ix::OpenFraudCase::DISCRIMINATOR,
        ix::OpenSamplesCase::DISCRIMINATOR,
        ix::OpenExhibit::DISCRIMINATOR,
        ix::WriteExhibit::DISCRIMINATOR,
        ix::CloseExhibit::DISCRIMINATOR,
        ix::RefuteEpoch::DISCRIMINATOR,
        ix::RestoreClaims::DISCRIMINATOR,
        ix::DecideCase::DISCRIMINATOR,
        ix::CloseCase::DISCRIMINATOR,
    ] {
        let report = with(scene, instruction, |transaction| {
            let event = own(transaction).inner.last_mut().unwrap();
            assert_eq!(event.program_id, pda::SLASHING);
            *event.data.last_mut().unwrap() ^= 1;
        });
        assert_named(scene, instruction, &report, Kind::EventWrong, "expected [");
    }
}

/// The samples a leaf was tried by, other than those it commits to; the leaf, other than posted.
#[test]
fn samples_that_convict_nobody_are_found() {
    let (scene, open) = (scene(), ix::OpenSamplesCase::DISCRIMINATOR);
    let written = with(scene, ix::WriteExhibit::DISCRIMINATOR, |transaction| {
        *own(transaction).data.last_mut().unwrap() ^= 1;
    });
    assert_named(scene, open, &written, Kind::RuleBroken, "convict nobody");
    let forged = with(scene, open, |transaction| {
        *own(transaction).data.last_mut().unwrap() ^= 1;
    });
    assert_named(scene, open, &forged, Kind::RuleBroken, "not under its observer's root");
}

#[test]
fn exhibit_of_another_is_found() {
    let (scene, stranger) = (scene(), Pubkey::new_unique());
    for instruction in [ix::WriteExhibit::DISCRIMINATOR, ix::CloseExhibit::DISCRIMINATOR] {
        let report = with(scene, instruction, |transaction| {
            own(transaction).accounts[0] = stranger;
        });
        assert_named(scene, instruction, &report, Kind::AddressWrong, "uploader is");
    }
    // The case is opened by somebody who did not write it.
    let open = ix::OpenSamplesCase::DISCRIMINATOR;
    let report = with(scene, open, |transaction| own(transaction).accounts[0] = stranger);
    assert_named(scene, open, &report, Kind::AddressWrong, "exhibit's uploader is");
}

#[test]
fn altered_exhibit_is_found() {
    let scene = scene();
    let exhibit = find::<Exhibit>(scene, |_| true);
    assert_altered::<Exhibit>(scene, exhibit, |e| e.samples[40] ^= 1, "samples is");
    assert_altered::<Exhibit>(scene, exhibit, |e| e.samples_root[0] ^= 1, "samples_root is");
}

#[test]
fn epoch_refuted_without_a_fraud_is_found() {
    let scene = scene();
    let refute = ix::RefuteEpoch::DISCRIMINATOR;
    // Shown none, and shown the case that is to be refuted.
    let report = with(scene, refute, |transaction| {
        own(transaction).accounts.pop();
    });
    assert_named(scene, refute, &report, Kind::RuleBroken, "upheld observer fraud");
    let report = with(scene, refute, |transaction| {
        let accounts = &mut own(transaction).accounts;
        *accounts.last_mut().unwrap() = accounts[1];
    });
    assert_named(scene, refute, &report, Kind::RuleBroken, "no upheld fraud");
}

/// A verdict before its time, and a second one.
#[test]
fn verdicts_out_of_turn_are_found() {
    let scene = scene();
    let decide = ix::DecideCase::DISCRIMINATOR;
    let at = place(scene, decide);
    let report = with(scene, decide, |transaction| {
        transaction.block_time = transaction.block_time.map(|time| time - 300);
    });
    assert_named(scene, decide, &report, Kind::RuleBroken, "too early");

    let mut transactions = scene.transactions.clone();
    transactions.insert(at + 1, transactions[at].clone());
    let report = scene.audit_history(&transactions);
    assert_named(scene, decide, &report, Kind::RuleBroken, "decided");
}
