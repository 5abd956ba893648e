//! The accounts as rebuilt against the accounts on chain, byte for byte.

use crate::finding::{Finding, FindingKind};
use crate::world::{World, overwrite};
use anchor_lang::{AccountDeserialize, Discriminator};
use heliograph_client::account::NetworkAccount;
use heliograph_client::pda;
use heliograph_registry::state::{App, Keeper, Network, Node, ParamsChange};
use heliograph_reputation::state::{Epoch, Observation, Score, Standing, Tally};
use heliograph_settlement::state::{Book, Challenge, ChallengeStatus, Channel, Escrow, Session};
use heliograph_slashing::state::{Case, Exhibit, Record};
use heliograph_staking::state::{Delegation, Position};
use solana_pubkey::Pubkey;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// The chain at one moment: what the history is held against.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Every account of the programs: owner and data.
    pub accounts: BTreeMap<Pubkey, (Pubkey, Vec<u8>)>,
    /// Amounts of the vaults ([`vaults`](crate::Auditor::vaults)); absent when there is no account.
    pub tokens: BTreeMap<Pubkey, u64>,
}

/// Fields named in one finding; one fault usually changes few.
const FIELDS_MAX: usize = 8;

pub(crate) fn compare(world: &World, chain: &Snapshot, tolerance_secs: u32) -> Vec<Finding> {
    let rebuilt = world.accounts();
    let addresses: BTreeSet<&Pubkey> = rebuilt.keys().chain(chain.accounts.keys()).collect();
    let mut findings: Vec<Finding> = addresses
        .into_iter()
        .filter_map(|address| match (rebuilt.get(address), chain.accounts.get(address)) {
            (Some(rebuilt), Some((owner, found))) => {
                different(address, rebuilt, owner, found, tolerance_secs.into())
            }
            (Some(rebuilt), None) => Some(about(
                address,
                rebuilt,
                FindingKind::AccountMissing,
                "the history leaves it open; it is not on chain".to_owned(),
            )),
            (None, Some((_, found))) => Some(about(
                address,
                found,
                FindingKind::AccountUnexplained,
                "it is on chain; the history does not create it, or closes it".to_owned(),
            )),
            (None, None) => None,
        })
        .collect();
    for (vault, due) in vaults(world) {
        let found = chain.tokens.get(&vault).copied();
        if found.is_none_or(|found| u128::from(found) < due) {
            let found = found.map_or("no account".to_owned(), |found| found.to_string());
            findings.push(Finding::fault(
                FindingKind::VaultShort,
                format!("vault {vault} holds {found}, owes {due}"),
            ));
        }
    }
    findings
}

/// Every vault with what it must hold at least; tokens sent to it besides count for nobody.
pub(crate) fn vaults(world: &World) -> Vec<(Pubkey, u128)> {
    let escrows = world.all::<Escrow>().map(|(address, escrow)| {
        let due = u128::from(escrow.deposited_micro_usdc)
            .saturating_sub(escrow.withdrawn_micro_usdc.into())
            .saturating_sub(escrow.totals.paid_micro_usdc.into());
        (pda::escrow_vault(&address), due)
    });
    let positions = world.all::<Position>().map(|(address, position)| {
        let unbonding: u128 = position.unbonding.iter().map(|slot| u128::from(slot.amount)).sum();
        let due = u128::from(position.bonded) + unbonding + u128::from(position.delegated);
        (pda::stake_vault(&address), due)
    });
    let challenges = world
        .all::<Challenge>()
        .filter(|(_, challenge)| challenge.status == ChallengeStatus::Open)
        .map(|(address, challenge)| {
            (pda::challenge_bond(&address), u128::from(challenge.bond_micro_usdc))
        });
    escrows.chain(positions).chain(rewards(world)).chain(challenges).collect()
}

/// Where delegators' rewards lie, and how much of them is counted for somebody.
fn rewards(world: &World) -> Vec<(Pubkey, u128)> {
    let Some(network) = world.get::<Network>(&pda::network()) else { return Vec::new() };
    let mut due: BTreeMap<Pubkey, u128> = BTreeMap::new();
    for (_, mut delegation) in world.all::<Delegation>() {
        let Some(position) = world.get::<Position>(&delegation.position) else { continue };
        // What cannot be counted was never added.
        if delegation.count_rewards(&position).is_ok() && delegation.rewards_micro_usdc > 0 {
            let vault = pda::token_account(&delegation.position, &network.payment_mint);
            *due.entry(vault).or_default() += u128::from(delegation.rewards_micro_usdc);
        }
    }
    due.into_iter().collect()
}

