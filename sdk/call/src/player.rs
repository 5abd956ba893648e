//! Plays encoded media into publications at their own speed.

use crate::source::ivf::Video;
use crate::source::opus;
use crate::{Error, Publication};
use bytes::Bytes;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Ticks of 90 kHz from a video's last frame to its first again.
const FRAME_90KHZ: u32 = 3_000;

/// Sends Opus packets `times` times over.
pub async fn audio(track: &Publication, packets: &[Bytes], times: usize) -> Result<(), Error> {
    let begun = Instant::now();
    let mut samples = 0u64;
    for packet in std::iter::repeat_n(packets, times).flatten() {
        sleep_until(begun + Duration::from_micros(samples * 1_000 / 48)).await;
        track.send_audio(samples as u32, packet.clone())?;
        samples += u64::from(opus::samples(packet).unwrap_or(960));
    }
    Ok(())
}

/// Sends the layers of a video, smallest first, `times` times over, at the times of the first
/// one's frames. A layer without subscribers is not sent. Where an encoder would answer a request
/// with a key frame, the layer jumps to the next one it has.
pub async fn video(track: &Publication, layers: &[Video], times: usize) -> Result<(), Error> {
    if layers.is_empty() || layers.iter().any(|layer| layer.frames.is_empty()) {
        return Err(Error::Source("no frames to play".to_string()));
    }
    let clock = &layers[0].frames;
    let length = clock[clock.len() - 1].time_90khz + FRAME_90KHZ;
    let mut cursors = vec![0; layers.len()];
    let mut was_wanted = vec![true; layers.len()];
    let begun = Instant::now();
    for round in 0..times as u64 {
        for tick in clock {
            let time = round * u64::from(length) + u64::from(tick.time_90khz);
            sleep_until(begun + Duration::from_micros(time * 100 / 9)).await;
            for (index, layer) in layers.iter().enumerate() {
                let wanted = track.is_wanted(index);
                let asked = track.take_key_frame_wish(index);
                if asked || wanted && !was_wanted[index] {
                    cursors[index] = next_key_frame(layer, cursors[index]);
                }
                was_wanted[index] = wanted;
                if wanted {
                    let frame = &layer.frames[cursors[index]];
                    track.send_video(index, time as u32, frame.data.clone())?;
                    cursors[index] = (cursors[index] + 1) % layer.frames.len();
                }
            }
        }
    }
    Ok(())
}

/// The first key frame at or after `from`; the video begins with one.
fn next_key_frame(video: &Video, from: usize) -> usize {
    (from..video.frames.len()).find(|at| video.frames[*at].is_key).unwrap_or(0)
}
