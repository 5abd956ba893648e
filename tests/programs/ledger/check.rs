//! What holds after every operation.

use super::model::{ChannelModel, SessionModel};
use super::{Play, SHORT};
use heliograph_registry::state::{App, Node};
use heliograph_settlement::state::{Channel, Escrow, Session, Totals};
use heliograph_staking::state::Position;
use solana_signer::Signer;

fn totals(amount: u64) -> Totals {
    Totals { settled_micro_usdc: amount, paid_micro_usdc: amount }
}

impl Play {
    /// Asserts every invariant, and that the accounts hold what the model says.
    pub fn check(&mut self, step: usize, name: &str) {
        let at = format!("after step {step}, {name}");
        for app in 0..self.apps.len() {
            self.check_escrow(app, &at);
        }
        for node in 0..self.nodes.len() {
            self.check_node(node, &at);
        }
        for (index, channel) in self.model.channels.iter().enumerate() {
            self.check_channel(index, channel, &at);
        }
        for session in &self.model.sessions {
            self.check_session(session, &at);
        }
        let treasury: u64 = self.model.sessions.iter().map(|s| s.settled - s.operator_part()).sum();
        assert_eq!(self.world.tokens(&self.world.treasury), treasury, "treasury {at}");
        let (payment, stake) = (self.world.payment_mint, self.world.stake_mint);
        for (mint, supply) in
            [(payment, self.model.payment_supply), (stake, self.model.stake_supply)]
        {
            let sum: u64 = self.world.token_accounts_of(&mint).iter().map(|held| held.1).sum();
            assert_eq!(sum, supply, "tokens in all accounts {at}");
            assert_eq!(self.world.supply(&mint), supply, "supply {at}");
        }
    }

    fn check_escrow(&self, index: usize, at: &str) {
        let (party, model) = (&self.apps[index], &self.model.apps[index]);
        let escrow: Escrow = self.world.read(&party.escrow());
        let (deposited, withdrawn) = (escrow.deposited_micro_usdc, escrow.withdrawn_micro_usdc);
        let Totals { settled_micro_usdc: settled, paid_micro_usdc: paid } = escrow.totals;
        assert!(paid <= settled, "paid is settled {at}");
        assert!(settled <= deposited - withdrawn, "settled is backed {at}");
        let vault = self.world.tokens(&party.vault());
        assert!(vault >= deposited - withdrawn - paid, "the vault holds what it must {at}");
        assert_eq!(vault, model.deposited - model.withdrawn - model.settled, "vault {at}");
        assert_eq!((deposited, withdrawn), (model.deposited, model.withdrawn), "escrow {at}");
        assert_eq!(escrow.totals, totals(model.settled), "escrow totals {at}");
        let notice = model.notice.unwrap_or_default();
        let pending = (escrow.pending_withdrawal_micro_usdc, escrow.withdrawal_available_at);
        assert_eq!(pending, notice, "notice {at}");
        assert_eq!(escrow.next_incarnation, model.next_incarnation, "incarnations {at}");
        assert_eq!(self.world.tokens(&party.wallet), model.wallet, "wallet {at}");
        let of_sessions: u64 =
            self.model.sessions.iter().filter(|s| s.app == index).map(|s| s.settled).sum();
        assert_eq!(settled, of_sessions, "an escrow is the sum of its sessions {at}");
        let app: App = self.world.read(&party.address);
        let signer = Self::voucher_signer(index, model.signer).pubkey();
        assert_eq!(app.voucher_signer, signer, "signer {at}");
    }

    fn check_node(&self, index: usize, at: &str) {
        let (party, model) = (&self.nodes[index], &self.model.nodes[index]);
        let (node, position): (Node, Position) =
            (self.world.read(&party.address), self.world.read(&party.position()));
        assert_eq!(node.stake, position.bonded, "the registry knows the stake {at}");
        assert_eq!(position.bonded, model.bonded, "bonded {at}");
        assert_eq!(node.status, model.status, "status {at}");
        let mut slots: Vec<(u64, i64)> = position
            .unbonding
            .iter()
            .filter(|slot| slot.amount > 0)
            .map(|slot| (slot.amount, slot.available_at))
            .collect();
        let mut expected = model.unbonding.clone();
        slots.sort_unstable();
        expected.sort_unstable();
        assert_eq!(slots, expected, "unbonding {at}");
        let unbonding: u64 = slots.iter().map(|slot| slot.0).sum();
        let vault = self.world.tokens(&party.stake_vault());
        assert_eq!(vault, position.bonded + unbonding, "stake vault {at}");
        assert_eq!(self.world.tokens(&party.stake_wallet), model.stake_wallet, "{at}");
        let earned: u64 = self
            .model
            .sessions
            .iter()
            .filter(|session| session.node == index)
            .map(SessionModel::operator_part)
            .sum();
        assert_eq!(self.world.tokens(&party.payout), earned, "payout {at}");
    }

    fn check_channel(&self, index: usize, model: &ChannelModel, at: &str) {
        if model.closed {
            return self.world.is_gone(&model.address);
        }
        let channel: Channel = self.world.read(&model.address);
        let sum: u64 = self
            .model
            .sessions
            .iter()
            .filter(|session| session.channel == index)
            .map(|session| session.settled)
            .sum();
        assert_eq!(channel.totals, totals(sum), "a channel is the sum of its sessions {at}");
        assert_eq!(channel.sessions_open as usize, self.model.open_sessions(index), "{at}");
        assert_eq!(channel.next_ordinal, model.next_ordinal, "ordinals {at}");
        assert_eq!(channel.app, self.apps[model.app].address, "{at}");
        assert_eq!(channel.node, self.nodes[model.node].address, "{at}");
    }

    fn check_session(&self, model: &SessionModel, at: &str) {
        if model.closed {
            return self.world.is_gone(&model.party.address);
        }
        let session: Session = self.world.read(&model.party.address);
        assert!(session.totals.settled_micro_usdc <= session.cap_micro_usdc, "capped {at}");
        assert_eq!(session.totals, totals(model.settled), "session totals {at}");
        assert_eq!(session.cap_micro_usdc, model.cap, "cap {at}");
        let times = (session.expires_at, session.redeemable_until);
        assert_eq!(times, (model.expires_at, model.redeemable_until), "times {at}");
        assert_eq!(session.operator_bps, SHORT.operator_bps, "share {at}");
        let signer = Self::voucher_signer(model.app, model.signer).pubkey();
        assert_eq!(session.voucher_signer, signer, "a session keeps its signer {at}");
    }
}
