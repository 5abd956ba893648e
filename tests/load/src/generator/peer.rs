//! One peer connection and its socket.

use super::Counts;
use super::payload::{payload, sent_nanos, unix_nanos};
use super::receive::{self, Datagram};
use anyhow::{Context as _, Result};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Instant;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::config::DtlsCert;
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{Extension, RtpWrite, SeqNo};
use str0m::{Candidate, Event, Input, Output, Rtc};

/// How much a subscriber tells the server, and so how much it costs the generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feedback {
    /// As a browser: every packet is decrypted, reported (transport-wide congestion control) and,
    /// if missing, asked for.
    Full,
    /// Packets are counted by their headers and one in so many is decrypted; congestion control
    /// is not negotiated, and nothing is asked for again. For more subscribers than the generator
    /// could decrypt for.
    Sampled(u32),
}

pub(super) struct Peer {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    pub(super) deadline: Instant,
    pub(super) is_connected: bool,
    feedback: Feedback,
    received_until_sample: u32,
    pending: Option<SdpPendingOffer>,
    publishes: Option<Mid>,
    vp8: Option<Pt>,
    /// Packets.
    sent: u64,
    pictures: u64,
}

impl Peer {
    pub(super) fn new(address: IpAddr, certificate: &DtlsCert, feedback: Feedback) -> Result<Self> {
        let socket = receive::socket(address)?;
        let local = socket.local_addr()?;
        let mut builder = Rtc::builder()
            .set_rtp_mode(true)
            .set_stats_interval(None)
            .set_dtls_cert(certificate.clone())
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true);
        if feedback != Feedback::Full {
            let extensions = builder.extension_map();
            if let Some(id) = extensions.id_of(Extension::TransportSequenceNumber) {
                // Taken out by putting another in its place that nobody sends.
                extensions.set(id, Extension::PlayoutDelay);
            }
        }
        let mut rtc = builder.build(Instant::now());
        rtc.add_local_candidate(Candidate::host(local, "udp")?);
        Ok(Self {
            rtc,
            socket,
            local,
            deadline: Instant::now(),
            is_connected: false,
            feedback,
            received_until_sample: 0,
            pending: None,
            publishes: None,
            vp8: None,
            sent: 0,
            pictures: 0,
        })
    }

    pub(super) const fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// Answers the server's offer.
    pub(super) fn answer(&mut self, offer: &str) -> Result<String> {
        let offer = SdpOffer::from_sdp_string(offer)?;
        let answer = self.rtc.sdp_api().accept_offer(offer)?;
        self.find_payload_type();
        Ok(answer.to_sdp_string())
    }

    /// Offers a video track named `cid`.
    pub(super) fn publish(&mut self, cid: &str) -> Result<String> {
        let mut changes = self.rtc.sdp_api();
        let track = Some(cid.to_string());
        let stream = Some("load".to_string());
        let mid = changes.add_media(MediaKind::Video, Direction::SendOnly, stream, track, None);
        let (offer, pending) = changes.apply().context("a new section is an offer")?;
        self.publishes = Some(mid);
        self.pending = Some(pending);
        Ok(offer.to_sdp_string())
    }

    /// Takes the server's answer to [`Self::publish`].
    pub(super) fn accept(&mut self, answer: &str) -> Result<()> {
        let pending = self.pending.take().context("nothing was offered")?;
        let answer = SdpAnswer::from_sdp_string(answer)?;
        self.rtc.sdp_api().accept_answer(pending, answer)?;
        self.find_payload_type();
        Ok(())
    }

    fn find_payload_type(&mut self) {
        let params = self.rtc.codec_config().params();
        let vp8 = params.iter().find(|params| params.spec().codec == Codec::Vp8);
        self.vp8 = vp8.map(str0m::format::PayloadParams::pt);
    }

    /// Whether packets of this peer's are awaited.
    pub(super) const fn is_publisher(&self) -> bool {
        self.publishes.is_some()
    }

    /// Sends the packets of one picture, as an encoder hands them over.
    pub(super) fn send(&mut self, ticks_90khz: u32, packets: u64, counts: &mut Counts) {
        for number in 0..packets {
            let (Some(mid), Some(vp8)) = (self.publishes, self.vp8) else { return };
            let mut direct = self.rtc.direct_api();
            let Some(stream) = direct.stream_tx_by_mid(mid, None) else { return };
            let payload = payload(unix_nanos(), self.pictures as u16, number == 0);
            let sequence = SeqNo::from(1_000 + self.sent);
            let packet = RtpWrite::new(vp8, sequence, ticks_90khz, Instant::now(), payload);
            stream.write_rtp(packet.marker(number + 1 == packets).nackable(true));
            self.sent += 1;
            counts.sent += 1;
            self.drain(0, counts);
        }
        self.pictures += 1;
    }

    /// Takes a datagram.
    pub(super) fn receive(&mut self, datagram: Datagram, bytes: &[u8], counts: &mut Counts) {
        if let Feedback::Sampled(every) = self.feedback
            && is_rtp(bytes)
        {
            let is_media = self.vp8.is_some_and(|vp8| bytes[1] & 0x7f == *vp8)
                && bytes.len() > super::PAYLOAD_BYTES;
            counts.received += u64::from(is_media);
            if self.received_until_sample > 0 {
                self.received_until_sample -= 1;
                return;
            }
            self.received_until_sample = every.saturating_sub(1);
        }
        let Ok(contents) = bytes.try_into() else { return };
        let received = Receive {
            proto: Protocol::Udp,
            source: datagram.source,
            destination: self.local,
            contents,
        };
        // A datagram that is refused is one that is lost, and counted so.
        let _ = self.rtc.handle_input(Input::Receive(Instant::now(), received));
        self.drain(datagram.received_nanos, counts);
    }

    pub(super) fn timeout(&mut self, now: Instant, counts: &mut Counts) {
        let _ = self.rtc.handle_input(Input::Timeout(now));
        self.drain(0, counts);
    }

    pub(super) fn drain(&mut self, received_nanos: u64, counts: &mut Counts) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(deadline)) => {
                    self.deadline = deadline;
                    return;
                }
                Ok(Output::Transmit(packet)) => {
                    // A full buffer loses the packet, as a network would.
                    let _ = self.socket.send_to(&packet.contents, packet.destination);
                }
                Ok(Output::Event(Event::Connected)) => self.is_connected = true,
                Ok(Output::Event(Event::RtpPacket(packet))) => {
                    let Some(sent) = sent_nanos(&packet.payload) else { continue };
                    counts.received += u64::from(self.feedback == Feedback::Full);
                    let micros = received_nanos.saturating_sub(sent) / 1_000;
                    counts.latencies_us.push(micros.try_into().unwrap_or(u32::MAX));
                    if self.feedback != Feedback::Full {
                        let mut direct = self.rtc.direct_api();
                        if let Some(stream) = direct.stream_rx(&packet.header.ssrc) {
                            stream.suppress_nack(true);
                        }
                    }
                }
                Ok(Output::Event(_)) => {}
                Err(_) => {
                    self.is_connected = false;
                    return;
                }
            }
        }
    }
}

/// RTP, and not RTCP, STUN or DTLS (RFC 7983, RFC 5761).
fn is_rtp(bytes: &[u8]) -> bool {
    bytes.len() > 12 && (128..=191).contains(&bytes[0]) && !(64..=95).contains(&(bytes[1] & 0x7f))
}
