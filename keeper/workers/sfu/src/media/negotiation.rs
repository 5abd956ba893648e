//! Offers and answers of one peer: one pending at a time, and the sections that we made.

use super::api::{DataChannel, Kind, NewSection, TrackId};
use super::channels;
use str0m::Rtc;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid};

/// Sections in one connection, ours and the client's. Beyond what any client shows; each costs
/// memory for as long as the connection lives.
pub const SECTIONS_MAX: usize = 1_000;

/// State of a peer's negotiation.
#[derive(Default)]
pub(super) struct Negotiation {
    pending: Option<Pending>,
    sections: Vec<Section>,
    touched: bool,
}

struct Pending {
    offer: u32,
    token: SdpPendingOffer,
}

/// A section made by an offer of ours.
#[derive(Debug)]
struct Section {
    mid: Mid,
    kind: Kind,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the pending offer, for a track. `fresh` sections vanish if it comes to nothing; `ended`
    /// ones have lost their track already.
    Offered { track: TrackId, fresh: bool, ended: bool },
    /// Carries, or will carry, a track.
    Taken(TrackId),
    /// Its track is gone; the client does not know.
    Ended,
    /// The client knows: it may be taken again. Clients notice a track by its section becoming
    /// active, so a section is never handed straight from one track to the next.
    Idle,
}

impl std::fmt::Debug for Negotiation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pending = self.pending.as_ref().map(|pending| pending.offer);
        f.debug_struct("Negotiation")
            .field("pending", &pending)
            .field("sections", &self.sections)
            .finish()
    }
}

/// An offer of ours: its text, and the section of each track.
pub(super) type Offer = (String, Vec<(TrackId, Mid)>);

impl Negotiation {
    /// Whether nothing was offered yet, by either side.
    pub const fn is_untouched(&self) -> bool {
        !self.touched
    }

    /// Answers a client's offer. Any section that carries nothing yet may be given a track with this
    /// answer, for all that is known here.
    pub fn answer(
        &mut self,
        rtc: &mut Rtc,
        sdp: &str,
        carries: impl Fn(Mid) -> bool,
    ) -> Result<String, String> {
        let offer = SdpOffer::from_sdp_string(sdp).map_err(|error| error.to_string())?;
        usable(sdp)?;
        self.roll_back();
        self.touched = true;
        let mids = sdp.lines().filter_map(|line| line.strip_prefix("a=mid:"));
        for mid in mids.map(|mid| Mid::from(mid.trim_end())).filter(|mid| !carries(*mid)) {
            renew_stream(rtc, mid);
        }
        let answer = rtc.sdp_api().accept_offer(offer).map_err(|error| error.to_string())?;
        Ok(answer.to_sdp_string())
    }

    /// Makes an offer.
    pub fn offer(
        &mut self,
        rtc: &mut Rtc,
        offer: u32,
        add: &[NewSection],
        open: &[DataChannel],
        ice_restart: bool,
    ) -> Result<Offer, String> {
        if ice_restart {
            // The client comes back and may never have seen what is pending.
            self.roll_back();
        }
        if let Some(pending) = &self.pending {
            return Err(format!("offer {} is not answered yet", pending.offer));
        }
        if self.sections.len() + add.len() > SECTIONS_MAX {
            return Err(format!("more than {SECTIONS_MAX} sections"));
        }
        self.touched = true;
        // What is taken below is among these.
        for section in self.sections.iter().filter(|section| section.state == State::Idle) {
            renew_stream(rtc, section.mid);
        }
        let mut changes = rtc.sdp_api();
        for section in self.sections.iter_mut().filter(|section| section.state == State::Ended) {
            changes.set_direction(section.mid, Direction::Inactive);
        }
        let mut mids = Vec::with_capacity(add.len());
        for new in add {
            let state = State::Offered { track: new.track, fresh: false, ended: false };
            let idle =
                |section: &&mut Section| section.state == State::Idle && section.kind == new.kind;
            let mid = match self.sections.iter_mut().find(idle) {
                Some(section) => {
                    section.state = state;
                    changes.set_direction(section.mid, Direction::SendOnly);
                    section.mid
                }
                None => {
                    let kind = match new.kind {
                        Kind::Audio => MediaKind::Audio,
                        Kind::Video => MediaKind::Video,
                    };
                    let (stream, track) = (new.stream_id.clone(), new.track_id.clone());
                    let direction = Direction::SendOnly;
                    let mid = changes.add_media(kind, direction, Some(stream), Some(track), None);
                    let state = State::Offered { track: new.track, fresh: true, ended: false };
                    self.sections.push(Section { mid, kind: new.kind, state });
                    mid
                }
            };
            mids.push((new.track, mid));
        }
        for channel in open {
            changes.add_channel_with_config(channels::config(*channel));
        }
        if ice_restart {
            changes.ice_restart(true);
        }
        let Some((made, token)) = changes.apply() else {
            return Err("there is nothing to negotiate".into());
        };
        self.pending = Some(Pending { offer, token });
        let mut sdp = made.to_sdp_string();
        for (new, (_, mid)) in add.iter().zip(&mids) {
            sdp = retitled(&sdp, mid, &new.stream_id, &new.track_id);
        }
        Ok((sdp, mids))
    }

