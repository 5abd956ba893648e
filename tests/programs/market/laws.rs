//! What holds after every operation, whatever it was.

use super::truth::{Fate, Permit};
use super::{Market, NODES, SETTLERS};
use heliograph_client::pda;
use heliograph_registry::state::{Keeper, Node};
use heliograph_settlement::state::{Escrow, Session, to_rules};
use heliograph_staking::state::Position;
use heliograph_tests::delegators::DELEGATOR_WALLET;
use heliograph_tests::vm::WALLET_LAMPORTS;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// `⌊amount · bps / 10 000⌋`.
fn share(amount: u64, bps: u16) -> u64 {
    (u128::from(amount) * u128::from(bps) / 10_000) as u64
}

impl Market {
    /// Asserts every law.
    pub fn check(&mut self) {
        for index in self.live() {
            self.check_session(index);
        }
        self.check_escrows();
        self.check_bonds();
        self.check_payees();
        self.check_books();
        self.check_stakes();
        self.check_verdicts();
        for tokens in self.thief_tokens() {
            assert_eq!(self.world.tokens(&tokens), 0, "the thief has nothing");
        }
        let lamports = self.world.lamports(&self.thief.pubkey());
        assert!(lamports <= WALLET_LAMPORTS, "the thief has no rent of others");
        let (payment, stake) = (self.world.payment_mint, self.world.stake_mint);
        let supplies = [self.earned.payment_supply, self.earned.stake_supply];
        for (mint, supply) in [payment, stake].into_iter().zip(supplies) {
            let sum: u64 = self.world.token_accounts_of(&mint).iter().map(|held| held.1).sum();
            assert_eq!(sum, supply, "no token is made or lost");
            assert_eq!(self.world.supply(&mint), supply, "nor minted");
        }
    }

    /// What was paid was permitted, and everybody's part of it is known.
    fn check_session(&mut self, index: usize) {
        let state = self.session(index);
        let (before, after) = (self.sessions[index].settled, state.totals.settled_micro_usdc);
        assert_eq!(state.totals.paid_micro_usdc, after, "what is settled is paid");
        assert!(before <= after && after <= state.cap_micro_usdc, "it only grows, to the cap");
        let unproven = after.saturating_sub(state.proven_micro_usdc);
        let on_record: u64 = to_rules(&state.claims).0.iter().map(|claim| claim.micro_usdc()).sum();
        assert!(on_record <= unproven, "nothing proven is on record");
        assert!(state.proven_micro_usdc <= self.sessions[index].signed, "proven means signed");
        if after > before {
            self.check_payment(index, &state, after);
        }
    }

    fn check_payment(&mut self, index: usize, state: &Session, after: u64) {
        let before = self.sessions[index].settled;
        let amount = after - before;
        let operator = share(after, state.operator_bps) - share(before, state.operator_bps);
        let mut of_settler = 0;
        match self.permit.clone() {
            Permit::Nothing => panic!("a session was paid by something else"),
            Permit::Voucher { session, amount } => {
                assert_eq!(session, index, "the voucher's session");
                assert!(after <= amount && amount <= self.sessions[index].signed, "was signed");
            }
            Permit::Leaves { batch, leaves } => {
                let leaf = leaves.iter().find(|leaf| leaf.0 == index).expect("a leaf claimed");
                assert!(after <= leaf.1, "no more than the leaf says");
                self.check_unchallenged(batch);
                let now = self.world.now();
                let truth = &mut self.batches[batch];
                truth.paid += amount;
                assert!(truth.paid <= truth.batch.total_micro_usdc, "within the batch's total");
                of_settler = share(amount, state.settler_bps).min(amount - operator);
                self.earned.settlers[truth.settler] += of_settler;
                let settler = self.settlers[truth.settler].address;
                *self.taken.entry((index, settler)).or_default() += amount;
                if now <= truth.posted_at + truth.dispute_secs {
                    let until = now + truth.liability_secs;
                    self.sessions[index].disputable.push((after, until));
                }
            }
        }
        self.earned.nodes[self.sessions[index].node] += operator;
        self.earned.treasury += amount - operator - of_settler;
        self.sessions[index].settled = after;
    }

    /// A batch pays after its window, while no challenge of its settler is open, and never after
    /// one has failed since it was posted.
    fn check_unchallenged(&self, batch: usize) {
        let truth = &self.batches[batch];
        let now = self.world.now();
        assert!(now > truth.posted_at + truth.window_secs, "the window is over");
        for challenge in self.challenges.iter().filter(|c| c.settler == truth.settler) {
            assert!(challenge.fate != Fate::Open, "a challenge of the settler is open");
            let failed_since = challenge.fate.failed_at().is_some_and(|at| at >= truth.posted_at);
            assert!(!failed_since, "the settler could not show a voucher");
        }
    }

