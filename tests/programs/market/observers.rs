//! What observers do: roots, leaves, scores; and the cases that follow from them, against nodes that
//! are not there and observers that say two things, or other things than they measured.

use super::truth::{CaseTruth, Lie, LieEvidence};
use super::{Market, NODES, OBSERVERS};
use heliograph_client::instruction::reputation::{self, Root};
use heliograph_client::instruction::slashing;
use heliograph_client::pda;
use heliograph_protocol::case::{Scored, bad_epochs};
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::sample::{self, Sample};
use heliograph_registry::state::{Keeper, KeeperStatus, Node};
use heliograph_reputation::state::{EpochScore, Figures, Observation, Score};
use heliograph_slashing::state::{Case, CaseKind, CaseStatus};
use heliograph_tests::cases::statement;
use heliograph_tests::observers::{PROBE, Report};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// The node that is seldom there.
const ABSENT: usize = 0;
/// Probes an observer makes of a node in an epoch, and how many of them reach one that is away.
const PROBES: u32 = 4;
const LUCKY: u32 = 1;

impl Market {
    /// Observers do what can be done now: some of them post, some leaves are shown, nodes scored.
    pub fn observe(&mut self) -> bool {
        let secs = u64::from(self.params.epoch_secs);
        let current = self.world.now() as u64 / secs * secs;
        let mut done = false;
        for observer in 0..OBSERVERS {
            let epoch = current - secs;
            if !self.reports.contains_key(&(observer, epoch)) && self.random.below(4) > 0 {
                done |= self.post_report(observer, epoch);
            }
        }
        for observer in 0..OBSERVERS {
            for node in 0..NODES {
                done |= self.random.below(4) > 0 && self.show(observer, node, current - 2 * secs);
            }
        }
        let epoch = current - 3 * secs;
        for node in 0..NODES {
            let address = self.nodes[node].address;
            if self.world.account(&pda::tally(&address, epoch)).is_some() {
                let payer = self.world.crank();
                let score = self.world.score_instruction(&payer.pubkey(), &address, epoch);
                done |= self.crank(score);
            }
        }
        done
    }

    /// Sends what anybody may, at its own cost.
    fn crank(&mut self, instruction: Instruction) -> bool {
        let crank = self.world.crank();
        match self.world.attempt(&[instruction], &[&crank]) {
            Ok(_) => true,
            Err(refused) => {
                assert!(refused.number().is_some(), "a refusal has a name: {refused}");
                false
            }
        }
    }

    fn post_report(&mut self, observer: usize, epoch: u64) -> bool {
        let party = &self.observers[observer];
        let keeper: Keeper = self.world.read(&party.address);
        // Anything goes; the median draws the line, and the samples tell.
        let lie = self
            .random
            .one_in(12)
            .then(|| (self.random.index(NODES), self.random.below(1_000_001) as u32));
        let mut report = Report::new(party.address, epoch, &[]);
        for (n, node) in self.nodes.iter().enumerate() {
            let samples = self.samples(n, epoch);
            let mut claimed = self.figures(&samples);
            if let Some((_, availability_ppm)) = lie.filter(|(about, _)| *about == n) {
                claimed.availability_ppm = availability_ppm;
            }
            report.push(node.address, claimed, &samples);
        }
        let root = Root { epoch_secs: self.params.epoch_secs, ..report.root() };
        let post = self.world.post_root_instruction(party, root);
        let (owner, key) = (party.owner.insecure_clone(), party.keeper_key.insecure_clone());
        let posted = self.send(&[post], &[&owner, &key]);
        if posted {
            assert_eq!(keeper.status, KeeperStatus::Active, "only who serves posts");
            self.reports.insert((observer, epoch), report);
            if let Some((node, _)) = lie.filter(|(node, said)| {
                *said != self.figures(&self.samples(*node, epoch)).availability_ppm
            }) {
                self.lies.push(Lie { observer, epoch, evidence: LieEvidence::Samples(node) });
            }
        }
        posted
    }

    /// What every observer measures of a node in an epoch.
    fn samples(&self, node: usize, epoch: u64) -> Vec<Sample> {
        let secs = self.params.epoch_secs;
        let is_down = !(epoch / u64::from(secs)).is_multiple_of(5);
        let probe = |n: u32| {
            let away = node == ABSENT && is_down && n >= LUCKY;
            let packets_lost = if away { PROBE.packets_sent } else { 0 };
            Sample { at_secs: n * (secs / PROBES), packets_lost, ..PROBE }
        };
        (0..PROBES).map(probe).collect()
    }

