//! Scores of two classes, sorted into levels: what every ranking figure is computed from, whether its items are images
//! or pixels.
//!
//! Levels run from the highest score down. Rejecting "from a level on" rejects it and all before it. Items of one level
//! are tied; no figure may depend on their order.

/// How many items of each class share one score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Good images, or pixels outside of every defect.
    pub negatives: u64,
    /// Defective images, or pixels of defects.
    pub positives: u64,
}

/// Distinct scores from the highest down, and how many items of each class have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder<S> {
    scores: Vec<S>,
    levels: Vec<Level>,
}

impl<S: Ord + Copy> Ladder<S> {
    /// Sorts the scores of both classes into levels.
    pub fn new(negatives: &[S], positives: &[S]) -> Self {
        Self::with_rungs(negatives, positives, &[])
    }

    /// As [`new`](Self::new), with a level at each of `rungs` even if no item has that score.
    pub fn with_rungs(negatives: &[S], positives: &[S], rungs: &[S]) -> Self {
        let mut scores = [negatives, positives, rungs].concat();
        scores.sort_unstable_by(|a, b| b.cmp(a));
        scores.dedup();
        let mut ladder = Self { levels: vec![Level::default(); scores.len()], scores };
        for &score in negatives {
            let position = ladder.position(score);
            ladder.levels[position].negatives += 1;
        }
        for &score in positives {
            let position = ladder.position(score);
            ladder.levels[position].positives += 1;
        }
        ladder
    }

    /// The distinct scores, highest first.
    pub fn scores(&self) -> &[S] {
        &self.scores
    }

    /// The levels, highest score first.
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// How many levels lie above `score`: the index of its own level, if it has one.
    pub fn position(&self, score: S) -> usize {
        self.scores.partition_point(|&other| other > score)
    }
}

/// How many items of each class there are.
pub(super) fn totals(levels: &[Level]) -> Level {
    levels.iter().fold(Level::default(), |sum, level| Level {
        negatives: sum.negatives + level.negatives,
        positives: sum.positives + level.positives,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_run_from_the_highest_score_down() {
        let ladder = Ladder::with_rungs(&[1, 3, 3], &[3, 5], &[9, 3]);
        assert_eq!(ladder.scores(), [9, 5, 3, 1]);
        let counted: Vec<_> = ladder.levels().iter().map(|level| (level.negatives, level.positives)).collect();
        assert_eq!(counted, [(0, 0), (0, 1), (2, 1), (1, 0)]);
        assert_eq!([9, 5, 4, 3, 0].map(|score| ladder.position(score)), [0, 1, 2, 2, 4]);
        assert_eq!(totals(ladder.levels()), Level { negatives: 3, positives: 2 });
    }
}
