//! A program that is fed bytes, with limits: how long it may run, and how much of what it says is kept.
//!
//! Times in milliseconds, lengths in bytes. It does not know what program it is.

use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use edge_runtime::clock::{Clock, MonotonicClock};

/// How much of each output is kept; the rest is read and thrown away, so that the program is never held up.
pub const MAX_OUTPUT: usize = 64 * 1024;
/// How often the end of the program is looked for.
const POLL: Duration = Duration::from_millis(10);
/// How long the outputs are waited for after the end of the program: another process may hold them open.
const DRAIN: Duration = Duration::from_millis(1000);
/// The bytes are handed over in pieces of this length.
const PIECE: usize = 16 * 1024;

/// What became of the program.
#[derive(Debug)]
pub struct Ran {
    /// How it ended; none if it was ended after its time.
    pub status: Option<ExitStatus>,
    /// The first [`MAX_OUTPUT`] bytes of its standard output.
    pub stdout: Vec<u8>,
    /// The first [`MAX_OUTPUT`] bytes of its standard error.
    pub stderr: Vec<u8>,
    /// How many of the bytes it took; it need not have passed them on.
    pub taken: usize,
}

/// Runs `command`, feeds it `input`, and ends it after `limit`. `progress` is told now and then how many bytes it took.
///
/// # Errors
/// The program could not be started.
pub fn run(command: &mut Command, input: &Arc<[u8]>, limit: Duration, progress: &dyn Fn(usize)) -> io::Result<Ran> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let taken = Arc::new(AtomicUsize::new(0));
    feed(&mut child, input, &taken);
    let stdout = Output::of(child.stdout.take());
    let stderr = Output::of(child.stderr.take());
    let clock = MonotonicClock::new();
    let end = clock.now_us().saturating_add(u64::try_from(limit.as_micros()).unwrap_or(u64::MAX));
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if clock.now_us() >= end {
            // It may have ended just now; either way it is gone afterwards.
            let _ = child.kill();
            child.wait()?;
            break None;
        }
        progress(taken.load(Ordering::Relaxed));
        thread::sleep(POLL);
    };
    Ok(Ran { status, stdout: stdout.finish(), stderr: stderr.finish(), taken: taken.load(Ordering::Relaxed) })
}

/// Writes the input from a thread of its own, which ends with the input or with the program.
fn feed(child: &mut Child, input: &Arc<[u8]>, taken: &Arc<AtomicUsize>) {
    let Some(mut stdin) = child.stdin.take() else { return };
    let (input, taken) = (Arc::clone(input), Arc::clone(taken));
    thread::spawn(move || {
        for piece in input.chunks(PIECE) {
            if stdin.write_all(piece).is_err() {
                return;
            }
            taken.fetch_add(piece.len(), Ordering::Relaxed);
        }
    });
}

/// An output that a thread of its own reads.
struct Output {
    kept: Arc<Mutex<Vec<u8>>>,
    ended: mpsc::Receiver<()>,
}

impl Output {
    fn of(source: Option<impl Read + Send + 'static>) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (tell, ended) = mpsc::channel();
        let into = Arc::clone(&kept);
        thread::spawn(move || {
            let Some(mut source) = source else { return };
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = source.read(&mut piece) {
                if let Ok(mut kept) = into.lock() {
                    let room = MAX_OUTPUT - kept.len();
                    kept.extend_from_slice(&piece[..length.min(room)]);
                }
            }
            // Nobody may be left to hear it.
            let _ = tell.send(());
        });
        Self { kept, ended }
    }

    fn finish(self) -> Vec<u8> {
        let _ = self.ended.recv_timeout(DRAIN);
        self.kept.lock().map(|mut kept| std::mem::take(&mut *kept)).unwrap_or_default()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, input: &[u8], limit_ms: u64) -> Ran {
        let limit = Duration::from_millis(limit_ms);
        run(Command::new("sh").args(["-c", script]), &input.into(), limit, &|_| {}).unwrap()
    }

    #[test]
    fn input_goes_in_and_both_outputs_come_out() {
        let input: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
        let ran = shell("wc -c; echo words >&2; exit 7", &input, 20_000);
        assert_eq!(ran.status.and_then(|status| status.code()), Some(7));
        assert_eq!(String::from_utf8(ran.stdout).unwrap().trim(), "300000");
        assert_eq!((ran.stderr, ran.taken), (b"words\n".to_vec(), 300_000));
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let ran = shell("exec sleep 60", &[0; 1_000_000], 200);
        assert!(ran.status.is_none());
        assert!(ran.taken < 1_000_000);
    }

    #[test]
    fn outputs_that_another_process_holds_open_are_not_waited_for() {
        let clock = MonotonicClock::new();
        let begun = clock.now_us();
        let ran = shell("echo said; sleep 20 & exit 0", b"", 20_000);
        assert_eq!(ran.stdout, b"said\n");
        assert!(clock.now_us() - begun < 15_000_000);
    }

    #[test]
    fn an_endless_output_holds_nobody_up_and_takes_no_memory() {
        let ran = shell("head -c 3000000 /dev/zero", b"", 20_000);
        assert_eq!(ran.stdout.len(), MAX_OUTPUT);
        assert_eq!(ran.status.and_then(|status| status.code()), Some(0));
    }

    #[test]
    fn a_program_that_takes_nothing_is_no_error() {
        assert_eq!(shell("exit 3", &[0; 1_000_000], 20_000).status.and_then(|status| status.code()), Some(3));
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        assert!(run(&mut Command::new("/no/such/program"), &[][..].into(), DRAIN, &|_| {}).is_err());
    }
}
