//! The `parameters` of a record: `key=value`, sorted by key, separated by `;`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Joins pairs.
pub fn join<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let sorted = BTreeMap::from_iter(pairs);
    sorted.iter().fold(String::new(), |mut all, (key, value)| {
        let separator = if all.is_empty() { "" } else { ";" };
        // Writing to a string does not fail.
        let _ = write!(all, "{separator}{key}={value}");
        all
    })
}

/// The same with further pairs, which replace those of the same key.
pub fn with<'a>(parameters: &'a str, pairs: &[(&'a str, &'a str)]) -> String {
    let given = parameters.split(';').filter_map(|pair| pair.split_once('='));
    join(given.chain(pairs.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_sorted_added_and_replaced() {
        let parameters = join([("c", "3"), ("a", "1")]);
        assert_eq!(parameters, "a=1;c=3");
        assert_eq!(with(&parameters, &[("b", "2"), ("c", "x")]), "a=1;b=2;c=x");
        assert_eq!(with("", &[("b", "2")]), "b=2");
        assert_eq!(with("a=1", &[]), "a=1");
    }
}
