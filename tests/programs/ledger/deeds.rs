//! The operations, ordinary and thievish.

use super::model::{ChannelModel, SessionModel};
use super::{APPS, NODES, Play, SHORT};
use anchor_lang::error::ErrorCode;
use heliograph_client::instruction::{registry, settlement, staking};
use heliograph_registry::state::NodeStatus;
use heliograph_settlement::OpenSessionArgs;
use heliograph_settlement::error::SettlementError;
use heliograph_staking::error::StakingError;
use heliograph_tests::key;
use heliograph_tests::reason::in_settlement;
use heliograph_tests::vouchers::signed;
use heliograph_tests::world::{STAKE_MIN, USDC};
use solana_signer::Signer;

/// Sessions whose accounts exist at one time, at most.
const SESSIONS_MAX: usize = 16;

impl Play {
    /// One random operation: its name, and whether it succeeded.
    pub fn step(&mut self) -> (&'static str, bool) {
        let (app, node) = (self.random.index(APPS), self.random.index(NODES));
        match self.random.below(100) {
            0..8 => ("deposit", self.deposit(app)),
            8..12 => ("request withdrawal", self.request(app)),
            12..14 => ("cancel withdrawal", self.cancel(app)),
            14..18 => ("withdraw", self.withdraw(app)),
            18..22 => ("open channel", self.open_channel(app, node)),
            22..34 => self.with_channel("open session", Self::open_session),
            34..36 => self.with_channel("close channel", Self::close_channel),
            36..60 => self.with_session("redeem", Self::redeem),
            60..64 => self.with_session("end session", Self::end_session),
            64..70 => self.with_session("close session", Self::close_session),
            70..72 => ("rotate signer", self.rotate(app)),
            72..76 => ("stake", self.stake(node)),
            76..80 => ("unbond", self.unbond(node)),
            80..83 => ("withdraw stake", self.withdraw_stake(node)),
            83..88 => ("set status", self.set_status(node)),
            88..91 => ("let time pass", self.let_time_pass()),
            91..95 => self.with_session("redeem", Self::redeem),
            95 => ("steal escrow", self.steal_escrow(app)),
            96 => ("steal stake", self.steal_stake(node)),
            97 => self.with_session("steal payout", Self::steal_payout),
            98 => self.with_session("steal voucher", Self::steal_voucher),
            _ => ("steal deposit", self.steal_deposit(app)),
        }
    }

    fn with_channel(
        &mut self,
        name: &'static str,
        deed: fn(&mut Self, usize) -> bool,
    ) -> (&'static str, bool) {
        let open: Vec<usize> =
            (0..self.model.channels.len()).filter(|&i| !self.model.channels[i].closed).collect();
        match open.len() {
            0 => ("let time pass", self.let_time_pass()),
            len => {
                let pick = open[self.random.index(len)];
                (name, deed(self, pick))
            }
        }
    }

    fn with_session(
        &mut self,
        name: &'static str,
        deed: fn(&mut Self, usize) -> bool,
    ) -> (&'static str, bool) {
        let open: Vec<usize> =
            (0..self.model.sessions.len()).filter(|&i| !self.model.sessions[i].closed).collect();
        match open.len() {
            0 => ("let time pass", self.let_time_pass()),
            len => {
                let pick = open[self.random.index(len)];
                (name, deed(self, pick))
            }
        }
    }

    fn deposit(&mut self, app: usize) -> bool {
        let amount = self.amount(3 * USDC);
        let verdict = self.model.apps[app].deposit(amount);
        let deposit = self.world.deposit_instruction(&self.apps[app], amount);
        let authority = self.apps[app].authority.insecure_clone();
        self.comes_to(&[deposit], &[&authority], verdict)
    }

    fn request(&mut self, app: usize) -> bool {
        let amount = self.amount(2 * USDC);
        let verdict = self.model.apps[app].request(amount, self.world.now());
        let authority = self.apps[app].authority.insecure_clone();
        let address = self.apps[app].address;
        let request = settlement::request_withdrawal(authority.pubkey(), address, amount);
        self.comes_to(&[request], &[&authority], verdict)
    }

    fn cancel(&mut self, app: usize) -> bool {
        let verdict = self.model.apps[app].cancel();
        let authority = self.apps[app].authority.insecure_clone();
        let cancel = settlement::cancel_withdrawal(authority.pubkey(), self.apps[app].address);
        self.comes_to(&[cancel], &[&authority], verdict)
    }

    fn withdraw(&mut self, app: usize) -> bool {
        let verdict = self.model.apps[app].withdraw(self.world.now());
        let withdraw = self.world.withdraw_instruction(&self.apps[app]);
        let authority = self.apps[app].authority.insecure_clone();
        self.comes_to(&[withdraw], &[&authority], verdict)
    }

