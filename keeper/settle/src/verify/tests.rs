use super::*;
use crate::select::tests::session;
use heliograph_client::evidence::sign;
use heliograph_protocol::domain::Message;
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use heliograph_protocol::price::Usage;
use heliograph_protocol::receipt::Quality;
use solana_keypair::Keypair;
use solana_signer::Signer;

const DOMAIN: Domain = Domain([7; 32]);
const SESSION: [u8; 32] = [9; 32];

fn app() -> Keypair {
    Keypair::new_from_array([0x22; 32])
}

fn node() -> Keypair {
    Keypair::new_from_array([0x11; 32])
}

fn account() -> Session {
    Session { voucher_signer: app().pubkey(), node: pda::node(&node().pubkey()), ..session() }
}

fn signed<M: Message>(key: &Keypair, message: &M) -> Signed {
    sign(message, &DOMAIN, key).unwrap()
}

fn receipt() -> Receipt {
    Receipt {
        channel: [3; 32],
        session: SESSION,
        sequence: 4,
        minute_index: 70,
        opened_at_unix_ms: 0,
        closed_at_unix_ms: 60_000,
        media_start_sample: 0,
        media_end_sample: 0,
        usage: Usage { secs: [60, 0, 0, 0], bytes_in: 0, bytes_out: 0 },
        quality: Quality::default(),
        records_count: 0,
        records_root: records_root(&[]),
        amount_micro_usdc: 1_000,
        cumulative_micro_usdc: 5_000,
        previous_receipt_hash: [0; 32],
    }
}

fn voucher(receipt: &Signed) -> Voucher {
    Voucher {
        channel: [3; 32],
        session: SESSION,
        sequence: 4,
        cumulative_micro_usdc: 5_000,
        receipt_hash: receipt.hash(),
    }
}

fn minute(receipt: Signed, voucher: Signed) -> VoucheredMinute {
    VoucheredMinute { receipt: ArchivedReceipt { signed: receipt, records: vec![] }, voucher }
}

fn honest() -> VoucheredMinute {
    let receipt = signed(&node(), &receipt());
    let voucher = signed(&app(), &voucher(&receipt));
    minute(receipt, voucher)
}

/// A minute whose voucher says something else.
fn with(change: impl FnOnce(&mut Voucher)) -> VoucheredMinute {
    let receipt = signed(&node(), &receipt());
    let mut voucher = voucher(&receipt);
    change(&mut voucher);
    let voucher = signed(&app(), &voucher);
    minute(receipt, voucher)
}

/// A minute whose receipt says something else, answered by a voucher that names it.
fn with_receipt(change: impl FnOnce(&mut Receipt)) -> VoucheredMinute {
    let mut message = receipt();
    change(&mut message);
    let receipt = signed(&node(), &message);
    let voucher = signed(&app(), &voucher(&receipt));
    minute(receipt, voucher)
}

fn refusal(minute: &VoucheredMinute) -> Lie {
    check(minute, &DOMAIN, &account()).unwrap_err()
}

#[test]
fn honest_minute_is_kept_as_the_session_says() {
    let minute = honest();
    assert_eq!(session_of(&minute, &DOMAIN), Ok(Pubkey::from(SESSION)));
    let collected = check(&minute, &DOMAIN, &account()).unwrap();
    assert_eq!(collected.signed, minute.voucher);
    assert_eq!(collected.voucher.cumulative_micro_usdc, 5_000);
    assert_eq!((collected.app, collected.node), ([1; 32], account().node.to_bytes()));
}

#[test]
fn messages_of_other_kinds_and_networks_are_no_ground() {
    let mut swapped = honest();
    swapped.voucher = swapped.receipt.signed.clone();
    assert!(matches!(session_of(&swapped, &DOMAIN), Err(Lie::NotAVoucher(_))));
    assert!(matches!(session_of(&honest(), &Domain([8; 32])), Err(Lie::NotAVoucher(_))));
    let mut swapped = honest();
    swapped.receipt.signed = swapped.voucher.clone();
    assert!(matches!(refusal(&swapped), Lie::NotAReceipt(_)));
}

#[test]
fn forged_signatures_are_no_ground() {
    let mut minute = honest();
    minute.voucher.signature[0] ^= 1;
    assert_eq!(refusal(&minute), Lie::Signature);
    let mut minute = honest();
    minute.receipt.signed.signature[0] ^= 1;
    assert_eq!(refusal(&minute), Lie::Signature);
}

#[test]
fn other_signers_are_no_ground() {
    let mut minute = honest();
    minute.voucher.public_key = node().pubkey().to_bytes();
    assert_eq!(refusal(&minute), Lie::OtherSigner);
    let mut minute = honest();
    minute.receipt.signed.public_key = app().pubkey().to_bytes();
    assert_eq!(refusal(&minute), Lie::OtherNode);
}

#[test]
fn vouchers_that_the_program_would_refuse_are_no_ground() {
    assert_eq!(refusal(&with(|voucher| voucher.channel = [8; 32])), Lie::OtherChannel);
    assert_eq!(refusal(&with(|voucher| voucher.cumulative_micro_usdc = 100_001)), Lie::Amount);
    assert_eq!(refusal(&with(|voucher| voucher.cumulative_micro_usdc = 0)), Lie::Amount);
}

#[test]
fn receipt_must_be_the_one_that_the_voucher_names() {
    assert_eq!(refusal(&with(|voucher| voucher.sequence = 5)), Lie::OtherReceipt);
    assert_eq!(refusal(&with(|voucher| voucher.session = [8; 32])), Lie::OtherReceipt);
    assert_eq!(refusal(&with(|voucher| voucher.cumulative_micro_usdc = 4_999)), Lie::OtherReceipt);
    assert_eq!(refusal(&with(|voucher| voucher.receipt_hash = [8; 32])), Lie::OtherReceipt);
    assert_eq!(refusal(&with_receipt(|receipt| receipt.channel = [8; 32])), Lie::OtherReceipt);
    assert_eq!(refusal(&with_receipt(|receipt| receipt.records_count = 1)), Lie::Records);
    assert_eq!(refusal(&with_receipt(|receipt| receipt.records_root = [8; 32])), Lie::Records);
}
