//! The thread that holds all peers.

use super::peer::{Feedback, Peer};
use super::receive::Batch;
use super::{Counts, payload};
use crate::process;
use anyhow::{Context as _, Result, anyhow};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use std::net::IpAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use str0m::config::DtlsCert;
use tokio::sync::oneshot;

/// A peer of the generator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerId(usize);

/// How long the thread sleeps at most: while packets are due, and while none are.
const TICK_MS: u16 = 1;
/// See [`TICK_MS`].
const IDLE_TICK_MS: u16 = 5;
/// Between two looks at all peers' timers.
const TIMERS_EVERY: Duration = Duration::from_millis(5);
/// How long packets under way may take when the sending ends.
const LAST_PACKETS: Duration = Duration::from_millis(300);
/// Pictures of each publisher.
const PICTURES_PER_SEC: f64 = 30.0;
/// Less than a packet, so that sums of fractions do not fall short of a whole one.
const ROUNDING: f64 = 1e-6;
/// RTP clock of video.
const CLOCK_HZ: f64 = 90_000.0;

type Reply<T> = oneshot::Sender<Result<T>>;

enum Command {
    Open { feedback: Feedback, reply: Reply<PeerId> },
    Answer { peer: PeerId, offer: String, reply: Reply<String> },
    Publish { peer: PeerId, cid: String, reply: Reply<String> },
    Accept { peer: PeerId, answer: String, reply: Reply<()> },
    Connected { reply: Reply<usize> },
    Start { packets_per_sec: f64, reply: Reply<()> },
    Pause { reply: Reply<()> },
    Stop { reply: Reply<Counts> },
}

/// Handle to the thread, which ends when all handles are dropped.
#[derive(Clone, Debug)]
pub struct Generator {
    commands: Sender<Command>,
}

impl Generator {
    /// Starts the thread, bound to a processor if one is named, with sockets on `address`. It
    /// inherits the network namespace of its maker.
    pub fn start(address: IpAddr, core: Option<usize>) -> Result<Self> {
        let (commands, receiver) = channel();
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        // One certificate for all: making one for each would cost more than its handshake.
        let certificate = str0m::crypto::from_feature_flags()
            .dtls_provider
            .generate_certificate()
            .context("no certificate for DTLS can be made")?;
        let engine = Engine {
            address,
            certificate,
            epoll,
            peers: Vec::new(),
            counts: Counts::default(),
            running: None,
        };
        let thread = std::thread::Builder::new().name("generator".to_string());
        thread.spawn(move || {
            if let Some(core) = core {
                // Without the binding the figures are worse, not wrong.
                let _ = process::pin(core);
            }
            engine.run(&receiver);
        })?;
        Ok(Self { commands })
    }

    /// A new peer.
    pub async fn open(&self, feedback: Feedback) -> Result<PeerId> {
        self.ask(|reply| Command::Open { feedback, reply }).await
    }

    /// The peer's answer to an offer.
    pub async fn answer(&self, peer: PeerId, offer: String) -> Result<String> {
        self.ask(|reply| Command::Answer { peer, offer, reply }).await
    }

    /// The peer's offer of a video track.
    pub async fn publish(&self, peer: PeerId, cid: String) -> Result<String> {
        self.ask(|reply| Command::Publish { peer, cid, reply }).await
    }

    /// Gives the peer the answer to its offer.
    pub async fn accept(&self, peer: PeerId, answer: String) -> Result<()> {
        self.ask(|reply| Command::Accept { peer, answer, reply }).await
    }

    /// How many peers have their connection.
    pub async fn connected(&self) -> Result<usize> {
        self.ask(|reply| Command::Connected { reply }).await
    }

    /// Every publisher sends so many packets a second from now on.
    pub async fn start_sending(&self, packets_per_sec: f64) -> Result<()> {
        self.ask(|reply| Command::Start { packets_per_sec, reply }).await
    }

