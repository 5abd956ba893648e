//! Cases against settlers, nodes and observers: who opens them, what they restore and cost, and who is paid.

use super::truth::{CaseTruth, Double, Fate};
use super::{Market, NODES};
use heliograph_client::pda;
use heliograph_protocol::case::{Parts, divide};
use heliograph_settlement::state::{Challenge, to_rules};
use heliograph_slashing::state::{Case, CaseKind, CaseStatus};
use heliograph_staking::state::Position;
use heliograph_tests::cases::sign;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Pairs of receipts that anybody still looks at.
const RECENT: usize = 6;

impl Market {
    /// Whoever reports this time: the watcher, who cannot take stake, or somebody who can.
    pub fn any_reporter(&mut self) -> Keypair {
        let reporter = if self.random.one_in(3) { &self.watcher } else { &self.reporter };
        reporter.insecure_clone()
    }

    /// Whether the case of a deed must be refused: one is open, or an earlier verdict covers it.
    pub fn is_barred(&self, subject: &Pubkey, kind: CaseKind, done_at: i64) -> bool {
        let under_way = self.cases.iter().any(|case| {
            case.subject == *subject && case.kind == kind && case.status == CaseStatus::Open
        });
        under_way || done_at <= self.punished_until(subject, kind)
    }

    /// What was done until then is punished.
    pub fn punished_until(&self, subject: &Pubkey, kind: CaseKind) -> i64 {
        self.punished.get(&(*subject, kind as u8)).copied().unwrap_or(0)
    }

    /// Opens a case, which must work exactly when `possible`.
    pub fn open_case(
        &mut self,
        instructions: &[Instruction],
        reporter: &Keypair,
        possible: bool,
    ) -> bool {
        let accounts = &instructions.last().expect("an instruction").accounts;
        let (subject, address) = (accounts[2].pubkey, accounts[5].pubkey);
        let before: Position = self.world.read(&pda::position(&subject));
        if !possible {
            assert!(!self.send(instructions, &[reporter]), "nobody is tried for this");
            return false;
        }
        self.must(instructions, &[reporter]);
        let (case, after): (Case, Position) =
            (self.world.read(&address), self.world.read(&pda::position(&subject)));
        let wanted = match case.kind {
            CaseKind::UnansweredChallenge => before.total(),
            _ => case.penalty,
        };
        let free = before.total() - before.held_total();
        assert_eq!(case.held, wanted.min(free), "what can be held is");
        assert_eq!(after.total(), before.total(), "a case alone costs nothing");
        self.cases.push(CaseTruth::new(address, &case));
        true
    }

    /// Opens the case of a challenge that has failed.
    pub fn open_challenge_case(&mut self) -> bool {
        let failed = |fate| matches!(fate, Fate::Failed { .. });
        let Some(any) = self.any_challenge(failed) else { return false };
        // Mostly the newest: what the others are about is punished, as a rule.
        let newest = self.challenges.iter().rposition(|challenge| failed(challenge.fate));
        let number = newest.filter(|_| !self.random.one_in(3)).unwrap_or(any);
        let address = self.challenge_address(number);
        let state: Challenge = self.world.read(&address);
        let reporter = self.any_reporter();
        let open = self.world.challenge_case_instruction(&reporter.pubkey(), &address);
        let truth = &self.batches[self.challenges[number].batch];
        let (settler, posted_at) = (state.keeper, truth.posted_at);
        let barred = self.is_barred(&settler, CaseKind::UnansweredChallenge, posted_at);
        let opened = self.open_case(&[open], &reporter, !barred);
        if opened {
            let case = self.cases.last().expect("the case");
            assert_eq!(case.rewarded, self.watcher.pubkey(), "who found the leaf is rewarded");
            let failed_at = self.challenges[number].fate.failed_at();
            assert_eq!(Some(case.punishes_until), failed_at, "what was posted until it failed");
        }
        opened
    }

    /// A node signs two receipts of one minute, which they date now, long ago or far ahead.
    pub fn equivocate(&mut self) -> bool {
        let Some(session) = self.any_live() else { return false };
        let node = self.sessions[session].node;
        let party = self.sessions[session].party;
        let minute_index = match self.random.below(4) {
            0 => self.world.minute().saturating_sub(self.random.below(60)),
            1 => self.world.minute() + self.random.below(60),
            2 => u64::MAX / (1 + self.random.below(60)),
            _ => self.world.minute(),
        };
        let sequence = self.random.below(3) as u32;
        let receipts = [1, 2].map(|amount| {
            let mut receipt = self.world.receipt(&party, sequence, amount);
            receipt.minute_index = minute_index;
            sign(&receipt, &self.nodes[node].node_key)
        });
        self.doubles.push(Double { session, receipts });
        true
    }

