//! Observers and settlers, and what other programs do to them and to nodes.

use super::registrations_open;
use crate::finding::FindingKind;
use crate::replay::step::{Step, Stop};
use heliograph_client::pda;
use heliograph_registry::events::{
    KeeperRegistered, KeeperStatusChanged, KeeperUpdated, NodeStatusChanged, StakeRecorded,
    SubjectJailed, SubjectUnjailed,
};
use heliograph_registry::state::{
    Keeper, KeeperRole, KeeperStatus, Network, Node, StatusChange, Subject,
};
use heliograph_registry::{check_endpoint, instruction as ix, seeds};
use heliograph_staking::state::Position;
use solana_pubkey::Pubkey;

/// `None` where the instruction is another one.
pub(super) fn apply(step: &mut Step<'_>) -> Option<Result<(), Stop>> {
    Some(if let Some(ix::RegisterKeeper { role, endpoint }) = step.args() {
        register_keeper(step, role, endpoint)
    } else if let Some(ix::UpdateKeeper { endpoint }) = step.args() {
        update_keeper(step, endpoint)
    } else if let Some(ix::SetKeeperStatus { status }) = step.args() {
        set_keeper_status(step, status)
    } else if let Some(ix::RecordStake { bonded }) = step.args() {
        record_stake(step, bonded)
    } else if let Some(ix::Jail { until }) = step.args() {
        jail(step, until)
    } else if let Some(ix::Unjail {}) = step.args() {
        unjail(step)
    } else {
        return None;
    })
}

fn register_keeper(step: &mut Step<'_>, role: KeeperRole, endpoint: String) -> Result<(), Stop> {
    let [owner, keeper_key, network, address, payout] = step.accounts()?;
    registrations_open(step, network)?;
    let seeds = [seeds::KEEPER, &role.seed(), keeper_key.as_ref()];
    let (expected, bump) = Pubkey::find_program_address(&seeds, &pda::REGISTRY);
    step.address("keeper", address, expected);
    step.vacant(&address);
    step.allowed(check_endpoint(&endpoint))?;
    step.rule(keeper_key != owner, "keeper key and owner are one key");
    let registered_at = step.now;
    step.world.create(
        address,
        &Keeper {
            version: Keeper::VERSION,
            bump,
            role,
            status: KeeperStatus::Pending,
            keeper_key,
            owner,
            payout,
            stake: 0,
            registered_at,
            status_changed_at: registered_at,
            jailed_until: 0,
            endpoint,
            reserved: [0; 128],
        },
    );
    let keeper = address;
    step.event(KeeperRegistered { keeper, role, keeper_key, owner, payout, registered_at });
    Ok(())
}

fn update_keeper(step: &mut Step<'_>, endpoint: String) -> Result<(), Stop> {
    let [owner, network, address, payout] = step.accounts()?;
    step.address("network", network, pda::network());
    let mut keeper: Keeper = step.get(&address)?;
    step.address("owner", owner, keeper.owner);
    step.allowed(check_endpoint(&endpoint))?;
    keeper.endpoint = endpoint;
    let old_payout = std::mem::replace(&mut keeper.payout, payout);
    step.world.put(address, &keeper);
    step.event(KeeperUpdated { keeper: address, old_payout, payout });
    Ok(())
}

fn set_keeper_status(step: &mut Step<'_>, status: KeeperStatus) -> Result<(), Stop> {
    let [owner, network, address] = step.accounts()?;
    step.address("network", network, pda::network());
    let params = step.get::<Network>(&network)?.params;
    let mut keeper: Keeper = step.get(&address)?;
    step.address("owner", owner, keeper.owner);
    step.rule(keeper.status.may_become(status), "the keeper's status cannot take this step");
    step.rule(
        status != KeeperStatus::Active || keeper.stake >= params.keeper_stake_min(keeper.role),
        "a keeper is activated below the minimum stake",
    );
    let from = std::mem::replace(&mut keeper.status, status);
    keeper.status_changed_at = step.now;
    step.world.put(address, &keeper);
    step.event(KeeperStatusChanged {
        keeper: address,
        from,
        to: status,
        stake: keeper.stake,
        changed_at: step.now,
    });
    Ok(())
}

/// The node or keeper at `address`.
pub(in crate::replay) fn subject(step: &Step<'_>, address: &Pubkey) -> Result<Subject, Stop> {
    match step.world.get::<Keeper>(address) {
        Some(keeper) => Ok(Subject::Keeper(Box::new(keeper))),
        None => Ok(Subject::Node(Box::new(step.get::<Node>(address)?))),
    }
}

fn put(step: &mut Step<'_>, address: Pubkey, subject: &Subject) {
    match subject {
        Subject::Node(node) => step.world.put(address, &**node),
        Subject::Keeper(keeper) => step.world.put(address, &**keeper),
    }
}

fn announce(step: &mut Step<'_>, address: Pubkey, stake: u64, change: Option<StatusChange>) {
    let changed_at = step.now;
    match change {
        Some(StatusChange::Node(from, to)) => {
            step.event(NodeStatusChanged { node: address, from, to, stake, changed_at });
        }
        Some(StatusChange::Keeper(from, to)) => {
            step.event(KeeperStatusChanged { keeper: address, from, to, stake, changed_at });
        }
        None => {}
    }
}

/// Called by the staking program, whose own instruction has been carried out already.
fn record_stake(step: &mut Step<'_>, bonded: u64) -> Result<(), Stop> {
    let [recorder, network, address] = step.accounts()?;
    step.address("stake recorder", recorder, pda::stake_recorder());
    step.address("network", network, pda::network());
    let network: Network = step.get(&network)?;
    let position: Position = step.get(&pda::position(&address))?;
    if position.bonded != bonded {
        let detail = format!("stake {bonded} recorded of {} bonded", position.bonded);
        step.fault(FindingKind::RuleBroken, detail);
    }
    let mut subject = subject(step, &address)?;
    let old_stake = subject.stake();
    let change = subject.record_stake(bonded, &network, step.now);
    put(step, address, &subject);
    step.event(StakeRecorded { subject: address, old_stake, stake: bonded });
    announce(step, address, bonded, change);
    Ok(())
}

/// Called by the slashing program.
fn jail(step: &mut Step<'_>, until: i64) -> Result<(), Stop> {
    let [jailer, network, address] = step.accounts()?;
    step.address("network", network, pda::network());
    let slashing = step.get::<Network>(&network)?.slashing_program;
    let expected = Pubkey::find_program_address(&[seeds::JAILER], &slashing).0;
    step.address("jailer", jailer, expected);
    let mut subject = subject(step, &address)?;
    let old_jailed_until = subject.jailed_until();
    let change = subject.jail(until, step.now);
    put(step, address, &subject);
    let jailed_until = subject.jailed_until();
    step.event(SubjectJailed { subject: address, old_jailed_until, jailed_until });
    announce(step, address, subject.stake(), change);
    Ok(())
}

fn unjail(step: &mut Step<'_>) -> Result<(), Stop> {
    let [owner, network, address] = step.accounts()?;
    step.address("network", network, pda::network());
    let network: Network = step.get(&network)?;
    let mut subject = subject(step, &address)?;
    step.address("owner", owner, subject.owner());
    let change = step.allowed(subject.unjail(&network, step.now))?;
    put(step, address, &subject);
    let jailed_until = subject.jailed_until();
    step.event(SubjectUnjailed { subject: address, jailed_until });
    announce(step, address, subject.stake(), Some(change));
    Ok(())
}
