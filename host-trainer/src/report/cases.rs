//! Which images a report shows: every wrong verdict and every fault, and typical ones by a stated rule.
//!
//! Cases are indices into the judged images. Nothing here looks at a pixel.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::dataset::Label;
use crate::evaluation::Judged;

/// The most images shown of each kind of wrong verdict: a page of some hundred images of 128 x 128 pixels stays below
/// ten megabytes.
pub const MOST_SHOWN: usize = 50;

/// Images of one sort, the worst first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// To be shown, at most [`MOST_SHOWN`].
    pub shown: Vec<usize>,
    /// To be named only.
    pub named: Vec<usize>,
}

impl Listed {
    fn of(mut cases: Vec<usize>) -> Self {
        let named = cases.split_off(cases.len().min(MOST_SHOWN));
        Self { shown: cases, named }
    }

    /// How many there are in all.
    pub fn len(&self) -> usize {
        self.shown.len() + self.named.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Why an image is shown as a typical one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typical {
    /// The good part with the median score.
    GoodMedian,
    /// The good part that came closest to being rejected.
    GoodHighest,
    /// The part with the median score of this kind of defect.
    KindMedian(String),
    /// The defective part that came closest to passing.
    NarrowestReject,
}

impl Typical {
    /// For a person, without a full stop.
    pub fn text(&self) -> String {
        match self {
            Self::GoodMedian => "the median of the good parts".into(),
            Self::GoodHighest => "the highest score of a good part that passes".into(),
            Self::KindMedian(kind) => format!("the median of {kind}"),
            Self::NarrowestReject => "the lowest score of a defective part that is rejected".into(),
        }
    }
}

/// The rule behind [`Cases::typical`], for the reader of the page.
pub const TYPICAL_RULE: &str = "Of the good parts the one with the median score and the one with the highest score \
    that passes; of each kind of defect the one with the median score; of all defective parts the one with the lowest score \
    that is rejected. An image that is already shown above is not repeated.";

/// The images that a report shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cases {
    /// Defective parts that pass, the lowest score first.
    pub escapes: Listed,
    /// Good parts that are rejected by their score, the highest first.
    pub false_rejects: Listed,
    /// Images that could not be judged, in the order of the data set.
    pub faults: Listed,
    /// By [`TYPICAL_RULE`].
    pub typical: Vec<(usize, Typical)>,
}

impl Cases {
    /// Chooses among `judged`.
    pub fn of(judged: &[Judged]) -> Self {
        let good = |i: usize| judged[i].label == Label::Good;
        let score = |i: usize| judged[i].score;
        let all = || 0..judged.len();
        let scored = || all().filter(|&i| judged[i].fault.is_none() && judged[i].score.is_some());

        let mut escapes: Vec<usize> = scored().filter(|&i| !good(i) && !judged[i].rejected).collect();
        escapes.sort_by_key(|&i| score(i));
        let mut false_rejects: Vec<usize> = scored().filter(|&i| good(i) && judged[i].rejected).collect();
        false_rejects.sort_by_key(|&i| Reverse(score(i)));
        let faults = all().filter(|&i| judged[i].fault.is_some()).collect();

        let median = |mut class: Vec<usize>| {
            class.sort_by_key(|&i| score(i));
            class.get(class.len() / 2).copied()
        };
        let mut candidates = vec![
            (median(scored().filter(|&i| good(i)).collect()), Typical::GoodMedian),
            (scored().filter(|&i| good(i) && !judged[i].rejected).max_by_key(|&i| score(i)), Typical::GoodHighest),
        ];
        let kinds: BTreeSet<&str> = judged.iter().filter_map(|one| kind(&one.label)).collect();
        for name in kinds {
            let class = scored().filter(|&i| kind(&judged[i].label) == Some(name)).collect();
            candidates.push((median(class), Typical::KindMedian(name.to_owned())));
        }
        let narrowest = scored().filter(|&i| !good(i) && judged[i].rejected).min_by_key(|&i| score(i));
        candidates.push((narrowest, Typical::NarrowestReject));

        let mut cases = Self {
            escapes: Listed::of(escapes),
            false_rejects: Listed::of(false_rejects),
            faults: Listed::of(faults),
            typical: Vec::new(),
        };
        for (case, why) in candidates {
            if let Some(case) = case.filter(|&case| !cases.shows(case)) {
                cases.typical.push((case, why));
            }
        }
        cases
    }

    /// Whether the image has a place on the page.
    pub fn shows(&self, case: usize) -> bool {
        [&self.escapes, &self.false_rejects, &self.faults].iter().any(|listed| listed.shown.contains(&case))
            || self.typical.iter().any(|&(typical, _)| typical == case)
    }
}

fn kind(label: &Label) -> Option<&str> {
    match label {
        Label::Good => None,
        Label::Defective(kind) => Some(kind),
    }
}

#[cfg(test)]
mod tests {
    use shared::verdict::FaultReason;

    use super::*;
    use crate::report::testing::{fault, judged};

    #[test]
    fn every_wrong_verdict_is_shown_the_worst_first() {
        let all = [
            judged("good", 10, false),
            judged("good", 30, true),
            judged("good", 90, true),
            judged("chip", 20, false),
            judged("chip", 5, false),
            judged("crack", 60, true),
            fault("crack", FaultReason::FrameUnreadable),
            fault("good", FaultReason::FrameSize),
        ];
        let cases = Cases::of(&all);
        assert_eq!(cases.escapes.shown, [4, 3]);
        assert_eq!(cases.false_rejects.shown, [2, 1]);
        assert_eq!(cases.faults.shown, [6, 7]);
    }

    #[test]
    fn typical_ones_follow_the_rule_and_repeat_nothing() {
        let all = [
            judged("good", 10, false),
            judged("good", 12, false),
            judged("good", 14, false),
            judged("good", 99, true),
            judged("chip", 50, true),
            judged("chip", 60, true),
            judged("chip", 70, true),
            judged("crack", 40, true),
            judged("crack", 80, true),
            judged("stain", 5, false),
        ];
        let kind = |name: &str| Typical::KindMedian(name.into());
        let expected = [
            // 10, 12, 14, 99: the upper of the two in the middle, which is also the highest that passes.
            (2, Typical::GoodMedian),
            (5, kind("chip")),
            (8, kind("crack")),
            (7, Typical::NarrowestReject),
        ];
        assert_eq!(Cases::of(&all).typical, expected, "the median of stain is an escape and shown there");
    }

    #[test]
    fn hundreds_are_capped_and_the_rest_is_named() {
        let all: Vec<_> = (0..120).map(|score| judged("chip", score, false)).collect();
        let escapes = Cases::of(&all).escapes;
        assert_eq!(escapes.len(), 120);
        assert_eq!(escapes.shown, (0..MOST_SHOWN).collect::<Vec<_>>());
        assert_eq!(escapes.named, (MOST_SHOWN..120).collect::<Vec<_>>());
    }

    #[test]
    fn good_parts_alone_and_nothing_at_all() {
        let good = [judged("good", 3, false)];
        assert_eq!(Cases::of(&good).typical, [(0, Typical::GoodMedian)]);
        assert_eq!(Cases::of(&[]), Cases::default());
    }
}
