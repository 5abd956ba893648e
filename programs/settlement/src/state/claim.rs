use anchor_lang::prelude::*;
use bytemuck::{Pod, Zeroable};
use heliograph_protocol::claim;

/// Settlers a session remembers at once.
pub use heliograph_protocol::claim::CLAIMS_MAX;

/// What one settler's leaves have paid of a session and nobody has proven: `claim::Claim` of the
/// protocol, as accounts hold it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    AnchorSerialize,
    AnchorDeserialize,
    InitSpace,
    Pod,
    Zeroable,
)]
#[repr(C)]
pub struct Claim {
    /// The registry's keeper account; zero before the first claim.
    pub settler: Pubkey,
    /// Claimed at `since` or within a period after it.
    pub recent_micro_usdc: u64,
    /// Claimed in the period before that.
    pub earlier_micro_usdc: u64,
    /// Unix time at which `recent` begins.
    pub since: i64,
    /// How long what is on record can be disputed after it was claimed; a copy of the batches'.
    pub period_secs: i64,
}

/// The record as the rules know it.
pub fn to_rules(claims: &[Claim; CLAIMS_MAX]) -> claim::Claims {
    claim::Claims(claims.map(|claim| claim::Claim {
        settler: claim.settler.to_bytes(),
        recent_micro_usdc: claim.recent_micro_usdc,
        earlier_micro_usdc: claim.earlier_micro_usdc,
        since: claim.since,
        period_secs: claim.period_secs,
    }))
}

/// The record as accounts hold it.
pub fn from_rules(claims: &claim::Claims) -> [Claim; CLAIMS_MAX] {
    claims.0.map(|claim| Claim {
        settler: claim.settler.into(),
        recent_micro_usdc: claim.recent_micro_usdc,
        earlier_micro_usdc: claim.earlier_micro_usdc,
        since: claim.since,
        period_secs: claim.period_secs,
    })
}