    /// Opens the case of a pair of receipts.
    pub fn open_equivocation_case(&mut self) -> bool {
        let recent = self.doubles.len().saturating_sub(RECENT)..self.doubles.len();
        let known: Vec<usize> =
            recent.filter(|&i| !self.sessions[self.doubles[i].session].closed).collect();
        if known.is_empty() {
            return false;
        }
        let double = &self.doubles[known[self.random.index(known.len())]];
        let (session, receipts) = (double.session, double.receipts.clone());
        let party = self.sessions[session].party;
        let reporter = self.any_reporter();
        let open = self.world.equivocation_instructions(&reporter.pubkey(), &party, &receipts);
        let node = self.nodes[self.sessions[session].node].address;
        let done_at = self.session(session).opened_at;
        let barred = self.is_barred(&node, CaseKind::Equivocation, done_at);
        self.open_case(&open, &reporter, !barred)
    }

    /// A case of these: mostly one that fits.
    fn any_case(&mut self, fits: impl Fn(&CaseTruth) -> bool) -> Option<usize> {
        let all: Vec<usize> = (0..self.cases.len()).filter(|&i| !self.cases[i].closed).collect();
        let fitting: Vec<usize> = all.iter().copied().filter(|&i| fits(&self.cases[i])).collect();
        let among = if fitting.is_empty() || self.random.one_in(8) { all } else { fitting };
        (!among.is_empty()).then(|| among[self.random.index(among.len())])
    }

    /// Sometimes waits until a case's time has come.
    fn wait_for(&mut self, at: i64) {
        let left = at - self.world.now();
        if left >= 0 && self.random.one_in(2) {
            self.world.pass(left + 1);
        }
    }

    /// Restores what is on record with a session, of a case against whom it is of.
    pub fn restore_claims(&mut self) -> bool {
        let of_settler = |case: &CaseTruth| {
            case.status == CaseStatus::Open && case.kind == CaseKind::UnansweredChallenge
        };
        let Some(number) = self.any_case(of_settler) else { return false };
        self.wait_for(self.cases[number].restorable_at);
        let case = self.cases[number].clone();
        let live = self.live();
        let on_record = |market: &Self, session| {
            let claims = to_rules(&market.session(session).claims);
            claims.disputable(&case.subject.to_bytes(), case.opened_at)
        };
        let robbed: Vec<usize> =
            live.iter().copied().filter(|&session| on_record(self, session) > 0).collect();
        let among = if robbed.is_empty() || self.random.one_in(8) { live } else { robbed };
        if among.is_empty() {
            return false;
        }
        let session = among[self.random.index(among.len())];
        let party = self.sessions[session].party;
        let restore = self.world.restore_claims_instruction(&case.address, &party);
        let owed = on_record(self, session);
        let amount = owed.min(case.held);
        let due = of_settler(&case) && self.world.now() > case.restorable_at;
        if !due || amount == 0 {
            assert!(!self.send(&[restore], &[]), "there is nothing to restore, or not yet");
            return false;
        }
        let vault = self.apps[self.sessions[session].app].vault();
        let (had, stake) = (self.world.tokens(&vault), self.stake_behind(&case.subject));
        self.must(&[restore], &[]);
        assert_eq!(self.world.tokens(&vault), had + amount, "the app has it back");
        assert_eq!(self.stake_behind(&case.subject), stake - amount, "out of the bond");
        let held = case.held - amount;
        assert!(on_record(self, session) == 0 || held == 0, "whole, as far as the bond goes");
        self.cases[number].held = held;
        self.sessions[session].restored = true;
        *self.restored.entry((session, case.subject)).or_default() += amount;
        true
    }

    fn stake_behind(&self, subject: &Pubkey) -> u64 {
        self.world.read::<Position>(&pda::position(subject)).total()
    }

    /// Carries one of the cases out.
    pub fn decide_case(&mut self) -> bool {
        let Some(number) = self.any_case(|case| case.status == CaseStatus::Open) else {
            return false;
        };
        if self.random.one_in(2) {
            self.wait_for(self.cases[number].decidable_at);
        }
        self.carry_out(number)
    }

    /// Carries this case out, if its time has come.
    pub fn carry_out(&mut self, number: usize) -> bool {
        let case = self.cases[number].clone();
        let now = self.world.now();
        let decide = self.world.decide_instruction(&case.address);
        if case.status != CaseStatus::Open || now < case.decidable_at {
            assert!(!self.send(&[decide], &[]), "decided once, and not too early");
            return false;
        }
        let stake = self.stake_behind(&case.subject);
        self.must(&[decide], &[]);
        let taken = case.penalty.min(case.held);
        assert_eq!(self.stake_behind(&case.subject), stake - taken, "the penalty, of what is held");
        self.pay_parts(&case, taken);
        let key = (case.subject, case.kind as u8);
        let boundary = match case.kind {
            CaseKind::UnansweredChallenge => case.punishes_until,
            CaseKind::Downtime => now + i64::from(self.params.jail_secs),
            CaseKind::Equivocation | CaseKind::ObserverFraud => now,
        };
        let before = self.punished.insert(key, boundary).unwrap_or(0);
        assert!(before < case.done_at, "no deed is punished twice");
        let read: Case = self.world.read(&case.address);
        let truth = &mut self.cases[number];
        (truth.status, truth.held, truth.kept_until) = (CaseStatus::Guilty, 0, read.kept_until);
        true
    }

