//! How many subscribers one processor serves with every packet.

use crate::generator::Feedback;
use crate::run::{Case, Measured, Program, Room};
use anyhow::Result;
use serde::Serialize;
use std::net::IpAddr;
use std::time::Duration;

/// Of each publisher: video of about a megabit a second.
pub const PACKETS_PER_SEC: f64 = 120.0;
/// A size is held when so much arrives.
pub const HELD_PPM: u64 = 999_000;
/// The generator decrypts one packet in so many; it could not do all.
const SAMPLED: Feedback = Feedback::Sampled(64);
/// Above this share of its processor, the generator is what is measured.
const GENERATOR_BUSY_PER_CENT: f64 = 92.0;

/// How far a server came.
#[derive(Clone, Debug, Serialize)]
pub struct Capacity {
    /// The most subscribers that got every packet.
    pub held: usize,
    /// The figures at that size.
    pub at_held: Option<Measured>,
    /// The size at which packets were missing; `None` if the search ended before.
    pub failed: Option<usize>,
    /// Whether the generator, not the server, ended the search.
    pub generator_limited: bool,
}

/// Tries sizes, each half as large again as the one before, up to `most`; then one in between.
pub async fn search(
    program: &Program,
    address: IpAddr,
    most: usize,
    time: Duration,
    say: &dyn Fn(String),
) -> Result<Capacity> {
    let mut found = Capacity { held: 0, at_held: None, failed: None, generator_limited: false };
    let mut size = 100.min(most);
    loop {
        say(format!("{size} subscribers"));
        match attempt(program, address, size, time).await? {
            Attempt::Held(measured) => {
                found.held = size;
                found.at_held = Some(measured);
            }
            Attempt::Missing => found.failed = Some(size),
            Attempt::GeneratorBusy => {
                found.generator_limited = true;
                return Ok(found);
            }
        }
        size = match found.failed {
            None if size >= most => return Ok(found),
            None => (size * 3 / 2).min(most),
            // One step between the last two sizes is fine enough beside the runs' own spread.
            Some(failed) if failed == size && found.held > 0 => found.held.midpoint(failed),
            Some(_) => return Ok(found),
        };
    }
}

enum Attempt {
    Held(Measured),
    Missing,
    GeneratorBusy,
}

async fn attempt(
    program: &Program,
    address: IpAddr,
    subscribers: usize,
    time: Duration,
) -> Result<Attempt> {
    let case = Case { publishers: 1, subscribers, packets_per_sec: PACKETS_PER_SEC };
    let mut room = Room::open(program, address, &case, SAMPLED).await?;
    let measured = room.measure(PACKETS_PER_SEC, time).await?;
    Ok(if measured.delivered_ppm >= HELD_PPM {
        Attempt::Held(measured)
    } else if measured.generator_busy_per_cent >= GENERATOR_BUSY_PER_CENT {
        Attempt::GeneratorBusy
    } else {
        Attempt::Missing
    })
}
