//! The settler's state machine against the program's own rules for a book: whatever a killed settler
//! had done, and whatever the network had done with what it sent, no minute is posted twice and no
//! leaf is lost.

use super::*;
use crate::select::{Limits, Offer, select};
use heliograph_protocol::SECS_PER_MINUTE;
use heliograph_protocol::batch::{self, Leaf};
use heliograph_protocol::domain::{Domain, Message};
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::voucher::Voucher;
use heliograph_registry::state::NetworkParams;
use heliograph_settlement::state::{PostBatchArgs, Ring};
use heliograph_store::{BatchState, Batches, Collected, StoredLeaf};
use proptest::prelude::*;
use std::collections::BTreeMap;

const KEEPER: [u8; 32] = [5; 32];
const DOMAIN: Domain = Domain([7; 32]);
const OPENED_AT: i64 = 1_780_000_020;
const BOND: u64 = 1_000_000;

fn params() -> NetworkParams {
    NetworkParams {
        challenge_window_secs: 60,
        challenge_response_secs: 60,
        dispute_secs: 120,
        batch_total_max_micro_usdc: 100_000,
        ..zeroed_params()
    }
}

fn zeroed_params() -> NetworkParams {
    use anchor_lang::AnchorDeserialize;
    NetworkParams::deserialize(&mut [0; 512].as_slice()).unwrap()
}

/// A book as the program keeps it.
#[derive(Clone)]
struct Chain {
    view: BookView,
    now: i64,
    /// Everything ever posted.
    posted: Vec<PostBatchArgs>,
}

impl Chain {
    fn new() -> Self {
        let book = Book::new(KEEPER.into(), [6; 32].into(), 60, OPENED_AT);
        let view = BookView { book, slots: vec![Slot::default(); 60] };
        Self { view, now: OPENED_AT, posted: Vec::new() }
    }

    fn minute(&self) -> u64 {
        minute_index(u64::try_from(self.now).unwrap())
    }

    fn pass_minutes(&mut self, minutes: u64) {
        self.now += i64::try_from(minutes * SECS_PER_MINUTE).unwrap();
    }

    /// What the program does with a post.
    fn take(&mut self, header: &BatchHeader) -> bool {
        let args = PostBatchArgs {
            minute_index: header.minute_index,
            root: header.root,
            count: header.count,
            total_micro_usdc: header.total_micro_usdc,
        };
        let mut ring = Ring { book: &mut self.view.book, slots: &mut self.view.slots };
        let taken = ring.post(&args, &params(), &DOMAIN, BOND, self.now).is_ok();
        if taken {
            self.posted.push(args);
        }
        taken
    }
}

fn header(minute_index: u64, salt: u8) -> BatchHeader {
    BatchHeader { settler: KEEPER, minute_index, root: [salt; 32], count: 1, total_micro_usdc: 9 }
}

#[test]
fn book_decides_what_became_of_a_batch() {
    let mut chain = Chain::new();
    chain.pass_minutes(3);
    let minute = chain.minute();
    let sent = header(minute, 1);
    assert_eq!(chain.view.fate(&sent, chain.now), Fate::Open);
    assert!(chain.take(&sent));
    assert_eq!(chain.view.fate(&sent, chain.now), Fate::Posted);
    assert!(!chain.take(&sent), "sent again it changes nothing");
    // Another batch took the minute, or a later one did.
    assert_eq!(chain.view.fate(&header(minute, 2), chain.now), Fate::Lost);
    assert_eq!(chain.view.fate(&header(minute - 1, 1), chain.now), Fate::Lost);
    assert_eq!(chain.view.fate(&header(minute + 1, 1), chain.now), Fate::Open);
}

#[test]
fn batch_of_long_ago_is_lost_exactly_when_the_program_refuses_it() {
    let mut chain = Chain::new();
    chain.pass_minutes(3);
    let sent = header(chain.minute(), 1);
    for minutes in 0..70 {
        let taken = chain.clone().take(&sent);
        let expected = if taken { Fate::Open } else { Fate::Lost };
        assert_eq!(chain.view.fate(&sent, chain.now), expected, "{minutes} minutes later");
        chain.pass_minutes(1);
    }
}

