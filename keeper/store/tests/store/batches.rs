//! The settler's database: vouchers in, batches out, nothing twice, nothing lost.

use crate::fixtures::*;
use heliograph_protocol::batch::{self, BatchHeader, Leaf};
use heliograph_protocol::evidence::ArchivedBatch;
use heliograph_protocol::voucher::Voucher;
use heliograph_store::{
    Archive, BatchState, Batches, Collected, Error, StoredLeaf, Waiting, Written,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use std::path::PathBuf;
use tempfile::TempDir;

const KEEPER: [u8; 32] = [0x5e; 32];
const NODE: &str = "http://node.example";

fn path(folder: &TempDir) -> PathBuf {
    folder.path().join("settle.sqlite")
}

async fn batches() -> (TempDir, Batches) {
    let folder = tempfile::tempdir().unwrap();
    let batches = Batches::open(path(&folder), DOMAIN, KEEPER).await.unwrap();
    (folder, batches)
}

fn collected(number: u8, cumulative_micro_usdc: u64) -> Collected {
    let session = session(number);
    let voucher = Voucher {
        channel: session.terms.channel,
        session: session.terms.session,
        sequence: u32::try_from(cumulative_micro_usdc / 100).unwrap(),
        cumulative_micro_usdc,
        receipt_hash: [number; 32],
    };
    let signed = sign(&voucher_signer(), &voucher);
    Collected { app: APP, node: [0xb0; 32], voucher, signed }
}

async fn record(batches: &Batches, number: u8, cumulative_micro_usdc: u64, now: u64) {
    let vouchers = [collected(number, cumulative_micro_usdc)];
    batches.record_collected(NODE, now, &vouchers, now).await.unwrap();
}

fn leaf_of(waiting: &Waiting) -> StoredLeaf {
    let leaf = Leaf {
        app: waiting.app,
        node: waiting.node,
        session: waiting.voucher.session,
        cumulative_micro_usdc: waiting.voucher.cumulative_micro_usdc,
        evidence: batch::evidence(&waiting.voucher.receipt_hash, &waiting.voucher_hash),
    };
    StoredLeaf { leaf, voucher_hash: waiting.voucher_hash }
}

fn header_of(leaves: &[StoredLeaf], minute_index: u64) -> BatchHeader {
    let only: Vec<Leaf> = leaves.iter().map(|stored| stored.leaf).collect();
    BatchHeader {
        settler: KEEPER,
        minute_index,
        root: batch::root(&only),
        count: u32::try_from(only.len()).unwrap(),
        total_micro_usdc: 1_000,
    }
}

/// Writes a batch of everything that waits.
async fn write(batches: &Batches, minute_index: u64) -> (BatchHeader, Vec<StoredLeaf>) {
    let mut leaves: Vec<_> = batches.waiting(100).await.unwrap().iter().map(leaf_of).collect();
    leaves.sort_by(|a, b| a.leaf.key().cmp(&b.leaf.key()));
    let header = header_of(&leaves, minute_index);
    batches.write(&header, &leaves, NOW_UNIX_MS).await.unwrap();
    (header, leaves)
}

/// Sessions that wait, and for how much.
async fn waits(batches: &Batches) -> Vec<(u8, u64)> {
    let waiting = batches.waiting(100).await.unwrap();
    waiting.iter().map(|w| (w.voucher.session[0], w.increment_micro_usdc())).collect()
}

#[tokio::test]
async fn file_of_another_settler_or_network_is_refused() {
    let (folder, batches) = batches().await;
    assert_eq!((batches.domain(), batches.keeper()), (DOMAIN, KEEPER));
    batches.close().await;
    let other = Batches::open(path(&folder), DOMAIN, [9; 32]).await;
    assert!(matches!(other, Err(Error::OtherSettler)));
    let network = heliograph_protocol::domain::Domain([1; 32]);
    let other = Batches::open(path(&folder), network, KEEPER).await;
    assert!(matches!(other, Err(Error::OtherDomain)));
    Batches::open(path(&folder), DOMAIN, KEEPER).await.unwrap();
}

#[tokio::test]
async fn newest_voucher_of_a_session_waits_since_the_first() {
    let (_folder, batches) = batches().await;
    record(&batches, 2, 500, 10).await;
    record(&batches, 1, 300, 20).await;
    record(&batches, 2, 700, 30).await;
    record(&batches, 2, 600, 40).await;
    assert_eq!(waits(&batches).await, [(2, 700), (1, 300)], "who waits longest first");
    let waiting = batches.waiting(1).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].since_unix_ms), (1, 10));
    let kept = collected(2, 700).signed;
    assert_eq!(batches.voucher(&kept.hash()).await.unwrap(), Some(kept));
    assert_eq!(batches.voucher(&collected(2, 600).signed.hash()).await.unwrap(), None);
}

