//! Datagrams in batches, with the time at which the kernel got them.

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, setsockopt, sockopt,
};
use nix::sys::time::TimeSpec;
use std::io::IoSliceMut;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

/// Datagrams in one call.
const BATCH: usize = 32;
/// Larger than any datagram of a call.
const DATAGRAM_BYTES: usize = 2_048;
/// Room for a burst to many subscribers while the generator looks elsewhere.
const SOCKET_BYTES: usize = 1 << 20;

/// One datagram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Datagram {
    pub(super) length: usize,
    pub(super) source: SocketAddr,
    /// Nanoseconds since 1970.
    pub(super) received_nanos: u64,
}

/// A batch's memory, used again and again.
pub(super) struct Batch {
    headers: MultiHeaders<SockaddrIn>,
    buffers: Vec<[u8; DATAGRAM_BYTES]>,
    datagrams: Vec<Datagram>,
}

impl Batch {
    pub(super) fn new() -> Self {
        Self {
            headers: MultiHeaders::preallocate(BATCH, Some(cmsg_space!(TimeSpec))),
            buffers: vec![[0; DATAGRAM_BYTES]; BATCH],
            datagrams: Vec::with_capacity(BATCH),
        }
    }

    /// What has arrived, at most [`BATCH`]; nothing if nothing has.
    pub(super) fn fill(&mut self, socket: &UdpSocket) -> Result<usize, Errno> {
        self.datagrams.clear();
        let mut slices: Vec<[IoSliceMut<'_>; 1]> =
            self.buffers.iter_mut().map(|buffer| [IoSliceMut::new(buffer)]).collect();
        let flags = MsgFlags::MSG_DONTWAIT;
        let received =
            match recvmmsg(socket.as_raw_fd(), &mut self.headers, &mut slices, flags, None) {
                Ok(received) => received,
                Err(Errno::EAGAIN | Errno::ECONNREFUSED | Errno::EINTR) => return Ok(0),
                Err(error) => return Err(error),
            };
        for message in received {
            let time = message.cmsgs().ok().and_then(|mut all| {
                all.find_map(|one| match one {
                    ControlMessageOwned::ScmTimestampns(time) => Some(time),
                    _ => None,
                })
            });
            let received_nanos =
                time.map_or(0, |time| time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64);
            let source = message.address.map_or_else(
                || SocketAddr::from(([0, 0, 0, 0], 0)),
                |address| SocketAddr::from((address.ip(), address.port())),
            );
            let length = message.bytes;
            self.datagrams.push(Datagram { length, source, received_nanos });
        }
        Ok(self.datagrams.len())
    }

    /// The datagram's description and bytes.
    pub(super) fn get(&self, index: usize) -> (Datagram, &[u8]) {
        let datagram = self.datagrams[index];
        (datagram, &self.buffers[index][..datagram.length])
    }
}

/// A socket whose datagrams come with their times.
pub(super) fn socket(address: std::net::IpAddr) -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind((address, 0))?;
    socket.set_nonblocking(true)?;
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
    // Beyond the system's limit for everybody only with privileges; as much as there is will do.
    if setsockopt(&socket, sockopt::RcvBufForce, &SOCKET_BYTES).is_err() {
        setsockopt(&socket, sockopt::RcvBuf, &SOCKET_BYTES)?;
    }
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::super::payload::unix_nanos;
    use super::*;

    #[test]
    fn datagrams_come_with_source_and_time() {
        let receiver = socket("127.0.0.1".parse().unwrap()).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut batch = Batch::new();
        assert_eq!(batch.fill(&receiver).unwrap(), 0);
        let before = unix_nanos();
        for number in 0..3u8 {
            sender.send_to(&[number; 9], receiver.local_addr().unwrap()).unwrap();
        }
        assert_eq!(batch.fill(&receiver).unwrap(), 3);
        // The kernel begins to stamp a little after it was asked to: until then the stamp is made
        // when a datagram is read.
        let after = unix_nanos();
        for number in 0..3 {
            let (datagram, bytes) = batch.get(number);
            assert_eq!(bytes, [number as u8; 9]);
            assert_eq!(datagram.source, sender.local_addr().unwrap());
            assert!((before..=after).contains(&datagram.received_nanos));
        }
    }
}
