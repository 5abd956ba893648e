use crate::error::ReputationError;
use anchor_lang::prelude::*;
use heliograph_protocol::reputation::{self as rules, OBSERVERS_MAX, Phase, has_quorum};

/// An observer whose root counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, InitSpace)]
pub struct Seat {
    /// Its registry account.
    pub observer: Pubkey,
    /// Its stake when it posted.
    pub stake: u64,
}

/// An epoch somebody posted a root for. PDA `[seeds::EPOCH, epoch]`.
///
/// Length and quorum are copies: a change of the network's parameters leaves the times and rules of
/// an epoch that is under way as they are.
#[account]
#[derive(Debug, InitSpace)]
pub struct Epoch {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    /// Unix time at which the epoch begins; its name.
    pub epoch: u64,
    /// Its length.
    pub secs: u32,
    /// Observers without whom a node gets no score.
    pub quorum: u8,
    /// Gets the rent back.
    pub rent_payer: Pubkey,
    /// Observations and tallies of this epoch that are open.
    pub accounts_open: u32,
    /// The observers that are heard, in the order in which they took their seats.
    #[max_len(OBSERVERS_MAX)]
    pub seats: Vec<Seat>,
    /// For later fields; zero.
    pub reserved: [u8; 32],
}

impl Epoch {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;

    /// The epoch as the rules know it.
    pub fn times(&self) -> rules::Epoch {
        rules::Epoch { start: self.epoch, secs: self.secs }
    }

    /// What can be done about it at `now`.
    pub fn phase(&self, now: u64) -> Phase {
        self.times().phase(now)
    }

    /// Whether its accounts need not be kept any longer.
    pub fn is_over(&self, now: u64) -> bool {
        !self.times().is_retained(now)
    }

    /// Gives `observer` a seat. When all are taken, the one with the least stake loses its seat to
    /// one with more, the last such one first; returns who did. Else whoever posts first could keep
    /// everybody else out.
    pub fn take_seat(&mut self, observer: Pubkey, stake: u64) -> Result<Option<Pubkey>> {
        let seat = Seat { observer, stake };
        if self.seats.len() < OBSERVERS_MAX {
            self.seats.push(seat);
            return Ok(None);
        }
        let least = self
            .seats
            .iter()
            .rposition(|candidate| self.seats.iter().all(|other| candidate.stake <= other.stake));
        let index = least.ok_or(ReputationError::SeatsTaken)?;
        require_gt!(stake, self.seats[index].stake, ReputationError::SeatsTaken);
        let displaced = self.seats.remove(index);
        self.seats.push(seat);
        Ok(Some(displaced.observer))
    }

    /// Whether `observer` has a seat.
    pub fn is_seated(&self, observer: &Pubkey) -> bool {
        self.seats.iter().any(|seat| seat.observer == *observer)
    }

    /// Whether `heard` observers suffice to score a node.
    pub fn has_quorum(&self, heard: usize) -> bool {
        has_quorum(heard, self.seats.len(), self.quorum)
    }

    /// Counts an account of this epoch that was opened.
    pub fn opened_one(&mut self) -> Result<()> {
        self.accounts_open = self.accounts_open.checked_add(1).ok_or(ReputationError::Overflow)?;
        Ok(())
    }

    /// Counts one that is closed.
    pub fn closed_one(&mut self) -> Result<()> {
        self.accounts_open = self.accounts_open.checked_sub(1).ok_or(ReputationError::Overflow)?;
        Ok(())
    }
}