#[tokio::test]
async fn cursor_moves_with_the_vouchers_it_stands_for() {
    let (_folder, batches) = batches().await;
    assert_eq!(batches.cursor(NODE).await.unwrap(), 0);
    batches.record_collected(NODE, 7, &[collected(1, 300)], NOW_UNIX_MS).await.unwrap();
    assert_eq!(batches.cursor(NODE).await.unwrap(), 7);
    assert_eq!(batches.cursor("http://other.example").await.unwrap(), 0);
    batches.record_collected(NODE, 0, &[], NOW_UNIX_MS).await.unwrap();
    assert_eq!(batches.cursor(NODE).await.unwrap(), 0);
    assert_eq!(waits(&batches).await, [(1, 300)]);
}

#[tokio::test]
async fn what_is_settled_or_over_waits_no_more() {
    let (_folder, batches) = batches().await;
    record(&batches, 1, 300, 10).await;
    record(&batches, 2, 500, 10).await;
    let settled = |number: u8, micro_usdc| (session(number).terms.session, micro_usdc);
    batches.record_settled_totals(&[settled(1, 100), settled(2, 500)]).await.unwrap();
    assert_eq!(waits(&batches).await, [(1, 200)]);
    batches.record_settled_totals(&[settled(1, 50)]).await.unwrap();
    assert_eq!(waits(&batches).await, [(1, 200)], "old news change nothing");
    batches.mark_session_over(&session(1).terms.session).await.unwrap();
    assert_eq!(waits(&batches).await, []);
    // Its time to wait begins anew with what comes later.
    record(&batches, 2, 600, 99).await;
    assert_eq!(batches.waiting(9).await.unwrap()[0].since_unix_ms, 99);
}

#[tokio::test]
async fn written_batch_is_there_after_a_restart_and_its_leaves_wait_no_more() {
    let (folder, batches) = batches().await;
    record(&batches, 1, 300, 10).await;
    record(&batches, 2, 500, 10).await;
    let (header, leaves) = write(&batches, 70).await;
    drop(batches);

    let batches = Batches::open(path(&folder), DOMAIN, KEEPER).await.unwrap();
    let written = batches.batches_in(BatchState::Written).await.unwrap();
    assert_eq!(written.iter().map(|batch| batch.header).collect::<Vec<_>>(), [header]);
    assert_eq!(batches.leaves(70, 0..9).await.unwrap(), leaves);
    assert_eq!(batches.leaves(70, 1..2).await.unwrap(), leaves[1..]);
    assert_eq!(batches.leaves(71, 0..9).await.unwrap(), []);
    assert_eq!(waits(&batches).await, []);
    for stored in &leaves {
        assert!(batches.voucher(&stored.voucher_hash).await.unwrap().is_some());
    }
    // What comes meanwhile waits for the rest alone.
    record(&batches, 1, 450, 20).await;
    assert_eq!(waits(&batches).await, [(1, 150)]);
}