    /// A session that is closed owes no answer, and nothing can be restored from it any more.
    pub fn may_be_forgotten(&self, index: usize, state: &Session) {
        let now = self.world.now();
        assert!(now > state.redeemable_until, "its vouchers could be redeemed");
        let truth = &self.sessions[index];
        for (settled, until) in &truth.disputable {
            let proven = state.proven_micro_usdc >= *settled || truth.restored;
            assert!(proven || now > *until, "what leaves have paid can be disputed until {until}");
        }
    }

    fn check_escrows(&self) {
        for (index, app) in self.apps.iter().enumerate() {
            let escrow: Escrow = self.world.read(&app.escrow());
            let (deposited, withdrawn) = (escrow.deposited_micro_usdc, escrow.withdrawn_micro_usdc);
            let (settled, paid) = (escrow.totals.settled_micro_usdc, escrow.totals.paid_micro_usdc);
            let backed = deposited - withdrawn - escrow.bonded_micro_usdc;
            assert!(paid <= settled && settled <= backed, "settled is backed, besides all bonds");
            let left = deposited - withdrawn - paid;
            assert_eq!(self.world.tokens(&app.vault()), left, "the vault of app {index}");
            let sessions = self.sessions.iter().filter(|session| session.app == index);
            let sum: u64 = sessions.map(|session| session.settled).sum();
            assert_eq!(settled, sum, "an escrow is the sum of its sessions");
        }
    }

    fn check_payees(&self) {
        for node in 0..NODES {
            let payout = self.world.tokens(&self.nodes[node].payout);
            assert_eq!(payout, self.earned.nodes[node], "payout of node {node}");
        }
        for settler in 0..SETTLERS {
            let payout = self.world.tokens(&self.settlers[settler].payout);
            assert_eq!(payout, self.earned.settlers[settler], "payout of settler {settler}");
        }
        assert_eq!(self.world.tokens(&self.world.treasury), self.earned.treasury, "treasury");
        let rewards: u64 = self.delegators.iter().map(|d| self.world.tokens(&d.payout)).sum();
        assert!(rewards <= self.earned.rewards, "no more rewards than were given");
        for party in &self.delegators {
            let wallet = self.world.tokens(&party.stake_wallet);
            // Others' withdrawals are rounded down, and the pool keeps the rest.
            assert!(wallet <= DELEGATOR_WALLET + self.earned.dust, "delegating makes no stake");
        }
    }

    fn check_books(&self) {
        for settler in &self.settlers {
            let (book, slots) = self.world.book(settler);
            let exposed: Vec<_> = slots.iter().filter(|slot| slot.is_exposed()).collect();
            let total: u64 = exposed.iter().map(|slot| slot.total_micro_usdc).sum();
            assert_eq!(book.exposure_micro_usdc, total, "the exposure is of those not released");
            assert_eq!(book.exposed as usize, exposed.len(), "and counts them");
            for slot in slots {
                assert!(slot.claimed_micro_usdc <= slot.total_micro_usdc, "within the total");
            }
        }
        for truth in &self.batches {
            let slot = self.world.slot(&self.settlers[truth.settler], truth.batch.minute_index);
            if slot.minute_index == truth.batch.minute_index {
                assert_eq!(slot.claimed_micro_usdc, truth.paid, "a batch's payments are counted");
            }
        }
        let open = |settler| {
            let of = self.challenges.iter().filter(|c| c.settler == settler);
            of.filter(|challenge| challenge.fate == Fate::Open).count()
        };
        for settler in 0..SETTLERS {
            let (book, _) = self.world.book(&self.settlers[settler]);
            assert_eq!(book.open_challenges as usize, open(settler), "challenges under way");
        }
    }

    fn check_stakes(&self) {
        let mut subjects: Vec<(Pubkey, u64)> = Vec::new();
        for node in &self.nodes {
            subjects.push((node.address, self.world.read::<Node>(&node.address).stake));
        }
        for keeper in self.settlers.iter().chain(&self.observers) {
            subjects.push((keeper.address, self.world.read::<Keeper>(&keeper.address).stake));
        }
        for (subject, stake) in subjects {
            let address = pda::position(&subject);
            let position: Position = self.world.read(&address);
            assert_eq!(stake, position.bonded, "the registry knows the stake");
            let unbonding: u64 = position.unbonding.iter().map(|slot| slot.amount).sum();
            let held = position.bonded + unbonding + position.delegated;
            let vault = self.world.tokens(&pda::stake_vault(&address));
            assert!(vault >= held, "the vault holds bonded, unbonding and delegated");
            assert!(position.undelegating_shares <= position.delegated_shares, "shares");
        }
    }
}
