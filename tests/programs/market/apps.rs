//! What apps and nodes do: escrows, sessions, vouchers.

use super::truth::{Permit, SessionTruth};
use super::{Market, OTHER, SHORT};
use heliograph_client::instruction::settlement;
use heliograph_client::pda;
use heliograph_protocol::evidence::Signed;
use heliograph_settlement::OpenSessionArgs;
use heliograph_settlement::state::{Escrow, Session};
use heliograph_tests::vouchers::signed;
use heliograph_tests::world::USDC;
use solana_signer::Signer;

/// Sessions whose accounts exist at one time, at most.
const SESSIONS_MAX: usize = 14;

impl Market {
    pub fn note(&mut self, text: &str) {
        if let Some(last) = self.history.last_mut() {
            last.push(' ');
            last.push_str(text);
        }
    }

    /// Sessions whose accounts exist.
    pub fn live(&self) -> Vec<usize> {
        (0..self.sessions.len()).filter(|&i| !self.sessions[i].closed).collect()
    }

    /// One of them.
    pub fn any_live(&mut self) -> Option<usize> {
        let live = self.live();
        (!live.is_empty()).then(|| live[self.random.index(live.len())])
    }

    pub fn session(&self, index: usize) -> Session {
        self.world.read(&self.sessions[index].party.address)
    }

    /// A voucher of the session's app, which has signed for the amount by that.
    pub fn sign(&mut self, index: usize, amount: u64) -> Signed {
        let session = &mut self.sessions[index];
        session.signed = session.signed.max(amount);
        signed(&session.party.voucher(amount), &self.apps[session.app].voucher_signer)
    }

    pub fn deposit(&mut self) -> bool {
        let app = self.random.index(self.apps.len());
        let amount = self.random.below(6 * USDC);
        let deposit = self.world.deposit_instruction(&self.apps[app], amount);
        let authority = self.apps[app].authority.insecure_clone();
        self.send(&[deposit], &[&authority])
    }

    /// Gives notice of a withdrawal, or carries one out.
    pub fn withdrawal(&mut self) -> bool {
        let app = self.random.index(self.apps.len());
        let authority = self.apps[app].authority.insecure_clone();
        let escrow: Escrow = self.world.read(&self.apps[app].escrow());
        let instruction = if escrow.pending_withdrawal_micro_usdc == 0 {
            let amount = self.random.below(2 * USDC);
            settlement::request_withdrawal(authority.pubkey(), self.apps[app].address, amount)
        } else {
            self.world.withdraw_instruction(&self.apps[app])
        };
        self.send(&[instruction], &[&authority])
    }

    pub fn open_session(&mut self) -> bool {
        if self.live().len() >= SESSIONS_MAX {
            return self.let_time_pass();
        }
        let number = self.random.index(self.channels.len());
        let (app, node, channel) = self.channels[number];
        let asked = self.params.channel_bond_min_micro_usdc;
        if self.bonds[number] < asked && !self.random.one_in(4) {
            self.put_behind(number, asked - self.bonds[number]);
        }
        let cap = 1 + self.random.below(4 * USDC);
        let secs = 300 + self.random.below(u64::from(self.params.session_secs_max) - 300);
        let expires_at = self.world.now() + secs as i64;
        let args = OpenSessionArgs { expires_at, ..self.world.session_args(cap) };
        let (party, open) = self.world.session_instruction(&self.apps[app], &channel, args);
        let authority = self.apps[app].authority.insecure_clone();
        let opened = self.send(&[open], &[&authority]);
        assert!(!opened || self.bonds[number] >= asked, "a session is opened on a bond");
        if opened {
            self.sessions.push(SessionTruth {
                party,
                app,
                node,
                signed: 0,
                settled: 0,
                disputable: Vec::new(),
                restored: false,
                closed: false,
            });
        }
        opened
    }

    pub fn end_session(&mut self) -> bool {
        let Some(index) = self.any_live() else { return false };
        let session = &self.sessions[index];
        let app = &self.apps[session.app];
        let authority = app.authority.insecure_clone();
        let end = settlement::end_session(authority.pubkey(), app.address, session.party.address);
        self.send(&[end], &[&authority])
    }

    pub fn close_session(&mut self) -> bool {
        let live = self.live();
        let now = self.world.now();
        // Most often one whose time has come.
        let due: Vec<usize> =
            live.iter().copied().filter(|&i| self.session(i).closable_at < now).collect();
        let from = if due.is_empty() { live } else { due };
        if from.is_empty() {
            return false;
        }
        let index = from[self.random.index(from.len())];
        let (app, party) = (self.sessions[index].app, self.sessions[index].party);
        let close = self.world.close_session_instruction(&self.apps[app], &party);
        let before = self.session(index);
        let closed = self.send(&[close], &[]);
        if closed {
            self.may_be_forgotten(index, &before);
            self.sessions[index].closed = true;
        }
        closed
    }

    pub fn redeem(&mut self) -> bool {
        let Some(index) = self.any_live() else { return false };
        let state = self.session(index);
        let (settled, cap) = (state.totals.settled_micro_usdc, state.cap_micro_usdc);
        let amount = match self.random.below(8) {
            0 => settled,
            1 => cap.saturating_add(1),
            2 => self.random.below(cap) + 1,
            _ => settled + self.random.below((cap - settled).max(1)) + 1,
        };
        let voucher = self.sign(index, amount);
        let party = self.sessions[index].party;
        let instructions = self.world.redeem_instructions(&party, &voucher);
        let available = self.available(self.sessions[index].app);
        let owed = amount > settled && amount <= cap;
        let backed = available + self.bonds[self.channel_number(&party.channel)] > 0;
        self.permit = Permit::Voucher { session: index, amount };
        // A node is paid whatever settlers, challengers and the authority do.
        if owed && backed && self.world.now() <= state.redeemable_until {
            self.must(&instructions, &[]);
            let paid = self.session(index).totals.settled_micro_usdc - settled;
            self.note_redeem(&party.channel, amount - settled, available, paid);
            true
        } else {
            let paid = self.send(&instructions, &[]);
            assert!(!paid, "nothing was owed, or it was too late");
            false
        }
    }

    pub fn prove(&mut self) -> bool {
        let Some(index) = self.any_live() else { return false };
        let state = self.session(index);
        let amount = 1 + self.random.below(state.cap_micro_usdc);
        let voucher = self.sign(index, amount);
        let party = self.sessions[index].party;
        let instructions = self.world.prove_instructions(&party, &voucher);
        if amount > state.proven_micro_usdc {
            self.must(&instructions, &[])
        } else {
            self.send(&instructions, &[])
        }
    }

    /// Announces the other parameters, or puts the announced ones in force.
    pub fn change_params(&mut self) -> bool {
        if self.world.account(&pda::params_change()).is_none() {
            let next = if self.params == SHORT { OTHER } else { SHORT };
            self.world.propose_params(next);
            return true;
        }
        let apply = self.world.apply_params_instruction();
        let applied = self.send(&[apply], &[]);
        if applied {
            self.params = if self.params == SHORT { OTHER } else { SHORT };
        }
        applied
    }
}
