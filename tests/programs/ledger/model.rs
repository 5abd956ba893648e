//! What the accounts should hold, and what an operation should come to.

use super::SHORT;
use heliograph_registry::state::NodeStatus;
use heliograph_settlement::error::SettlementError as E;
use heliograph_staking::error::StakingError as S;
use heliograph_tests::parties::{APP_WALLET, OPERATOR_WALLET};
use heliograph_tests::reason::too_few_tokens;
use heliograph_tests::world::{STAKE_MIN, World};
use heliograph_tests::{Reason, SessionParty};
use solana_pubkey::Pubkey;

/// What an operation should come to.
pub type Verdict = Result<(), Reason>;

fn refuse<T>(why: impl Into<Reason>) -> Result<T, Reason> {
    Err(why.into())
}

/// An app's escrow and wallet.
#[derive(Debug)]
pub struct AppModel {
    pub wallet: u64,
    pub deposited: u64,
    pub withdrawn: u64,
    pub settled: u64,
    pub notice: Option<(u64, i64)>,
    pub next_incarnation: u64,
    /// How often the signer was rotated; names the key.
    pub signer: u32,
}

impl AppModel {
    pub fn available(&self) -> u64 {
        self.deposited - self.withdrawn - self.settled
    }

    pub fn deposit(&mut self, amount: u64) -> Verdict {
        if amount == 0 {
            return refuse(E::AmountZero);
        }
        if self.deposited.checked_add(amount).is_none() {
            return refuse(E::Overflow);
        }
        if amount > self.wallet {
            return Err(too_few_tokens());
        }
        self.wallet -= amount;
        self.deposited += amount;
        Ok(())
    }

    pub fn request(&mut self, amount: u64, now: i64) -> Verdict {
        match (amount, self.notice) {
            (0, _) => refuse(E::AmountZero),
            (_, Some(_)) => refuse(E::WithdrawalPending),
            (amount, None) if amount > self.available() => refuse(E::AmountAboveBalance),
            (amount, None) => {
                self.notice = Some((amount, now + i64::from(SHORT.withdrawal_notice_secs)));
                Ok(())
            }
        }
    }

    pub fn cancel(&mut self) -> Verdict {
        match self.notice.take() {
            Some(_) => Ok(()),
            None => refuse(E::NoWithdrawalPending),
        }
    }

    pub fn withdraw(&mut self, now: i64) -> Verdict {
        match self.notice {
            None => refuse(E::NoWithdrawalPending),
            Some((_, due)) if now < due => refuse(E::WithdrawalNotDue),
            Some((asked, _)) => {
                let amount = asked.min(self.available());
                self.withdrawn += amount;
                self.wallet += amount;
                self.notice = None;
                Ok(())
            }
        }
    }
}

/// A node, its stake and its earnings.
#[derive(Debug)]
pub struct NodeModel {
    pub stake_wallet: u64,
    pub bonded: u64,
    pub unbonding: Vec<(u64, i64)>,
    pub status: NodeStatus,
}

impl NodeModel {
    pub fn deposit(&mut self, amount: u64) -> Verdict {
        if amount == 0 {
            return refuse(S::AmountZero);
        }
        if self.bonded.checked_add(amount).is_none() {
            return refuse(S::Overflow);
        }
        if amount > self.stake_wallet {
            return Err(too_few_tokens());
        }
        self.stake_wallet -= amount;
        self.bonded += amount;
        Ok(())
    }

    pub fn unbond(&mut self, amount: u64, now: i64) -> Verdict {
        if amount == 0 {
            return refuse(S::AmountZero);
        }
        if amount > self.bonded {
            return refuse(S::AmountAboveBonded);
        }
        if self.unbonding.len() == 8 {
            return refuse(S::UnbondingSlotsFull);
        }
        self.bonded -= amount;
        self.unbonding.push((amount, now + i64::from(SHORT.unbonding_secs)));
        if self.status == NodeStatus::Active && self.bonded < STAKE_MIN {
            self.status = NodeStatus::Pending;
        }
        Ok(())
    }

    pub fn withdraw(&mut self, now: i64) -> Verdict {
        let (matured, rest): (Vec<_>, Vec<_>) =
            self.unbonding.iter().copied().partition(|slot| slot.1 <= now);
        if matured.is_empty() {
            return refuse(S::NothingMatured);
        }
        self.stake_wallet += matured.iter().map(|slot| slot.0).sum::<u64>();
        self.unbonding = rest;
        Ok(())
    }

    pub fn set_status(&mut self, next: NodeStatus) -> Verdict {
        use NodeStatus::{Active, Draining, Exited, Pending};
        use heliograph_registry::error::RegistryError as R;
        match (self.status, next) {
            (Pending | Draining, Active) if self.bonded < STAKE_MIN => refuse(R::StakeBelowMinimum),
            (Pending | Draining, Active | Exited) | (Active, Draining) => {
                self.status = next;
                Ok(())
            }
            _ => refuse(R::StatusTransition),
        }
    }
}

