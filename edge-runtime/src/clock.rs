//! The clock of the station: microseconds that only grow. This is the only file that reads one; everything else is
//! handed a [`Clock`] or a number. The calendar is for what people read, and decides nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

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

/// The operating system's monotonic clock. On a station (Linux) this is `CLOCK_MONOTONIC` itself, counted from boot, so
/// that its readings compare with the time stamps that the kernel puts on camera frames and on edges of GPIO lines; it
/// stands still while the machine sleeps. Elsewhere it counts from the first reading in the process. All values read
/// the same clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct MonotonicClock;

impl MonotonicClock {
    /// The clock; nothing is started.
    pub const fn new() -> Self {
        Self
    }
}

impl Clock for MonotonicClock {
    #[cfg(all(feature = "station", target_os = "linux"))]
    fn now_us(&self) -> u64 {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        // Time since boot is not negative.
        micros(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() / 1000)
    }

    #[cfg(not(all(feature = "station", target_os = "linux")))]
    fn now_us(&self) -> u64 {
        use std::sync::OnceLock;
        use std::time::Instant;

        static ORIGIN: OnceLock<Instant> = OnceLock::new();
        let elapsed = ORIGIN.get_or_init(Instant::now).elapsed();
        micros(elapsed.as_secs(), elapsed.subsec_micros().into())
    }
}

/// The date and the minute in UTC by the machine's calendar clock, which may be wrong: `2026-03-01 14:05 UTC`.
pub fn utc_now() -> String {
    utc(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn utc(since_1970: Duration) -> String {
    let (days, minute) = (since_1970.as_secs() / 86_400, since_1970.as_secs() / 60 % 1440);
    // Of the Gregorian calendar's eras of 400 years from 1 March 0000 (Hinnant 2013, civil_from_days).
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = 400 * era + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", minute / 60, minute % 60)
}

/// A time stamp in microseconds. 2^64 of them are more than half a million years.
pub(crate) fn micros(seconds: u64, micros: u64) -> u64 {
    seconds.saturating_mul(1_000_000).saturating_add(micros)
}

/// Whole microseconds between two readings as the record stores them, at most `u32::MAX` (71 minutes).
pub(crate) fn micros_between(from_us: u64, to_us: u64) -> u32 {
    u32::try_from(to_us.saturating_sub(from_us)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_values_read_one_clock_and_time_does_not_run_back() {
        let before = MonotonicClock::new().now_us();
        std::thread::sleep(std::time::Duration::from_millis(2));
        let after = MonotonicClock::new().now_us();
        assert!((before + 2_000..before + 60_000_000).contains(&after), "{before} {after}");
    }

    /// What the kernel stamps frames and edges with.
    #[cfg(all(feature = "station", target_os = "linux"))]
    #[test]
    fn the_station_reads_the_kernels_monotonic_clock() {
        let kernel = || {
            let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
            u64::try_from(i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1000).unwrap()
        };
        let before = kernel();
        let now = MonotonicClock::new().now_us();
        assert!((before..=kernel()).contains(&now));
    }

    /// `date -u -d @SECONDS '+%F %R UTC'`.
    #[test]
    fn the_calendar_is_that_of_the_date_command() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_399, "2000-02-28 23:59 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (1_709_251_199, "2024-02-29 23:59 UTC"),
            (1_767_225_599, "2025-12-31 23:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(utc(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn time_stamps_saturate() {
        assert_eq!(micros(3, 7), 3_000_007);
        assert_eq!(micros(u64::MAX, 7), u64::MAX);
    }

    #[test]
    fn a_span_saturates_at_both_ends() {
        assert_eq!(micros_between(10, 25), 15);
        assert_eq!(micros_between(25, 10), 0);
        assert_eq!(micros_between(0, u64::MAX), u32::MAX);
    }
}
