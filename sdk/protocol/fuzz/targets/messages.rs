//! Any bytes: whatever decodes encodes to the same bytes again, so a message has one form only and
//! a signature fits one message. Nothing panics, nothing allocates what it does not hold.
#![no_main]

use borsh::{BorshDeserialize, BorshSerialize};
use heliograph_protocol::domain::{Domain, Message, MessageKind, PREFIX_LEN};
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use heliograph_protocol::receipt::Receipt;
use heliograph_protocol::record::Record;
use heliograph_protocol::sample::{self, Sample};
use heliograph_protocol::stream::StreamOpen;
use heliograph_protocol::voucher::Voucher;
use heliograph_protocol::{batch, observation};
use libfuzzer_sys::fuzz_target;

const DOMAIN: Domain = Domain([7; 32]);

fn message<M: Message + PartialEq + core::fmt::Debug>(body: &[u8]) {
    // Behind a true prefix, or the fuzzer would spend its time on finding one.
    let mut bytes = DOMAIN.prefix(M::KIND).to_vec();
    bytes.extend_from_slice(body);
    if let Ok(message) = M::from_signing_bytes(&bytes, &DOMAIN) {
        assert_eq!(message.signing_bytes(&DOMAIN), bytes);
        for kind in [MessageKind::Receipt, MessageKind::Voucher, MessageKind::StreamOpen] {
            if kind != M::KIND {
                let mut other = DOMAIN.prefix(kind).to_vec();
                other.extend_from_slice(body);
                assert!(M::from_signing_bytes(&other, &DOMAIN).is_err());
            }
        }
        assert!(M::from_signing_bytes(&bytes, &Domain([8; 32])).is_err());
    }
    assert!(M::from_signing_bytes(&body[..body.len().min(PREFIX_LEN - 1)], &DOMAIN).is_err());
}

fn plain<T: BorshDeserialize + BorshSerialize>(bytes: &[u8]) {
    if let Ok(value) = T::try_from_slice(bytes) {
        assert_eq!(borsh::to_vec(&value).expect("it was decoded"), bytes);
    }
}

/// Figures of any bytes are none that no probes could give.
fn samples(bytes: &[u8]) {
    if let Some(read) = sample::from_bytes(bytes) {
        let all: Vec<Sample> = read.collect();
        assert_eq!(sample::to_bytes(&all), bytes);
        assert_eq!(sample::root_of_bytes(bytes), Some(sample::root(&all)));
        if let Ok(figures) = sample::figures(all, u32::MAX) {
            assert!(!figures.is_invalid());
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    message::<Receipt>(bytes);
    message::<Voucher>(bytes);
    message::<StreamOpen>(bytes);
    message::<batch::BatchHeader>(bytes);
    plain::<Record>(bytes);
    plain::<Signed>(bytes);
    plain::<ArchivedReceipt>(bytes);
    plain::<batch::Leaf>(bytes);
    plain::<observation::Leaf>(bytes);
    plain::<Sample>(bytes);
    samples(bytes);
});
