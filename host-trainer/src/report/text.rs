//! Numbers and counts as a reader wants them.

use shared::score::Score;

use crate::evaluation::score_as_float;

/// A share with one decimal, such as `6.3 %`; the space does not break.
pub fn percent(share: f64) -> String {
    let tenths = (1000.0 * share).round();
    if share > 0.0 && tenths == 0.0 { "below 0.1\u{a0}%".into() } else { format!("{:.1}\u{a0}%", tenths / 10.0) }
}

/// An upper bound with one decimal, rounded up.
pub fn percent_at_most(share: f64) -> String {
    // A share that is a whole number of tenths may lie a rounding error above it.
    format!("{:.1}\u{a0}%", (1000.0 * share - 1e-9).ceil().max(0.0) / 10.0)
}

/// `1 part`, `2 parts`.
pub fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// `2 of 32 (6.3 %)`, or a dash without any.
pub fn of(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "\u{2013}".into();
    }
    format!("{part} of {whole} ({})", percent(part as f64 / whole as f64))
}

/// Three decimals, or a dash where there is no value.
pub fn decimal(value: Option<f64>) -> String {
    value.map_or_else(|| "\u{2013}".into(), |value| format!("{:.3}", (1000.0 * value).round() / 1000.0))
}

/// Such as `score 0.192345, 0.88 of the threshold`.
pub fn score_remark(score: Score, threshold: u32) -> String {
    let share = score_as_float(score.raw()) / score_as_float(threshold.max(1));
    format!("score {score}, {share:.2} of the threshold")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_never_rounded_to_nothing() {
        assert_eq!(percent(0.0), "0.0\u{a0}%");
        assert_eq!(percent(0.0001), "below 0.1\u{a0}%");
        assert_eq!(percent(2.0 / 32.0), "6.3\u{a0}%");
        assert_eq!(of(1, 10), "1 of 10 (10.0\u{a0}%)");
        assert_eq!(of(0, 0), "\u{2013}");
    }

    #[test]
    fn a_bound_is_never_rounded_down() {
        assert_eq!(percent_at_most(0.072_157), "7.3\u{a0}%");
        assert_eq!(percent_at_most(0.092), "9.2\u{a0}%");
        assert_eq!(percent_at_most(0.000_001), "0.1\u{a0}%");
        assert_eq!(percent_at_most(0.0), "0.0\u{a0}%");
        assert_eq!(percent_at_most(1.0), "100.0\u{a0}%");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(counted(1, "part", "parts"), "1 part");
        assert_eq!(counted(0, "part", "parts"), "0 parts");
    }
}
