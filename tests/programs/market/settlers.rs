//! What settlers do, honest ones and one whose key is stolen, and who watches them.

use super::truth::{BatchTruth, ChallengeTruth, Fate, Permit};
use super::{Batch, Market, SETTLERS, STOLEN};
use heliograph_client::instruction::settlement;
use heliograph_client::pda;
use heliograph_settlement::state::{Challenge, liability_secs};
use solana_signer::Signer;

/// Batches that anybody still looks at.
const RECENT: usize = 20;

impl Market {
    pub fn post(&mut self) -> bool {
        let settler = self.random.index(SETTLERS);
        self.world.pass(60);
        let mut items = Vec::new();
        let mut total = 0;
        for index in self.live() {
            let state = self.session(index);
            let (now, settled) = (self.world.now(), state.totals.settled_micro_usdc);
            let party = self.sessions[index].party;
            let amount = 1 + self.random.below(state.cap_micro_usdc);
            if settler == STOLEN {
                // Anything goes, caps and grace times included; the program draws the line.
                let amount = amount + self.random.below(2);
                total += amount.saturating_sub(settled);
                items.push(self.world.forged_leaf(&party, amount));
                continue;
            }
            // An honest settler can always answer: the account outlives every challenge.
            let answer = self.params.dispute_secs + self.params.challenge_response_secs;
            let answerable = now + i64::from(answer) <= state.closable_at;
            if amount > settled && answerable && self.random.below(4) > 0 {
                let voucher = self.sign(index, amount);
                total += amount - settled;
                items.push(self.world.leaf(&party, &voucher));
            }
        }
        if items.is_empty() {
            return false;
        }
        let posted_at = self.world.now();
        let minute = self.world.minute();
        let most = self.params.batch_total_max_micro_usdc;
        let total_micro_usdc = if self.random.one_in(12) { most + 1 } else { total.clamp(1, most) };
        let batch = Batch { total_micro_usdc, ..Batch::new(minute, items) };
        let party = &self.settlers[settler];
        let post = self.world.post_instruction(party, &batch);
        let key = party.keeper_key.insecure_clone();
        let posted = self.send(&[post], &[&key]);
        if posted {
            let stake = self.stake_of(settler);
            let (book, _) = self.world.book(&self.settlers[settler]);
            assert!(book.exposure_micro_usdc <= stake, "the bond covers all that is exposed");
            let params = self.params;
            let (dispute, response) = (params.dispute_secs, params.challenge_response_secs);
            self.batches.push(BatchTruth {
                settler,
                batch,
                posted_at,
                window_secs: params.challenge_window_secs.into(),
                dispute_secs: dispute.into(),
                liability_secs: liability_secs(dispute, response),
                paid: 0,
            });
        }
        posted
    }

    /// One of the last batches: mostly one that fits what is to be done, if there is one.
    fn any_batch(&mut self, fits: fn(&BatchTruth, i64) -> bool) -> Option<usize> {
        let now = self.world.now();
        let recent = self.batches.len().saturating_sub(RECENT)..self.batches.len();
        let fitting: Vec<usize> = recent.clone().filter(|&i| fits(&self.batches[i], now)).collect();
        let all: Vec<usize> = recent.collect();
        let among = if fitting.is_empty() || self.random.one_in(5) { all } else { fitting };
        (!among.is_empty()).then(|| among[self.random.index(among.len())])
    }

    fn number_of(&self, session: &[u8; 32]) -> usize {
        let found = self.sessions.iter().position(|s| s.party.address.to_bytes() == *session);
        found.expect("leaves are of known sessions")
    }

    /// Claims leaves that follow each other on one channel, by whoever comes.
    pub fn claim(&mut self) -> bool {
        let window_over = |batch: &BatchTruth, now| now > batch.posted_at + batch.window_secs;
        let Some(index) = self.any_batch(window_over) else { return false };
        let truth = &self.batches[index];
        let first = self.random.index(truth.batch.leaves.len());
        let numbers: Vec<usize> =
            truth.batch.leaves.iter().map(|leaf| self.number_of(&leaf.session)).collect();
        let channel = |number: usize| self.sessions[number].party.channel;
        let follow = |i: &usize| {
            !self.sessions[numbers[*i]].closed && channel(numbers[*i]) == channel(numbers[first])
        };
        let range = first..first + (first..numbers.len()).take_while(follow).count();
        if range.is_empty() {
            return false;
        }
        let settler = &self.settlers[truth.settler];
        let claim = self.world.claim_instruction(settler, &truth.batch, range.clone());
        let leaves =
            range.map(|i| (numbers[i], truth.batch.leaves[i].cumulative_micro_usdc)).collect();
        self.permit = Permit::Leaves { batch: index, leaves };
        self.send(&[claim], &[])
    }

