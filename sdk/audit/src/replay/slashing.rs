//! The slashing program's instructions: how a case ends here, how it begins and what it restores
//! below. Accounts come in the order of its accounts structs.
//!
//! What a case does to stake, claims and the accused are calls of their own, carried out where their
//! programs are; here it is computed which ones have to be made.

mod fraud;
mod opening;
mod restitution;
mod verdict;

use super::registry::subject;
use super::step::{Step, Stop};
use heliograph_client::pda;
use heliograph_protocol::case::Kind;
use heliograph_registry::state::Network;
use heliograph_slashing::events::{CaseClosed, CaseDismissed, EpochRefuted};
use heliograph_slashing::state::{Case, CaseKind, CaseStatus, Record};
use heliograph_slashing::{instruction as ix, seeds};
use heliograph_staking::instruction as staking;
use heliograph_staking::state::Position;
use solana_pubkey::Pubkey;

pub(super) fn apply(step: &mut Step<'_>) -> Result<(), Stop> {
    if let Some(ix::OpenEquivocationCase {}) = step.args() {
        opening::equivocation(step)
    } else if let Some(ix::OpenChallengeCase {}) = step.args() {
        opening::challenge(step)
    } else if let Some(ix::OpenDowntimeCase {}) = step.args() {
        opening::downtime(step)
    } else if let Some(ix::OpenFraudCase {}) = step.args() {
        fraud::statement(step)
    } else if let Some(args) = step.args::<ix::OpenSamplesCase>() {
        fraud::samples(step, args)
    } else if let Some(args) = step.args::<ix::OpenExhibit>() {
        fraud::open_exhibit(step, &args)
    } else if let Some(args) = step.args::<ix::WriteExhibit>() {
        fraud::write_exhibit(step, &args)
    } else if let Some(ix::CloseExhibit {}) = step.args() {
        fraud::close_exhibit(step)
    } else if let Some(ix::RefuteEpoch { epoch }) = step.args() {
        refute_epoch(step, epoch)
    } else if let Some(ix::RestoreClaims {}) = step.args() {
        restitution::restore_claims(step)
    } else if let Some(ix::DecideCase {}) = step.args() {
        verdict::decide_case(step)
    } else if let Some(ix::CloseCase {}) = step.args() {
        close_case(step)
    } else {
        Err(step.unknown())
    }?;
    step.check_calls();
    Ok(())
}

/// Checks an address against its seeds and returns its bump.
fn derived(step: &mut Step<'_>, name: &str, found: Pubkey, seeds: &[&[u8]]) -> u8 {
    let (expected, bump) = Pubkey::find_program_address(seeds, &pda::SLASHING);
    step.address(name, found, expected);
    bump
}

/// The network, at its address.
fn network(step: &mut Step<'_>, address: Pubkey) -> Result<Network, Stop> {
    step.address("network", address, pda::network());
    step.get(&address)
}

/// A case, at the address that its number gives it.
fn case(step: &mut Step<'_>, address: Pubkey) -> Result<Case, Stop> {
    let case: Case = step.get(&address)?;
    step.address("case", address, pda::case(&case.subject, case.number));
    Ok(case)
}

/// The record and the stake of who a case is against.
fn accused(
    step: &mut Step<'_>,
    case: &Case,
    record: Pubkey,
    position: Pubkey,
) -> Result<(Record, Position), Stop> {
    step.address("record", record, pda::record(&case.subject));
    step.address("position", position, pda::position(&case.subject));
    Ok((step.get(&record)?, step.get(&position)?))
}

/// The program's own account of the case's mint, through which what is slashed passes.
fn pot(step: &mut Step<'_>, case: &Case, accounts: [Pubkey; 4]) {
    let [restorer, mint, pot, token_program] = accounts;
    derived(step, "restorer", restorer, &[seeds::RESTORER]);
    step.address("mint", mint, case.mint);
    step.address("pot", pot, pda::pot(&case.mint));
    step.address("token program", token_program, spl_token_interface::ID);
}

