//! What each key has been charged, as the app that issued it counts. Pure.

use super::key::SessionKey;
use super::wire::KeyMinute;
use heliograph_protocol::Address;
use heliograph_protocol::receipt::Receipt;
use heliograph_protocol::record::Record;
use heliograph_protocol::service::Service;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One key's account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Seconds charged.
    pub used_secs: u32,
    /// Up to where its audio is charged, in samples.
    pub end_sample: u64,
}

/// All of a session's keys, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tallies(pub BTreeMap<String, Tally>);

impl Tallies {
    /// Whether a receipt that follows from the one before charges a key of the app's for audio that
    /// it has bought and was not charged for before. `issuers` may spend from the session. Returns
    /// the key; the error is for people.
    pub fn check(
        &self,
        receipt: &Receipt,
        records: &[Record],
        minute: &KeyMinute,
        issuers: &[Address],
    ) -> Result<SessionKey, String> {
        let (key, issuer) =
            SessionKey::read_signed(&minute.session_key).map_err(|error| error.to_string())?;
        if !issuers.contains(&issuer) || key.session != receipt.session {
            return Err("charges a key that the app has not issued for this session".into());
        }
        let others = [Service::Audio, Service::Video, Service::Data];
        if others.into_iter().any(|service| receipt.usage.secs(service) > 0) {
            return Err("charges more than transcription".into());
        }
        let charged = receipt.media_end_sample.checked_sub(receipt.media_start_sample);
        if minute.end_sample.checked_sub(minute.start_sample) != charged {
            return Err("charges other audio than the key's".into());
        }
        let tally = self.0.get(&key.id).copied().unwrap_or_default();
        if minute.start_sample != tally.end_sample {
            return Err(format!(
                "charges {} from sample {}, where {} follows",
                key.id, minute.start_sample, tally.end_sample
            ));
        }
        let secs = receipt.usage.secs(Service::Transcription);
        if tally.used_secs.saturating_add(secs) > key.seconds {
            return Err(format!(
                "charges {} for {secs} s after {} s of {} s",
                key.id, tally.used_secs, key.seconds
            ));
        }
        let inside = |record: &Record| {
            record.audio_start_sample >= receipt.media_start_sample
                && record.audio_start_sample <= record.audio_end_sample
                && record.audio_end_sample <= receipt.media_end_sample
        };
        if !records.iter().all(inside) {
            return Err("has records of audio that it does not charge".into());
        }
        Ok(key)
    }

    /// Counts a minute that was checked.
    pub fn add(&mut self, key: &SessionKey, secs: u32, end_sample: u64) {
        let tally = self.0.entry(key.id.clone()).or_default();
        tally.used_secs = tally.used_secs.saturating_add(secs);
        tally.end_sample = end_sample;
    }
}
