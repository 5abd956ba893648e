//! The media plane as rooms see it.

use super::api::{Command, RoomId};
use super::host::Settings;
use super::queue::{Events, queue};
use super::shard::{Load, Order, Shard};
use super::thread::Thread;
use nix::ifaddrs::getifaddrs;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use str0m::Candidate;
use str0m::net::TcpType;
use tokio::sync::mpsc;

/// Socket buffers in bytes: a keyframe to a few hundred subscribers is a megabyte at once.
const SOCKET_BUFFER_BYTES: usize = 8 << 20;

/// Where media goes in and out.
#[derive(Clone, Debug)]
pub struct MediaConfig {
    /// Address to bind.
    pub bind: IpAddr,
    /// UDP port of the first media thread; the following ones have the following ports. 0 lets the
    /// system choose for each.
    pub first_port: u16,
    /// Addresses that clients are told, as seen from outside; of each family the first one counts.
    /// Port 0 stands for the port bound, another one for that port plus the thread's number.
    /// Empty: `bind`, or the machine's own addresses if that is unspecified.
    pub advertise: Vec<SocketAddr>,
    /// Media threads; 0 for one per core.
    pub threads: usize,
}

/// Why the media plane did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A socket could not be had.
    #[error("media socket {address}: {error}")]
    Socket {
        /// Address wanted.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
    /// Ports beyond 65535.
    #[error("{threads} media threads from port {first_port} on do not fit: ports end at 65535")]
    Ports {
        /// Threads wanted.
        threads: usize,
        /// First port.
        first_port: u16,
    },
    /// Nothing to tell clients.
    #[error("no address to advertise: name one")]
    NoAddress,
    /// An address that cannot be told to clients.
    #[error("{address} cannot be advertised: {reason}")]
    Candidate {
        /// The address.
        address: SocketAddr,
        /// For people.
        reason: String,
    },
    /// No certificate.
    #[error("the cryptography library makes no certificates")]
    Certificate,
    /// A thread could not be had.
    #[error("media thread: {0}")]
    Thread(std::io::Error),
}

/// The media plane. Its threads run until it and all rooms' handles are gone.
#[derive(Debug)]
pub struct Plane {
    threads: Vec<Handle>,
}

#[derive(Debug)]
struct Handle {
    orders: mpsc::UnboundedSender<Order>,
    load: Arc<Mutex<Load>>,
    /// Rooms with a handle: unlike those in `load`, up to date at once.
    rooms: Arc<AtomicUsize>,
    local: SocketAddr,
    local_tcp: Option<SocketAddr>,
}

