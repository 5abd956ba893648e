//! The reputation program's instructions. Accounts come in the order of its accounts structs.

mod close;
mod score;

use super::step::{Step, Stop};
use heliograph_client::pda;
use heliograph_protocol::merkle;
use heliograph_protocol::observation::Leaf;
use heliograph_protocol::reputation::Phase;
use heliograph_registry::state::{Keeper, KeeperRole, KeeperStatus, Network, Node, pause};
use heliograph_reputation::clock::unix;
use heliograph_reputation::events::{LeafSubmitted, RootPosted};
use heliograph_reputation::state::{Epoch, Observation, Standing, Tally};
use heliograph_reputation::{LeafArgs, instruction as ix, seeds};
use solana_pubkey::Pubkey;

pub(super) fn apply(step: &mut Step<'_>) -> Result<(), Stop> {
    if let Some(args) = step.args::<ix::PostRoot>() {
        post_root(step, &args)
    } else if let Some(ix::SubmitLeaf { leaf }) = step.args() {
        submit_leaf(step, leaf)
    } else if let Some(ix::ScoreNode {}) = step.args() {
        score::score_node(step)
    } else if let Some(ix::CloseTally {}) = step.args() {
        close::tally(step)
    } else if let Some(ix::CloseObservation {}) = step.args() {
        close::observation(step)
    } else if let Some(ix::CloseEpoch {}) = step.args() {
        close::epoch(step)
    } else {
        Err(step.unknown())
    }
}

/// Checks an address against its seeds and returns its bump.
fn derived(step: &mut Step<'_>, name: &str, found: Pubkey, seeds: &[&[u8]]) -> u8 {
    let (expected, bump) = Pubkey::find_program_address(seeds, &pda::REPUTATION);
    step.address(name, found, expected);
    bump
}

fn at_work(step: &mut Step<'_>, keeper: &Keeper, network: &Network) {
    step.rule(
        keeper.status == KeeperStatus::Active && keeper.stake >= network.params.observer_stake_min,
        "an observer is heard that is not active or not staked",
    );
}

fn post_root(step: &mut Step<'_>, args: &ix::PostRoot) -> Result<(), Stop> {
    let [payer, keeper_key, network_address, keeper_address, epoch_address, address, standing] =
        step.accounts()?;
    let start = args.epoch_start.to_le_bytes();
    step.address("network", network_address, pda::network());
    let network: Network = step.get(&network_address)?;
    let keeper: Keeper = step.get(&keeper_address)?;
    step.address("reputation program", pda::REPUTATION, network.reputation_program);
    step.address("keeper key", keeper_key, keeper.keeper_key);
    step.rule(keeper.role == KeeperRole::Observer, "a root is posted by no observer");
    at_work(step, &keeper, &network);
    step.rule(!network.is_paused(pause::OBSERVATIONS), "a root is posted during a pause");
    step.rule(args.leaves_count > 0, "a root is posted over no leaves");

    let epoch_bump = derived(step, "epoch", epoch_address, &[seeds::EPOCH, &start]);
    let known: Option<Epoch> = step.world.get(&epoch_address);
    let is_new = known.is_none();
    let mut epoch = known.unwrap_or_else(|| Epoch {
        version: Epoch::VERSION,
        bump: epoch_bump,
        epoch: args.epoch_start,
        secs: network.params.epoch_secs,
        quorum: network.params.observer_quorum,
        rent_payer: payer,
        accounts_open: 0,
        seats: Vec::new(),
        reserved: [0; 32],
    });
    step.rule(epoch.times().is_aligned(), "an epoch begins at no multiple of its length");
    step.rule(epoch.secs == args.epoch_secs, "a root is posted of an epoch of another length");
    step.rule(epoch.phase(unix(step.now)) == Phase::Posting, "a root is posted early or late");
    let displaced = step.allowed(epoch.take_seat(keeper_address, keeper.stake))?;
    step.allowed(epoch.opened_one())?;
    save(step, epoch_address, &epoch, is_new);

    let standing_bump =
        derived(step, "standing", standing, &[seeds::STANDING, keeper_address.as_ref()]);
    let known: Option<Standing> = step.world.get(&standing);
    let is_new = known.is_none();
    let mut record = known.unwrap_or(Standing {
        version: Standing::VERSION,
        bump: standing_bump,
        keeper: keeper_address,
        roots: 0,
        absences: 0,
        due_from: 0,
        judged: 0,
        missed: 0,
        deviated: 0,
        recent_faults: 0,
        reserved: [0; 64],
    });
    let absences = record.posted(&epoch.times(), unix(keeper.status_changed_at));
    save(step, standing, &record, is_new);

    let of_observation = [seeds::OBSERVATION, keeper_address.as_ref(), &start];
    let bump = derived(step, "observation", address, &of_observation);
    step.vacant(&address);
    step.world.create(
        address,
        &Observation {
            version: Observation::VERSION,
            bump,
            keeper: keeper_address,
            epoch: args.epoch_start,
            root: args.root,
            leaves_count: args.leaves_count,
            posted_at: step.now,
            rent_payer: payer,
            reserved: [0; 32],
        },
    );
    step.event(RootPosted {
        observation: address,
        keeper: keeper_address,
        epoch: args.epoch_start,
        root: args.root,
        leaves_count: args.leaves_count,
        posted_at: step.now,
        seats: epoch.seats.len() as u8,
        displaced: displaced.unwrap_or_default(),
        absences,
    });
    Ok(())
}

