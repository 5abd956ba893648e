//! LiveKit-compatible SFU.
//!
//! Signalling ([`signal`]) brings requests to rooms ([`room`]), which are pure machines; rooms send
//! commands to the media plane ([`media`]). Who may come in is decided by [`access`], and what
//! happened is told to the [`outside`].

pub mod access;
pub mod media;
pub mod outside;
pub mod room;
pub mod sdp;
