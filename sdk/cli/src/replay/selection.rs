//! Which segments are meant.

use heliograph_protocol::hash::Hash;
use solana_pubkey::Pubkey;
use std::str::FromStr;

/// Segments by where they are, or one by what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Those of a session, of one of its minutes, or one of those.
    Place { session: Pubkey, sequence: Option<u32>, index: Option<usize> },
    /// The one whose record has this leaf.
    Leaf(Hash),
}

impl FromStr for Selection {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut leaf = Hash::default();
        if hex::decode_to_slice(text, &mut leaf).is_ok() {
            return Ok(Self::Leaf(leaf));
        }
        let refused = || {
            "expected SESSION, SESSION/MINUTE, SESSION/MINUTE/INDEX or the hash of a record's leaf"
                .to_owned()
        };
        let mut parts = text.split('/');
        let session = parts.next().and_then(|part| part.parse().ok()).ok_or_else(refused)?;
        let sequence = parts.next().map(|part| part.parse().map_err(|_| refused())).transpose()?;
        let index = parts.next().map(|part| part.parse().map_err(|_| refused())).transpose()?;
        match parts.next() {
            None => Ok(Self::Place { session, sequence, index }),
            Some(_) => Err(refused()),
        }
    }
}

impl Selection {
    /// The session, if it is named.
    pub const fn session(&self) -> Option<Pubkey> {
        match self {
            Self::Place { session, .. } => Some(*session),
            Self::Leaf(_) => None,
        }
    }

    /// Whether a segment is meant.
    pub fn has(&self, session: Pubkey, sequence: u32, index: usize, leaf: &Hash) -> bool {
        match self {
            Self::Leaf(wanted) => wanted == leaf,
            Self::Place { session: of, sequence: minute, index: place } => {
                *of == session
                    && minute.is_none_or(|minute| minute == sequence)
                    && place.is_none_or(|place| place == index)
            }
        }
    }

    /// Whether a minute may hold a segment that is meant.
    pub fn may_be_in(&self, session: Pubkey, sequence: u32) -> bool {
        match self {
            Self::Leaf(_) => true,
            Self::Place { session: of, sequence: minute, .. } => {
                *of == session && minute.is_none_or(|minute| minute == sequence)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_leaves_are_told_apart() {
        let session = Pubkey::new_from_array([7; 32]);
        let place = |sequence, index| Ok(Selection::Place { session, sequence, index });
        assert_eq!(session.to_string().parse(), place(None, None));
        assert_eq!(format!("{session}/3").parse(), place(Some(3), None));
        assert_eq!(format!("{session}/3/0").parse(), place(Some(3), Some(0)));
        assert_eq!("0f".repeat(32).parse(), Ok(Selection::Leaf([0x0f; 32])));
        for wrong in ["", "x", &format!("{session}/"), &format!("{session}/1/2/3"), "0f0f"] {
            assert!(wrong.parse::<Selection>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn narrower_places_have_fewer_segments() {
        let (session, other) = (Pubkey::new_from_array([7; 32]), Pubkey::new_from_array([8; 32]));
        let place = |sequence, index| Selection::Place { session, sequence, index };
        assert!(place(None, None).has(session, 9, 9, &[0; 32]));
        assert!(!place(None, None).has(other, 9, 9, &[0; 32]));
        assert!(!place(Some(1), None).has(session, 9, 9, &[0; 32]));
        assert!(place(Some(9), Some(9)).has(session, 9, 9, &[0; 32]));
        assert!(!place(Some(9), Some(8)).has(session, 9, 9, &[0; 32]));
        assert!(Selection::Leaf([1; 32]).has(other, 0, 0, &[1; 32]));
        assert!(!place(Some(1), Some(0)).may_be_in(session, 2));
    }
}
