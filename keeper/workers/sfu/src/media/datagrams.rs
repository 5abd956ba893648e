//! Datagrams in and out, many per system call.
//!
//! A picture for a subscriber is a run of datagrams of one size, which the kernel takes as a single
//! one and cuts up as late as it can (UDP segmentation offload).

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg,
};
use std::io::{IoSlice, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::RawFd;
use str0m::net::Transmit;

/// Datagrams read at once. Enough to hold a large picture's packets.
const READ_MAX: usize = 64;
/// Largest datagram read; WebRTC's stay below the path's 1,500 bytes.
const DATAGRAM_MAX: usize = 2_048;
/// Messages handed over at once.
const WRITE_MAX: usize = 256;
/// Datagrams and bytes in one message; the kernel's bounds are 64 datagrams and 65,507 bytes.
const RUN_DATAGRAMS_MAX: usize = 60;
const RUN_BYTES_MAX: usize = 60_000;

/// Buffers for reading and writing.
#[derive(Debug)]
pub(super) struct Datagrams {
    buffers: Vec<[u8; DATAGRAM_MAX]>,
    read_headers: MultiHeaders<SockaddrStorage>,
    plain_headers: MultiHeaders<SockaddrStorage>,
    cut_headers: MultiHeaders<SockaddrStorage>,
    /// Whether the kernel cuts. Not every device can.
    cuts: bool,
    runs: Vec<Run>,
}

/// Datagrams for one address, all as long as the first but for the last, which may be shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    start: usize,
    end: usize,
    each_bytes: usize,
}

impl Run {
    const fn len(&self) -> usize {
        self.end - self.start
    }
}

impl Datagrams {
    /// Buffers; nothing read yet.
    pub fn new() -> Self {
        Self {
            buffers: vec![[0; DATAGRAM_MAX]; READ_MAX],
            read_headers: MultiHeaders::preallocate(READ_MAX, None),
            plain_headers: MultiHeaders::preallocate(WRITE_MAX, None),
            cut_headers: MultiHeaders::preallocate(WRITE_MAX, Some(cmsg_space!(u16))),
            cuts: true,
            runs: Vec::new(),
        }
    }

    /// Reads what is there, up to [`READ_MAX`] datagrams. Returns how many.
    pub fn read(
        &mut self,
        socket: RawFd,
        mut received: impl FnMut(SocketAddr, &[u8]),
    ) -> Result<usize, Errno> {
        let mut slices: Vec<[IoSliceMut<'_>; 1]> =
            self.buffers.iter_mut().map(|buffer| [IoSliceMut::new(buffer)]).collect();
        let flags = MsgFlags::MSG_DONTWAIT;
        let mut sizes = [None; READ_MAX];
        let mut count = 0;
        let messages = recvmmsg(socket, &mut self.read_headers, slices.iter_mut(), flags, None)?;
        for (message, size) in messages.zip(&mut sizes) {
            let whole = !message.flags.contains(MsgFlags::MSG_TRUNC);
            let source = message.address.as_ref().and_then(socket_address);
            *size = source.filter(|_| whole).map(|source| (source, message.bytes));
            count += 1;
        }
        for (buffer, size) in self.buffers.iter().zip(sizes) {
            if let Some((source, bytes)) = size {
                received(source, &buffer[..bytes]);
            }
        }
        Ok(count)
    }

    /// Writes datagrams, in order for each address. What the socket does not take is lost, as on
    /// any network.
    pub fn write(&mut self, socket: RawFd, transmits: &[Transmit]) {
        self.runs.clear();
        find_runs(transmits, self.cuts, &mut self.runs);
        let mut next = 0;
        while next < self.runs.len() {
            next += self.write_some(socket, transmits, next);
        }
    }

    /// Writes the runs from one on that fit into a system call. Returns how many are done with.
    fn write_some(&mut self, socket: RawFd, transmits: &[Transmit], from: usize) -> usize {
        let (runs, cut_bytes) = together(&self.runs[from..]);
        let (first, last) = (runs[0].start, runs[runs.len() - 1].end);
        let slices: Vec<IoSlice<'_>> = transmits[first..last]
            .iter()
            .map(|transmit| IoSlice::new(&transmit.contents))
            .collect();
        let slices: Vec<&[IoSlice<'_>]> =
            runs.iter().map(|run| &slices[run.start - first..run.end - first]).collect();
        let addresses: Vec<Option<SockaddrStorage>> = runs
            .iter()
            .map(|run| Some(SockaddrStorage::from(transmits[run.start].destination)))
            .collect();
        let flags = MsgFlags::MSG_DONTWAIT;
        let cut = cut_bytes.and_then(|bytes| u16::try_from(bytes).ok());
        let cut = cut.as_ref().map(ControlMessage::UdpGsoSegments);
        let headers = if cut.is_some() { &mut self.cut_headers } else { &mut self.plain_headers };
        let sent = sendmmsg(socket, headers, &slices, &addresses, cut.as_slice(), flags)
            .map(Iterator::count);
        match sent {
            // The first message that is not taken gets its error from the next call.
            Ok(count) => count.max(1),
            Err(Errno::EINTR) => 0,
            Err(Errno::EIO | Errno::EINVAL | Errno::EOPNOTSUPP) if cut_bytes.is_some() => {
                tracing::warn!("the kernel does not cut datagrams here: they go one by one");
                self.cuts = false;
                let run = self.runs[from];
                let single = |at: usize| Run { start: at, end: at + 1, ..run };
                let mut rest: Vec<Run> = Vec::new();
                for run in &self.runs[from..] {
                    rest.extend((run.start..run.end).map(single));
                }
                for run in &mut rest {
                    run.each_bytes = transmits[run.start].contents.len();
                }
                self.runs.truncate(from);
                self.runs.append(&mut rest);
                0
            }
            // One address that cannot be reached, or a full buffer: the datagram is lost.
            Err(_) => 1,
        }
    }
}

/// Finds the runs in what is to be sent.
fn find_runs(transmits: &[Transmit], cuts: bool, runs: &mut Vec<Run>) {
    let mut at = 0;
    while at < transmits.len() {
        let first = &transmits[at];
        let each_bytes = first.contents.len();
        let (mut end, mut bytes) = (at + 1, each_bytes);
        while cuts
            && let Some(next) = transmits.get(end)
            && next.destination == first.destination
            && next.contents.len() <= each_bytes
            && end - at < RUN_DATAGRAMS_MAX
            && bytes + next.contents.len() <= RUN_BYTES_MAX
        {
            bytes += next.contents.len();
            end += 1;
            if next.contents.len() < each_bytes {
                break;
            }
        }
        runs.push(Run { start: at, end, each_bytes });
        at = end;
    }
}

/// The runs that go in one call, and to what size they are cut. All runs of a call are cut to one
/// size; a datagram that is not longer goes as it is.
fn together(runs: &[Run]) -> (&[Run], Option<usize>) {
    let (mut cut_bytes, mut longest_bytes) = (None, 0);
    let fits = |run: &&Run| {
        if run.len() == 1 {
            longest_bytes = longest_bytes.max(run.each_bytes);
            return cut_bytes.is_none_or(|cut| run.each_bytes <= cut);
        }
        let fits =
            run.each_bytes >= longest_bytes && cut_bytes.is_none_or(|cut| cut == run.each_bytes);
        if fits {
            cut_bytes = Some(run.each_bytes);
        }
        fits
    };
    let count = runs.iter().take(WRITE_MAX).take_while(fits).count();
    (&runs[..count], cut_bytes)
}

fn socket_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::V4(SocketAddrV4::from(*v4)));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| SocketAddr::V6(SocketAddrV6::from(*v6))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::os::fd::AsRawFd;
    use str0m::net::Protocol;

