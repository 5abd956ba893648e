//! The media plane: peer connections and forwarding, on threads of its own.
//!
//! ```text
//! Plane ── RoomMedia ── commands ─▶ Thread (sockets, clock) ── Shard ── Room ── Peer (str0m)
//!                     ◀─ Events ──                            demux     Track ── Layer
//!                                                                        └─ Forward ── Outlet
//! ```
//!
//! From the shard down nothing has a socket or a clock: time and datagrams are arguments. A room
//! lives on one thread, so forwarding takes no lock; all that crosses threads are commands and
//! events.

mod allocation;
pub mod api;
mod arena;
mod channels;
mod codec;
mod datagrams;
mod descriptor;
mod forward;
#[cfg(fuzzing)]
pub mod fuzzing;
mod host;
mod layer;
mod negotiation;
mod peer;
mod plane;
mod queue;
mod rewrite;
mod room;
mod scale;
mod shard;
mod streams;
mod stun;
mod thread;
mod track;

pub use channels::WAITING_BYTES_MAX;
pub use negotiation::SECTIONS_MAX;
pub use plane::{Error, MediaConfig, Plane, RoomMedia};
pub use queue::{Events, QUEUED_BYTES_MAX};
pub use shard::Load;
