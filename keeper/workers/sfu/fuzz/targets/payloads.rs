//! Any payload of any codec, as the worker looks at it on the way through.
#![no_main]

use heliograph_sfu::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzzing::payload(bytes));
