//! Keeps the images of inspections: 8-bit gray PGM files of the whole frame, in a folder with a limit on its bytes. The
//! gray is the one that the inspection computes, so a kept image gives the same score when it is judged again.
//!
//! Files are written on a thread of its own. A frame is copied into one of a few buffers that were taken at start; if
//! all of them wait for the disk, the image is dropped and counted. So neither a slow disk nor a failing one holds up
//! a verdict. It does not know the gate.

mod ring;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use shared::image::{FrameView, Size};
use shared::wire::{InspectionRecord, RecordedVerdict};

use crate::clock::MonotonicClock;
use ring::{ImageName, Ring};

use crate::trial::{Stage, reached};

/// Which images are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum KeepRule {
    /// None.
    None,
    /// Of parts that did not pass.
    Rejects,
    /// Those, and passes whose score is off the threshold by at most this share of it, 0 to 1.
    Near(f64),
    /// All.
    All,
}

impl KeepRule {
    /// Whether the image of this inspection is kept.
    pub fn keeps(self, record: &InspectionRecord) -> bool {
        let passed = record.verdict == RecordedVerdict::Pass;
        match self {
            Self::None => false,
            Self::Rejects => !passed,
            Self::Near(share) => !passed || record.score.is_some_and(|score| is_near(score.raw(), record, share)),
            Self::All => true,
        }
    }
}

fn is_near(score: u32, record: &InspectionRecord, share: f64) -> bool {
    let threshold = record.threshold.raw();
    f64::from(score.abs_diff(threshold)) <= share * f64::from(threshold)
}

/// What is kept, and how much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImageLimits {
    /// Which images.
    pub rule: KeepRule,
    /// All files together, in bytes; the oldest make room.
    pub max_bytes: u64,
    /// Images that can wait for the disk. As many buffers of `max_frame` pixels are taken at start.
    pub waiting: usize,
    /// The largest frame that is kept.
    pub max_frame: Size,
}

/// How many images were kept and how many were not. Shared with the thread that writes.
#[derive(Debug, Default)]
pub struct ImageCounters {
    kept: AtomicU64,
    dropped: AtomicU64,
}

impl ImageCounters {
    /// Files written.
    pub fn kept(&self) -> u64 {
        self.kept.load(Ordering::Relaxed)
    }

    /// Images that should have been kept and were not: no buffer was free, the frame was too large, the disk failed.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// An image on its way to the disk.
#[derive(Debug)]
struct Waiting {
    pixels: Vec<u8>,
    size: Size,
    name: ImageName,
}

/// Takes images and writes them on its thread.
#[derive(Debug)]
pub struct ImageRecorder {
    rule: KeepRule,
    free: Receiver<Vec<u8>>,
    work: Option<SyncSender<Waiting>>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<ImageCounters>,
}

impl ImageRecorder {
    /// Takes the buffers and starts the thread, which looks through `folder` first. With [`KeepRule::None`] it does
    /// neither.
    ///
    /// # Errors
    ///
    /// If there can be no thread. A folder that cannot be used is no error: its images are dropped and counted.
    pub fn start(folder: &Path, limits: ImageLimits) -> io::Result<Self> {
        let counters = Arc::new(ImageCounters::default());
        let (give_back, free) = sync_channel(limits.waiting);
        if limits.rule == KeepRule::None {
            return Ok(Self { rule: limits.rule, free, work: None, thread: None, counters });
        }
        for _ in 0..limits.waiting {
            let buffer = Vec::with_capacity(limits.max_frame.area());
            give_back.try_send(buffer).expect("the channel holds as many");
        }
        let (work, jobs) = sync_channel::<Waiting>(limits.waiting);
        let mut ring = Ring::new(folder, limits.max_bytes, MonotonicClock::new());
        let counted = Arc::clone(&counters);
        let write = move || {
            for Waiting { pixels, size, name } in jobs {
                reached(Stage::Images);
                let counter = match ring.write(&name, size, &pixels) {
                    Ok(()) => &counted.kept,
                    Err(_) => &counted.dropped,
                };
                counter.fetch_add(1, Ordering::Relaxed);
                // The other end is gone when the station stops; then the buffer is not needed.
                let _ = give_back.try_send(pixels);
            }
        };
        let thread = thread::Builder::new().name("images".to_owned()).spawn(write)?;
        Ok(Self { rule: limits.rule, free, work: Some(work), thread: Some(thread), counters })
    }

    /// Keeps the frame of this inspection if the rule says so. Never waits; allocates nothing.
    pub fn offer(&mut self, record: &InspectionRecord, frame: &FrameView<'_>) {
        if self.rule.keeps(record) && !self.enqueue(record, frame) {
            self.counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many were kept and dropped.
    pub fn counters(&self) -> Arc<ImageCounters> {
        Arc::clone(&self.counters)
    }

    /// Whether the thread that writes is there, or none is needed. It ends before its time only by a panic.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_none_or(|thread| !thread.is_finished())
    }

    fn enqueue(&mut self, record: &InspectionRecord, frame: &FrameView<'_>) -> bool {
        let Some(work) = &self.work else { return false };
        let size = frame.size();
        let Ok(mut pixels) = self.free.try_recv() else { return false };
        pixels.clear();
        // A job of no size is refused by the writer, which gives the buffer back.
        let mut job = Waiting { pixels, size: Size::new(0, 0), name: ImageName::of(record) };
        if size.area() <= job.pixels.capacity() {
            job.pixels.resize(size.area(), 0);
            let mut rows = (0..size.height).zip(job.pixels.chunks_exact_mut(usize::from(size.width)));
            if rows.all(|(y, row)| frame.luma_row(y, 0, row).is_ok()) {
                job.size = size;
            }
        }
        work.try_send(job).is_ok()
    }
}

impl Drop for ImageRecorder {
    /// Waits until what is in the queue is written.
    fn drop(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has nothing more to say.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