    fn transmit(destination: SocketAddr, byte: u8, bytes: usize) -> Transmit {
        let source = "127.0.0.1:1".parse().unwrap();
        let contents = vec![byte; bytes].into();
        Transmit { proto: Protocol::Udp, source, destination, contents }
    }

    #[test]
    fn runs_are_of_one_address_and_one_size() {
        let [a, b] = ["127.0.0.1:2", "127.0.0.1:3"].map(|text| text.parse().unwrap());
        let sizes = [(a, 9), (a, 9), (a, 5), (a, 5), (b, 5), (b, 7), (b, 7)];
        let transmits: Vec<_> = sizes.map(|(to, bytes)| transmit(to, 0, bytes)).into();
        let found = |cuts| {
            let mut runs = Vec::new();
            find_runs(&transmits, cuts, &mut runs);
            runs.iter().map(|run| (run.start, run.end)).collect::<Vec<_>>()
        };
        assert_eq!(found(true), [(0, 3), (3, 4), (4, 5), (5, 7)]);
        assert_eq!(found(false).len(), 7);
    }

    #[test]
    fn a_call_cuts_to_one_size() {
        let run = |len: usize, each_bytes| Run { start: 0, end: len, each_bytes };
        let count = |runs: &[Run]| {
            let (together, cut) = together(runs);
            (together.len(), cut)
        };
        assert_eq!(count(&[run(1, 900), run(3, 700)]), (1, None));
        assert_eq!(count(&[run(1, 600), run(3, 700), run(1, 700)]), (3, Some(700)));
        assert_eq!(count(&[run(3, 700), run(1, 701)]), (1, Some(700)));
        assert_eq!(count(&[run(3, 700), run(2, 700), run(2, 600)]), (2, Some(700)));
    }

    #[test]
    fn everything_arrives_whole_and_in_order() {
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let receivers = [0; 3].map(|_| UdpSocket::bind("127.0.0.1:0").unwrap());
        let mut datagrams = Datagrams::new();
        for cuts in [true, false] {
            datagrams.cuts = cuts;
            let mut transmits = Vec::new();
            for receiver in &receivers {
                let to = receiver.local_addr().unwrap();
                for (number, bytes) in [700, 1_200, 1_200, 1_200, 80, 80, 1_000].iter().enumerate()
                {
                    transmits.push(transmit(to, number as u8, *bytes));
                }
            }
            datagrams.write(sender.as_raw_fd(), &transmits);
            let mut reader = Datagrams::new();
            for receiver in &receivers {
                let mut seen = Vec::new();
                while seen.len() < 7 {
                    // Loopback delivers before the send returns.
                    let from = sender.local_addr().unwrap();
                    reader
                        .read(receiver.as_raw_fd(), |source, datagram| {
                            assert_eq!(source, from);
                            assert!(datagram.iter().all(|byte| *byte == datagram[0]));
                            seen.push((datagram[0], datagram.len()));
                        })
                        .expect("datagrams");
                }
                let sizes = [700, 1_200, 1_200, 1_200, 80, 80, 1_000];
                let expected: Vec<_> =
                    sizes.iter().enumerate().map(|(at, bytes)| (at as u8, *bytes)).collect();
                assert_eq!(seen, expected);
            }
        }
    }
}
