//! defmt's logger: a frame is put together in a buffer of its thread and appended to the files whole, under a lock.
//! A frame that is too long, or that the disk does not take, is dropped and counted; when the disk takes one again, an
//! entry tells how many are missing. It allocates nothing once a thread has logged.
#![allow(unsafe_code)] // defmt's trait and what its macros expand to

use std::cell::RefCell;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use edge_runtime::clock::{Clock, MonotonicClock};
use edge_runtime::recorder::rotating::RotatingFiles;

/// Longer than any entry: the longest holds a text of [`MAX_TEXT`](super::lines::MAX_TEXT) bytes.
const MAX_FRAME: usize = 1024;

static FILES: Mutex<Option<RotatingFiles>> = Mutex::new(None);
static DROPPED: AtomicU64 = AtomicU64::new(0);
static HIGHEST_ENTRY: AtomicU16 = AtomicU16::new(0);

thread_local! {
    static FRAME: RefCell<Frame> = const { RefCell::new(Frame::new()) };
}

#[defmt::global_logger]
struct Logger;

defmt::timestamp!("{=u64:us}", MonotonicClock::new().now_us());

// SAFETY: defmt calls `write` and `release` only between `acquire` and `release` of the same thread, and each thread
// has its own frame. Where that did not hold, a frame would be spoilt, and nothing else: all of this is safe code.
unsafe impl defmt::Logger for Logger {
    fn acquire() {
        with_frame(Frame::begin);
    }

    unsafe fn flush() {}

    unsafe fn release() {
        with_frame(Frame::end);
        let missed = MISSED.swap(0, Ordering::Relaxed);
        if missed > 0 {
            super::lines::entries_lost(missed);
        }
    }

    unsafe fn write(bytes: &[u8]) {
        with_frame(|frame| frame.write(bytes));
    }
}

/// Lost before the last entry that was kept, not reported yet.
static MISSED: AtomicU64 = AtomicU64::new(0);

/// Does nothing in a thread that is ending.
fn with_frame(act: impl FnOnce(&mut Frame)) {
    let _ = FRAME.try_with(|frame| {
        if let Ok(mut frame) = frame.try_borrow_mut() {
            act(&mut frame);
        }
    });
}

/// Entries go to these files from now on.
pub(super) fn install(files: RotatingFiles) {
    *files_lock() = Some(files);
}

/// Entries that were lost.
pub fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// Whether an entry's number was above all numbers that the table can have (see `log.x`).
pub(super) fn misaligned() -> bool {
    HIGHEST_ENTRY.load(Ordering::Relaxed) >= 4096
}

fn files_lock() -> MutexGuard<'static, Option<RotatingFiles>> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Frame {
    encoder: defmt::Encoder,
    bytes: [u8; MAX_FRAME],
    length: usize,
    numbered: bool,
}

impl Frame {
    const fn new() -> Self {
        Self { encoder: defmt::Encoder::new(), bytes: [0; MAX_FRAME], length: 0, numbered: false }
    }

    fn begin(&mut self) {
        self.length = 0;
        self.numbered = false;
        let Self { encoder, bytes, length, .. } = self;
        encoder.start_frame(|more| put(bytes, length, more));
    }

    fn write(&mut self, more: &[u8]) {
        if !self.numbered {
            self.numbered = true;
            if let Some(&number) = more.first_chunk() {
                HIGHEST_ENTRY.fetch_max(u16::from_le_bytes(number), Ordering::Relaxed);
            }
        }
        let Self { encoder, bytes, length, .. } = self;
        encoder.write(more, |more| put(bytes, length, more));
    }

    fn end(&mut self) {
        let Self { encoder, bytes, length, .. } = self;
        encoder.end_frame(|more| put(bytes, length, more));
        let mut files = files_lock();
        let Some(files) = files.as_mut() else { return };
        let kept =
            bytes.get(..*length).is_some_and(|frame| files.append(frame, MonotonicClock::new().now_us()).is_ok());
        if kept {
            MISSED.fetch_add(files.take_missed(), Ordering::Relaxed);
        } else {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Counts on where there is no room, so that the frame is known to be too long.
fn put(bytes: &mut [u8; MAX_FRAME], length: &mut usize, more: &[u8]) {
    let end = *length + more.len();
    if let Some(place) = bytes.get_mut(*length..end) {
        place.copy_from_slice(more);
    }
    *length = end;
}