    /// Ends the sending, waits for the last packets, and tells what has come of it.
    pub async fn stop_sending(&self) -> Result<Counts> {
        self.ask(|reply| Command::Pause { reply }).await?;
        tokio::time::sleep(LAST_PACKETS).await;
        self.ask(|reply| Command::Stop { reply }).await
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let gone = || anyhow!("the generator's thread has ended");
        self.commands.send(command(reply)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

struct Engine {
    address: IpAddr,
    certificate: DtlsCert,
    epoll: Epoll,
    peers: Vec<Peer>,
    counts: Counts,
    running: Option<Running>,
}

struct Running {
    begun: Instant,
    busy_before: Duration,
    packets_per_sec: f64,
    /// By all publishers.
    pictures: u64,
    /// When the sending ended.
    ended: Option<Duration>,
}

impl Engine {
    fn run(mut self, commands: &Receiver<Command>) {
        let mut batch = Batch::new();
        let mut events = vec![EpollEvent::empty(); 1_024];
        let mut timers_at = Instant::now();
        loop {
            loop {
                match commands.try_recv() {
                    Ok(command) => self.command(command),
                    Err(std::sync::mpsc::TryRecvError::Empty) => break,
                    Err(std::sync::mpsc::TryRecvError::Disconnected) => return,
                }
            }
            self.send_due();
            let tick_ms = if self.running.is_some() { TICK_MS } else { IDLE_TICK_MS };
            let ready = self.epoll.wait(&mut events, EpollTimeout::from(tick_ms)).unwrap_or(0);
            for event in &events[..ready] {
                self.read(event.data() as usize, &mut batch);
                self.send_due();
            }
            let now = Instant::now();
            if now >= timers_at {
                timers_at = now + TIMERS_EVERY;
                for peer in self.peers.iter_mut().filter(|peer| peer.deadline <= now) {
                    peer.timeout(now, &mut self.counts);
                }
            }
        }
    }

    fn read(&mut self, index: usize, batch: &mut Batch) {
        let Some(peer) = self.peers.get_mut(index) else { return };
        let Ok(count) = batch.fill(peer.socket()) else { return };
        for at in 0..count {
            let (datagram, bytes) = batch.get(at);
            peer.receive(datagram, bytes, &mut self.counts);
        }
    }

    /// Sends what is due. Publishers take turns, spread over the time between two pictures.
    fn send_due(&mut self) {
        let Some(running) = self.running.as_mut().filter(|running| running.ended.is_none()) else {
            return;
        };
        let publishers = self.peers.iter().filter(|peer| peer.is_publisher()).count() as u64;
        if publishers == 0 {
            return;
        }
        // Less than a packet a picture: pictures of one packet, fewer of them.
        let pictures_per_sec = PICTURES_PER_SEC.min(running.packets_per_sec);
        let packets_each = running.packets_per_sec / pictures_per_sec;
        let due = running.begun.elapsed().as_secs_f64() * pictures_per_sec;
        let due = (due * publishers as f64) as u64;
        while running.pictures < due {
            let turn = (running.pictures % publishers) as usize;
            let round = running.pictures / publishers;
            running.pictures += 1;
            let ticks = (round as f64 * CLOCK_HZ / pictures_per_sec) as u32;
            let until = |round: u64| (round as f64 * packets_each + ROUNDING) as u64;
            let packets = until(round + 1) - until(round);
            let mut publishers = self.peers.iter_mut().filter(|peer| peer.is_publisher());
            if let Some(peer) = publishers.nth(turn) {
                peer.send(ticks, packets, &mut self.counts);
            }
        }
    }

    fn command(&mut self, command: Command) {
        // Whoever asked may be gone.
        match command {
            Command::Open { feedback, reply } => drop(reply.send(self.open(feedback))),
            Command::Answer { peer, offer, reply } => {
                drop(reply.send(self.with(peer, |peer| peer.answer(&offer))));
            }
            Command::Publish { peer, cid, reply } => {
                drop(reply.send(self.with(peer, |peer| peer.publish(&cid))));
            }
            Command::Accept { peer, answer, reply } => {
                drop(reply.send(self.with(peer, |peer| peer.accept(&answer))));
            }
            Command::Connected { reply } => {
                let connected = self.peers.iter().filter(|peer| peer.is_connected).count();
                drop(reply.send(Ok(connected)));
            }
            Command::Start { packets_per_sec, reply } => {
                self.counts = Counts::default();
                let (begun, busy_before) = (Instant::now(), thread_time());
                self.running =
                    Some(Running { begun, busy_before, packets_per_sec, pictures: 0, ended: None });
                drop(reply.send(Ok(())));
            }
            Command::Pause { reply } => {
                if let Some(running) = &mut self.running {
                    running.ended = Some(running.begun.elapsed());
                }
                drop(reply.send(Ok(())));
            }
            Command::Stop { reply } => {
                let mut counts = std::mem::take(&mut self.counts);
                if let Some(running) = self.running.take() {
                    counts.elapsed = running.ended.unwrap_or_else(|| running.begun.elapsed());
                    counts.busy = thread_time().saturating_sub(running.busy_before);
                }
                counts.latencies_us.sort_unstable();
                drop(reply.send(Ok(counts)));
            }
        }
    }

    fn open(&mut self, feedback: Feedback) -> Result<PeerId> {
        let peer = Peer::new(self.address, &self.certificate, feedback)?;
        let id = self.peers.len();
        self.epoll.add(peer.socket(), EpollEvent::new(EpollFlags::EPOLLIN, id as u64))?;
        self.peers.push(peer);
        Ok(PeerId(id))
    }

    fn with<T>(&mut self, peer: PeerId, act: impl FnOnce(&mut Peer) -> Result<T>) -> Result<T> {
        let peer = self.peers.get_mut(peer.0).context("no such peer")?;
        let done = act(peer);
        peer.drain(payload::unix_nanos(), &mut self.counts);
        done
    }
}

/// CPU time of this thread.
fn thread_time() -> Duration {
    getrusage(UsageWho::RUSAGE_THREAD).map_or(Duration::ZERO, |usage| {
        let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        Duration::from_micros(micros.try_into().unwrap_or(0))
    })
}