    fn figures(&self, samples: &[Sample]) -> Figures {
        let found = sample::figures(samples.iter().copied(), self.params.epoch_secs);
        found.expect("samples of an epoch").into()
    }

    /// The instructions that open a case of a leaf by its samples, which are few enough for one
    /// transaction.
    fn samples_case(
        &self,
        reporter: &Pubkey,
        (observer, epoch): (usize, u64),
        node: usize,
    ) -> Vec<Instruction> {
        let leaf = self.reports[&(observer, epoch)].proved(node);
        let mut steps = slashing::exhibit_of(*reporter, &self.samples(node, epoch));
        steps.push(self.world.samples_case_instruction(reporter, &leaf));
        steps
    }

    /// Shows what an observer saw of a node; sometimes something else, which nobody believes.
    fn show(&mut self, observer: usize, node: usize, epoch: u64) -> bool {
        let Some(report) = self.reports.get(&(observer, epoch)) else { return false };
        let mut leaf = report.proved(node);
        if self.random.one_in(10) {
            leaf.figures.availability_ppm ^= 1;
            let payer = self.world.crank().pubkey();
            assert!(!self.crank(reputation::submit_leaf(payer, leaf)), "a leaf of no root");
            return false;
        }
        let payer = self.world.crank().pubkey();
        self.crank(reputation::submit_leaf(payer, leaf))
    }

    /// An observer signs another root than it posted. Where a node is tried for an epoch that has no
    /// quorum without it, it mostly stands trial at once.
    pub fn lie(&mut self) -> bool {
        let charged = self.cases.iter().filter(|case| case.status == CaseStatus::Open);
        let scarce = charged
            .flat_map(|case| &case.epochs)
            .filter(|bad| bad.observers <= self.params.observer_quorum);
        let charged: Vec<u64> = scarce.map(|bad| bad.epoch).collect();
        let all: Vec<(usize, u64)> = self.reports.keys().copied().collect();
        let fitting: Vec<(usize, u64)> =
            all.iter().copied().filter(|(_, epoch)| charged.contains(epoch)).collect();
        let is_charged = !fitting.is_empty();
        let among = if is_charged { fitting } else { all };
        if among.is_empty() {
            return false;
        }
        let (observer, epoch) = among[self.random.index(among.len())];
        let statement = statement(&self.observers[observer], epoch, [0xfa; 32], NODES as u32);
        let evidence = LieEvidence::Statement(statement);
        self.lies.push(Lie { observer, epoch, evidence });
        if is_charged && self.open_fraud_case() {
            self.carry_out(self.cases.len() - 1);
        }
        true
    }

    /// Opens the case of what an observer has signed.
    pub fn open_fraud_case(&mut self) -> bool {
        if self.lies.is_empty() {
            return false;
        }
        let newest = self.lies.len() - 1;
        let any = self.random.index(self.lies.len());
        let lie = &self.lies[if self.random.one_in(3) { any } else { newest }];
        let (liar, epoch, evidence) = (lie.observer, lie.epoch, lie.evidence.clone());
        let party = &self.observers[liar];
        let observer = party.address;
        let reporter = if self.random.one_in(3) { &self.watcher } else { &self.reporter };
        let reporter = reporter.insecure_clone();
        let key = reporter.pubkey();
        let posted: Observation = self.world.read(&pda::observation(&observer, epoch));
        let barred = self.is_barred(&observer, CaseKind::ObserverFraud, posted.posted_at);
        match evidence {
            LieEvidence::Statement(statement) => {
                let open = self.world.fraud_instructions(&key, party, epoch, &statement);
                self.open_case(&open, &reporter, !barred)
            }
            LieEvidence::Samples(node) => {
                let open = self.samples_case(&key, (liar, epoch), node);
                let opened = self.open_case(&open, &reporter, !barred);
                if opened {
                    self.tried_by_samples += 1;
                    let root = sample::root(&self.samples(node, epoch));
                    self.must(&[slashing::close_exhibit(key, &root)], &[&reporter]);
                }
                opened
            }
        }
    }

