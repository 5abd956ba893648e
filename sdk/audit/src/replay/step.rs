//! What every instruction's replay uses: its accounts, its arguments, and a place for what is wrong.

use super::Effect;
use crate::finding::{Finding, FindingKind, Severity};
use crate::history::{Call, Move};
use crate::world::World;
use anchor_lang::{AnchorDeserialize, Discriminator, Event, InstructionData};
use heliograph_client::account::NetworkAccount;
use heliograph_client::rpc::{Instruction, Transaction};
use heliograph_settlement::state::Ring;
use solana_pubkey::Pubkey;

/// Ends the replay of one instruction. Boxed: it is rare and large.
pub(crate) type Stop = Box<Finding>;

/// One call being carried out.
pub(crate) struct Step<'a> {
    pub world: &'a mut World,
    /// The time the program saw, in seconds since the Unix epoch.
    pub now: i64,
    pub faults: Vec<Finding>,
    /// What does not speak against the step.
    pub notices: Vec<Finding>,
    pub effects: Vec<Effect>,
    /// Transfers that the rules ask for, in order.
    pub moves: Vec<Move>,
    /// Events that the rules ask for, in order: bytes and how they read.
    events: Vec<(Vec<u8>, String)>,
    /// Calls that the rules ask for, in order: program, first accounts and data.
    calls: Vec<(Pubkey, Vec<Pubkey>, Vec<u8>)>,
    transaction: &'a Transaction,
    call: &'a Call<'a>,
    /// What this call has called itself, in order.
    called: Vec<&'a Call<'a>>,
    /// Where findings of this step belong.
    session: Option<Pubkey>,
    sequence: Option<u32>,
}

