//! How cases begin: the evidence once more, and what is held for it.

use super::fraud::signed_by;
use super::{calls_jail, derived, network, subject};
use crate::finding::FindingKind;
use crate::history::Move;
use crate::replay::step::{Step, Stop};
use heliograph_client::pda;
use heliograph_protocol::case::{Kind, Scored, bad_epochs};
use heliograph_registry::state::{App, Network, Subject};
use heliograph_reputation::state::Score;
use heliograph_settlement::state::{Challenge, ChallengeStatus, Session};
use heliograph_slashing::events::CaseOpened;
use heliograph_slashing::state::{BadEpoch, CaseKind, Record};
use heliograph_slashing::{Charge, Opened, seeds};
use heliograph_staking::state::Position;
use solana_pubkey::Pubkey;

/// Who is accused of something, by whom.
pub(super) struct Opening {
    pub reporter: Pubkey,
    pub network: Network,
    pub address: Pubkey,
    pub accused: Subject,
    pub position: Position,
    pub record_address: Pubkey,
    /// `None` where this is the first case against the accused.
    pub record: Option<Record>,
    pub case: Pubkey,
}

impl Opening {
    /// Reads the accounts that all openings begin with, and those that follow them.
    pub fn read<const N: usize>(step: &mut Step<'_>) -> Result<(Self, [Pubkey; N]), Stop> {
        let [
            reporter,
            network_address,
            address,
            position_address,
            record_address,
            case,
            slasher,
            _staking_event_authority,
            staking_program,
            _system_program,
        ] = step.accounts()?;
        let own = step.accounts_after(10).first_chunk().copied().ok_or_else(|| {
            step.stop(FindingKind::AddressWrong, "a case is opened with too few accounts")
        })?;
        let network = network(step, network_address)?;
        step.address("slashing program", pda::SLASHING, network.slashing_program);
        step.address("position", position_address, pda::position(&address));
        step.address("staking program", staking_program, pda::STAKING);
        derived(step, "slasher", slasher, &[seeds::SLASHER]);
        let opening = Self {
            reporter,
            network,
            address,
            accused: subject(step, &address)?,
            position: step.get(&position_address)?,
            record_address,
            record: step.world.get(&record_address),
            case,
        };
        Ok((opening, own))
    }

    /// Carries the opening out; returns when the case can be decided.
    pub fn open(mut self, step: &mut Step<'_>, charge: Charge) -> Result<i64, Stop> {
        let bump =
            derived(step, "record", self.record_address, &[seeds::RECORD, self.address.as_ref()]);
        let is_new = self.record.is_none();
        let mut record = self.record.unwrap_or_else(|| Record::new(self.address, bump));
        let number = record.cases;
        let of_case = [seeds::CASE, self.address.as_ref(), &number.to_le_bytes()];
        let bump = derived(step, "case", self.case, &of_case);
        step.vacant(&self.case);
        step.allowed(record.open(charge.kind.into(), self.case, charge.done_at))?;
        if is_new {
            step.world.create(self.record_address, &record);
        } else {
            step.world.put(self.record_address, &record);
        }

        let (penalty, amount) = charge.costs(self.position.total());
        let held = self.position.hold(amount);
        let accounts = [pda::slasher(), pda::network(), pda::position(&self.address)];
        step.calls(pda::STAKING, &accounts, &heliograph_staking::instruction::Hold { amount });
        let params = &self.network.params;
        // What else is paid to the case is its rent.
        let bond = Move::transfer(self.reporter, self.case, params.case_bond_lamports);
        let bonded = step.moved_lamports().last() == Some(&bond);
        step.rule(bonded, "a case is opened without its reporter's bond");

        let opened = Opened {
            bump,
            number,
            subject: self.address,
            owner: self.accused.owner(),
            mint: self.position.mint,
            reporter: self.reporter,
            opened_at: step.now,
            penalty,
            held,
        };
        let case = charge.case(opened, params);
        step.world.create(self.case, &case);
        step.event(CaseOpened::of(self.case, &case));
        Ok(case.decidable_at)
    }
}

