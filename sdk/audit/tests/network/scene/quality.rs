//! The part of the history in which the node is observed and scored.

use super::{Cast, TOKEN, trials};
use heliograph_client::instruction::reputation::{self, ProvedLeaf, Root};
use heliograph_client::instruction::{registry, staking, token};
use heliograph_client::{account, pda};
use heliograph_protocol::merkle;
use heliograph_protocol::observation::{self, Figures, Leaf, NOT_MEASURED};
use heliograph_protocol::reputation::{Epoch, RETAINED_EPOCHS};
use heliograph_protocol::sample::{self, Sample};
use heliograph_registry::state::{KeeperRole, KeeperStatus};
use heliograph_reputation::state::Score;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_signer::Signer;

/// What an observer makes of its twenty probes of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// It was there.
    Good,
    /// It was there once.
    Down,
    /// It was there; the observer says that it was down.
    Lie,
}

impl Seen {
    fn samples(self) -> Vec<Sample> {
        let of = |n: u32| {
            let good = Sample {
                at_secs: n * 3,
                setup_us: 250_000,
                rtt_us: 31_000,
                jitter_us: 2_000,
                packets_sent: 10_000,
                packets_lost: 7,
                words_spoken: 0,
                words_wrong: 0,
                latency_us: NOT_MEASURED,
            };
            let lost = good.packets_sent;
            if self == Self::Down && n > 0 { Sample { packets_lost: lost, ..good } } else { good }
        };
        (0..20).map(of).collect()
    }

    /// What its leaf says.
    fn figures(self, epoch: &Epoch) -> Figures {
        let told = if self == Self::Lie { Self::Down } else { self };
        sample::figures(told.samples(), epoch.secs).unwrap()
    }
}

/// Three observers watch the node for four epochs. The first is scored and everything of it closed;
/// the second is scored, and who lies in it is tried by its own samples; for the third one leaf is
/// held back, so that there is no quorum; in the fourth the node is down, and tried for it. Returns a
/// transaction that changed nothing.
pub async fn node_is_observed(cast: &Cast) -> Signature {
    let mut observers = Vec::new();
    for _ in 0..3 {
        observers.push(observer(cast).await);
    }
    let network = account::network(&cast.rpc).await.unwrap();
    let now = u64::try_from(cast.localnet.unix_secs().await.unwrap()).unwrap();
    let first = Epoch::at(now, network.params.epoch_secs).unwrap();
    let secs = u64::from(first.secs);
    let (good, down) = (Seen::Good, Seen::Down);
    let epochs = [[good; 3], [good, Seen::Lie, good], [good; 3], [down; 3]];
    let mut lie = None;
    for (number, seen) in epochs.iter().enumerate() {
        let start = first.start + 3 * secs * number as u64;
        let heard = if number == 2 { 2 } else { 3 };
        let leaves = observe(cast, &observers, Epoch { start, ..first }, seen, heard).await;
        lie = lie.or(leaves.into_iter().zip(seen).find(|(_, seen)| **seen == Seen::Lie));
    }
    let score: Score = account::get(&cast.rpc, &pda::score(&cast.node())).await.unwrap();
    assert_eq!((score.epochs.len(), score.epochs[0].availability_ppm), (3, 1_000_000));
    let (keeper, key) = &observers[0];
    trials::downtime_is_refuted(cast, (*keeper, key), first.start + 9 * secs).await;
    let (leaf, seen) = lie.unwrap();
    let idle = trials::observer_is_tried_by_samples(cast, leaf, &seen.samples()).await;

    travel(cast, first.start + (3 + u64::from(RETAINED_EPOCHS)) * secs).await;
    let payer = cast.operator.pubkey();
    let mut over = vec![reputation::close_tally(cast.node(), first.start, payer)];
    for (keeper, _) in &observers {
        over.push(reputation::close_observation(*keeper, first.start, payer));
    }
    over.push(reputation::close_epoch(first.start, payer));
    for close in over {
        cast.send(&cast.authority, &[close]).await;
    }
    idle
}

/// An active observer of the node's operator: account and key.
async fn observer(cast: &Cast) -> (Pubkey, Keypair) {
    let (owner, minter, mint) =
        (cast.operator.pubkey(), cast.deployer.pubkey(), cast.network.stake_mint);
    let (key, role) = (Keypair::new(), KeeperRole::Observer);
    let keeper = pda::keeper(role, &key.pubkey());
    let funds = token::mint_to(&mint, &owner, &minter, 10 * TOKEN).unwrap();
    cast.send(&cast.deployer, &[funds]).await;
    let (payout, url) = (cast.payment(&cast.operator), "https://observer.example".to_owned());
    let register = registry::register_keeper(owner, key.pubkey(), payout, role, url);
    cast.send_with(&cast.operator, &[&key], &[register]).await;
    let steps = [
        staking::open_position(owner, keeper, mint),
        staking::deposit(owner, keeper, mint, cast.stake(), 10 * TOKEN),
        registry::set_keeper_status(owner, keeper, KeeperStatus::Active),
    ];
    for step in steps {
        cast.send(&cast.operator, &[step]).await;
    }
    (keeper, key)
}

/// One epoch: all post what they saw, the first `heard` leaves are shown, the node is scored if
/// that is enough for it and the tally closed if not. Returns all leaves.
async fn observe(
    cast: &Cast,
    observers: &[(Pubkey, Keypair)],
    epoch: Epoch,
    seen: &[Seen],
    heard: usize,
) -> Vec<ProvedLeaf> {
    let (payer, node, start) = (cast.operator.pubkey(), cast.node(), epoch.start);
    let mut leaves = Vec::new();
    travel(cast, epoch.end()).await;
    for ((keeper, key), seen) in observers.iter().zip(seen) {
        let leaf = |node: Pubkey, seen: Seen| Leaf {
            observer: keeper.to_bytes(),
            epoch: start,
            node: node.to_bytes(),
            figures: seen.figures(&epoch),
            samples_root: sample::root(&seen.samples()),
        };
        let report = [leaf(Pubkey::new_unique(), Seen::Good), leaf(node, *seen)];
        let (epoch_secs, leaves_count) = (epoch.secs, 2);
        let root = observation::root(&report);
        let root = Root { epoch: start, epoch_secs, root, leaves_count };
        let post = reputation::post_root(payer, *keeper, key.pubkey(), root);
        cast.send_with(&cast.operator, &[key], &[post]).await;
        leaves.push(ProvedLeaf {
            observer: *keeper,
            node,
            epoch: start,
            figures: report[1].figures.into(),
            samples_root: report[1].samples_root,
            index: 1,
            proof: merkle::proof(&report.map(|leaf| leaf.hash()), 1).unwrap(),
        });
    }
    travel(cast, epoch.end() + u64::from(epoch.secs)).await;
    for leaf in leaves.iter().take(heard) {
        cast.send(&cast.operator, &[reputation::submit_leaf(payer, leaf.clone())]).await;
    }
    travel(cast, epoch.end() + 2 * u64::from(epoch.secs)).await;
    let end = if heard < seen.len() {
        reputation::close_tally(node, start, payer)
    } else {
        let account = account::get(&cast.rpc, &pda::epoch(start)).await.unwrap();
        reputation::score_node(payer, node, &account)
    };
    cast.send(&cast.operator, &[end]).await;
    leaves
}

/// Lets the cluster's time come to a little after `unix_secs`.
async fn travel(cast: &Cast, unix_secs: u64) {
    let to = i64::try_from(unix_secs).unwrap() + 5;
    if cast.localnet.unix_secs().await.unwrap() < to {
        cast.localnet.time_travel(to).await.unwrap();
    }
}
