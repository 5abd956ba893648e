//! One lie in the chain's data at a time: as if a program, or the RPC, had done otherwise.

use crate::scene::{Scene, of, scene};
use anchor_lang::{AccountSerialize, AnchorDeserialize, AnchorSerialize, Discriminator};
use heliograph_audit::{FindingKind as Kind, Report, Snapshot};
use heliograph_client::rpc::{Instruction, Transaction};
use heliograph_client::{account, pda};
use heliograph_settlement::events::VoucherRedeemed;
use heliograph_settlement::state::Session;
use heliograph_settlement::{instruction, state};
use solana_pubkey::Pubkey;

/// The history with one transaction changed.
fn with(scene: &Scene, change: impl FnOnce(&mut Transaction)) -> Report {
    let mut transactions = scene.transactions.clone();
    let redeem = transactions.iter_mut().find(|t| t.signature == scene.redeem).unwrap();
    change(redeem);
    scene.audit_history(&transactions)
}

/// The accounts with something changed.
fn with_accounts(scene: &Scene, change: impl FnOnce(&mut Snapshot)) -> Report {
    let mut snapshot = scene.snapshot.clone();
    change(&mut snapshot);
    scene.audit(&scene.transactions, &snapshot, scene.archive_path())
}

/// The settlement program's own instruction in a redeeming transaction.
fn redeem_of(transaction: &mut Transaction) -> &mut Instruction {
    transaction.instructions.iter_mut().find(|i| i.program_id == pda::SETTLEMENT).unwrap()
}

/// The transfer to `payout` that the redeem made.
fn transfer_to<'a>(transaction: &'a mut Transaction, payout: &Pubkey) -> &'a mut Instruction {
    let inner = &mut redeem_of(transaction).inner;
    inner
        .iter_mut()
        .find(|i| i.program_id == spl_token_interface::ID && i.accounts.contains(payout))
        .unwrap()
}

#[track_caller]
fn assert_redeem_named(scene: &Scene, report: &Report, what: Kind) {
    let found = of(report, what);
    let named = found.iter().any(|f| f.transaction == Some(scene.redeem));
    assert!(!report.is_clean() && named, "no {what:?} in\n{report}");
}

#[test]
fn payout_short_by_one_unit_is_found() {
    let scene = scene();
    let report = with(scene, |transaction| {
        let transfer = transfer_to(transaction, &scene.payout);
        let amount = u64::from_le_bytes(transfer.data[1..9].try_into().unwrap()) - 1;
        transfer.data[1..9].copy_from_slice(&amount.to_le_bytes());
        for balance in &mut transaction.post_token_balances {
            balance.amount -= u64::from(balance.account == scene.payout);
            balance.amount += u64::from(balance.account == scene.escrow_vault);
        }
    });
    assert_redeem_named(scene, &report, Kind::PaymentWrong);
    assert_redeem_named(scene, &report, Kind::BalanceWrong);
    let place = (Some(scene.first), Some(1));
    assert!(of(&report, Kind::PaymentWrong).iter().all(|f| (f.session, f.sequence) == place));
}

#[test]
fn balance_that_no_transfer_explains_is_found() {
    let scene = scene();
    for account in [scene.payout, scene.escrow_vault, scene.network.treasury] {
        let report = with(scene, |transaction| {
            let balances = &mut transaction.post_token_balances;
            balances.iter_mut().find(|b| b.account == account).unwrap().amount += 1;
        });
        assert_redeem_named(scene, &report, Kind::BalanceWrong);
        assert_eq!(report.findings.len(), 1, "{report}");
        assert!(report.findings[0].detail.contains(&account.to_string()), "{report}");
    }
}

