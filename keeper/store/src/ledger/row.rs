//! Between SQLite's values and ours. SQLite's integers are signed and its blobs have any length;
//! whatever does not fit is an error on the way in and on the way out.

use crate::{Error, Result};
use heliograph_protocol::ed25519::SIGNATURE_LEN;
use heliograph_protocol::evidence::Signed;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// A 64-bit number as SQLite stores it; `what` names it in the error.
pub fn to_integer(what: &'static str, value: u64) -> Result<i64> {
    i64::try_from(value).map_err(|_| Error::TooLarge { what, value })
}

pub fn unsigned(row: &SqliteRow, column: &'static str) -> Result<u64> {
    u64::try_from(row.try_get::<i64, _>(column)?).map_err(|_| Error::Corrupt { column })
}

pub fn optional_unsigned(row: &SqliteRow, column: &'static str) -> Result<Option<u64>> {
    let value = row.try_get::<Option<i64>, _>(column)?;
    value.map(|value| u64::try_from(value).map_err(|_| Error::Corrupt { column })).transpose()
}

/// A receipt's ordinal.
pub fn sequence(row: &SqliteRow, column: &'static str) -> Result<u32> {
    u32::try_from(row.try_get::<i64, _>(column)?).map_err(|_| Error::Corrupt { column })
}

pub fn array<const N: usize>(row: &SqliteRow, column: &'static str) -> Result<[u8; N]> {
    row.try_get::<&[u8], _>(column)?.try_into().map_err(|_| Error::Corrupt { column })
}

/// The columns `bytes`, `public_key` and `signature` of receipts and vouchers.
pub fn signed(row: &SqliteRow) -> Result<Signed> {
    Ok(Signed {
        bytes: row.try_get("bytes")?,
        public_key: array(row, "public_key")?,
        signature: array::<SIGNATURE_LEN>(row, "signature")?,
    })
}
