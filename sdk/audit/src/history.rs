//! A transaction as the calls of the network's programs that it made.

use anchor_lang::event::EVENT_IX_TAG_LE;
use heliograph_client::pda;
use heliograph_client::rpc::{Instruction, TokenBalance, Transaction};
use solana_pubkey::Pubkey;
use solana_sdk_ids::bpf_loader_upgradeable;
use std::collections::{BTreeMap, BTreeSet};

/// The programs whose history is audited.
pub(crate) const PROGRAMS: [Pubkey; 5] =
    [pda::REGISTRY, pda::STAKING, pda::SETTLEMENT, pda::REPUTATION, pda::SLASHING];

/// Tokens moved by one instruction of the token program, or lamports by one of the system program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    /// Account debited; none when minted.
    pub from: Option<Pubkey>,
    /// Account credited; none when burnt.
    pub to: Option<Pubkey>,
    /// In the mint's smallest unit, or in lamports.
    pub amount: u64,
}

impl Move {
    pub const fn transfer(from: Pubkey, to: Pubkey, amount: u64) -> Self {
        Self { from: Some(from), to: Some(to), amount }
    }

    fn decode(instruction: &Instruction) -> Option<Self> {
        let (tag, rest) = instruction.data.split_first()?;
        let amount = u64::from_le_bytes(*rest.first_chunk()?);
        let account = |index: usize| instruction.accounts.get(index).copied();
        // Numbers of the token program's instructions; the checked forms name the mint as well.
        let (from, to) = match tag {
            3 => (Some(account(0)?), Some(account(1)?)),
            12 => (Some(account(0)?), Some(account(2)?)),
            7 | 14 => (None, Some(account(1)?)),
            8 | 15 => (Some(account(0)?), None),
            _ => return None,
        };
        Some(Self { from, to, amount })
    }

    fn decode_lamports(instruction: &Instruction) -> Option<Self> {
        // The system program's number of `Transfer`.
        let amount = instruction.data.strip_prefix(&2u32.to_le_bytes())?;
        let amount = u64::from_le_bytes(amount.try_into().ok()?);
        let [from, to] = *instruction.accounts.first_chunk()?;
        Some(Self::transfer(from, to, amount))
    }
}

/// One call of one of the network's programs.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub program: Pubkey,
    pub accounts: &'a [Pubkey],
    pub data: &'a [u8],
    /// The transaction's instruction that this is or is part of.
    pub top: usize,
    /// Events it emitted, without the tag.
    pub events: Vec<&'a [u8]>,
    /// Tokens it moved, in order.
    pub moves: Vec<Move>,
    /// Lamports it moved by transfers of the system program, in order.
    pub lamports: Vec<Move>,
    /// The call that made it, by its place; none for what the transaction asked for.
    pub caller: Option<usize>,
    height: u32,
}

impl Call<'_> {
    /// Whether it had ended before `next`.
    fn is_over(&self, next: &Instruction) -> bool {
        // 0 where the node does not say. Then what has emitted its events has ended, but for more
        // of them: all the programs' instructions emit at their end.
        match next.stack_height {
            0 => !self.events.is_empty() && !next.data.starts_with(EVENT_IX_TAG_LE),
            height => self.height >= height,
        }
    }
}

/// What a transaction did, as far as it concerns the network.
#[derive(Debug)]
pub(crate) struct Calls<'a> {
    /// In the order executed; a caller comes before what it called.
    pub calls: Vec<Call<'a>>,
    /// Tokens moved outside of any call.
    pub foreign: Vec<Move>,
}

impl<'a> Calls<'a> {
    pub fn of(transaction: &'a Transaction) -> Self {
        let mut all = Self { calls: Vec::new(), foreign: Vec::new() };
        for (top, outer) in transaction.instructions.iter().enumerate() {
            // Calls under way, outermost first, as indices into `calls`.
            let mut under_way: Vec<usize> = Vec::new();
            for instruction in std::iter::once(outer).chain(&outer.inner) {
                while under_way.last().is_some_and(|&call| all.calls[call].is_over(instruction)) {
                    under_way.pop();
                }
                all.take(top, instruction, &mut under_way);
            }
        }
        all
    }

