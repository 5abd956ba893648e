//! What each participant was served in a second, for whoever pays.

use super::Effect;
use super::Room;
use super::ids::ParticipantId;
use crate::media::api::{ForwardStats, Kind, PeerStats, TrackStats};
use crate::outside::{Notice, Served};
use std::collections::{BTreeMap, HashSet};

/// A participant's share of one interval.
#[derive(Default)]
struct Share {
    audio: bool,
    video: bool,
    data: bool,
    bytes_in: u64,
    bytes_out: u64,
    rtt_ms: Option<u32>,
    jitter_ms: Option<u32>,
    packets: u64,
    packets_lost: u64,
}

impl Share {
    fn forwarded(&mut self, kind: Kind) {
        match kind {
            Kind::Audio => self.audio = true,
            Kind::Video => self.video = true,
        }
    }
}

impl Room {
    /// Both sides of every forward are served; a track that nobody hears is charged to nobody.
    pub(super) fn served(
        &mut self,
        peers: &[PeerStats],
        tracks: &[TrackStats],
        forwards: &[ForwardStats],
    ) {
        let mut shares: BTreeMap<ParticipantId, Share> = BTreeMap::new();
        let mut heard = HashSet::new();
        let mut sent_packets: BTreeMap<ParticipantId, u64> = BTreeMap::new();
        for stats in forwards.iter().filter(|stats| stats.packets > 0) {
            let Some(track) = self.tracks.get(&stats.track) else { continue };
            let Some(&receiver) = self.by_peer.get(&stats.to) else { continue };
            heard.insert(stats.track);
            shares.entry(track.owner).or_default().forwarded(track.kind);
            let share = shares.entry(receiver).or_default();
            share.forwarded(track.kind);
            share.bytes_out += stats.bytes;
            *sent_packets.entry(receiver).or_default() += stats.packets;
        }
        for stats in tracks.iter().filter(|stats| heard.contains(&stats.track)) {
            let Some(track) = self.tracks.get(&stats.track) else { continue };
            let share = shares.entry(track.owner).or_default();
            share.bytes_in += stats.bytes;
            share.jitter_ms = share.jitter_ms.max(Some(stats.jitter_ms));
            let lost = missed(stats.packets, stats.loss_ppm);
            share.packets += stats.packets + lost;
            share.packets_lost += lost;
        }
        for stats in peers {
            let Some(&who) = self.by_peer.get(&stats.peer) else { continue };
            let Some(participant) = self.participants.get(&who) else { continue };
            let share = shares.entry(who).or_default();
            share.rtt_ms = share.rtt_ms.max(stats.rtt_ms);
            if participant.data_forwarded {
                share.data = true;
                share.bytes_in += stats.data_in_bytes;
            }
            if stats.data_out_bytes > 0 {
                share.data = true;
                share.bytes_out += stats.data_out_bytes;
            }
            if participant.receiving_peer() == stats.peer {
                let packets = sent_packets.get(&who).copied().unwrap_or(0);
                let lost = u64::from(stats.egress_loss_ppm.unwrap_or(0)).min(1_000_000);
                share.packets += packets;
                share.packets_lost += packets * lost / 1_000_000;
            }
        }
        let mut notices = Vec::new();
        for (who, share) in shares {
            let Some(participant) = self.participants.get(&who) else { continue };
            let Some(payer) = participant.payer else { continue };
            if !(share.audio || share.video || share.data) {
                continue;
            }
            notices.push(Notice::Served(Served {
                payer,
                room: self.name.clone(),
                identity: participant.identity().to_owned(),
                audio: share.audio,
                video: share.video,
                data: share.data,
                bytes_in: share.bytes_in,
                bytes_out: share.bytes_out,
                rtt_ms: share.rtt_ms,
                jitter_ms: share.jitter_ms,
                packets: share.packets,
                packets_lost: share.packets_lost,
            }));
        }
        self.effects.extend(notices.into_iter().map(Effect::Notify));
        for participant in self.participants.values_mut() {
            participant.data_forwarded = false;
        }
    }
}

/// How many packets were missed, if `received` came and `loss_ppm` of all did not.
fn missed(received: u64, loss_ppm: u32) -> u64 {
    let loss_ppm = u64::from(loss_ppm).min(999_999);
    received * loss_ppm / (1_000_000 - loss_ppm)
}
