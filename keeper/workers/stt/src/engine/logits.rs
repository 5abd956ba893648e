//! Scores to choices and probabilities.

/// Index of the largest value, the first of equals; 0 of none.
pub fn argmax(values: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

/// Natural logarithm of the softmax of `chosen` among `logits`.
pub fn log_probability(logits: &[f32], chosen: f32) -> f64 {
    let max = f64::from(logits[argmax(logits)]);
    let sum: f64 = logits.iter().map(|logit| (f64::from(*logit) - max).exp()).sum();
    f64::from(chosen) - max - sum.ln()
}
