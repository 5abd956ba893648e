//! What an audit says against the chain or the archive.

use serde::{Serialize, Serializer};
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use std::fmt;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; takes nothing from the verdict.
    Notice,
    /// The history does not hold: the verdict is not clean.
    Fault,
}

/// What is wrong. Words are part of the JSON output and never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// The RPC does not have the programs' whole history, so the accounts cannot be rebuilt.
    HistoryIncomplete,
    /// An instruction that this auditor does not know.
    InstructionUnknown,
    /// A program's bytes were replaced: what it did before says nothing about what it does since.
    ProgramUpgraded,
    /// The chain carried out what the rules refuse.
    RuleBroken,
    /// An instruction used another account than the rules derive.
    AddressWrong,
    /// An event says other than what the rules compute.
    EventWrong,
    /// The token transfers of an instruction are not those the rules compute.
    PaymentWrong,
    /// A transaction's token balances changed by other amounts than its transfers.
    BalanceWrong,
    /// A redeemed voucher is not a genuine voucher of the session's signer.
    SignatureWrong,
    /// An account on chain differs from the one rebuilt.
    AccountWrong,
    /// An account that the history leaves open is not on chain.
    AccountMissing,
    /// An account on chain that the history does not create.
    AccountUnexplained,
    /// A vault holds less than its account says.
    VaultShort,
    /// A minute's receipt is not in the archive.
    ReceiptMissing,
    /// A receipt does not follow from the session's terms and the receipt before.
    ReceiptWrong,
    /// A minute's voucher is not in the archive.
    VoucherMissing,
    /// A voucher promises other than its receipt says, or is for another channel.
    VoucherWrong,
    /// Signed by another key than the session's node or voucher signer.
    SignerWrong,
    /// The AI records beside a receipt are not those it was signed over.
    RecordsWrong,
    /// The AI records' audio is out of order, overlaps, or lies outside of the session's.
    RecordsAudioWrong,
    /// An archived object whose bytes are not what its name says.
    ObjectDamaged,
    /// Something in the archive that is not named as objects are.
    ObjectMisplaced,
    /// An archived message of a session that never was.
    SessionUnknown,
    /// A batch's leaf was paid that no voucher in the archive stands behind.
    LeafUnbacked,
    /// A batch in the archive has other leaves than its header says, or is not the one posted.
    BatchWrong,
    /// Two different receipts, both signed by the node, for one minute.
    Equivocation,
}

impl FindingKind {
    /// The word in the human output; the JSON word with spaces.
    pub const fn title(self) -> &'static str {
        match self {
            Self::HistoryIncomplete => "history incomplete",
            Self::InstructionUnknown => "instruction unknown",
            Self::ProgramUpgraded => "program upgraded",
            Self::RuleBroken => "rule broken",
            Self::AddressWrong => "address wrong",
            Self::EventWrong => "event wrong",
            Self::PaymentWrong => "payment wrong",
            Self::BalanceWrong => "balance wrong",
            Self::SignatureWrong => "signature wrong",
            Self::AccountWrong => "account wrong",
            Self::AccountMissing => "account missing",
            Self::AccountUnexplained => "account unexplained",
            Self::VaultShort => "vault short",
            Self::ReceiptMissing => "receipt missing",
            Self::ReceiptWrong => "receipt wrong",
            Self::VoucherMissing => "voucher missing",
            Self::VoucherWrong => "voucher wrong",
            Self::SignerWrong => "signer wrong",
            Self::RecordsWrong => "records wrong",
            Self::RecordsAudioWrong => "records audio wrong",
            Self::ObjectDamaged => "object damaged",
            Self::ObjectMisplaced => "object misplaced",
            Self::SessionUnknown => "session unknown",
            Self::LeafUnbacked => "leaf unbacked",
            Self::BatchWrong => "batch wrong",
            Self::Equivocation => "equivocation",
        }
    }
}

/// One thing that does not hold, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// What is wrong.
    pub what: FindingKind,
    /// The transaction it shows in.
    #[serde(serialize_with = "as_text")]
    pub transaction: Option<Signature>,
    /// The session account concerned.
    #[serde(serialize_with = "as_text")]
    pub session: Option<Pubkey>,
    /// Ordinal of the minute concerned.
    pub sequence: Option<u32>,
    /// Path in the archive of the object concerned.
    pub object: Option<String>,
    /// What was expected and what was found.
    pub detail: String,
}

impl Finding {
    /// A fault without a place yet.
    pub fn fault(what: FindingKind, detail: impl Into<String>) -> Self {
        Self {
            severity: Severity::Fault,
            what,
            transaction: None,
            session: None,
            sequence: None,
            object: None,
            detail: detail.into(),
        }
    }

    pub(crate) fn minute(self, session: Pubkey, sequence: impl Into<Option<u32>>) -> Self {
        Self { session: Some(session), sequence: sequence.into(), ..self }
    }

    pub(crate) fn object(self, path: impl Into<String>) -> Self {
        Self { object: Some(path.into()), ..self }
    }

    pub(crate) fn transaction(self, signature: Signature) -> Self {
        Self { transaction: Some(signature), ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = match self.severity {
            Severity::Notice => "notice",
            Severity::Fault => "FAULT",
        };
        write!(f, "{weight}: {}: {}", self.what.title(), self.detail)?;
        let mut line = |name: &str, value: Option<String>| match value {
            Some(value) => write!(f, "\n    {name:<12} {value}"),
            None => Ok(()),
        };
        line("session", self.session.map(|key| key.to_string()))?;
        line("minute", self.sequence.map(|sequence| sequence.to_string()))?;
        line("object", self.object.clone())?;
        line("transaction", self.transaction.map(|signature| signature.to_string()))
    }
}

pub(crate) fn as_text<T: fmt::Display, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}
