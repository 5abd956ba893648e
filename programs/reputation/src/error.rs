//! Errors. Numbers are part of the interface: never renumbered, never reused; blocks of 100.

use anchor_lang::prelude::*;

/// Anchor adds 6000 to the number.
#[error_code]
pub enum ReputationError {
    // Epoch: 0…
    #[msg("The network names another reputation program")]
    OtherReputationProgram = 0,
    #[msg("An epoch begins at a whole multiple of the network's epoch length")]
    EpochNotAligned = 1,
    #[msg("The epoch's accounts are kept for 64 epochs after its scoring began")]
    EpochRetained = 2,
    #[msg("The epoch still has observations or tallies: close them first")]
    EpochInUse = 3,
    #[msg("The rent must go back to the account that paid it")]
    OtherRentPayer = 4,
    #[msg("A count overflows")]
    Overflow = 5,
    #[msg("The epoch is of another length than the one that was measured")]
    OtherEpochLength = 6,

    // Observation: 100…
    #[msg("Only the keeper's own key can do this")]
    NotKeeperKey = 100,
    #[msg("The keeper is not an observer")]
    NotAnObserver = 101,
    #[msg("The observer is not active, or its stake is below the minimum")]
    ObserverNotActive = 102,
    #[msg("Posting of observations is paused")]
    ObservationsPaused = 103,
    #[msg("Roots of an epoch are posted in the epoch after it, neither earlier nor later")]
    NotPosting = 104,
    #[msg("A root stands for at least one leaf")]
    NoLeaves = 105,
    #[msg("All seats of the epoch are taken by observers with as much stake or more")]
    SeatsTaken = 106,

    // Tally: 200…
    #[msg("Leaves are shown in the second epoch after theirs, neither earlier nor later")]
    NotSubmitting = 200,
    #[msg("The observation is of another observer or epoch")]
    OtherObservation = 201,
    #[msg("The observer lost its seat in the epoch to one with more stake")]
    NotSeated = 202,
    #[msg("No probes could give these figures")]
    FiguresInvalid = 203,
    #[msg("The leaf is not under the observer's root at this place")]
    ProofInvalid = 204,
    #[msg("The observer's leaf is in the tally already")]
    LeafTwice = 205,
    #[msg("The node can be scored from this tally: score it first")]
    TallyUnscored = 206,

    // Score: 300…
    #[msg("Leaves of the epoch can still be shown: wait for the end of that time")]
    NotScoring = 300,
    #[msg("The tally is of another epoch")]
    OtherTally = 301,
    #[msg("Too few observers were heard to score the node for this epoch")]
    QuorumMissed = 302,
    #[msg("The node is scored for this epoch already")]
    ScoredTwice = 303,
    #[msg("The epoch is older than all that the node's score remembers")]
    EpochTooOld = 304,
    #[msg("Bring the standing of every seated observer, in the order of their seats")]
    OtherStanding = 305,
}
