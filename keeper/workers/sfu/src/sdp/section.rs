//! Reading: the sections of a description.

use super::{SECTIONS_MAX, SdpError};
use crate::media::api::{Kind, Mid};
use std::collections::HashSet;

/// What a section carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionKind {
    /// Audio or video.
    Media(Kind),
    /// Data channels.
    Data,
    /// Something this server does not know; the library refuses it.
    Other,
}

/// Who sends, as the description's author says it of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Both; what SDP means where it says nothing.
    SendRecv,
    /// The author.
    SendOnly,
    /// The other side.
    RecvOnly,
    /// Nobody.
    Inactive,
}

impl Direction {
    /// The attribute's line.
    pub const fn line(self) -> &'static str {
        match self {
            Self::SendRecv => "a=sendrecv",
            Self::SendOnly => "a=sendonly",
            Self::RecvOnly => "a=recvonly",
            Self::Inactive => "a=inactive",
        }
    }

    pub(super) fn of_line(line: &str) -> Option<Self> {
        [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive]
            .into_iter()
            .find(|direction| direction.line() == line)
    }

    /// Whether the author sends.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the author receives.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// One `m=` section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// `a=mid`.
    pub mid: Mid,
    /// What it carries.
    pub kind: SectionKind,
    /// Who sends; nobody where the port is 0.
    pub direction: Direction,
    /// Second half of `a=msid`: the client's id of the track that it sends.
    pub track_id: Option<String>,
    /// `a=simulcast`'s or `a=rid`'s ids that the author sends, in its order, lowest first.
    pub rids: Vec<String>,
}

impl Section {
    /// Whether it is of this kind.
    pub fn is(&self, kind: Kind) -> bool {
        self.kind == SectionKind::Media(kind)
    }
}

/// The sections of a description.
pub fn read(sdp: &str) -> Result<Vec<Section>, SdpError> {
    let mut lines = sdp.lines().map(str::trim_end).peekable();
    if lines.next() != Some("v=0") {
        return Err(SdpError::NotSdp);
    }
    let mut session = None;
    while let Some(line) = lines.next_if(|line| !line.starts_with("m=")) {
        session = session.or_else(|| Direction::of_line(line));
    }
    let mut sections = Vec::new();
    let mut mids = HashSet::new();
    while let Some(first) = lines.next() {
        if sections.len() == SECTIONS_MAX {
            return Err(SdpError::TooManySections);
        }
        let mut reading = Reading::new(first, session.unwrap_or(Direction::SendRecv));
        while let Some(line) = lines.next_if(|line| !line.starts_with("m=")) {
            reading.line(line);
        }
        let section = reading.finish().ok_or(SdpError::NoMid { index: sections.len() })?;
        if !mids.insert(section.mid.clone()) {
            return Err(SdpError::DuplicateMid { mid: section.mid.0 });
        }
        sections.push(section);
    }
    Ok(sections)
}

/// A section as far as it has been read.
struct Reading {
    kind: SectionKind,
    rejected: bool,
    direction: Direction,
    mid: Option<String>,
    track_id: Option<String>,
    rids: Vec<String>,
    simulcast: Option<Vec<String>>,
}

impl Reading {
    fn new(first: &str, direction: Direction) -> Self {
        let mut words = first.trim_start_matches("m=").split(' ');
        let kind = match words.next() {
            Some("audio") => SectionKind::Media(Kind::Audio),
            Some("video") => SectionKind::Media(Kind::Video),
            Some("application") => SectionKind::Data,
            _ => SectionKind::Other,
        };
        Self {
            kind,
            rejected: words.next() == Some("0"),
            direction,
            mid: None,
            track_id: None,
            rids: Vec::new(),
            simulcast: None,
        }
    }

    fn line(&mut self, line: &str) {
        if let Some(mid) = line.strip_prefix("a=mid:") {
            self.mid = Some(mid.to_owned());
        } else if let Some(msid) = line.strip_prefix("a=msid:") {
            self.track_id = msid.split(' ').nth(1).map(str::to_owned);
        } else if let Some(rid) = line.strip_prefix("a=rid:") {
            let mut words = rid.split(' ');
            if let (Some(id), Some("send")) = (words.next(), words.next()) {
                self.rids.push(id.to_owned());
            }
        } else if let Some(list) = line.strip_prefix("a=simulcast:") {
            self.simulcast = sent_streams(list);
        } else if let Some(direction) = Direction::of_line(line) {
            self.direction = direction;
        }
    }

    fn finish(self) -> Option<Section> {
        // Chromium bundles placeholder sections with port 9; 0 alone rejects one.
        let direction = if self.rejected { Direction::Inactive } else { self.direction };
        Some(Section {
            mid: Mid(self.mid?),
            kind: self.kind,
            direction,
            track_id: self.track_id,
            rids: self.simulcast.unwrap_or(self.rids),
        })
    }
}

/// Ids after `send` in `a=simulcast`, RFC 8853: streams are parted by `;`, alternatives of one by
/// `,` (the first counts), and `~` marks one that is paused.
fn sent_streams(list: &str) -> Option<Vec<String>> {
    let mut words = list.split_ascii_whitespace();
    words.find(|word| *word == "send")?;
    let streams = words.next()?.split(';').map(|alternatives| {
        let first = alternatives.split(',').next().unwrap_or_default();
        first.trim_start_matches('~').to_owned()
    });
    Some(streams.filter(|id| !id.is_empty()).collect())
}
