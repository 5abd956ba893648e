//! Offers and answers. The client makes all offers, one at a time; what is wanted meanwhile goes
//! into the next one.

use super::outgoing::Outgoing;
use super::{Data, Session};
use crate::relay::Relay;
use crate::{Error, Event, Kind};
use livekit_protocol::{SessionDescription, signal_request};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Instant;
use str0m::Rtc;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid, Simulcast, SimulcastLayer};

/// Stream that our tracks are in; browsers send a dash here, and the server reads the track's id.
const STREAM: &str = "-";

pub(super) struct Negotiation {
    pending: Option<SdpPendingOffer>,
    offer: u32,
    /// An offer is to be made.
    wanted: bool,
    /// Sections for others' audio and video that it adds.
    add: (u32, u32),
    /// Sections for others' media so far.
    receiving: Vec<Mid>,
}

impl Negotiation {
    /// The first offer: sections to receive in, and data channels.
    pub(super) fn begin(
        rtc: &mut Rtc,
        (audios, videos): (u32, u32),
    ) -> (Self, Data, SessionDescription) {
        let mut changes = rtc.sdp_api();
        let kinds = std::iter::repeat_n(MediaKind::Audio, audios as usize)
            .chain(std::iter::repeat_n(MediaKind::Video, videos as usize));
        let receiving = kinds
            .map(|kind| changes.add_media(kind, Direction::RecvOnly, None, None, None))
            .collect();
        let data = Data::new(&mut changes);
        let (offer, pending) = changes.apply().expect("data channels are an offer by themselves");
        let negotiation =
            Self { pending: Some(pending), offer: 1, wanted: false, add: (0, 0), receiving };
        (negotiation, data, description(&offer, 1))
    }

    /// Asks for another offer, with more sections to receive in.
    pub(super) fn want(&mut self, audios: u32, videos: u32) {
        self.wanted = true;
        self.add.0 += audios;
        self.add.1 += videos;
    }
}

fn description(offer: &SdpOffer, id: u32) -> SessionDescription {
    SessionDescription {
        r#type: "offer".to_string(),
        sdp: offer.to_sdp_string(),
        id,
        ..SessionDescription::default()
    }
}

impl Session {
    /// Makes an offer if one is wanted and none is pending.
    pub(super) async fn negotiate(&mut self) -> Result<(), Error> {
        if !self.negotiation.wanted || self.negotiation.pending.is_some() {
            return Ok(());
        }
        self.negotiation.wanted = false;
        let (audios, videos) = std::mem::take(&mut self.negotiation.add);
        let mut changes = self.rtc.sdp_api();
        // The server answers sections that it has no track for with `inactive`, which str0m takes
        // as the state of the section; offered so again, it could never be used.
        for mid in &self.negotiation.receiving {
            changes.set_direction(*mid, Direction::RecvOnly);
        }
        let kinds = std::iter::repeat_n(MediaKind::Audio, audios as usize)
            .chain(std::iter::repeat_n(MediaKind::Video, videos as usize));
        for kind in kinds {
            let mid = changes.add_media(kind, Direction::RecvOnly, None, None, None);
            self.negotiation.receiving.push(mid);
        }
        for wish in self.wishes.iter_mut().filter(|wish| wish.mid.is_none()) {
            let (kind, simulcast) = match wish.rids() {
                None => (MediaKind::Audio, None),
                Some(rids) => {
                    let send = rids.iter().map(|rid| SimulcastLayer::new(rid)).collect();
                    let simulcast = Simulcast { send, recv: Vec::new() };
                    (MediaKind::Video, (rids.len() > 1).then_some(simulcast))
                }
            };
            let (stream, track) = (Some(STREAM.to_string()), Some(wish.cid.to_string()));
            wish.mid = Some(changes.add_media(kind, Direction::SendOnly, stream, track, simulcast));
        }
        if !changes.has_changes() {
            // The server waits for an offer; one more section makes one.
            let mid = changes.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
            self.negotiation.receiving.push(mid);
        }
        let Some((offer, pending)) = changes.apply() else { return Ok(()) };
        self.negotiation.offer += 1;
        self.negotiation.pending = Some(pending);
        let offer = description(&offer, self.negotiation.offer);
        self.signal.send(signal_request::Message::Offer(offer)).await
    }

