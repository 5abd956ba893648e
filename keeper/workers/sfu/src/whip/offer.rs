//! Offers as rooms take them: every section that is sent has an id of its track.

use super::door::Refused;
use crate::media::api::{Kind, Mid};
use crate::sdp::{self, Section, SectionKind};
use std::collections::HashSet;

/// An offer that has been looked at.
#[derive(Debug)]
pub(super) struct Offer {
    /// With ids of tracks.
    pub sdp: String,
    /// Its sections, as `sdp` has them.
    pub sections: Vec<Section>,
    /// The client's name in ICE.
    pub ufrag: String,
}

impl Offer {
    pub(super) fn read(sdp: &str) -> Result<Self, Refused> {
        let sections = read(sdp)?;
        let ufrag = sdp.lines().find_map(|line| line.trim_end().strip_prefix("a=ice-ufrag:"));
        let ufrag = ufrag.ok_or_else(|| Refused::bad_offer("the offer has no a=ice-ufrag"))?;
        let sdp = with_track_ids(sdp, &sections);
        Ok(Self { sections: read(&sdp)?, ufrag: ufrag.to_owned(), sdp })
    }

    /// Sections of audio and video that the client sends.
    pub(super) fn sent(&self) -> impl Iterator<Item = (&Section, Kind)> {
        media(&self.sections).filter(|(section, _)| section.direction.sends())
    }

    /// How many sections of this kind the client would receive in.
    pub(super) fn received(&self, kind: Kind) -> usize {
        media(&self.sections)
            .filter(|(section, of)| *of == kind && section.direction.receives())
            .count()
    }
}

fn read(sdp: &str) -> Result<Vec<Section>, Refused> {
    sdp::read(sdp).map_err(|error| Refused::bad_offer(format!("the offer: {error}")))
}

fn media(sections: &[Section]) -> impl Iterator<Item = (&Section, Kind)> {
    sections.iter().filter_map(|section| match section.kind {
        SectionKind::Media(kind) => Some((section, kind)),
        SectionKind::Data | SectionKind::Other => None,
    })
}

/// Gives an id to each sent section whose own is missing or another's too: rooms tell tracks apart
/// by it, and WHIP's clients need not.
fn with_track_ids(sdp: &str, sections: &[Section]) -> String {
    let mut ids = HashSet::new();
    let nameless: HashSet<&Mid> = media(sections)
        .filter(|(section, _)| section.direction.sends())
        .filter(|(section, _)| !section.track_id.as_ref().is_some_and(|id| ids.insert(id)))
        .map(|(section, _)| &section.mid)
        .collect();
    let mut written = String::with_capacity(sdp.len() + 64 * nameless.len());
    let mut lines: Vec<&str> = Vec::new();
    for line in sdp.lines().map(str::trim_end) {
        if line.starts_with("m=") {
            write_section(&mut written, &lines, &nameless);
            lines.clear();
        }
        lines.push(line);
    }
    write_section(&mut written, &lines, &nameless);
    written
}

fn write_section(out: &mut String, lines: &[&str], nameless: &HashSet<&Mid>) {
    let mid = lines.iter().find_map(|line| line.strip_prefix("a=mid:"));
    let new = mid.map(|mid| Mid(mid.to_owned())).filter(|mid| nameless.contains(mid));
    for line in lines.iter().filter(|line| new.is_none() || !line.starts_with("a=msid:")) {
        out.push_str(line);
        out.push_str("\r\n");
        if let (Some(mid), Some(_)) = (&new, line.strip_prefix("a=mid:")) {
            out.push_str(&format!("a=msid:- section-{mid}\r\n"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(sections: &str) -> Offer {
        let sdp = format!("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n{sections}");
        Offer::read(&sdp).unwrap()
    }

    fn section(kind: &str, mid: u32, lines: &str) -> String {
        format!("m={kind} 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:{mid}\r\na=ice-ufrag:u\r\n{lines}")
    }

    #[test]
    fn sections_get_the_ids_they_lack() {
        let offer = offer(
            &(section("audio", 0, "a=sendonly\r\n")
                + &section("video", 1, "a=msid:s one\r\na=sendonly\r\n")
                + &section("video", 2, "a=msid:s one\r\na=sendonly\r\n")
                + &section("video", 3, "a=recvonly\r\n")),
        );
        let ids: Vec<_> = offer.sections.iter().map(|s| s.track_id.as_deref()).collect();
        assert_eq!(ids, [Some("section-0"), Some("one"), Some("section-2"), None]);
        assert_eq!(offer.sdp.matches("a=msid:").count(), 3);
        assert_eq!((offer.sent().count(), offer.received(Kind::Video)), (3, 1));
        assert_eq!(offer.ufrag, "u");
    }

    #[test]
    fn offer_of_no_use_is_refused() {
        for sdp in ["", "v=1\r\n", "hello", "v=0\r\nm=audio 9 RTP/SAVPF 0\r\na=sendonly\r\n"] {
            assert!(Offer::read(sdp).is_err(), "{sdp}");
        }
    }
}
