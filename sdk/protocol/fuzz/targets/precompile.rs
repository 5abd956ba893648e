//! Data of an ed25519 instruction: what is read lies in the data, whatever the offsets say.
#![no_main]

use heliograph_protocol::ed25519::single_signature;
use libfuzzer_sys::fuzz_target;

/// Where `part` begins in `data`, if it is a part of it.
fn offset(data: &[u8], part: &[u8]) -> Option<usize> {
    let start = (part.as_ptr() as usize).checked_sub(data.as_ptr() as usize)?;
    (start + part.len() <= data.len()).then_some(start)
}

fuzz_target!(|data: &[u8]| {
    let Some(verified) = single_signature(data) else { return };
    let field = |i: usize| u16::from_le_bytes([data[2 + 2 * i], data[3 + 2 * i]]);
    assert_eq!(data[0], 1);
    assert_eq!([field(1), field(3), field(6)], [u16::MAX; 3]);
    assert_eq!(offset(data, verified.signature), Some(field(0).into()));
    assert_eq!(offset(data, verified.public_key), Some(field(2).into()));
    assert_eq!(verified.message.len(), usize::from(field(5)));
    if !verified.message.is_empty() {
        assert_eq!(offset(data, verified.message), Some(field(4).into()));
    }
});
