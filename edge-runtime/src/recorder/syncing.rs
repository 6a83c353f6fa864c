//! Brings what was written to the disk within about a second of the write, on a thread of its own, so that a slow disk
//! does not hold up whoever writes. A loss of power costs at most what that second held.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// From the first write to the call that brings it to the disk.
const DELAY: Duration = Duration::from_secs(1);

/// Files that can wait; a file that finds no place asks again at its next write.
const WAITING: usize = 4;

/// Whether a file waits to be brought to the disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Unsynced(Arc<AtomicBool>);

/// Hands files to the thread. The thread ends after this is dropped.
#[derive(Debug)]
pub(super) struct Syncer {
    sender: Option<SyncSender<(File, Unsynced)>>,
}

impl Syncer {
    /// Without a thread, if there can be none, the operating system's own interval has to do.
    pub(super) fn start() -> Self {
        let (sender, receiver) = sync_channel::<(File, Unsynced)>(WAITING);
        let work = move || {
            for (file, unsynced) in receiver {
                thread::sleep(DELAY);
                // Before the call, so that a write during it is brought to the disk by the next one.
                unsynced.0.store(false, Ordering::Release);
                // A disk that cannot do this fails a write soon.
                let _ = file.sync_data();
            }
        };
        let thread = thread::Builder::new().name("sync".to_owned()).spawn(work);
        Self { sender: thread.ok().map(|_| sender) }
    }

    /// Something was written to `file`. Does not block; allocates nothing.
    pub(super) fn wrote(&self, file: &File, unsynced: &Unsynced) {
        let Some(sender) = &self.sender else { return };
        if unsynced.0.swap(true, Ordering::AcqRel) {
            return;
        }
        let sent = file.try_clone().ok().is_some_and(|copy| sender.try_send((copy, unsynced.clone())).is_ok());
        if !sent {
            unsynced.0.store(false, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_file_is_synced_once_for_all_its_writes() {
        let syncer = Syncer::start();
        let (file, unsynced) = (tempfile::tempfile().unwrap(), Unsynced::default());
        syncer.wrote(&file, &unsynced);
        syncer.wrote(&file, &unsynced);
        assert!(unsynced.0.load(Ordering::Acquire));
        for _ in 0..100 {
            thread::sleep(Duration::from_millis(50));
            if !unsynced.0.load(Ordering::Acquire) {
                return;
            }
        }
        panic!("the file still waits after five seconds");
    }
}
