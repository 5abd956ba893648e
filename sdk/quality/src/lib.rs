//! How good a transcription is, and what it takes to find out.
//!
//! [`text`] says when two texts say the same, [`score`] counts how far they are apart, [`noise`]
//! makes speech harder to hear by a known amount. Nothing here listens: whoever transcribes never
//! sees a reference, whoever scores never sees audio.
#![deny(missing_docs)]

pub mod noise;
pub mod score;
pub mod text;
