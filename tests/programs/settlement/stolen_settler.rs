//! The stolen settler: the attacker holds a settler's key, writes any leaves, withholds the data.
//!
//! Shown here as far as the settlement program alone goes: what leaves escrows before the first
//! honest challenge lands is never more than the settler's bond, nothing leaves after it, and what
//! left is on record against the settler, session by session, to be restored from its bond.

use heliograph_client::pda;
use heliograph_protocol::batch::Leaf;
use heliograph_settlement::error::SettlementError;
use heliograph_settlement::state::{Escrow, Session, to_rules};
use heliograph_tests::batches::Batch;
use heliograph_tests::random::Random;
use heliograph_tests::scene::{CAP, DEPOSIT};
use heliograph_tests::world::{PARAMS, SETTLER_BOND_MIN, USDC};
use heliograph_tests::{AppParty, KeeperParty, NodeParty, SessionParty, World};
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Apps with their sessions, a node that is the attacker's accomplice, and a settler whose key the
/// attacker holds.
struct Heist {
    world: World,
    node: NodeParty,
    settler: KeeperParty,
    victims: Vec<(AppParty, SessionParty)>,
    watcher: Keypair,
}

/// More than the bond can cover: 100 apps with a cap of 4 USDC against a bond of 300.
const VICTIMS: usize = 100;

impl Heist {
    fn new() -> Self {
        let mut world = World::new();
        let node = world.node("accomplice");
        let settler = world.settler("stolen", 0);
        let victims = (0..VICTIMS)
            .map(|i| {
                let app = world.funded_app(&format!("victim {i}"), DEPOSIT);
                let channel = world.open_channel(&app, &node);
                let session = world.open_session(&app, &channel, CAP);
                (app, session)
            })
            .collect();
        let watcher = world.wallet("watcher");
        let mint = world.payment_mint;
        world.mint_to(&watcher.pubkey(), &mint, 1_000 * USDC);
        Self { world, node, settler, victims, watcher }
    }

    /// Posts forged leaves over these victims' whole caps, as many as the program lets it.
    fn post(&mut self, victims: std::ops::Range<usize>) -> Option<Batch> {
        let leaves: Vec<(Leaf, _)> = self.victims[victims]
            .iter()
            .map(|(_, session)| self.world.forged_leaf(session, CAP))
            .collect();
        self.world.pass(60);
        let batch = Batch::new(self.world.minute(), leaves);
        self.world.try_post(&self.settler, &batch).ok().map(|_| batch)
    }

    /// Claims every leaf that can be claimed.
    fn loot(&mut self, batches: &[Batch]) {
        for batch in batches {
            for index in 0..batch.leaves.len() {
                let claim = self.world.claim_instruction(&self.settler, batch, index..index + 1);
                let _ = self.world.attempt(&[claim], &[]);
            }
        }
    }

    /// What has left the escrows.
    fn stolen(&self) -> u64 {
        self.victims.iter().map(|(app, _)| DEPOSIT - self.world.tokens(&app.vault())).sum()
    }
}

#[test]
fn challenge_within_the_window_saves_everything() {
    let mut heist = Heist::new();
    let batch = heist.post(0..25).expect("a batch of 100 USDC");
    let (watcher, settler) = (heist.watcher.insecure_clone(), &heist.settler);
    // The data is withheld: the watcher knows a minute and an index.
    let challenge = heist.world.challenge(&watcher, settler, batch.minute_index, 0);
    heist.world.pass(PARAMS.challenge_window_secs + 1);
    heist.loot(std::slice::from_ref(&batch));
    heist.world.pass(PARAMS.challenge_response_secs + 1);
    let fail = heist.world.fail_instruction(&challenge);
    heist.world.run(&[fail], &[]);
    heist.loot(&[batch]);
    assert_eq!(heist.stolen(), 0);
}

