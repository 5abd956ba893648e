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

    #[msg("The redeem grace must be longer than challenge window and response together")]
    RedeemGraceTooShort = 5,
    #[msg("Stake must stay slashable for more than twice the dispute time and a response")]
    UnbondingTooShort = 6,
    #[msg("The timelock must not be shorter than the withdrawal notice")]
    TimelockTooShort = 7,
    #[msg("The dispute time must be longer than the challenge window")]
    DisputeTooShort = 8,
    #[msg("The quorum of observers must be 1 to 16")]
    QuorumInvalid = 9,
    #[msg("Only the network's authority can do this")]
    NotAuthority = 10,
    #[msg("Only the network's guardian or its authority can pause")]
    NotGuardian = 11,
    #[msg("Only the authority that was proposed can accept")]
    NotPendingAuthority = 12,
    #[msg("The timelock of the change is not over yet")]
    TimelockRunning = 13,
    #[msg("Name at least one function to pause, and only functions that exist")]
    FunctionsInvalid = 14,
    #[msg("Registrations are paused")]
    RegistrationsPaused = 15,
    #[msg("The rent must go back to the account that paid it")]
    OtherRentPayer = 16,
    #[msg("The treasury is not the one that was proposed")]
    OtherTreasury = 17,
    #[msg("A challenge must cost a bond: without one, anybody could hold settlers up for nothing")]
    ChallengeBondZero = 18,
    #[msg("A penalty, or the parts of it, add up to more than 10 000 basis points")]
    PenaltyInvalid = 19,
    #[msg(
        "Bad epochs must be 1 to as many as are judged, these at most 64, and the score at most 1"
    )]
    DowntimeRuleInvalid = 20,
    #[msg("A case must be over within the dispute time: twice its window must be less")]
    CaseTooLong = 21,
    #[msg("Stake must stay slashable for longer than the epochs a node is judged by")]
    UnbondingWithinEpochs = 22,

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
    #[msg("The present status does not lead to this one")]
    StatusTransition = 106,
    #[msg("Stake is below the network's minimum: deposit more first")]
    StakeBelowMinimum = 107,
    #[msg("The hot key must not be its owner's, nor own the payout account")]
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

    // Keeper and jail: 300…
    #[msg("Only the keeper's owner can do this")]
    NotKeeperOwner = 300,
    #[msg("Only who owns the node or keeper can take it out of jail")]
    NotSubjectOwner = 301,
    #[msg("It is not jailed")]
    NotJailed = 302,
    #[msg("The time in jail is not over yet")]
    JailNotOver = 303,
    #[msg("The account is neither a node nor a keeper")]
    NotASubject = 304,
}
