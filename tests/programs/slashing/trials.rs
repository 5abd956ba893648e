//! Scenes in which somebody has done what it can be tried for.

use heliograph_protocol::evidence::Signed;
use heliograph_protocol::reputation::Phase;
use heliograph_protocol::sample::Sample;
use heliograph_reputation::state::Figures;
use heliograph_tests::observers::{EPOCH_SECS, GOOD, Panel, Report, figures, probes};
use heliograph_tests::world::{PARAMS, USDC};
use heliograph_tests::{KeeperParty, Zoo};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::rc::Rc;

/// What the settler takes from the scene's session.
pub const STOLEN: u64 = 2 * USDC;

/// A zoo whose settler has taken [`STOLEN`] without a voucher, and whose challenge has failed.
pub struct Robbery {
    /// Everybody.
    pub zoo: Zoo,
    /// The thief.
    pub settler: Rc<KeeperParty>,
    /// Who opened the challenge.
    pub challenger: Keypair,
    /// The challenge that failed.
    pub challenge: Pubkey,
}

impl Robbery {
    /// The robbery, before anybody opens a case.
    pub fn new() -> Self {
        let mut robbery = Self::challenged();
        robbery.fail();
        robbery
    }

    /// The same while the settler can still answer.
    pub fn challenged() -> Self {
        let mut zoo = Zoo::new();
        let settler = zoo.settler.clone();
        let leaf = zoo.forged_leaf(&zoo.session, STOLEN);
        let batch = zoo.post_leaves(&settler, vec![leaf]);
        zoo.pass(PARAMS.challenge_window_secs + 1);
        zoo.claim(&settler, &batch, 0..1);
        let challenger = zoo.wallet("challenger");
        let mint = zoo.payment_mint;
        zoo.mint_to(&challenger.pubkey(), &mint, 100 * USDC);
        let challenge = zoo.challenge(&challenger, &settler, batch.minute_index, 0);
        zoo.pass(PARAMS.challenge_response_secs + 1);
        Self { zoo, settler, challenger, challenge }
    }

    /// Nobody answers.
    pub fn fail(&mut self) {
        let fail = self.zoo.fail_instruction(&self.challenge);
        self.zoo.run(&[fail], &[]);
    }

    /// Opens the case, as the zoo's stranger; returns it.
    pub fn open(&mut self) -> Pubkey {
        let reporter = self.zoo.stranger.insecure_clone();
        let mint = self.zoo.payment_mint;
        self.zoo.pot(&mint);
        self.zoo.open_challenge_case(&reporter, &self.challenge)
    }
}

/// A zoo whose node has signed two receipts for one minute.
pub fn equivocation() -> (Zoo, [Signed; 2]) {
    let mut zoo = Zoo::new();
    zoo.pass(60);
    let mint = zoo.stake_mint;
    zoo.pot(&mint);
    let receipts = zoo.receipts(&zoo.node, &zoo.session);
    (zoo, receipts)
}

/// A panel in the time to post, and what its three observers have posted of the node: the first a
/// leaf over `samples` that says `claimed`, the others what they saw.
pub fn claimed(samples: &[Sample], claimed: Figures) -> (Panel, Vec<Report>) {
    let mut panel = Panel::new(3);
    let mint = panel.stake_mint;
    panel.pot(&mint);
    panel.enter_phase(Phase::Posting);
    let (node, honest) = (panel.node.address, probes(60));
    let others = ["a node", "another"].map(|label| heliograph_tests::key(label).pubkey());
    let observers = std::mem::take(&mut panel.observers);
    let mut reports = Vec::new();
    for (n, observer) in observers.iter().enumerate() {
        let mut report = Report::of_samples(observer.address, panel.epoch, &[(others[0], &honest)]);
        let (figures, seen) =
            if n == 0 { (claimed, samples) } else { (figures(&honest), honest.as_slice()) };
        report.push(node, figures, seen);
        report.push(others[1], GOOD, &honest);
        panel.post_root(observer, report.root());
        reports.push(report);
    }
    panel.observers = observers;
    (panel, reports)
}

/// What observers see of a node that is not there.
pub const DOWN: Figures = Figures { availability_ppm: 100_000, ..GOOD };

/// A panel of four observers that has seen the node up (`true`) or down in these epochs.
pub fn watched(epochs: &[bool]) -> (Panel, Vec<u64>) {
    let mut panel = Panel::new(4);
    let mint = panel.stake_mint;
    panel.pot(&mint);
    // The node is registered before the first epoch begins.
    panel.epoch += EPOCH_SECS;
    let mut starts = Vec::new();
    for up in epochs {
        let seen = if *up { GOOD } else { DOWN };
        panel.run_epoch(&[seen; 4]);
        starts.push(panel.epoch);
        panel.move_on();
    }
    (panel, starts)
}
