//! The servers that are measured: ours, and Janus beside it.

pub mod janus;
pub mod sfu;

use crate::generator::{Feedback, Generator};
use anyhow::Result;
use std::process::Child;

/// Somebody in the room.
#[derive(Clone, Debug)]
pub struct Participant {
    /// Identity, unique in the room.
    pub name: String,
    /// Whether a video track is published.
    pub publishes: bool,
    /// Whether everybody else's video is received.
    pub subscribes: bool,
    /// How the received video is acknowledged.
    pub feedback: Feedback,
}

/// A server that runs, with a room in it.
#[derive(Debug)]
pub enum Server {
    /// `heliograph-sfu`.
    Sfu(sfu::Sfu),
    /// Janus with its videoroom plugin.
    Janus(Box<janus::Janus>),
}

impl Server {
    /// Whose CPU time counts.
    pub fn pid(&self) -> u32 {
        match self {
            Self::Sfu(server) => server.pid(),
            Self::Janus(server) => server.pid(),
        }
    }

    /// Brings a participant into the room.
    pub async fn join(&mut self, generator: &Generator, who: Participant) -> Result<()> {
        match self {
            Self::Sfu(server) => server.join(generator, who).await,
            Self::Janus(server) => server.join(generator, who).await,
        }
    }

    /// Everybody who will publish is there: receives them where the server does not do so by
    /// itself.
    pub async fn subscribe(&mut self, generator: &Generator) -> Result<()> {
        match self {
            Self::Sfu(_) => Ok(()),
            Self::Janus(server) => server.subscribe(generator).await,
        }
    }

    /// What went wrong since the last call, if anything did.
    pub fn failure(&mut self) -> Option<String> {
        match self {
            Self::Sfu(server) => server.failure(),
            Self::Janus(_) => None,
        }
    }
}

/// A process that ends with us.
#[derive(Debug)]
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Ended already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