    /// The case of an observer that has signed what it posted, or of another's word.
    pub fn case_of_honest_word(&mut self, thief: &Pubkey) -> Option<Vec<Instruction>> {
        let all: Vec<(usize, u64)> = self.reports.keys().copied().collect();
        if all.is_empty() {
            return None;
        }
        let (observer, epoch) = all[self.random.index(all.len())];
        let root = self.reports[&(observer, epoch)].root();
        let party = &self.observers[observer];
        let word: Signed = match self.random.below(3) {
            0 => {
                let node = self.random.index(NODES);
                let said = self.reports[&(observer, epoch)].leaves[node].figures;
                if said != self.figures(&self.samples(node, epoch)).into() {
                    return None;
                }
                return Some(self.samples_case(thief, (observer, epoch), node));
            }
            1 => statement(party, epoch, root.root, root.leaves_count),
            _ => statement(&self.observers[(observer + 1) % OBSERVERS], epoch, [0xfa; 32], 1),
        };
        Some(self.world.fraud_instructions(thief, party, epoch, &word).to_vec())
    }

    /// Opens the case of a node's bad epochs.
    pub fn open_downtime_case(&mut self) -> bool {
        let node = if self.random.one_in(4) { self.random.index(NODES) } else { ABSENT };
        let address = self.nodes[node].address;
        if self.world.account(&pda::score(&address)).is_none() {
            return false;
        }
        let score: Score = self.world.read(&pda::score(&address));
        let scores: Vec<Scored> = score.epochs.iter().map(EpochScore::scored).collect();
        let registered_at = self.world.read::<Node>(&address).registered_at;
        let forgotten = self.world.now() - i64::from(self.params.unbonding_secs);
        let punished = self.punished_until(&address, CaseKind::Downtime);
        let after = registered_at.max(forgotten).max(punished) as u64;
        let window = usize::from(self.params.downtime_window_epochs);
        let bad = bad_epochs(&scores, after, window, self.params.score_min_ppm).count();
        let enough = bad >= usize::from(self.params.downtime_epochs);
        let barred = self.is_barred(&address, CaseKind::Downtime, i64::MAX);
        let reporter = self.any_reporter();
        let open = self.world.accusation(&reporter.pubkey(), &address);
        let open = slashing::open_downtime_case(&open);
        self.open_case(&[open], &reporter, enough && !barred)
    }

    /// Strikes an epoch off a charge of downtime, with whoever was convicted of fraud in it.
    pub fn refute_epoch(&mut self) -> bool {
        let charged = |case: &CaseTruth| !case.closed && case.kind == CaseKind::Downtime;
        // The newest is open, if one is.
        let Some(number) = self.cases.iter().rposition(charged) else { return false };
        if self.cases[number].status == CaseStatus::Open && self.random.one_in(2) {
            self.lie();
        }
        let case = self.cases[number].clone();
        // One in which somebody lied, if there is one.
        let any = self.random.index(case.epochs.len().max(1));
        let convicted = |epoch| {
            let frauds = self.cases.iter().filter(move |fraud| {
                let upheld = fraud.status == CaseStatus::Guilty && !fraud.closed;
                upheld && fraud.kind == CaseKind::ObserverFraud && fraud.epoch == epoch
            });
            frauds.map(|fraud| fraud.address).collect::<Vec<_>>()
        };
        let doubted = case.epochs.iter().position(|bad| !convicted(bad.epoch).is_empty());
        let Some(bad) = case.epochs.get(doubted.unwrap_or(any)).copied() else { return false };
        let frauds = convicted(bad.epoch);
        let state: Case = self.world.read(&case.address);
        let refute = slashing::refute_epoch((case.address, &state), bad.epoch, &frauds);
        let honest = usize::from(bad.observers).saturating_sub(frauds.len());
        let quorum = usize::from(self.params.observer_quorum);
        if case.status != CaseStatus::Open || honest >= quorum {
            assert!(!self.send(&[refute], &[]), "enough others saw the same");
            return false;
        }
        self.must(&[refute], &[]);
        let least = usize::from(self.params.downtime_epochs);
        let case = &mut self.cases[number];
        case.epochs.retain(|charged| charged.epoch != bad.epoch);
        if case.epochs.len() < least {
            let now = self.world.now();
            (case.status, case.held, case.kept_until) = (CaseStatus::Dismissed, 0, now);
        }
        true
    }
}