    /// Notes who has what of a penalty. Who cannot take its part leaves it to the rest, which is
    /// burned, or the treasury's where the stake is what apps pay in.
    fn pay_parts(&mut self, case: &CaseTruth, taken: u64) {
        let victim = self.apps.iter().position(|app| app.authority.pubkey() == case.victim);
        let victim_bps = victim.map_or(0, |_| self.params.victim_bps);
        let Parts { reporter, victim: damages, mut rest } =
            divide(taken, self.params.reporter_bps, victim_bps).expect("shares within one whole");
        let in_stake = case.mint == self.world.stake_mint;
        let rewarded = &mut self.earned.rewarded;
        match rewarded.get_mut(&pda::token_account(&case.rewarded, &case.mint)) {
            Some(earned) => *earned += reporter,
            None => rest += reporter,
        }
        let account = pda::token_account(&case.victim, &case.mint);
        match self.earned.rewarded.get_mut(&account) {
            Some(earned) => *earned += damages,
            None => rest += damages,
        }
        if in_stake {
            self.earned.stake_supply -= rest;
        } else {
            self.earned.treasury += rest;
        }
    }

    /// Closes a case that nobody needs any more.
    pub fn close_case(&mut self) -> bool {
        let Some(number) = self.any_case(|case| case.status != CaseStatus::Open) else {
            return false;
        };
        let case = self.cases[number].clone();
        let close = self.world.close_case_instruction(&case.address);
        if case.status == CaseStatus::Open || self.world.now() < case.kept_until {
            assert!(!self.send(&[close], &[]), "the case is needed");
            return false;
        }
        self.cases[number].closed = true;
        self.must(&[close], &[])
    }

    /// Reports what nobody has done, or what is not to be reported in this way.
    pub fn report_falsely(&mut self) -> bool {
        let thief = self.thief.insecure_clone();
        let instructions = match self.random.below(4) {
            0 => self.case_of_open_challenge(&thief.pubkey()),
            1 => self.case_against_another(&thief.pubkey()),
            2 => self.case_of_honest_word(&thief.pubkey()),
            _ => self.case_of_no_contradiction(&thief.pubkey()),
        };
        let Some(instructions) = instructions else { return false };
        assert!(!self.send(&instructions, &[&thief]), "a thief had somebody tried");
        false
    }

    /// The case of a challenge that can still be answered.
    fn case_of_open_challenge(&mut self, thief: &Pubkey) -> Option<Vec<Instruction>> {
        let number = self.any_challenge(|fate| fate == Fate::Open)?;
        let address = self.challenge_address(number);
        Some(vec![self.world.challenge_case_instruction(thief, &address)])
    }

    /// The case of a failed challenge, or of a pair of receipts, against somebody else.
    fn case_against_another(&mut self, thief: &Pubkey) -> Option<Vec<Instruction>> {
        let number = self.any_challenge(|fate| matches!(fate, Fate::Failed { .. }))?;
        let address = self.challenge_address(number);
        let keeper = self.world.read::<Challenge>(&address).keeper;
        let other = self.settlers.iter().find(|settler| settler.address != keeper)?.address;
        let accused = self.world.accusation(thief, &other);
        let mut open = self.world.challenge_case_instruction(thief, &address);
        let case = pda::case(&other, accused.number);
        for (place, account) in
            [(2, other), (3, pda::position(&other)), (4, pda::record(&other)), (5, case)]
        {
            open.accounts[place].pubkey = account;
        }
        Some(vec![open])
    }

    /// A case of two receipts that do not contradict each other, or are not the node's.
    fn case_of_no_contradiction(&mut self, thief: &Pubkey) -> Option<Vec<Instruction>> {
        let session = self.any_live()?;
        let (node, party) = (self.sessions[session].node, self.sessions[session].party);
        let other = self.any_live()?;
        let of = |session, sequence, amount| self.world.receipt(session, sequence, amount);
        let [one, two] = match self.random.below(4) {
            0 => [of(&party, 1, 1), of(&party, 1, 1)],
            1 => [of(&party, 1, 1), of(&party, 2, 1)],
            2 if other != session => [of(&self.sessions[other].party, 1, 1), of(&party, 1, 2)],
            _ => {
                let pair = [1, 2].map(|amount| of(&party, 1, amount));
                let stranger = &self.nodes[(node + 1) % NODES].node_key;
                let pair = pair.map(|receipt| sign(&receipt, stranger));
                return Some(self.world.equivocation_instructions(thief, &party, &pair).to_vec());
            }
        };
        let pair = [one, two].map(|receipt| sign(&receipt, &self.nodes[node].node_key));
        Some(self.world.equivocation_instructions(thief, &party, &pair).to_vec())
    }
}
