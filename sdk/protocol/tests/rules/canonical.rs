//! Canonical bytes: what a signature covers, and what is refused as not covered.

use crate::strategies;
use heliograph_protocol::batch::BatchHeader;
use heliograph_protocol::domain::{
    DecodeError, Domain, Message, MessageKind, PREFIX_LEN, PROTOCOL, VERSION,
};
use heliograph_protocol::hash::sha256;
use heliograph_protocol::observation::{ROOT_STATEMENT_LEN, RootStatement};
use heliograph_protocol::receipt::Receipt;
use heliograph_protocol::stream::StreamOpen;
use heliograph_protocol::voucher::{VOUCHER_LEN, Voucher};
use proptest::prelude::*;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::fmt::Debug;

const VERSION_AT: usize = PROTOCOL.len();
const KIND_AT: usize = VERSION_AT + 1;
const DOMAIN_AT: usize = KIND_AT + 1;

/// Every property that all kinds of message share.
fn check_message<M>(message: &M, domain: &Domain) -> Result<(), TestCaseError>
where
    M: Message + PartialEq + Debug,
{
    let bytes = message.signing_bytes(domain);
    let read = |bytes: &[u8]| M::from_signing_bytes(bytes, domain);

    prop_assert_eq!(&bytes[..PREFIX_LEN], &domain.prefix(M::KIND));
    let back = read(&bytes);
    prop_assert_eq!(back.as_ref(), Ok(message));
    prop_assert_eq!(message.message_hash(domain), sha256(&[&bytes]));

    for len in 0..bytes.len() {
        let expected = if len < PREFIX_LEN { DecodeError::NotOurs } else { DecodeError::Body };
        prop_assert_eq!(read(&bytes[..len]), Err(expected), "cut to {} bytes", len);
    }
    let mut longer = bytes.clone();
    longer.push(0);
    prop_assert_eq!(read(&longer), Err(DecodeError::Body));

    let mut altered = bytes.clone();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            altered[at] ^= 1 << bit;
            prop_assert_ne!(sha256(&[&altered]), sha256(&[&bytes]));
            let refusal = match at {
                0..VERSION_AT => Some(DecodeError::NotOurs),
                VERSION_AT => Some(DecodeError::Version(altered[at])),
                KIND_AT => Some(DecodeError::Kind(altered[at])),
                DOMAIN_AT..PREFIX_LEN => Some(DecodeError::Domain),
                _ => None,
            };
            match (read(&altered), refusal) {
                (result, Some(refusal)) => prop_assert_eq!(result, Err(refusal)),
                (Ok(other), None) => {
                    prop_assert_ne!(&other, message);
                    // One message has one byte string: whatever decodes encodes back to itself.
                    prop_assert_eq!(&other.signing_bytes(domain), &altered);
                }
                (Err(error), None) => prop_assert_eq!(error, DecodeError::Body),
            }
            altered[at] ^= 1 << bit;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn receipt_bytes_are_canonical(
        message in strategies::receipt(),
        domain in strategies::domain(),
    ) {
        check_message(&message, &domain)?;
    }

    #[test]
    fn voucher_bytes_are_canonical(
        message in strategies::voucher(),
        domain in strategies::domain(),
    ) {
        check_message(&message, &domain)?;
        prop_assert_eq!(message.signing_bytes(&domain).len(), VOUCHER_LEN);
    }

    #[test]
    fn stream_open_bytes_are_canonical(
        message in strategies::stream_open(),
        domain in strategies::domain(),
    ) {
        check_message(&message, &domain)?;
    }

    #[test]
    fn batch_header_bytes_are_canonical(
        message in strategies::batch_header(),
        domain in strategies::domain(),
    ) {
        check_message(&message, &domain)?;
    }

    #[test]
    fn root_statement_bytes_are_canonical(
        message in strategies::root_statement(),
        domain in strategies::domain(),
    ) {
        check_message(&message, &domain)?;
        prop_assert_eq!(message.signing_bytes(&domain).len(), ROOT_STATEMENT_LEN);
    }

    #[test]
    fn message_of_one_kind_is_refused_as_another(
        receipt in strategies::receipt(),
        voucher in strategies::voucher(),
        stream_open in strategies::stream_open(),
        domain in strategies::domain(),
    ) {
        let receipt = receipt.signing_bytes(&domain);
        let voucher = voucher.signing_bytes(&domain);
        let stream_open = stream_open.signing_bytes(&domain);
        for (bytes, kind) in [(&voucher, 2), (&stream_open, 3)] {
            let refusal = Receipt::from_signing_bytes(bytes, &domain).unwrap_err();
            prop_assert_eq!(refusal, DecodeError::Kind(kind));
        }
        for (bytes, kind) in [(&receipt, 1), (&stream_open, 3)] {
            let refusal = Voucher::from_signing_bytes(bytes, &domain).unwrap_err();
            prop_assert_eq!(refusal, DecodeError::Kind(kind));
        }
        for (bytes, kind) in [(&receipt, 1), (&voucher, 2)] {
            let refusal = StreamOpen::from_signing_bytes(bytes, &domain).unwrap_err();
            prop_assert_eq!(refusal, DecodeError::Kind(kind));
        }
    }

    #[test]
    fn message_for_one_domain_is_refused_in_another(
        message in strategies::voucher(),
        signed_for in strategies::domain(),
        read_in in strategies::domain(),
    ) {
        prop_assume!(signed_for != read_in);
        let bytes = message.signing_bytes(&signed_for);
        let result = Voucher::from_signing_bytes(&bytes, &read_in);
        prop_assert_eq!(result, Err(DecodeError::Domain));
        prop_assert_ne!(message.message_hash(&signed_for), message.message_hash(&read_in));
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
        domain in strategies::domain(),
    ) {
        // Behind a valid prefix, so that the body's decoder is reached as well.
        for kind in [MessageKind::Receipt, MessageKind::Voucher, MessageKind::StreamOpen] {
            let mut message = domain.prefix(kind).to_vec();
            message.extend_from_slice(&bytes);
            for input in [&bytes, &message] {
                if let Ok(read) = Receipt::from_signing_bytes(input, &domain) {
                    prop_assert_eq!(&read.signing_bytes(&domain), input);
                }
                if let Ok(read) = Voucher::from_signing_bytes(input, &domain) {
                    prop_assert_eq!(&read.signing_bytes(&domain), input);
                }
                if let Ok(read) = StreamOpen::from_signing_bytes(input, &domain) {
                    prop_assert_eq!(&read.signing_bytes(&domain), input);
                }
            }
        }
    }

    #[test]
    fn minute_index_is_the_minute_of_the_second(unix_secs in any::<u64>()) {
        let minute = heliograph_protocol::minute_index(unix_secs);
        prop_assert!(minute * 60 <= unix_secs);
        prop_assert!(unix_secs - minute * 60 < 60);
    }
}

