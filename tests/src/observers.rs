//! Observers at work: what they saw, their roots, and the epochs in which they post them.

use crate::keepers::KeeperParty;
use crate::outcome::Done;
use crate::parties::NodeParty;
use crate::world::{PARAMS, World};
use heliograph_client::instruction::reputation::{self, ProvedLeaf, Root};
use heliograph_client::pda;
use heliograph_protocol::merkle;
use heliograph_protocol::observation::{self, Leaf};
use heliograph_protocol::reputation::Phase;
use heliograph_protocol::sample::{self, Sample};
use heliograph_registry::state::KeeperRole;
use heliograph_reputation::state::{Epoch, Figures};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::ops::{Deref, DerefMut};

/// Length of an epoch.
pub const EPOCH_SECS: u64 = PARAMS.epoch_secs as u64;

/// A node close by that is always there.
pub const GOOD: Figures = Figures {
    samples: 60,
    availability_ppm: 1_000_000,
    rtt_p95_us: 40_000,
    jitter_p95_us: 3_000,
    loss_ppm: 500,
    setup_p95_us: 300_000,
    wer_ppm: 40_000,
};

/// The samples of figures that a test gives outright: nobody has them.
pub const UNSHOWN: [u8; 32] = [0x5a; 32];

/// Everything one observer saw in one epoch.
#[derive(Clone, Debug)]
pub struct Report {
    /// The observer's registry account.
    pub observer: Pubkey,
    /// The epoch.
    pub epoch: u64,
    /// In the order of its tree.
    pub leaves: Vec<Leaf>,
}

impl Report {
    /// A report on these nodes.
    pub fn new(observer: Pubkey, epoch: u64, seen: &[(Pubkey, Figures)]) -> Self {
        let leaf = |&(node, figures): &(Pubkey, Figures)| Leaf {
            observer: observer.to_bytes(),
            epoch,
            node: node.to_bytes(),
            figures: figures.into(),
            samples_root: UNSHOWN,
        };
        Self { observer, epoch, leaves: seen.iter().map(leaf).collect() }
    }

    /// A report on these nodes, of samples: the figures are what they add up to.
    pub fn of_samples(observer: Pubkey, epoch: u64, seen: &[(Pubkey, &[Sample])]) -> Self {
        let mut report = Self::new(observer, epoch, &[]);
        for &(node, samples) in seen {
            report.push(node, figures(samples), samples);
        }
        report
    }

    /// Adds a leaf that commits to these samples, whatever they add up to.
    pub fn push(&mut self, node: Pubkey, claimed: Figures, samples: &[Sample]) {
        self.leaves.push(Leaf {
            observer: self.observer.to_bytes(),
            epoch: self.epoch,
            node: node.to_bytes(),
            figures: claimed.into(),
            samples_root: sample::root(samples),
        });
    }

    /// What its observer posts.
    pub fn root(&self) -> Root {
        Root {
            epoch: self.epoch,
            epoch_secs: PARAMS.epoch_secs,
            root: observation::root(&self.leaves),
            leaves_count: self.leaves.len() as u32,
        }
    }

    /// The leaf at `index` with its proof.
    pub fn proved(&self, index: usize) -> ProvedLeaf {
        let hashes: Vec<_> = self.leaves.iter().map(Leaf::hash).collect();
        ProvedLeaf {
            observer: self.observer,
            node: self.leaves[index].node.into(),
            epoch: self.epoch,
            figures: self.leaves[index].figures.into(),
            samples_root: self.leaves[index].samples_root,
            index: index as u32,
            proof: merkle::proof(&hashes, index).expect("a leaf of the report"),
        }
    }
}

/// A minute's probe of a node close by that is there.
pub const PROBE: Sample = Sample {
    at_secs: 0,
    setup_us: 300_000,
    rtt_us: 40_000,
    jitter_us: 3_000,
    packets_sent: 500,
    packets_lost: 0,
    words_spoken: 25,
    words_wrong: 1,
    latency_us: 900_000,
};

/// `count` such probes, spread over an epoch.
pub fn probes(count: usize) -> Vec<Sample> {
    let apart = EPOCH_SECS as usize / count.max(1);
    (0..count).map(|n| Sample { at_secs: (n * apart) as u32, ..PROBE }).collect()
}

/// What samples of an epoch add up to.
pub fn figures(samples: &[Sample]) -> Figures {
    sample::figures(samples.iter().copied(), PARAMS.epoch_secs).expect("samples of an epoch").into()
}

impl World {
    /// An active observer with the least stake.
    pub fn observer(&mut self, label: &str) -> KeeperParty {
        self.keeper(label, KeeperRole::Observer)
    }

    /// Sets the clock to the first second of an epoch's phase.
    pub fn enter(&mut self, epoch: u64, phase: Phase) {
        let epochs = match phase {
            Phase::Measuring => 0,
            Phase::Posting => 1,
            Phase::Submitting => 2,
            Phase::Scoring => 3,
        };
        self.set_now(i64::try_from(epoch + epochs * EPOCH_SECS).expect("a time"));
    }

