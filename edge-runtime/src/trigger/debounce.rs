//! Debouncing in software, for lines whose driver refuses to. Pure; microseconds.

/// Passes an edge on if the line was quiet for a while before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Debounce {
    quiet_us: u32,
    last_us: Option<u64>,
}

impl Debounce {
    /// Edges closer than `quiet_us` to the one before, passed on or not, are bounces. 0 passes all on.
    pub const fn new(quiet_us: u32) -> Self {
        Self { quiet_us, last_us: None }
    }

    /// Whether the edge at `at_us` is the first of its kind, and not a bounce.
    pub fn passes(&mut self, at_us: u64) -> bool {
        let last_us = self.last_us.replace(at_us);
        last_us.is_none_or(|last_us| at_us.saturating_sub(last_us) >= u64::from(self.quiet_us))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bounces_are_left_out() {
        let mut debounce = Debounce::new(100);
        let edges = [1000, 1010, 1099, 1150, 1250, 1349, 2000];
        assert_eq!(edges.map(|at_us| debounce.passes(at_us)), [true, false, false, false, true, false, true]);
        let mut debounce = Debounce::new(0);
        assert_eq!([5, 5, 6].map(|at_us| debounce.passes(at_us)), [true; 3]);
    }

    proptest! {
        #[test]
        fn an_edge_passes_if_and_only_if_it_follows_quiet(gaps in prop::collection::vec(0_u64..300, 1..50)) {
            let mut debounce = Debounce::new(100);
            let mut at_us = 0;
            for (index, gap) in gaps.into_iter().enumerate() {
                at_us += gap;
                prop_assert_eq!(debounce.passes(at_us), index == 0 || gap >= 100);
            }
        }
    }
}
