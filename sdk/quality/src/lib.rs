//! How good a transcription is, and what it takes to find out.
//!
//! [`text`] says when two texts say the same, [`score`] counts how far they are apart, [`noise`]
//! makes speech harder to hear by a known amount, [`probe`] asks a node as anybody would, with a clip
//! [`vary`]ed so that no node has heard it before. Nothing here listens: what transcribes is never
//! shown what was said.
#![deny(missing_docs)]

pub mod noise;
pub mod probe;
pub mod score;
pub mod text;
pub mod vary;
