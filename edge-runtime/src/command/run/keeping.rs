//! What the inspection leaves behind: records, images, and the numbers that the status shows. Nothing here waits for a
//! disk that hangs longer than a write of one record does, and nothing here can stop the inspection.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use edge_runtime::clock::{Clock, MonotonicClock};
use edge_runtime::config::{Keep, StationConfig};
use edge_runtime::recorder::images::{ImageCounters, ImageLimits, ImageRecorder, KeepRule};
use edge_runtime::recorder::rotating::RotationLimits;
use edge_runtime::recorder::segments::SegmentRecords;
use edge_runtime::recorder::{RecordError, RecordSink};
use edge_runtime::status::{Counters, Latencies, Stage};
use shared::image::{FrameView, Size};
use shared::wire::InspectionRecord;

use crate::log;

/// Images that can wait for the disk.
const WAITING_IMAGES: usize = 4;

/// The numbers, for the thread that shows them.
#[derive(Debug)]
pub struct Numbers {
    tallies: Mutex<(Counters, Latencies)>,
    dropped_records: AtomicU64,
    attempts: AtomicU64,
    images: Arc<ImageCounters>,
}

impl Numbers {
    /// Counts an attempt to capture, or a golden frame of the self-test: progress, as the watchdog sees it.
    pub fn attempted(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
    }

    /// Attempts so far.
    pub fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// Counters and latencies.
    pub fn tallies(&self) -> MutexGuard<'_, (Counters, Latencies)> {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that could not be written.
    pub fn dropped_records(&self) -> u64 {
        self.dropped_records.load(Ordering::Relaxed)
    }

    /// Of images.
    pub fn images(&self) -> &ImageCounters {
        &self.images
    }
}

/// Records, images and numbers.
#[derive(Debug)]
pub struct Keeping {
    records: SegmentRecords<MonotonicClock>,
    images: ImageRecorder,
    numbers: Arc<Numbers>,
    clock: MonotonicClock,
}

impl Keeping {
    /// Opens the folders; larger frames than `max_frame` are not kept as images. A folder that cannot be used is said and tried again with each record.
    pub fn start(config: &StationConfig, max_frame: Size, clock: MonotonicClock) -> anyhow::Result<Self> {
        let limits = RotationLimits { file_bytes: config.records.segment_bytes, files: config.records.segments };
        let folder = config.records_dir();
        let mut records = SegmentRecords::new(&folder, limits, clock);
        match records.recover() {
            Ok(recovery) if recovery.cut_bytes > 0 => {
                log::lines::notice(&format!("{} bytes of a torn record were cut off", recovery.cut_bytes));
            }
            Ok(_) => {}
            Err(error) => log::lines::notice(&format!("{}: no records are kept: {error}", folder.display())),
        }
        let rule = match config.images.keep {
            Keep::None => KeepRule::None,
            Keep::Rejects => KeepRule::Rejects,
            Keep::Near => KeepRule::Near(config.images.near_share),
            Keep::All => KeepRule::All,
        };
        let limits = ImageLimits { rule, max_bytes: config.images.max_bytes, waiting: WAITING_IMAGES, max_frame };
        let images =
            ImageRecorder::start(&config.images_dir(), limits).context("the thread for images cannot be started")?;
        let latencies = Latencies::new().context("the histograms of latencies")?;
        let numbers = Numbers {
            tallies: Mutex::new((Counters::default(), latencies)),
            dropped_records: AtomicU64::new(0),
            attempts: AtomicU64::new(0),
            images: images.counters(),
        };
        Ok(Self { records, images, numbers: Arc::new(numbers), clock })
    }

    /// The numbers.
    pub fn shared(&self) -> Arc<Numbers> {
        Arc::clone(&self.numbers)
    }

    /// Whether the thread for images is there, if one is needed.
    pub fn is_running(&self) -> bool {
        self.images.is_running()
    }
}

impl RecordSink for Keeping {
    fn record(&mut self, record: &InspectionRecord) -> Result<(), RecordError> {
        {
            let mut tallies = self.numbers.tallies();
            tallies.0.count(&record.verdict);
            tallies.1.add(&record.stages);
            let since_capture = self.clock.now_us().saturating_sub(record.stamp.captured_at_us);
            tallies.1.add_one(Stage::Decision, since_capture);
        }
        let kept = self.records.record(record);
        self.numbers.dropped_records.store(self.records.dropped(), Ordering::Relaxed);
        kept
    }

    fn frame(&mut self, record: &InspectionRecord, frame: &FrameView<'_>) {
        self.images.offer(record, frame);
    }
}
