//! Debouncing in software, for lines that the kernel does not debounce. As the kernel does it: a change of the level
//! counts once the line has been steady for a while, and is stamped with that moment. Pure; microseconds.

/// A change of the level that lasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steady {
    /// When the line had been steady for long enough.
    pub at_us: u64,
    /// The level it has since.
    pub is_high: bool,
}

/// Holds an edge back until the line is steady. Needs the edges of both kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Debounce {
    steady_us: u32,
    /// The last level that lasted.
    is_high: bool,
    /// The last edge, and the level after it, if it is not known yet whether that lasts.
    pending: Option<(u64, bool)>,
}

impl Debounce {
    /// A level lasts if it is held for `steady_us`. `is_high` is the level that the line has at the start.
    pub const fn new(steady_us: u32, is_high: bool) -> Self {
        Self { steady_us, is_high, pending: None }
    }

    /// The line changed at `at_us` to `is_high`. Gives the change before it, if that had lasted by then.
    pub fn edge(&mut self, at_us: u64, is_high: bool) -> Option<Steady> {
        let before = self.take_due(at_us);
        self.pending = Some((at_us, is_high));
        before
    }

    /// Gives the change that has lasted at `now_us`, where `is_high` is the level that the line has now. A level other
    /// than after the last edge means that an edge has yet to be read, or was lost: the time begins anew.
    pub fn settle(&mut self, now_us: u64, is_high: bool) -> Option<Steady> {
        match self.pending {
            Some((_, after)) if after != is_high => {
                self.pending = Some((now_us, is_high));
                None
            }
            _ => self.take_due(now_us),
        }
    }

    /// When [`settle`](Self::settle) has to be called, if it has to be.
    pub fn due_us(&self) -> Option<u64> {
        self.pending.map(|(at_us, _)| at_us.saturating_add(u64::from(self.steady_us)))
    }

    fn take_due(&mut self, now_us: u64) -> Option<Steady> {
        let at_us = self.due_us().filter(|&due_us| due_us <= now_us)?;
        let (_, is_high) = self.pending.take()?;
        let changed = std::mem::replace(&mut self.is_high, is_high) != is_high;
        changed.then_some(Steady { at_us, is_high })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn steady(at_us: u64, is_high: bool) -> Option<Steady> {
        Some(Steady { at_us, is_high })
    }

    #[test]
    fn a_bouncing_contact_counts_once_and_only_when_it_is_steady() {
        let mut debounce = Debounce::new(100, false);
        for (at_us, is_high) in [(1000, true), (1010, false), (1030, true), (1090, false), (1120, true)] {
            assert_eq!(debounce.edge(at_us, is_high), None);
        }
        assert_eq!(debounce.due_us(), Some(1220));
        assert_eq!(debounce.settle(1219, true), None);
        assert_eq!(debounce.settle(1220, true), steady(1220, true));
        assert_eq!((debounce.settle(9000, true), debounce.due_us()), (None, None));
        // The way back, read late: the next edge tells that it had lasted.
        assert_eq!(debounce.edge(10_000, false), None);
        assert_eq!(debounce.edge(10_500, true), steady(10_100, false));
    }

    #[test]
    fn a_disturbance_that_does_not_last_counts_as_nothing() {
        let mut debounce = Debounce::new(100, false);
        assert_eq!(debounce.edge(1000, true), None);
        assert_eq!(debounce.edge(1099, false), None);
        assert_eq!(debounce.settle(5000, false), None);
        assert_eq!(debounce.due_us(), None);
    }

    #[test]
    fn an_edge_that_was_not_read_yet_holds_the_line_back() {
        let mut debounce = Debounce::new(100, false);
        assert_eq!(debounce.edge(1000, true), None);
        assert_eq!(debounce.settle(1100, false), None);
        assert_eq!(debounce.due_us(), Some(1200));
        assert_eq!(debounce.settle(1200, false), None);
        assert_eq!(debounce.due_us(), None);
    }

    proptest! {
        /// Looked at in every microsecond, a change is given if and only if the line was held for so long, at that time.
        #[test]
        fn the_rule_is_that_of_its_definition(gaps in prop::collection::vec(1_u64..150, 1..60), look in any::<bool>()) {
            const STEADY_US: u64 = 50;
            let edges: Vec<(u64, bool)> = gaps.iter().scan((0, false), |(at_us, is_high), gap| {
                (*at_us, *is_high) = (*at_us + gap, !*is_high);
                Some((*at_us, *is_high))
            }).collect();
            let mut expected = Vec::new();
            let mut last = false;
            for (index, &(at_us, is_high)) in edges.iter().enumerate() {
                let held = edges.get(index + 1).is_none_or(|next| next.0 - at_us >= STEADY_US);
                if held && is_high != last {
                    last = is_high;
                    expected.push(Steady { at_us: at_us + STEADY_US, is_high });
                }
            }
            let mut debounce = Debounce::new(STEADY_US as u32, false);
            let (mut found, mut level, mut next) = (Vec::new(), false, 0);
            for now_us in 0..=edges[edges.len() - 1].0 + STEADY_US {
                while next < edges.len() && edges[next].0 == now_us {
                    level = edges[next].1;
                    found.extend(debounce.edge(now_us, level));
                    next += 1;
                }
                if look {
                    found.extend(debounce.settle(now_us, level));
                }
            }
            found.extend(debounce.settle(u64::MAX, level));
            prop_assert_eq!(found, expected);
        }
    }
}
