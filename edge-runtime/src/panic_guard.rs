//! Runs code of other crates that may panic on malformed input, and turns the panic into a value. While such code runs,
//! the process's panic hook stays silent on this thread: the panic is reported once, by the error it becomes.
//!
//! This needs panics that unwind: a profile with `panic = "abort"` would end the process instead.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`; a panic inside becomes `Err` with the panic's message.
///
/// The caller must drop whatever `work` may have left half-changed: nothing here proves it consistent.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    silence_hook_once();
    let was_silent = SILENT.replace(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    SILENT.set(was_silent);
    outcome.map_err(|payload| message(payload.as_ref()))
}

fn silence_hook_once() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !SILENT.get() {
                previous(info);
            }
        }));
    });
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without a message".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message() {
        let number = 7;
        assert_eq!(catch(|| panic!("number {number}")), Err::<(), _>("number 7".to_owned()));
        assert_eq!(catch(|| panic!("plain")), Err::<(), _>("plain".to_owned()));
    }

    #[test]
    fn a_value_passes_through_and_nesting_keeps_the_outer_silence() {
        let inner = catch(|| {
            let caught = catch(|| panic!("inner"));
            assert!(SILENT.get());
            caught
        });
        assert_eq!(inner, Ok(Err::<(), _>("inner".to_owned())));
        assert!(!SILENT.get());
    }
}
