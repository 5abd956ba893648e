//! Whose speech is tapped, for how long, and who knows of it.

use super::stage::{PAYER, Stage, admission};
use crate::access::{Captions, Grants, Transcribe};
use crate::media::api::{Command, Kind};
use crate::outside::{Notice, Order};
use crate::room::{Input, Transport};
use livekit_protocol as proto;
use proto::signal_request::Message as Request;
use proto::signal_response::Message;

/// Ann in a room, with this in her token and that bought.
fn stage(transcribe: Transcribe, captions: Captions) -> Stage {
    let mut stage = Stage::new();
    let mut admission =
        admission("ann", Grants { can_update_own_metadata: true, ..Grants::default() });
    admission.claims.transcribe = transcribe;
    admission.captions = captions;
    stage.join_as("ann", admission, Transport::Single, true);
    stage.connected("ann");
    stage
}

fn english() -> Transcribe {
    Transcribe::Always("en".to_owned())
}

fn bought() -> Captions {
    Captions { bought: true, everybody: None }
}

fn opened(stage: &Stage) -> Vec<(u64, Option<String>)> {
    let opened = stage.notices.iter().filter_map(|notice| match notice {
        Notice::TapOpened { tap, payer, identity, language, .. } => {
            assert_eq!((*payer, identity.as_str()), (PAYER, "ann"));
            Some((*tap, language.clone()))
        }
        _ => None,
    });
    opened.collect()
}

fn closed(stage: &Stage) -> Vec<u64> {
    let closed = stage.notices.iter().filter_map(|notice| match notice {
        Notice::TapClosed { tap } => Some(*tap),
        _ => None,
    });
    closed.collect()
}

fn refusals(stage: &Stage) -> Vec<&'static str> {
    let refused = stage.notices.iter().filter_map(|notice| match notice {
        Notice::TapRefused { reason, .. } => Some(*reason),
        _ => None,
    });
    refused.collect()
}

/// What ann was last told of herself.
fn attribute(stage: &Stage) -> Option<String> {
    let mut of_ann = stage.messages("ann").into_iter().filter_map(|message| match message {
        Message::Update(update) => {
            update.participants.iter().find(|p| p.identity == "ann").cloned()
        }
        _ => None,
    });
    of_ann.next_back().and_then(|ann| ann.attributes.get("heliograph.transcribed").cloned())
}

#[test]
fn who_is_to_be_transcribed_is_tapped_from_the_first_to_the_last() {
    let mut stage = stage(english(), bought());
    let sid = stage.publish("ann", Kind::Audio, "mic");
    let track = stage.track(&sid);
    assert!(stage.commands.contains(&Command::Tap { track, on: true }));
    let [(tap, language)] = &opened(&stage)[..] else { panic!("{:?}", stage.notices) };
    assert_eq!(language.as_deref(), Some("en"));
    assert_eq!(attribute(&stage).as_deref(), Some("true"));
    stage.withdraw("ann", "mic");
    assert_eq!(closed(&stage), [*tap]);
    assert_eq!(attribute(&stage), None);
}

#[test]
fn host_asks_for_everybody_and_a_token_may_say_otherwise() {
    let everybody = Captions { bought: true, everybody: Some(String::new()) };
    let mut asked = stage(Transcribe::AsSession, everybody.clone());
    asked.publish("ann", Kind::Audio, "mic");
    assert!(matches!(&opened(&asked)[..], [(_, None)]), "no language is named");
    let mut never = stage(Transcribe::Never, everybody);
    never.publish("ann", Kind::Audio, "mic");
    assert!(opened(&never).is_empty() && refusals(&never).is_empty());
    let mut nobody = stage(Transcribe::AsSession, bought());
    nobody.publish("ann", Kind::Audio, "mic");
    assert!(opened(&nobody).is_empty() && refusals(&nobody).is_empty());
}

#[test]
fn what_cannot_be_transcribed_is_told() {
    let mut unpaid = stage(english(), Captions::default());
    unpaid.publish("ann", Kind::Audio, "mic");
    assert!(refusals(&unpaid)[0].contains("not bought"));

    let mut sealed = stage(english(), bought());
    let mut request = proto::AddTrackRequest { cid: "mic".to_owned(), ..Default::default() };
    request.encryption = proto::encryption::Type::Gcm as i32;
    sealed.publish_as("ann", Kind::Audio, request);
    assert!(refusals(&sealed)[0].contains("end to end"));
    assert!(opened(&sealed).is_empty());
    assert!(!sealed.commands.iter().any(|command| matches!(command, Command::Tap { .. })));

    let mut two = stage(english(), bought());
    two.publish("ann", Kind::Audio, "mic");
    two.publish("ann", Kind::Audio, "other");
    assert_eq!(opened(&two).len(), 1);
    assert!(refusals(&two)[0].contains("another track"));
}

#[test]
fn muted_track_is_left_alone_until_it_is_not() {
    let mut stage = stage(english(), bought());
    let sid = stage.publish("ann", Kind::Audio, "mic");
    let mute = |stage: &mut Stage, muted| {
        stage.request("ann", Request::Mute(proto::MuteTrackRequest { sid: sid.clone(), muted }));
    };
    mute(&mut stage, true);
    stage.wait(5_000);
    mute(&mut stage, false);
    stage.wait(20_000);
    assert!(closed(&stage).is_empty(), "not for long");
    mute(&mut stage, true);
    stage.wait(20_000);
    assert_eq!(closed(&stage), [opened(&stage)[0].0]);
    assert_eq!(attribute(&stage).as_deref(), Some("true"), "it will be again");
    mute(&mut stage, false);
    assert_eq!(opened(&stage).len(), 2);
    assert_ne!(opened(&stage)[0].0, opened(&stage)[1].0);
    stage.withdraw("ann", "mic");
    assert_eq!(closed(&stage).len(), 2);
}

#[test]
fn tap_that_the_node_role_ends_stays_ended() {
    let mut stage = stage(english(), bought());
    let sid = stage.publish("ann", Kind::Audio, "mic");
    let tap = opened(&stage)[0].0;
    let (scope, room) = (crate::access::Scope("app".to_owned()), "hall".to_owned());
    stage.handle(Input::Order(Order::EndTap { scope, room, tap }));
    assert_eq!(closed(&stage), [tap]);
    assert_eq!(attribute(&stage), None);
    for muted in [true, false] {
        stage.request("ann", Request::Mute(proto::MuteTrackRequest { sid: sid.clone(), muted }));
        stage.wait(20_000);
    }
    assert_eq!(opened(&stage).len(), 1);
}

#[test]
fn nobody_can_hide_that_it_is_transcribed() {
    let mut stage = stage(english(), bought());
    stage.publish("ann", Kind::Audio, "mic");
    for value in ["", "no"] {
        let attributes = [("heliograph.transcribed".to_owned(), value.to_owned())];
        let request = proto::UpdateParticipantMetadata {
            attributes: attributes.into(),
            ..Default::default()
        };
        stage.request("ann", Request::UpdateMetadata(request));
        assert_eq!(attribute(&stage).as_deref(), Some("true"));
    }
}
