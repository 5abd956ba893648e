//! Video frames out of an H.264 file in Annex B form, as encoders write them with access unit
//! delimiters.

use super::ivf::Frame;
use crate::Error;
use crate::packet::h264;

const DELIMITER: u8 = 9;

/// The file's frames at `fps` a second. Every frame begins with a delimiter, which is left out.
pub fn frames(file: &[u8], fps: u16) -> Result<Vec<Frame>, Error> {
    let mut frames: Vec<Vec<u8>> = Vec::new();
    for unit in h264::nal_units(file) {
        if unit[0] & 0x1f == DELIMITER {
            frames.push(Vec::new());
        } else if let Some(frame) = frames.last_mut() {
            h264::append(frame, unit);
        } else {
            return Err(Error::Source("the H.264 file has no access unit delimiters".to_string()));
        }
    }
    let tick = 90_000 / u32::from(fps.max(1));
    let frames: Vec<_> = frames
        .into_iter()
        .filter(|frame| !frame.is_empty())
        .zip(0..)
        .map(|(frame, number)| Frame {
            time_90khz: number * tick,
            is_key: h264::is_key_frame(&frame),
            data: frame.into(),
        })
        .collect();
    if !frames.first().is_some_and(|frame| frame.is_key) {
        return Err(Error::Source("the video does not begin with a key frame".to_string()));
    }
    Ok(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(units: &[&[u8]]) -> Vec<u8> {
        units.iter().flat_map(|unit| [&[0, 0, 0, 1], *unit].concat()).collect()
    }

    #[test]
    fn frames_are_what_is_between_delimiters() {
        let file = file(&[&[9, 0x10], &[0x67, 1], &[0x68, 2], &[0x65, 3], &[9, 0x30], &[0x41, 4]]);
        let frames = frames(&file, 30).unwrap();
        let seen: Vec<_> = frames.iter().map(|frame| (frame.time_90khz, frame.is_key)).collect();
        assert_eq!(seen, [(0, true), (3_000, false)]);
        assert_eq!(h264::nal_units(&frames[0].data).len(), 3);
    }

    #[test]
    fn other_files_are_refused() {
        assert!(frames(&file(&[&[0x67, 1]]), 30).is_err());
        assert!(frames(&file(&[&[9, 0x30], &[0x41, 4]]), 30).is_err());
        assert!(frames(b"RIFF", 30).is_err());
    }
}