#[tokio::test]
async fn minute_is_written_once() {
    let (_folder, batches) = batches().await;
    record(&batches, 1, 300, 10).await;
    let (_, leaves) = write(&batches, 70).await;
    for minute in [70, 69, 0] {
        let again = batches.write(&header_of(&leaves, minute), &leaves, NOW_UNIX_MS).await;
        assert!(matches!(again, Err(Error::MinuteWritten { newest: 70, .. })), "{again:?}");
    }
    // Not even when it was lost, and forgotten.
    batches.decide(70, BatchState::Lost, NOW_UNIX_MS).await.unwrap();
    batches.forget_before(1_000).await.unwrap();
    let again = batches.write(&header_of(&leaves, 70), &leaves, NOW_UNIX_MS).await;
    assert!(matches!(again, Err(Error::MinuteWritten { .. })), "{again:?}");
    assert_eq!(batches.newest_minute().await.unwrap(), Some(70));
}

#[tokio::test]
async fn leaves_of_lost_and_void_batches_wait_again() {
    for (path, end) in
        [(vec![BatchState::Lost], 300), (vec![BatchState::Posted, BatchState::Void], 300)]
    {
        let (_folder, batches) = batches().await;
        record(&batches, 1, 300, 10).await;
        write(&batches, 70).await;
        for state in path {
            assert_eq!(waits(&batches).await, []);
            assert_eq!(batches.decide(70, state, 1).await.unwrap(), Written::New);
            assert_eq!(batches.decide(70, state, 2).await.unwrap(), Written::Already);
        }
        assert_eq!(waits(&batches).await, [(1, end)]);
    }
}

#[tokio::test]
async fn batch_that_is_done_leaves_what_it_could_not_pay() {
    let (_folder, batches) = batches().await;
    record(&batches, 1, 300, 10).await;
    write(&batches, 70).await;
    batches.decide(70, BatchState::Posted, 1).await.unwrap();
    batches.record_settled_totals(&[(session(1).terms.session, 120)]).await.unwrap();
    assert_eq!(waits(&batches).await, []);
    batches.decide(70, BatchState::Done, 1).await.unwrap();
    assert_eq!(waits(&batches).await, [(1, 180)]);
}

#[tokio::test]
async fn decisions_go_one_way() {
    use BatchState::{Done, Lost, Posted, Void, Written};
    let (_folder, batches) = batches().await;
    let unknown = batches.decide(70, Posted, 1).await;
    assert!(matches!(unknown, Err(Error::UnknownBatch(70))), "{unknown:?}");
    let paths: [&[BatchState]; 5] = [&[], &[Posted], &[Lost], &[Posted, Void], &[Posted, Done]];
    for (number, path) in (1u8..).zip(paths) {
        record(&batches, number, 300, 10).await;
        let minute = 70 + u64::from(number);
        write(&batches, minute).await;
        let mut state = Written;
        for next in path {
            batches.decide(minute, *next, 1).await.unwrap();
            state = *next;
        }
        let allowed: &[BatchState] = match state {
            Written => &[Posted, Lost],
            Posted => &[Void, Done],
            _ => &[],
        };
        for to in [Written, Posted, Lost, Void, Done] {
            if to == state || allowed.contains(&to) {
                continue;
            }
            let refused = batches.decide(minute, to, 1).await;
            assert!(matches!(refused, Err(Error::BatchDecided { .. })), "{state} to {to}");
        }
        assert_eq!(batches.batch(minute).await.unwrap().unwrap().state, state);
    }
}