impl Handle {
    fn load(&self) -> Load {
        *self.load.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A room's handle. Dropping it closes the room.
#[derive(Debug)]
pub struct RoomMedia {
    room: RoomId,
    orders: mpsc::UnboundedSender<Order>,
    rooms: Arc<AtomicUsize>,
}

impl RoomMedia {
    /// Sends a command. Never waits; commands are carried out in order.
    pub fn send(&self, command: Command) {
        // The thread only ends after all handles.
        let _ = self.orders.send(Order::Command { room: self.room, command });
    }
}

impl Drop for RoomMedia {
    fn drop(&mut self) {
        self.send(Command::CloseRoom);
        self.rooms.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Plane {
    /// Binds the sockets and starts the threads.
    pub fn start(config: &MediaConfig) -> Result<Self, Error> {
        Self::start_threads(config, None)
    }

    /// As [`Self::start`], with ICE over TCP for clients whose network lets no UDP through. The
    /// ports are as `first_port`: one per thread from the first one on, or 0. Addresses to
    /// advertise are those of UDP, with the TCP port bound.
    pub fn start_with_tcp(config: &MediaConfig, first_tcp_port: u16) -> Result<Self, Error> {
        Self::start_threads(config, Some(first_tcp_port))
    }

    fn start_threads(config: &MediaConfig, first_tcp_port: Option<u16>) -> Result<Self, Error> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let count = if config.threads == 0 { cores } else { config.threads };
        let crypto = str0m::crypto::from_feature_flags();
        let certificate = crypto.dtls_provider.generate_certificate().ok_or(Error::Certificate)?;
        let crypto = Arc::new(crypto);
        let mut threads = Vec::with_capacity(count);
        for number in 0..count {
            let offset = u16::try_from(number).unwrap_or(u16::MAX);
            let port = |first_port: u16| match first_port {
                0 => Ok(0),
                first => {
                    first.checked_add(offset).ok_or(Error::Ports { threads: count, first_port })
                }
            };
            let tcp_port = first_tcp_port.map(port).transpose()?;
            let port = port(config.first_port)?;
            let socket = bind(SocketAddr::new(config.bind, port))?;
            let local = socket
                .local_addr()
                .map_err(|error| Error::Socket { address: (config.bind, port).into(), error })?;
            let advertised = advertised(config, local.port(), offset)?;
            let listener = match tcp_port {
                Some(port) => Some(listen(SocketAddr::new(config.bind, port), &advertised)?),
                None => None,
            };
            let mut candidates = Vec::new();
            for address in &advertised {
                candidates
                    .push(candidate(*address, Candidate::builder().udp().host(*address).build())?);
            }
            for address in listener.iter().flat_map(|(_, advertised)| advertised) {
                let passive = Candidate::builder().tcp().host(*address).tcptype(TcpType::Passive);
                candidates.push(candidate(*address, passive.build())?);
            }
            let local_tcp = listener.as_ref().and_then(|(listener, _)| listener.local_addr().ok());
            let settings =
                Settings { certificate: certificate.clone(), crypto: crypto.clone(), candidates };
            let (orders, inbox) = mpsc::unbounded_channel();
            let load = Arc::new(Mutex::new(Load::default()));
            let shown = load.clone();
            std::thread::Builder::new()
                .name(format!("media-{number}"))
                .spawn(move || {
                    let shard = Shard::new(settings, Instant::now());
                    let thread =
                        Thread { shard, socket, advertised, listener, orders: inbox, load: shown };
                    if let Err(error) = thread.run() {
                        tracing::error!(%error, "a media thread has ended");
                    }
                })
                .map_err(Error::Thread)?;
            threads.push(Handle { orders, load, rooms: Arc::default(), local, local_tcp });
        }
        Ok(Self { threads })
    }

    /// Opens a room on the thread that has least to do. The events are bounded in memory: see
    /// [`super::QUEUED_BYTES_MAX`].
    pub fn open_room(&self, room: RoomId) -> (RoomMedia, Events) {
        let load = |handle: &&Handle| (handle.load().peers, handle.rooms.load(Ordering::Relaxed));
        let (sink, events) = queue();
        let handle = self.threads.iter().min_by_key(load).expect("at least one thread");
        handle.rooms.fetch_add(1, Ordering::Relaxed);
        let _ = handle.orders.send(Order::Open { room, events: sink });
        let media = RoomMedia { room, orders: handle.orders.clone(), rooms: handle.rooms.clone() };
        (media, events)
    }

    /// What each thread holds, as of the last command it carried out.
    pub fn load(&self) -> Vec<Load> {
        self.threads.iter().map(Handle::load).collect()
    }

    /// The UDP addresses bound, one per thread.
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        self.threads.iter().map(|handle| handle.local).collect()
    }

    /// The TCP addresses bound, one per thread; none without ICE over TCP.
    pub fn local_tcp_addresses(&self) -> Vec<SocketAddr> {
        self.threads.iter().filter_map(|handle| handle.local_tcp).collect()
    }
}

fn candidate(
    address: SocketAddr,
    built: Result<Candidate, impl std::fmt::Display>,
) -> Result<Candidate, Error> {
    built.map_err(|error| Error::Candidate { address, reason: error.to_string() })
}

/// Listens for ICE over TCP. What stands for the listener are UDP's addresses with its port.
fn listen(
    address: SocketAddr,
    advertised: &[SocketAddr],
) -> Result<(TcpListener, Vec<SocketAddr>), Error> {
    let failed = |error| Error::Socket { address, error };
    let listener = TcpListener::bind(address).map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    let advertised = advertised.iter().map(|udp| SocketAddr::new(udp.ip(), port)).collect();
    Ok((listener, advertised))
}

fn bind(address: SocketAddr) -> Result<UdpSocket, Error> {
    let socket = UdpSocket::bind(address).map_err(|error| Error::Socket { address, error })?;
    let options = socket2::SockRef::from(&socket);
    // Less than asked for is what the system allows; it is no reason not to start.
    for result in [
        options.set_recv_buffer_size(SOCKET_BUFFER_BYTES),
        options.set_send_buffer_size(SOCKET_BUFFER_BYTES),
    ] {
        if let Err(error) = result {
            tracing::warn!(%error, "socket buffers stay as they are");
        }
    }
    Ok(socket)
}

/// What a thread's socket is called outside.
fn advertised(config: &MediaConfig, port: u16, offset: u16) -> Result<Vec<SocketAddr>, Error> {
    let named: Vec<SocketAddr> = if !config.advertise.is_empty() {
        config.advertise.clone()
    } else if config.bind.is_unspecified() {
        own_addresses().into_iter().map(|ip| SocketAddr::new(ip, 0)).collect()
    } else {
        vec![SocketAddr::new(config.bind, 0)]
    };
    let mut chosen: Vec<SocketAddr> = Vec::new();
    for mut address in named {
        if chosen.iter().any(|other| other.is_ipv4() == address.is_ipv4()) {
            continue;
        }
        match address.port() {
            0 => address.set_port(port),
            first => address.set_port(first.saturating_add(offset)),
        }
        chosen.push(address);
    }
    if chosen.is_empty() { Err(Error::NoAddress) } else { Ok(chosen) }
}

/// The machine's addresses that lead to other machines.
fn own_addresses() -> Vec<IpAddr> {
    let Ok(interfaces) = getifaddrs() else { return Vec::new() };
    interfaces
        .filter_map(|interface| {
            let address = interface.address?;
            let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
        })
        .filter(|ip| match ip {
            IpAddr::V4(v4) => !(v4.is_loopback() || v4.is_link_local()),
            IpAddr::V6(v6) => !(v6.is_loopback() || v6.is_unicast_link_local()),
        })
        .collect()
}
