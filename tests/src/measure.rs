//! Compute units and bytes of every instruction.
//!
//! Each instruction runs once on its ordinary path, alone in its transaction; the redeem with the
//! precompile's instruction before it, as it must. Addresses come from fixed labels, so that the
//! figures change only with the programs: where an account is created, each try of the search for
//! its bump costs 1,500 compute units, and other keys need more or fewer.

mod batches;
mod cases;
mod claims;
mod redeems;

pub use claims::{ClaimCost, measure_claims};
pub use redeems::{RedeemCost, measure_redeems};

use crate::keepers::ENDPOINT;
use crate::observers::{EPOCH_SECS, GOOD, Panel};
use crate::outcome::Done;
use crate::parties::profile;
use crate::scene::{CAP, DEPOSIT};
use crate::world::{ANSWER_SECS, PARAMS, STAKE_MIN, USDC, World};
use heliograph_client::instruction::{registry, reputation, settlement, staking};
use heliograph_client::pda;
use heliograph_protocol::reputation::{Phase, RETAINED_EPOCHS};
use heliograph_registry::state::{KeeperRole, KeeperStatus, NodeStatus, pause};
use solana_signer::Signer;

/// What one instruction costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// Program and instruction, as in `settlement.redeem_voucher`.
    pub instruction: &'static str,
    /// Compute units of the transaction.
    pub compute_units: u64,
    /// Bytes of the transaction on the wire, signatures included; 1,232 is the most.
    pub transaction_bytes: usize,
}

#[derive(Default)]
struct Table(Vec<Measurement>);

impl Table {
    fn add(&mut self, instruction: &'static str, done: &Done) {
        self.0.push(Measurement {
            instruction,
            compute_units: done.compute_units,
            transaction_bytes: done.bytes,
        });
    }
}

/// Runs every instruction and returns what it costs, in the order of a network's life.
///
/// # Panics
/// When the programs have not been compiled, or one refuses its ordinary path.
pub fn measure() -> Vec<Measurement> {
    let mut table = Table::default();
    let mut world = World::bare();
    let args = world.network_args();
    table.add("registry.initialize_network", &world.initialize(args));
    governance(&mut world, &mut table);
    node_life(&mut world, &mut table);
    keeper_life(&mut world, &mut table);
    delegation(&mut world, &mut table);
    app_life(&mut world, &mut table);
    verdicts(&mut world, &mut table);
    batches::batch_life(&mut table);
    quality(&mut table);
    cases::cases(&mut table);
    table.0
}

fn governance(world: &mut World, table: &mut Table) {
    let (authority, guardian) = (world.authority(), world.guardian());
    world.fund(&guardian.pubkey());
    let address = authority.pubkey();
    table.add("registry.propose_params", &world.propose_params(PARAMS));
    let cancel = registry::cancel_params(address, address);
    table.add("registry.cancel_params", &world.act(cancel, &authority));
    world.propose_params(PARAMS);
    world.pass(PARAMS.timelock_secs);
    let apply = world.apply_params_instruction();
    table.add("registry.apply_params", &world.run(&[apply], &[]));
    let propose = registry::propose_authority(address, address);
    table.add("registry.propose_authority", &world.act(propose, &authority));
    let accept = registry::accept_authority(address);
    table.add("registry.accept_authority", &world.act(accept, &authority));
    let set = registry::set_guardian(address, guardian.pubkey());
    table.add("registry.set_guardian", &world.act(set, &authority));
    table.add("registry.pause", &world.pause(pause::ALL));
    table.add("registry.unpause", &world.unpause(pause::ALL));
}

fn keeper_life(world: &mut World, table: &mut Table) {
    let keeper = world.keeper_owner("measured", KeeperRole::Settler);
    table.add("registry.register_keeper", &world.register_keeper(&keeper));
    table.add("registry.update_keeper", &world.update_keeper(&keeper, ENDPOINT));
    let status = KeeperStatus::Exited;
    table.add("registry.set_keeper_status", &world.set_keeper_status(&keeper, status));
}

fn delegation(world: &mut World, table: &mut Table) {
    let node = world.node("delegated to");
    let party = world.future_delegator("measured", &node);
    let funder = world.funder(&node);
    let wallet = party.wallet.pubkey();
    let open = staking::open_delegation(wallet, node.address);
    table.add("staking.open_delegation", &world.act(open, &party.wallet));
    table.add("staking.delegate", &world.delegate(&party, STAKE_MIN));
    table.add("staking.add_rewards", &world.reward(&funder, &node, USDC));
    let claim = world.claim_rewards_instruction(&party);
    table.add("staking.claim_rewards", &world.act(claim, &party.wallet));
    table.add("staking.undelegate", &world.undelegate(&party, STAKE_MIN));
    world.pass(PARAMS.unbonding_secs);
    table.add("staking.withdraw_delegation", &world.withdraw_delegation(&party));
    let close = staking::close_delegation(wallet, node.address);
    table.add("staking.close_delegation", &world.act(close, &party.wallet));
}

