//! A UDP relay that loses, delays, reorders and throttles, for tests of what a call makes of it.
//!
//! It stands between a participant and its server: with [`crate::JoinOptions::impaired`] the
//! participant takes the relay's address for the server's. What happens to a datagram follows from the seed, the direction and how
//! many came before it, so that a run can be repeated as far as the ends behave the same.

mod path;

pub use path::{Impairment, Path, Verdict};

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// What a relay does, in both directions.
#[derive(Clone, Debug, Default)]
pub struct Impaired {
    /// From participants to the server.
    pub up: Impairment,
    /// From the server to participants.
    pub down: Impairment,
    /// Chance's beginning.
    pub seed: u64,
}

/// A running relay. Stops when dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    counters: Arc<Counters>,
    task: JoinHandle<()>,
}

/// Datagrams seen, for test reports.
#[derive(Debug, Default)]
pub struct Counters {
    /// From participants, and how many of them were dropped.
    pub up: AtomicU64,
    /// Dropped on the way up.
    pub up_dropped: AtomicU64,
    /// From the server.
    pub down: AtomicU64,
    /// Dropped on the way down.
    pub down_dropped: AtomicU64,
}

impl Relay {
    /// Starts a relay to `server` on a free port of the same address. Every participant (source
    /// address) gets paths of its own, impaired alike.
    pub async fn start(server: SocketAddr, impaired: &Impaired) -> io::Result<Self> {
        let bind = SocketAddr::new(server.ip(), 0);
        let socket = Arc::new(UdpSocket::bind(bind).await?);
        let address = socket.local_addr()?;
        let counters = Arc::new(Counters::default());
        let task = tokio::spawn(run(socket, server, impaired.clone(), counters.clone()));
        Ok(Self { address, counters, task })
    }

    /// Where participants send to.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Datagrams seen so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Takes datagrams of participants and hands them to their paths; ends with its task.
async fn run(
    socket: Arc<UdpSocket>,
    server: SocketAddr,
    impaired: Impaired,
    counters: Arc<Counters>,
) {
    let Impaired { up, down, seed } = impaired;
    let mut participants: HashMap<SocketAddr, (Path, Line)> = HashMap::new();
    let mut tasks = tokio::task::JoinSet::new();
    let mut buffer = vec![0; 65_536];
    loop {
        let Ok((length, source)) = socket.recv_from(&mut buffer).await else { continue };
        if !participants.contains_key(&source) {
            let Ok(upstream) = UdpSocket::bind(SocketAddr::new(server.ip(), 0)).await else {
                continue;
            };
            if upstream.connect(server).await.is_err() {
                continue;
            }
            let upstream = Arc::new(upstream);
            let number = participants.len() as u64;
            let path = Path::new(up, seed.wrapping_add(2 * number));
            let to_server = Line::start(upstream.clone(), None, &mut tasks);
            participants.insert(source, (path, to_server));
            let path = Path::new(down, seed.wrapping_add(2 * number + 1));
            let to_participant = Line::start(socket.clone(), Some(source), &mut tasks);
            tasks.spawn(downward(upstream, path, to_participant, counters.clone()));
        }
        let Some((path, line)) = participants.get_mut(&source) else { continue };
        counters.up.fetch_add(1, Ordering::Relaxed);
        match path.offer(Instant::now(), length) {
            Verdict::Drop => drop(counters.up_dropped.fetch_add(1, Ordering::Relaxed)),
            Verdict::DeliverAt(at) => line.send(at, buffer[..length].to_vec()),
        }
    }
}

async fn downward(upstream: Arc<UdpSocket>, mut path: Path, line: Line, counters: Arc<Counters>) {
    let mut buffer = vec![0; 65_536];
    loop {
        let Ok(length) = upstream.recv(&mut buffer).await else { continue };
        counters.down.fetch_add(1, Ordering::Relaxed);
        match path.offer(Instant::now(), length) {
            Verdict::Drop => drop(counters.down_dropped.fetch_add(1, Ordering::Relaxed)),
            Verdict::DeliverAt(at) => line.send(at, buffer[..length].to_vec()),
        }
    }
}

/// Datagrams under way, sent when their time has come.
struct Line {
    sender: UnboundedSender<(Instant, Vec<u8>)>,
}

impl Line {
    fn start(
        socket: Arc<UdpSocket>,
        to: Option<SocketAddr>,
        tasks: &mut tokio::task::JoinSet<()>,
    ) -> Self {
        let (sender, mut receiver) = unbounded_channel::<(Instant, Vec<u8>)>();
        tasks.spawn(async move {
            let mut under_way: BinaryHeap<Reverse<(Instant, u64, Vec<u8>)>> = BinaryHeap::new();
            let mut number = 0;
            loop {
                let next = under_way.peek().map(|Reverse((at, ..))| *at);
                let due = async {
                    match next {
                        Some(at) => tokio::time::sleep_until(at.into()).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    received = receiver.recv() => {
                        let Some((at, datagram)) = received else { return };
                        // Equal times keep their order.
                        under_way.push(Reverse((at, number, datagram)));
                        number += 1;
                    }
                    () = due => {
                        let Some(Reverse((_, _, datagram))) = under_way.pop() else { continue };
                        // A receiver that is gone is no concern of a network's.
                        let _ = match to {
                            Some(to) => socket.send_to(&datagram, to).await,
                            None => socket.send(&datagram).await,
                        };
                    }
                }
            }
        });
        Self { sender }
    }

    fn send(&self, at: Instant, datagram: Vec<u8>) {
        // The task ends with the relay only.
        let _ = self.sender.send((at, datagram));
    }
}

#[cfg(test)]
mod tests;
