//! A media thread: its sockets and its clock around the rooms.

use super::datagrams::Datagrams;
use super::shard::{Load, Order, Shard};
use super::streams::Streams;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use str0m::net::{Protocol, Transmit};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

/// Frames over TCP handled before what they brought is sent on.
const FRAMES_MAX: usize = 64;
/// Orders carried out in a row.
const ORDERS_MAX: usize = 256;

/// What a thread runs on.
#[derive(Debug)]
pub(super) struct Thread {
    /// Its rooms.
    pub shard: Shard,
    /// Its socket.
    pub socket: std::net::UdpSocket,
    /// The candidates that stand for the socket: one per family.
    pub advertised: Vec<SocketAddr>,
    /// For clients without UDP, with what stands for it.
    pub listener: Option<(TcpListener, Vec<SocketAddr>)>,
    /// From the rooms' handles.
    pub orders: mpsc::UnboundedReceiver<Order>,
    /// What it holds, for others to see.
    pub load: Arc<Mutex<Load>>,
}

impl Thread {
    /// Runs until the plane and all handles are gone.
    pub fn run(self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.serve())
    }

    async fn serve(mut self) -> io::Result<()> {
        self.socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(self.socket)?;
        let raw = socket.as_raw_fd();
        let mut datagrams = Datagrams::new();
        let (listener, advertised_tcp) = match self.listener {
            Some((listener, advertised)) => {
                listener.set_nonblocking(true)?;
                (Some(tokio::net::TcpListener::from_std(listener)?), advertised)
            }
            None => (None, Vec::new()),
        };
        let mut streams = Streams::new(listener);
        loop {
            let next_at = tokio::time::Instant::from_std(self.shard.next_at());
            let (mut order, mut frame) = (None, None);
            tokio::select! {
                biased;
                received = self.orders.recv() => match received {
                    Some(received) => order = Some(received),
                    None => return Ok(()),
                },
                readable = socket.readable() => readable?,
                received = streams.next() => frame = Some(received),
                () = tokio::time::sleep_until(next_at) => {}
            }
            let now = Instant::now();
            if let Some(order) = order {
                self.shard.order(order, now);
                for _ in 1..ORDERS_MAX {
                    let Ok(order) = self.orders.try_recv() else { break };
                    self.shard.order(order, now);
                }
                *self.load.lock().unwrap_or_else(PoisonError::into_inner) = self.shard.load();
            }
            let (shard, advertised) = (&mut self.shard, &self.advertised);
            // Through the runtime, which has to know when the socket is empty. Other errors are a
            // peer's unreachable port, told by an earlier send.
            let _ = socket.try_io(Interest::READABLE, || {
                datagrams
                    .read(raw, |source, datagram| {
                        if let Some(destination) = destination(advertised, source) {
                            shard.receive(Protocol::Udp, source, destination, datagram, now);
                        }
                    })
                    .map_err(io::Error::from)
            });
            for _ in 0..FRAMES_MAX {
                let Some((source, frame)) = frame.take().or_else(|| streams.try_next()) else {
                    break;
                };
                if let Some(destination) = destination(&advertised_tcp, source) {
                    shard.receive(Protocol::Tcp, source, destination, &frame, now);
                }
            }
            shard.advance(now);
            let transmits = shard.transmits();
            if transmits.is_empty() {
                continue;
            }
            if !advertised_tcp.is_empty() {
                let tcp = |transmit: &Transmit| transmit.proto == Protocol::Tcp;
                for transmit in transmits.iter().filter(|transmit| tcp(transmit)) {
                    streams.send(transmit.destination, &transmit.contents);
                }
                transmits.retain(|transmit| !tcp(transmit));
            }
            datagrams.write(raw, transmits);
            transmits.clear();
        }
    }
}

/// The candidate at which a datagram arrived.
fn destination(advertised: &[SocketAddr], source: SocketAddr) -> Option<SocketAddr> {
    advertised.iter().find(|address| address.is_ipv4() == source.is_ipv4()).copied()
}
