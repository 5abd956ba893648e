//! Datagrams over TCP, for clients whose network lets no UDP through: RFC 4571's frames, a length of
//! two bytes and the datagram, as ICE has it (RFC 6544). The client connects.

use std::collections::HashMap;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Connections per media thread. More than that is nobody's room.
const CONNECTIONS_MAX: usize = 1_024;
/// Largest frame taken; WebRTC's datagrams stay below the path's 1,500 bytes.
const FRAME_MAX: usize = 2_048;
/// Frames that wait for a slow client. More are lost, as a full queue on the way would lose them.
const WAITING_MAX: usize = 256;
/// Frames of all connections that wait for the thread; a connection that reads on finds its turn.
const ARRIVED_MAX: usize = 256;
/// A connection on which nothing comes is given up: clients check every few seconds.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// What a connection has to say.
enum Arrival {
    Frame(SocketAddr, Vec<u8>),
    Gone(SocketAddr),
}

/// The connections of a media thread.
pub(super) struct Streams {
    listener: Option<TcpListener>,
    connections: HashMap<SocketAddr, mpsc::Sender<Vec<u8>>>,
    arrivals: mpsc::Receiver<Arrival>,
    arrived: mpsc::Sender<Arrival>,
}

impl Streams {
    /// Takes connections, if there is a listener.
    pub fn new(listener: Option<TcpListener>) -> Self {
        let (arrived, arrivals) = mpsc::channel(ARRIVED_MAX);
        Self { listener, connections: HashMap::new(), arrivals, arrived }
    }

    /// The next datagram and where it is from. May be dropped while it waits.
    pub async fn next(&mut self) -> (SocketAddr, Vec<u8>) {
        loop {
            tokio::select! {
                arrival = self.arrivals.recv() => match arrival {
                    Some(Arrival::Frame(source, frame)) => return (source, frame),
                    Some(Arrival::Gone(source)) => drop(self.connections.remove(&source)),
                    // Not while `arrived` is here.
                    None => pending().await,
                },
                accepted = accept(self.listener.as_ref()) => {
                    if let Ok((stream, source)) = accepted {
                        self.connected(stream, source);
                    }
                }
            }
        }
    }

    /// More datagrams, if there are any now.
    pub fn try_next(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        loop {
            match self.arrivals.try_recv().ok()? {
                Arrival::Frame(source, frame) => return Some((source, frame)),
                Arrival::Gone(source) => drop(self.connections.remove(&source)),
            }
        }
    }

    /// Sends a datagram to the client at the other end of a connection.
    pub fn send(&self, destination: SocketAddr, datagram: &[u8]) {
        let (Some(connection), Ok(length)) =
            (self.connections.get(&destination), u16::try_from(datagram.len()))
        else {
            return;
        };
        let mut frame = Vec::with_capacity(2 + datagram.len());
        frame.extend(length.to_be_bytes());
        frame.extend(datagram);
        let _ = connection.try_send(frame);
    }

    fn connected(&mut self, stream: TcpStream, source: SocketAddr) {
        if self.connections.len() >= CONNECTIONS_MAX {
            return;
        }
        let (sender, waiting) = mpsc::channel(WAITING_MAX);
        self.connections.insert(source, sender);
        let arrived = self.arrived.clone();
        tokio::spawn(async move {
            let _ = serve(stream, source, waiting, &arrived).await;
            let _ = arrived.send(Arrival::Gone(source)).await;
        });
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => pending().await,
    }
}

/// Runs a connection until either side ends it.
async fn serve(
    stream: TcpStream,
    source: SocketAddr,
    mut waiting: mpsc::Receiver<Vec<u8>>,
    arrived: &mpsc::Sender<Arrival>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, mut writer) = stream.into_split();
    let read = async {
        loop {
            let length = timeout(SILENCE_MAX, reader.read_u16()).await??;
            let length = usize::from(length);
            if length > FRAME_MAX {
                return Err(io::Error::from(io::ErrorKind::InvalidData));
            }
            let mut frame = vec![0; length];
            timeout(SILENCE_MAX, reader.read_exact(&mut frame)).await??;
            if arrived.send(Arrival::Frame(source, frame)).await.is_err() {
                return Ok(());
            }
        }
    };
    let write = async {
        while let Some(frame) = waiting.recv().await {
            timeout(SILENCE_MAX, writer.write_all(&frame)).await??;
        }
        io::Result::Ok(())
    };
    tokio::select! {
        ended = read => ended,
        ended = write => ended,
    }
}
