//! What rooms read from SDP and change in it. Text in, text out: no connection, no state.
//!
//! Clients of LiveKit tell tracks apart by `a=msid`, which the WebRTC library neither lets us read
//! from an offer nor set in an answer; and an answer that promises media in every section that the
//! client would receive in makes the client believe that there are tracks in all of them. So offers
//! are read here, and what the library writes is corrected here.

mod prefer;
mod rewrite;
mod section;
#[cfg(test)]
mod tests;

pub use prefer::prefer;
pub use rewrite::{Msid, rewrite};
pub use section::{Direction, Section, SectionKind, read};

/// Media sections that one description may have. LiveKit's clients open one for each track they
/// send or receive; a room of 500 with audio and video needs a thousand.
pub const SECTIONS_MAX: usize = 2_048;

/// Why a description cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// It is not SDP.
    #[error("not a session description")]
    NotSdp,
    /// A section cannot be told from others.
    #[error("section {index} has no mid")]
    NoMid {
        /// Which, from 0.
        index: usize,
    },
    /// Two sections have one mid.
    #[error("mid {mid} is used twice")]
    DuplicateMid {
        /// Which.
        mid: String,
    },
    /// More than [`SECTIONS_MAX`].
    #[error("{SECTIONS_MAX} sections at most")]
    TooManySections,
}
