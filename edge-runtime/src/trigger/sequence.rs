//! Gaps in the kernel's numbers of a line's edges: the events in between were lost because nobody read them in time.

/// Watches the numbers of one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SequenceWatch {
    last: u32,
}

impl SequenceWatch {
    /// How many events are missing before the one with this number. The first number of a line is 1; after the
    /// greatest one comes 0.
    pub fn lost_before(&mut self, number: u32) -> u32 {
        number.wrapping_sub(std::mem::replace(&mut self.last, number)).wrapping_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_counted() {
        let mut watch = SequenceWatch::default();
        assert_eq!([1, 2, 5, 6].map(|number| watch.lost_before(number)), [0, 0, 2, 0]);
        assert_eq!(SequenceWatch::default().lost_before(3), 2);
        let mut watch = SequenceWatch { last: u32::MAX - 1 };
        assert_eq!([u32::MAX, 0, 2].map(|number| watch.lost_before(number)), [0, 0, 1]);
    }
}
