//! The zoo with two epochs of observations in it.

use heliograph_client::pda;
use heliograph_protocol::reputation::Phase;
use heliograph_tests::observers::{GOOD, Report};
use heliograph_tests::sweep::Sweep;
use heliograph_tests::{KeeperParty, Reason, Zoo};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::rc::Rc;

/// A zoo whose three observers watch both nodes.
pub struct Observatory {
    pub zoo: Zoo,
    pub observers: Vec<Rc<KeeperParty>>,
    /// The epoch under test, and the one before it: half an epoch's accounts of it exist.
    pub epoch: u64,
    pub other_epoch: u64,
}

impl Observatory {
    /// All observers have posted for both epochs; it is the time to show leaves of the later one.
    pub fn posted() -> Self {
        let mut zoo = Zoo::new();
        let more = ["second observer", "third observer"].map(|label| Rc::new(zoo.observer(label)));
        let observers = vec![zoo.observer.clone(), more[0].clone(), more[1].clone()];
        let other_epoch = zoo.now() as u64;
        let epoch = other_epoch + heliograph_tests::observers::EPOCH_SECS;
        let mut all = Self { zoo, observers, epoch, other_epoch };
        for epoch in [other_epoch, epoch] {
            all.zoo.enter(epoch, Phase::Posting);
            for report in all.reports(epoch) {
                let by = all.observers.iter().find(|o| o.address == report.observer);
                let by = by.expect("one of the observers").clone();
                all.zoo.post_root(&by, report.root());
            }
            if epoch == other_epoch {
                all.zoo.enter(epoch, Phase::Submitting);
                all.show(epoch, true);
            }
        }
        all.zoo.enter(epoch, Phase::Submitting);
        all
    }

    /// Leaves of both nodes are shown of both epochs; it is the time to score the later one.
    pub fn shown() -> Self {
        let mut all = Self::posted();
        all.show(all.epoch, true);
        all.show(all.epoch, false);
        all.zoo.enter(all.epoch, Phase::Scoring);
        all
    }

    fn show(&mut self, epoch: u64, node: bool) {
        for report in self.reports(epoch) {
            self.zoo.show(report.proved(usize::from(!node)));
        }
    }

    pub fn reports(&self, epoch: u64) -> Vec<Report> {
        let seen = [(self.zoo.node.address, GOOD), (self.zoo.other_node.address, GOOD)];
        self.observers.iter().map(|o| Report::new(o.address, epoch, &seen)).collect()
    }

    /// Replaces every account by every animal and by every account of this program.
    pub fn sweep(
        &self,
        instruction: Instruction,
        signers: &[&Keypair],
        names: &[&str],
        meant: &[(&str, &str)],
    ) {
        self.sweep_cut(instruction, signers, names, meant, None);
    }

    /// The same for an instruction whose last account is not one of its accounts struct; `cut` is
    /// why it is refused without it.
    pub fn sweep_cut(
        &self,
        instruction: Instruction,
        signers: &[&Keypair],
        names: &[&str],
        meant: &[(&str, &str)],
        cut: Option<Reason>,
    ) {
        let mut animals = self.zoo.animals();
        animals.extend(self.accounts());
        Sweep {
            instructions: &[instruction],
            target: 0,
            signers,
            names,
            zoo: &animals,
            strangers: &[&self.zoo.stranger],
            meant,
            cut,
        }
        .run(&self.zoo);
    }

    fn accounts(&self) -> Vec<(String, Pubkey)> {
        let mut all = Vec::new();
        for (n, observer) in self.observers.iter().enumerate() {
            if n > 0 {
                all.push((format!("observer {n}"), observer.address));
                all.push((format!("observer {n}'s key"), observer.keeper_key.pubkey()));
                all.push((format!("observer {n}'s owner"), observer.owner.pubkey()));
            }
            all.push((format!("observer {n}'s standing"), pda::standing(&observer.address)));
            for (label, epoch) in [("", self.epoch), ("other ", self.other_epoch)] {
                let observation = pda::observation(&observer.address, epoch);
                all.push((format!("observer {n}'s {label}observation"), observation));
            }
        }
        for (label, epoch) in [("epoch", self.epoch), ("other epoch", self.other_epoch)] {
            all.push((label.to_owned(), pda::epoch(epoch)));
            for (node, address) in
                [("node", self.zoo.node.address), ("other node", self.zoo.other_node.address)]
            {
                all.push((format!("{node}'s tally of {label}"), pda::tally(&address, epoch)));
            }
        }
        for (node, address) in
            [("node", self.zoo.node.address), ("other node", self.zoo.other_node.address)]
        {
            all.push((format!("{node}'s score"), pda::score(&address)));
        }
        all.push(("crank".to_owned(), heliograph_tests::key("crank").pubkey()));
        all
    }
}
