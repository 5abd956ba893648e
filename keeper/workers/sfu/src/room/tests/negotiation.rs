//! Offers, answers and sections.

use super::stage::Stage;
use crate::media::api::{Command, DataChannel, Event, Kind, Mid};
use crate::room::{Input, Transport};
use crate::said;
use crate::sdp::{Direction, read};
use livekit_protocol as proto;
use proto::leave_request::Action;
use proto::signal_request::Message as Request;
use proto::signal_response::Message;

fn last_answer(stage: &Stage, name: &str) -> proto::SessionDescription {
    let answer = stage.messages(name).into_iter().rev().find_map(|message| match message {
        Message::Answer(answer) => Some(answer),
        _ => None,
    });
    answer.unwrap()
}

fn directions(sdp: &str) -> Vec<Direction> {
    read(sdp).unwrap().into_iter().map(|section| section.direction).collect()
}

#[test]
fn offer_of_the_join_is_answered_with_nothing_to_send() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    let answer = last_answer(&stage, "ann");
    assert_eq!(answer.id, 1);
    assert_eq!(directions(&answer.sdp), [Direction::Inactive; 6]);
    assert!(answer.mid_to_track_id.is_empty());
}

#[test]
fn newcomer_hears_what_is_there_in_its_first_answer() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    let sid = stage.publish("ann", Kind::Video, "cam");
    stage.join("bob", Transport::Single);
    let answer = last_answer(&stage, "bob");
    let track = stage.track(&sid);
    let (mid, _) = &stage.forwards()[&(track, stage.receiving_peer("bob"))];
    let mid = mid.clone().unwrap();
    assert_eq!(answer.mid_to_track_id[&mid.0], sid);
    let msid = format!("a=msid:{}|{sid} {sid}", stage.sid("ann"));
    assert!(answer.sdp.contains(&msid), "{}", answer.sdp);
    let sending = directions(&answer.sdp);
    assert_eq!(sending.iter().filter(|direction| direction.sends()).count(), 1);
}

#[test]
fn those_already_there_are_asked_to_offer_again() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    stage.take("bob");
    let sid = stage.publish("ann", Kind::Audio, "mic");
    let messages = stage.messages("bob");
    assert!(said!(messages, Message::MediaSectionsRequirement(more)
        if more.num_audios == 0 && more.num_videos == 0));
    assert!(last_answer(&stage, "bob").mid_to_track_id.values().any(|of| *of == sid));
}

#[test]
fn client_is_asked_for_sections_that_are_missing() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    let sids: Vec<String> =
        (0..5).map(|i| stage.publish("ann", Kind::Video, &format!("cam{i}"))).collect();
    let answer = last_answer(&stage, "bob");
    for sid in &sids {
        assert!(answer.mid_to_track_id.values().any(|of| of == sid));
    }
    // Three were there, two had to be asked for, and none too many.
    let video = stage.clients["bob"].sections.iter().filter(|section| section.0 == Kind::Video);
    assert_eq!(video.count(), 5);
    assert_eq!(stage.forwards().len(), 5);
}

#[test]
fn section_is_seen_inactive_before_it_is_used_again() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    let mut used: Vec<Mid> = Vec::new();
    for round in 0..4 {
        let cid = format!("cam{round}");
        let sid = stage.publish("ann", Kind::Video, &cid);
        let key = (stage.track(&sid), stage.receiving_peer("bob"));
        let mid = stage.forwards()[&key].0.clone().unwrap();
        stage.take("bob");
        stage.withdraw("ann", &cid);
        let answer = last_answer(&stage, "bob");
        let index: usize = mid.0.parse().unwrap();
        assert_eq!(directions(&answer.sdp)[index], Direction::Inactive);
        used.push(mid);
    }
    used.dedup();
    assert_eq!(used.len(), 1, "one section serves one track after another: {used:?}");
}

#[test]
fn server_offers_the_second_connection_with_channels() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Dual);
    let first = stage.commands.iter().find_map(|command| match command {
        Command::MakeOffer { peer, channels, add, .. } => {
            Some((*peer, channels.clone(), add.len()))
        }
        _ => None,
    });
    let (peer, channels, added) = first.unwrap();
    assert_eq!(peer, stage.receiving_peer("ann"));
    assert_eq!(channels, [DataChannel::Reliable, DataChannel::Lossy, DataChannel::Track]);
    assert_eq!(added, 0);
    assert!(said!(stage.messages("ann"), Message::Offer(offer) if offer.id == 1));
}