    /// The instruction by which an observer posts a root; its owner pays.
    pub fn post_root_instruction(&self, observer: &KeeperParty, root: Root) -> Instruction {
        let (payer, key) = (observer.owner.pubkey(), observer.keeper_key.pubkey());
        reputation::post_root(payer, observer.address, key, root)
    }

    /// Posts a root.
    pub fn post_root(&mut self, observer: &KeeperParty, root: Root) -> Done {
        let post = self.post_root_instruction(observer, root);
        self.run(&[post], &[&observer.owner, &observer.keeper_key])
    }

    /// Who shows leaves, has nodes scored and cleans up: nobody in particular.
    pub fn crank(&mut self) -> Keypair {
        self.wallet("crank")
    }

    /// Shows a leaf.
    pub fn show(&mut self, leaf: ProvedLeaf) -> Done {
        let crank = self.crank();
        self.act(reputation::submit_leaf(crank.pubkey(), leaf), &crank)
    }

    /// The instruction that scores a node.
    pub fn score_instruction(&self, payer: &Pubkey, node: &Pubkey, epoch: u64) -> Instruction {
        reputation::score_node(*payer, *node, &self.read::<Epoch>(&pda::epoch(epoch)))
    }

    /// Scores a node.
    pub fn score(&mut self, node: &Pubkey, epoch: u64) -> Done {
        let crank = self.crank();
        let score = self.score_instruction(&crank.pubkey(), node, epoch);
        self.act(score, &crank)
    }
}

/// A network with a node and some observers of it, in the epoch that begins with the test.
#[allow(missing_debug_implementations, reason = "a VM is never printed")]
pub struct Panel {
    world: World,
    /// The node that is observed.
    pub node: NodeParty,
    /// Who observes it.
    pub observers: Vec<KeeperParty>,
    /// The epoch that is measured or has been.
    pub epoch: u64,
}

impl Deref for Panel {
    type Target = World;
    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Panel {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

impl Panel {
    /// A panel of `count` observers with the least stake.
    pub fn new(count: usize) -> Self {
        let mut world = World::new();
        let node = world.node("node");
        let observers = (0..count).map(|n| world.observer(&format!("observer {n}"))).collect();
        let epoch = u64::try_from(world.now()).expect("a time after 1970");
        Self { world, node, observers, epoch }
    }

    /// What observer number `n` reports of the node. Two other nodes stand beside it, so that there
    /// is something to prove.
    pub fn report(&self, n: usize, figures: Figures) -> Report {
        let others = ["a node", "another"].map(|label| crate::key(label).pubkey());
        let seen = [(others[0], GOOD), (self.node.address, figures), (others[1], GOOD)];
        Report::new(self.observers[n].address, self.epoch, &seen)
    }

    /// Every observer posts its root over what it saw of the node.
    pub fn post_all(&mut self, seen: &[Figures]) -> Vec<Report> {
        self.enter_phase(Phase::Posting);
        let reports: Vec<_> =
            seen.iter().enumerate().map(|(n, figures)| self.report(n, *figures)).collect();
        for (n, report) in reports.iter().enumerate() {
            let post = self.post_root_instruction(&self.observers[n], report.root());
            let observer = &self.observers[n];
            self.world.run(&[post], &[&observer.owner, &observer.keeper_key]);
        }
        reports
    }

    /// Their leaves of the node are shown.
    pub fn show_all(&mut self, reports: &[Report]) {
        self.enter_phase(Phase::Submitting);
        for report in reports {
            self.show(report.proved(1));
        }
    }

    /// The whole of an epoch: all post, all is shown, the node is scored.
    pub fn run_epoch(&mut self, seen: &[Figures]) -> Done {
        let reports = self.post_all(seen);
        self.show_all(&reports);
        self.enter_phase(Phase::Scoring);
        let (node, epoch) = (self.node.address, self.epoch);
        self.score(&node, epoch)
    }

    /// Sets the clock to a phase of the panel's epoch.
    pub fn enter_phase(&mut self, phase: Phase) {
        let epoch = self.epoch;
        self.enter(epoch, phase);
    }

    /// The epoch's account.
    pub fn epoch_account(&self) -> Pubkey {
        pda::epoch(self.epoch)
    }

    /// The node's tally of the epoch.
    pub fn tally(&self) -> Pubkey {
        pda::tally(&self.node.address, self.epoch)
    }

    /// An observer's observation of the epoch.
    pub fn observation(&self, n: usize) -> Pubkey {
        pda::observation(&self.observers[n].address, self.epoch)
    }

    /// An observer's standing.
    pub fn standing(&self, n: usize) -> Pubkey {
        pda::standing(&self.observers[n].address)
    }

    /// The epoch in which this one is scored becomes the panel's.
    pub fn move_on(&mut self) {
        self.epoch += 3 * EPOCH_SECS;
    }
}
