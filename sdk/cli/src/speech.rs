//! Transcribing a recording and paying for it: the part `transcribe` and `up` share.

pub mod evidence;
pub mod session;
pub mod settled;
pub mod stream;
pub mod table;