    pub fn challenge(&mut self) -> bool {
        let disputable = |batch: &BatchTruth, now| now <= batch.posted_at + batch.dispute_secs;
        // A leaf is found before it is paid, or when the money is gone.
        let robbed = |batch: &BatchTruth, now| {
            let due = now <= batch.posted_at + batch.dispute_secs;
            due && batch.settler == STOLEN && batch.paid > 0
        };
        let now = self.world.now();
        let late = self.batches.iter().rposition(|batch| robbed(batch, now));
        let found = match self.random.below(4) {
            0 => self.any_batch(disputable),
            _ => late,
        };
        let Some(batch) = found else { return false };
        let truth = &self.batches[batch];
        // Mostly a leaf that somebody has made up, as a watcher would.
        if truth.settler != STOLEN && self.random.one_in(2) {
            return false;
        }
        let settler = truth.settler;
        let index = self.random.index(truth.batch.leaves.len() + 1).min(truth.batch.leaves.len());
        let watcher = self.watcher.insecure_clone();
        let bond = self.params.challenge_bond_micro_usdc;
        let minute = truth.batch.minute_index;
        let open = self.world.challenge_instruction(
            &watcher.pubkey(),
            &self.settlers[settler],
            minute,
            index,
        );
        let opened = self.send(&[open], &[&watcher]);
        if opened {
            let fate = Fate::Open;
            self.challenges.push(ChallengeTruth { settler, batch, index, bond, fate });
        }
        opened
    }

    pub fn any_challenge(&mut self, fits: fn(Fate) -> bool) -> Option<usize> {
        let fitting: Vec<usize> =
            (0..self.challenges.len()).filter(|&i| fits(self.challenges[i].fate)).collect();
        (!fitting.is_empty()).then(|| fitting[self.random.index(fitting.len())])
    }

    pub fn challenge_address(&self, number: usize) -> solana_pubkey::Pubkey {
        let challenge = &self.challenges[number];
        let minute = self.batches[challenge.batch].batch.minute_index;
        pda::challenge(&self.settlers[challenge.settler].book(), minute, challenge.index as u32)
    }

    /// Answers a challenge; what nobody has signed is answered with another voucher of the session.
    pub fn answer(&mut self) -> bool {
        let Some(any) = self.any_challenge(|fate| fate == Fate::Open) else { return false };
        let can = |challenge: &ChallengeTruth| {
            let honest = self.batches[challenge.batch].batch.vouchers[challenge.index].is_some();
            challenge.fate == Fate::Open && honest
        };
        // Mostly one that can be answered, if there is one.
        let answerable = self.challenges.iter().position(can);
        let number = answerable.filter(|_| !self.random.one_in(5)).unwrap_or(any);
        let challenge = &self.challenges[number];
        let (settler, index, bond) = (challenge.settler, challenge.index, challenge.bond);
        let mut batch = self.batches[challenge.batch].batch.clone();
        let session = self.number_of(&batch.leaves[index].session);
        let honest = batch.vouchers[index].is_some();
        if !honest {
            let amount = batch.leaves[index].cumulative_micro_usdc;
            batch.vouchers[index] = Some(self.sign(session, amount));
        }
        let instructions = self.world.answer_instructions(&self.settlers[settler], &batch, index);
        if honest {
            assert!(!self.sessions[session].closed, "the session stays for the answer");
            self.must(&instructions, &[]);
            self.challenges[number].fate = Fate::Answered;
            self.earned.settlers[settler] += bond;
            return true;
        }
        let answered = self.send(&instructions, &[]);
        assert!(!answered, "no other voucher than the leaf's is an answer");
        false
    }

    pub fn fail(&mut self) -> bool {
        let Some(number) = self.any_challenge(|fate| fate == Fate::Open) else { return false };
        let address = self.challenge_address(number);
        if self.random.one_in(2) {
            self.world.pass(self.params.challenge_response_secs);
        }
        let due = self.world.now() > self.world.read::<Challenge>(&address).deadline;
        let fail = self.world.fail_instruction(&address);
        if !due {
            let failed = self.send(&[fail], &[]);
            assert!(!failed, "the settler has time left");
            return false;
        }
        self.must(&[fail], &[]);
        self.challenges[number].fate = Fate::Failed { at: self.world.now() };
        // Who has waited for this is quick with the case.
        if !self.random.one_in(3) {
            self.open_challenge_case();
        }
        true
    }

    pub fn close_challenge(&mut self) -> bool {
        let failed = |fate| matches!(fate, Fate::Failed { .. });
        let Some(number) = self.any_challenge(failed) else { return false };
        let close = self.world.close_challenge_instruction(&self.challenge_address(number));
        let closed = self.send(&[close], &[]);
        if let (true, Fate::Failed { at }) = (closed, self.challenges[number].fate) {
            self.challenges[number].fate = Fate::Closed { at };
        }
        closed
    }

    pub fn release(&mut self) -> bool {
        let settler = self.random.index(SETTLERS);
        let release = settlement::release(self.settlers[settler].book());
        self.send(&[release], &[])
    }
}
