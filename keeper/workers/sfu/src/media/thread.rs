//! A media thread: its sockets and its clock around the rooms.

use super::shard::{Load, Order, Shard};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use str0m::net::Protocol;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

/// Datagrams read before what they brought is sent on. Enough to hold a large frame's packets.
const BATCH_MAX: usize = 64;
/// Largest datagram read; WebRTC's stay below the path's 1,500.
const DATAGRAM_MAX: usize = 2_048;
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
        let mut buffer = vec![0; DATAGRAM_MAX];
        loop {
            let next_at = tokio::time::Instant::from_std(self.shard.next_at());
            let order = tokio::select! {
                biased;
                order = self.orders.recv() => match order {
                    Some(order) => Some(order),
                    None => return Ok(()),
                },
                readable = socket.readable() => {
                    readable?;
                    None
                }
                () = tokio::time::sleep_until(next_at) => None,
            };
            let now = Instant::now();
            if let Some(order) = order {
                self.shard.order(order, now);
                for _ in 1..ORDERS_MAX {
                    let Ok(order) = self.orders.try_recv() else { break };
                    self.shard.order(order, now);
                }
                *self.load.lock().unwrap_or_else(PoisonError::into_inner) = self.shard.load();
            }
            for _ in 0..BATCH_MAX {
                // Errors here are a peer's unreachable port, told by an earlier send.
                let Ok((bytes, source)) = socket.try_recv_from(&mut buffer) else { break };
                let Some(destination) = destination(&self.advertised, source) else { continue };
                self.shard.receive(Protocol::Udp, source, destination, &buffer[..bytes], now);
            }
            self.shard.advance(now);
            for transmit in self.shard.transmits().drain(..) {
                // A full socket buffer loses a datagram like the network would.
                let _ = socket.try_send_to(&transmit.contents, transmit.destination);
            }
        }
    }
}

/// The candidate at which a datagram arrived.
fn destination(advertised: &[SocketAddr], source: SocketAddr) -> Option<SocketAddr> {
    advertised.iter().find(|address| address.is_ipv4() == source.is_ipv4()).copied()
}
