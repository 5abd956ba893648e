//! Writing: which section carries which track.

use super::Direction;
use crate::media::api::Mid;
use std::borrow::Cow;
use std::collections::HashMap;

/// What LiveKit's clients read in `a=msid`: `PARTICIPANT_SID|TRACK_SID TRACK_SID`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Msid {
    /// The participant's sid, a bar, and the track's.
    pub stream_id: String,
    /// The track's sid.
    pub track_id: String,
}

/// Corrects a description of ours, offer or answer: a section that a track is sent in gets the
/// track's msid, and one that nothing is sent in says so. A section that goes from `inactive` to
/// sending is what makes a browser announce a track.
pub fn rewrite(sdp: &str, sent: &HashMap<Mid, Msid>) -> String {
    let mut written = String::with_capacity(sdp.len() + 128 * sent.len());
    let mut section: Vec<&str> = Vec::new();
    for line in sdp.lines() {
        if line.starts_with("m=") {
            write_section(&mut written, &section, sent);
            section.clear();
        }
        section.push(line);
    }
    write_section(&mut written, &section, sent);
    written
}

fn write_section(out: &mut String, lines: &[&str], sent: &HashMap<Mid, Msid>) {
    let is_media = lines
        .first()
        .is_some_and(|line| line.starts_with("m=audio") || line.starts_with("m=video"));
    let direction = lines.iter().find_map(|line| Direction::of_line(line));
    let (true, Some(direction)) = (is_media, direction.filter(|direction| direction.sends()))
    else {
        for line in lines {
            push(out, line);
        }
        return;
    };
    let mid = lines.iter().find_map(|line| line.strip_prefix("a=mid:"));
    let msid = mid.and_then(|mid| sent.get(&Mid(mid.to_owned())));
    for line in lines {
        match (msid, kept(line, direction, msid)) {
            (_, Some(line)) => push(out, &line),
            (Some(msid), None) if *line == direction.line() => {
                push(out, line);
                push(out, &format!("a=msid:{} {}", msid.stream_id, msid.track_id));
            }
            (_, None) => {}
        }
    }
}

/// The line as it is to be; `None` for those that go, and for the direction of a section with a
/// track, which the caller writes with the msid.
fn kept<'a>(line: &'a str, direction: Direction, msid: Option<&Msid>) -> Option<Cow<'a, str>> {
    if line.starts_with("a=msid:") {
        return None;
    }
    match msid {
        Some(_) if line == direction.line() => None,
        Some(msid) if line.starts_with("a=ssrc:") => Some(match line.split_once(" msid:") {
            Some((ssrc, _)) => {
                Cow::Owned(format!("{ssrc} msid:{} {}", msid.stream_id, msid.track_id))
            }
            None => Cow::Borrowed(line),
        }),
        None if line == direction.line() => Some(Cow::Borrowed(match direction {
            Direction::SendRecv => Direction::RecvOnly.line(),
            _ => Direction::Inactive.line(),
        })),
        None if line.starts_with("a=ssrc") => None,
        _ => Some(Cow::Borrowed(line)),
    }
}

fn push(out: &mut String, line: &str) {
    out.push_str(line);
    out.push_str("\r\n");
}
