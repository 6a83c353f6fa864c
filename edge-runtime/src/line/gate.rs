//! What the inspection needs of the line: whose frame this is, and what becomes of a verdict.

use shared::verdict::Verdict;

use super::part::{Outcome, PartId};

/// Takes verdicts on parts.
pub trait Gate {
    /// The part that a frame captured at `captured_at_us` is of; `None` if it is of none, and need not be judged.
    fn part_for_frame(&mut self, captured_at_us: u64) -> Option<PartId>;

    /// Takes the verdict on a part.
    fn decide(&mut self, part: PartId, verdict: Verdict) -> Outcome;
}
