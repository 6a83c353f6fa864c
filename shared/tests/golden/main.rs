//! The golden set on this processor: every row of `scores.tsv` to the last bit, and the scores near the float64 numbers
//! of `reference.tsv`.
//!
//! `GOLDEN_BLESS=1 cargo test -p shared --test golden` writes `scores.tsv` anew, unless a score is off its reference.

mod set;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use set::{MAP, MASK, Memory, PIXELS, RESIDUALS, Row, SCRATCH};
use shared::score::Score;

const SCORES: &str = include_str!("scores.tsv");
const REFERENCE: &str = include_str!("reference.tsv");

const HEADER: &str = "\
# subject\twhat\tchecksum\tvalue
# Written by GOLDEN_BLESS=1 cargo test -p shared --test golden; set/mod.rs says what the columns are.
";

/// How far a score may be from its reference, as a fraction of 1.0.
const TOLERANCE: f64 = 1e-5;

/// The rows as a file, in the order in which they are computed.
fn computed() -> String {
    let mut text = HEADER.to_owned();
    let memory = &mut Memory {
        a: &mut boxed::<u8, PIXELS>(),
        b: &mut boxed::<u8, PIXELS>(),
        residuals: &mut boxed::<u8, RESIDUALS>(),
        mask: &mut boxed::<u8, MASK>(),
        map: &mut boxed::<u32, MAP>(),
        smoothed: &mut boxed::<u32, MAP>(),
        scratch: &mut boxed::<u32, SCRATCH>(),
    };
    set::compute(memory, |Row { subject, what, checksum, value }| {
        writeln!(text, "{subject}\t{what}\t{checksum:08x}\t{value}").unwrap();
    });
    text
}

/// An array on the heap: all of them together are too long for the stack of a test.
fn boxed<T: Copy + Default, const N: usize>() -> Box<[T; N]> {
    vec![T::default(); N].try_into().unwrap_or_else(|_| unreachable!("a vector of this length"))
}

/// Compares images with the reference exactly, and scores within the tolerance.
fn compare_with_reference(text: &str) {
    let rows: BTreeMap<_, _> = set::parse(text).map(|row| ((row.subject, row.what), row)).collect();
    let mut scores = 0;
    for line in REFERENCE.lines().filter(|line| !line.starts_with('#')) {
        let [subject, what, checksum, value] = line.split('\t').collect::<Vec<_>>().try_into().expect(line);
        let row = rows.get(&(subject, what)).unwrap_or_else(|| panic!("{subject} {what} is not computed"));
        if checksum == "-" {
            let (found, expected) = (row.value as f64 / f64::from(Score::ONE), value.parse::<f64>().unwrap());
            let error = (found - expected).abs();
            assert!(error <= TOLERANCE, "{subject} {what}: found {found}, expected {expected}, off by {error:e}");
            scores += 1;
        } else {
            let found = (format!("{:08x}", row.checksum), row.value.to_string());
            assert_eq!(found, (checksum.to_owned(), value.to_owned()), "{subject} {what} is another image");
        }
    }
    let expected = rows.keys().filter(|(_, what)| what.contains("mean")).count();
    assert!(expected > 0 && scores >= expected, "found {scores} references, expected one for each of {expected} means");
}

#[test]
fn integers_are_the_golden_ones() {
    let text = computed();
    compare_with_reference(&text);
    if std::env::var_os("GOLDEN_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/scores.tsv"), &text).unwrap();
        return;
    }
    for (found, expected) in set::parse(&text).zip(set::parse(SCORES)) {
        assert_eq!(found, expected);
    }
    assert!(text == SCORES, "found {} lines, expected {}", text.lines().count(), SCORES.lines().count());
}
