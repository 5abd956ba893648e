//! Whose speech is tapped: while a track lives that is to be transcribed and is not muted for long.
//! Everybody in the room can know it: from an attribute of the speaker.

use super::track::{Tap, Track};
use super::{Effect, Room};
use crate::access::Transcribe;
use crate::media::api::{Command, Kind, TrackId};
use crate::outside::Notice;
use livekit_protocol as proto;

/// Attribute of a participant whose speech is transcribed; it cannot be set or taken away by
/// clients.
pub(super) const TRANSCRIBED: &str = "heliograph.transcribed";
/// A track that is muted for so long keeps no speech worker busy.
const MUTED_MS: u64 = 10_000;

impl Room {
    /// Taps a track if its publisher is to be transcribed. If that cannot be, the app is told.
    pub(super) fn open_tap(&mut self, id: TrackId) {
        let Some(track) = self.tracks.get(&id) else { return };
        let Some(owner) = self.participants.get(&track.owner) else { return };
        let language = match &owner.claims.transcribe {
            Transcribe::Never => None,
            Transcribe::Always(language) => Some(language),
            Transcribe::AsSession => owner.captions.everybody.as_ref(),
        };
        let (Some(language), Some(payer)) = (language, owner.payer) else { return };
        let is_spoken = matches!(
            track.info.source(),
            proto::TrackSource::Microphone | proto::TrackSource::Unknown
        );
        if track.kind != Kind::Audio || !is_spoken {
            return;
        }
        let language = Some(language.clone()).filter(|language| !language.is_empty());
        let (identity, track_sid) = (owner.identity().to_owned(), track.sid().to_owned());
        let is_busy = owner
            .published
            .iter()
            .filter(|other| **other != id)
            .any(|other| self.tracks.get(other).is_some_and(|other| other.tap != Tap::None));
        let refusal = if !owner.captions.bought {
            Some("the session has not bought transcription")
        } else if track.info.encryption() != proto::encryption::Type::None {
            Some("the track is encrypted end to end: only its receivers can hear it")
        } else if is_busy {
            Some("another track of the participant is transcribed already")
        } else {
            None
        };
        if let Some(reason) = refusal {
            let room = self.name.clone();
            let refused = Notice::TapRefused { payer, room, identity, track_sid, reason };
            return self.effects.push(Effect::Notify(refused));
        }
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
            track.tap = Tap::Open(tap);
        }
        self.command(Command::Tap { track: id, on: true });
    }

    /// Ends the tap that is open on a track, if one is.
    pub(super) fn close_tap(&mut self, track: TrackId, tap: Tap) {
        if let Tap::Open(tap) = tap {
            self.command(Command::Tap { track, on: false });
            self.effects.push(Effect::Notify(Notice::TapClosed { tap }));
        }
    }

    /// The node role has no use for a tap any more.
    pub(super) fn end_tap(&mut self, tap: u64) {
        let tapped = self.tracks.values_mut().find(|track| track.tap == Tap::Open(tap));
        let Some(Track { id, owner, tap, .. }) = tapped else { return };
        let (id, owner, tap) = (*id, *owner, std::mem::replace(tap, Tap::None));
        self.close_tap(id, tap);
        self.announce(owner);
    }

    /// Ends taps of tracks that are muted for long, until they are not.
    pub(super) fn pause_taps(&mut self) {
        let now_ms = self.now_ms;
        let silent = self.tracks.values_mut().filter(|track| {
            matches!(track.tap, Tap::Open(_))
                && track.muted_since_ms.is_some_and(|since_ms| now_ms - since_ms >= MUTED_MS)
        });
        let silent: Vec<(TrackId, Tap)> = silent
            .map(|track| (track.id, std::mem::replace(&mut track.tap, Tap::Paused)))
            .collect();
        for (track, tap) in silent {
            self.close_tap(track, tap);
        }
    }

    /// A track is no longer muted.
    pub(super) fn resume_tap(&mut self, id: TrackId) {
        let Some(track) = self.tracks.get_mut(&id) else { return };
        if track.tap == Tap::Paused {
            track.tap = Tap::None;
            self.open_tap(id);
        }
    }
}
