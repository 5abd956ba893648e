//! Durations as people read them.

const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];

/// Seconds in the two largest units that they fill: `3 d`, `1 h 30 min`, `0 s`.
pub fn duration(secs: u64) -> String {
    let mut left = secs;
    let mut parts = Vec::new();
    for (unit, name) in UNITS {
        if left >= unit {
            parts.push(format!("{} {name}", left / unit));
            left %= unit;
        }
    }
    match parts.as_slice() {
        [] => "0 s".to_owned(),
        parts => parts[..parts.len().min(2)].join(" "),
    }
}

/// How long from `now` until `unix_secs`: `in 3 d`, or `now` where that has passed.
pub fn until(unix_secs: i64, now: i64) -> String {
    match u64::try_from(unix_secs.saturating_sub(now)) {
        Ok(secs) if secs > 0 => format!("in {}", duration(secs)),
        _ => "now".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_units_are_enough() {
        for (secs, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (61, "1 min 1 s"),
            (259_200, "3 d"),
            (86_400 + 3_600 + 61, "1 d 1 h"),
            (86_400 + 5, "1 d 5 s"),
        ] {
            assert_eq!(duration(secs), text);
        }
    }

    #[test]
    fn what_has_passed_is_now() {
        assert_eq!(
            (until(10, 10), until(9, 10), until(i64::MIN, 10)),
            ("now".into(), "now".into(), "now".into())
        );
        assert_eq!(until(70, 10), "in 1 min");
    }
}
