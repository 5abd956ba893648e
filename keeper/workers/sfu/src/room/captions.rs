//! Speech as text, in both forms that clients read: the transcription message, and the text stream
//! that has replaced it; and the taps that the text comes from.

use super::data::Destinations;
use super::info::signed;
use super::track::Track;
use super::{Effect, Room};
use crate::media::api::{Command, DataChannel, Kind, TrackId};
use crate::outside::{Caption, Notice};
use livekit_protocol as proto;
use proto::data_packet::Value;
use proto::data_stream::header::ContentHeader;
use std::collections::HashMap;

/// Topic and attributes of LiveKit's transcription streams.
const TOPIC: &str = "lk.transcription";
const SEGMENT: &str = "lk.segment_id";
const TRACK: &str = "lk.transcribed_track_id";
const FINAL: &str = "lk.transcription_final";

impl Room {
    pub(super) fn caption(&mut self, caption: &Caption) {
        let segment = proto::TranscriptionSegment {
            id: caption.segment.clone(),
            text: caption.text.clone(),
            start_time: caption.start_unix_ms,
            end_time: caption.end_unix_ms,
            r#final: caption.is_final,
            language: caption.language.clone(),
        };
        let transcription = proto::Transcription {
            transcribed_participant_identity: caption.identity.clone(),
            track_id: caption.track_sid.clone(),
            segments: vec![segment],
        };
        let stream_id = self.ids.sid("TS_");
        let content = caption.text.clone().into_bytes();
        let header = proto::data_stream::Header {
            stream_id: stream_id.clone(),
            timestamp: signed(self.now_ms),
            topic: TOPIC.to_owned(),
            mime_type: "text/plain".to_owned(),
            total_length: Some(content.len() as u64),
            attributes: HashMap::from([
                (SEGMENT.to_owned(), caption.segment.clone()),
                (TRACK.to_owned(), caption.track_sid.clone()),
                (FINAL.to_owned(), caption.is_final.to_string()),
            ]),
            content_header: Some(ContentHeader::TextHeader(proto::data_stream::TextHeader {
                generated: true,
                ..Default::default()
            })),
            ..Default::default()
        };
        let chunk = proto::data_stream::Chunk {
            stream_id: stream_id.clone(),
            content,
            ..Default::default()
        };
        let trailer = proto::data_stream::Trailer { stream_id, ..Default::default() };
        // As the speaker's own words: that is whose name clients show.
        let speaker = self.by_identity.get(&caption.identity);
        let sid = speaker.and_then(|who| self.participants.get(who)).map(|p| p.sid.clone());
        let values = [
            Value::Transcription(transcription),
            Value::StreamHeader(header),
            Value::StreamChunk(chunk),
            Value::StreamTrailer(trailer),
        ];
        for value in values {
            let packet = proto::DataPacket {
                participant_identity: caption.identity.clone(),
                participant_sid: sid.clone().unwrap_or_default(),
                value: Some(value),
                ..Default::default()
            };
            self.send_packet(None, DataChannel::Reliable, &Destinations::default(), &packet);
        }
    }

    /// Taps a track whose publisher's token asks for it.
    pub(super) fn open_tap(&mut self, id: TrackId) {
        let Some(track) = self.tracks.get(&id) else { return };
        let Some(owner) = self.participants.get(&track.owner) else { return };
        let (Some(language), Some(payer)) = (&owner.claims.transcribe, owner.payer) else { return };
        // What is encrypted end to end is noise to everybody else.
        let plain = track.info.encryption() == proto::encryption::Type::None;
        let spoken = matches!(
            track.info.source(),
            proto::TrackSource::Microphone | proto::TrackSource::Unknown
        );
        if !self.limits.taps || track.kind != Kind::Audio || !plain || !spoken {
            return;
        }
        let language = Some(language.clone()).filter(|language| !language.is_empty());
        let identity = owner.identity().to_owned();
        let track_sid = track.sid().to_owned();
        let tap = self.ids.tap();
        self.effects.push(Effect::Notify(Notice::TapOpened {
            tap,
            payer,
            scope: self.scope.clone(),
            room: self.name.clone(),
            identity,
            track_sid,
            language,
        }));
        if let Some(track) = self.tracks.get_mut(&id) {
            track.tap = Some(tap);
        }
        self.command(Command::Tap { track: id, on: true });
    }

    pub(super) fn close_tap(&mut self, track: &Track) {
        if let Some(tap) = track.tap {
            self.command(Command::Tap { track: track.id, on: false });
            self.effects.push(Effect::Notify(Notice::TapClosed { tap }));
        }
    }
}
