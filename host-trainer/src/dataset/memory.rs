//! A budget of memory, in bytes, that threads share: who needs some waits until it is free.

use std::sync::{Condvar, Mutex, PoisonError};

/// Bytes to share.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: u64,
    used: Mutex<u64>,
    freed: Condvar,
}

/// Bytes taken from a budget until this is dropped.
#[derive(Debug)]
pub(super) struct Reserved<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Budget {
    pub(super) fn new(bytes: u64) -> Self {
        Self { bytes, used: Mutex::new(0), freed: Condvar::new() }
    }

    /// Waits until `bytes` are free. More than the whole budget is given to one alone: it waits for all others.
    pub(super) fn reserve(&self, bytes: u64) -> Reserved<'_> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |used: &mut u64| *used > 0 && used.saturating_add(bytes) > self.bytes;
        let mut used = self.freed.wait_while(used, is_full).unwrap_or_else(PoisonError::into_inner);
        *used = used.saturating_add(bytes);
        Reserved { budget: self, bytes }
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        *self.budget.used.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.budget.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn threads_never_hold_more_than_the_budget_together() {
        let budget = Budget::new(100);
        let (held, most) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for thread in 0..8u64 {
                let (budget, held, most) = (&budget, &held, &most);
                scope.spawn(move || {
                    for turn in 0..200 {
                        let bytes = (thread * 31 + turn * 17) % 70;
                        let reserved = budget.reserve(bytes);
                        most.fetch_max(held.fetch_add(bytes, Ordering::SeqCst) + bytes, Ordering::SeqCst);
                        thread::yield_now();
                        held.fetch_sub(bytes, Ordering::SeqCst);
                        drop(reserved);
                    }
                });
            }
        });
        let most = most.into_inner();
        assert!(most <= 100, "{most}");
        assert_eq!(*budget.used.lock().unwrap(), 0);
    }

    #[test]
    fn more_than_the_budget_is_given_to_one_alone() {
        let budget = Budget::new(10);
        let all = budget.reserve(25);
        let (sender, receiver) = std::sync::mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                let _one = budget.reserve(1);
                sender.send(()).unwrap();
            });
            let patience = std::time::Duration::from_millis(50);
            assert!(receiver.recv_timeout(patience).is_err(), "it did not wait");
            drop(all);
            receiver.recv().unwrap();
        });
        drop(budget.reserve(u64::MAX));
    }
}
