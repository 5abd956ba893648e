//! Reading an instruction of the ed25519 precompile, so that a program can rely on its check.
//!
//! The precompile verifies the signatures its data describes and fails the transaction otherwise.
//! A program that finds such an instruction next to its own must still make sure *what* was
//! verified: the offsets may point into other instructions. [`signatures`] accepts as many
//! signatures as the caller expects, whose keys, signatures and messages all lie in the instruction
//! itself, and nothing else.

/// Bytes before the first offsets: the count and one byte of padding.
const HEADER_LEN: usize = 2;
/// Seven little-endian `u16`: offset and instruction of signature, key and message, and its size.
const OFFSETS_LEN: usize = 14;
/// The index that means "this instruction".
const THIS_INSTRUCTION: u16 = u16::MAX;
/// Length of an ed25519 signature.
pub const SIGNATURE_LEN: usize = 64;
const KEY_LEN: usize = 32;

/// What the precompile verified: `message` was signed by `public_key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified<'a> {
    /// The signer.
    pub public_key: &'a [u8; KEY_LEN],
    /// The signature itself.
    pub signature: &'a [u8; SIGNATURE_LEN],
    /// The signed bytes.
    pub message: &'a [u8],
}

/// Stands where a signature could not be read; never given out.
const EMPTY: Verified<'static> =
    Verified { public_key: &[0; KEY_LEN], signature: &[0; SIGNATURE_LEN], message: &[] };

/// Reads precompile data that holds exactly one self-contained signature.
///
/// Returns `None` for any other count, for offsets into other instructions, and for offsets
/// outside `data`.
pub fn single_signature(data: &[u8]) -> Option<Verified<'_>> {
    signatures(data).map(|[one]| one)
}

/// The same of exactly `N` signatures, each self-contained. Parts may lie on top of each other: two
/// signatures of one key need its bytes once.
pub fn signatures<const N: usize>(data: &[u8]) -> Option<[Verified<'_>; N]> {
    let (header, rest) = data.split_at_checked(HEADER_LEN)?;
    if usize::from(header[0]) != N {
        return None;
    }
    let offsets = rest.get(..OFFSETS_LEN.checked_mul(N)?)?;
    let mut found = offsets.chunks_exact(OFFSETS_LEN).map(|offsets| verified(data, offsets));
    let each = [(); N].map(|()| found.next().flatten());
    each.iter().all(Option::is_some).then(|| each.map(|one| one.unwrap_or(EMPTY)))
}

fn verified<'a>(data: &'a [u8], offsets: &[u8]) -> Option<Verified<'a>> {
    let field = |i: usize| u16::from_le_bytes([offsets[2 * i], offsets[2 * i + 1]]);
    if [field(1), field(3), field(6)] != [THIS_INSTRUCTION; 3] {
        return None;
    }
    Some(Verified {
        signature: slice(data, field(0), SIGNATURE_LEN)?.try_into().ok()?,
        public_key: slice(data, field(2), KEY_LEN)?.try_into().ok()?,
        message: slice(data, field(4), usize::from(field(5)))?,
    })
}

fn slice(data: &[u8], offset: u16, len: usize) -> Option<&[u8]> {
    let start = usize::from(offset);
    data.get(start..start.checked_add(len)?)
}
