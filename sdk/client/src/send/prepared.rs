//! A signed transaction that outlives the process that made it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;

use super::TRANSACTION_BYTES_MAX;
use crate::Error;

/// A signed transaction, ready to be stored and then submitted.
///
/// Its stored form (serde, [`to_base64`](Self::to_base64)) is one line of base64: the block height
/// in eight bytes, little-endian, then the transaction as on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Prepared {
    /// The transaction, every signature in place.
    pub transaction: VersionedTransaction,
    /// Its first signature, by which the chain knows it.
    pub signature: Signature,
    /// The last block height it can be executed in.
    pub last_valid_block_height: u64,
}

impl Prepared {
    pub(crate) fn new(
        transaction: VersionedTransaction,
        last_valid_block_height: u64,
    ) -> Result<Self, Error> {
        to_wire(&transaction)?;
        let signature = *transaction
            .signatures
            .first()
            .ok_or_else(|| Error::Sign("the transaction has no signature".into()))?;
        Ok(Self { transaction, signature, last_valid_block_height })
    }

    /// The stored form.
    pub fn to_base64(&self) -> String {
        let mut bytes = self.last_valid_block_height.to_le_bytes().to_vec();
        // Written once before, in `new`, and immutable in all that matters since.
        bytes.extend(to_wire(&self.transaction).unwrap_or_default());
        BASE64.encode(bytes)
    }

    /// Reads the stored form.
    pub fn from_base64(text: &str) -> Result<Self, Error> {
        let bytes = BASE64.decode(text).map_err(|e| Error::decode("prepared transaction", e))?;
        let (height, wire) = bytes
            .split_first_chunk()
            .ok_or_else(|| Error::decode("prepared transaction", "it is cut off"))?;
        let transaction =
            wincode::deserialize(wire).map_err(|e| Error::decode("prepared transaction", e))?;
        Self::new(transaction, u64::from_le_bytes(*height))
    }
}

impl From<Prepared> for String {
    fn from(prepared: Prepared) -> Self {
        prepared.to_base64()
    }
}

impl TryFrom<String> for Prepared {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::from_base64(&text)
    }
}

/// The bytes that are signed, sent and counted; more than a packet holds are refused.
pub(crate) fn to_wire(transaction: &VersionedTransaction) -> Result<Vec<u8>, Error> {
    let bytes =
        wincode::serialize(transaction).map_err(|error| Error::decode("transaction", error))?;
    if bytes.len() > TRANSACTION_BYTES_MAX {
        let size_bytes = bytes.len();
        return Err(Error::TooLarge { size_bytes, max_bytes: TRANSACTION_BYTES_MAX });
    }
    Ok(bytes)
}
