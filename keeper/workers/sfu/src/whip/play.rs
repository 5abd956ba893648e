//! WHEP: tracks of a room are sent to the client.

use super::door::Refused;
use super::offer::Offer;
use super::session::{Connection, Opened, Played};
use crate::access::Admission;
use crate::media::api::Kind;
use crate::rooms::Rooms;
use livekit_protocol as proto;
use proto::signal_request::Message as Request;
use proto::signal_response::Message as Response;
use serde::Deserialize;

/// What is to be played, in the URL's query.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wish {
    /// Identity of the publisher; of anybody's tracks otherwise.
    participant: Option<String>,
    /// Sid of the track; as many as the offer has sections for otherwise.
    track: Option<String>,
}

/// A track to be played.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Chosen {
    publisher_sid: String,
    sid: String,
}

/// Opens a session that plays.
pub(super) async fn open(
    rooms: &Rooms,
    admission: Admission,
    sdp: &str,
    wish: &Wish,
) -> Result<Opened, Refused> {
    let offer = Offer::read(sdp)?;
    if offer.received(Kind::Audio) + offer.received(Kind::Video) == 0 {
        return Err(Refused::not_acceptable("the offer receives neither audio nor video"));
    }
    if !admission.claims.grants.can_subscribe {
        return Err(Refused::forbidden("the token does not allow subscribing"));
    }
    let mut line = Connection::join(rooms, admission, Vec::new(), None).await?;
    match negotiate(&mut line, &offer, wish).await {
        Ok((answer, played)) => Ok(Opened { line, answer, ufrag: offer.ufrag, played }),
        Err(refused) => {
            line.leave().await;
            Err(refused)
        }
    }
}

async fn negotiate(
    line: &mut Connection,
    offer: &Offer,
    wish: &Wish,
) -> Result<(String, Played), Refused> {
    let others = line
        .wait(|message| match message {
            Response::Join(join) => Some(join.other_participants),
            _ => None,
        })
        .await?;
    let chosen = choose(&others, wish, |kind| offer.received(kind));
    if chosen.is_empty() {
        return Err(Refused::nothing_yet("there is no such track at the moment"));
    }
    let track_sids: Vec<String> = chosen.iter().map(|track| track.sid.clone()).collect();
    let subscription =
        proto::UpdateSubscription { track_sids, subscribe: true, ..Default::default() };
    line.request(Request::Subscription(subscription)).await?;
    line.offer(offer.sdp.clone()).await?;
    let answer = line.answer().await?;
    let mut played = Played::new();
    for track in chosen {
        // Publishers may keep a track from somebody.
        if answer.mid_to_track_id.values().any(|sid| *sid == track.sid) {
            played.entry(track.publisher_sid).or_default().insert(track.sid);
        }
    }
    if played.is_empty() {
        return Err(Refused::forbidden("the publisher does not allow subscribing"));
    }
    Ok((answer.sdp, played))
}

/// The tracks wished for, as many of each kind as there are sections; cameras before screens.
fn choose(
    others: &[proto::ParticipantInfo],
    wish: &Wish,
    sections: impl Fn(Kind) -> usize,
) -> Vec<Chosen> {
    let mut left = [sections(Kind::Audio), sections(Kind::Video)];
    let mut tracks: Vec<(&proto::ParticipantInfo, &proto::TrackInfo)> = others
        .iter()
        .filter(|publisher| wish.participant.as_ref().is_none_or(|who| *who == publisher.identity))
        .flat_map(|publisher| publisher.tracks.iter().map(move |track| (publisher, track)))
        .filter(|(_, track)| wish.track.as_ref().is_none_or(|sid| *sid == track.sid))
        .collect();
    tracks.sort_by_key(|(_, track)| match track.source() {
        proto::TrackSource::Camera | proto::TrackSource::Microphone => 0,
        _ => 1,
    });
    tracks.retain(|(_, track)| {
        let left = match track.r#type() {
            proto::TrackType::Audio => &mut left[0],
            proto::TrackType::Video => &mut left[1],
            proto::TrackType::Data => return false,
        };
        let fits = *left > 0;
        *left = left.saturating_sub(1);
        fits
    });
    tracks
        .into_iter()
        .map(|(publisher, track)| Chosen {
            publisher_sid: publisher.sid.clone(),
            sid: track.sid.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::{TrackSource, TrackType};

    fn publisher(
        identity: &str,
        tracks: &[(&str, TrackType, TrackSource)],
    ) -> proto::ParticipantInfo {
        proto::ParticipantInfo {
            sid: format!("PA_{identity}"),
            identity: identity.to_owned(),
            tracks: tracks
                .iter()
                .map(|(sid, kind, source)| proto::TrackInfo {
                    sid: (*sid).to_owned(),
                    r#type: *kind as i32,
                    source: *source as i32,
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        }
    }

    #[test]
    fn as_many_tracks_as_sections_and_those_wished_for() {
        let others = [
            publisher(
                "ann",
                &[
                    ("screen", TrackType::Video, TrackSource::ScreenShare),
                    ("camera", TrackType::Video, TrackSource::Camera),
                    ("voice", TrackType::Audio, TrackSource::Microphone),
                ],
            ),
            publisher("bob", &[("voice2", TrackType::Audio, TrackSource::Microphone)]),
        ];
        let chosen = |participant: Option<&str>, track: Option<&str>, audios, videos| {
            let wish = Wish {
                participant: participant.map(str::to_owned),
                track: track.map(str::to_owned),
            };
            let chosen = choose(&others, &wish, |kind| match kind {
                Kind::Audio => audios,
                Kind::Video => videos,
            });
            chosen.into_iter().map(|track| track.sid).collect::<Vec<_>>()
        };
        assert_eq!(chosen(None, None, 1, 1), ["camera", "voice"]);
        assert_eq!(chosen(None, None, 2, 2), ["camera", "voice", "voice2", "screen"]);
        assert_eq!(chosen(Some("bob"), None, 1, 1), ["voice2"]);
        assert_eq!(chosen(None, Some("screen"), 1, 1), ["screen"]);
        assert_eq!(chosen(Some("bob"), Some("screen"), 1, 1), [""; 0]);
        assert_eq!(chosen(Some("carl"), None, 1, 1), [""; 0]);
    }
}
