//! The SFU worker.

fn main() {}
