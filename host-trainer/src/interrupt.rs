//! Ctrl-C, and what a service manager sends: while something listens, the first one asks it to end cleanly, and the
//! second ends the program at once. While nothing listens, the first one does.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static LISTENING: AtomicBool = AtomicBool::new(false);
static REQUESTED: AtomicBool = AtomicBool::new(false);
static HANDLER: Once = Once::new();

/// What a shell reports of a program that was interrupted.
const INTERRUPTED: i32 = 130;

/// Interruptions are requests while this lives.
#[derive(Debug)]
pub struct Listener(());

impl Listener {
    /// Starts to listen. One at a time.
    pub fn new() -> Self {
        HANDLER.call_once(|| {
            // Without a handler an interruption ends the program, which loses nothing but the steps of an epoch.
            let _ = ctrlc::set_handler(|| {
                let listened = LISTENING.load(Ordering::SeqCst);
                if !listened || REQUESTED.swap(true, Ordering::SeqCst) {
                    std::process::exit(INTERRUPTED);
                }
                eprintln!("\ninterrupted: ending with the best weights so far; once more ends at once");
            });
        });
        REQUESTED.store(false, Ordering::SeqCst);
        LISTENING.store(true, Ordering::SeqCst);
        Self(())
    }

    /// Whether an interruption came since this listens.
    pub fn requested(&self) -> bool {
        REQUESTED.load(Ordering::SeqCst)
    }
}

impl Default for Listener {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        LISTENING.store(false, Ordering::SeqCst);
    }
}