    fn take(&mut self, top: usize, instruction: &'a Instruction, under_way: &mut Vec<usize>) {
        let program = instruction.program_id;
        if program == solana_sdk_ids::system_program::ID {
            if let (Some(moved), Some(&call)) =
                (Move::decode_lamports(instruction), under_way.last())
            {
                self.calls[call].lamports.push(moved);
            }
            return;
        }
        if program == spl_token_interface::ID {
            if let Some(moved) = Move::decode(instruction) {
                match under_way.last() {
                    Some(&call) => self.calls[call].moves.push(moved),
                    None => self.foreign.push(moved),
                }
            }
            return;
        }
        if !PROGRAMS.contains(&program) {
            return;
        }
        if let Some(event) = instruction.data.strip_prefix(EVENT_IX_TAG_LE) {
            // Only the program itself can sign for its event authority.
            let emitter = under_way.iter().rposition(|&call| self.calls[call].program == program);
            if let Some(emitter) = emitter {
                under_way.truncate(emitter + 1);
                self.calls[under_way[emitter]].events.push(event);
            }
            return;
        }
        let caller = under_way.last().copied();
        under_way.push(self.calls.len());
        self.calls.push(Call {
            program,
            accounts: &instruction.accounts,
            data: &instruction.data,
            top,
            events: Vec::new(),
            moves: Vec::new(),
            lamports: Vec::new(),
            caller,
            height: instruction.stack_height,
        });
    }
}

/// The network's programs that a transaction replaced the bytes of.
pub(crate) fn upgrades(transaction: &Transaction) -> impl Iterator<Item = Pubkey> + '_ {
    // The upgradeable loader's number of `Upgrade`; its accounts are program data, then program.
    const UPGRADE: [u8; 4] = 3u32.to_le_bytes();
    transaction
        .instructions
        .iter()
        .flat_map(|outer| std::iter::once(outer).chain(&outer.inner))
        .filter(|i| i.program_id == bpf_loader_upgradeable::ID && i.data.starts_with(&UPGRADE))
        .filter_map(|i| i.accounts.get(1).copied())
        .filter(|program| PROGRAMS.contains(program))
}

/// By how much each token account changed in a transaction, as the node reports it; `None` where its
/// report is not whole.
///
/// Nodes report the balances before and after. One of the two is missing where the account was made
/// or closed in between; but some nodes, when an account is closed, leave out one balance of another
/// account too (surfpool 1.6). The transfers tell what was moved all the same.
pub(crate) fn balance_changes(transaction: &Transaction) -> BTreeMap<Pubkey, Option<i128>> {
    let amounts = |balances: &[TokenBalance]| -> BTreeMap<Pubkey, i128> {
        balances.iter().map(|b| (b.account, i128::from(b.amount))).collect()
    };
    let before = amounts(&transaction.pre_token_balances);
    let after = amounts(&transaction.post_token_balances);
    let (made, closed) =
        (touched(transaction, &MAKE_ACCOUNT), touched(transaction, &CLOSE_ACCOUNT));
    let change = |account: &Pubkey| match (before.get(account), after.get(account)) {
        (Some(before), Some(after)) => Some(after - before),
        (None, Some(after)) => made.contains(account).then_some(*after),
        (Some(before), None) => closed.contains(account).then_some(-before),
        (None, None) => None,
    };
    let known = before.keys().chain(after.keys()).chain(&closed);
    known.map(|account| (*account, change(account))).collect()
}

/// Numbers of the token program's `InitializeAccount` in its three forms, and of `CloseAccount`. Of
/// each, the first account is the one that is made or closed.
const MAKE_ACCOUNT: [u8; 3] = [1, 16, 18];
const CLOSE_ACCOUNT: [u8; 1] = [9];

/// First accounts of the token program's instructions with one of these numbers.
fn touched(transaction: &Transaction, numbers: &[u8]) -> BTreeSet<Pubkey> {
    transaction
        .instructions
        .iter()
        .flat_map(|outer| std::iter::once(outer).chain(&outer.inner))
        .filter(|i| i.program_id == spl_token_interface::ID)
        .filter(|i| i.data.first().is_some_and(|number| numbers.contains(number)))
        .filter_map(|i| i.accounts.first().copied())
        .collect()
}

/// By how much `moves` change each token account.
pub(crate) fn sum<'m>(moves: impl Iterator<Item = &'m Move>) -> BTreeMap<Pubkey, i128> {
    let mut changes = BTreeMap::new();
    for moved in moves {
        if let Some(from) = moved.from {
            *changes.entry(from).or_insert(0) -= i128::from(moved.amount);
        }
        if let Some(to) = moved.to {
            *changes.entry(to).or_insert(0) += i128::from(moved.amount);
        }
    }
    changes
}
