//! Writing: which codec comes first.

use crate::media::api::Mid;
use std::collections::{HashMap, HashSet};

/// Puts a codec first in sections of an answer: of what both sides know, a browser sends what the
/// answer names first, whatever its offer's order was. A section without the codec stays as it is.
pub fn prefer(sdp: &str, codecs: &HashMap<Mid, String>) -> String {
    if codecs.is_empty() {
        return sdp.to_owned();
    }
    let mut written = String::with_capacity(sdp.len());
    let mut section: Vec<&str> = Vec::new();
    for line in sdp.lines() {
        if line.starts_with("m=") {
            write_section(&mut written, &section, codecs);
            section.clear();
        }
        section.push(line);
    }
    write_section(&mut written, &section, codecs);
    written
}

fn write_section(out: &mut String, lines: &[&str], codecs: &HashMap<Mid, String>) {
    let mid = lines.iter().find_map(|line| line.strip_prefix("a=mid:"));
    let codec = mid.and_then(|mid| codecs.get(&Mid(mid.to_owned())));
    for (index, line) in lines.iter().enumerate() {
        match codec.filter(|_| index == 0 && line.starts_with("m=")) {
            Some(codec) => out.push_str(&reordered(line, &payload_types(lines, codec))),
            None => out.push_str(line),
        }
        out.push_str("\r\n");
    }
}

/// Payload types that a codec has in a section.
fn payload_types<'a>(lines: &[&'a str], codec: &str) -> HashSet<&'a str> {
    let maps = lines.iter().filter_map(|line| line.strip_prefix("a=rtpmap:")?.split_once(' '));
    maps.filter(|(_, map)| {
        map.split('/').next().is_some_and(|name| name.eq_ignore_ascii_case(codec))
    })
    .map(|(payload_type, _)| payload_type)
    .collect()
}

/// An `m=` line with these payload types first; the order is otherwise kept.
fn reordered(line: &str, first: &HashSet<&str>) -> String {
    // Medium, port and protocol, then payload types.
    let words: Vec<&str> = line.split(' ').collect();
    let (head, payload_types) = words.split_at(words.len().min(3));
    let (preferred, others): (Vec<&str>, Vec<&str>) =
        payload_types.iter().partition(|payload_type| first.contains(*payload_type));
    [head, &preferred[..], &others[..]].concat().join(" ")
}