/// What the slashing program does; the VM stands in for it, so its own cost is not in the figures.
/// Last, because no signature is verified from here on.
fn verdicts(world: &mut World, table: &mut Table) {
    let (node, mint) = (world.node("convicted"), world.stake_mint);
    world.impersonate(&pda::slasher());
    world.impersonate(&pda::jailer());
    world.slash_pot(&mint);
    table.add("staking.hold", &world.hold(&node.address, 2));
    table.add("staking.release_hold", &world.release_hold(&node.address, 1));
    table.add("staking.slash", &world.slash(&node.address, &mint, 1));
    table.add("registry.jail", &world.jail(&node.address, 0));
    world.stake(&node, 1);
    let unjail = registry::unjail(node.operator.pubkey(), node.address);
    table.add("registry.unjail", &world.act(unjail, &node.operator));
}

fn node_life(world: &mut World, table: &mut Table) {
    let node = world.operator("measured");
    table.add("registry.register_node", &world.register(&node, profile()));
    table.add("registry.update_node", &world.update(&node, profile()));
    table.add("staking.open_position", &world.open_position(&node));
    let deposit = world.stake(&node, STAKE_MIN + 1);
    table.add("registry.set_node_status", &world.set_status(&node, NodeStatus::Active));
    table.add("staking.deposit", &deposit);
    let unbond = staking::unbond(node.operator.pubkey(), node.address, 1);
    table.add("staking.unbond", &world.act(unbond, &node.operator));
    world.pass(PARAMS.unbonding_secs);
    let withdraw = world.unstake_instruction(&node);
    table.add("staking.withdraw", &world.act(withdraw, &node.operator));
}

fn app_life(world: &mut World, table: &mut Table) {
    let node = world.node("serving");
    let app = world.authority_of_app("measured");
    let (authority, policy) = (app.authority.pubkey(), world.policy(&app.voucher_signer));
    let create = registry::create_app(authority, 0, policy.clone());
    table.add("registry.create_app", &world.act(create, &app.authority));
    table.add("registry.update_app", &world.update_app(&app, policy));
    table.add("settlement.open_escrow", &world.open_escrow(&app));
    table.add("settlement.deposit", &world.deposit(&app, DEPOSIT));
    let (channel, open) = world.channel_instruction(&app, &node);
    table.add("settlement.open_channel", &world.act(open, &app.authority));
    table.add("settlement.post_bond", &world.post_bond(&app, &channel, USDC));
    let args = world.session_args(CAP);
    let (session, open) = world.session_instruction(&app, &channel, args);
    table.add("settlement.open_session", &world.act(open, &app.authority));
    table.add("settlement.redeem_voucher", &world.redeem(&app, &session, USDC));
    table.add("settlement.end_session", &world.end_session(&app, &session));
    table.add("settlement.request_withdrawal", &world.request_withdrawal(&app, USDC));
    let cancel = settlement::cancel_withdrawal(authority, app.address);
    table.add("settlement.cancel_withdrawal", &world.act(cancel, &app.authority));
    world.request_withdrawal(&app, USDC);
    world.pass(PARAMS.withdrawal_notice_secs);
    let withdraw = world.withdraw_instruction(&app);
    table.add("settlement.withdraw", &world.act(withdraw, &app.authority));
    world.pass(ANSWER_SECS);
    table.add("settlement.close_session", &world.close_session(&app, &session));
    table.add("settlement.release_bond", &world.release_bond(&app, &channel));
    table.add("settlement.close_channel", &world.close_channel(&app, &channel));
}

/// Three observers, the least that score a node; each further one adds its standing.
fn quality(table: &mut Table) {
    let mut panel = Panel::new(3);
    let (epoch, node) = (panel.epoch, panel.node.address);
    panel.enter_phase(Phase::Posting);
    let reports: Vec<_> = (0..3).map(|n| panel.report(n, GOOD)).collect();
    let observers = std::mem::take(&mut panel.observers);
    let posted: Vec<_> =
        (0..3).map(|n| panel.post_root(&observers[n], reports[n].root())).collect();
    table.add("reputation.post_root", &posted[0]);
    panel.enter_phase(Phase::Submitting);
    let shown: Vec<_> = reports.iter().map(|report| panel.show(report.proved(1))).collect();
    table.add("reputation.submit_leaf", &shown[0]);
    panel.enter_phase(Phase::Scoring);
    table.add("reputation.score_node", &panel.score(&node, epoch));
    let crank = panel.crank().pubkey();
    let close = reputation::close_tally(node, epoch, crank);
    table.add("reputation.close_tally", &panel.run(&[close], &[]));
    panel.pass(EPOCH_SECS as i64 * i64::from(RETAINED_EPOCHS));
    for (n, observer) in observers.iter().enumerate() {
        let owner = observer.owner.pubkey();
        let close = reputation::close_observation(observer.address, epoch, owner);
        let done = panel.run(&[close], &[]);
        if n == 0 {
            table.add("reputation.close_observation", &done);
        }
    }
    let close = reputation::close_epoch(epoch, observers[0].owner.pubkey());
    table.add("reputation.close_epoch", &panel.run(&[close], &[]));
    panel.is_gone(&pda::epoch(epoch));
}