/// A slash of `amount` into the pot has to be made.
fn calls_slash(step: &mut Step<'_>, case: &Case, amount: u64) {
    let position = pda::position(&case.subject);
    let (vault, pot) = (pda::stake_vault(&position), pda::pot(&case.mint));
    let accounts = [pda::slasher(), pda::network(), case.subject, position, case.mint, vault, pot];
    step.calls(pda::STAKING, &accounts, &staking::Slash { amount });
}

/// All that the case holds has to be let go. Returns how much that is of a position as it is then.
fn calls_release(step: &mut Step<'_>, case: &Case, position: &mut Position) -> u64 {
    let accounts = [pda::slasher(), pda::network(), pda::position(&case.subject)];
    let amount = case.held;
    step.calls(pda::STAKING, &accounts, &staking::ReleaseHold { amount });
    position.release_hold(amount)
}

/// The accused has to be jailed.
fn calls_jail(step: &mut Step<'_>, subject: Pubkey, until: i64) {
    let accounts = [pda::jailer(), pda::network(), subject];
    step.calls(pda::REGISTRY, &accounts, &heliograph_registry::instruction::Jail { until });
}

/// The accounts before the cases of fraud: the program's own, the event authority and the program.
const BEFORE_FRAUDS: usize = 9;

fn refute_epoch(step: &mut Step<'_>, epoch: u64) -> Result<(), Stop> {
    let [network_address, address, record_address, position_address, slasher] = step.accounts()?;
    let params = network(step, network_address)?.params;
    let mut case = case(step, address)?;
    let (mut record, mut position) = accused(step, &case, record_address, position_address)?;
    derived(step, "slasher", slasher, &[seeds::SLASHER]);
    let frauds = upheld(step, epoch)?;
    step.rule(case.kind == CaseKind::Downtime, "an epoch is refuted in a case of another kind");
    step.allowed(case.check_open())?;
    let left = step.allowed(case.refute(epoch, frauds))?;
    step.event(EpochRefuted {
        case: address,
        epoch,
        frauds: frauds as u32,
        epochs_left: left as u32,
    });
    if left < usize::from(params.downtime_epochs) {
        let released = calls_release(step, &case, &mut position);
        case.decide(CaseStatus::Dismissed, step.now, &params);
        record.dismiss(Kind::Downtime);
        step.world.put(record_address, &record);
        step.event(CaseDismissed {
            case: address,
            subject: case.subject,
            kind: CaseKind::Downtime,
            released,
            decided_at: step.now,
        });
    }
    step.world.put(address, &case);
    Ok(())
}

/// How many cases of upheld fraud in `epoch` are shown, each another's.
fn upheld(step: &mut Step<'_>, epoch: u64) -> Result<usize, Stop> {
    let shown = step.accounts_after(BEFORE_FRAUDS);
    step.rule(shown.is_sorted_by(|a, b| a < b), "an epoch is refuted by one fraud twice");
    for address in shown {
        let fraud: Case = step.get(address)?;
        step.rule(
            fraud.kind == CaseKind::ObserverFraud
                && fraud.status == CaseStatus::Guilty
                && fraud.epoch == epoch,
            "an epoch is refuted by what is no upheld fraud in it",
        );
    }
    Ok(shown.len())
}

/// What the account held goes to who the case names; history shows no lamports that a program moves
/// itself, so of the bond there is the event alone.
fn close_case(step: &mut Step<'_>) -> Result<(), Stop> {
    let [address, reporter, owner] = step.accounts()?;
    let case = case(step, address)?;
    step.address("reporter", reporter, case.reporter);
    step.address("owner", owner, case.owner);
    step.allowed(case.check_closable(step.now))?;
    step.world.close(address);
    let dismissed = case.status == CaseStatus::Dismissed;
    step.event(CaseClosed {
        case: address,
        subject: case.subject,
        bond_to: if dismissed { case.owner } else { case.reporter },
        bond_lamports: case.bond_lamports,
    });
    Ok(())
}