#[test]
fn subscriber_with_two_connections_is_offered_tracks() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Dual);
    stage.join("bob", Transport::Dual);
    let sid = stage.publish("ann", Kind::Video, "cam");
    let key = (stage.track(&sid), stage.receiving_peer("bob"));
    assert_eq!(stage.forwards()[&key].0, None);
    let messages = stage.messages("bob");
    assert!(said!(messages, Message::Offer(offer)
        if offer.mid_to_track_id.values().any(|of| *of == sid) && offer.sdp.contains(&sid)));
    stage.take_all();
    stage.withdraw("ann", "cam");
    assert!(stage.commands.contains(&Command::EndForward { track: key.0, to: key.1 }));
    assert!(said!(stage.messages("bob"), Message::Offer(_)));
}

#[test]
fn one_offer_is_pending_at_a_time() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Dual);
    stage.join("bob", Transport::Dual);
    stage.answering = false;
    stage.take_all();
    for cid in ["a", "b", "c"] {
        let offer = {
            let client = stage.clients.get_mut("ann").unwrap();
            client.sections.push((Kind::Audio, Direction::SendOnly, Some(cid.to_owned())));
            client.offer()
        };
        stage.request(
            "ann",
            Request::AddTrack(proto::AddTrackRequest { cid: cid.to_owned(), ..Default::default() }),
        );
        stage.request("ann", Request::Offer(offer));
    }
    let offers: Vec<(u32, String)> = stage
        .commands
        .iter()
        .filter_map(|command| match command {
            Command::Offer { offer, sdp, .. } => Some((*offer, sdp.clone())),
            _ => None,
        })
        .collect();
    let peer = stage.peers("ann")[0];
    for (offer, _) in offers {
        let sdp = "v=0\r\n".to_owned();
        stage.handle(Input::Media(Event::Answer { peer, offer, sdp }));
    }
    let to_bob = stage.receiving_peer("bob");
    let made: Vec<usize> = stage
        .commands
        .iter()
        .filter_map(|command| match command {
            Command::MakeOffer { peer, add, .. } if *peer == to_bob => Some(add.len()),
            _ => None,
        })
        .collect();
    assert_eq!(made, [1], "the second and third wait");
}

#[test]
fn answers_are_numbered_but_for_clients_that_miscount() {
    for (version, number) in [("2.13.8", 0), ("2.23.0", 2)] {
        let mut stage = Stage::new();
        stage.client.sdk = proto::client_info::Sdk::Js as i32;
        stage.client.version = version.into();
        stage.join("ann", Transport::Dual);
        stage.answering = false;
        stage.offer("ann");
        stage.offer("ann");
        let peer = stage.peers("ann")[0];
        let mut answered = |offer| {
            let sdp = "v=0\r\n".to_owned();
            stage.handle(Input::Media(Event::Answer { peer, offer, sdp }));
            last_answer(&stage, "ann").id
        };
        assert_eq!(answered(1), 1, "a newer offer waits for its answer");
        assert_eq!(answered(2), number);
    }
}

#[test]
fn client_that_never_answers_starts_anew() {
    let mut stage = Stage::new();
    stage.answering = false;
    stage.join("ann", Transport::Dual);
    stage.wait(21_000);
    assert!(said!(stage.messages("ann"), Message::Leave(leave)
        if leave.action() == Action::Reconnect));
}

#[test]
fn offer_that_is_no_sdp_starts_anew() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    let sdp = "v=0\r\nm=audio 9 x\r\n".to_owned();
    let offer = proto::SessionDescription { sdp, ..Default::default() };
    stage.request("ann", Request::Offer(offer));
    assert!(said!(stage.messages("ann"), Message::Leave(leave)
        if leave.action() == Action::Reconnect));
    assert!(stage.room.is_empty());
}

#[test]
fn offers_without_end_are_not_kept() {
    let mut stage = Stage::new();
    stage.answering = false;
    stage.join("ann", Transport::Single);
    for _ in 0..20 {
        if stage.room.is_empty() {
            break;
        }
        stage.offer("ann");
    }
    assert!(stage.room.is_empty());
}
