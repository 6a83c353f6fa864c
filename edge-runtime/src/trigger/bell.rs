//! Inputs of a station without pins: nothing but wake-up calls.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Input, InputError, Inputs, Wake};

/// A bell that one thread rings and another one waits for. Clones are the same bell.
#[derive(Clone, Debug, Default)]
pub struct Bell {
    shared: Arc<(Mutex<bool>, Condvar)>,
}

impl Bell {
    fn rung(&self) -> MutexGuard<'_, bool> {
        // A flag is never half changed.
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Bell {
    fn wake(&self) {
        *self.rung() = true;
        self.shared.1.notify_all();
    }
}

impl Inputs for Bell {
    fn wait(&mut self, timeout: Duration, _take: &mut dyn FnMut(Input)) -> Result<(), InputError> {
        let waited = self.shared.1.wait_timeout_while(self.rung(), timeout, |rung| !*rung);
        let (mut rung, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *rung = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_ends_the_wait_of_another_thread_or_the_next_one() {
        let bell = Bell::default();
        let far = Duration::from_secs(600);
        bell.wake();
        bell.clone().wait(far, &mut |_| unreachable!()).unwrap();
        let mut waiting = bell.clone();
        let thread = std::thread::spawn(move || waiting.wait(far, &mut |_| unreachable!()).unwrap());
        bell.wake();
        thread.join().unwrap();
        // It rings once only.
        bell.clone().wait(Duration::from_millis(1), &mut |_| unreachable!()).unwrap();
    }
}