#[test]
fn failed_challenge_voids_what_was_posted_until_then() {
    let mut chain = Chain::new();
    chain.pass_minutes(3);
    let (first, second) = (header(chain.minute(), 1), header(chain.minute() + 1, 2));
    assert!(chain.take(&first));
    assert!(matches!(chain.view.standing(&first), Standing::Good(slot) if slot.root == [1; 32]));
    chain.view.book.void_until = chain.now;
    assert_eq!(chain.view.standing(&first), Standing::Void);
    chain.pass_minutes(1);
    assert!(chain.take(&second));
    assert!(matches!(chain.view.standing(&second), Standing::Good(_)));
    // Its own challenge failed.
    let index = usize::try_from(second.minute_index % 60).unwrap();
    chain.view.slots[index].status = SlotStatus::Void as u8;
    assert_eq!(chain.view.standing(&second), Standing::Void);
    chain.view.slots[index] = Slot { minute_index: second.minute_index + 60, ..Slot::default() };
    assert_eq!(chain.view.standing(&second), Standing::Gone);
}

#[test]
fn minute_is_next_only_once() {
    let mut chain = Chain::new();
    let opened = chain.minute();
    assert_eq!(chain.view.next_minute(None, chain.now), None, "the minute of the opening is over");
    chain.pass_minutes(1);
    assert_eq!(chain.view.next_minute(None, chain.now), Some(opened + 1));
    assert_eq!(chain.view.next_minute(Some(opened + 1), chain.now), None);
    assert!(chain.take(&header(opened + 1, 1)));
    assert_eq!(chain.view.next_minute(None, chain.now), None);
    chain.pass_minutes(5);
    assert_eq!(chain.view.next_minute(Some(opened + 1), chain.now), Some(opened + 6));
    // A clock that went back posts nothing.
    assert_eq!(chain.view.next_minute(Some(opened + 9), chain.now), None);
}

#[test]
fn nothing_is_posted_in_the_second_of_a_failed_challenge() {
    let mut chain = Chain::new();
    chain.pass_minutes(1);
    let minute = chain.minute();
    chain.view.book.void_until = chain.now;
    let mut copy = chain.clone();
    assert!(copy.take(&header(minute, 1)), "the program would take it");
    assert_eq!(copy.view.standing(&header(minute, 1)), Standing::Void);
    assert_eq!(chain.view.next_minute(None, chain.now), None);
    assert_eq!(chain.view.next_minute(None, chain.now + 1), Some(minute));
}

#[test]
fn releasable_is_what_the_program_would_release() {
    let mut chain = Chain::new();
    for salt in 1..6 {
        chain.pass_minutes(1);
        assert!(chain.take(&header(chain.minute(), salt)));
    }
    for _ in 0..12 {
        let mut copy = chain.clone();
        let mut ring = Ring { book: &mut copy.view.book, slots: &mut copy.view.slots };
        let released = ring.release(chain.now, 64).unwrap();
        assert_eq!(chain.view.releasable(chain.now), u64::try_from(released).unwrap());
        assert!(copy.view.disputable_from() >= chain.view.disputable_from());
        chain.pass_minutes(1);
    }
    assert_eq!(chain.view.releasable(chain.now), 5);
}

/// Where a settler's life ends, and what the network does with what it had sent.
#[derive(Clone, Copy, Debug)]
enum Life {
    /// Killed before the database has the batch.
    KilledBeforeWriting,
    /// Killed when the database has it and nothing is sent.
    KilledBeforeSending,
    /// Killed when it is sent; it arrives at once, or this many minutes later.
    KilledAfterSending { arrives_after: u64 },
    /// Sent and lost on its way.
    Dropped,
    /// All goes well.
    Whole,
}

fn life() -> impl Strategy<Value = Life> {
    prop_oneof![
        Just(Life::KilledBeforeWriting),
        Just(Life::KilledBeforeSending),
        (0..4_u64).prop_map(|arrives_after| Life::KilledAfterSending { arrives_after }),
        Just(Life::Dropped),
        Just(Life::Whole),
    ]
}

struct Settler {
    folder: tempfile::TempDir,
}

impl Settler {
    async fn open(&self) -> Batches {
        let file = self.folder.path().join("settle.sqlite");
        Batches::open(file, DOMAIN, KEEPER).await.unwrap()
    }

