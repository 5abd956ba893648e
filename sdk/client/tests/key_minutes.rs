//! What a host pays for a key: what it has bought, once, and nothing else.

use heliograph_client::speech::{KeyMinute, SessionKey, Tallies, Tally};
use heliograph_protocol::price::Usage;
use heliograph_protocol::receipt::{Quality, Receipt};
use heliograph_protocol::record::Record;
use solana_keypair::Keypair;
use solana_signer::Signer;

const SEC: u64 = 16_000;
const SESSION: [u8; 32] = [2; 32];

fn token(signer: &Keypair, session: [u8; 32], seconds: u32) -> String {
    let key = SessionKey {
        session,
        id: "ann".into(),
        seconds,
        language: None,
        // Long ago: whether it may still be presented is the node's question.
        expires_at_unix_secs: 1,
    };
    key.sign(signer).unwrap()
}

/// Ten seconds, the session's 20th to 30th.
fn receipt() -> Receipt {
    Receipt {
        channel: [1; 32],
        session: SESSION,
        sequence: 1,
        minute_index: 1,
        opened_at_unix_ms: 60_000,
        closed_at_unix_ms: 61_000,
        media_start_sample: 20 * SEC,
        media_end_sample: 30 * SEC,
        usage: Usage { secs: [0, 0, 0, 10], bytes_in: 0, bytes_out: 0 },
        quality: Quality::default(),
        records_count: 1,
        records_root: [0; 32],
        amount_micro_usdc: 833,
        cumulative_micro_usdc: 2_000,
        previous_receipt_hash: [3; 32],
    }
}

fn record(start: u64, end: u64) -> Record {
    Record {
        engine: String::new(),
        engine_version: String::new(),
        model_sha256: [0; 32],
        language: "en".into(),
        parameters: String::new(),
        filters: String::new(),
        audio_sha256: [0; 32],
        audio_start_sample: start,
        audio_end_sample: end,
        text_sha256: [0; 32],
        started_at_unix_ms: 0,
        finished_at_unix_ms: 0,
    }
}

#[test]
fn a_minute_of_a_key_is_paid_once_and_up_to_what_it_bought() {
    let (signer, wallet) = (Keypair::new(), Keypair::new());
    let issuers = [signer.pubkey().to_bytes(), wallet.pubkey().to_bytes()];
    let good = token(&signer, SESSION, 300);
    let part = |session_key: &str, start: u64, end: u64| KeyMinute {
        session_key: session_key.to_owned(),
        start_sample: start * SEC,
        end_sample: end * SEC,
    };
    let records = [record(20 * SEC, 30 * SEC)];
    let mut tallies = Tallies::default();
    let tally = Tally { used_secs: 290, end_sample: 290 * SEC };
    tallies.0.insert("ann".into(), tally);
    let check = |receipt: &Receipt, records: &[Record], part: &KeyMinute| {
        tallies.check(receipt, records, part, &issuers)
    };
    let key = check(&receipt(), &records, &part(&good, 290, 300)).expect("the last ten seconds");
    assert_eq!((key.id.as_str(), key.seconds), ("ann", 300));
    check(&receipt(), &records, &part(&token(&wallet, SESSION, 300), 290, 300)).expect("wallet's");

    let mut video = receipt();
    video.usage.secs[1] = 1;
    for (what, receipt, records, part) in [
        (
            "more than was bought",
            receipt(),
            &records[..],
            part(&token(&signer, SESSION, 299), 290, 300),
        ),
        ("audio that was charged before", receipt(), &records, part(&good, 280, 290)),
        ("audio after a gap", receipt(), &records, part(&good, 291, 301)),
        ("more audio than the part", receipt(), &records, part(&good, 290, 299)),
        ("a part that ends before it begins", receipt(), &records, part(&good, 290, 280)),
        (
            "a stranger's key",
            receipt(),
            &records,
            part(&token(&Keypair::new(), SESSION, 300), 290, 300),
        ),
        (
            "a key for another session",
            receipt(),
            &records,
            part(&token(&signer, [9; 32], 300), 290, 300),
        ),
        ("no key", receipt(), &records, part("", 290, 300)),
        ("video", video, &records, part(&good, 290, 300)),
        ("a record before it", receipt(), &[record(19 * SEC, 21 * SEC)], part(&good, 290, 300)),
        ("a record after it", receipt(), &[record(29 * SEC, 30 * SEC + 1)], part(&good, 290, 300)),
        ("a record backwards", receipt(), &[record(29 * SEC, 28 * SEC)], part(&good, 290, 300)),
    ] {
        assert!(check(&receipt, records, &part).is_err(), "{what} is paid");
    }

    let paid = key;
    tallies.add(&paid, 10, 300 * SEC);
    assert_eq!(tallies.0["ann"], Tally { used_secs: 300, end_sample: 300 * SEC });
    // Extended, it goes on where it was.
    let more = part(&token(&signer, SESSION, 310), 300, 310);
    assert!(tallies.check(&receipt(), &records, &more, &issuers).is_ok());
}
