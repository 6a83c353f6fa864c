//! Connected regions of a mask: defective pixels that touch at a side or a corner (8 neighbours) are one region, as in
//! the evaluation code of Bergmann et al. 2021.
//!
//! Kept as runs, so that memory follows the outlines of the defects, not the pixels of the mask.

use std::ops::Range;

/// Neighbouring defective pixels of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first column.
    pub start: usize,
    /// The column after the last.
    pub end: usize,
    /// The region it belongs to, below [`Regions::count`].
    pub region: usize,
}

/// The regions of one mask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Regions {
    runs: Vec<Run>,
    rows: Vec<Range<usize>>,
    areas: Vec<u64>,
}

impl Regions {
    /// Finds the regions of a mask, given row by row; `true` is defective.
    pub fn of(mask: &[bool], width: usize) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        let mut rows = Vec::new();
        let mut parents: Vec<usize> = Vec::new();
        let mut above = 0..0;
        for row in mask.chunks_exact(width.max(1)) {
            let begin = runs.len();
            let mut x = 0;
            while let Some(start) = row[x..].iter().position(|&defective| defective).map(|step| x + step) {
                let end = row[start..].iter().position(|&defective| !defective).map_or(width, |step| start + step);
                let region = parents.len();
                parents.push(region);
                // A run above touches this one also where it ends a column before or starts at the column after.
                let touching = |run: &Run| run.start <= end && run.end >= start;
                for run in runs[above.clone()].iter().filter(|run| touching(run)) {
                    join(&mut parents, run.region, region);
                }
                runs.push(Run { start, end, region });
                x = end;
            }
            above = begin..runs.len();
            rows.push(above.clone());
        }
        let mut numbers = vec![usize::MAX; parents.len()];
        let mut areas: Vec<u64> = Vec::new();
        for run in &mut runs {
            let root = root(&mut parents, run.region);
            if numbers[root] == usize::MAX {
                numbers[root] = areas.len();
                areas.push(0);
            }
            run.region = numbers[root];
            areas[run.region] += (run.end - run.start) as u64;
        }
        Self { runs, rows, areas }
    }

    /// How many regions there are.
    pub fn count(&self) -> usize {
        self.areas.len()
    }

    /// The pixels of each region.
    pub fn areas(&self) -> &[u64] {
        &self.areas
    }

    /// The runs of row `y`, from left to right; none beyond the mask.
    pub fn row(&self, y: usize) -> &[Run] {
        self.rows.get(y).map_or(&[], |range| &self.runs[range.clone()])
    }
}

fn root(parents: &mut [usize], mut node: usize) -> usize {
    while parents[node] != node {
        parents[node] = parents[parents[node]];
        node = parents[node];
    }
    node
}

/// The older root stays, so that paths are short and numbers follow the order of the runs.
fn join(parents: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(parents, a), root(parents, b));
    parents[a.max(b)] = a.min(b);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn regions(rows: &[&str]) -> Regions {
        let mask: Vec<bool> = rows.concat().bytes().map(|pixel| pixel == b'#').collect();
        Regions::of(&mask, rows[0].len())
    }

    #[test]
    fn corners_connect() {
        assert_eq!(regions(&["#..", ".#.", "..#"]).areas(), [3]);
        assert_eq!(regions(&["..#", ".#.", "#.."]).areas(), [3]);
        assert_eq!(regions(&["#.#", "...", "#.#"]).areas(), [1, 1, 1, 1]);
    }

    #[test]
    fn arms_that_meet_late_are_one_region() {
        let found = regions(&["#.#.#.##", "#.#.#...", "###.#.##", "...#####"]);
        assert_eq!(found.areas(), [17, 2]);
        assert_eq!(found.row(0).iter().map(|run| run.region).collect::<Vec<_>>(), [0, 0, 0, 1]);
        assert_eq!(found.row(3), [Run { start: 3, end: 8, region: 0 }]);
        assert_eq!(found.row(4), []);
    }

    #[test]
    fn nothing_and_everything() {
        assert_eq!(regions(&["...", "..."]).count(), 0);
        assert_eq!(regions(&["###", "###"]).areas(), [6]);
        assert_eq!(Regions::of(&[], 0), Regions::default());
    }

    /// Pixel by pixel, from each one that is not yet numbered.
    fn flood(mask: &[bool], width: usize) -> Vec<u64> {
        let (mut seen, mut areas) = (vec![false; mask.len()], Vec::new());
        for first in 0..mask.len() {
            let (mut open, mut area) = (vec![first], 0);
            while let Some(pixel) = open.pop() {
                if !mask[pixel] || std::mem::replace(&mut seen[pixel], true) {
                    continue;
                }
                area += 1;
                let (x, y) = ((pixel % width) as i64, (pixel / width) as i64);
                for (u, v) in (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (x + dx, y + dy))) {
                    if (0..width as i64).contains(&u) && (0..(mask.len() / width) as i64).contains(&v) {
                        open.push(v as usize * width + u as usize);
                    }
                }
            }
            if area > 0 {
                areas.push(area);
            }
        }
        areas
    }

    proptest! {
        #[test]
        fn as_flooding_finds_them(
            (width, mask) in (1usize..20).prop_flat_map(|width| {
                let rows = proptest::collection::vec(proptest::collection::vec(any::<bool>(), width), 1..20);
                (Just(width), rows.prop_map(|rows| rows.concat()))
            }),
        ) {
            let found = Regions::of(&mask, width);
            prop_assert_eq!(found.areas(), flood(&mask, width));
            for (y, row) in mask.chunks_exact(width).enumerate() {
                let marked = |x: usize| found.row(y).iter().any(|run| (run.start..run.end).contains(&x));
                prop_assert!((0..width).all(|x| marked(x) == row[x]));
            }
        }
    }
}
