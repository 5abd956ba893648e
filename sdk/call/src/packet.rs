//! RTP payload formats, both ways: frames to packets and packets to frames. Pure, no clock.

pub mod h264;
pub mod red;
pub mod vp8;

/// Payload bytes of one packet at most: 1200 bytes pass every path of the Internet with IP, UDP,
/// SRTP and header extensions around them when the payload leaves 100 bytes to those.
pub const PAYLOAD_BYTES_MAX: usize = 1_100;

/// What a received video packet is to its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// The frame begins here.
    pub starts_frame: bool,
    /// The frame can be decoded without an earlier one; known only where it begins.
    pub starts_key_frame: bool,
    /// Bytes of the frame.
    pub data: &'a [u8],
}