    fn open_channel(&mut self, app: usize, node: usize) -> bool {
        let (address, open) = self.world.channel_instruction(&self.apps[app], &self.nodes[node]);
        self.model.apps[app].next_incarnation += 1;
        self.model.channels.push(ChannelModel {
            address,
            app,
            node,
            next_ordinal: 0,
            closed: false,
        });
        let authority = self.apps[app].authority.insecure_clone();
        self.comes_to(&[open], &[&authority], Ok(()))
    }

    fn open_session(&mut self, channel: usize) -> bool {
        let live = self.model.sessions.iter().filter(|session| !session.closed).count();
        if live >= SESSIONS_MAX {
            return self.let_time_pass();
        }
        let (app, node) = (self.model.channels[channel].app, self.model.channels[channel].node);
        let now = self.world.now();
        let cap = self.amount(2 * USDC);
        let expires_at = match self.random.below(12) {
            0 => now,
            1 => now + i64::from(SHORT.session_secs_max) + 1,
            2 => i64::MIN,
            _ => now + 1 + self.random.below(SHORT.session_secs_max.into()) as i64,
        };
        let verdict = self.model.may_open_session(channel, cap, expires_at, now);
        let args = OpenSessionArgs { expires_at, ..self.world.session_args(cap) };
        let address = self.model.channels[channel].address;
        let (party, open) = self.world.session_instruction(&self.apps[app], &address, args);
        if verdict.is_ok() {
            self.model.channels[channel].next_ordinal += 1;
            self.model.sessions.push(SessionModel {
                party,
                channel,
                app,
                node,
                cap,
                settled: 0,
                expires_at,
                redeemable_until: expires_at + i64::from(SHORT.redeem_grace_secs),
                signer: self.model.apps[app].signer,
                closed: false,
            });
        }
        let authority = self.apps[app].authority.insecure_clone();
        self.comes_to(&[open], &[&authority], verdict)
    }

    fn close_channel(&mut self, channel: usize) -> bool {
        let verdict = self.model.close_channel(channel);
        let app = &self.apps[self.model.channels[channel].app];
        let authority = app.authority.insecure_clone();
        let address = self.model.channels[channel].address;
        let close = settlement::close_channel(authority.pubkey(), app.address, address);
        self.comes_to(&[close], &[&authority], verdict)
    }

    fn redeem(&mut self, index: usize) -> bool {
        let session = &self.model.sessions[index];
        let (app, party, settled, cap) = (session.app, session.party, session.settled, session.cap);
        let amount = match self.random.below(20) {
            0 => settled,
            1 => settled.saturating_sub(1 + self.random.below(1_000)),
            2 => cap,
            3 => cap.saturating_add(1),
            4 => u64::MAX,
            5..=9 => settled.saturating_add(1 + self.random.below(9)),
            _ => settled.saturating_add(1 + self.random.below((cap - settled).min(USDC) / 2 + 1)),
        };
        let signer = match self.random.one_in(12) {
            true => self.model.apps[app].signer,
            false => self.model.sessions[index].signer,
        };
        let verdict = self.model.redeem(index, signer, amount, self.world.now());
        let voucher = signed(&party.voucher(amount), &Self::voucher_signer(app, signer));
        let instructions = self.world.redeem_instructions(&party, &voucher);
        self.comes_to(&instructions, &[], verdict)
    }

    fn end_session(&mut self, index: usize) -> bool {
        let verdict = self.model.end(index, self.world.now());
        let session = &self.model.sessions[index];
        let app = &self.apps[session.app];
        let authority = app.authority.insecure_clone();
        let end = settlement::end_session(authority.pubkey(), app.address, session.party.address);
        self.comes_to(&[end], &[&authority], verdict)
    }

    fn close_session(&mut self, index: usize) -> bool {
        let verdict = self.model.close(index, self.world.now());
        let session = &self.model.sessions[index];
        let close = self.world.close_session_instruction(&self.apps[session.app], &session.party);
        let closed = self.comes_to(&[close], &[], verdict);
        if closed {
            // Whatever is brought to the address from now on meets no account.
            let party = self.model.sessions[index].party;
            self.world.is_gone(&party.address);
        }
        closed
    }

    fn rotate(&mut self, app: usize) -> bool {
        self.model.apps[app].signer += 1;
        let signer = Self::voucher_signer(app, self.model.apps[app].signer);
        let mut policy = self.world.policy(&signer);
        policy.voucher_signer_expires_at = i64::MAX;
        let authority = self.apps[app].authority.insecure_clone();
        let update = registry::update_app(authority.pubkey(), self.apps[app].address, policy);
        self.comes_to(&[update], &[&authority], Ok(()))
    }

