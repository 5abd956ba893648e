//! Reading the precompile's instruction: what it builds is accepted, every other shape refused.

use heliograph_protocol::ed25519::{SIGNATURE_LEN, signatures, single_signature};
use proptest::collection::vec;
use proptest::prelude::*;
use solana_ed25519_program::{
    Ed25519SignatureOffsets, new_ed25519_instruction_with_signature, offsets_to_ed25519_instruction,
};
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Where the parts of an instruction lie that `solana-ed25519-program` builds for one signature.
const KEY_AT: usize = 16;
const SIGNATURE_AT: usize = KEY_AT + 32;
const MESSAGE_AT: usize = SIGNATURE_AT + SIGNATURE_LEN;
/// Instruction indices of signature, key and message inside the data.
const INSTRUCTION_INDICES_AT: [usize; 3] = [4, 8, 14];

fn instruction_data(keypair: &Keypair, message: &[u8]) -> Vec<u8> {
    let signature: [u8; SIGNATURE_LEN] = keypair.sign_message(message).into();
    let key = keypair.pubkey().to_bytes();
    new_ed25519_instruction_with_signature(message, &signature, &key).data
}

proptest! {
    #[test]
    fn instruction_of_the_sdk_is_read(seed in any::<[u8; 32]>(), message in vec(any::<u8>(), 0..900)) {
        let keypair = Keypair::new_from_array(seed);
        let data = instruction_data(&keypair, &message);
        let verified = single_signature(&data).unwrap();
        prop_assert_eq!(verified.public_key, &keypair.pubkey().to_bytes());
        prop_assert_eq!(verified.message, &message);
        let signature = solana_signature::Signature::from(*verified.signature);
        prop_assert!(signature.verify(verified.public_key, verified.message));
    }

    #[test]
    fn arbitrary_bytes_never_panic(mut data in vec(any::<u8>(), 0..300)) {
        let _ = single_signature(&data);
        // With a header that passes, so that arbitrary offsets are followed.
        if let Some(count) = data.first_mut() {
            *count = 1;
        }
        for at in INSTRUCTION_INDICES_AT {
            if let Some(index) = data.get_mut(at..at + 2) {
                index.fill(0xff);
            }
        }
        if let Some(verified) = single_signature(&data) {
            prop_assert!(verified.message.len() <= data.len());
        }
    }

    /// A changed byte never leaves key, signature and message as they were unless it lies outside
    /// all that the precompile and the parser read (the padding byte).
    #[test]
    fn changed_byte_is_noticed(
        message in vec(any::<u8>(), 1..200),
        at in any::<prop::sample::Index>(),
        change in 1..=u8::MAX,
    ) {
        let data = instruction_data(&Keypair::new_from_array([5; 32]), &message);
        let before = single_signature(&data).unwrap();
        let mut altered = data.clone();
        let at = at.index(data.len());
        altered[at] ^= change;
        if at == 1 {
            prop_assert_eq!(single_signature(&altered), Some(before));
        } else {
            prop_assert_ne!(single_signature(&altered), Some(before));
        }
    }

    #[test]
    fn cut_instruction_is_refused(message in vec(any::<u8>(), 0..50), cut in any::<prop::sample::Index>()) {
        let data = instruction_data(&Keypair::new_from_array([5; 32]), &message);
        prop_assert_eq!(single_signature(&data[..cut.index(data.len())]), None);
    }

    #[test]
    fn offset_outside_the_data_is_refused(field in 0..3usize, beyond in 0..1_000u16) {
        let message = [7; 20];
        let data = instruction_data(&Keypair::new_from_array([5; 32]), &message);
        // Signature, key and message: where the offset lies, and the first value that is too far.
        let (at, part_len) = [(2, SIGNATURE_LEN), (6, 32), (10, message.len())][field];
        let first_outside = u16::try_from(data.len() - part_len + 1).unwrap();
        let mut altered = data.clone();
        altered[at..at + 2].copy_from_slice(&(first_outside + beyond).to_le_bytes());
        prop_assert_eq!(single_signature(&altered), None);
        altered[at..at + 2].copy_from_slice(&u16::MAX.to_le_bytes());
        prop_assert_eq!(single_signature(&altered), None);
    }

    /// Two messages of one key, its bytes there once: both are read, and nothing else passes.
    #[test]
    fn two_signatures_are_read_and_every_other_shape_is_refused(
        messages in [vec(any::<u8>(), 1..200), vec(any::<u8>(), 1..200)],
        cut in any::<prop::sample::Index>(),
        part in 0..6usize,
        instruction in 0..u16::MAX,
    ) {
        let keypair = Keypair::new_from_array([5; 32]);
        let header = 2 + 2 * 14u16;
        let mut tail = keypair.pubkey().to_bytes().to_vec();
        let offsets = messages.each_ref().map(|message| {
            let at = header + u16::try_from(tail.len()).unwrap();
            tail.extend_from_slice(keypair.sign_message(message).as_ref());
            tail.extend_from_slice(message);
            Ed25519SignatureOffsets {
                signature_offset: at,
                signature_instruction_index: u16::MAX,
                public_key_offset: header,
                public_key_instruction_index: u16::MAX,
                message_data_offset: at + 64,
                message_data_size: u16::try_from(message.len()).unwrap(),
                message_instruction_index: u16::MAX,
            }
        });
        let mut data = offsets_to_ed25519_instruction(&offsets).data;
        data.extend_from_slice(&tail);
        let read = signatures::<2>(&data).unwrap();
        for (verified, message) in read.iter().zip(&messages) {
            prop_assert_eq!(verified.public_key, &keypair.pubkey().to_bytes());
            prop_assert_eq!(verified.message, message);
            let signature = solana_signature::Signature::from(*verified.signature);
            prop_assert!(signature.verify(verified.public_key, verified.message));
        }
        prop_assert_eq!(single_signature(&data), None);
        prop_assert_eq!(signatures::<3>(&data), None);
        prop_assert_eq!(signatures::<2>(&data[..cut.index(data.len())]), None);
        let at = INSTRUCTION_INDICES_AT[part % 3] + part / 3 * 14;
        data[at..at + 2].copy_from_slice(&instruction.to_le_bytes());
        prop_assert_eq!(signatures::<2>(&data), None);
    }

    #[test]
    fn parts_in_other_instructions_are_refused(part in 0..3usize, instruction in 0..u16::MAX) {
        let mut data = instruction_data(&Keypair::new_from_array([5; 32]), b"message");
        let at = INSTRUCTION_INDICES_AT[part];
        data[at..at + 2].copy_from_slice(&instruction.to_le_bytes());
        prop_assert_eq!(single_signature(&data), None);
    }
}

