//! Errors. Numbers are part of the interface: never renumbered, never reused; blocks of 100.

use anchor_lang::prelude::*;

/// Anchor adds 6000 to the number.
#[error_code]
pub enum SlashingError {
    // Cases: 0…
    #[msg("The network has another slashing program")]
    OtherSlashingProgram = 0,
    #[msg("The account belongs to another node or keeper")]
    OtherSubject = 1,
    #[msg("A case of this kind is open against it already")]
    CaseUnderWay = 2,
    #[msg("An earlier verdict has punished this already")]
    AlreadyPunished = 3,
    #[msg("The case is decided")]
    CaseDecided = 4,
    #[msg("It is too early to decide the case")]
    TooEarly = 5,
    #[msg("The case must be kept: it is not decided, or another case may need it")]
    CaseInUse = 6,
    #[msg("The case is of another kind")]
    OtherKind = 7,
    #[msg("The tokens must go to the account that is due")]
    OtherPayee = 8,
    #[msg("The lamports must go to who is due them")]
    OtherWallet = 9,
    #[msg("The record belongs to another node or keeper than the case")]
    OtherRecord = 10,
    #[msg("Amount overflows")]
    Overflow = 11,

    // Equivocation: 100…
    #[msg("The instruction before this one is not of the ed25519 precompile")]
    NoSignatureInstruction = 100,
    #[msg("The ed25519 instruction must hold the signatures of the evidence and nothing else")]
    SignatureInstructionInvalid = 101,
    #[msg("The evidence was signed by another key than the accused's")]
    OtherSigner = 102,
    #[msg("The signed bytes are not a receipt of this network")]
    NotAReceipt = 103,
    #[msg("The receipts are not for one minute of one session")]
    OtherMinute = 104,
    #[msg("The receipts are the same")]
    ReceiptsAgree = 105,
    #[msg("The receipts are for another session, or it is another node's")]
    OtherSession = 106,
    #[msg("The session belongs to another app")]
    OtherApp = 107,
    #[msg("Only nodes can be tried for this")]
    NotANode = 108,

    // Unanswered challenge: 200…
    #[msg("The challenge has not failed")]
    ChallengeNotFailed = 200,
    #[msg("Vouchers can still be shown: it is too early to restore")]
    VouchersAwaited = 201,
    #[msg(
        "Nothing is on record that the settler would have to restore, or nothing is left of its bond"
    )]
    NothingToRestore = 202,

    // Downtime: 300…
    #[msg("Too few bad epochs")]
    TooFewBadEpochs = 300,
    #[msg("The case does not charge the node with this epoch")]
    EpochNotCharged = 301,
    #[msg("Refute with different cases of upheld observer fraud in this epoch, sorted by address")]
    NotUpheldFraud = 302,
    #[msg("The epoch has its quorum without the observers convicted of fraud")]
    QuorumStands = 303,

    // Observer fraud: 400…
    #[msg("The signed bytes are not a root statement of this network")]
    NotARootStatement = 400,
    #[msg("The statement is of another observer or epoch than what was posted")]
    OtherStatement = 401,
    #[msg("The statement agrees with what was posted")]
    StatementAgrees = 402,
    #[msg("Only observers can be tried for this")]
    NotAnObserver = 403,
    #[msg("The leaf is not under the root that the observer posted, at this place")]
    LeafNotPosted = 404,
    #[msg("The exhibit does not hold the samples that the leaf commits to")]
    OtherSamples = 405,
    #[msg("The samples give the figures of the leaf")]
    SamplesAgree = 406,
    #[msg("The epoch is another than that of what was posted")]
    OtherEpoch = 407,

    // Exhibit: 500…
    #[msg("A leaf has no more samples than 256")]
    ExhibitTooLarge = 500,
    #[msg("The bytes do not fit into the exhibit at this place")]
    OutsideExhibit = 501,
    #[msg("Only who opened the exhibit can write it, close it, or report with it")]
    OtherUploader = 502,
}
