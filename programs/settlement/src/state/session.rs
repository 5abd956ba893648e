use super::Totals;
use crate::error::SettlementError;
use anchor_lang::prelude::*;
use heliograph_protocol::price::Prices;
use heliograph_protocol::receipt::Terms;
use heliograph_protocol::service::{SERVICE_COUNT, ServiceSet};
use heliograph_protocol::shares::Shares;

/// What an app buys from a node, with everything that was agreed when it was opened.
/// PDA `[seeds::SESSION, channel, ordinal]`.
///
/// `paid ≤ settled ≤ cap`, all only growing. Signer, prices and shares are copies: no later change
/// of the app, the node or the network alters what has been agreed.
#[account]
#[derive(Debug, InitSpace)]
pub struct Session {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    pub channel: Pubkey,
    pub app: Pubkey,
    /// The registry's node account.
    pub node: Pubkey,
    pub ordinal: u64,
    /// Kinds bought, as a `ServiceSet`.
    pub services: u8,
    /// Micro-USDC a minute for each kind.
    pub prices_micro_usdc: [u64; SERVICE_COUNT],
    /// The most the session may cost.
    pub cap_micro_usdc: u64,
    /// Signs the session's vouchers.
    pub voucher_signer: Pubkey,
    /// Shares of every payment of this session.
    pub operator_bps: u16,
    pub settler_bps: u16,
    pub opened_at: i64,
    /// Unix time at which service ends.
    pub expires_at: i64,
    /// Unix time after which no voucher is paid.
    pub redeemable_until: i64,
    pub totals: Totals,
    /// Ordinal and hash of the receipt behind the newest voucher redeemed; zeros before the first.
    pub last_sequence: u32,
    pub last_receipt_hash: [u8; 32],
    /// Gets the rent back.
    pub rent_payer: Pubkey,
    /// For later fields; zero.
    pub reserved: [u8; 64],
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

    /// Ends the session at `now`; vouchers stay redeemable for the grace time from then.
    pub fn end(&mut self, now: i64, redeem_grace_secs: u32) -> Result<()> {
        require_gt!(self.expires_at, now, SettlementError::SessionEnded);
        self.expires_at = now;
        self.redeemable_until =
            now.checked_add(redeem_grace_secs.into()).ok_or(SettlementError::Overflow)?;
        Ok(())
    }
}
