//! Connections to the HTTP port, before anybody has said who they are.
//!
//! A stranger costs a place and a few kilobytes until the first request is whole, so both are bounded:
//! there are so many places, and who does not come to the point, or falls silent later, loses its own.
//! Signalling has its own, shorter patience; see [`crate::signal`].

use axum::serve::Listener;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// How long strangers are listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From the connection to the end of the first request's head.
    pub head: Duration,
    /// After that, between one byte and the next.
    pub silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Duration::from_secs(10), silence: Duration::from_secs(30) }
    }
}

/// What ends the head of a request.
const HEAD_END: &[u8] = b"\r\n\r\n";
/// How long no connection is taken after the system has refused one: it has no files left.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// Takes connections.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    places: Arc<Semaphore>,
    patience: Patience,
}

impl Door {
    /// At most `places` at once; more wait outside until one is free.
    pub fn new(listener: TcpListener, places: usize, patience: Patience) -> Self {
        Self { listener, places: Arc::new(Semaphore::new(places)), patience }
    }
}

impl Listener for Door {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let place = loop {
            // The places are never taken away as a whole.
            if let Ok(place) = self.places.clone().acquire_owned().await {
                break place;
            }
        };
        loop {
            match self.listener.accept().await {
                Ok((stream, from)) => {
                    let (patience, ends) = (self.patience, Box::pin(sleep(self.patience.head)));
                    let connection =
                        Connection { stream, patience, ends, head_seen: 0, _place: place };
                    return (connection, from);
                }
                Err(error) => {
                    tracing::debug!(%error, "a connection could not be taken");
                    sleep(REFUSED_PAUSE).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends by itself when nothing comes.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    patience: Patience,
    ends: Pin<Box<Sleep>>,
    /// How much of [`HEAD_END`] the latest bytes are; all of it once the head has ended.
    head_seen: usize,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    fn came(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.head_seen == HEAD_END.len() {
                break;
            }
            self.head_seen = match *byte {
                byte if byte == HEAD_END[self.head_seen] => self.head_seen + 1,
                b'\r' => 1,
                _ => 0,
            };
        }
        if self.head_seen == HEAD_END.len() {
            self.ends.as_mut().reset(Instant::now() + self.patience.silence);
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let this = &mut *self;
        if let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(context, buffer) {
            this.came(&buffer.filled()[before..]);
            // Bytes that trickle in do not buy time before the head has ended.
            let late = this.head_seen < HEAD_END.len() && this.ends.is_elapsed();
            return Poll::Ready(if late { Err(io::ErrorKind::TimedOut.into()) } else { read });
        }
        ready!(this.ends.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const PATIENCE: Patience =
        Patience { head: Duration::from_millis(300), silence: Duration::from_secs(20) };

    async fn door(places: usize) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().route("/", get(|| async { "in" }));
        let door = Door::new(listener, places, PATIENCE);
        tokio::spawn(async move { axum::serve(door, app).await });
        address
    }

    async fn ask(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn who_does_not_come_to_the_point_makes_place_for_others() {
        let address = door(2).await;
        let mut silent = TcpStream::connect(address).await.unwrap();
        let mut slow = TcpStream::connect(address).await.unwrap();
        let trickle = async {
            for byte in b"GET / HTTP/1.1\r\nx: ".iter().chain([b'x'].iter().cycle()) {
                if slow.write_all(&[*byte]).await.is_err() {
                    return;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        let answer = async {
            let mut nothing = [0; 1];
            // Whichever way the server ends it.
            assert!(matches!(silent.read(&mut nothing).await, Ok(0) | Err(_)));
            ask(address).await
        };
        let both = async { tokio::join!(trickle, answer) };
        let (_, answer) = tokio::time::timeout(Duration::from_secs(20), both).await.unwrap();
        assert!(answer.ends_with("in"), "{answer}");
    }

    #[tokio::test]
    async fn a_connection_that_has_asked_may_rest_a_while() {
        let address = door(1).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        for _ in 0..2 {
            stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            let mut answer = vec![0; 4_096];
            let bytes = stream.read(&mut answer).await.unwrap();
            assert!(answer[..bytes].ends_with(b"in"));
            sleep(PATIENCE.head * 2).await;
        }
    }
}