pub(super) fn equivocation(step: &mut Step<'_>) -> Result<(), Stop> {
    let (opening, [session_address, app]) = Opening::read(step)?;
    step.about(session_address, None);
    let session: Session = step.get(&session_address)?;
    step.address("session's node", opening.address, session.node);
    step.address("app", app, session.app);
    let victim = step.get::<App>(&app)?.authority;
    let Subject::Node(node) = &opening.accused else {
        return Err(step.stop(FindingKind::RuleBroken, "a keeper is tried for receipts"));
    };
    let [one, other] = signed_by(step, &node.node_key)?;
    let domain = opening.network.domain();
    let found = heliograph_protocol::case::equivocation(&one.bytes, &other.bytes, &domain)
        .map_err(|why| {
            let detail = format!("a case is opened of two receipts that are none: {why:?}");
            step.stop(FindingKind::RuleBroken, detail)
        })?;
    step.about(session_address, Some(found.sequence));
    step.address("receipts' session", found.session.into(), session_address);
    let charge = Charge {
        kind: CaseKind::Equivocation,
        rewarded: opening.reporter,
        victim,
        evidence: session_address,
        sequence: found.sequence,
        epoch: 0,
        done_at: session.opened_at,
        punishes_until: 0,
        windows: (0, 0),
        penalty_bps: opening.network.params.equivocation_slash_bps,
        holds_all: false,
        epochs: Vec::new(),
    };
    opening.open(step, charge)?;
    Ok(())
}

pub(super) fn challenge(step: &mut Step<'_>) -> Result<(), Stop> {
    let (opening, [address, jailer]) = Opening::read(step)?;
    let challenge: Challenge = step.get(&address)?;
    step.address("challenge's keeper", opening.address, challenge.keeper);
    derived(step, "jailer", jailer, &[seeds::JAILER]);
    step.rule(
        challenge.status == ChallengeStatus::Failed,
        "a case is opened of a challenge that has not failed",
    );
    let charge = Charge {
        kind: CaseKind::UnansweredChallenge,
        rewarded: challenge.challenger,
        victim: Pubkey::default(),
        evidence: address,
        sequence: 0,
        epoch: 0,
        done_at: challenge.posted_at,
        punishes_until: challenge.failed_at,
        windows: (1, 2),
        penalty_bps: opening.network.params.challenge_slash_bps,
        holds_all: true,
        epochs: Vec::new(),
    };
    let jail_secs = i64::from(opening.network.params.jail_secs);
    let subject = opening.address;
    let decidable_at = opening.open(step, charge)?;
    calls_jail(step, subject, decidable_at.saturating_add(jail_secs));
    Ok(())
}

pub(super) fn downtime(step: &mut Step<'_>) -> Result<(), Stop> {
    let (opening, [address]) = Opening::read(step)?;
    let score: Score = step.get(&address)?;
    step.address("score's node", opening.address, score.node);
    let Subject::Node(node) = &opening.accused else {
        return Err(step.stop(FindingKind::RuleBroken, "a keeper is tried for downtime"));
    };
    let params = &opening.network.params;
    let forgotten = step.now.saturating_sub(params.unbonding_secs.into());
    let punished = opening.record.as_ref().map_or(0, |r| r.of(Kind::Downtime).punished_until);
    let after = forgotten.max(punished).max(node.registered_at).max(0) as u64;
    let scores: Vec<Scored> = score.epochs.iter().map(|known| known.scored()).collect();
    let window = usize::from(params.downtime_window_epochs);
    let epochs: Vec<BadEpoch> =
        bad_epochs(&scores, after, window, params.score_min_ppm).map(BadEpoch::from).collect();
    step.rule(
        epochs.len() >= usize::from(params.downtime_epochs),
        "a case is opened of too few bad epochs",
    );
    let newest = epochs.last().map_or(0, |bad| bad.epoch);
    let charge = Charge {
        kind: CaseKind::Downtime,
        rewarded: opening.reporter,
        victim: Pubkey::default(),
        evidence: address,
        sequence: 0,
        epoch: 0,
        done_at: i64::try_from(newest).unwrap_or(i64::MAX),
        punishes_until: 0,
        windows: (1, 1),
        penalty_bps: params.downtime_slash_bps,
        holds_all: false,
        epochs,
    };
    opening.open(step, charge)?;
    Ok(())
}