#[test]
fn nobody_watching_loses_no_more_than_the_bond_and_all_of_it_is_on_record() {
    let mut heist = Heist::new();
    let mut batches = Vec::new();
    for first in (0..VICTIMS).step_by(25) {
        // The fourth batch is beyond the bond.
        match heist.post(first..first + 25) {
            Some(batch) => batches.push(batch),
            None => assert_eq!(batches.len(), 3),
        }
    }
    let posted: u64 = batches.iter().map(|batch| batch.total_micro_usdc).sum();
    assert_eq!(posted, SETTLER_BOND_MIN, "the bond is exposed to the last unit");
    heist.world.pass(PARAMS.challenge_window_secs + 1);
    heist.loot(&batches);
    assert_eq!(heist.stolen(), SETTLER_BOND_MIN, "this is the worst case");
    // Loot again, post again: until the batches are over for good, there is no more.
    heist.loot(&batches);
    for _ in 0..5 {
        assert!(heist.post(90..91).is_none());
        heist.world.pass(PARAMS.dispute_secs / 10);
    }
    assert_eq!(heist.stolen(), SETTLER_BOND_MIN);

    // The first honest challenge, as late as can be.
    let watcher = heist.watcher.insecure_clone();
    let minute = batches[2].minute_index;
    let challenge = heist.world.challenge(&watcher, &heist.settler, minute, 24);
    heist.world.pass(PARAMS.challenge_response_secs + 1);
    let fail = heist.world.fail_instruction(&challenge);
    heist.world.run(&[fail], &[]);

    // Every app is made whole from as much as the bond holds, to the unit.
    let (restorer, mint) = (pda::restorer(&pda::SLASHING), heist.world.payment_mint);
    heist.world.mint_to(&restorer, &mint, SETTLER_BOND_MIN);
    heist.world.impersonate(&restorer);
    let mut restored = 0;
    for (_, session) in &heist.victims {
        let state: Session = heist.world.read(&session.address);
        let taken = to_rules(&state.claims).of(&heist.settler.address.to_bytes());
        assert_eq!(taken, state.totals.settled_micro_usdc, "all of it was stolen");
        if taken > 0 {
            let restore = heist.world.restore_instruction(session, &heist.settler, taken);
            heist.world.run(&[restore], &[]);
            restored += taken;
        }
    }
    assert_eq!(restored, SETTLER_BOND_MIN);
    for (app, _) in &heist.victims {
        let escrow: Escrow = heist.world.read(&app.escrow());
        assert_eq!(escrow.available_micro_usdc().expect("an amount"), DEPOSIT);
        assert_eq!(heist.world.tokens(&app.vault()), DEPOSIT);
    }
}

#[test]
fn thief_and_watcher_in_any_order_stay_within_the_bound() {
    for seed in 0..4 {
        let mut random = Random::new(seed);
        let mut heist = Heist::new();
        let mut batches = Vec::new();
        let mut next = 0;
        let challenged_at = 5 + random.index(15);
        let mut before_challenge = None;
        for step in 0..30 {
            if next + 10 <= VICTIMS && random.one_in(2) {
                batches.extend(heist.post(next..next + 10));
                next += 10;
            }
            heist.world.pass(random.below(400) as u32);
            heist.loot(&batches);
            assert!(heist.stolen() <= SETTLER_BOND_MIN, "seed {seed}, step {step}");
            if step >= challenged_at
                && before_challenge.is_none()
                && let Some(batch) = batches.last()
            {
                let watcher = heist.watcher.insecure_clone();
                heist.world.challenge(&watcher, &heist.settler, batch.minute_index, 0);
                before_challenge = Some(heist.stolen());
            }
            if let Some(stolen) = before_challenge {
                assert_eq!(heist.stolen(), stolen, "nothing leaves after the first challenge");
            }
        }
        assert!(before_challenge.is_some(), "seed {seed} never challenged");
    }
}

#[test]
fn honest_vouchers_are_paid_whatever_the_thief_does() {
    let mut heist = Heist::new();
    let batch = heist.post(0..25).expect("a batch of 100 USDC");
    heist.world.pass(PARAMS.challenge_window_secs + 1);
    heist.loot(std::slice::from_ref(&batch));
    // A session it has not touched is redeemed; one it has emptied is settled up to its cap, and
    // the node has that already.
    let (app, session) = &heist.victims[50];
    heist.world.redeem(app, session, USDC);
    let (app, session) = &heist.victims[0];
    let refused = heist.world.try_redeem(app, session, USDC).expect_err("it is settled");
    assert!(refused.is(&SettlementError::VoucherStale.into()));
    let paid = heist.world.tokens(&heist.node.payout);
    assert_eq!(paid, 25 * CAP * 3 / 4 + 750_000);
}