fn different(
    address: &Pubkey,
    rebuilt: &[u8],
    owner: &Pubkey,
    found: &[u8],
    tolerance_secs: i64,
) -> Option<Finding> {
    let due_owner = kind(rebuilt).map(|(_, owner)| owner);
    if due_owner.is_some_and(|due| due != *owner) {
        let detail = format!("it is owned by {owner}");
        return Some(about(address, rebuilt, FindingKind::AccountWrong, detail));
    }
    let rebuilt = with_opening_time(rebuilt, found, tolerance_secs);
    if rebuilt == found {
        return None;
    }
    let detail = match fields(&rebuilt, found) {
        Some(fields) if !fields.is_empty() => fields.join("; "),
        _ => format!(
            "its {} bytes are not the {} rebuilt, in what no field covers",
            found.len(),
            rebuilt.len()
        ),
    };
    Some(about(address, &rebuilt, FindingKind::AccountWrong, detail))
}

fn about(address: &Pubkey, data: &[u8], what: FindingKind, detail: String) -> Finding {
    let name = kind(data).map_or("unknown", |(name, _)| name);
    let finding = Finding::fault(what, format!("{name} account {address}: {detail}"));
    if name == Session::NAME { finding.minute(*address, None) } else { finding }
}

macro_rules! each_kind {
    ($data:expr, $kind:ident => $body:expr) => {{
        each_kind!(@try $data, $kind => $body;
            Network ParamsChange Node Keeper App Position Delegation Escrow Channel Session
            Challenge Epoch Observation Tally Score Standing Case Record Exhibit)
    }};
    (@try $data:expr, $kind:ident => $body:expr; $($name:ident)*) => {{
        $(if $data.starts_with($name::DISCRIMINATOR) {
            type $kind = $name;
            return $body;
        })*
        None
    }};
}

/// Name and owner of an account's type.
fn kind(data: &[u8]) -> Option<(&'static str, Pubkey)> {
    if data.starts_with(Book::DISCRIMINATOR) {
        return Some(("Book", pda::SETTLEMENT));
    }
    each_kind!(data, Kind => Some((Kind::NAME, Kind::OWNER)))
}

/// The fields in which two accounts of one type differ.
fn fields(rebuilt: &[u8], found: &[u8]) -> Option<Vec<String>> {
    if let (Some(rebuilt), Some(found)) = (Book::read(rebuilt), Book::read(found)) {
        return Some(differing_lines(&lines(&rebuilt), &lines(&found)));
    }
    each_kind!(rebuilt, Kind => differing::<Kind>(rebuilt, found))
}

fn lines(account: &impl Debug) -> Vec<String> {
    format!("{account:#?}").lines().map(str::to_owned).collect()
}

fn differing<T: AccountDeserialize + Debug>(rebuilt: &[u8], found: &[u8]) -> Option<Vec<String>> {
    let read = |mut data: &[u8]| T::try_deserialize(&mut data).ok();
    Some(differing_lines(&lines(&read(rebuilt)?), &lines(&read(found)?)))
}

fn differing_lines(rebuilt: &[String], found: &[String]) -> Vec<String> {
    if rebuilt.len() != found.len() {
        return vec!["its strings or lists differ in length".to_owned()];
    }
    // Elements of a list have no name of their own; the field they belong to came before.
    let mut field = String::new();
    let mut differing = Vec::new();
    for (expected, found) in rebuilt.iter().zip(found) {
        let (expected, found) = (expected.trim().trim_end_matches(','), found.trim());
        let found = found.trim_end_matches(',');
        let named = expected.split_once(": ");
        if let Some((name, _)) = named {
            field = name.to_owned();
        }
        if expected != found && differing.len() < FIELDS_MAX {
            let value = |line: &str| line.split_once(": ").map_or(line, |(_, v)| v).to_owned();
            differing.push(format!("{field} is {}, expected {}", value(found), value(expected)));
        }
    }
    differing
}

/// The rebuilt account with the chain's opening time if that is near its own: no event tells the
/// time a program saw when it opened one of these.
fn with_opening_time(rebuilt: &[u8], found: &[u8], tolerance_secs: i64) -> Vec<u8> {
    macro_rules! adopt {
        ($($kind:ident.$field:ident),*) => {$(
            if let (Ok(mut own), Ok(other)) =
                ($kind::try_deserialize(&mut &*rebuilt), $kind::try_deserialize(&mut &*found))
            {
                if own.$field.abs_diff(other.$field) <= tolerance_secs.unsigned_abs() {
                    own.$field = other.$field;
                }
                return overwrite(rebuilt.to_vec(), &own);
            }
        )*};
    }
    adopt!(App.created_at, Position.opened_at, Escrow.opened_at, Channel.opened_at);
    rebuilt.to_vec()
}