/// The shares moved by one unit from the operator to the treasury, consistently everywhere.
#[test]
fn wrong_shares_are_found() {
    let scene = scene();
    let report = with(scene, |transaction| {
        for (to, change) in [(scene.payout, -1i64), (scene.network.treasury, 1)] {
            let transfer = transfer_to(transaction, &to);
            let amount = u64::from_le_bytes(transfer.data[1..9].try_into().unwrap());
            let amount = amount.checked_add_signed(change).unwrap();
            transfer.data[1..9].copy_from_slice(&amount.to_le_bytes());
            for balance in &mut transaction.post_token_balances {
                if balance.account == to {
                    balance.amount = balance.amount.checked_add_signed(change).unwrap();
                }
            }
        }
        change_event(transaction, |event| {
            event.operator_micro_usdc -= 1;
            event.treasury_micro_usdc += 1;
        });
    });
    for what in [Kind::PaymentWrong, Kind::BalanceWrong, Kind::EventWrong] {
        assert_redeem_named(scene, &report, what);
    }
}

fn change_event(transaction: &mut Transaction, change: impl FnOnce(&mut VoucherRedeemed)) {
    let inner = &mut redeem_of(transaction).inner;
    let event = inner.iter_mut().find(|i| i.program_id == pda::SETTLEMENT).unwrap();
    let (head, mut body) = event.data.split_at(8 + VoucherRedeemed::DISCRIMINATOR.len());
    let mut told = VoucherRedeemed::deserialize(&mut body).unwrap();
    change(&mut told);
    let mut data = head.to_vec();
    told.serialize(&mut data).unwrap();
    event.data = data;
}

#[test]
fn event_that_tells_otherwise_is_found() {
    let scene = scene();
    let lies: [fn(&mut VoucherRedeemed); 4] = [
        |e| e.amount_micro_usdc += 1,
        |e| e.sequence += 1,
        |e| e.escrow_paid_micro_usdc -= 1,
        |e| e.receipt_hash[0] ^= 1,
    ];
    for lie in lies {
        let report = with(scene, |transaction| change_event(transaction, lie));
        assert_redeem_named(scene, &report, Kind::EventWrong);
        assert_eq!(report.findings.len(), 1, "{report}");
    }
    let report = with(scene, |t| redeem_of(t).inner.retain(|i| i.program_id != pda::SETTLEMENT));
    assert_redeem_named(scene, &report, Kind::EventWrong);
}

#[test]
fn voucher_with_a_wrong_signature_is_found() {
    let scene = scene();
    // In the signature, and in the signed amount.
    for from_end in [0, 40] {
        let report = with(scene, |transaction| {
            let ed25519 = &mut transaction.instructions;
            let ed25519 = ed25519
                .iter_mut()
                .find(|i| i.program_id == solana_sdk_ids::ed25519_program::ID)
                .unwrap();
            let at = if from_end == 0 { 60 } else { ed25519.data.len() - from_end };
            ed25519.data[at] ^= 1;
        });
        assert_redeem_named(scene, &report, Kind::SignatureWrong);
        assert_eq!(of(&report, Kind::SignatureWrong)[0].session, Some(scene.first));
    }
    let report = with(scene, |transaction| {
        transaction.instructions.retain(|i| i.program_id != solana_sdk_ids::ed25519_program::ID);
    });
    assert_redeem_named(scene, &report, Kind::SignatureWrong);
}

#[test]
fn payment_to_another_account_is_found() {
    let scene = scene();
    let stranger = Pubkey::new_unique();
    let report = with(scene, |transaction| {
        let replace = |accounts: &mut Vec<Pubkey>| {
            for account in accounts.iter_mut().filter(|account| **account == scene.payout) {
                *account = stranger;
            }
        };
        let redeem = redeem_of(transaction);
        replace(&mut redeem.accounts);
        redeem.inner.iter_mut().for_each(|inner| replace(&mut inner.accounts));
        for balances in [&mut transaction.pre_token_balances, &mut transaction.post_token_balances]
        {
            for balance in balances.iter_mut().filter(|b| b.account == scene.payout) {
                balance.account = stranger;
            }
        }
    });
    for what in [Kind::AddressWrong, Kind::PaymentWrong, Kind::BalanceWrong] {
        assert_redeem_named(scene, &report, what);
    }
}

