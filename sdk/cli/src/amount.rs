//! Amounts of tokens: decimals to units and back, without floating point.

use std::fmt;
use std::str::FromStr;

/// Decimals of the payment mint.
pub const USDC_DECIMALS: u8 = 6;

/// A decimal number as somebody typed it: `1000.5`. Which units it means depends on the mint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    whole: String,
    fraction: String,
}

/// Why a text is not an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AmountError {
    /// Something else than digits with at most one point between them.
    #[error("{0:?} is not an amount: write digits and at most one point, such as 1000.5")]
    Malformed(String),
    /// More decimals than the token has.
    #[error("{amount} has more than the token's {decimals} decimals")]
    TooPrecise {
        /// The amount.
        amount: String,
        /// The token's decimals.
        decimals: u8,
    },
    /// Does not fit 64 bits.
    #[error("{0} is more than a token account can hold")]
    TooLarge(String),
}

impl FromStr for Decimal {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let pointless = text.contains('.') && fraction.is_empty();
        if whole.is_empty() || pointless || !digits(whole) || !digits(fraction) {
            return Err(AmountError::Malformed(text.to_owned()));
        }
        Ok(Self { whole: whole.to_owned(), fraction: fraction.to_owned() })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.whole)?;
        if self.fraction.is_empty() { Ok(()) } else { write!(f, ".{}", self.fraction) }
    }
}

impl Decimal {
    /// The amount in units of a token with `decimals`; nothing is rounded.
    pub fn to_units(&self, decimals: u8) -> Result<u64, AmountError> {
        let fraction = self.fraction.trim_end_matches('0');
        let places = usize::from(decimals);
        if fraction.len() > places {
            return Err(AmountError::TooPrecise { amount: self.to_string(), decimals });
        }
        let digits = format!("{}{fraction:0<places$}", self.whole);
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            return Ok(0);
        }
        digits.parse().map_err(|_| AmountError::TooLarge(self.to_string()))
    }

    /// The amount in micro-USDC.
    pub fn to_micro_usdc(&self) -> Result<u64, AmountError> {
        self.to_units(USDC_DECIMALS)
    }
}

/// Units of a token as a decimal number with all of its places: `1000.500000`.
pub fn format_units(units: u64, decimals: u8) -> String {
    let places = usize::from(decimals);
    let digits = format!("{units:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

/// Micro-USDC as USDC: `1.250000 USDC`.
pub fn usdc(micro_usdc: u64) -> String {
    format!("{} USDC", format_units(micro_usdc, USDC_DECIMALS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(text: &str, decimals: u8) -> Result<u64, AmountError> {
        text.parse::<Decimal>()?.to_units(decimals)
    }

    #[test]
    fn decimals_are_exact_to_the_unit() {
        assert_eq!(units("1000.5", 9), Ok(1_000_500_000_000));
        assert_eq!(units("0.000001", 6), Ok(1));
        assert_eq!(units("0.1", 6), Ok(100_000));
        assert_eq!(units("007", 0), Ok(7));
        assert_eq!(units("0", 6), Ok(0));
        // Beyond what a 64-bit float can tell apart.
        assert_eq!(units("9007199254.740993", 6), Ok(9_007_199_254_740_993));
        assert_eq!(units("18446744073709.551615", 6), Ok(u64::MAX));
    }

    #[test]
    fn zeros_behind_the_last_place_are_harmless_and_digits_are_not() {
        assert_eq!(units("1.5000000000", 6), Ok(1_500_000));
        assert_eq!(
            units("1.5000001", 6),
            Err(AmountError::TooPrecise { amount: "1.5000001".into(), decimals: 6 })
        );
    }

    #[test]
    fn one_unit_too_many_is_refused() {
        let amount = "18446744073709.551616";
        assert_eq!(units(amount, 6), Err(AmountError::TooLarge(amount.into())));
        let long = "9".repeat(100);
        assert_eq!(units(&long, 6), Err(AmountError::TooLarge(long.clone())));
    }

    #[test]
    fn anything_but_digits_and_a_point_is_refused() {
        for text in ["", ".", "1.", ".5", "-1", "+1", "1,5", "1.2.3", "1e3", "0x10", " 1", "١"] {
            assert_eq!(units(text, 6), Err(AmountError::Malformed(text.into())), "{text:?}");
        }
    }

    #[test]
    fn units_are_written_with_all_places() {
        assert_eq!(format_units(0, 6), "0.000000");
        assert_eq!(format_units(5_000, 6), "0.005000");
        assert_eq!(format_units(u64::MAX, 6), "18446744073709.551615");
        assert_eq!(format_units(42, 0), "42");
        assert_eq!(usdc(1_250_000), "1.250000 USDC");
    }

    #[test]
    fn written_units_read_back_as_themselves() {
        for value in [0, 1, 999_999, 1_000_000, 123_456_789_012, u64::MAX] {
            for decimals in [0, 1, 6, 9, 18] {
                assert_eq!(units(&format_units(value, decimals), decimals), Ok(value));
            }
        }
    }
}
