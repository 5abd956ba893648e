//! Processes that are killed with SIGKILL while they write, several at once on the same files.
//!
//! Each test starts this very test binary again as its child; an environment variable tells the
//! child which files to write. A child says on its standard output what has left the node, after
//! the store said `Ok`; what it said must hold for ever.

use crate::fixtures::*;
use futures_util::StreamExt;
use heliograph_protocol::evidence::ArchivedReceipt;
use heliograph_store::{Archive, Error, Ledger, NewRedeem};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Set in a child: the folder it works in.
const FOLDER: &str = "HELIOGRAPH_STORE_CRASH_FOLDER";
/// Set in a child: a number that no other child has.
const LIFE: &str = "HELIOGRAPH_STORE_CRASH_LIFE";

const ROUNDS: u64 = 6;
const CHILDREN: u64 = 2;
const SESSIONS: u8 = 2;

/// The child's folder and number, if this process is a child.
fn role() -> Option<(String, u64)> {
    let folder = std::env::var(FOLDER).ok()?;
    Some((folder, std::env::var(LIFE).unwrap().parse().unwrap()))
}

fn say(line: &str) {
    // One write for the whole line: a killed child leaves at most its last one unfinished.
    std::io::stdout().write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// Runs `test` as children on `folder`, kills each after it has said `lines` lines, and returns
/// what they said.
fn run_and_kill(test: &str, folder: &Path, first_life: u64, lines: usize) -> Vec<String> {
    let children: Vec<_> = (0..CHILDREN)
        .map(|child| {
            let mut process = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", test, "--nocapture", "--test-threads=1"])
                .env(FOLDER, folder)
                .env(LIFE, (first_life + child).to_string())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            std::thread::spawn(move || {
                let mut output = BufReader::new(process.stdout.take().unwrap());
                let mut said = Vec::new();
                let mut line = String::new();
                // What is still in the pipe after the kill has been said, too.
                while output.read_line(&mut line).unwrap() > 0 {
                    if line.ends_with('\n') && line.starts_with("said ") {
                        said.push(line.trim_end().to_owned());
                    }
                    if said.len() == lines {
                        process.kill().unwrap();
                    }
                    line.clear();
                }
                let status = process.wait().unwrap();
                assert!(
                    !status.success() && said.len() >= lines,
                    "child ended by itself: {status}"
                );
                said
            })
        })
        .collect();
    children.into_iter().flat_map(|child| child.join().unwrap()).collect()
}

/// A node that serves two sessions until it is killed.
async fn serve(folder: &Path, life: u64) {
    let ledger = Ledger::open(folder.join("ledger.sqlite"), DOMAIN).await.unwrap();
    for turn in 0.. {
        let session = endless_session(u8::try_from(turn % u64::from(SESSIONS)).unwrap() + 1);
        let address = session.terms.session;
        let tip = ledger.session_tip(&address).await.unwrap();
        // Every life signs other minutes: a minute signed twice would show.
        let minute = receipt(&session, tip.as_ref(), life << 32 | turn);
        match ledger.record_receipt(&minute, NOW_UNIX_MS).await {
            Ok(_) => said_receipt(&minute),
            // The other child was faster.
            Err(Error::Equivocation { .. }) => continue,
            Err(error) => panic!("{error}"),
        }
        let signed = voucher(&minute);
        ledger.record_voucher(&signed, NOW_UNIX_MS).await.unwrap();
        say(&format!("said voucher {} {}", hex::encode(address), hex::encode(signed.hash())));
        let sequence = message(&minute).sequence;
        let mut tx_signature = [0; 64];
        tx_signature[..32].copy_from_slice(&signed.hash());
        let new = NewRedeem { tx_signature, ..redeem(&session, sequence, 1) };
        match ledger.record_redeem_prepared(&new, NOW_UNIX_MS).await {
            Ok(id) => {
                say(&format!("said redeem {id} {}", hex::encode(signed.hash())));
                let cumulative = message(&minute).cumulative_micro_usdc;
                ledger.mark_redeem_sent(id, NOW_UNIX_MS).await.unwrap();
                ledger.mark_redeem_confirmed(id, turn, cumulative, NOW_UNIX_MS).await.unwrap();
                say(&format!("said settled {} {cumulative}", hex::encode(address)));
            }
            Err(Error::RedeemPending { .. } | Error::NothingToRedeem { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn said_receipt(minute: &ArchivedReceipt) {
    let receipt = message(minute);
    let (session, hash) = (hex::encode(receipt.session), hex::encode(minute.signed.hash()));
    say(&format!("said receipt {session} {} {hash}", receipt.sequence));
}

/// A session whose cap no test reaches.
fn endless_session(number: u8) -> heliograph_store::Session {
    let mut session = session(number);
    session.terms.cap_micro_usdc = 1 << 40;
    session
}

/// What has left the node, over all lives.
#[derive(Default)]
struct Released {
    receipts: BTreeMap<(String, u32), String>,
    vouchers: Vec<(String, String)>,
    redeems: BTreeMap<String, String>,
    settled: BTreeMap<String, u64>,
}

impl Released {
    fn add(&mut self, line: &str) {
        match line.split(' ').collect::<Vec<_>>()[1..] {
            ["receipt", session, sequence, hash] => {
                let minute = (session.to_owned(), sequence.parse().unwrap());
                let before = self.receipts.insert(minute, hash.to_owned());
                assert!(before.is_none_or(|before| before == hash), "signed twice: {line}");
            }
            ["voucher", session, hash] => {
                self.vouchers.push((session.to_owned(), hash.to_owned()));
            }
            ["redeem", id, hash] => {
                let before = self.redeems.insert(id.to_owned(), hash.to_owned());
                assert_eq!(before, None, "number given twice: {line}");
            }
            ["settled", session, amount] => {
                let amount: u64 = amount.parse().unwrap();
                let total = self.settled.entry(session.to_owned()).or_default();
                *total = amount.max(*total);
            }
            _ => panic!("unexpected {line}"),
        }
    }

    /// Everything that was released is in the ledger, as it was released.
    async fn check(&self, ledger: &Ledger) {
        for ((session, sequence), hash) in &self.receipts {
            let session: [u8; 32] = hex::decode(session).unwrap().try_into().unwrap();
            let stored = ledger.receipt(&session, *sequence).await.unwrap();
            let stored = stored.expect("a released receipt is lost");
            assert_eq!(hex::encode(stored.signed.hash()), *hash);
            let other = ArchivedReceipt { signed: resigned(&stored), records: stored.records };
            let refused = ledger.record_receipt(&other, NOW_UNIX_MS).await;
            assert!(matches!(refused, Err(Error::Equivocation { .. })), "{refused:?}");
        }
        let mut redeems = BTreeMap::new();
        for number in 1..=SESSIONS {
            let address = endless_session(number).terms.session;
            let tip = ledger.session_tip(&address).await.unwrap().unwrap();
            let mut hashes = Vec::new();
            let mut previous = [0; 32];
            for sequence in 0..=tip.sequence {
                let minute = ledger.receipt(&address, sequence).await.unwrap().unwrap();
                assert_eq!(message(&minute).previous_receipt_hash, previous, "chain is broken");
                previous = minute.signed.hash();
                if let Some(found) = ledger.voucher(&address, sequence).await.unwrap() {
                    hashes.push(hex::encode(found.signed.hash()));
                }
            }
            let name = hex::encode(address);
            for (_, hash) in self.vouchers.iter().filter(|(session, _)| *session == name) {
                assert!(hashes.contains(hash), "an accepted voucher is lost");
            }
            let stored = ledger.session(&address).await.unwrap().unwrap();
            assert!(stored.settled_micro_usdc >= self.settled.get(&name).copied().unwrap_or(0));
            for redeem in ledger.redeems(&address).await.unwrap() {
                redeems.insert(redeem.id.to_string(), hex::encode(&redeem.tx_signature[..32]));
            }
        }
        for (id, hash) in &self.redeems {
            assert_eq!(redeems.get(id), Some(hash), "a prepared redeem is lost");
        }
    }
}

/// Another receipt for the same minute, by the same node.
fn resigned(stored: &ArchivedReceipt) -> heliograph_protocol::evidence::Signed {
    let mut other = message(stored);
    other.quality.rtt_p95_ms += 1;
    sign(&node(), &other)
}

#[test]
fn killed_nodes_lose_nothing_they_released_and_sign_nothing_twice() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Some((folder, life)) = role() {
        runtime.block_on(serve(folder.as_ref(), life));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut released = Released::default();
    let test = "crash::killed_nodes_lose_nothing_they_released_and_sign_nothing_twice";
    for round in 0..ROUNDS {
        runtime.block_on(async {
            let ledger = Ledger::open(file_in(&folder), DOMAIN).await.unwrap();
            for number in 1..=SESSIONS {
                ledger.record_session(&endless_session(number)).await.unwrap();
            }
            // What the last life left undecided did not land.
            for redeem in ledger.pending_redeems().await.unwrap() {
                ledger.mark_redeem_expired(redeem.id, NOW_UNIX_MS).await.unwrap();
            }
            ledger.close().await;
        });
        // A different number of lines each round, so that the kill falls on different writes.
        let lines = 9 + 7 * usize::try_from(round).unwrap();
        for line in run_and_kill(test, folder.path(), 1 + round * CHILDREN, lines) {
            released.add(&line);
        }
        runtime.block_on(async {
            let ledger = Ledger::open(file_in(&folder), DOMAIN).await.unwrap();
            released.check(&ledger).await;
        });
    }
    assert!(released.receipts.len() > 30, "only {} receipts", released.receipts.len());
    assert!(!released.redeems.is_empty() && !released.settled.is_empty());
}

/// Large objects, so that the kill falls into the middle of one.
fn large(life: u64, number: u64) -> ArchivedReceipt {
    let mut receipt = receipt(&session(1), None, life << 32 | number);
    receipt.records = (0..3_000).map(|n| record(number << 16 | n)).collect();
    receipt
}

#[test]
fn killed_writers_leave_only_whole_objects() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Some((folder, life)) = role() {
        runtime.block_on(async {
            let archive = Archive::open(&folder).unwrap();
            for number in 0.. {
                let hash = archive.put_receipt(&large(life, number)).await.unwrap();
                say(&format!("said {} {life} {number}", hex::encode(hash)));
            }
        });
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let test = "crash::killed_writers_leave_only_whole_objects";
    let mut said = Vec::new();
    for round in 0..ROUNDS {
        let lines = 2 + usize::try_from(round).unwrap();
        said.extend(run_and_kill(test, folder.path(), 1 + round * CHILDREN, lines));
        runtime.block_on(async {
            let archive = Archive::open(folder.path().to_str().unwrap()).unwrap();
            let mut listed = Vec::new();
            let mut stream = archive.list_receipts();
            while let Some(hash) = stream.next().await {
                let hash = hash.unwrap();
                let found = archive.receipt(&hash).await.unwrap().unwrap();
                assert_eq!(found.signed.hash(), hash);
                assert_eq!(found.records.len(), 3_000);
                listed.push(hex::encode(hash));
            }
            for line in &said {
                let words: Vec<&str> = line.split(' ').collect();
                assert!(listed.iter().any(|hash| hash == words[1]), "lost: {line}");
                // The next life archives again what it is not sure of.
                let again = large(words[2].parse().unwrap(), words[3].parse().unwrap());
                assert_eq!(hex::encode(archive.put_receipt(&again).await.unwrap()), words[1]);
            }
        });
    }
}
