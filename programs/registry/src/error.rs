//! Errors. Numbers are part of the interface: never renumbered, never reused; blocks of 100.

use anchor_lang::prelude::*;

/// Anchor adds 6000 to the number.
#[error_code]
pub enum RegistryError {
    // Network: 0…
    #[msg("Only the program's upgrade authority can initialise the network")]
    NotUpgradeAuthority = 0,
    #[msg("Operator and settler shares add up to more than 10 000 basis points")]
    SharesInvalid = 1,
    #[msg("The withdrawal notice must be longer than the redeem grace")]
    WithdrawalNoticeTooShort = 2,
    #[msg("A duration must be greater than zero")]
    DurationZero = 3,
    #[msg("The payment mint must have 6 decimals")]
    PaymentMintDecimals = 4,

    // Node: 100…
    #[msg("Name at least one service, and only services that exist")]
    ServicesInvalid = 100,
    #[msg("Country must be two upper-case letters (ISO 3166-1 alpha-2)")]
    CountryInvalid = 101,
    #[msg("Endpoint must be 1 to 128 bytes of printable ASCII")]
    EndpointInvalid = 102,
    #[msg("Region must be at most 32 bytes of printable ASCII")]
    RegionInvalid = 103,
    #[msg("Capacity must be greater than zero")]
    CapacityZero = 104,
    #[msg("Only the node's operator can do this")]
    NotOperator = 105,
    #[msg("The node cannot go from its present status to this one")]
    StatusTransition = 106,
    #[msg("Stake is below the network's minimum for nodes: deposit more first")]
    StakeBelowMinimum = 107,
    #[msg("The node key must not be the operator's, nor own the payout account")]
    KeysNotDistinct = 108,
    #[msg("The payout account must not be the network's treasury")]
    PayoutIsTreasury = 109,

    // App: 200…
    #[msg("Only the app's authority can do this")]
    NotAppAuthority = 200,
    #[msg("The voucher signer's expiry lies in the past")]
    VoucherSignerExpired = 201,
    #[msg("Countries must be at most 32 different ISO 3166-1 alpha-2 codes")]
    CountriesInvalid = 202,
    #[msg("The voucher signer must be a key of its own, not zero and not the app's authority")]
    VoucherSignerInvalid = 203,
}
