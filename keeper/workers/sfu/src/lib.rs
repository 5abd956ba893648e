//! LiveKit-compatible SFU.
//!
//! Signalling ([`signal`]) brings requests to rooms ([`room`]), which are pure machines that
//! [`rooms`] runs; rooms send commands to the media plane ([`media`]). Who may come in is decided by
//! [`access`], and what happened is told to the [`outside`].

pub mod access;
pub mod config;
pub mod door;
pub mod link;
pub mod media;
pub mod meter;
pub mod outside;
pub mod room;
pub mod rooms;
pub mod sdp;
pub mod service;
pub mod signal;
pub mod tap;
#[cfg(test)]
mod testing;
pub mod token;
pub mod turn;
pub mod whip;
pub mod worker;

#[cfg(fuzzing)]
pub use media::fuzzing;
