//! From Opus to what a speech worker takes: 16 kHz, mono.

use super::order::{Piece, duration_ticks};
use opusic_c::{Channels, Decoder, ErrorCode, SampleRate};

/// Ticks of Opus' RTP clock in one sample.
const TICKS_PER_SAMPLE: u64 = 3;
/// Samples of 2.5 ms: what the decoder conceals is a multiple of it.
const CONCEALED_STEP: usize = 40;
/// Samples of the longest packet, 120 ms.
const PACKET_SAMPLES_MAX: usize = 1_920;

/// One tap's decoder.
pub struct Speech {
    decoder: Decoder,
    scratch: Vec<u16>,
}

impl std::fmt::Debug for Speech {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Speech")
    }
}

impl Speech {
    /// A decoder that has heard nothing.
    pub fn new() -> Result<Self, ErrorCode> {
        let decoder = Decoder::new(Channels::Mono, SampleRate::Hz16000)?;
        Ok(Self { decoder, scratch: vec![0; PACKET_SAMPLES_MAX] })
    }

    /// Appends a piece's samples to `pcm`: as many as its duration says, whatever is in it.
    pub fn hear(&mut self, piece: &Piece, pcm: &mut Vec<i16>) {
        match piece {
            Piece::Packet(packet) => {
                let len = duration_ticks(packet).map_or(0, samples);
                self.decode(packet, len, false, pcm);
            }
            Piece::Lost { ticks, then } => {
                let lost = samples(*ticks);
                // The packet after carries at most a copy of one as long as itself.
                let copied = duration_ticks(then).map_or(0, samples).min(lost);
                self.conceal(lost - copied, pcm);
                self.decode(then, copied, true, pcm);
            }
            Piece::Silence { ticks } => pcm.resize(pcm.len() + samples(*ticks), 0),
        }
    }

    fn conceal(&mut self, mut len: usize, pcm: &mut Vec<i16>) {
        while len >= CONCEALED_STEP {
            let step = (len - len % CONCEALED_STEP).min(PACKET_SAMPLES_MAX);
            self.decode(&[], step, false, pcm);
            len -= step;
        }
        pcm.resize(pcm.len() + len, 0);
    }

    /// Decodes to `len` samples; what the decoder does not give is silent.
    fn decode(&mut self, packet: &[u8], len: usize, copy: bool, pcm: &mut Vec<i16>) {
        let Some(out) = self.scratch.get_mut(..len) else { return };
        let decoded = if len == 0 {
            0
        } else {
            // A packet that cannot be decoded is as good as lost.
            self.decoder.decode_to_slice(packet, out, copy).unwrap_or(0).min(len)
        };
        pcm.extend(out[..decoded].iter().map(|&sample| sample.cast_signed()));
        pcm.resize(pcm.len() + len - decoded, 0);
    }
}

fn samples(ticks: u64) -> usize {
    usize::try_from(ticks / TICKS_PER_SAMPLE).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use opusic_c::{Application, Encoder, InbandFec};
    use proptest::prelude::*;

    const RATE_HZ: f64 = 16_000.0;
    /// 20 ms.
    const FRAME: usize = 320;

    /// A glide from 200 to 600 Hz, encoded.
    fn encoded(frames: usize) -> (Vec<i16>, Vec<Bytes>) {
        let mut encoder =
            Encoder::new(Channels::Mono, SampleRate::Hz16000, Application::Voip).unwrap();
        encoder.set_inband_fec(InbandFec::Mode1).unwrap();
        encoder.set_packet_loss(20).unwrap();
        let mut phase = 0.0;
        let source: Vec<i16> = (0..frames * FRAME)
            .map(|at| {
                let hz = 200.0 + 400.0 * at as f64 / (frames * FRAME) as f64;
                phase += std::f64::consts::TAU * hz / RATE_HZ;
                (f64::sin(phase) * 8_000.0) as i16
            })
            .collect();
        let packets = source
            .chunks(FRAME)
            .map(|frame| {
                let frame: Vec<u16> = frame.iter().map(|sample| sample.cast_unsigned()).collect();
                let mut out = vec![0; 400];
                let len = encoder.encode_to_slice(&frame, &mut out).unwrap();
                out.truncate(len);
                Bytes::from(out)
            })
            .collect();
        (source, packets)
    }

    /// The largest normalised correlation within 20 ms: codecs delay.
    fn likeness(source: &[i16], heard: &[i16]) -> f64 {
        let energy = |pcm: &[i16]| pcm.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>();
        let likeness_at = |delay: usize| {
            let product: f64 = source
                .iter()
                .zip(&heard[delay..])
                .map(|(&a, &b)| f64::from(a) * f64::from(b))
                .sum();
            product / (energy(source) * energy(&heard[delay..])).sqrt().max(1.0)
        };
        (0..FRAME).map(likeness_at).fold(f64::MIN, f64::max)
    }

    #[test]
    fn what_was_said_is_heard() {
        let (source, packets) = encoded(50);
        let (mut speech, mut pcm) = (Speech::new().unwrap(), Vec::new());
        for packet in packets {
            speech.hear(&Piece::Packet(packet), &mut pcm);
        }
        assert_eq!(pcm.len(), source.len());
        let like = likeness(&source, &pcm);
        assert!(like > 0.95, "{like}");
    }

    #[test]
    fn losses_are_concealed_and_keep_the_time() {
        let (source, packets) = encoded(50);
        let (mut speech, mut pcm) = (Speech::new().unwrap(), Vec::new());
        for (number, packet) in packets.iter().enumerate() {
            match number % 10 {
                // One of ten is lost, two in a row now and then.
                8 if number > 40 => {}
                9 => {}
                0 if number > 0 => {
                    let frames = if number > 40 { 2 } else { 1 };
                    let ticks = frames * FRAME as u64 * TICKS_PER_SAMPLE;
                    speech.hear(&Piece::Lost { ticks, then: packet.clone() }, &mut pcm);
                    speech.hear(&Piece::Packet(packet.clone()), &mut pcm);
                }
                _ => speech.hear(&Piece::Packet(packet.clone()), &mut pcm),
            }
        }
        let heard_secs = pcm.len() / FRAME;
        assert_eq!(heard_secs, 49, "the last one is lost without anybody knowing");
        let like = likeness(&source[..pcm.len()], &pcm);
        assert!(like > 0.8, "{like}");
    }

    proptest! {
        #[test]
        fn no_packet_is_too_strange(
            packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..20),
            gap in 0..20_000u64,
        ) {
            let (mut speech, mut pcm) = (Speech::new().unwrap(), Vec::new());
            let mut expected = 0;
            for packet in packets {
                let packet = Bytes::from(packet);
                expected += samples(gap) + duration_ticks(&packet).map_or(0, samples);
                speech.hear(&Piece::Lost { ticks: gap, then: packet.clone() }, &mut pcm);
                speech.hear(&Piece::Packet(packet), &mut pcm);
            }
            prop_assert_eq!(pcm.len(), expected);
        }
    }
}
