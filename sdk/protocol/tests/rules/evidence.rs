//! Signed messages and archived receipts: Borsh there and back, and what their name covers.

use crate::strategies;
use heliograph_protocol::domain::{DecodeError, Domain, Message};
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use heliograph_protocol::hash::sha256;
use heliograph_protocol::receipt::Receipt;
use heliograph_protocol::voucher::Voucher;
use proptest::prelude::*;

proptest! {
    #[test]
    fn signed_round_trips(signed in strategies::signed()) {
        let bytes = borsh::to_vec(&signed).unwrap();
        prop_assert_eq!(bytes.len(), 4 + signed.bytes.len() + 32 + 64);
        prop_assert_eq!(borsh::from_slice::<Signed>(&bytes).unwrap(), signed);
    }

    #[test]
    fn signed_is_named_by_what_was_signed(signed in strategies::signed(), key in any::<[u8; 32]>()) {
        prop_assert_eq!(signed.hash(), sha256(&[&signed.bytes]));
        // A second signature over the same bytes is the same message.
        let resigned = Signed { public_key: key, signature: [7; 64], ..signed.clone() };
        prop_assert_eq!(resigned.hash(), signed.hash());
    }

    #[test]
    fn signed_message_reads_as_its_own_kind_only(
        receipt in strategies::receipt(),
        domain in strategies::domain(),
    ) {
        let bytes = receipt.signing_bytes(&domain);
        let signed = Signed { bytes, public_key: [1; 32], signature: [2; 64] };
        prop_assert_eq!(signed.hash(), receipt.message_hash(&domain));
        prop_assert_eq!(signed.message::<Receipt>(&domain), Ok(receipt));
        prop_assert_eq!(signed.message::<Voucher>(&domain), Err(DecodeError::Kind(1)));
    }

    #[test]
    fn archived_receipt_round_trips(archived in strategies::archived_receipt()) {
        let bytes = borsh::to_vec(&archived).unwrap();
        prop_assert_eq!(borsh::from_slice::<ArchivedReceipt>(&bytes).unwrap(), archived);
    }

    #[test]
    fn archived_receipt_refuses_cuts_and_trailing_bytes(
        archived in strategies::archived_receipt(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = borsh::to_vec(&archived).unwrap();
        prop_assert!(borsh::from_slice::<ArchivedReceipt>(&bytes[..cut.index(bytes.len())]).is_err());
        bytes.push(0);
        prop_assert!(borsh::from_slice::<ArchivedReceipt>(&bytes).is_err());
    }
}

#[test]
fn lying_length_is_refused_without_allocating_it() {
    // A length of u32::MAX in front of three bytes: an archive object from a stranger.
    let mut bytes = u32::MAX.to_le_bytes().to_vec();
    bytes.extend_from_slice(&[1, 2, 3]);
    assert!(borsh::from_slice::<Signed>(&bytes).is_err());
    assert!(borsh::from_slice::<ArchivedReceipt>(&bytes).is_err());
    let domain = Domain([0; 32]);
    let signed = Signed { bytes, public_key: [0; 32], signature: [0; 64] };
    assert_eq!(signed.message::<Receipt>(&domain), Err(DecodeError::NotOurs));
}
