//! Errors. Numbers are part of the interface: never renumbered, never reused; blocks of 100.

use anchor_lang::prelude::*;

/// Anchor adds 6000 to the number.
#[error_code]
pub enum SettlementError {
    // Escrow: 0…
    #[msg("Only the app's authority can do this")]
    NotAppAuthority = 0,
    #[msg("The escrow belongs to another app")]
    OtherApp = 1,
    #[msg("The token account holds another mint than the payment mint")]
    OtherMint = 2,
    #[msg("Amount must be greater than zero")]
    AmountZero = 3,
    #[msg("Amount overflows")]
    Overflow = 4,
    #[msg("The escrow holds less than this amount")]
    AmountAboveBalance = 5,
    #[msg("A withdrawal is under notice already: cancel it or wait for it")]
    WithdrawalPending = 6,
    #[msg("No withdrawal is under notice: request one first")]
    NoWithdrawalPending = 7,
    #[msg("The notice of the withdrawal is not over yet")]
    WithdrawalNotDue = 8,

    // Channel: 100…
    #[msg("The channel belongs to another app or node")]
    OtherChannel = 100,
    #[msg("The channel still has sessions: close them first")]
    ChannelHasSessions = 101,

    // Session: 200…
    #[msg("The node takes no new sessions: it is not active, or its stake is below the minimum")]
    NodeNotActive = 200,
    #[msg("The node is bound to another app")]
    NodePrivate = 201,
    #[msg("The node does not sell every service asked for, or none was asked for")]
    ServicesNotSold = 202,
    #[msg("The node's price is above the app's ceiling or the session's")]
    PriceAboveCeiling = 203,
    #[msg("The app's rules do not allow the node's country")]
    CountryNotAllowed = 204,
    #[msg("The cap must be greater than zero")]
    CapZero = 205,
    #[msg("The session must end in the future, within the network's longest session")]
    ExpiryInvalid = 206,
    #[msg("The session would outlive the app's voucher signer: rotate the signer first")]
    ExpiryAfterSigner = 207,
    #[msg("The session has ended already")]
    SessionEnded = 208,
    #[msg("The session's vouchers can still be redeemed: wait for the grace time")]
    SessionRedeemable = 209,
    #[msg("The rent must go back to the account that paid it")]
    OtherRentPayer = 210,
    #[msg("Channels and sessions cannot be opened: it is paused")]
    SessionsPaused = 211,

    // Voucher: 300…
    #[msg("The instruction before this one must be the ed25519 precompile's")]
    NoSignatureInstruction = 300,
    #[msg("The ed25519 instruction must hold one signature with its key and message")]
    SignatureInstructionInvalid = 301,
    #[msg("The voucher was not signed by the session's voucher signer")]
    OtherVoucherSigner = 302,
    #[msg("The signed bytes are not a voucher of this network")]
    NotAVoucher = 303,
    #[msg("The voucher is for another channel")]
    VoucherOtherChannel = 304,
    #[msg("The voucher is for another session")]
    VoucherOtherSession = 305,
    #[msg("The session has settled this amount or more already")]
    VoucherStale = 306,
    #[msg("The voucher promises more than the session's cap")]
    VoucherOverCap = 307,
    #[msg("The escrow is empty: the voucher can be redeemed after the app's next deposit")]
    EscrowEmpty = 308,
    #[msg("The session's vouchers can no longer be redeemed")]
    RedeemTooLate = 309,
    #[msg("The payout or treasury account is not the registered one")]
    OtherPayee = 310,
    #[msg("The session belongs to another channel or node")]
    OtherSession = 311,
}
