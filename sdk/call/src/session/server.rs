//! What the server says.

use super::Session;
use crate::{Error, Event};
use livekit_protocol::{ParticipantInfo, participant_info, request_response, signal_response};
use signal_response::Message;

impl Session {
    pub(super) async fn server_message(&mut self, message: Message) -> Result<(), Error> {
        match message {
            Message::Answer(answer) => self.answered(&answer).await?,
            Message::MediaSectionsRequirement(wanted) => {
                self.negotiation.want(wanted.num_audios, wanted.num_videos);
            }
            Message::TrackPublished(published) => {
                self.published(&published.cid, published.track.unwrap_or_default());
            }
            Message::Update(update) => {
                for participant in update.participants {
                    self.participant_changed(participant);
                }
            }
            Message::SubscribedQualityUpdate(update) => self.layers_wanted(&update),
            Message::RequestResponse(response) => {
                if let Some(request_response::Request::AddTrack(request)) = &response.request {
                    self.not_published(&request.cid, &response.message);
                }
                self.events.send(Event::Server(Box::new(Message::RequestResponse(response))));
            }
            Message::Leave(leave) => {
                let reason = leave.reason().as_str_name();
                self.over = Some(format!("the server ends it: {reason}"));
            }
            Message::Pong(_) | Message::PongResp(_) | Message::Trickle(_) | Message::Join(_) => {}
            other => self.events.send(Event::Server(Box::new(other))),
        }
        Ok(())
    }

    pub(super) fn participant_changed(&mut self, participant: ParticipantInfo) {
        let own = self.joined.participant.as_ref().is_some_and(|own| own.sid == participant.sid);
        if own {
            return;
        }
        if participant.state() == participant_info::State::Disconnected {
            self.participants.remove(&participant.sid);
            self.events.send(Event::ParticipantLeft { identity: participant.identity });
        } else {
            self.participants.insert(participant.sid.clone(), participant.clone());
            self.events.send(Event::Participant(Box::new(participant)));
        }
    }

    /// Identity of a track's publisher; empty if it is not known.
    pub(super) fn publisher(&self, sid: &str) -> String {
        let publishes = |participant: &&ParticipantInfo| {
            participant.tracks.iter().any(|track| track.sid == sid)
        };
        let publisher = self.participants.values().find(publishes);
        publisher.map(|participant| participant.identity.clone()).unwrap_or_default()
    }
}
