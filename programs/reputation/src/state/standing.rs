use anchor_lang::prelude::*;
use heliograph_protocol::reputation::{Epoch, Judgement, Record, absences};

/// How an observer does its work. PDA `[seeds::STANDING, keeper]`. Counts only grow, and stop at
/// their largest value.
#[account]
#[derive(Debug, InitSpace)]
pub struct Standing {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    /// The observer's registry account.
    pub keeper: Pubkey,
    /// Roots posted.
    pub roots: u64,
    /// Epochs it let pass between one root and the next while it was active, whatever the reason:
    /// a pause of the network counts too.
    pub absences: u64,
    /// End of the last epoch it posted for; 0 = none.
    pub due_from: u64,
    /// Nodes scored in epochs it posted for.
    pub judged: u64,
    /// Of these, those of which no leaf of its was shown.
    pub missed: u64,
    /// Of these, those of which its leaf lay far from the median.
    pub deviated: u64,
    /// The last 64 judgements, the newest in the lowest bit; set where it was at fault.
    pub recent_faults: u64,
    /// For later fields; zero.
    pub reserved: [u8; 64],
}

impl Standing {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;

    /// Counts a root, and the epochs it was silent before. `active_since`: when the observer last
    /// became active. Returns the epochs of silence.
    pub fn posted(&mut self, epoch: &Epoch, active_since: u64) -> u64 {
        let absent = absences(self.due_from, active_since, epoch);
        self.roots = self.roots.saturating_add(1);
        self.absences = self.absences.saturating_add(absent);
        self.due_from = self.due_from.max(epoch.end());
        absent
    }

    /// The judgements as the rules know them.
    pub fn record(&self) -> Record {
        Record {
            judged: self.judged,
            missed: self.missed,
            deviated: self.deviated,
            recent_faults: self.recent_faults,
        }
    }

    /// Adds a judgement.
    pub fn judge(&mut self, judgement: Judgement) {
        let Record { judged, missed, deviated, recent_faults } = self.record().judge(judgement);
        self.judged = judged;
        self.missed = missed;
        self.deviated = deviated;
        self.recent_faults = recent_faults;
    }
}