#[test]
fn changed_field_of_an_account_is_found() {
    let scene = scene();
    let report = with_accounts(scene, |snapshot| {
        change::<Session>(snapshot, &scene.second, |s| s.totals.paid_micro_usdc += 1);
    });
    let found = of(&report, Kind::AccountWrong);
    assert_eq!((found.len(), found[0].session), (1, Some(scene.second)), "{report}");
    assert!(found[0].detail.contains("paid_micro_usdc is 26853, expected 26852"), "{report}");

    let report = with_accounts(scene, |snapshot| {
        change::<Session>(snapshot, &scene.second, |s| s.voucher_signer = Pubkey::new_unique());
    });
    assert!(of(&report, Kind::AccountWrong)[0].detail.contains("voucher_signer is"), "{report}");
}

fn change<T: account::NetworkAccount + AccountSerialize>(
    snapshot: &mut Snapshot,
    address: &Pubkey,
    change: impl FnOnce(&mut T),
) {
    let (owner, data) = snapshot.accounts.get_mut(address).unwrap();
    let mut account: T = account::decode(owner, data).unwrap();
    change(&mut account);
    let mut bytes = Vec::new();
    account.try_serialize(&mut bytes).unwrap();
    data[..bytes.len()].copy_from_slice(&bytes);
}

/// Byte for byte: what no field shows counts as well.
#[test]
fn every_account_is_compared_to_its_last_byte() {
    let scene = scene();
    assert_eq!(scene.snapshot.accounts.len(), 46, "network, node, keepers, positions, app, …");
    for address in scene.snapshot.accounts.keys() {
        let len = scene.snapshot.accounts[address].1.len();
        for position in [8, 9, len / 2, len - 1] {
            let report = with_accounts(scene, |snapshot| {
                snapshot.accounts.get_mut(address).unwrap().1[position] ^= 0x80;
            });
            let found = of(&report, Kind::AccountWrong);
            let named = found.iter().any(|f| f.detail.contains(&address.to_string()));
            assert!(named, "byte {position} of {address}: {report}");
        }
        let report = with_accounts(scene, |snapshot| {
            snapshot.accounts.remove(address);
        });
        assert_eq!(of(&report, Kind::AccountMissing).len(), 1, "{report}");
        let report = with_accounts(scene, |snapshot| {
            snapshot.accounts.get_mut(address).unwrap().0 = Pubkey::new_unique();
        });
        assert_eq!(of(&report, Kind::AccountWrong).len(), 1, "{report}");
    }
}

#[test]
fn account_from_nowhere_and_short_vault_are_found() {
    let scene = scene();
    // The closed session, back on chain.
    let report = with_accounts(scene, |snapshot| {
        let revenant = snapshot.accounts[&scene.second].clone();
        snapshot.accounts.insert(scene.first, revenant);
    });
    let found = of(&report, Kind::AccountUnexplained);
    assert_eq!((found.len(), found[0].session), (1, Some(scene.first)), "{report}");

    for vault in scene.snapshot.tokens.keys() {
        let report = with_accounts(scene, |s| *s.tokens.get_mut(vault).unwrap() -= 1);
        assert!(of(&report, Kind::VaultShort)[0].detail.contains(&vault.to_string()), "{report}");
        let report = with_accounts(scene, |s| *s.tokens.get_mut(vault).unwrap() += 1);
        assert!(report.is_clean(), "tokens sent to a vault count for nobody: {report}");
    }
    // The escrow's, those of the positions of a node and six keepers, the rewards of one.
    assert_eq!(scene.snapshot.tokens.len(), 1 + 7 + 1);
}

#[test]
fn every_transaction_left_out_is_missed() {
    let scene = scene();
    for index in 0..scene.transactions.len() {
        let mut transactions = scene.transactions.clone();
        let left_out = transactions.remove(index);
        let report = scene.audit_history(&transactions);
        // What changed nothing cannot be missed.
        let missed = !scene.idle.contains(&left_out.signature);
        assert_eq!(report.is_clean(), !missed, "without {index}, {}", left_out.signature);
    }
}

