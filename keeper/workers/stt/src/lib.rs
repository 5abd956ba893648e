//! Speech-to-text worker: streams of 16 kHz audio in, segments of text with their records out.
//!
//! ```text
//! socket ─ server ─┬─ front (one per stream): buffer, voice activity, segments
//!                  └─ inference thread: one segment at a time ─ engine ─ gates ─ record
//! ```
//!
//! The worker serves one node over a local socket and knows no chain. Given the same audio at the
//! same positions it gives the same segments, text and records, times aside: that is what lets an
//! auditor check a record.
#![deny(missing_docs)]

pub mod cli;
pub mod engine;
pub mod front;
pub mod gates;
pub mod inference;
pub mod interim;
pub mod model_file;
pub mod noise;
pub mod replay;
pub mod router;
pub mod segment;
pub mod server;
pub mod transcribe;
pub mod vad;
pub mod worker;

pub use heliograph_worker_ipc::SAMPLE_RATE_HZ;
