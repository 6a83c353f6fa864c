//! The clock of the station: microseconds that only grow. This is the only file that reads one; everything else is
//! handed a [`Clock`] or a number.

use std::time::Instant;

/// A source of monotonic time.
pub trait Clock {
    /// Microseconds since an origin that stays the same as long as the process runs. Never decreases.
    fn now_us(&self) -> u64;
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now_us(&self) -> u64 {
        (**self).now_us()
    }
}

/// The operating system's monotonic clock, counted from the moment the value was made. Copies share that origin, so
/// frames stamped by one copy can be compared with the time another one reads.
#[derive(Debug, Clone, Copy)]
pub struct MonotonicClock {
    origin: Instant,
}

impl MonotonicClock {
    /// Starts counting now.
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for MonotonicClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for MonotonicClock {
    fn now_us(&self) -> u64 {
        // 2^64 microseconds are more than half a million years.
        u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// Whole microseconds between two readings as the record stores them, at most `u32::MAX` (71 minutes).
pub(crate) fn micros_between(from_us: u64, to_us: u64) -> u32 {
    u32::try_from(to_us.saturating_sub(from_us)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_share_their_origin_and_time_does_not_run_back() {
        let clock = MonotonicClock::new();
        let copy = clock;
        let before = clock.now_us();
        let after = copy.now_us();
        assert!(after >= before);
    }

    #[test]
    fn a_span_saturates_at_both_ends() {
        assert_eq!(micros_between(10, 25), 15);
        assert_eq!(micros_between(25, 10), 0);
        assert_eq!(micros_between(0, u64::MAX), u32::MAX);
    }
}
