//! What the node role and a worker say to each other over a local socket, and the frames it
//! travels in.
//!
//! This crate owns the wire: message types, their bytes, the limits both sides rely on, and how a
//! worker opens its socket. It knows no engine. The bytes are Borsh inside length-prefixed frames; any change to
//! them raises [`VERSION`].
#![deny(missing_docs)]

pub mod call;
pub mod codec;
pub mod message;
pub mod replay;
pub mod socket;

pub use codec::{
    FrameCodec, FrameError, MAX_FRAME_BYTES, NodeCodec, SfuNodeCodec, SfuWorkerCodec, WorkerCodec,
};
pub use message::{
    FromWorker, Gate, MAX_AUDIO_SAMPLES, Model, SAMPLE_RATE_HZ, Segment, StreamConfig, ToWorker,
};

/// Version of the messages. A node that reads another one in [`FromWorker::Ready`] hangs up: Borsh
/// has no field names, so bytes of another version would be misread rather than refused.
pub const VERSION: u16 = 2;
