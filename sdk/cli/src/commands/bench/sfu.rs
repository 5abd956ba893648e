//! `heliograph bench sfu`: what forwarding costs, beside Janus.

mod describe;

pub use describe::section;

use super::machine::Machine;
use super::program;
use crate::context::Context;
use crate::output::Outcome;
use crate::progress::Spinner;
use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use heliograph_load::capacity::{self, Capacity};
use heliograph_load::churn::{self, Churn};
use heliograph_load::compare::{self, Compared, Plan};
use heliograph_load::generator::Feedback;
use heliograph_load::memory::{self, Memory};
use heliograph_load::profile::{self, Profile};
use heliograph_load::run::{Case, Program, Room};
use heliograph_load::{netns, process, servers::janus};
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

/// Rates keep Janus, too, below one processor: what is compared is work, not drowning.
const CASES: [Case; 4] = [
    Case { publishers: 1, subscribers: 10, packets_per_sec: 500.0 },
    Case { publishers: 1, subscribers: 100, packets_per_sec: 300.0 },
    Case { publishers: 1, subscribers: 500, packets_per_sec: 60.0 },
    Case { publishers: 20, subscribers: 20, packets_per_sec: 50.0 },
];
/// The same in small, to see that everything works.
const QUICK_CASES: [Case; 2] = [
    Case { publishers: 1, subscribers: 3, packets_per_sec: 50.0 },
    Case { publishers: 3, subscribers: 3, packets_per_sec: 50.0 },
];
/// The case that is profiled.
const PROFILED: Case = CASES[1];
/// Participants of a room whose memory is looked at.
const MEMORY_SIZES: [usize; 3] = [100, 500, 1_000];
/// The same in small.
const QUICK_MEMORY_SIZES: [usize; 1] = [5];

/// Cost of forwarding a packet, and the time it adds, beside Janus
#[derive(Clone, Debug, Args)]
#[command(
    long_about = "Cost of forwarding a packet, and the time it adds, beside Janus.\n\n\
    Starts heliograph-sfu and Janus (Debian's package janus) in a network namespace of their own, \
    each bound to processor 0, and plays all participants on processor 1: 1.1 kB VP8 packets, from \
    one to many and from all to all. The servers are measured in turns. CPU time comes from the \
    scheduler's clock (schedstat), added time from the kernel's receive timestamps. Participants \
    acknowledge as browsers do, unless --sampled is given.\n\n\
    The namespace takes root; without Janus, or with --no-peer, loopback is used and ours is \
    measured alone. A machine busy with other things gives other figures; a development build of \
    the SFU gives figures of no use.",
    after_long_help = "EXAMPLES\n  \
    heliograph bench sfu --sfu target/release/heliograph-sfu\n  \
    heliograph bench sfu --quick --no-peer\n  \
    heliograph bench sfu --no-cases --profile --memory\n  \
    heliograph bench sfu --no-cases --churn 10000\n  \
    heliograph bench sfu --capacity 3000 --json"
)]
pub struct Sfu {
    /// The SFU program [default: heliograph-sfu beside this program]
    #[arg(long, value_name = "FILE")]
    pub sfu: Option<PathBuf>,
    /// Measurements of each server in each case
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=99))]
    pub runs: u16,
    /// Seconds of each measurement
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=600))]
    pub secs: u16,
    /// Two tiny cases, one second each
    #[arg(long)]
    pub quick: bool,
    /// Leave the cases out
    #[arg(long)]
    pub no_cases: bool,
    /// Leave Janus out
    #[arg(long)]
    pub no_peer: bool,
    /// Participants decrypt one packet in N and acknowledge none
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub sampled: Option<u32>,
    /// Show where the SFU's time goes, by `perf`
    #[arg(long)]
    pub profile: bool,
    /// Find the most subscribers that get every packet of a megabit a second, up to N
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub capacity: Option<u32>,
    /// Memory of a room with 100, 500 and 1,000 participants
    #[arg(long)]
    pub memory: bool,
    /// Let N participants come and go in hundreds, and see what stays in memory
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub churn: Option<u32>,
}

/// Everything measured; what was not is `null` or empty.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    pub machine: Machine,
    pub peer: Peer,
    pub sampled: Option<u32>,
    pub cases: Vec<Compared>,
    pub profile: Option<Profile>,
    pub capacity: Option<Capacity>,
    pub peer_capacity: Option<Capacity>,
    pub memory: Option<Memory>,
    pub churn: Option<Churn>,
}

