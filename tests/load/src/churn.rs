//! Participants who come and go, and what of them stays in the server's memory.

use crate::process;
use crate::run::Program;
use crate::servers::Server;
use crate::servers::sfu::Sfu;
use anyhow::{Context as _, Result, bail};
use heliograph_call::{AudioOptions, Call, Event, Events, JoinOptions};
use serde::Serialize;
use std::net::IpAddr;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Participants in a room at once; they come and go together.
const TOGETHER: usize = 100;
/// Rooms' ends are noticed late; memory is looked at after this much rest.
const REST: Duration = Duration::from_secs(2);
/// How long joining may take with a hundred others.
const PATIENCE: Duration = Duration::from_secs(60);

/// Memory over many joins and leaves.
#[derive(Clone, Debug, Serialize)]
pub struct Churn {
    /// Participants who came and went.
    pub participants: usize,
    /// Resident memory after the first tenth of them, when all pools are filled, in KiB.
    pub resident_before_kib: u64,
    /// Resident memory after the last, in KiB.
    pub resident_after_kib: u64,
    /// Joins and leaves a second, of server and participants on this machine.
    pub per_sec: f64,
}

/// Lets `participants` come and go in hundreds. Every one publishes audio and has its media
/// connection before it leaves.
pub async fn run(
    program: &Program,
    address: IpAddr,
    participants: usize,
    say: &dyn Fn(String),
) -> Result<Churn> {
    let Server::Sfu(server) = program.start(address).await? else {
        bail!("only our own server is looked at");
    };
    let pid = server.process_id();
    let rounds = participants.div_ceil(TOGETHER).max(2);
    let warm = (rounds / 10).max(1);
    let mut resident_before_kib = 0;
    let begun = Instant::now();
    for round in 0..rounds {
        say(format!("{} of {participants} have come and gone", round * TOGETHER));
        visit(&server, address, round).await?;
        if round + 1 == warm {
            tokio::time::sleep(REST).await;
            resident_before_kib = process::resident_kib(pid)?;
        }
    }
    let per_sec = (rounds * TOGETHER) as f64 / begun.elapsed().as_secs_f64();
    tokio::time::sleep(REST).await;
    let resident_after_kib = process::resident_kib(pid)?;
    let participants = rounds * TOGETHER;
    Ok(Churn { participants, resident_before_kib, resident_after_kib, per_sec })
}

/// A hundred participants in ten rooms.
async fn visit(server: &Sfu, address: IpAddr, round: usize) -> Result<()> {
    let mut joining = JoinSet::new();
    for number in 0..TOGETHER {
        let room = format!("r{round}-{}", number % 10);
        let token = Sfu::token(&room, &format!("n{number}"))?;
        let url = format!("ws://{}", server.address());
        let mut options = JoinOptions::default();
        options.bind = address;
        options.media_events = false;
        options.patience = PATIENCE;
        joining.spawn(async move {
            let (call, mut events) = Call::join(&url, &token, options).await?;
            call.publish_audio(AudioOptions::default()).await?;
            connected(&mut events).await?;
            anyhow::Ok((call, events))
        });
    }
    let mut calls = Vec::new();
    while let Some(joined) = joining.join_next().await {
        calls.push(joined??);
    }
    for (call, _) in &calls {
        call.leave().await?;
    }
    Ok(())
}

async fn connected(events: &mut Events) -> Result<()> {
    let connected = async {
        loop {
            match events.recv().await {
                Some(Event::Connected) => return Ok(()),
                Some(Event::Left { reason }) => bail!("left: {reason}"),
                Some(_) => {}
                None => bail!("left"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, connected).await.context("media do not connect")?
}
