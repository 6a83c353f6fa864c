//! Rates and promises in words, for people. Rates are in parts per million; an upper bound is never rounded down.

use shared::wire::ThresholdEvidence;

/// A rate in percent, to three significant digits: 47620 is `4.76 %`.
pub fn percent(ppm: u32) -> String {
    let unit = third_digit(ppm);
    exact_percent((ppm + unit / 2) / unit * unit)
}

/// An upper bound in percent, rounded up to three significant digits: 72157 is `7.22 %`.
pub fn percent_at_most(ppm: u32) -> String {
    let unit = third_digit(ppm);
    exact_percent(ppm.div_ceil(unit) * unit)
}

/// The value of the third digit.
fn third_digit(ppm: u32) -> u32 {
    10_u32.pow(ppm.checked_ilog10().unwrap_or(0).saturating_sub(2))
}

/// A rate in percent, to the last digit: 5000 is `0.5 %`.
pub fn exact_percent(ppm: u32) -> String {
    let (whole, part) = (ppm / 10_000, ppm % 10_000);
    let digits = format!("{whole}.{part:04}");
    format!("{} %", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// What a threshold with this evidence promises of further good parts.
pub fn promise(evidence: &ThresholdEvidence) -> String {
    match *evidence {
        ThresholdEvidence::Calibrated { images, average_false_rejects_ppm, upper95_false_rejects_ppm, .. } => format!(
            "of further good parts {} are rejected on average, at most {} with 95 % confidence ({images} good images)",
            percent(average_false_rejects_ppm),
            percent_at_most(upper95_false_rejects_ppm),
        ),
        ThresholdEvidence::ByHand { trial: Some(trial) } => format!(
            "by hand; it rejects {} of {} good images: at most {} of further good parts with 95 % confidence, if it was \
             chosen without their scores",
            trial.rejected,
            trial.images,
            percent_at_most(trial.upper95_false_rejects_ppm),
        ),
        ThresholdEvidence::ByHand { trial: None } => {
            "by hand, not tried on good images: nothing is promised of good parts".into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_have_three_digits_and_bounds_are_rounded_up() {
        for (ppm, nearest, bound) in [
            (0, "0 %", "0 %"),
            (1, "0.0001 %", "0.0001 %"),
            (999, "0.0999 %", "0.0999 %"),
            (9_961, "0.996 %", "0.997 %"),
            (10_000, "1 %", "1 %"),
            (23_256, "2.33 %", "2.33 %"),
            (47_620, "4.76 %", "4.77 %"),
            (99_901, "9.99 %", "10 %"),
            (123_400, "12.3 %", "12.4 %"),
            (1_000_000, "100 %", "100 %"),
        ] {
            assert_eq!((&*percent(ppm), &*percent_at_most(ppm)), (nearest, bound));
        }
        for (ppm, text) in [(5_000, "0.5 %"), (9_961, "0.9961 %"), (1, "0.0001 %"), (500_000, "50 %"), (20_000, "2 %")]
        {
            assert_eq!(exact_percent(ppm), text);
        }
    }
}
