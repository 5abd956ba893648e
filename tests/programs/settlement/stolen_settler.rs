//! The stolen settler: the attacker holds a settler's key, writes any leaves, withholds the data.
//!
//! What leaves escrows before the first honest challenge lands is never more than the settler's bond,
//! nothing leaves after it, and what left is on record against the settler, session by session. A
//! case restores it from the bond, pays who found the theft, and jails the settler.

use heliograph_client::instruction::staking;
use heliograph_client::pda;
use heliograph_protocol::batch::Leaf;
use heliograph_registry::state::{Keeper, KeeperStatus};
use heliograph_settlement::error::SettlementError;
use heliograph_settlement::state::{Escrow, Session, to_rules};
use heliograph_slashing::state::Case;
use heliograph_tests::batches::Batch;
use heliograph_tests::random::Random;
use heliograph_tests::scene::{CAP, DEPOSIT};
use heliograph_tests::vouchers::signed;
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

    // Somebody opens the case: from now on the settler is in jail and its whole bond held.
    let (mint, settler) = (heist.world.payment_mint, heist.settler.address);
    let reporter = heist.world.wallet("reporter");
    let case = heist.world.open_challenge_case(&reporter, &challenge);
    let keeper: Keeper = heist.world.read(&settler);
    assert_eq!(keeper.status, KeeperStatus::Jailed);
    assert!(heist.post(90..91).is_none(), "in jail nothing is posted");
    let opened: Case = heist.world.read(&case);
    assert_eq!((opened.held, opened.penalty), (SETTLER_BOND_MIN, SETTLER_BOND_MIN / 5));
    heist.world.pass(PARAMS.case_window_secs + 1);

    // Every app is made whole from as much as the bond holds, to the unit.
    heist.world.pot(&mint);
    let mut restored = 0;
    for (_, session) in &heist.victims {
        let state: Session = heist.world.read(&session.address);
        let taken = to_rules(&state.claims).of(&settler.to_bytes());
        assert_eq!(taken, state.totals.settled_micro_usdc, "all of it was stolen");
        if taken > 0 {
            let restore = heist.world.restore_claims_instruction(&case, session);
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

    // The bond is gone to the last unit, so the verdict finds nothing more to take.
    heist.world.pass(PARAMS.case_window_secs);
    let watchers_before = heist.world.tokens(&pda::token_account(&watcher.pubkey(), &mint));
    heist.world.decide(&case);
    assert_eq!(heist.world.tokens(&heist.settler.stake_vault()), 0);
    assert_eq!(heist.world.tokens(&pda::pot(&mint)), 0);
    let watchers = heist.world.tokens(&pda::token_account(&watcher.pubkey(), &mint));
    assert_eq!(watchers, watchers_before, "apps come first");
}

/// The theft is found while some of the bond is left: apps are whole, who found it is paid.
#[test]
fn theft_found_early_makes_apps_whole_and_pays_the_challenger() {
    let mut heist = Heist::new();
    let batch = heist.post(0..25).expect("a batch of 100 USDC");
    heist.world.pass(PARAMS.challenge_window_secs + 1);
    heist.loot(std::slice::from_ref(&batch));
    assert_eq!(heist.stolen(), 100 * USDC);
    let watcher = heist.watcher.insecure_clone();
    let challenge = heist.world.challenge(&watcher, &heist.settler, batch.minute_index, 3);
    // The owner's stake cannot leave, whatever it tries.
    let owner_funds = heist.world.tokens(&heist.settler.stake_wallet);
    heist.world.unbond_keeper(&heist.settler, SETTLER_BOND_MIN);
    heist.world.pass(PARAMS.challenge_response_secs + 1);
    let fail = heist.world.fail_instruction(&challenge);
    heist.world.run(&[fail], &[]);
    let mint = heist.world.payment_mint;
    let watchers = pda::token_account(&watcher.pubkey(), &mint);
    let watchers_before = heist.world.tokens(&watchers);
    let (reporter, treasury) = (heist.world.wallet("reporter"), heist.world.treasury);
    let case = heist.world.open_challenge_case(&reporter, &challenge);

    // One app owed a part of what was taken, and whoever has its voucher shows it.
    let (app, session) = &heist.victims[7];
    let voucher = signed(&session.voucher(USDC), &app.voucher_signer);
    let prove = heist.world.prove_instructions(session, &voucher);
    heist.world.run(&prove, &[]);

    heist.world.pass(PARAMS.case_window_secs + 1);
    heist.world.pot(&mint);
    for (_, session) in &heist.victims[..25] {
        let restore = heist.world.restore_claims_instruction(&case, session);
        heist.world.run(&[restore], &[]);
    }
    for (index, (app, _)) in heist.victims.iter().enumerate() {
        let owed = if index == 7 { USDC } else { 0 };
        assert_eq!(heist.world.tokens(&app.vault()), DEPOSIT - owed, "victim {index}");
    }

    heist.world.pass(PARAMS.case_window_secs);
    let treasury_before = heist.world.tokens(&treasury);
    heist.world.decide(&case);
    // A fifth of 300 USDC, of which a tenth is the challenger's and the rest the treasury's.
    assert_eq!(heist.world.tokens(&watchers) - watchers_before, 6 * USDC);
    assert_eq!(heist.world.tokens(&treasury) - treasury_before, 54 * USDC);
    let keeper: Keeper = heist.world.read(&heist.settler.address);
    assert_eq!(keeper.status, KeeperStatus::Jailed);
    assert_eq!(keeper.jailed_until, heist.world.now() + i64::from(PARAMS.jail_secs));

    // What is left is the owner's again, when its cooldown is over.
    heist.world.pass(PARAMS.unbonding_secs);
    let (owner, mint) = (heist.settler.owner.pubkey(), heist.settler.mint);
    let wallet = heist.settler.stake_wallet;
    let withdraw = staking::withdraw(owner, heist.settler.address, mint, wallet);
    let keys = heist.settler.owner.insecure_clone();
    heist.world.act(withdraw, &keys);
    assert_eq!(heist.world.tokens(&wallet) - owner_funds, 300 * USDC - 99 * USDC - 60 * USDC);
    let close = heist.world.close_case_instruction(&case);
    heist.world.run(&[close], &[]);
    heist.world.is_gone(&case);
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
