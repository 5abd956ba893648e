//! Frames: a length as `u32` little-endian, then that many bytes of Borsh.

use crate::call::{FromSfu, ToSfu};
use crate::message::{FromWorker, MAX_AUDIO_SAMPLES, ToWorker};
use borsh::{BorshDeserialize, BorshSerialize};
use bytes::{Buf, BufMut, BytesMut};
use std::fmt;
use std::marker::PhantomData;
use tokio_util::codec::{Decoder, Encoder};

#[cfg(test)]
mod tests;

/// Longest frame either side accepts, without its length prefix. The largest message is a full
/// `Audio`; the limit exists so that a corrupt length cannot make a reader allocate gigabytes.
pub const MAX_FRAME_BYTES: usize = 256 * 1024;

// A full Audio message: tag, stream id, sample count, samples.
const _: () = assert!(1 + 8 + 4 + 2 * MAX_AUDIO_SAMPLES <= MAX_FRAME_BYTES);

const LENGTH_BYTES: usize = 4;

/// Why a frame could not be read or written. After any of these the connection is of no use: the
/// next frame's start is unknown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The socket failed.
    #[error("socket failed: {0}")]
    Io(#[from] std::io::Error),
    /// A length prefix, or a message to be sent, exceeds [`MAX_FRAME_BYTES`].
    #[error("frame of {len} bytes exceeds the limit of {MAX_FRAME_BYTES}")]
    TooLong {
        /// Announced or encoded length.
        len: usize,
    },
    /// The frame is whole but holds no message of this version.
    #[error("frame of {len} bytes is not a {expected} message: {reason}")]
    Malformed {
        /// Length of the frame.
        len: usize,
        /// Type that was expected.
        expected: &'static str,
        /// What the decoder found.
        reason: String,
    },
    /// The other side hung up in the middle of a frame.
    #[error("connection ended inside a frame: {got} bytes of {want}")]
    Truncated {
        /// Bytes there, prefix included.
        got: usize,
        /// Bytes needed, prefix included; the prefix alone if its end is missing.
        want: usize,
    },
}

/// Reads `In` and writes `Out`.
pub struct FrameCodec<In, Out> {
    directions: PhantomData<fn(Out) -> In>,
}

/// The worker's end of the socket.
pub type WorkerCodec = FrameCodec<ToWorker, FromWorker>;

/// The SFU's end of the socket.
pub type SfuWorkerCodec = FrameCodec<ToSfu, FromSfu>;

/// The node's end of the socket to the SFU.
pub type SfuNodeCodec = FrameCodec<FromSfu, ToSfu>;

/// The node's end of the socket.
pub type NodeCodec = FrameCodec<FromWorker, ToWorker>;

impl<In, Out> FrameCodec<In, Out> {
    /// A codec; it keeps no state between frames.
    pub const fn new() -> Self {
        Self { directions: PhantomData }
    }
}

impl<In, Out> Default for FrameCodec<In, Out> {
    fn default() -> Self {
        Self::new()
    }
}

impl<In, Out> fmt::Debug for FrameCodec<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FrameCodec")
    }
}

impl<In: BorshDeserialize, Out> Decoder for FrameCodec<In, Out> {
    type Item = In;
    type Error = FrameError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<In>, FrameError> {
        let Some(len) = frame_len(src) else {
            return Ok(None);
        };
        // Checked before reserving: a garbage prefix must not cost memory.
        if len > MAX_FRAME_BYTES {
            return Err(FrameError::TooLong { len });
        }
        let want = LENGTH_BYTES + len;
        if src.len() < want {
            src.reserve(want - src.len());
            return Ok(None);
        }
        src.advance(LENGTH_BYTES);
        let frame = src.split_to(len);
        borsh::from_slice(&frame).map(Some).map_err(|error| FrameError::Malformed {
            len,
            expected: short_type_name::<In>(),
            reason: error.to_string(),
        })
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<In>, FrameError> {
        if let Some(message) = self.decode(src)? {
            return Ok(Some(message));
        }
        if src.is_empty() {
            return Ok(None);
        }
        Err(FrameError::Truncated {
            got: src.len(),
            want: LENGTH_BYTES + frame_len(src).unwrap_or(0),
        })
    }
}

impl<In, Out: BorshSerialize> Encoder<Out> for FrameCodec<In, Out> {
    type Error = FrameError;

    fn encode(&mut self, message: Out, dst: &mut BytesMut) -> Result<(), FrameError> {
        let start = dst.len();
        dst.put_u32_le(0);
        message.serialize(&mut dst.writer())?;
        let len = dst.len() - start - LENGTH_BYTES;
        match u32::try_from(len) {
            Ok(prefix) if len <= MAX_FRAME_BYTES => {
                dst[start..start + LENGTH_BYTES].copy_from_slice(&prefix.to_le_bytes());
                Ok(())
            }
            _ => {
                // Leave nothing of it behind: the frames before it are still good.
                dst.truncate(start);
                Err(FrameError::TooLong { len })
            }
        }
    }
}

/// The length announced by the prefix, once the prefix is complete.
fn frame_len(src: &BytesMut) -> Option<usize> {
    src.first_chunk::<LENGTH_BYTES>().map(|prefix| u32::from_le_bytes(*prefix) as usize)
}

fn short_type_name<T>() -> &'static str {
    let name = std::any::type_name::<T>();
    name.rsplit("::").next().unwrap_or(name)
}
