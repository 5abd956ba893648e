//! What a participant takes of the server's memory, idle and with everything subscribed.

use crate::generator::{Feedback, Generator};
use crate::process;
use crate::run::{Case, GENERATOR_CORE, Program, Room};
use crate::servers::Participant;
use anyhow::{Result, ensure};
use serde::Serialize;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Packets a second of the publisher that is subscribed to: a small video's.
const PACKETS_PER_SEC: f64 = 30.0;
/// How long it sends before memory is looked at: what is kept for repeats is full by then.
const SENDING: Duration = Duration::from_secs(5);
/// Longest wait for the connections of those who only sit there.
const PATIENCE: Duration = Duration::from_secs(60);

/// Memory at one number of participants, all in one room.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Held {
    /// How many are in the room.
    pub participants: usize,
    /// Resident memory, connected, with nobody sending anything, in KiB.
    pub idle_kib: u64,
    /// The same with one more participant, whose video all the others get.
    pub subscribed_kib: u64,
}

/// Memory at several numbers of participants.
#[derive(Clone, Debug, Serialize)]
pub struct Memory {
    /// Resident memory without anybody, in KiB.
    pub empty_kib: u64,
    /// By size, as asked for.
    pub sizes: Vec<Held>,
}

impl Memory {
    /// What one of `total_kib`'s participants takes, in KiB.
    pub fn each_kib(&self, total_kib: u64, participants: usize) -> u64 {
        total_kib.saturating_sub(self.empty_kib) / (participants as u64).max(1)
    }
}

/// Looks at a server's memory with so many participants, a new server each time.
pub async fn run(
    program: &Program,
    address: IpAddr,
    sizes: &[usize],
    say: &dyn Fn(String),
) -> Result<Memory> {
    let server = program.start(address).await?;
    let empty_kib = process::resident_kib(server.pid())?;
    drop(server);
    let mut memory = Memory { empty_kib, sizes: Vec::new() };
    for &participants in sizes {
        say(format!("{participants} participants, idle"));
        let idle_kib = idle(program, address, participants).await?;
        say(format!("{participants} participants, subscribed"));
        let case =
            Case { publishers: 1, subscribers: participants, packets_per_sec: PACKETS_PER_SEC };
        let mut room = Room::open(program, address, &case, Feedback::Full).await?;
        let subscribed_kib = room.measure(PACKETS_PER_SEC, SENDING).await?.resident_kib;
        memory.sizes.push(Held { participants, idle_kib, subscribed_kib });
    }
    Ok(memory)
}

/// Everybody has the connection on which data and subscriptions would come; nothing does.
async fn idle(program: &Program, address: IpAddr, participants: usize) -> Result<u64> {
    let mut server = program.start(address).await?;
    let generator = Generator::start(address, Some(GENERATOR_CORE))?;
    for number in 0..participants {
        let name = format!("s{number}");
        let who =
            Participant { name, publishes: false, subscribes: true, feedback: Feedback::Full };
        server.join(&generator, who).await?;
    }
    let begun = Instant::now();
    loop {
        let connected = generator.connected().await?;
        if connected == participants {
            break;
        }
        let waited = begun.elapsed();
        ensure!(waited < PATIENCE, "only {connected} of {participants} get their connection");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    process::resident_kib(server.pid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_server_is_nobodys_share() {
        let memory = Memory { empty_kib: 10_000, sizes: Vec::new() };
        assert_eq!(memory.each_kib(30_000, 100), 200);
        assert_eq!(memory.each_kib(9_000, 100), 0);
        assert_eq!(memory.each_kib(30_000, 0), 20_000);
    }
}
