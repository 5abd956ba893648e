//! Requests of participants.

use super::Effect;
use super::Room;
use super::ids::ParticipantId;
use super::info::signed;
use super::membership::leave;
use livekit_protocol as proto;
use proto::leave_request::Action;
use proto::request_response::Reason;
use proto::signal_request::Message as Request;
use proto::signal_response::Message;
use proto::simulate_scenario::Scenario;

impl Room {
    pub(super) fn request(&mut self, who: ParticipantId, request: Request) {
        match request {
            Request::Offer(offer) => self.client_offer(who, offer),
            Request::Answer(answer) => self.client_answer(who, answer),
            Request::AddTrack(request) => self.add_track(who, request),
            Request::Mute(request) => self.mute(who, &request),
            Request::Subscription(request) => self.update_subscription(who, &request),
            Request::TrackSetting(settings) => self.track_settings(who, &settings),
            Request::Leave(_) => self.remove(who, proto::DisconnectReason::ClientInitiated),
            Request::SubscriptionPermission(request) => self.subscription_permission(who, request),
            Request::SyncState(sync) => self.sync_state(who, sync),
            Request::Simulate(request) => self.simulate(who, request.scenario),
            Request::Ping(sent) => self.tell(who, Message::Pong(sent)),
            Request::PingReq(ping) => {
                let pong = proto::Pong {
                    last_ping_timestamp: ping.timestamp,
                    timestamp: signed(self.now_ms),
                };
                self.tell(who, Message::PongResp(pong));
            }
            Request::UpdateMetadata(request) => self.update_metadata(who, request),
            Request::UpdateAudioTrack(request) => self.update_audio_track(who, request),
            Request::UpdateVideoTrack(request) => self.update_video_track(who, &request),
            Request::PublishDataTrackRequest(request) => self.publish_data_track(who, request),
            Request::UnpublishDataTrackRequest(request) => {
                self.unpublish_data_track(who, request.pub_handle);
            }
            Request::UpdateDataSubscription(request) => {
                self.update_data_subscription(who, &request);
            }
            Request::StoreDataBlobRequest(request) => {
                self.respond(who, request.request_id, Reason::UnsupportedType, None);
            }
            Request::GetDataBlobRequest(request) => {
                self.respond(who, request.request_id, Reason::UnsupportedType, None);
            }
            // This end is ICE-lite: it needs no candidates of the client's, whose checks name them.
            Request::Trickle(_) => {}
            // Layers are what comes, not what older clients say of them.
            #[allow(deprecated, reason = "older clients send it")]
            Request::UpdateLayers(_) => {}
        }
    }

    /// What LiveKit's clients can ask a server to do to them, to try themselves out.
    fn simulate(&mut self, who: ParticipantId, scenario: Option<Scenario>) {
        match scenario {
            Some(Scenario::ServerLeave(_)) => {
                let reason = proto::DisconnectReason::ServerShutdown;
                self.dismiss(who, reason, Action::Disconnect);
            }
            Some(Scenario::LeaveRequestFullReconnect(_)) => {
                let reason = proto::DisconnectReason::UnknownReason;
                self.dismiss(who, reason, Action::Reconnect);
            }
            Some(Scenario::NodeFailure(_)) => {
                self.remove(who, proto::DisconnectReason::UnknownReason);
            }
            Some(Scenario::Migration(_)) => {
                let message = leave(proto::DisconnectReason::Migration, Action::Resume);
                self.tell(who, message);
                let connection = self.participants.get(&who).and_then(|p| p.connection);
                self.effects.extend(connection.map(|connection| Effect::Close { connection }));
            }
            _ => {}
        }
    }
}
