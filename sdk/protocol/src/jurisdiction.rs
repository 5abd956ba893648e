//! Where a node is, and where an app lets its sessions go.

use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// Most countries an app can name.
pub const COUNTRIES_MAX: usize = 32;

/// A country as ISO 3166-1 alpha-2, two upper-case letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Country(pub [u8; 2]);

impl Country {
    /// Whether the code is two upper-case ASCII letters. Which codes are assigned is not checked:
    /// the list changes and a program cannot follow it.
    pub const fn is_valid(self) -> bool {
        self.0[0].is_ascii_uppercase() && self.0[1].is_ascii_uppercase()
    }
}

/// The rule an app sets: any country where the list is empty, else only those named.
pub fn allows(countries: &[Country], node: Country) -> bool {
    countries.is_empty() || countries.contains(&node)
}

/// Whether `countries` is a list an app may set: valid codes, no more than [`COUNTRIES_MAX`],
/// none twice.
pub fn is_valid_list(countries: &[Country]) -> bool {
    let mut seen: Vec<Country> = Vec::with_capacity(countries.len().min(COUNTRIES_MAX));
    countries.len() <= COUNTRIES_MAX
        && countries.iter().all(|&country| {
            let fresh = country.is_valid() && !seen.contains(&country);
            seen.push(country);
            fresh
        })
}
