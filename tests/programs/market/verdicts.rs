//! What holds of stake, cases and those who gain by them, after every operation.

use super::truth::{CaseTruth, Fate};
use super::{Market, WATCHER_WALLET};
use heliograph_client::pda;
use heliograph_slashing::state::{Case, CaseKind, CaseStatus, KindRecord, Record};
use heliograph_staking::state::Position;
use heliograph_tests::vm::WALLET_LAMPORTS;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

impl Market {
    /// Asserts what holds of cases.
    pub fn check_verdicts(&mut self) {
        for case in self.cases.iter().filter(|case| !case.closed) {
            let state: Case = self.world.read(&case.address);
            assert_eq!((state.status, state.held), (case.status, case.held), "{case:?}");
        }
        for subject in self.subjects() {
            self.check_holds(&subject);
            self.check_record(&subject);
        }
        for mint in [self.world.payment_mint, self.world.stake_mint] {
            assert_eq!(self.world.tokens(&pda::pot(&mint)), 0, "the pot is empty");
        }
        self.check_rewards();
        for (place, restored) in &self.restored {
            let taken = self.taken.get(place).copied().unwrap_or(0);
            assert!(*restored <= taken, "no more is restored than was taken");
        }
        self.check_reporter();
    }

    /// Everybody who has stake.
    fn subjects(&self) -> Vec<Pubkey> {
        let nodes = self.nodes.iter().map(|node| node.address);
        let keepers = self.settlers.iter().chain(&self.observers).map(|keeper| keeper.address);
        nodes.chain(keepers).collect()
    }

    fn open_cases<'a>(&'a self, subject: &'a Pubkey) -> impl Iterator<Item = &'a CaseTruth> {
        let open = |case: &&CaseTruth| case.status == CaseStatus::Open;
        self.cases.iter().filter(open).filter(move |case| case.subject == *subject)
    }

    /// What open cases hold is there, and nothing else is held.
    fn check_holds(&self, subject: &Pubkey) {
        let position: Position = self.world.read(&pda::position(subject));
        let held: u64 = self.open_cases(subject).map(|case| case.held).sum();
        assert_eq!(position.held_total(), held, "held is what open cases hold");
        assert!(position.held <= position.own(), "the owner's stake covers its holds");
        assert!(position.held_delegated <= position.delegated, "and so does the delegated");
    }

    /// One case of a kind at a time, and the boundary of what is punished is on record.
    fn check_record(&self, subject: &Pubkey) {
        let address = pda::record(subject);
        let count = |kind, status| {
            let of = self.cases.iter().filter(|case| case.subject == *subject);
            of.filter(|case| case.kind == kind && case.status == status).count() as u32
        };
        let Some(_) = self.world.account(&address) else {
            assert!(self.cases.iter().all(|case| case.subject != *subject), "cases have a record");
            return;
        };
        let record: Record = self.world.read(&address);
        for kind in [
            CaseKind::Equivocation,
            CaseKind::UnansweredChallenge,
            CaseKind::Downtime,
            CaseKind::ObserverFraud,
        ] {
            assert!(count(kind, CaseStatus::Open) <= 1, "one case of a kind at a time");
            let open = self.open_cases(subject).find(|case| case.kind == kind);
            let expected = KindRecord {
                open_case: open.map_or(Pubkey::default(), |case| case.address),
                punished_until: self.punished_until(subject, kind),
                convictions: count(kind, CaseStatus::Guilty),
                dismissals: count(kind, CaseStatus::Dismissed),
            };
            assert_eq!(*record.of(kind.into()), expected, "{kind:?} of {subject}");
        }
    }

    /// Who reports, finds or suffers has its parts of penalties and nothing more.
    fn check_rewards(&self) {
        let watcher = pda::token_account(&self.watcher.pubkey(), &self.world.payment_mint);
        for (account, earned) in &self.earned.rewarded {
            let had = if *account == watcher { WATCHER_WALLET - self.bonds_out() } else { 0 };
            assert_eq!(self.world.tokens(account), had + earned, "parts paid to {account}");
        }
    }

    /// Bonds of challenges that have not come back: under way, or the settlers' by their answers.
    fn bonds_out(&self) -> u64 {
        let out = |fate| matches!(fate, Fate::Open | Fate::Answered);
        self.challenges.iter().filter(|c| out(c.fate)).map(|c| c.bond).sum()
    }

    /// The reporter's lamports are with it, in its cases, or in records, which stay.
    fn check_reporter(&mut self) {
        let reporter = self.reporter.pubkey();
        let mut lamports = self.world.lamports(&reporter);
        let mut recorded = Vec::new();
        for case in &self.cases {
            let mine = case.reporter == reporter;
            if mine && !case.closed {
                lamports += self.world.lamports(&case.address);
            }
            if mine && case.closed && case.status == CaseStatus::Dismissed {
                lamports += case.bond_lamports;
            }
            let record = pda::record(&case.subject);
            if !recorded.contains(&record) {
                recorded.push(record);
                lamports += if mine { self.world.lamports(&record) } else { 0 };
            }
        }
        assert_eq!(
            lamports, WALLET_LAMPORTS,
            "a report costs what records take, and a false charge the bond"
        );
    }
}
