//! Books, batches and claims.

use super::build;
use crate::pda::{self, SETTLEMENT};
use heliograph_protocol::batch::Leaf;
use heliograph_protocol::merkle;
use heliograph_registry::state::{Keeper, Network, Node};
use heliograph_settlement::state::{Channel, PostBatchArgs, Ring};
use heliograph_settlement::{ClaimArgs, ClaimLeaf, accounts, instruction as data, seeds};
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;
use solana_system_interface::instruction as system;
use std::ops::Range;

/// Bytes of a book's account with this many slots.
pub const fn book_len(slots: usize) -> usize {
    Ring::len_of(slots)
}

/// The three instructions that make a settler's book, in the order they must have: the rent, the
/// account, the book in it. `lamports` make an account of [`book_len`] bytes exempt from rent. Payer
/// and keeper key sign.
pub fn open_book(
    rent_payer: Pubkey,
    keeper_key: Pubkey,
    keeper: Pubkey,
    slots: usize,
    lamports: u64,
) -> [Instruction; 3] {
    let book = pda::book(&keeper_key);
    let space = book_len(slots) as u64;
    // Not `create_account`: that refuses an address to which somebody has sent lamports.
    let rent = system::transfer(&rent_payer, &book, lamports);
    let allocate = system::allocate_with_seed(&book, &keeper_key, seeds::BOOK, space, &SETTLEMENT);
    let accounts = accounts::OpenBook {
        keeper_key,
        rent_payer,
        keeper,
        book,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    [rent, allocate, build(SETTLEMENT, accounts, data::OpenBook {})]
}

/// Closes a book that is over; the settler's owner signs.
pub fn close_book(owner: Pubkey, keeper: Pubkey, book: Pubkey, rent_payer: Pubkey) -> Instruction {
    let accounts = accounts::CloseBook {
        owner,
        keeper,
        book,
        rent_payer,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::CloseBook {})
}

/// Posts a minute's batch.
pub fn post_batch(keeper_key: Pubkey, keeper: Pubkey, args: PostBatchArgs) -> Instruction {
    let accounts = accounts::PostBatch {
        keeper_key,
        network: pda::network(),
        keeper,
        book: pda::book(&keeper_key),
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::PostBatch { args })
}

/// Takes batches that are over out of a settler's exposure.
pub fn release(book: Pubkey) -> Instruction {
    let accounts = accounts::Release {
        book,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::Release {})
}

/// The arguments that claim `range` of a batch's leaves; `None` if the batch has no such leaves.
pub fn claim_args(minute_index: u64, leaves: &[Leaf], range: Range<usize>) -> Option<ClaimArgs> {
    let hashes: Vec<_> = leaves.iter().map(Leaf::hash).collect();
    Some(ClaimArgs {
        minute_index,
        first_index: u32::try_from(range.start).ok()?,
        proof: merkle::range_proof(&hashes, range.clone())?,
        leaves: leaves
            .get(range)?
            .iter()
            .map(|leaf| ClaimLeaf {
                cumulative_micro_usdc: leaf.cumulative_micro_usdc,
                evidence: leaf.evidence,
            })
            .collect(),
    })
}

/// Claims leaves of a settler's batch; `sessions` are theirs, in order, all on `channel`.
pub fn claim(
    network: &Network,
    (keeper_address, keeper): (Pubkey, &Keeper),
    node: &Node,
    (channel_address, channel): (Pubkey, &Channel),
    sessions: &[Pubkey],
    args: ClaimArgs,
) -> Instruction {
    let escrow = pda::escrow(&channel.app);
    let accounts = accounts::Claim {
        network: pda::network(),
        keeper: keeper_address,
        book: pda::book(&keeper.keeper_key),
        node: channel.node,
        escrow,
        vault: pda::escrow_vault(&escrow),
        channel: channel_address,
        payout: node.payout,
        settler_payout: keeper.payout,
        treasury: network.treasury,
        token_program: spl_token_interface::ID,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    let mut claim = build(SETTLEMENT, accounts, data::Claim { args });
    claim.accounts.extend(sessions.iter().map(|session| AccountMeta::new(*session, false)));
    claim
}