#[test]
fn history_that_begins_late_is_said_to() {
    let scene = scene();
    let begins = scene
        .transactions
        .iter()
        .position(|t| {
            t.instructions.iter().any(|i| {
                i.program_id == pda::REGISTRY
                    && i.data.starts_with(
                        heliograph_registry::instruction::InitializeNetwork::DISCRIMINATOR,
                    )
            })
        })
        .unwrap();
    let report = scene.audit_history(&scene.transactions[begins + 1..]);
    assert_eq!(report.findings.len(), 1, "one limit, not a hundred consequences: {report}");
    assert_eq!(report.findings[0].what, Kind::HistoryIncomplete);
    assert!(!report.is_clean());
}

#[test]
fn failed_transaction_changes_nothing() {
    let scene = scene();
    let mut transactions = scene.transactions.clone();
    let at = transactions.iter().position(|t| t.signature == scene.redeem).unwrap();
    let mut again = transactions[at].clone();
    again.err = Some(solana_transaction_error::TransactionError::AccountNotFound);
    transactions.insert(at + 1, again);
    assert!(scene.audit_history(&transactions).is_clean());
    // The same without the error is a voucher paid twice.
    transactions[at + 1].err = None;
    let report = scene.audit_history(&transactions);
    assert_redeem_named(scene, &report, Kind::RuleBroken);
}

#[test]
fn unknown_instruction_is_named() {
    let scene = scene();
    let report = with(scene, |transaction| redeem_of(transaction).data[0] ^= 1);
    assert_redeem_named(scene, &report, Kind::InstructionUnknown);
    assert_ne!(instruction::RedeemVoucher::DISCRIMINATOR, state::Session::DISCRIMINATOR);
}

#[test]
fn the_scene_has_every_instruction() {
    let scene = scene();
    let channel = scene.channel();
    assert_eq!((channel.next_ordinal, channel.sessions_open), (3, 2));
    let seen = |program: Pubkey, discriminator: &[u8]| {
        scene.transactions.iter().any(|t| {
            t.instructions.iter().any(|outer| {
                std::iter::once(outer)
                    .chain(&outer.inner)
                    .any(|i| i.program_id == program && i.data.starts_with(discriminator))
            })
        })
    };
    macro_rules! all_seen {
        ($program:expr, $module:ident: $($name:ident)*) => {
            $(assert!(seen($program, $module::instruction::$name::DISCRIMINATOR), stringify!($name));)*
        };
    }
    all_seen!(pda::REGISTRY, heliograph_registry: InitializeNetwork RegisterNode UpdateNode
        SetNodeStatus RecordStake CreateApp UpdateApp Jail);
    all_seen!(pda::STAKING, heliograph_staking: OpenPosition Deposit Unbond Withdraw Hold
        ReleaseHold Slash);
    all_seen!(pda::SETTLEMENT, heliograph_settlement: OpenEscrow Deposit RequestWithdrawal
        CancelWithdrawal Withdraw OpenChannel CloseChannel PostBond ReleaseBond
        OpenSession EndSession CloseSession RedeemVoucher ProveVoucher OpenBook CloseBook PostBatch Release Claim OpenChallenge
        AnswerChallenge FailChallenge CloseChallenge Restore);
    all_seen!(pda::REPUTATION, heliograph_reputation: PostRoot SubmitLeaf ScoreNode CloseTally
        CloseObservation CloseEpoch);
    all_seen!(pda::SLASHING, heliograph_slashing: OpenEquivocationCase OpenChallengeCase
        OpenDowntimeCase OpenFraudCase RefuteEpoch RestoreClaims DecideCase CloseCase);
}

#[test]
fn upgraded_program_is_noticed() {
    let scene = scene();
    let mut transactions = scene.transactions.clone();
    transactions[3].instructions.push(Instruction {
        program_id: solana_sdk_ids::bpf_loader_upgradeable::ID,
        accounts: vec![pda::program_data(&pda::STAKING), pda::STAKING],
        data: vec![3, 0, 0, 0],
        stack_height: 1,
        inner: Vec::new(),
    });
    let report = scene.audit_history(&transactions);
    let found = of(&report, Kind::ProgramUpgraded);
    assert_eq!(found.len(), 1, "{report}");
    assert_eq!(found[0].transaction, Some(transactions[3].signature));
    assert!(report.is_clean(), "the accounts are what the rules make of them all the same");
}
