//! Addresses of every account of the network, derived as the programs derive them.

use heliograph_registry::seeds as registry;
use heliograph_registry::state::KeeperRole;
use heliograph_reputation::seeds as reputation;
use heliograph_settlement::seeds as settlement;
use heliograph_slashing::seeds as slashing;
use heliograph_staking::seeds as staking;
use solana_pubkey::Pubkey;

/// The registry program.
pub const REGISTRY: Pubkey = heliograph_registry::ID;
/// The staking program.
pub const STAKING: Pubkey = heliograph_staking::ID;
/// The settlement program.
pub const SETTLEMENT: Pubkey = heliograph_settlement::ID;
/// The slashing program.
pub const SLASHING: Pubkey = heliograph_slashing::ID;
/// The reputation program.
pub const REPUTATION: Pubkey = heliograph_reputation::ID;

fn find(seeds: &[&[u8]], program: &Pubkey) -> Pubkey {
    Pubkey::find_program_address(seeds, program).0
}

/// The network's parameters.
pub fn network() -> Pubkey {
    find(&[registry::NETWORK], &REGISTRY)
}

/// The registry account of a node key.
pub fn node(node_key: &Pubkey) -> Pubkey {
    find(&[registry::NODE, node_key.as_ref()], &REGISTRY)
}

/// The registry account of a keeper key in a role.
pub fn keeper(role: KeeperRole, keeper_key: &Pubkey) -> Pubkey {
    find(&[registry::KEEPER, &role.seed(), keeper_key.as_ref()], &REGISTRY)
}

/// The change of parameters under way.
pub fn params_change() -> Pubkey {
    find(&[registry::PARAMS_CHANGE], &REGISTRY)
}

/// The PDA by which the slashing program jails.
pub fn jailer() -> Pubkey {
    find(&[registry::JAILER], &SLASHING)
}

/// An authority's app number `id`.
pub fn app(authority: &Pubkey, id: u32) -> Pubkey {
    find(&[registry::APP, authority.as_ref(), &id.to_le_bytes()], &REGISTRY)
}

/// The PDA by which the staking program signs to the registry.
pub fn stake_recorder() -> Pubkey {
    find(&[staking::STAKE_RECORDER], &STAKING)
}

/// The stake behind a registry account.
pub fn position(subject: &Pubkey) -> Pubkey {
    find(&[staking::POSITION, subject.as_ref()], &STAKING)
}

/// What `delegator` has delegated to a position.
pub fn delegation(position: &Pubkey, delegator: &Pubkey) -> Pubkey {
    find(&[staking::DELEGATION, position.as_ref(), delegator.as_ref()], &STAKING)
}

/// The PDA by which the slashing program slashes.
pub fn slasher() -> Pubkey {
    find(&[staking::SLASHER], &SLASHING)
}

/// A position's tokens.
pub fn stake_vault(position: &Pubkey) -> Pubkey {
    find(&[staking::VAULT, position.as_ref()], &STAKING)
}

/// An app's escrow.
pub fn escrow(app: &Pubkey) -> Pubkey {
    find(&[settlement::ESCROW, app.as_ref()], &SETTLEMENT)
}

/// An escrow's tokens.
pub fn escrow_vault(escrow: &Pubkey) -> Pubkey {
    find(&[settlement::VAULT, escrow.as_ref()], &SETTLEMENT)
}

/// A channel between an app and a node (both registry accounts).
pub fn channel(app: &Pubkey, node: &Pubkey, incarnation: u64) -> Pubkey {
    let seeds = [settlement::CHANNEL, app.as_ref(), node.as_ref(), &incarnation.to_le_bytes()];
    find(&seeds, &SETTLEMENT)
}

/// A channel's session.
pub fn session(channel: &Pubkey, ordinal: u64) -> Pubkey {
    find(&[settlement::SESSION, channel.as_ref(), &ordinal.to_le_bytes()], &SETTLEMENT)
}

/// The book of a settler, by its keeper key.
pub fn book(keeper_key: &Pubkey) -> Pubkey {
    // The seed is short, and the program's id is no marker of a PDA.
    Pubkey::create_with_seed(keeper_key, settlement::BOOK, &SETTLEMENT).unwrap_or_default()
}

/// The challenge of a batch's leaf.
pub fn challenge(book: &Pubkey, minute_index: u64, index: u32) -> Pubkey {
    let (minute_index, index) = (minute_index.to_le_bytes(), index.to_le_bytes());
    find(&[settlement::CHALLENGE, book.as_ref(), &minute_index, &index], &SETTLEMENT)
}

/// A challenge's tokens.
pub fn challenge_bond(challenge: &Pubkey) -> Pubkey {
    find(&[settlement::BOND, challenge.as_ref()], &SETTLEMENT)
}

/// The PDA by which the slashing program restores what a settler took.
pub fn restorer(slashing_program: &Pubkey) -> Pubkey {
    find(&[settlement::RESTORER], slashing_program)
}

/// An epoch, by the Unix time at which it begins.
pub fn epoch(epoch: u64) -> Pubkey {
    find(&[reputation::EPOCH, &epoch.to_le_bytes()], &REPUTATION)
}

/// The root an observer (a registry account) posted for an epoch.
pub fn observation(keeper: &Pubkey, epoch: u64) -> Pubkey {
    find(&[reputation::OBSERVATION, keeper.as_ref(), &epoch.to_le_bytes()], &REPUTATION)
}

/// The leaves shown of a node (a registry account) and an epoch.
pub fn tally(node: &Pubkey, epoch: u64) -> Pubkey {
    find(&[reputation::TALLY, node.as_ref(), &epoch.to_le_bytes()], &REPUTATION)
}

/// A node's score.
pub fn score(node: &Pubkey) -> Pubkey {
    find(&[reputation::SCORE, node.as_ref()], &REPUTATION)
}

/// An observer's standing.
pub fn standing(keeper: &Pubkey) -> Pubkey {
    find(&[reputation::STANDING, keeper.as_ref()], &REPUTATION)
}

/// What a node or keeper has been tried for.
pub fn record(subject: &Pubkey) -> Pubkey {
    find(&[slashing::RECORD, subject.as_ref()], &SLASHING)
}

/// A case against a node or keeper.
pub fn case(subject: &Pubkey, number: u32) -> Pubkey {
    find(&[slashing::CASE, subject.as_ref(), &number.to_le_bytes()], &SLASHING)
}

/// The samples that somebody brings on chain as evidence, by the root they are to have.
pub fn exhibit(uploader: &Pubkey, samples_root: &[u8; 32]) -> Pubkey {
    find(&[slashing::EXHIBIT, uploader.as_ref(), samples_root], &SLASHING)
}

/// The slashing program's tokens of a mint.
pub fn pot(mint: &Pubkey) -> Pubkey {
    token_account(&restorer(&SLASHING), mint)
}

/// The account through which a program emits its events.
pub fn event_authority(program: &Pubkey) -> Pubkey {
    find(&[b"__event_authority"], program)
}

/// Where the upgradeable loader keeps a program's bytes.
pub fn program_data(program: &Pubkey) -> Pubkey {
    find(&[program.as_ref()], &solana_sdk_ids::bpf_loader_upgradeable::ID)
}

/// The standard token account of `owner` for `mint`.
pub fn token_account(owner: &Pubkey, mint: &Pubkey) -> Pubkey {
    let seeds = [owner.as_ref(), spl_token_interface::ID.as_ref(), mint.as_ref()];
    find(&seeds, &spl_associated_token_account_interface::program::ID)
}
