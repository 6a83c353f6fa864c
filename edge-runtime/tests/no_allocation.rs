//! What is done for every inspection, and once a second, takes no memory once it runs: counted by the allocator, for the
//! thread that inspects.
#![cfg(target_os = "linux")]

#[path = "support/counting.rs"]
mod counting;

use std::time::Duration;

use edge_runtime::clock::MonotonicClock;
use edge_runtime::recorder::RecordSink;
use edge_runtime::recorder::images::{ImageLimits, ImageRecorder, KeepRule};
use edge_runtime::recorder::rotating::RotationLimits;
use edge_runtime::recorder::segments::SegmentRecords;
use edge_runtime::status::{Counters, Latencies, Status, StatusFile};
use shared::admission::FrameStamp;
use shared::image::{FrameView, PixelFormat, Size};
use shared::score::{Score, Threshold};
use shared::wire::{InspectionRecord, RecordedVerdict, StageMicros};

fn taken(act: impl FnOnce()) -> u64 {
    counting::taken(act).0
}

fn record(sequence: u64) -> InspectionRecord {
    // A bundle's identity can be read from a record only: this one is the example of docs/wire-formats.md.
    let hex = "020132000000ac02c0843d000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\
               0101d00fe90764e05d8407c965c4bdbf22";
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    InspectionRecord {
        stamp: FrameStamp { sequence, captured_at_us: sequence },
        verdict: RecordedVerdict::Reject,
        score: Score::new(2000),
        stages: StageMicros { preprocess: 1, inference: 2, score: 3, total: 6 },
        ..InspectionRecord::decode(&bytes).unwrap().0
    }
}

#[test]
fn an_inspection_is_kept_without_taking_memory() {
    assert!(taken(|| drop(std::hint::black_box(vec![1_u8; 100]))) > 0, "the allocator does not count");
    let folder = tempfile::tempdir().unwrap();
    let records: Vec<_> = (1..=1000).map(record).collect();
    let size = Size::new(64, 48);
    let pixels = vec![7; size.area()];
    let frame = FrameView::new(&pixels, size, 64, PixelFormat::Gray8).unwrap();

    let limits = RotationLimits { file_bytes: 1 << 20, files: 2 };
    let mut segments = SegmentRecords::new(&folder.path().join("records"), limits, MonotonicClock::new());
    segments.record(&records[0]).unwrap();
    assert_eq!(taken(|| records.iter().for_each(|record| segments.record(record).unwrap())), 0);

    let limits = ImageLimits { rule: KeepRule::All, max_bytes: 1 << 20, waiting: 4, max_frame: size };
    let mut images = ImageRecorder::start(&folder.path().join("images"), limits).unwrap();
    for record in &records[..50] {
        assert_eq!(taken(|| images.offer(record, &frame)), 0);
        std::thread::sleep(Duration::from_millis(1));
    }
    let counters = images.counters();
    drop(images);
    assert!(counters.kept() > 0 && counters.kept() + counters.dropped() == 50, "{counters:?}");

    let (mut counters, mut latencies) = (Counters::default(), Latencies::new().unwrap());
    let count = |record: &InspectionRecord| {
        counters.count(&record.verdict);
        latencies.add(&record.stages);
    };
    assert_eq!(taken(|| records.iter().for_each(count)), 0);

    let line = edge_runtime::line::Counters::default();
    let mut file = StatusFile::new(folder.path());
    let mut write = |written_at_us| {
        let status = Status {
            version: "1",
            pid: 1,
            boot_id: "b",
            written_at_us,
            uptime_us: 0,
            state: "ready",
            ready: true,
            fault: None,
            bundle: records[0].bundle,
            trust: records[0].trust,
            unsigned_allowed: true,
            product: "p",
            threshold: Threshold::new(1001).unwrap(),
            threshold_source: shared::wire::ThresholdSource::Bundle,
            camera: "c",
            store: None,
            swaps: None,
            inspections: &counters,
            line: &line,
            latency_us: &latencies,
            dropped_records: 0,
            kept_images: 0,
            dropped_images: 0,
            dropped_log_entries: 0,
            debounced_here: &[],
            missed_triggers: 0,
        };
        file.write(&status).unwrap();
    };
    write(1);
    assert_eq!(taken(|| (2..10).for_each(&mut write)), 0);
}