#[test]
fn only_one_signature_is_accepted() {
    let keypair = Keypair::new_from_array([5; 32]);
    let data = instruction_data(&keypair, b"message");
    for count in (0..=u8::MAX).filter(|&count| count != 1) {
        let mut altered = data.clone();
        altered[0] = count;
        assert_eq!(single_signature(&altered), None, "count {count}");
    }

    // Two signatures as the SDK lays them out: both verify in the precompile, neither is taken.
    let signature: [u8; SIGNATURE_LEN] = keypair.sign_message(b"message").into();
    let parts_at = 2 + 2 * 14;
    let offsets = Ed25519SignatureOffsets {
        signature_offset: parts_at + 32,
        signature_instruction_index: u16::MAX,
        public_key_offset: parts_at,
        public_key_instruction_index: u16::MAX,
        message_data_offset: parts_at + 32 + 64,
        message_data_size: 7,
        message_instruction_index: u16::MAX,
    };
    let mut two = offsets_to_ed25519_instruction(&[offsets, offsets]).data;
    two.extend_from_slice(&keypair.pubkey().to_bytes());
    two.extend_from_slice(&signature);
    two.extend_from_slice(b"message");
    assert_eq!(single_signature(&two), None);
    // Who expects two reads both, though they share every byte.
    let [one, other] = signatures::<2>(&two).unwrap();
    assert_eq!((one, one.message), (other, b"message".as_slice()));

    assert_eq!(single_signature(&offsets_to_ed25519_instruction(&[]).data), None);
    assert_eq!(single_signature(&[]), None);
}

#[test]
fn layout_of_the_sdk_is_pinned() {
    let keypair = Keypair::new_from_array([5; 32]);
    let data = instruction_data(&keypair, b"message");
    assert_eq!(data[KEY_AT..SIGNATURE_AT], keypair.pubkey().to_bytes());
    assert_eq!(data[SIGNATURE_AT..MESSAGE_AT], *keypair.sign_message(b"message").as_ref());
    assert_eq!(&data[MESSAGE_AT..], b"message");
}
