//! Video frames out of an IVF file, as encoders write them.

use crate::{Codec, Error, packet};
use bytes::Bytes;

/// An encoded video.
#[derive(Clone, Debug)]
pub struct Video {
    /// How it is encoded.
    pub codec: Codec,
    /// Pixels.
    pub width: u16,
    /// Pixels.
    pub height: u16,
    /// Frames, each with its time from the beginning in ticks of 90 kHz.
    pub frames: Vec<Frame>,
}

/// One picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Time from the beginning, in ticks of 90 kHz.
    pub time_90khz: u32,
    /// Whether it can be decoded without an earlier one.
    pub is_key: bool,
    /// The encoded picture.
    pub data: Bytes,
}

/// Reads a whole file of VP8; the format knows no H.264.
pub fn read(file: &[u8]) -> Result<Video, Error> {
    let wrong = |what: &str| Error::Source(format!("not an IVF file: {what}"));
    let header = file.get(..32).ok_or_else(|| wrong("cut short"))?;
    if !header.starts_with(b"DKIF") {
        return Err(wrong("it begins otherwise"));
    }
    if &header[8..12] != b"VP80" {
        let other = String::from_utf8_lossy(&header[8..12]).into_owned();
        return Err(Error::Source(format!("the IVF file holds {other}, not VP8")));
    }
    let short = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let long = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("4 bytes"));
    let (ticks, per_secs) = (u64::from(long(16)), u64::from(long(20)));
    if ticks == 0 || per_secs == 0 {
        return Err(wrong("its clock stands still"));
    }
    let mut frames = Vec::new();
    let mut rest = &file[usize::from(short(6)).max(32).min(file.len())..];
    while let Some((head, after)) = rest.split_first_chunk::<12>() {
        let length = u32::from_le_bytes(head[..4].try_into().expect("4 bytes")) as usize;
        let ticks_at = u64::from_le_bytes(head[4..].try_into().expect("8 bytes"));
        let data = after.get(..length).ok_or_else(|| wrong("a frame is cut short"))?;
        let time_90khz = (ticks_at.saturating_mul(90_000).saturating_mul(per_secs) / ticks) as u32;
        let is_key = packet::vp8::is_key_frame(data);
        frames.push(Frame { time_90khz, is_key, data: Bytes::copy_from_slice(data) });
        rest = &after[length..];
    }
    if !frames.first().is_some_and(|frame| frame.is_key) {
        return Err(Error::Source("the video does not begin with a key frame".to_string()));
    }
    Ok(Video { codec: Codec::Vp8, width: short(12), height: short(14), frames })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(frames: &[(u64, &[u8])]) -> Vec<u8> {
        let mut file = b"DKIF\0\0\x20\0VP80\x40\x01\xf0\0".to_vec();
        file.extend_from_slice(&30u32.to_le_bytes());
        file.extend_from_slice(&1u32.to_le_bytes());
        file.extend_from_slice(&[0; 8]);
        for (time, data) in frames {
            file.extend_from_slice(&(data.len() as u32).to_le_bytes());
            file.extend_from_slice(&time.to_le_bytes());
            file.extend_from_slice(data);
        }
        file
    }

    #[test]
    fn frames_have_their_times_and_kinds() {
        let video = read(&file(&[(0, &[0x10, 1]), (1, &[0x11]), (30, &[0x31])])).unwrap();
        assert_eq!((video.codec, video.width, video.height), (Codec::Vp8, 320, 240));
        let seen: Vec<_> = video.frames.iter().map(|f| (f.time_90khz, f.is_key)).collect();
        assert_eq!(seen, [(0, true), (3_000, false), (90_000, false)]);
    }

    #[test]
    fn other_files_are_refused() {
        read(b"RIFF").unwrap_err();
        let mut other = file(&[(0, &[0x10])]);
        other[8..12].copy_from_slice(b"AV01");
        assert!(read(&other).unwrap_err().to_string().contains("holds AV01"));
        let mut cut = file(&[(0, &[0x10, 2, 3])]);
        cut.pop();
        assert!(read(&cut).unwrap_err().to_string().contains("cut short"));
        assert!(read(&file(&[(0, &[0x11])])).unwrap_err().to_string().contains("key frame"));
    }
}
