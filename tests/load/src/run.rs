//! One measurement: a server, a case, a stretch of time.

use crate::generator::{Counts, Feedback, Generator};
use crate::process::{self, CpuTime};
use crate::servers::{Participant, Server, janus, sfu};
use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The processor that servers are bound to.
pub const SERVER_CORE: usize = 0;
/// The one that the generator is bound to.
pub const GENERATOR_CORE: usize = 1;
/// Longest wait until every packet arrives everywhere.
const SETTLE: Duration = Duration::from_secs(60);
/// Packets a second of each publisher until then.
const SETTLE_RATE: f64 = 10.0;

/// Who talks to whom.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Case {
    /// Participants who publish.
    pub publishers: usize,
    /// Participants who receive all publishers; they are the publishers themselves if there is
    /// more than one.
    pub subscribers: usize,
    /// Of each publisher.
    pub packets_per_sec: f64,
}

impl Case {
    /// Packets that arrive for each one that every publisher sends.
    pub const fn forwards(&self) -> usize {
        if self.publishers > 1 {
            self.publishers * (self.subscribers - 1)
        } else {
            self.subscribers
        }
    }

    /// `1→10`, `20×20`.
    pub fn name(&self) -> String {
        if self.publishers > 1 {
            format!("{}×{}", self.publishers, self.subscribers)
        } else {
            format!("1→{}", self.subscribers)
        }
    }
}

/// What is started for a measurement.
#[derive(Clone, Debug)]
pub enum Program {
    /// `heliograph-sfu` at this path.
    Sfu(PathBuf),
    /// Janus at this path.
    Janus(PathBuf),
}

impl Program {
    /// Starts it, bound to its processor; the caller is bound to the generator's afterwards.
    pub async fn start(&self, address: IpAddr) -> Result<Server> {
        process::pin(SERVER_CORE)?;
        let started = match self {
            Self::Sfu(path) => sfu::Sfu::start(path, address, 1).map(Server::Sfu),
            Self::Janus(path) => {
                janus::Janus::start(path, address).await.map(Box::new).map(Server::Janus)
            }
        };
        process::pin(GENERATOR_CORE)?;
        started
    }
}

/// What one measurement gives.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// CPU time of the server for each packet that arrived, in µs.
    pub cpu_us: f64,
    /// Time added by the server, in µs: half, 95 % and 99 % of the packets had less.
    pub latency_us: [u32; 3],
    /// Share of the packets that arrived, in parts per million.
    pub delivered_ppm: u64,
    /// Packets that arrived, each second.
    pub arrived_per_sec: f64,
    /// Share of one processor that the server took, in per cent.
    pub server_busy_per_cent: f64,
    /// Share of one processor that the generator took, in per cent.
    pub generator_busy_per_cent: f64,
    /// Resident memory of the server with everybody in the room, in KiB.
    pub resident_kib: u64,
    /// The same before anybody came.
    pub resident_empty_kib: u64,
}

/// A room with everybody in it and every packet arriving.
#[derive(Debug)]
pub struct Room {
    server: Server,
    generator: Generator,
    forwards: usize,
    publishers: usize,
    resident_empty_kib: u64,
}

impl Room {
    /// Starts the server and brings everybody in.
    pub async fn open(
        program: &Program,
        address: IpAddr,
        case: &Case,
        feedback: Feedback,
    ) -> Result<Self> {
        let server = program.start(address).await?;
        let generator = Generator::start(address, Some(GENERATOR_CORE))?;
        let resident_empty_kib = process::resident_kib(server.pid())?;
        let (forwards, publishers) = (case.forwards(), case.publishers);
        let mut room = Self { server, generator, forwards, publishers, resident_empty_kib };
        let both = case.publishers > 1;
        for number in 0..case.publishers {
            room.join(format!("p{number}"), true, both, feedback).await?;
        }
        if !both {
            for number in 0..case.subscribers {
                room.join(format!("s{number}"), false, true, feedback).await?;
            }
        }
        room.server.subscribe(&room.generator).await?;
        room.settle().await?;
        Ok(room)
    }

    async fn join(
        &mut self,
        name: String,
        publishes: bool,
        subscribes: bool,
        feedback: Feedback,
    ) -> Result<()> {
        let who = Participant { name, publishes, subscribes, feedback };
        self.server.join(&self.generator, who).await
    }

    /// Sends a little until everything arrives.
    async fn settle(&mut self) -> Result<()> {
        let begun = Instant::now();
        loop {
            let counts = self.send(SETTLE_RATE, Duration::from_secs(1)).await?;
            if let Some(why) = self.server.failure() {
                bail!("{why}");
            }
            let delivered = self.delivered_ppm(&counts);
            if delivered >= 1_000_000 {
                return Ok(());
            }
            if begun.elapsed() > SETTLE {
                let connected = self.generator.connected().await?;
                bail!(
                    "after {} s, {} of {} packets arrive, with {connected} peers connected",
                    SETTLE.as_secs(),
                    counts.received,
                    self.expected(&counts)
                );
            }
        }
    }

    /// Measures for a while.
    pub async fn measure(&mut self, packets_per_sec: f64, time: Duration) -> Result<Measured> {
        let pid = self.server.pid();
        let before = CpuTime::of(pid)?;
        let counts = self.send(packets_per_sec, time).await?;
        let spent = CpuTime::of(pid)?.since(&before);
        if let Some(why) = self.server.failure() {
            bail!("{why}");
        }
        let elapsed_secs = counts.elapsed.as_secs_f64();
        Ok(Measured {
            cpu_us: spent.as_secs_f64() * 1e6 / counts.received.max(1) as f64,
            latency_us: [50, 95, 99].map(|per_cent| counts.latency_us(per_cent)),
            delivered_ppm: self.delivered_ppm(&counts),
            arrived_per_sec: counts.received as f64 / elapsed_secs,
            server_busy_per_cent: spent.as_secs_f64() * 100.0 / elapsed_secs,
            generator_busy_per_cent: counts.busy.as_secs_f64() * 100.0 / elapsed_secs,
            resident_kib: process::resident_kib(pid)?,
            resident_empty_kib: self.resident_empty_kib,
        })
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    async fn send(&self, packets_per_sec: f64, time: Duration) -> Result<Counts> {
        self.generator.start_sending(packets_per_sec).await?;
        tokio::time::sleep(time).await;
        self.generator.stop_sending().await.context("the generator ended")
    }

    fn expected(&self, counts: &Counts) -> u64 {
        counts.sent * self.forwards as u64 / self.publishers as u64
    }

    fn delivered_ppm(&self, counts: &Counts) -> u64 {
        let expected = self.expected(counts);
        (counts.received * 1_000_000).checked_div(expected).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_know_their_forwards_and_names() {
        let one = Case { publishers: 1, subscribers: 100, packets_per_sec: 1.0 };
        assert_eq!((one.forwards(), one.name()), (100, "1→100".to_string()));
        let all = Case { publishers: 20, subscribers: 20, packets_per_sec: 1.0 };
        assert_eq!((all.forwards(), all.name()), (380, "20×20".to_string()));
    }
}
