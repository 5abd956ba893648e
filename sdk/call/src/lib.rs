//! A headless participant of a call: for agents, for recordings, and for tests of a node.
//!
//! It speaks LiveKit's signalling in its present form (`/rtc/v1`, one peer connection) and does
//! its media with str0m. It neither encodes nor decodes: audio goes in and comes out as Opus
//! packets, video as VP8 or H.264 frames. [`source`] reads both from files.
//!
//! ```no_run
//! use heliograph_call::{AudioOptions, Call, Event, JoinOptions, player, source, token::Token};
//!
//! # async fn agent() -> Result<(), Box<dyn std::error::Error>> {
//! let token = Token::new("lobby", "agent").sign_hs256("key", "secret")?;
//! let (call, mut events) = Call::join("ws://127.0.0.1:7880", &token, JoinOptions::default()).await?;
//!
//! let microphone = call.publish_audio(AudioOptions::default()).await?;
//! let speech = source::ogg::packets(&std::fs::read("speech.ogg")?)?;
//! tokio::spawn(async move { player::audio(&microphone, &speech, 1).await });
//!
//! while let Some(event) = events.recv().await {
//!     match event {
//!         Event::Audio { track_sid, packet, .. } => println!("{track_sid}: {} bytes", packet.len()),
//!         Event::Left { reason } => println!("gone: {reason}"),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! What is not here: resuming a lost connection (a participant that loses it gets
//! [`Event::Left`] and may join again), TURN, and end-to-end encryption.

mod call;
mod error;
mod event;
pub mod packet;
pub mod player;
pub mod receive;
pub mod relay;
mod session;
mod signal;
pub mod source;
pub mod token;

pub use call::{AudioOptions, Call, Codec, JoinOptions, Layer, Publication, VideoOptions};
pub use error::Error;
pub use event::{Event, Events, Kind};
pub use receive::TrackStats;
