//! What the service manager is told: ready, state, stopping, and that the inspection goes on. The watchdog is fed by
//! progress alone: a program that runs while its inspection hangs is fed no more, and is restarted. Times are in
//! microseconds of the station's clock. Without a service manager nothing is sent.

use std::io;
use std::time::Duration;

use sd_notify::NotifyState;

/// Whether the inspection goes on.
#[derive(Debug, Clone)]
pub struct Progress {
    stall_us: u64,
    count: u64,
    grew_at_us: u64,
}

impl Progress {
    /// The inspection counts as going on for `stall_us` after the start and after each progress.
    pub const fn new(stall_us: u64, now_us: u64) -> Self {
        Self { stall_us, count: 0, grew_at_us: now_us }
    }

    /// `count` is the number of inspections, attempts to capture and golden frames of a self-test that are over. An attempt that
    /// found no camera is progress; one that does not end is not.
    pub fn goes_on(&mut self, count: u64, now_us: u64) -> bool {
        if count > self.count {
            self.count = count;
            self.grew_at_us = now_us;
        }
        now_us.saturating_sub(self.grew_at_us) <= self.stall_us
    }
}

/// Where notifications go.
pub trait Notify {
    /// Sends them, in one message.
    ///
    /// # Errors
    ///
    /// What the socket says.
    fn notify(&mut self, states: &[NotifyState<'_>]) -> io::Result<()>;
}

/// systemd, if it started this process and asked for notifications (`NOTIFY_SOCKET`); else nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Systemd;

impl Notify for Systemd {
    fn notify(&mut self, states: &[NotifyState<'_>]) -> io::Result<()> {
        sd_notify::notify(states)
    }
}

/// Tells the service manager that the start goes on and that its next step takes at most `limit` (a little more than an
/// hour is the most that can be told). Without this a start that takes longer than the unit allows is ended.
///
/// # Errors
///
/// What the socket says.
pub fn start_goes_on(notify: &mut impl Notify, limit: Duration) -> io::Result<()> {
    notify.notify(&[NotifyState::ExtendTimeoutUsec(u32::try_from(limit.as_micros()).unwrap_or(u32::MAX))])
}

/// How often the service manager's watchdog has to be fed at the most, in microseconds (`WATCHDOG_USEC`); none if it
/// does not watch this process.
pub fn watchdog_us() -> Option<u64> {
    sd_notify::watchdog_enabled().map(|interval| u64::try_from(interval.as_micros()).unwrap_or(u64::MAX))
}

/// Tells the service manager.
#[derive(Debug)]
pub struct Supervisor<N> {
    notify: N,
    progress: Progress,
    watched: bool,
    fed: u64,
    stalled: bool,
}

impl<N: Notify> Supervisor<N> {
    /// `watched`: whether there is a watchdog to feed, as [`watchdog_us`] tells.
    pub fn new(notify: N, progress: Progress, watched: bool) -> Self {
        Self { notify, progress, watched, fed: 0, stalled: false }
    }

    /// The station takes parts for the first time: the service has started.
    ///
    /// # Errors
    ///
    /// What the socket says.
    pub fn ready(&mut self, status: &str) -> io::Result<()> {
        self.notify.notify(&[NotifyState::Ready, NotifyState::Status(status)])
    }

    /// One line on the state of the station, for `systemctl status`.
    ///
    /// # Errors
    ///
    /// What the socket says.
    pub fn status(&mut self, status: &str) -> io::Result<()> {
        self.notify.notify(&[NotifyState::Status(status)])
    }

    /// The station stops by itself.
    ///
    /// # Errors
    ///
    /// What the socket says.
    pub fn stopping(&mut self) -> io::Result<()> {
        self.notify.notify(&[NotifyState::Stopping])
    }

    /// Feeds the watchdog if the inspection goes on (`count` as in [`Progress::goes_on`]) and tells whether it does.
    /// To be called several times in each interval of the watchdog.
    ///
    /// # Errors
    ///
    /// What the socket says.
    pub fn tick(&mut self, count: u64, now_us: u64) -> io::Result<bool> {
        self.stalled = !self.progress.goes_on(count, now_us);
        if self.watched && !self.stalled {
            self.notify.notify(&[NotifyState::Watchdog])?;
            self.fed += 1;
        }
        Ok(!self.stalled)
    }

    /// How often the watchdog was fed.
    pub fn fed(&self) -> u64 {
        self.fed
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Keeps what is sent.
    #[derive(Debug, Default)]
    struct Sent(Vec<String>);

    impl Notify for &mut Sent {
        fn notify(&mut self, states: &[NotifyState<'_>]) -> io::Result<()> {
            self.0.push(states.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ").replace('\n', " "));
            Ok(())
        }
    }

    #[test]
    fn only_progress_feeds_the_watchdog() {
        let mut sent = Sent::default();
        let mut supervisor = Supervisor::new(&mut sent, Progress::new(2000, 10_000), true);
        // The first inspection may take a while.
        assert!(supervisor.tick(0, 12_000).unwrap());
        assert!(!supervisor.tick(0, 12_001).unwrap());
        // One inspection, then inference hangs.
        assert!(supervisor.tick(1, 20_000).unwrap());
        assert!(supervisor.tick(1, 22_000).unwrap());
        assert!(!supervisor.tick(1, 22_001).unwrap());
        assert!(!supervisor.tick(1, u64::MAX).unwrap());
        assert_eq!(supervisor.fed(), 3);
        assert!(sent.0.iter().all(|state| state.trim() == "WATCHDOG=1"), "{sent:?}");
        assert_eq!(sent.0.len(), 3);
    }

    #[test]
    fn a_process_that_is_not_watched_sends_its_state_only() {
        let mut sent = Sent::default();
        let mut supervisor = Supervisor::new(&mut sent, Progress::new(2000, 0), false);
        supervisor.ready("ready").unwrap();
        assert!(supervisor.tick(5, 1).unwrap());
        supervisor.status("faulted: queue_full").unwrap();
        supervisor.stopping().unwrap();
        assert_eq!(supervisor.fed(), 0);
        let sent: Vec<_> = sent.0.iter().map(|state| state.trim()).collect();
        assert_eq!(sent[0].split_whitespace().collect::<Vec<_>>(), ["READY=1", "STATUS=ready"]);
        assert_eq!(&sent[1..], ["STATUS=faulted: queue_full", "STOPPING=1"]);
    }

    #[test]
    fn a_step_of_the_start_is_told_with_its_limit() {
        let mut sent = Sent::default();
        start_goes_on(&mut &mut sent, Duration::from_millis(1500)).unwrap();
        start_goes_on(&mut &mut sent, Duration::from_secs(5000)).unwrap();
        let sent: Vec<_> = sent.0.iter().map(|state| state.trim()).collect();
        assert_eq!(sent, ["EXTEND_TIMEOUT_USEC=1500000", "EXTEND_TIMEOUT_USEC=4294967295"]);
    }

    proptest! {
        /// Whatever the ticks, it goes on if and only if some progress is at most the stall time old.
        #[test]
        fn the_rule_is_that_of_its_definition(steps in proptest::collection::vec((0..3_u64, 0..1000_u64), 1..50)) {
            let mut progress = Progress::new(1500, 0);
            let (mut now, mut count, mut last) = (0, 0, 0);
            for (more, later) in steps {
                now += later;
                count += more;
                if more > 0 {
                    last = now;
                }
                prop_assert_eq!(progress.goes_on(count, now), now - last <= 1500);
            }
        }
    }
}