fn submit_leaf(step: &mut Step<'_>, args: LeafArgs) -> Result<(), Stop> {
    let [payer, network, keeper_address, node, epoch_address, observation, address] =
        step.accounts()?;
    step.address("network", network, pda::network());
    let network: Network = step.get(&network)?;
    let keeper: Keeper = step.get(&keeper_address)?;
    let _: Node = step.get(&node)?;
    let mut epoch: Epoch = step.get(&epoch_address)?;
    let posted: Observation = step.get(&observation)?;
    step.address("keeper", keeper_address, posted.keeper);
    step.address("epoch", epoch_address, pda::epoch(posted.epoch));
    step.rule(epoch.phase(unix(step.now)) == Phase::Submitting, "a leaf is shown early or late");
    at_work(step, &keeper, &network);

    let leaf = Leaf {
        observer: posted.keeper.to_bytes(),
        epoch: posted.epoch,
        node: node.to_bytes(),
        figures: args.figures.into(),
        samples_root: args.samples_root,
    };
    step.rule(!leaf.figures.is_invalid(), "a leaf is shown with figures no probes could give");
    let (index, count) = (args.index as usize, posted.leaves_count as usize);
    step.rule(
        merkle::verify(&leaf.hash(), index, count, &args.proof, &posted.root),
        "a leaf is shown that is not under its observer's root",
    );

    let start = posted.epoch.to_le_bytes();
    let bump = derived(step, "tally", address, &[seeds::TALLY, node.as_ref(), &start]);
    let known: Option<Tally> = step.world.get(&address);
    let is_new = known.is_none();
    if is_new {
        step.allowed(epoch.opened_one())?;
        step.world.put(epoch_address, &epoch);
    }
    let mut tally = known.unwrap_or_else(|| Tally {
        version: Tally::VERSION,
        bump,
        node,
        epoch: posted.epoch,
        scored: false,
        rent_payer: payer,
        heard: Vec::new(),
        reserved: [0; 32],
    });
    step.allowed(tally.hear(&epoch, keeper_address, args.figures))?;
    save(step, address, &tally, is_new);
    step.event(LeafSubmitted {
        tally: address,
        node,
        epoch: posted.epoch,
        observer: keeper_address,
        figures: args.figures,
        heard: tally.heard.len() as u8,
        samples_root: args.samples_root,
    });
    Ok(())
}

/// Writes an account that this step made or found.
fn save<T>(step: &mut Step<'_>, address: Pubkey, account: &T, is_new: bool)
where
    T: anchor_lang::AccountSerialize + anchor_lang::Discriminator + anchor_lang::Space,
{
    if is_new {
        step.world.create(address, account);
    } else {
        step.world.put(address, account);
    }
}
