//! The media plane against WebRTC clients over loopback: real ICE, DTLS, SRTP and SCTP; no rooms, no
//! tokens, no signalling.

mod client;
mod hall;

mod congestion;
mod data;
mod forwarding;
mod hostile;
mod lossy;
mod negotiation;
