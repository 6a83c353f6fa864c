//! From the driver's 32-bit frame counter, which wraps and starts again, to numbers that only grow. Frames are counted
//! from 1. It does not know when they were captured.

/// Extends a driver's counter to 64 bit.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    /// The last number given to anything: a frame or an attempt without one.
    last: u64,
    /// The driver's number of the last frame and what it became; none after a start.
    frame: Option<(u32, u64)>,
    lost: u64,
}

impl Sequence {
    /// The number of an attempt that gave no frame of its own.
    pub(super) fn attempt(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// The number of the frame that the driver calls `raw`.
    ///
    /// Frames that the driver left out leave a gap. A number that came before, or one from the past, becomes one that
    /// came before, so that the admission of frames refuses it.
    pub(super) fn frame(&mut self, raw: u32) -> u64 {
        let Some((before, number)) = self.frame else {
            let number = self.attempt();
            self.frame = Some((raw, number));
            return number;
        };
        let ahead = raw.wrapping_sub(before);
        if ahead == 0 || ahead > u32::MAX / 2 {
            return number.saturating_sub(u64::from(before.wrapping_sub(raw)));
        }
        self.lost += u64::from(ahead) - 1;
        self.last += u64::from(ahead);
        self.frame = Some((raw, self.last));
        self.last
    }

    /// The camera was opened again: its counter starts anywhere.
    pub(super) fn restart(&mut self) {
        self.frame = None;
    }

    /// Frames that the driver's numbers left out.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_count_from_one_wherever_the_driver_begins() {
        for first in [0, 1, 700, u32::MAX] {
            let mut sequence = Sequence::default();
            assert_eq!((sequence.frame(first), sequence.frame(first.wrapping_add(1))), (1, 2));
        }
    }

    #[test]
    fn gaps_stay_and_are_counted_also_over_the_wrap() {
        let mut sequence = Sequence::default();
        assert_eq!(sequence.frame(u32::MAX - 1), 1);
        assert_eq!(sequence.frame(2), 5);
        assert_eq!(sequence.lost(), 3);
        assert_eq!(sequence.frame(3), 6);
    }

    #[test]
    fn a_repeated_number_stays_repeated_also_after_attempts_without_a_frame() {
        let mut sequence = Sequence::default();
        assert_eq!((sequence.frame(4), sequence.frame(5)), (1, 2));
        assert_eq!(sequence.frame(5), 2);
        assert_eq!(sequence.attempt(), 3);
        assert_eq!(sequence.frame(5), 2);
        assert_eq!(sequence.frame(4), 1);
        assert_eq!(sequence.frame(0), 0);
        // The next one is beyond everything handed out.
        assert_eq!(sequence.frame(6), 4);
        assert_eq!(sequence.lost(), 0);
    }

    #[test]
    fn numbers_grow_over_a_reconnection() {
        let mut sequence = Sequence::default();
        assert_eq!(sequence.frame(1000), 1);
        assert_eq!(sequence.attempt(), 2);
        sequence.restart();
        assert_eq!((sequence.frame(0), sequence.frame(1)), (3, 4));
    }
}
