//! LiveKit-compatible SFU.

pub mod access;
pub mod link;
pub mod media;
pub mod meter;
pub mod outside;
pub mod token;
