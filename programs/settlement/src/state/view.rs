//! Session and channel as bytes lie in them: a claim reads and writes a few numbers of many
//! accounts, and taking each account apart and putting it together again would cost more than the
//! rest of the claim. A test holds these layouts against the accounts' own.

use super::{Channel, Session, Totals};
use crate::error::SettlementError;
use anchor_lang::prelude::*;
use anchor_lang::{Discriminator, error::ErrorCode};
use bytemuck::{AnyBitPattern, NoUninit, Pod, Zeroable};
use heliograph_protocol::batch::leaf_hash;
use heliograph_protocol::claim::Claims;
use heliograph_protocol::hash::Hash;
use heliograph_protocol::service::SERVICE_COUNT;
use heliograph_protocol::settle::{SettleError, SettleState, claims};
use heliograph_protocol::shares::{Shares, Split};
use std::cell::RefMut;

/// [`Session`], field by field.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct SessionView {
    pub version: u8,
    pub bump: u8,
    pub services: u8,
    pub spare: u8,
    pub operator_bps: u16,
    pub settler_bps: u16,
    pub channel: Pubkey,
    pub app: Pubkey,
    pub node: Pubkey,
    pub ordinal: u64,
    pub prices_micro_usdc: [u64; SERVICE_COUNT],
    pub cap_micro_usdc: u64,
    pub voucher_signer: Pubkey,
    pub opened_at: i64,
    pub expires_at: i64,
    pub redeemable_until: i64,
    pub closable_at: i64,
    pub totals: Totals,
    pub proven_micro_usdc: u64,
    pub claims: Claims,
    pub last_receipt_hash: [u8; 32],
    pub last_sequence: u32,
    pub spare_after_sequence: [u8; 4],
    pub rent_payer: Pubkey,
    pub reserved: [u8; 48],
}

/// [`Channel`], field by field.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct ChannelView {
    pub version: u8,
    pub bump: u8,
    pub spare: [u8; 2],
    pub sessions_open: u32,
    pub app: Pubkey,
    pub node: Pubkey,
    pub incarnation: u64,
    pub totals: Totals,
    pub next_ordinal: u64,
    pub opened_at: i64,
    pub bond_micro_usdc: u64,
    pub bond_until: i64,
    pub reserved: [u8; 48],
}

const _: () = assert!(size_of::<SessionView>() == <Session as Space>::INIT_SPACE);
const _: () = assert!(size_of::<ChannelView>() == <Channel as Space>::INIT_SPACE);

/// An account type that has a view.
pub trait Viewed: Discriminator {
    /// Its bytes after the discriminator.
    type View: AnyBitPattern + NoUninit;
}

impl Viewed for Session {
    type View = SessionView;
}

impl Viewed for Channel {
    type View = ChannelView;
}

/// The account's bytes as a view that can be written to. Refuses what is not this program's, not
/// of this type, or not writable: the same that `Account` refuses.
pub fn view_mut<'a, T: Viewed>(account: &'a AccountInfo<'_>) -> Result<RefMut<'a, T::View>> {
    require!(*account.owner == crate::ID, ErrorCode::AccountOwnedByWrongProgram);
    require!(account.is_writable, ErrorCode::ConstraintMut);
    let data = account.try_borrow_mut_data()?;
    require!(data.starts_with(T::DISCRIMINATOR), ErrorCode::AccountDiscriminatorMismatch);
    let end = T::DISCRIMINATOR.len() + size_of::<T::View>();
    require!(data.len() >= end, ErrorCode::AccountDidNotDeserialize);
    Ok(RefMut::map(data, |data| bytemuck::from_bytes_mut(&mut data[T::DISCRIMINATOR.len()..end])))
}

/// What a claim has to know about batch, escrow and time, besides the session.
#[derive(Clone, Copy, Debug)]
pub struct ClaimTerms {
    /// The registry's keeper account of the settler.
    pub settler: Pubkey,
    pub now: i64,
    /// How long a claim of this batch stays in doubt; `None` once the batch cannot be challenged
    /// any more: what it pays then is final at once.
    pub period_secs: Option<i64>,
    pub escrow_available_micro_usdc: u64,
    pub batch_left_micro_usdc: u64,
}

impl SessionView {
    /// The bytes, as they lie in the account after the discriminator.
    pub fn to_bytes(&self) -> Vec<u8> {
        bytemuck::bytes_of(self).to_vec()
    }

    /// Settles what the leaf says and can be paid now, at most; returns it and its parts.
    pub fn claim(
        &mut self,
        cumulative_micro_usdc: u64,
        terms: &ClaimTerms,
    ) -> Result<(u64, Split)> {
        require_gte!(self.redeemable_until, terms.now, SettlementError::ClaimTooLate);
        let state = SettleState {
            settled_micro_usdc: self.totals.settled_micro_usdc,
            cap_micro_usdc: self.cap_micro_usdc,
            escrow_available_micro_usdc: terms.escrow_available_micro_usdc,
        };
        let amount =
            claims(&state, terms.batch_left_micro_usdc, cumulative_micro_usdc).map_err(|why| {
                match why {
                    SettleError::OverCap => error!(SettlementError::LeafOverCap),
                    _ => error!(SettlementError::Overflow),
                }
            })?;
        if amount == 0 {
            return Ok((0, Split::default()));
        }
        let paid_before = self.totals.paid_micro_usdc;
        let proven_or_settled = self.proven_micro_usdc.max(self.totals.settled_micro_usdc);
        self.totals.settle_and_pay(amount)?;
        if let Some(period_secs) = terms.period_secs {
            let unproven = self.totals.settled_micro_usdc.saturating_sub(proven_or_settled);
            self.claims
                .record(terms.settler.as_array(), unproven, terms.now, period_secs)
                .map_err(|_| error!(SettlementError::ClaimsUnproven))?;
        }
        let shares = Shares { operator_bps: self.operator_bps, settler_bps: self.settler_bps };
        let split = shares
            .split(paid_before, self.totals.paid_micro_usdc, true)
            .ok_or(SettlementError::Overflow)?;
        Ok((amount, split))
    }

    /// Hash of the leaf that a batch must have for this session.
    pub fn leaf_hash(&self, address: &Pubkey, cumulative_micro_usdc: u64, evidence: &Hash) -> Hash {
        let (app, node) = (self.app.as_array(), self.node.as_array());
        leaf_hash(app, node, address.as_array(), cumulative_micro_usdc, evidence)
    }
}

impl ChannelView {
    /// The bytes, as they lie in the account after the discriminator.
    pub fn to_bytes(&self) -> Vec<u8> {
        bytemuck::bytes_of(self).to_vec()
    }
}