    fn stake(&mut self, node: usize) -> bool {
        let amount = self.amount(STAKE_MIN / 2);
        let verdict = self.model.nodes[node].deposit(amount);
        let deposit = self.world.stake_instruction(&self.nodes[node], amount);
        let operator = self.nodes[node].operator.insecure_clone();
        self.comes_to(&[deposit], &[&operator], verdict)
    }

    fn unbond(&mut self, node: usize) -> bool {
        let amount = self.amount(STAKE_MIN / 4);
        let verdict = self.model.nodes[node].unbond(amount, self.world.now());
        let operator = self.nodes[node].operator.insecure_clone();
        let unbond = staking::unbond(operator.pubkey(), self.nodes[node].address, amount);
        self.comes_to(&[unbond], &[&operator], verdict)
    }

    fn withdraw_stake(&mut self, node: usize) -> bool {
        let verdict = self.model.nodes[node].withdraw(self.world.now());
        let withdraw = self.world.unstake_instruction(&self.nodes[node]);
        let operator = self.nodes[node].operator.insecure_clone();
        self.comes_to(&[withdraw], &[&operator], verdict)
    }

    fn set_status(&mut self, node: usize) -> bool {
        // Mostly back to work; never out for good, or the run would end with nobody serving.
        let next = match self.random.below(12) {
            0 => NodeStatus::Pending,
            1 => NodeStatus::Jailed,
            2 => NodeStatus::Draining,
            _ => NodeStatus::Active,
        };
        let verdict = self.model.nodes[node].set_status(next);
        let operator = self.nodes[node].operator.insecure_clone();
        let set = registry::set_node_status(operator.pubkey(), self.nodes[node].address, next);
        self.comes_to(&[set], &[&operator], verdict)
    }

    fn let_time_pass(&mut self) -> bool {
        let most = match self.random.below(10) {
            0 => 4_000,
            _ => 120,
        };
        let secs = self.random.below(most) as u32;
        self.world.pass(secs);
        true
    }

    /// Another app's authority carries out the withdrawal, with the escrow it wants.
    fn steal_escrow(&mut self, app: usize) -> bool {
        let thief = &self.apps[(app + 1) % APPS];
        let authority = thief.authority.insecure_clone();
        let mut withdraw = self.world.withdraw_instruction(thief);
        let victim = &self.apps[app];
        withdraw.accounts[2].pubkey = victim.escrow();
        withdraw.accounts[3].pubkey = victim.vault();
        self.comes_to(&[withdraw], &[&authority], Err(SettlementError::OtherApp.into()))
    }

    /// Another operator withdraws the stake.
    fn steal_stake(&mut self, node: usize) -> bool {
        let thief = &self.nodes[(node + 1) % NODES];
        let operator = thief.operator.insecure_clone();
        let mut withdraw = self.world.unstake_instruction(&self.nodes[node]);
        withdraw.accounts[0].pubkey = operator.pubkey();
        withdraw.accounts[4].pubkey = thief.stake_wallet;
        self.comes_to(&[withdraw], &[&operator], Err(StakingError::NotOwner.into()))
    }

    /// Another node brings a good voucher with its own payout.
    fn steal_payout(&mut self, index: usize) -> bool {
        let session = &self.model.sessions[index];
        let (app, signer, amount) = (session.app, session.signer, session.settled + 1);
        let thief = self.nodes[(session.node + 1) % NODES].payout;
        let voucher = signed(&session.party.voucher(amount), &Self::voucher_signer(app, signer));
        let mut instructions = self.world.redeem_instructions(&session.party, &voucher);
        instructions[1].accounts[6].pubkey = thief;
        self.comes_to(&instructions, &[], Err(SettlementError::OtherPayee.into()))
    }

    /// A stranger signs a voucher of its own.
    fn steal_voucher(&mut self, index: usize) -> bool {
        let session = &self.model.sessions[index];
        let voucher = signed(&session.party.voucher(session.cap), &key("thief"));
        let instructions = self.world.redeem_instructions(&session.party, &voucher);
        let why = SettlementError::OtherVoucherSigner;
        self.comes_to(&instructions, &[], Err(why.into()))
    }

    /// Another app deposits into the victim's escrow and its own vault, to be credited twice.
    fn steal_deposit(&mut self, app: usize) -> bool {
        let thief = &self.apps[(app + 1) % APPS];
        let authority = thief.authority.insecure_clone();
        let mut deposit = self.world.deposit_instruction(thief, 1);
        deposit.accounts[2].pubkey = self.apps[app].vault();
        let why = in_settlement(ErrorCode::ConstraintSeeds);
        self.comes_to(&[deposit], &[&authority], Err(why))
    }
}
