//! Calls of headless participants through the worker's own program, over loopback.
//!
//! Needs `ffmpeg` and the recordings of scripts/speech/install.sh: the media are real.

mod hostile;
mod impaired;
mod media;
mod plain;
mod server;
mod taps;
