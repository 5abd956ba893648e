//! Verdicts: what a case costs and who gets which part of it.

use super::{accused, calls_jail, calls_release, calls_slash, case, derived, network, pot};
use crate::finding::FindingKind;
use crate::history::Move;
use crate::replay::step::{Step, Stop};
use heliograph_client::pda;
use heliograph_protocol::case::{Parts, divide};
use heliograph_registry::state::Network;
use heliograph_slashing::events::CaseConvicted;
use heliograph_slashing::seeds;
use heliograph_slashing::state::{Case, CaseStatus};
use solana_pubkey::Pubkey;

pub(super) fn decide_case(step: &mut Step<'_>) -> Result<(), Stop> {
    let [
        network_address,
        address,
        record_address,
        position_address,
        subject,
        stake_vault,
        restorer,
        mint,
        pot_address,
        token_program,
        reward,
        damages,
        treasury,
        slasher,
        _staking_event_authority,
        _staking_program,
        _stake_recorder,
        _registry_event_authority,
        _registry_program,
        jailer,
    ] = step.accounts()?;
    let network = network(step, network_address)?;
    let params = &network.params;
    let mut case = case(step, address)?;
    let (mut record, mut position) = accused(step, &case, record_address, position_address)?;
    step.address("subject", subject, case.subject);
    step.address("stake vault", stake_vault, pda::stake_vault(&position_address));
    pot(step, &case, [restorer, mint, pot_address, token_program]);
    step.address("reward", reward, pda::token_account(&case.rewarded, &case.mint));
    step.address("damages", damages, pda::token_account(&case.victim, &case.mint));
    step.address("treasury", treasury, network.treasury);
    derived(step, "slasher", slasher, &[seeds::SLASHER]);
    derived(step, "jailer", jailer, &[seeds::JAILER]);
    step.allowed(case.check_decidable(step.now))?;

    let amount = case.penalty.min(case.held);
    let mut penalty = 0;
    if amount > 0 {
        calls_slash(step, &case, amount);
        penalty = position.slash(amount).total();
        step.allowed(case.slashed(penalty))?;
    }
    let victim_bps = if case.victim == Pubkey::default() { 0 } else { params.victim_bps };
    let due = divide(penalty, params.reporter_bps, victim_bps)
        .ok_or_else(|| step.stop(FindingKind::RuleBroken, "the parts are more than one whole"))?;
    let paid = pay(step, &network, &case, &due);
    let released = calls_release(step, &case, &mut position);
    let now = step.now;
    let jailed_until = now.saturating_add(params.jail_secs.into());
    calls_jail(step, case.subject, jailed_until);
    let until = if case.epochs.is_empty() { now } else { jailed_until };
    let punished_until = case.punished_until(until);
    case.decide(CaseStatus::Guilty, now, params);
    record.convict(case.kind.into(), punished_until);
    step.world.put(address, &case);
    step.world.put(record_address, &record);
    step.event(CaseConvicted {
        case: address,
        subject: case.subject,
        kind: case.kind,
        penalty,
        reporter_amount: paid.reporter,
        victim_amount: paid.victim,
        rest_amount: paid.rest,
        released,
        punished_until,
        jailed_until,
        decided_at: now,
    });
    Ok(())
}

/// The transfers out of the pot that the rules ask for; returns the parts as they are paid.
fn pay(step: &mut Step<'_>, network: &Network, case: &Case, due: &Parts) -> Parts {
    let pot = pda::pot(&case.mint);
    let reporter = pay_part(step, case, case.rewarded, due.reporter);
    let victim = pay_part(step, case, case.victim, due.victim);
    let all = due.reporter.saturating_add(due.victim).saturating_add(due.rest);
    let rest = all.saturating_sub(reporter).saturating_sub(victim);
    if rest > 0 && case.mint == network.payment_mint {
        step.moves.push(Move::transfer(pot, network.treasury, rest));
    } else if rest > 0 {
        step.moves.push(Move { from: Some(pot), to: None, amount: rest });
    }
    Parts { reporter, victim, rest }
}

/// A part is paid where its payee has an account that can take it, which only the chain knows. One
/// that is not paid although there seems to be such an account is named: it was frozen, or robbed.
fn pay_part(step: &mut Step<'_>, case: &Case, owner: Pubkey, amount: u64) -> u64 {
    if amount == 0 {
        return 0;
    }
    let to = pda::token_account(&owner, &case.mint);
    let due = Move::transfer(pda::pot(&case.mint), to, amount);
    if step.moved().get(step.moves.len()) == Some(&due) {
        step.moves.push(due);
        return amount;
    }
    let there = step.transaction().pre_token_balances.iter().any(|balance| {
        balance.account == to && balance.mint == case.mint && balance.owner == Some(owner)
    });
    if there {
        let detail =
            format!("{amount} of a penalty were due to {to}, which was there, and not paid");
        step.notice(FindingKind::PaymentWrong, detail);
    }
    0
}
