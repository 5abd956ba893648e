//! What came of a transaction.

use crate::events::{Emitted, NetworkEvent};
use crate::reason::Reason;
use anchor_lang::event::EVENT_IX_TAG_LE;
use litesvm::types::{FailedTransactionMetadata, TransactionMetadata};
use solana_instruction::error::InstructionError;
use solana_message::Message;
use solana_pubkey::Pubkey;
use solana_transaction_error::TransactionError;
use std::fmt;

/// A transaction that succeeded.
#[derive(Clone, Debug)]
pub struct Done {
    /// Compute units of all its instructions.
    pub compute_units: u64,
    /// Its size on the wire.
    pub bytes: usize,
    /// Events in the order they were emitted.
    pub events: Vec<Emitted>,
    /// What the last program to say something returned.
    pub returned: Vec<u8>,
}

impl Done {
    pub(crate) fn new(message: &Message, meta: TransactionMetadata, bytes: usize) -> Self {
        let events = meta
            .inner_instructions
            .iter()
            .flatten()
            .filter_map(|inner| {
                let data = inner.instruction.data.strip_prefix(EVENT_IX_TAG_LE)?.to_vec();
                let program = message.account_keys[usize::from(inner.instruction.program_id_index)];
                Some(Emitted { program, data })
            })
            .collect();
        let returned = meta.return_data.data;
        Self { compute_units: meta.compute_units_consumed, bytes, events, returned }
    }

    /// Asserts that the transaction emitted this event and no other.
    pub fn emitted<E: NetworkEvent>(&self, expected: &E) {
        self.emitted_all(&[Emitted::of(expected)]);
    }

    /// Asserts that the transaction emitted these events, in this order, and no others.
    pub fn emitted_all(&self, expected: &[Emitted]) {
        assert_eq!(self.events, expected, "events differ (left: emitted, right: expected)");
    }
}

/// A transaction that failed.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The runtime's word.
    pub error: TransactionError,
    /// The program that failed first, where one did.
    pub program: Option<Pubkey>,
    /// The transaction's logs.
    pub logs: Vec<String>,
}

impl Refused {
    pub(crate) fn new(message: &Message, failed: FailedTransactionMetadata) -> Self {
        // The innermost program fails first; its callers repeat its error.
        let logged = failed.meta.logs.iter().find_map(|line| {
            let (address, rest) = line.strip_prefix("Program ")?.split_once(' ')?;
            rest.starts_with("failed").then(|| address.parse().ok()).flatten()
        });
        // Precompiles log nothing.
        let program = logged.or_else(|| match failed.err {
            TransactionError::InstructionError(index, _) => {
                let instruction = message.instructions.get(usize::from(index))?;
                message.account_keys.get(usize::from(instruction.program_id_index)).copied()
            }
            _ => None,
        });
        Self { error: failed.err, program, logs: failed.meta.logs }
    }

    /// The number in `Custom(number)`.
    pub fn number(&self) -> Option<u32> {
        match self.error {
            TransactionError::InstructionError(_, InstructionError::Custom(number)) => Some(number),
            _ => None,
        }
    }

    /// Whether it failed for this reason, in this program.
    pub fn is(&self, reason: &Reason) -> bool {
        self.number() == Some(reason.number) && self.program == Some(reason.program)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in {:?}\n{}", self.error, self.program, self.logs.join("\n"))
    }
}
