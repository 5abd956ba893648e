//! Any payload of any codec, as the worker looks at it on the way through, and layered streams whose
//! dependency descriptors say anything.
#![no_main]

use arbitrary::Arbitrary;
use heliograph_sfu::fuzzing;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Stream {
    payload: Vec<u8>,
    descriptors: Vec<Vec<u8>>,
    spatial: u8,
    temporal: u8,
}

fuzz_target!(|stream: Stream| {
    fuzzing::payload(&stream.payload);
    fuzzing::descriptors(&stream.descriptors, stream.spatial, stream.temporal);
});
