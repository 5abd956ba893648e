//! Offers as clients make them, answers as the library makes them.

use super::{Direction, Msid, SdpError, Section, SectionKind, prefer, read, rewrite};
use crate::media::api::{Kind, Mid};
use proptest::prelude::*;
use std::collections::HashMap;

/// Chromium 156 with livekit-client 2.23 and one connection, cut to the lines that matter: a camera
/// in three layers, a section to receive video in, and the data channels.
const OFFER: &str = "v=0\r\no=- 1 3 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n\
a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n\
m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
a=ice-ufrag:u\r\na=ice-pwd:p\r\na=setup:actpass\r\na=mid:0\r\na=sendonly\r\n\
a=msid:- 6ee4ad48-f4c3-4a0a-8ac8-dc2f8e84d5d9\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n\
a=rid:q send\r\na=rid:h send\r\na=rid:f send\r\na=simulcast:send q;h;f\r\n\
m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=recvonly\r\na=rtcp-mux\r\n\
m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\n\
a=sctp-port:5000\r\n";

/// An answer to three sections in which the client receives, as str0m 0.25 writes it.
const ANSWER: &str = "v=0\r\no=str0m-0.25 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n\
a=group:BUNDLE 0 1 2\r\n\
m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendonly\r\na=msid:abc def\r\n\
a=ssrc:17 cname:abc\r\na=ssrc:17 msid:abc def\r\n\
m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=sendonly\r\na=msid:ghi jkl\r\n\
a=ssrc:18 cname:abc\r\na=ssrc-group:FID 18 19\r\n\
m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:2\r\na=recvonly\r\n";

fn msid() -> Msid {
    Msid { stream_id: "PA_a|camera".to_owned(), track_id: "TR_b".to_owned() }
}

#[test]
fn offer_of_a_browser_is_read() {
    let sections = read(OFFER).unwrap();
    let video = SectionKind::Media(Kind::Video);
    assert_eq!(
        sections,
        vec![
            Section {
                mid: Mid("0".to_owned()),
                kind: video,
                direction: Direction::SendOnly,
                track_id: Some("6ee4ad48-f4c3-4a0a-8ac8-dc2f8e84d5d9".to_owned()),
                rids: vec!["q".to_owned(), "h".to_owned(), "f".to_owned()],
            },
            Section {
                mid: Mid("1".to_owned()),
                kind: video,
                direction: Direction::RecvOnly,
                track_id: None,
                rids: Vec::new(),
            },
            Section {
                mid: Mid("2".to_owned()),
                kind: SectionKind::Data,
                direction: Direction::SendRecv,
                track_id: None,
                rids: Vec::new(),
            },
        ]
    );
}

#[test]
fn rejected_section_sends_nothing() {
    let sections = read(&OFFER.replace("m=video 9", "m=video 0")).unwrap();
    assert_eq!(sections[0].direction, Direction::Inactive);
}

#[test]
fn paused_and_alternative_streams_count_once() {
    let offer = OFFER.replace("a=simulcast:send q;h;f", "a=simulcast:recv x send ~q;h,g;f");
    assert_eq!(read(&offer).unwrap()[0].rids, ["q", "h", "f"]);
}

#[test]
fn sections_that_cannot_be_told_apart_are_refused() {
    assert_eq!(
        read(&OFFER.replace("a=mid:1", "a=mid:0")),
        Err(SdpError::DuplicateMid { mid: "0".to_owned() })
    );
    assert_eq!(read(&OFFER.replace("a=mid:1\r\n", "")), Err(SdpError::NoMid { index: 1 }));
    assert_eq!(read("hello"), Err(SdpError::NotSdp));
    let many: String =
        (0..=super::SECTIONS_MAX).map(|i| format!("m=audio 9 x\r\na=mid:{i}\r\n")).collect();
    assert_eq!(read(&format!("v=0\r\n{many}")), Err(SdpError::TooManySections));
}

#[test]
fn section_with_a_track_gets_its_msid() {
    let sent = HashMap::from([(Mid("0".to_owned()), msid())]);
    let answer = rewrite(ANSWER, &sent);
    assert!(answer.contains("a=mid:0\r\na=sendonly\r\na=msid:PA_a|camera TR_b\r\n"), "{answer}");
    assert!(answer.contains("a=ssrc:17 cname:abc\r\na=ssrc:17 msid:PA_a|camera TR_b\r\n"));
    assert!(!answer.contains("abc def"));
}

#[test]
fn section_without_a_track_is_inactive() {
    let answer = rewrite(ANSWER, &HashMap::new());
    let directions: Vec<Direction> =
        read(&answer).unwrap().into_iter().map(|section| section.direction).collect();
    assert_eq!(directions, [Direction::Inactive, Direction::Inactive, Direction::RecvOnly]);
    assert!(!answer.contains("msid") && !answer.contains("ssrc"), "{answer}");
}

#[test]
fn section_used_both_ways_keeps_receiving() {
    let answer = rewrite(&ANSWER.replace("sendonly", "sendrecv"), &HashMap::new());
    assert_eq!(read(&answer).unwrap()[0].direction, Direction::RecvOnly);
}

#[test]
fn announced_codec_comes_first_in_its_section_alone() {
    let answer = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 97 102 108 45\r\na=mid:0\r\n\
        a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=rtpmap:102 H264/90000\r\n\
        a=rtpmap:108 H264/90000\r\na=rtpmap:45 AV1/90000\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96 102\r\na=mid:1\r\na=rtpmap:102 H264/90000\r\n";
    let h264 = HashMap::from([(Mid("0".to_owned()), "h264".to_owned())]);
    let preferred = prefer(answer, &h264);
    let expected = answer.replacen("96 97 102 108 45", "102 108 96 97 45", 1);
    assert_eq!(preferred, expected);
    let unknown = HashMap::from([(Mid("0".to_owned()), "vp9".to_owned())]);
    assert_eq!(prefer(answer, &unknown), answer);
    assert_eq!(prefer(answer, &HashMap::new()), answer);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(v=0\r\n)?([am]=[a-z]{0,9}[: ]?[a-z0-9;,~ ]{0,12}\r?\n){0,40}") {
        if let Ok(sections) = read(&text) {
            let all = sections.into_iter().map(|section| (section.mid, msid())).collect();
            prop_assert!(read(&rewrite(&text, &all)).is_ok());
            prop_assert!(read(&rewrite(&text, &HashMap::new())).is_ok());
            let codecs = HashMap::from([(Mid("0".to_owned()), "VP8".to_owned())]);
            prop_assert!(read(&prefer(&text, &codecs)).is_ok());
        }
    }
}