#[test]
fn prefix_layout_is_pinned() {
    let prefix = Domain([0xd7; 32]).prefix(MessageKind::Voucher);
    let mut expected = b"heliograph".to_vec();
    expected.extend_from_slice(&[1, 2]);
    expected.extend_from_slice(&[0xd7; 32]);
    assert_eq!(prefix.as_slice(), expected);
    assert_eq!(PREFIX_LEN, 44);
    assert_eq!(VERSION, 1);
    let kinds = [
        MessageKind::Receipt,
        MessageKind::Voucher,
        MessageKind::StreamOpen,
        MessageKind::Batch,
        MessageKind::RootStatement,
    ];
    assert_eq!(kinds.map(|kind| kind as u8), [1, 2, 3, 4, 5]);
    let declared =
        [Receipt::KIND, Voucher::KIND, StreamOpen::KIND, BatchHeader::KIND, RootStatement::KIND];
    assert_eq!(declared, kinds);
}

#[test]
fn signature_covers_every_byte() {
    let domain = Domain([3; 32]);
    let keypair = Keypair::new_from_array([9; 32]);
    let voucher = Voucher {
        channel: [1; 32],
        session: [2; 32],
        sequence: 7,
        cumulative_micro_usdc: 42_000,
        receipt_hash: [4; 32],
    };
    let mut bytes = voucher.signing_bytes(&domain);
    let signature = keypair.sign_message(&bytes);
    let key = keypair.pubkey().to_bytes();
    assert!(signature.verify(&key, &bytes));
    for at in 0..bytes.len() {
        bytes[at] ^= 1;
        assert!(!signature.verify(&key, &bytes), "byte {at} is not covered");
        bytes[at] ^= 1;
    }
}

#[test]
fn decode_errors_read_differently() {
    let errors = [
        DecodeError::NotOurs,
        DecodeError::Version(9),
        DecodeError::Kind(9),
        DecodeError::Domain,
        DecodeError::Body,
    ];
    let texts: std::collections::BTreeSet<String> =
        errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), errors.len());
    assert!(texts.iter().any(|text| text.contains("version 9, expected 1")));
}
