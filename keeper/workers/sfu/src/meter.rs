//! Counts what is forwarded, by payer and participant, until it is reported. Pure.

use crate::access::Payer;
use crate::outside::Served;
use heliograph_worker_ipc::call::{
    CallQuality, CallUsage, REPORT_ENTRIES_MAX, REPORT_NAMES_BYTES_MAX,
};
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// Measurements kept of one payer between two reports: enough for thousands of participants.
const SAMPLES_MAX: usize = 16 * 1024;

/// One report's worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Who pays.
    pub payer: Payer,
    /// Of each participant with anything to report.
    pub entries: Vec<CallUsage>,
    /// How it went.
    pub quality: CallQuality,
}

/// What is not reported yet.
#[derive(Debug, Default)]
pub struct Meter(BTreeMap<Payer, Account>);

#[derive(Debug, Default)]
struct Account {
    /// By room and identity.
    participants: BTreeMap<(String, String), CallUsage>,
    rtts_ms: Vec<u32>,
    jitters_ms: Vec<u32>,
    packets: u64,
    packets_lost: u64,
}

impl Meter {
    /// Adds one participant's second.
    pub fn add(&mut self, served: Served) {
        let account = self.0.entry(served.payer).or_default();
        for (samples, measured) in
            [(&mut account.rtts_ms, served.rtt_ms), (&mut account.jitters_ms, served.jitter_ms)]
        {
            if samples.len() < SAMPLES_MAX {
                samples.extend(measured);
            }
        }
        account.packets = account.packets.saturating_add(served.packets);
        account.packets_lost = account.packets_lost.saturating_add(served.packets_lost);
        let (room, identity) = (served.room, served.identity);
        let usage = account
            .participants
            .entry((room.clone(), identity.clone()))
            .or_insert_with(|| CallUsage { room, identity, ..CallUsage::default() });
        usage.audio_secs = usage.audio_secs.saturating_add(served.audio.into());
        usage.video_secs = usage.video_secs.saturating_add(served.video.into());
        usage.data_secs = usage.data_secs.saturating_add(served.data.into());
        usage.bytes_in = usage.bytes_in.saturating_add(served.bytes_in);
        usage.bytes_out = usage.bytes_out.saturating_add(served.bytes_out);
    }

    /// Takes everything out, in reports of a size that fits a frame.
    pub fn take(&mut self) -> Vec<Counted> {
        let accounts = std::mem::take(&mut self.0);
        accounts.into_iter().flat_map(|(payer, account)| account.into_reports(payer)).collect()
    }

    /// Takes out what one payer has been served.
    pub fn take_of(&mut self, payer: Payer) -> Vec<Counted> {
        self.0.remove(&payer).map(|account| account.into_reports(payer)).unwrap_or_default()
    }
}

impl Account {
    fn into_reports(self, payer: Payer) -> Vec<Counted> {
        let quality = CallQuality {
            rtt_p95_ms: percentile_95(self.rtts_ms),
            jitter_p95_ms: percentile_95(self.jitters_ms),
            packets: self.packets,
            packets_lost: self.packets_lost,
        };
        let mut reports = Vec::new();
        let (mut entries, mut names_bytes) = (Vec::new(), 0);
        for usage in self.participants.into_values().filter(is_something) {
            let bytes = usage.room.len() + usage.identity.len();
            if entries.len() == REPORT_ENTRIES_MAX
                || (names_bytes + bytes > REPORT_NAMES_BYTES_MAX && !entries.is_empty())
            {
                reports.push(Counted { payer, entries: std::mem::take(&mut entries), quality });
                names_bytes = 0;
            }
            entries.push(usage);
            names_bytes += bytes;
        }
        if !entries.is_empty() {
            reports.push(Counted { payer, entries, quality });
        }
        // Packets count once, times alike in all: the first report has them.
        for report in reports.iter_mut().skip(1) {
            (report.quality.packets, report.quality.packets_lost) = (0, 0);
        }
        reports
    }
}

const fn is_something(usage: &CallUsage) -> bool {
    usage.audio_secs > 0
        || usage.video_secs > 0
        || usage.data_secs > 0
        || usage.bytes_in > 0
        || usage.bytes_out > 0
}

/// The value that 95 % of `values` do not exceed (nearest rank); 0 for none.
fn percentile_95(mut values: Vec<u32>) -> u32 {
    values.sort_unstable();
    let rank = (values.len() * 95).div_ceil(100);
    rank.checked_sub(1).and_then(|index| values.get(index)).copied().unwrap_or(0)
}