    /// Takes the client's answer to the pending offer.
    pub fn accept(&mut self, rtc: &mut Rtc, offer: u32, sdp: &str) -> Result<(), String> {
        if self.pending.as_ref().is_none_or(|pending| pending.offer != offer) {
            return Err("no such offer is pending".into());
        }
        let answer = SdpAnswer::from_sdp_string(sdp).map_err(|error| error.to_string())?;
        usable(sdp)?;
        let Some(pending) = self.pending.take() else { return Ok(()) };
        if let Err(error) = rtc.sdp_api().accept_answer(pending.token, answer) {
            self.roll_back();
            return Err(error.to_string());
        }
        for section in &mut self.sections {
            section.state = match section.state {
                State::Offered { ended: true, .. } => State::Ended,
                State::Offered { track, .. } => State::Taken(track),
                State::Ended
                    if rtc
                        .media(section.mid)
                        .is_some_and(|media| !media.direction().is_sending()) =>
                {
                    State::Idle
                }
                other => other,
            };
        }
        Ok(())
    }

    /// The section that an answered offer made for a track.
    pub fn section_of(&self, track: TrackId) -> Option<Mid> {
        let taken = |section: &&Section| section.state == State::Taken(track);
        self.sections.iter().find(taken).map(|section| section.mid)
    }

    /// The forward of a track has ended.
    pub fn end(&mut self, track: TrackId) {
        for section in &mut self.sections {
            match &mut section.state {
                State::Taken(taken) if *taken == track => section.state = State::Ended,
                State::Offered { track: offered, ended, .. } if *offered == track => *ended = true,
                _ => {}
            }
        }
    }

    fn roll_back(&mut self) {
        self.pending = None;
        self.sections
            .retain(|section| !matches!(section.state, State::Offered { fresh: true, .. }));
        for section in &mut self.sections {
            if matches!(section.state, State::Offered { .. }) {
                section.state = State::Ended;
            }
        }
    }
}

/// Gives a section's outgoing stream SSRCs that the client has not seen.
///
/// A browser throws a receiver's stream away when its section goes inactive, but remembers the
/// SSRC: under the same one, Chromium decodes what comes later and shows none of it.
fn renew_stream(rtc: &mut Rtc, mid: Mid) {
    let mut direct = rtc.direct_api();
    let Some(old) = direct.stream_tx_by_mid(mid, None) else { return };
    let (old, resends) = (old.ssrc(), old.rtx().is_some());
    let new = direct.new_ssrc();
    let resend = std::iter::repeat_with(|| direct.new_ssrc()).find(|ssrc| *ssrc != new);
    direct.remove_stream_tx(old);
    direct.declare_stream_tx(new, resend.filter(|_| resends), mid, None);
}

/// Whether SDP has what a connection cannot do without. The library would end the connection for
/// want of it.
fn usable(sdp: &str) -> Result<(), String> {
    for wanted in ["a=fingerprint:", "a=ice-ufrag:", "a=ice-pwd:"] {
        if !sdp.contains(wanted) {
            return Err(format!("no {wanted}"));
        }
    }
    let sections = sdp.lines().filter(|line| line.starts_with("m=")).count();
    if sections > SECTIONS_MAX {
        return Err(format!("more than {SECTIONS_MAX} sections"));
    }
    Ok(())
}

/// SDP whose section `mid` has another msid: a section that is taken again keeps the first one in
/// the library.
fn retitled(sdp: &str, mid: &Mid, stream_id: &str, track_id: &str) -> String {
    let wanted = format!("a=mid:{mid}");
    let mut sections = sdp.split_inclusive("\r\n").collect::<Vec<_>>();
    let starts: Vec<usize> = sections
        .iter()
        .enumerate()
        .filter(|(_, line)| line.starts_with("m="))
        .map(|(at, _)| at)
        .chain([sections.len()])
        .collect();
    let msid = format!("a=msid:{stream_id} {track_id}\r\n");
    let mut owned = Vec::new();
    for window in starts.windows(2) {
        let lines = &sections[window[0]..window[1]];
        if !lines.iter().any(|line| line.trim_end() == wanted) {
            continue;
        }
        for (at, line) in lines.iter().enumerate() {
            let place = window[0] + at;
            if line.starts_with("a=msid:") {
                owned.push((place, msid.clone()));
            } else if let Some((ssrc, _)) = line.split_once(" msid:") {
                owned.push((place, format!("{ssrc} msid:{stream_id} {track_id}\r\n")));
            }
        }
    }
    for (place, line) in &owned {
        sections[*place] = line;
    }
    sections.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_section_gets_another_title() {
        let section = |mid: &str| {
            format!("m=audio 9\r\na=mid:{mid}\r\na=msid:old id\r\na=ssrc:7 msid:old id\r\n")
        };
        let sdp = format!("v=0\r\n{}{}", section("a1"), section("a10"));
        let new = retitled(&sdp, &Mid::from("a1"), "PA_x", "TR_y");
        let expected =
            format!("v=0\r\n{}{}", section("a1").replace("old id", "PA_x TR_y"), section("a10"));
        assert_eq!(new, expected);
    }
}