impl<'a> Step<'a> {
    pub fn new(
        world: &'a mut World,
        transaction: &'a Transaction,
        (calls, place): (&'a [Call<'a>], usize),
        now: i64,
    ) -> Self {
        let called = calls.iter().filter(|call| call.caller == Some(place)).collect();
        Self {
            world,
            now,
            faults: Vec::new(),
            notices: Vec::new(),
            effects: Vec::new(),
            moves: Vec::new(),
            events: Vec::new(),
            calls: Vec::new(),
            transaction,
            call: &calls[place],
            called,
            session: None,
            sequence: None,
        }
    }

    pub fn transaction(&self) -> &'a Transaction {
        self.transaction
    }

    /// Names the session, and the minute if known, that the findings from now on are about.
    pub fn about(&mut self, session: Pubkey, sequence: Option<u32>) {
        self.session = Some(session);
        self.sequence = sequence;
    }

    /// Findings from now on are about no session in particular.
    pub fn about_none(&mut self) {
        self.session = None;
        self.sequence = None;
    }

    pub fn stop(&self, what: FindingKind, detail: impl Into<String>) -> Stop {
        Box::new(Finding {
            session: self.session,
            sequence: self.sequence,
            ..Finding::fault(what, detail)
        })
    }

    /// Notes what is wrong and goes on.
    pub fn fault(&mut self, what: FindingKind, detail: impl Into<String>) {
        let fault = self.stop(what, detail);
        self.faults.push(*fault);
    }

    /// Notes what is worth knowing and takes nothing from the verdict.
    pub fn notice(&mut self, what: FindingKind, detail: impl Into<String>) {
        let notice = self.stop(what, detail);
        self.notices.push(Finding { severity: Severity::Notice, ..*notice });
    }

    /// A rule that the chain should have refused to break.
    pub fn rule(&mut self, holds: bool, detail: &str) {
        if !holds {
            self.fault(FindingKind::RuleBroken, detail);
        }
    }

    /// The program's own word for a rule that does not hold.
    pub fn allowed<T>(&self, outcome: anchor_lang::Result<T>) -> Result<T, Stop> {
        outcome.map_err(|error| {
            let reason = match error {
                anchor_lang::error::Error::AnchorError(error) => error.error_msg,
                anchor_lang::error::Error::ProgramError(error) => error.program_error.to_string(),
            };
            self.stop(FindingKind::RuleBroken, reason)
        })
    }

    /// The instruction's arguments, if it is `T`.
    pub fn args<T: Discriminator + AnchorDeserialize>(&self) -> Option<T> {
        let mut rest = self.call.data.strip_prefix(T::DISCRIMINATOR)?;
        T::deserialize(&mut rest).ok()
    }

    pub fn unknown(&self) -> Stop {
        let (program, data) = (self.call.program, self.call.data);
        let head = hex::encode(&data[..data.len().min(8)]);
        self.stop(FindingKind::InstructionUnknown, format!("{head} of program {program}"))
    }

    /// The first `N` accounts.
    pub fn accounts<const N: usize>(&self) -> Result<[Pubkey; N], Stop> {
        self.call.accounts.first_chunk().copied().ok_or_else(|| {
            let found = self.call.accounts.len();
            self.stop(FindingKind::AddressWrong, format!("{found} accounts, expected {N}"))
        })
    }

    /// The accounts from place `first` on.
    pub fn accounts_after(&self, first: usize) -> &'a [Pubkey] {
        self.call.accounts.get(first..).unwrap_or_default()
    }

    /// The tokens that the call moved, in order. For what only the chain knows; what the rules know
    /// goes to [`moves`](Self::moves).
    pub fn moved(&self) -> &'a [Move] {
        &self.call.moves
    }

    /// The lamports that the call moved by transfers, in order.
    pub fn moved_lamports(&self) -> &'a [Move] {
        &self.call.lamports
    }

    /// The event of this type that the call emitted, likewise.
    pub fn emitted<E: Discriminator + AnchorDeserialize>(&self) -> Option<E> {
        self.call.events.iter().find_map(|event| {
            let mut rest = event.strip_prefix(E::DISCRIMINATOR)?;
            E::deserialize(&mut rest).ok()
        })
    }

    /// Does something to a book by the program's own rules; its absence ends the step.
    pub fn with_book<T>(
        &mut self,
        address: &Pubkey,
        deed: impl FnOnce(&mut Ring<'_>) -> anchor_lang::Result<T>,
    ) -> Result<T, Stop> {
        let outcome = self.world.with_book(address, deed).ok_or_else(|| {
            let detail = format!("the history so far has no Book account {address}");
            self.stop(FindingKind::HistoryIncomplete, detail)
        })?;
        self.allowed(outcome)
    }

    pub fn address(&mut self, name: &str, found: Pubkey, expected: Pubkey) {
        if found != expected {
            self.fault(
                FindingKind::AddressWrong,
                format!("{name} is {found}, expected {expected}"),
            );
        }
    }

    /// An account as rebuilt; its absence ends the step.
    pub fn get<T: NetworkAccount>(&self, address: &Pubkey) -> Result<T, Stop> {
        self.world.get(address).ok_or_else(|| {
            let name = T::NAME;
            self.stop(
                FindingKind::HistoryIncomplete,
                format!("the history so far has no {name} account {address}"),
            )
        })
    }

    /// An address must be free for an account to be made.
    pub fn vacant(&mut self, address: &Pubkey) {
        if self.world.exists(address) {
            self.fault(FindingKind::RuleBroken, format!("account {address} is made a second time"));
        }
    }

    /// The transfer out of an escrow's vault that the rules ask for; nothing is not transferred.
    pub fn pays(&mut self, vault: Pubkey, to: Pubkey, amount: u64) {
        if amount > 0 {
            self.moves.push(Move::transfer(vault, to, amount));
        }
    }

    /// The event that the rules ask for.
    pub fn event<E: Event + std::fmt::Debug>(&mut self, event: E) {
        self.events.push((event.data(), format!("{event:?}")));
    }

    /// The call that the rules ask for, with its first accounts.
    pub fn calls(&mut self, program: Pubkey, accounts: &[Pubkey], data: &impl InstructionData) {
        self.calls.push((program, accounts.to_vec(), data.data()));
    }

    /// Compares what was called with what the rules ask for. What the calls did is checked when they
    /// are carried out themselves.
    pub fn check_calls(&mut self) {
        let expected = std::mem::take(&mut self.calls);
        let same = self.called.len() == expected.len()
            && self.called.iter().zip(&expected).all(|(found, (program, accounts, data))| {
                found.program == *program
                    && found.accounts.starts_with(accounts)
                    && found.data == data.as_slice()
            });
        if !same {
            let expected: Vec<String> = expected
                .iter()
                .map(|(program, accounts, data)| describe_call(program, accounts, data))
                .collect();
            let found: Vec<String> = self
                .called
                .iter()
                .map(|call| describe_call(&call.program, call.accounts, call.data))
                .collect();
            let detail =
                format!("called [{}], expected [{}]", found.join(", "), expected.join(", "));
            self.fault(FindingKind::RuleBroken, detail);
        }
    }

    /// The instruction of the transaction before the one that this call is part of.
    pub fn instruction_before(&self) -> Option<&'a Instruction> {
        self.transaction.instructions.get(self.call.top.checked_sub(1)?)
    }

    /// Compares events and transfers with those of the rules.
    pub fn check_outputs(&mut self) {
        let expected = std::mem::take(&mut self.events);
        let found = &self.call.events;
        let same = found.len() == expected.len()
            && found.iter().zip(&expected).all(|(found, (bytes, _))| *found == bytes.as_slice());
        if !same {
            let expected: Vec<&str> = expected.iter().map(|(_, text)| text.as_str()).collect();
            let found: Vec<String> = found.iter().map(hex::encode).collect();
            let detail =
                format!("emitted [{}], expected [{}]", found.join(", "), expected.join(", "));
            self.fault(FindingKind::EventWrong, detail);
        }
        if self.call.moves != self.moves {
            let detail = format!(
                "transferred {}, expected {}",
                describe(&self.call.moves),
                describe(&self.moves)
            );
            self.fault(FindingKind::PaymentWrong, detail);
        }
    }
}

fn describe(moves: &[Move]) -> String {
    if moves.is_empty() {
        return "nothing".to_owned();
    }
    let end = |account: Option<Pubkey>| account.map_or("the mint".to_owned(), |k| k.to_string());
    let one = |m: &Move| format!("{} from {} to {}", m.amount, end(m.from), end(m.to));
    moves.iter().map(one).collect::<Vec<_>>().join(" and ")
}

fn describe_call(program: &Pubkey, accounts: &[Pubkey], data: &[u8]) -> String {
    let accounts: Vec<String> = accounts.iter().map(Pubkey::to_string).collect();
    format!("{} of program {program} with {}", hex::encode(data), accounts.join(" "))
}