    /// Takes the server's answer.
    pub(super) async fn answered(&mut self, answer: &SessionDescription) -> Result<(), Error> {
        // Answers to older offers come late when offers cross a reconnection.
        if answer.id != 0 && answer.id != self.negotiation.offer {
            return Ok(());
        }
        let Some(pending) = self.negotiation.pending.take() else { return Ok(()) };
        let mut sdp = answer.sdp.clone();
        if let Some(impaired) = &self.options.impaired {
            let relay = match self.relay.take() {
                Some(relay) => relay,
                None => {
                    let server = candidates(&sdp).next().map(|(_, address)| address);
                    let nowhere = || Error::Signalling("the answer names no address".to_string());
                    Relay::start(server.ok_or_else(nowhere)?, impaired).await?
                }
            };
            sdp = through(&sdp, relay.address());
            self.relay = Some(relay);
        }
        let parsed = SdpAnswer::from_sdp_string(&sdp)
            .map_err(|error| Error::Signalling(format!("the answer is no SDP: {error}")))?;
        self.rtc.sdp_api().accept_answer(pending, parsed)?;
        self.tracks_changed(&answer.mid_to_track_id);
        let negotiated =
            self.wishes.iter_mut().filter(|wish| wish.mid.is_some() && !wish.negotiated);
        for wish in negotiated {
            wish.negotiated = true;
            let mid = wish.mid.expect("filtered");
            let red =
                section(&sdp, &mid.to_string()).is_some_and(|text| text.contains(" red/48000"));
            let outgoing = Outgoing::new(wish, mid, red && self.options.red, &self.rtc);
            self.outgoing.insert(wish.cid.clone(), outgoing);
        }
        self.reply_to_wishes();
        Ok(())
    }

    /// Which track comes in which section from now on.
    fn tracks_changed(&mut self, sids: &HashMap<String, String>) {
        let now = Instant::now();
        let sids: HashMap<Mid, &String> =
            sids.iter().map(|(mid, sid)| (Mid::from(mid.as_str()), sid)).collect();
        let gone = |mid: &Mid, sid: &String| sids.get(mid).is_none_or(|now| **now != *sid);
        let ended: Vec<Mid> = self
            .incoming
            .iter()
            .filter(|(mid, track)| gone(mid, &track.sid))
            .map(|(mid, _)| *mid)
            .collect();
        for mid in ended {
            if let Some(track) = self.incoming.remove(&mid) {
                self.events.send(Event::Unsubscribed { track_sid: track.sid });
            }
        }
        for (mid, sid) in sids {
            let Some(media) = self.rtc.media(mid) else { continue };
            if self.incoming.contains_key(&mid) {
                continue;
            }
            let kind = if media.kind().is_audio() { Kind::Audio } else { Kind::Video };
            let identity = self.publisher(sid);
            self.incoming.insert(mid, super::Incoming::new(sid.clone(), kind, now));
            self.events.send(Event::Subscribed { track_sid: sid.clone(), identity, kind });
        }
    }
}

/// The section with this id.
fn section<'a>(sdp: &'a str, mid: &str) -> Option<&'a str> {
    let wanted = format!("a=mid:{mid}");
    sdp.split("\r\nm=").find(|section| section.lines().any(|line| line == wanted))
}

/// The UDP candidates, each with its line.
fn candidates(sdp: &str) -> impl Iterator<Item = (&str, SocketAddr)> {
    sdp.lines().filter_map(|line| {
        let mut fields = line.strip_prefix("a=candidate:")?.split(' ').skip(2);
        let is_udp = fields.next()?.eq_ignore_ascii_case("udp");
        let (ip, port) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        is_udp.then(|| (line, SocketAddr::new(ip, port)))
    })
}

/// The same SDP with `relay` as the only address.
fn through(sdp: &str, relay: SocketAddr) -> String {
    let first = candidates(sdp).next();
    let mut changed = String::with_capacity(sdp.len());
    for line in sdp.lines() {
        match first {
            Some((candidate, server)) if line == candidate => {
                let was = format!(" {} {} ", server.ip(), server.port());
                changed += &line.replacen(&was, &format!(" {} {} ", relay.ip(), relay.port()), 1);
            }
            _ if line.starts_with("a=candidate:") => continue,
            _ => changed += line,
        }
        changed += "\r\n";
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    const SDP: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:a0\r\n\
        a=candidate:1 1 udp 2130706175 10.0.0.1 7882 typ host\r\n\
        a=candidate:2 1 tcp 2130706175 10.0.0.1 7881 typ host tcptype passive\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=mid:a01\r\na=rtpmap:63 red/48000/2\r\n";

    #[test]
    fn relay_is_the_only_address() {
        let sdp = through(SDP, "127.0.0.1:9".parse().unwrap());
        assert!(sdp.contains("a=candidate:1 1 udp 2130706175 127.0.0.1 9 typ host\r\n"), "{sdp}");
        assert!(!sdp.contains("10.0.0.1"), "{sdp}");
        assert_eq!(sdp.lines().count(), SDP.lines().count() - 1);
    }

    #[test]
    fn section_is_found_by_its_whole_id() {
        assert!(!section(SDP, "a0").unwrap().contains(" red/"));
        assert!(section(SDP, "a01").unwrap().contains(" red/"));
        assert_eq!(section(SDP, "a"), None);
    }
}