/// Janus: its package's version, or why it is left out.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    Version(String),
    LeftOut(String),
}

impl Sfu {
    pub async fn execute(self, _context: &Context) -> Result<Outcome> {
        let figures = self.run().await?;
        Outcome::new(&figures, describe::text(&figures))
    }

    /// Measures in a thread of its own: namespace and processor are a thread's.
    pub async fn run(self) -> Result<Figures> {
        let sfu = program(self.sfu.as_deref(), "heliograph-sfu")?;
        let (done, figures) = tokio::sync::oneshot::channel();
        let thread = std::thread::Builder::new().name("bench".to_owned());
        thread.spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let figures = match runtime {
                Ok(runtime) => runtime.block_on(self.measure(sfu)),
                Err(error) => Err(error.into()),
            };
            // Whoever waited may have been interrupted.
            let _ = done.send(figures);
        })?;
        figures.await.map_err(|_| anyhow!("the measurement broke off"))?
    }

    async fn measure(self, sfu: PathBuf) -> Result<Figures> {
        let spinner = Spinner::new("starting");
        let say = |text: String| spinner.say(text);
        let (address, janus, peer) = self.peer()?;
        let sfu = Program::Sfu(sfu);
        let janus = janus.map(Program::Janus);
        let feedback = self.sampled.map_or(Feedback::Full, Feedback::Sampled);
        let (runs, secs) = if self.quick { (1, 1) } else { (self.runs, self.secs) };
        let time = Duration::from_secs(secs.into());
        let plan = Plan {
            sfu: sfu.clone(),
            janus: janus.clone(),
            address,
            runs: runs.into(),
            time,
            feedback,
        };
        let list = if self.quick { &QUICK_CASES[..] } else { &CASES[..] };
        let mut figures = Figures {
            machine: Machine::this(),
            peer,
            sampled: self.sampled,
            cases: Vec::new(),
            profile: None,
            capacity: None,
            peer_capacity: None,
            memory: None,
            churn: None,
        };
        for case in list.iter().filter(|_| !self.no_cases) {
            figures.cases.push(compare::case(&plan, *case, &say).await?);
        }
        if self.profile {
            say("profile".to_owned());
            let case = if self.quick { QUICK_CASES[0] } else { PROFILED };
            figures.profile = Some(profiled(&sfu, address, case, feedback, time).await?);
        }
        if let Some(most) = self.capacity {
            let most = most as usize;
            figures.capacity = Some(capacity::search(&sfu, address, most, time, &say).await?);
            if let Some(janus) = &janus {
                let found = capacity::search(janus, address, most, time, &say).await?;
                figures.peer_capacity = Some(found);
            }
        }
        if self.memory {
            let sizes = if self.quick { &QUICK_MEMORY_SIZES[..] } else { &MEMORY_SIZES[..] };
            figures.memory = Some(memory::run(&sfu, address, sizes, &say).await?);
        }
        if let Some(participants) = self.churn {
            figures.churn = Some(churn::run(&sfu, address, participants as usize, &say).await?);
        }
        Ok(figures)
    }

    /// Where the servers get their address, Janus's program, and what is said of it.
    fn peer(&self) -> Result<(IpAddr, Option<PathBuf>, Peer)> {
        let alone = |why: &str| {
            let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
            Ok((loopback, None, Peer::LeftOut(why.to_owned())))
        };
        if self.no_peer {
            return alone("left out by --no-peer");
        }
        let Some(path) = janus::program() else {
            return alone("not installed; `apt-get install janus` for the comparison");
        };
        netns::enter().context("for Janus, which takes no loopback address (--no-peer does)")?;
        let version = janus::version().unwrap_or_else(|| "unknown".to_owned());
        Ok((netns::ADDRESS, Some(path), Peer::Version(version)))
    }
}

/// Samples the SFU while it forwards.
async fn profiled(
    sfu: &Program,
    address: IpAddr,
    case: Case,
    feedback: Feedback,
    time: Duration,
) -> Result<Profile> {
    let mut room = Room::open(sfu, address, &case, feedback).await?;
    let folder = tempfile::tempdir()?;
    let recording = profile::record(room.pid(), time, folder.path())?;
    // A little longer than the recording: it starts late.
    room.measure(case.packets_per_sec, time + Duration::from_secs(1)).await?;
    process::resident_kib(room.pid()).context("the SFU ended while it was sampled")?;
    recording.read()
}
