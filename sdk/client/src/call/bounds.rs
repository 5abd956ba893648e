//! What a minute of calls can have been, as far as an app can know (docs/decisions/0030). Pure, and
//! the same for the node that charges and the app that checks.

use super::wire::ParticipantUsage;
use heliograph_protocol::price::Usage;
use heliograph_protocol::service::Service;
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// Seconds by which a participant's count may run ahead of the time that the receipts cover: what
/// was served last is reported up to 5 s later and lands in the next receipt, more on a busy node.
pub const AHEAD_SECS_MAX: u32 = 15;

/// How far each participant's count is ahead of the clock.
#[derive(Clone, Debug, Default)]
pub struct Bounds(BTreeMap<(String, String), [u32; 3]>);

impl Bounds {
    /// Seconds of each kind that a participant can be charged for in a receipt that covers
    /// `span_secs`.
    pub fn room_for(&self, room: &str, identity: &str, span_secs: u32) -> [u32; 3] {
        let ahead = self.0.get(&(room.to_owned(), identity.to_owned())).copied();
        ahead
            .unwrap_or_default()
            .map(|ahead| span_secs.saturating_add(AHEAD_SECS_MAX).saturating_sub(ahead))
    }

    /// Whether nobody is charged for more seconds than there were, and nobody twice.
    pub fn check(&self, participants: &[ParticipantUsage], span_secs: u32) -> Result<(), String> {
        let mut seen = std::collections::BTreeSet::new();
        for usage in participants {
            let ParticipantUsage { room, identity, .. } = usage;
            if !seen.insert((room, identity)) {
                return Err(format!("{identity} in {room} is charged twice"));
            }
            let allowed = self.room_for(room, identity, span_secs);
            if usage.secs().iter().zip(allowed).any(|(&secs, allowed)| secs > allowed) {
                let [audio, video, data] = usage.secs();
                return Err(format!(
                    "{identity} in {room} is charged {audio}, {video} and {data} s of audio, \
                     video and data in {span_secs} s"
                ));
            }
        }
        Ok(())
    }

    /// Goes on to the next receipt after one that covered `span_secs`.
    pub fn advance(&mut self, participants: &[ParticipantUsage], span_secs: u32) {
        for usage in participants {
            let key = (usage.room.clone(), usage.identity.clone());
            let ahead = self.0.entry(key).or_default();
            for (ahead, secs) in ahead.iter_mut().zip(usage.secs()) {
                *ahead = ahead.saturating_add(secs);
            }
        }
        for ahead in self.0.values_mut().flatten() {
            *ahead = ahead.saturating_sub(span_secs);
        }
        self.0.retain(|_, ahead| ahead.iter().any(|&ahead| ahead > 0));
    }
}

/// Seconds that a receipt covers, the last one in full.
pub fn span_secs(opened_at_unix_ms: u64, closed_at_unix_ms: u64) -> u32 {
    let ms = closed_at_unix_ms.saturating_sub(opened_at_unix_ms);
    u32::try_from(ms.div_ceil(1_000)).unwrap_or(u32::MAX)
}

/// What participants were served together; `None` if it does not fit.
pub fn total(participants: &[ParticipantUsage]) -> Option<Usage> {
    participants.iter().try_fold(Usage::default(), |mut sum, usage| {
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