#[tokio::test]
async fn malformed_batches_are_refused() {
    let (_folder, batches) = batches().await;
    record(&batches, 1, 300, 10).await;
    record(&batches, 2, 500, 10).await;
    let mut leaves: Vec<_> = batches.waiting(9).await.unwrap().iter().map(leaf_of).collect();
    leaves.sort_by(|a, b| a.leaf.key().cmp(&b.leaf.key()));
    let header = header_of(&leaves, 70);
    let reversed: Vec<_> = leaves.iter().rev().copied().collect();
    let twice = vec![leaves[0], leaves[0]];
    let wrong = [
        (BatchHeader { settler: [9; 32], ..header }, leaves.clone()),
        (BatchHeader { root: [9; 32], ..header }, leaves.clone()),
        (BatchHeader { count: 1, ..header }, leaves.clone()),
        (header_of(&reversed, 70), reversed),
        (header_of(&twice, 70), twice),
        (header_of(&[], 70), vec![]),
    ];
    for (header, leaves) in wrong {
        let refused = batches.write(&header, &leaves, NOW_UNIX_MS).await;
        assert!(matches!(refused, Err(Error::BatchMalformed)), "{header:?}: {refused:?}");
    }
    // Nobody could answer for a leaf without its voucher.
    let mut unbacked = leaves.clone();
    unbacked[0].voucher_hash = [9; 32];
    assert!(batches.write(&header, &unbacked, NOW_UNIX_MS).await.is_err());
    assert_eq!(batches.newest_minute().await.unwrap(), None, "all of it or nothing");
    assert_eq!(batches.leaves(70, 0..9).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_over_is_forgotten_and_nothing_else() {
    let (_folder, batches) = batches().await;
    for (minute, cumulative) in [(70, 100), (71, 200), (72, 300), (73, 400)] {
        record(&batches, 1, cumulative, minute).await;
        write(&batches, minute).await;
    }
    batches.decide(70, BatchState::Posted, 1).await.unwrap();
    batches.decide(70, BatchState::Done, 1).await.unwrap();
    batches.decide(71, BatchState::Posted, 1).await.unwrap();
    batches.decide(72, BatchState::Lost, 1).await.unwrap();
    assert_eq!(batches.forget_before(72).await.unwrap(), 1);
    assert_eq!(batches.batch(70).await.unwrap(), None);
    let voucher = async |cumulative| {
        batches.voucher(&collected(1, cumulative).signed.hash()).await.unwrap().is_some()
    };
    assert!(!voucher(100).await);
    // Posted, lost but not before the minute, and written.
    for (minute, cumulative) in [(71, 200), (72, 300), (73, 400)] {
        assert!(batches.batch(minute).await.unwrap().is_some(), "{minute}");
        assert!(voucher(cumulative).await, "{cumulative}");
    }
}

#[tokio::test]
async fn tables_defend_what_was_written() {
    let (folder, batches) = batches().await;
    record(&batches, 1, 300, 10).await;
    write(&batches, 70).await;
    let mut other = SqliteConnectOptions::new().filename(path(&folder)).connect().await.unwrap();
    for (statement, reason) in [
        ("UPDATE batches SET root = zeroblob(32)", "batches are final"),
        ("UPDATE batches SET minute_index = 71", "batches are final"),
        ("UPDATE batches SET state = 'other'", "CHECK"),
        ("DELETE FROM batches", "batches under way stay"),
        ("UPDATE leaves SET cumulative_micro_usdc = 1", "leaves are final"),
        ("UPDATE vouchers SET signature = zeroblob(64)", "vouchers are final"),
        ("DELETE FROM vouchers", "FOREIGN KEY"),
        (
            "INSERT INTO batches SELECT 69, root, count, total_micro_usdc, state, 0, 0 FROM batches",
            "batch does not follow",
        ),
    ] {
        let refused = other.execute(AssertSqlSafe(statement)).await.unwrap_err().to_string();
        assert!(refused.contains(reason), "{statement}: {refused}");
    }
}

#[tokio::test]
async fn archived_batch_is_found_by_its_headers_hash() {
    let (folder, batches) = batches().await;
    record(&batches, 1, 300, 10).await;
    let (header, leaves) = write(&batches, 70).await;
    let leaves: Vec<Leaf> = leaves.iter().map(|stored| stored.leaf).collect();
    let archive = Archive::open(&folder.path().join("archive").to_string_lossy()).unwrap();
    let object = ArchivedBatch::new(&header, leaves, &DOMAIN);
    let hash = archive.put_batch(&object).await.unwrap();
    assert_eq!(archive.put_batch(&object).await.unwrap(), hash, "the same again does nothing");
    use heliograph_protocol::domain::Message;
    assert_eq!(hash, header.message_hash(&DOMAIN));
    assert_eq!(archive.batch(&hash).await.unwrap(), Some(object));
    assert_eq!(archive.batch(&[0; 32]).await.unwrap(), None);
}
