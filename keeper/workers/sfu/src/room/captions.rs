//! Speech as text, in both forms that clients read: the transcription message, and the text stream
//! that has replaced it.

use super::Room;
use super::data::Destinations;
use super::info::signed;
use crate::media::api::DataChannel;
use crate::outside::Caption;
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
}
