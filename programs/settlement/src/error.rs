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
    #[msg("The escrow has less than this amount available")]
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
    #[msg("The channel has a bond: release it first")]
    ChannelBonded = 102,
    #[msg("The channel's bond is below the network's minimum: post more first")]
    BondBelowMinimum = 103,
    #[msg("Vouchers of the channel can still be redeemed: its bond waits for that")]
    BondInUse = 104,
    #[msg("The channel has no bond")]
    NoBond = 105,

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
    #[msg("A leaf or claim of the session can still be disputed: wait, or prove its last voucher")]
    SessionDisputable = 212,

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
    #[msg("A voucher of this amount or more has been shown already")]
    VoucherProvenAlready = 312,

    // Book: 400…
    #[msg("Only the settler's keeper key can do this")]
    NotKeeperKey = 400,
    #[msg("Only the settler's owner can do this")]
    NotKeeperOwner = 401,
    #[msg("The keeper is no settler")]
    NotASettler = 402,
    #[msg("The book or challenge belongs to another keeper")]
    OtherKeeper = 403,
    #[msg("The book is not the one at the settler's address, or not the challenge's")]
    OtherBook = 404,
    #[msg("The book's account has room for too few batches")]
    BookTooSmall = 405,
    #[msg("The book has batches or challenges that are not over: wait and release them")]
    BookInUse = 406,
    #[msg("No batch is old enough to be released")]
    NothingToRelease = 407,

    // Batch: 500…
    #[msg("Posting batches is paused")]
    BatchesPaused = 500,
    #[msg("The settler is not active, or its bond is below the minimum")]
    SettlerNotActive = 501,
    #[msg("The minute is not after the book's last one")]
    MinuteOutOfOrder = 502,
    #[msg("The minute lies in the future, or is over for more than an hour")]
    MinuteOutOfRange = 503,
    #[msg("The batch has no leaves or no total")]
    BatchEmpty = 504,
    #[msg("The batch's total is above the network's maximum")]
    BatchAboveMaximum = 505,
    #[msg("The bond does not cover this batch besides those that can still be disputed")]
    ExposureAboveBond = 506,
    #[msg("The minute's slot holds a batch that is not released yet")]
    BookFull = 507,
    #[msg("The book has no batch of this minute")]
    BatchUnknown = 508,
    #[msg("The batch is void: bring the vouchers, or claim them from another batch")]
    BatchVoid = 509,

    // Claim: 600…
    #[msg("The batch's challenge window is not over yet")]
    ClaimTooEarly = 600,
    #[msg("A batch of the book is under challenge: nothing is claimed until it is answered")]
    BookChallenged = 601,
    #[msg("Each leaf needs its session's account, in the same order")]
    LeavesNotSessions = 602,
    #[msg("The proof does not lead from the leaves to the batch's root")]
    ProofInvalid = 603,
    #[msg("The leaf says more than the session's cap")]
    LeafOverCap = 604,
    #[msg("Two other settlers' claims of the session are unproven: prove its last voucher first")]
    ClaimsUnproven = 605,
    #[msg("The session's leaves can no longer be claimed")]
    ClaimTooLate = 606,
    #[msg("The settler's unproven claims of the session are less than this amount")]
    RestoreAboveClaims = 607,

    // Challenge: 700…
    #[msg("The batch has no leaf of this index")]
    LeafUnknown = 700,
    #[msg("The batch can no longer be challenged")]
    DisputeOver = 701,
    #[msg("The settler still has time to answer")]
    ResponseTimeLeft = 702,
    #[msg("The challenge has failed: the batch is void")]
    ChallengeHasFailed = 703,
    #[msg("The challenge is open, or is evidence that a case may need")]
    ChallengeInUse = 704,
}
