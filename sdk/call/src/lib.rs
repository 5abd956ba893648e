//! A headless participant of a call.
