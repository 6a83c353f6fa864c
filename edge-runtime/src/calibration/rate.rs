//! A false-reject rate that somebody wants, read exactly: `0.7%` is 7,000 parts per million, not the nearest float.
//!
//! It does not know whether it can be had.

use std::fmt;
use std::str::FromStr;

use super::words::exact_percent;

/// One million parts per million: every part.
pub(super) const MILLION: u64 = 1_000_000;

/// A false-reject rate to aim at: 1 to 999,999 parts per million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TargetRate(pub(super) u32);

/// A text that is no target rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetRateError {
    /// Neither a percentage nor a fraction.
    #[error("{0:?} is no rate; write a percentage such as 1% or a fraction such as 0.01")]
    NotARate(String),
    /// Nothing can promise that.
    #[error("{0} cannot be reached with any number of images; expected a rate above 0, such as 0.1%")]
    Zero(String),
    /// 100 % or more.
    #[error("{0} means every good part or more; write a percentage such as 1% or a fraction such as 0.01")]
    All(String),
    /// More digits than are kept.
    #[error("{0} is finer than one part in a million (0.0001%); round it")]
    TooFine(String),
}

impl FromStr for TargetRate {
    type Err = TargetRateError;

    /// Reads `1%`, `0.5 %` or `0.01`.
    fn from_str(text: &str) -> Result<Self, TargetRateError> {
        let text = text.trim();
        let error = |kind: fn(String) -> TargetRateError| Err(kind(text.to_owned()));
        let (digits, decimals) = match text.strip_suffix('%') {
            Some(percentage) => (percentage.trim_end(), 4),
            None => (text, 6),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let only_digits = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if !only_digits(whole) || !only_digits(part) || (whole.is_empty() && part.is_empty()) {
            return error(TargetRateError::NotARate);
        }
        let part = part.trim_end_matches('0');
        if part.len() > decimals {
            return error(TargetRateError::TooFine);
        }
        // Too many digits for an integer are a number that is too large.
        let ppm = format!("{whole}{part:0<decimals$}").parse().unwrap_or(u64::MAX);
        match ppm {
            0 => error(TargetRateError::Zero),
            MILLION.. => error(TargetRateError::All),
            _ => Ok(Self(ppm as u32)),
        }
    }
}

impl TargetRate {
    /// Parts per million.
    pub fn ppm(self) -> u32 {
        self.0
    }
}

impl fmt::Display for TargetRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&exact_percent(self.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(text: &str) -> TargetRate {
        text.parse().unwrap()
    }

    #[test]
    fn percentages_and_fractions_are_read_exactly() {
        for (text, ppm) in [
            ("1%", 10_000),
            ("1 %", 10_000),
            ("0.01", 10_000),
            (".01", 10_000),
            ("0.7%", 7_000),
            ("0.0001%", 1),
            ("0.000001", 1),
            ("99.9999%", 999_999),
            ("00.50000000%", 5_000),
            ("5.", 0),
        ] {
            assert_eq!(text.parse::<TargetRate>().map_or(0, TargetRate::ppm), ppm, "{text}");
        }
        assert_eq!(rate("0.25%").to_string(), "0.25 %");
        let error = |text: &str| text.parse::<TargetRate>().unwrap_err();
        for text in ["", "%", ".", "-1%", "1e-2", "nan", "0,5%", "1%%", "+1%", "one"] {
            assert_eq!(error(text), TargetRateError::NotARate(text.into()));
        }
        assert_eq!(error("0%"), TargetRateError::Zero("0%".into()));
        for text in ["1", "100%", "5", "99999999999999999999999%"] {
            assert_eq!(error(text), TargetRateError::All(text.into()));
        }
        assert_eq!(error("0.00005%"), TargetRateError::TooFine("0.00005%".into()));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9.% -]{0,12}") {
            let _ = text.parse::<TargetRate>();
        }
    }
}