/// A channel; it stays in the books when its account is closed.
#[derive(Debug)]
pub struct ChannelModel {
    pub address: Pubkey,
    pub app: usize,
    pub node: usize,
    pub next_ordinal: u64,
    pub closed: bool,
}

/// A session; it stays in the books when its account is closed.
#[derive(Debug)]
pub struct SessionModel {
    pub party: SessionParty,
    pub channel: usize,
    pub app: usize,
    pub node: usize,
    pub cap: u64,
    pub settled: u64,
    pub expires_at: i64,
    pub redeemable_until: i64,
    /// The rotation of the app's signer it was opened with.
    pub signer: u32,
    pub closed: bool,
}

impl SessionModel {
    /// The operator's part of all that was paid: each session's rounded down by itself.
    pub fn operator_part(&self) -> u64 {
        (u128::from(self.settled) * u128::from(SHORT.operator_bps) / 10_000) as u64
    }
}

/// All of it.
#[derive(Debug)]
pub struct Model {
    pub apps: Vec<AppModel>,
    pub nodes: Vec<NodeModel>,
    pub channels: Vec<ChannelModel>,
    pub sessions: Vec<SessionModel>,
    pub payment_supply: u64,
    pub stake_supply: u64,
}

impl Model {
    pub fn new(world: &World, apps: usize, nodes: usize) -> Self {
        let app = |_| AppModel {
            wallet: APP_WALLET,
            deposited: 0,
            withdrawn: 0,
            settled: 0,
            notice: None,
            next_incarnation: 0,
            signer: 0,
        };
        let node = |_| NodeModel {
            stake_wallet: OPERATOR_WALLET - STAKE_MIN,
            bonded: STAKE_MIN,
            unbonding: Vec::new(),
            status: NodeStatus::Active,
        };
        Self {
            apps: (0..apps).map(app).collect(),
            nodes: (0..nodes).map(node).collect(),
            channels: Vec::new(),
            sessions: Vec::new(),
            payment_supply: world.supply(&world.payment_mint),
            stake_supply: world.supply(&world.stake_mint),
        }
    }

    pub fn paid_micro_usdc(&self) -> u64 {
        self.sessions.iter().map(|session| session.settled).sum()
    }

    /// Sessions of a channel whose accounts exist.
    pub fn open_sessions(&self, channel: usize) -> usize {
        self.sessions.iter().filter(|s| s.channel == channel && !s.closed).count()
    }

    /// Redeems a voucher signed by the app's signer number `signer`.
    pub fn redeem(&mut self, index: usize, signer: u32, amount: u64, now: i64) -> Verdict {
        let session = &mut self.sessions[index];
        let app = &mut self.apps[session.app];
        if signer != session.signer {
            return refuse(E::OtherVoucherSigner);
        }
        if now > session.redeemable_until {
            return refuse(E::RedeemTooLate);
        }
        if amount <= session.settled {
            return refuse(E::VoucherStale);
        }
        if amount > session.cap {
            return refuse(E::VoucherOverCap);
        }
        if app.available() == 0 {
            return refuse(E::EscrowEmpty);
        }
        let paid = (amount - session.settled).min(app.available());
        session.settled += paid;
        app.settled += paid;
        Ok(())
    }

    /// Opens a session on a channel that exists; the account's address is the caller's to add.
    pub fn may_open_session(&self, channel: usize, cap: u64, expires_at: i64, now: i64) -> Verdict {
        let node = &self.nodes[self.channels[channel].node];
        if node.status != NodeStatus::Active {
            return refuse(E::NodeNotActive);
        }
        if cap == 0 {
            return refuse(E::CapZero);
        }
        if expires_at <= now || expires_at > now + i64::from(SHORT.session_secs_max) {
            return refuse(E::ExpiryInvalid);
        }
        Ok(())
    }

    pub fn end(&mut self, index: usize, now: i64) -> Verdict {
        let session = &mut self.sessions[index];
        if session.expires_at <= now {
            return refuse(E::SessionEnded);
        }
        session.expires_at = now;
        session.redeemable_until = now + i64::from(SHORT.redeem_grace_secs);
        Ok(())
    }

    pub fn close(&mut self, index: usize, now: i64) -> Verdict {
        let session = &mut self.sessions[index];
        if now <= session.redeemable_until {
            return refuse(E::SessionRedeemable);
        }
        let answer_secs = SHORT.dispute_secs + SHORT.challenge_response_secs;
        if now <= session.redeemable_until + i64::from(answer_secs) {
            return refuse(E::SessionDisputable);
        }
        session.closed = true;
        Ok(())
    }

    pub fn close_channel(&mut self, index: usize) -> Verdict {
        if self.open_sessions(index) > 0 {
            return refuse(E::ChannelHasSessions);
        }
        self.channels[index].closed = true;
        Ok(())
    }
}
