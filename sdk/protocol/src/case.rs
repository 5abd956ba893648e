//! Cases: what counts as a fault, what it costs, and who gets it.

use crate::Address;
use crate::domain::{Domain, Message};
use crate::observation::{Figures, Leaf};
use crate::receipt::Receipt;
use crate::sample::{self, Malformed};
use crate::shares::{BPS, floor_share};

/// What somebody can be tried for. Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// A node signed two receipts for one minute of a session.
    Equivocation = 0,
    /// A settler could not show the voucher behind a leaf.
    UnansweredChallenge = 1,
    /// A node was scored too low too often.
    Downtime = 2,
    /// An observer signed another root than it posted, or posted a root over a leaf that its own
    /// samples contradict.
    ObserverFraud = 3,
}

/// Number of kinds.
pub const KINDS: usize = 4;

/// Two receipts of one node for one minute of a session, which differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Equivocation {
    /// The session.
    pub session: Address,
    /// The ordinal both have.
    pub sequence: u32,
}

/// Why two signed byte strings are no equivocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoEquivocation {
    /// One of them is no receipt of this network.
    NotAReceipt,
    /// They are of two sessions, or of two minutes of one.
    OtherMinute,
    /// They are the same.
    Same,
}

/// Looks whether two byte strings, signed by one key, are receipts that contradict each other. The
/// signatures are the caller's to check.
pub fn equivocation(
    one: &[u8],
    other: &[u8],
    domain: &Domain,
) -> Result<Equivocation, NoEquivocation> {
    let read =
        |bytes| Receipt::from_signing_bytes(bytes, domain).map_err(|_| NoEquivocation::NotAReceipt);
    let (a, b) = (read(one)?, read(other)?);
    if (a.session, a.sequence) != (b.session, b.sequence) {
        return Err(NoEquivocation::OtherMinute);
    }
    if one == other {
        return Err(NoEquivocation::Same);
    }
    Ok(Equivocation { session: a.session, sequence: a.sequence })
}

/// What the samples of a leaf give, where that is not what the leaf says.
pub type Contradiction = Result<Figures, Malformed>;

/// Why samples do not convict their observer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoContradiction {
    /// They are not those that the leaf commits to.
    OtherSamples,
    /// They give the leaf's figures.
    Agree,
}

/// Looks whether a leaf contradicts its own samples, of which `samples` are the bytes, in an epoch
/// of `epoch_secs`. That the observer posted a root over the leaf is the caller's to check.
///
/// Samples that give no figures contradict whatever the leaf says: their observer committed to them.
pub fn contradiction(
    leaf: &Leaf,
    samples: &[u8],
    epoch_secs: u32,
) -> Result<Contradiction, NoContradiction> {
    if sample::root_of_bytes(samples) != Some(leaf.samples_root) {
        return Err(NoContradiction::OtherSamples);
    }
    let samples = sample::from_bytes(samples).ok_or(NoContradiction::OtherSamples)?;
    let found = sample::figures(samples, epoch_secs);
    if found == Ok(leaf.figures) { Err(NoContradiction::Agree) } else { Ok(found) }
}

/// What a fault costs of `stake`, rounded down; all of it where `bps` is more than one whole.
pub fn penalty(stake: u64, bps: u16) -> u64 {
    floor_share(stake, bps.min(BPS))
}

/// The parts of a penalty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// To who reported it.
    pub reporter: u64,
    /// To who was harmed by it.
    pub victim: u64,
    /// Burned, or the treasury's.
    pub rest: u64,
}

/// Divides a penalty; both parts are rounded down, the rest takes what rounding leaves. `None` when
/// the parts are more than one whole.
pub fn divide(penalty: u64, reporter_bps: u16, victim_bps: u16) -> Option<Parts> {
    if u32::from(reporter_bps) + u32::from(victim_bps) > u32::from(BPS) {
        return None;
    }
    let reporter = floor_share(penalty, reporter_bps);
    let victim = floor_share(penalty, victim_bps);
    Some(Parts { reporter, victim, rest: penalty.checked_sub(reporter)?.checked_sub(victim)? })
}

/// The score of one epoch, as a case reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scored {
    /// The epoch, by the Unix time at which it begins.
    pub epoch: u64,
    /// Its score.
    pub score_ppm: u32,
    /// Observers heard.
    pub observers: u8,
    /// Observers without whom it would not have been scored.
    pub quorum: u8,
}

impl Scored {
    /// Whether the epoch would not have been scored without `frauds` of the observers heard.
    pub const fn falls_without(&self, frauds: usize) -> bool {
        (self.observers as usize).saturating_sub(frauds) < self.quorum as usize
    }
}

/// The bad epochs among the newest `window` of `scores` (oldest first) that began after `after`:
/// those scored below `score_min_ppm`, oldest first.
pub fn bad_epochs(
    scores: &[Scored],
    after: u64,
    window: usize,
    score_min_ppm: u32,
) -> impl Iterator<Item = &Scored> {
    let newest = &scores[scores.len().saturating_sub(window)..];
    newest.iter().filter(move |score| score.epoch > after && score.score_ppm < score_min_ppm)
}