    /// One round of a settler that begins with what is on disk, as `post::round` does it. Returns
    /// what it has sent.
    async fn round(&self, chain: &Chain, life: Life) -> Vec<BatchHeader> {
        let batches = self.open().await;
        let mut sent = Vec::new();
        for stored in batches.batches_in(BatchState::Written).await.unwrap() {
            let minute = stored.header.minute_index;
            match chain.view.fate(&stored.header, chain.now) {
                Fate::Posted => batches.decide(minute, BatchState::Posted, 1).await.unwrap(),
                Fate::Lost => batches.decide(minute, BatchState::Lost, 1).await.unwrap(),
                Fate::Open => {
                    sent.push(stored.header);
                    continue;
                }
            };
        }
        let written = batches.newest_minute().await.unwrap();
        let Some(minute) = chain.view.next_minute(written, chain.now) else { return sent };
        let waiting = batches.waiting(100).await.unwrap();
        let offers = waiting.iter().map(|waiting| Offer {
            stored: StoredLeaf {
                leaf: Leaf {
                    app: waiting.app,
                    node: waiting.node,
                    session: waiting.voucher.session,
                    cumulative_micro_usdc: waiting.voucher.cumulative_micro_usdc,
                    evidence: batch::evidence(&waiting.voucher.receipt_hash, &waiting.voucher_hash),
                },
                voucher_hash: waiting.voucher_hash,
            },
            increment_micro_usdc: waiting.increment_micro_usdc(),
        });
        let limits =
            Limits { leaves_max: 100, total_max_micro_usdc: 100_000, room_micro_usdc: 100_000 };
        let selection = select(offers, &limits);
        let Some(header) = selection.header(KEEPER, minute) else { return sent };
        if matches!(life, Life::KilledBeforeWriting) {
            return sent;
        }
        batches.write(&header, &selection.leaves, 1).await.unwrap();
        if !matches!(life, Life::KilledBeforeSending) {
            sent.push(header);
        }
        sent
    }
}

fn collected(session: u8, cumulative_micro_usdc: u64) -> Collected {
    let voucher = Voucher {
        channel: [3; 32],
        session: [session; 32],
        sequence: 0,
        cumulative_micro_usdc,
        receipt_hash: [8; 32],
    };
    let bytes = voucher.signing_bytes(&DOMAIN);
    let signed = Signed { bytes, public_key: [4; 32], signature: [0; 64] };
    Collected { app: [1; 32], node: [2; 32], voucher, signed }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_minute_twice_and_no_leaf_lost_wherever_the_settler_is_killed(
        lives in proptest::collection::vec((life(), 0..3_u64, 0..3_u8), 1..12),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let settler = Settler { folder: tempfile::tempdir().unwrap() };
            let mut chain = Chain::new();
            let mut owed: BTreeMap<u8, u64> = BTreeMap::new();
            // What is on its way, and when it arrives.
            let mut flying: Vec<(u64, BatchHeader)> = Vec::new();
            for (step, (life, minutes, session)) in (1_u64..).zip(lives) {
                let promised = owed.entry(session).or_default();
                *promised += 10 * step;
                let batches = settler.open().await;
                let vouchers = [collected(session, *promised)];
                batches.record_collected("node", step, &vouchers, step).await.unwrap();
                drop(batches);
                chain.pass_minutes(minutes);
                flying.retain(|(minute, header)| {
                    let arrives = *minute <= chain.minute();
                    if arrives {
                        chain.take(header);
                    }
                    !arrives
                });
                for header in settler.round(&chain, life).await {
                    match life {
                        Life::Dropped => {}
                        Life::KilledAfterSending { arrives_after } => {
                            flying.push((chain.minute() + arrives_after, header));
                        }
                        _ => {
                            chain.take(&header);
                        }
                    }
                }
            }
            // Left alone for two minutes and more, a settler that lives catches up.
            for _ in 0..4 {
                chain.pass_minutes(1);
                for (_, header) in flying.drain(..) {
                    chain.take(&header);
                }
                for header in settler.round(&chain, Life::Whole).await {
                    chain.take(&header);
                }
            }
            settler.round(&chain, Life::KilledBeforeWriting).await;

            let batches = settler.open().await;
            let mut minutes: Vec<u64> = chain.posted.iter().map(|args| args.minute_index).collect();
            let count = minutes.len();
            minutes.dedup();
            assert_eq!(minutes.len(), count, "a minute was posted twice");
            let mut answered: BTreeMap<u8, u64> = BTreeMap::new();
            for args in &chain.posted {
                let stored = batches.batch(args.minute_index).await.unwrap().unwrap();
                assert_eq!(stored.header.root, args.root, "posted what was not written");
                assert_eq!(stored.state, BatchState::Posted);
                for stored in batches.leaves(args.minute_index, 0..u32::MAX).await.unwrap() {
                    assert!(batches.voucher(&stored.voucher_hash).await.unwrap().is_some());
                    let amount = answered.entry(stored.leaf.session[0]).or_default();
                    *amount = (*amount).max(stored.leaf.cumulative_micro_usdc);
                }
            }
            assert_eq!(answered, owed, "a leaf was lost");
            let total: u64 = chain.posted.iter().map(|args| args.total_micro_usdc).sum();
            assert!(total >= owed.values().sum(), "batches cannot pay what they say");
        });
    }
}
