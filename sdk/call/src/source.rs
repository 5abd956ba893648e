//! Where a headless participant's media comes from: files that hold it encoded, or `ffmpeg`.

pub mod annexb;
pub mod ffmpeg;
pub mod ivf;
pub mod ogg;
pub mod opus;
