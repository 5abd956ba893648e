//! Opus in Ogg (RFC 7845), by ogg and libopus, which decodes to 16 kHz itself.

use super::{AudioError, Media, SAMPLE_RATE_HZ, Source, mix};
use ogg::{OggReadError, PacketReader};
use opusic_c::{Channels, Decoder, SampleRate};

/// Longest packet: 120 ms (RFC 6716, 2.1.4).
const FRAME_SAMPLES_MAX: usize = SAMPLE_RATE_HZ as usize * 120 / 1_000;
/// Positions in Ogg Opus count at 48 kHz: three of them are one of our samples.
const PER_SAMPLE: u64 = 3;
/// Bytes of the identification header that are always there (RFC 7845, 5.1).
const HEAD_BYTES: usize = 19;

pub struct Opus {
    packets: PacketReader<Box<dyn Media>>,
    decoder: Decoder,
    channels: usize,
    serial: u32,
    gain: f32,
    /// Samples at the start that are not to be heard.
    skip: u64,
    /// Samples given out.
    given: u64,
    pre_skip: u64,
    frame: Vec<f32>,
}

impl Opus {
    pub fn open(media: impl Media + 'static) -> Result<Self, AudioError> {
        let media: Box<dyn Media> = Box::new(media);
        let mut packets = PacketReader::new(media);
        let damaged = |why: &str| AudioError::Damaged(why.to_owned());
        let first = packets.read_packet().map_err(failed)?;
        let first = first.ok_or_else(|| damaged("there is no packet in it"))?;
        let head = first.data.as_slice();
        if !head.starts_with(b"OpusHead") {
            return Err(AudioError::Unsupported("an Ogg file with another codec than Opus".into()));
        }
        if head.len() < HEAD_BYTES {
            return Err(damaged("its header is cut off"));
        }
        let (count, family) = (head[9], head[18]);
        let (channels, layout) = match (family, count) {
            (0, 1) => (1, Channels::Mono),
            (0, 2) => (2, Channels::Stereo),
            _ => {
                let what = format!("Opus with {count} channels of mapping family {family}");
                return Err(AudioError::Unsupported(what));
            }
        };
        let pre_skip = u64::from(u16::from_le_bytes([head[10], head[11]])) / PER_SAMPLE;
        // Decibels, in 256ths.
        let decibels = f32::from(i16::from_le_bytes([head[16], head[17]])) / 256.0;
        let decoder = Decoder::new(layout, SampleRate::Hz16000)
            .map_err(|error| AudioError::Damaged(format!("{error:?}")))?;
        Ok(Self {
            packets,
            decoder,
            channels,
            serial: first.stream_serial(),
            gain: 10f32.powf(decibels / 20.0),
            skip: pre_skip,
            given: 0,
            pre_skip,
            frame: vec![0.0; FRAME_SAMPLES_MAX * channels],
        })
    }
}

impl Source for Opus {
    fn rate_hz(&self) -> u32 {
        SAMPLE_RATE_HZ
    }

    fn read(&mut self, mono: &mut Vec<f32>) -> Result<bool, AudioError> {
        let Some(packet) = self.packets.read_packet().map_err(failed)? else { return Ok(false) };
        // Another stream of the file, or the comments.
        if packet.stream_serial() != self.serial || packet.data.starts_with(b"OpusTags") {
            return Ok(true);
        }
        let decoded = self
            .decoder
            .decode_float_to_slice(&packet.data, &mut self.frame, false)
            .map_err(|error| AudioError::Damaged(format!("a packet of Opus: {error:?}")))?;
        let decoded = decoded.min(FRAME_SAMPLES_MAX);
        let skip = decoded.min(usize::try_from(self.skip).unwrap_or(usize::MAX));
        self.skip -= skip as u64;
        let mut take = decoded - skip;
        if packet.last_in_stream() {
            // The last page says how much of its last packet is audio.
            let end = (packet.absgp_page() / PER_SAMPLE).saturating_sub(self.pre_skip);
            let left = usize::try_from(end.saturating_sub(self.given)).unwrap_or(usize::MAX);
            take = take.min(left);
        }
        self.given += take as u64;
        let heard = &mut self.frame[skip * self.channels..(skip + take) * self.channels];
        heard.iter_mut().for_each(|sample| *sample *= self.gain);
        mix(heard, self.channels, mono);
        Ok(true)
    }
}

fn failed(error: OggReadError) -> AudioError {
    match error {
        OggReadError::ReadError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            AudioError::Read(error)
        }
        error => AudioError::Damaged(error.to_string()),
    }
}
