use super::{CLAIMS_MAX, Claim, Totals, from_rules, to_rules};
use crate::error::SettlementError;
use anchor_lang::prelude::*;
use heliograph_protocol::claim::unproven_micro_usdc;
use heliograph_protocol::price::Prices;
use heliograph_protocol::receipt::Terms;
use heliograph_protocol::service::{SERVICE_COUNT, ServiceSet};
use heliograph_protocol::shares::Shares;

/// What an app buys from a node, with everything that was agreed when it was opened.
/// PDA `[seeds::SESSION, channel, ordinal]`.
///
/// `paid ≤ settled ≤ cap`, all only growing. Signer, prices and shares are copies: no later change
/// of the app, the node or the network alters what has been agreed. Numbers lie at multiples of
/// their size, so that [`SessionView`](super::SessionView) can be laid over the bytes.
#[account]
#[derive(Debug, InitSpace)]
pub struct Session {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    /// Kinds bought, as a `ServiceSet`.
    pub services: u8,
    /// Zero.
    pub spare: u8,
    /// Shares of every payment of this session.
    pub operator_bps: u16,
    pub settler_bps: u16,
    pub channel: Pubkey,
    pub app: Pubkey,
    /// The registry's node account.
    pub node: Pubkey,
    pub ordinal: u64,
    /// Micro-USDC a minute for each kind.
    pub prices_micro_usdc: [u64; SERVICE_COUNT],
    /// The most the session may cost.
    pub cap_micro_usdc: u64,
    /// Signs the session's vouchers.
    pub voucher_signer: Pubkey,
    pub opened_at: i64,
    /// Unix time at which service ends.
    pub expires_at: i64,
    /// Unix time after which no voucher and no leaf is paid.
    pub redeemable_until: i64,
    /// Unix time after which the account may be closed. Until then a settler whose leaf named the
    /// session can answer a challenge: it needs the signer that stands here.
    pub closable_at: i64,
    pub totals: Totals,
    /// The highest amount whose voucher was shown on chain; may be more than is settled.
    pub proven_micro_usdc: u64,
    /// What leaves have paid beyond that; whoever claimed last first.
    pub claims: [Claim; CLAIMS_MAX],
    /// Hash and ordinal of the receipt behind the newest voucher redeemed; zeros before the first.
    pub last_receipt_hash: [u8; 32],
    pub last_sequence: u32,
    /// Zero.
    pub spare_after_sequence: [u8; 4],
    /// Gets the rent back.
    pub rent_payer: Pubkey,
    /// For later fields; zero.
    pub reserved: [u8; 48],
}

impl Session {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;

    /// The division of this session's payments.
    pub fn shares(&self) -> Shares {
        Shares { operator_bps: self.operator_bps, settler_bps: self.settler_bps }
    }

    /// The part that binds receipts. `address` is this account's.
    pub fn terms(&self, address: &Pubkey) -> Terms {
        Terms {
            channel: self.channel.to_bytes(),
            session: address.to_bytes(),
            services: ServiceSet(self.services),
            prices: Prices(self.prices_micro_usdc),
            cap_micro_usdc: self.cap_micro_usdc,
        }
    }

    /// Ends the session at `now`; vouchers stay redeemable for the grace time from then, not longer
    /// than was agreed: what the channel's bond waits for is known when a session is opened.
    pub fn end(&mut self, now: i64, redeem_grace_secs: u32) -> Result<()> {
        require_gt!(self.expires_at, now, SettlementError::SessionEnded);
        self.expires_at = now;
        // What was agreed on how long the account stays is kept.
        let answer_secs =
            self.closable_at.checked_sub(self.redeemable_until).ok_or(SettlementError::Overflow)?;
        self.redeemable_until = now
            .checked_add(redeem_grace_secs.into())
            .ok_or(SettlementError::Overflow)?
            .min(self.redeemable_until);
        self.closable_at =
            self.redeemable_until.checked_add(answer_secs).ok_or(SettlementError::Overflow)?;
        Ok(())
    }

    /// Takes note of a genuine voucher: up to its amount, nobody's claim is in doubt any more.
    pub fn prove(&mut self, cumulative_micro_usdc: u64) {
        self.proven_micro_usdc = self.proven_micro_usdc.max(cumulative_micro_usdc);
        let left = unproven_micro_usdc(self.totals.settled_micro_usdc, self.proven_micro_usdc);
        let mut claims = to_rules(&self.claims);
        claims.prove(left);
        self.claims = from_rules(&claims);
    }

    /// What is on record of a settler and could still be disputed at `at`: what a case has to restore.
    pub fn restorable_micro_usdc(&self, settler: &Pubkey, at: i64) -> u64 {
        to_rules(&self.claims).disputable(&settler.to_bytes(), at)
    }

    /// Takes what is restored to the app off a settler's record.
    pub fn restore(&mut self, settler: &Pubkey, amount_micro_usdc: u64) -> Result<()> {
        require_gt!(amount_micro_usdc, 0, SettlementError::AmountZero);
        let mut claims = to_rules(&self.claims);
        require!(
            claims.restore(&settler.to_bytes(), amount_micro_usdc),
            SettlementError::RestoreAboveClaims
        );
        self.claims = from_rules(&claims);
        Ok(())
    }

    /// Refuses while a voucher could be redeemed, a challenge answered or a claim restored: all of
    /// them need the account. Every time in it is a copy of what was agreed or posted.
    pub fn check_closable(&self, now: i64) -> Result<()> {
        require_gt!(now, self.redeemable_until, SettlementError::SessionRedeemable);
        require_gt!(now, self.closable_at, SettlementError::SessionDisputable);
        require!(to_rules(&self.claims).are_final(now), SettlementError::SessionDisputable);
        Ok(())
    }
}
