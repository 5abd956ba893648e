//! LiveKit-compatible SFU.

pub mod access;
pub mod media;
pub mod outside;
pub mod token;
