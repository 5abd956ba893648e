//! What a minute of calls can have been, as far as an app can know (docs/decisions/0030). Pure, and
//! the same for the node that charges and the app that checks.

use super::wire::ParticipantUsage;
use heliograph_protocol::price::{TRANSCRIPTION_RATE_HZ, Usage, started_secs};
use heliograph_protocol::service::Service;
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// Seconds by which a participant's count may run ahead of the time that the receipts cover: what
/// was served last is reported up to 5 s later and lands in the next receipt, more on a busy node.
pub const AHEAD_SECS_MAX: u32 = 15;
/// The same for transcription (docs/decisions/0034): a long sentence is answered for when it ends,
/// and a speech worker that was started again catches up.
pub const TRANSCRIPTION_AHEAD_SECS_MAX: u32 = 75;

/// How far each participant's count is ahead of the clock. To the ms: were each receipt's span
/// rounded up, many short ones would gain a second each.
#[derive(Clone, Debug, Default)]
pub struct Bounds {
    /// Audio, video and data, in ms.
    media_ms: BTreeMap<Key, [u64; 3]>,
    /// Samples of transcription.
    samples: BTreeMap<Key, u64>,
}

/// Room and identity.
type Key = (String, String);

impl Bounds {
    /// Seconds of each kind that a participant can be charged for in a receipt that covers
    /// `span_ms`.
    pub fn room_for(&self, room: &str, identity: &str, span_ms: u64) -> [u32; 3] {
        let ahead = self.media_ms.get(&(room.to_owned(), identity.to_owned())).copied();
        let most_ms = span_ms.saturating_add(u64::from(AHEAD_SECS_MAX) * MS_PER_SEC);
        ahead.unwrap_or_default().map(|ahead_ms| {
            u32::try_from(most_ms.saturating_sub(ahead_ms) / MS_PER_SEC).unwrap_or(u32::MAX)
        })
    }

    /// Samples of transcription that a participant can be charged for in a receipt that covers
    /// `span_ms`.
    pub fn samples_for(&self, room: &str, identity: &str, span_ms: u64) -> u64 {
        let ahead = self.samples.get(&(room.to_owned(), identity.to_owned())).copied();
        let most_ms = span_ms.saturating_add(u64::from(TRANSCRIPTION_AHEAD_SECS_MAX) * MS_PER_SEC);
        samples(most_ms).saturating_sub(ahead.unwrap_or_default())
    }

    /// Whether nobody is charged for more seconds than there were, and nobody twice.
    pub fn check(&self, participants: &[ParticipantUsage], span_ms: u64) -> Result<(), String> {
        let mut seen = std::collections::BTreeSet::new();
        for usage in participants {
            let ParticipantUsage { room, identity, .. } = usage;
            if !seen.insert((room, identity)) {
                return Err(format!("{identity} in {room} is charged twice"));
            }
            let allowed = self.room_for(room, identity, span_ms);
            if usage.secs().iter().zip(allowed).any(|(&secs, allowed)| secs > allowed) {
                let [audio, video, data] = usage.secs();
                return Err(format!(
                    "{identity} in {room} is charged {audio}, {video} and {data} s of audio, \
                     video and data in {span_ms} ms"
                ));
            }
            if usage.transcribed_samples > self.samples_for(room, identity, span_ms) {
                let secs = started_secs(usage.transcribed_samples, TRANSCRIPTION_RATE_HZ);
                return Err(format!(
                    "{identity} in {room} is charged {secs} s of transcription in {span_ms} ms"
                ));
            }
        }
        Ok(())
    }

    /// Goes on to the next receipt after one that covered `span_ms`.
    pub fn advance(&mut self, participants: &[ParticipantUsage], span_ms: u64) {
        for usage in participants {
            let key = (usage.room.clone(), usage.identity.clone());
            let samples = self.samples.entry(key.clone()).or_default();
            *samples = samples.saturating_add(usage.transcribed_samples);
            let ahead = self.media_ms.entry(key).or_default();
            for (ahead_ms, secs) in ahead.iter_mut().zip(usage.secs()) {
                *ahead_ms = ahead_ms.saturating_add(u64::from(secs) * MS_PER_SEC);
            }
        }
        for ahead_ms in self.media_ms.values_mut().flatten() {
            *ahead_ms = ahead_ms.saturating_sub(span_ms);
        }
        for ahead in self.samples.values_mut() {
            *ahead = ahead.saturating_sub(samples(span_ms));
        }
        self.media_ms.retain(|_, ahead| ahead.iter().any(|&ahead_ms| ahead_ms > 0));
        self.samples.retain(|_, ahead| *ahead > 0);
    }
}

const MS_PER_SEC: u64 = 1_000;

/// Samples of so many ms.
const fn samples(ms: u64) -> u64 {
    ms.saturating_mul(TRANSCRIPTION_RATE_HZ as u64 / MS_PER_SEC)
}

/// From one moment to another, in ms.
pub const fn span_ms(from_unix_ms: u64, to_unix_ms: u64) -> u64 {
    to_unix_ms.saturating_sub(from_unix_ms)
}

/// What participants were served together; `None` if it does not fit.
pub fn total(participants: &[ParticipantUsage]) -> Option<Usage> {
    let samples = transcribed_samples(participants)?;
    let mut none = Usage::default();
    none.secs[Service::Transcription as usize] =
        u32::try_from(started_secs(samples, TRANSCRIPTION_RATE_HZ)).ok()?;
    participants.iter().try_fold(none, |mut sum, usage| {
        for (service, secs) in
            [Service::Audio, Service::Video, Service::Data].into_iter().zip(usage.secs())
        {
            let total = &mut sum.secs[service as usize];
            *total = total.checked_add(secs)?;
        }
        sum.bytes_in = sum.bytes_in.checked_add(usage.bytes_in)?;
        sum.bytes_out = sum.bytes_out.checked_add(usage.bytes_out)?;
        Some(sum)
    })
}

/// Samples of theirs that were transcribed together; `None` if they do not fit.
pub fn transcribed_samples(participants: &[ParticipantUsage]) -> Option<u64> {
    participants.iter().try_fold(0u64, |sum, usage| sum.checked_add(usage.transcribed_samples))
}
