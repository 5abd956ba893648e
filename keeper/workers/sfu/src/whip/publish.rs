//! WHIP: what the client sends is published.

use super::door::Refused;
use super::offer::Offer;
use super::session::{Connection, Opened, Played};
use crate::access::{Admission, Grants};
use crate::media::api::Kind;
use crate::rooms::Rooms;
use crate::sdp::Section;
use livekit_protocol as proto;

/// Opens a session that publishes.
pub(super) async fn open(
    rooms: &Rooms,
    mut admission: Admission,
    sdp: &str,
) -> Result<Opened, Refused> {
    let offer = Offer::read(sdp)?;
    let tracks: Vec<_> = offer.sent().map(|(section, kind)| track(section, kind)).collect();
    if tracks.is_empty() {
        return Err(Refused::not_acceptable("the offer sends neither audio nor video"));
    }
    check(&admission.claims.grants, offer.sent().map(|(_, kind)| kind))?;
    if admission.claims.kind.is_empty() {
        // As LiveKit calls what comes in by WHIP.
        admission.claims.kind = "ingress".to_owned();
    }
    let mut line = Connection::join(rooms, admission, tracks, Some(offer.sdp)).await?;
    match line.answer().await {
        Ok(answer) => {
            Ok(Opened { line, answer: answer.sdp, ufrag: offer.ufrag, played: Played::new() })
        }
        Err(refused) => {
            line.leave().await;
            Err(refused)
        }
    }
}

fn check(grants: &Grants, mut kinds: impl Iterator<Item = Kind>) -> Result<(), Refused> {
    if !grants.can_publish {
        return Err(Refused::forbidden("the token does not allow publishing"));
    }
    let sources = &grants.can_publish_sources;
    let allowed = |kind| sources.iter().any(|source| source == source_of(kind).0);
    if !sources.is_empty() && !kinds.all(allowed) {
        return Err(Refused::forbidden("the token allows publishing from other sources alone"));
    }
    Ok(())
}

/// Where it comes from, in the words of tokens and of messages.
const fn source_of(kind: Kind) -> (&'static str, proto::TrackSource) {
    match kind {
        Kind::Audio => ("microphone", proto::TrackSource::Microphone),
        Kind::Video => ("camera", proto::TrackSource::Camera),
    }
}

/// What the room is told of a section in advance.
fn track(section: &Section, kind: Kind) -> proto::AddTrackRequest {
    let (name, source) = source_of(kind);
    let r#type = match kind {
        Kind::Audio => proto::TrackType::Audio,
        Kind::Video => proto::TrackType::Video,
    };
    proto::AddTrackRequest {
        cid: section.track_id.clone().unwrap_or_default(),
        name: name.to_owned(),
        r#type: r#type as i32,
        source: source as i32,
        ..Default::default()
    }
}
