//! Tests of `images`, beside it.

use std::fs;
use std::time::Duration;

use shared::admission::FrameStamp;
use shared::image::PixelFormat;
use shared::score::{Score, Threshold};
use shared::verdict::FaultReason;
use shared::wire::{BundleTrust, StageMicros, ThresholdSource};

use super::*;
use crate::camera::decode::decode_file;
use crate::frame::Frame;
use crate::test_support::{Redraw, inspector};

const SIZE: Size = Size::new(40, 30);

fn record(sequence: u64, verdict: RecordedVerdict, score: Option<u32>) -> InspectionRecord {
    InspectionRecord {
        stamp: FrameStamp { sequence, captured_at_us: 0 },
        bundle: inspector(Redraw::Identical).bundle(),
        verdict,
        score: score.map(|raw| Score::new(raw).unwrap()),
        threshold: Threshold::new(1000).unwrap(),
        stages: StageMicros::default(),
        trust: BundleTrust::default(),
        threshold_source: ThresholdSource::default(),
    }
}

fn reject(sequence: u64) -> InspectionRecord {
    record(sequence, RecordedVerdict::Reject, Some(1 << 15))
}

fn limits(rule: KeepRule, max_bytes: u64) -> ImageLimits {
    ImageLimits { rule, max_bytes, waiting: 2, max_frame: SIZE }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Offers frames one by one, waiting for each, so that none is dropped for want of a buffer.
fn offer_all(recorder: &mut ImageRecorder, records: &[InspectionRecord], frame: &FrameView<'_>) {
    for record in records {
        let counters = recorder.counters();
        let before = counters.kept() + counters.dropped();
        recorder.offer(record, frame);
        for _ in 0..2000 {
            if counters.kept() + counters.dropped() > before {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn the_rules_keep_what_they_say() {
    let fault = RecordedVerdict::Fault(FaultReason::Late);
    let (pass, rejected) = (RecordedVerdict::Pass, RecordedVerdict::Reject);
    for (record, expected) in [
        (record(1, pass, Some(899)), [false, false, false, true]),
        (record(1, pass, Some(900)), [false, false, true, true]),
        (record(1, rejected, Some(1000)), [false, true, true, true]),
        (record(1, rejected, Some(9000)), [false, true, true, true]),
        (record(1, fault, None), [false, true, true, true]),
    ] {
        let rules = [KeepRule::None, KeepRule::Rejects, KeepRule::Near(0.1), KeepRule::All];
        assert_eq!(rules.map(|rule| rule.keeps(&record)), expected, "{record:?}");
    }
}

#[test]
fn a_kept_image_holds_what_was_judged_and_its_name_says_it() {
    let folder = tempfile::tempdir().unwrap();
    let data: Vec<u8> = (0..SIZE.area() * 3).map(|index| (index * 37 % 251) as u8).collect();
    let frame = Frame::new(data, SIZE, PixelFormat::Rgb8).unwrap();
    let view = frame.view().unwrap();
    let mut recorder = ImageRecorder::start(folder.path(), limits(KeepRule::Rejects, 1 << 20)).unwrap();
    let stale = record(8, RecordedVerdict::Fault(FaultReason::FrameStale), None);
    let passed = record(9, RecordedVerdict::Pass, Some(1));
    recorder.offer(&passed, &view);
    offer_all(&mut recorder, &[reject(7), stale], &view);
    let counters = recorder.counters();
    drop(recorder);
    assert_eq!((counters.kept(), counters.dropped()), (2, 0));
    let expected = ["0000000001-frame7-reject-score0.001953.pgm", "0000000002-frame8-fault-frame_stale.pgm"];
    assert_eq!(names(folder.path()), expected);
    let kept = decode_file(&folder.path().join(expected[0])).unwrap();
    assert_eq!((kept.size(), kept.format()), (SIZE, PixelFormat::Gray8));
    let mut row = vec![0; usize::from(SIZE.width)];
    for (y, found) in (0..SIZE.height).zip(kept.data().chunks_exact(row.len())) {
        view.luma_row(y, 0, &mut row).unwrap();
        assert_eq!(found, row);
    }
}

#[test]
fn the_oldest_make_room_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let frame = crate::test_support::frame_of(SIZE);
    let view = frame.view().unwrap();
    fs::write(folder.path().join("notes.pgm"), "mine").unwrap();
    let length = SIZE.area() as u64 + 13;
    for restart in 0..3 {
        fs::write(folder.path().join("unfinished.tmp"), "torn").unwrap();
        let mut recorder = ImageRecorder::start(folder.path(), limits(KeepRule::All, 3 * length)).unwrap();
        let records: Vec<_> = (1..=4).map(|sequence| reject(restart * 10 + sequence)).collect();
        offer_all(&mut recorder, &records, &view);
    }
    let expected = ["0000000010-frame22", "0000000011-frame23", "0000000012-frame24", "notes.pgm"];
    let names = names(folder.path());
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names.iter().zip(expected).all(|(name, start)| name.starts_with(start)), "{names:?}");
}

#[test]
fn what_cannot_be_kept_is_counted_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let in_the_way = folder.path().join("images");
    fs::write(&in_the_way, "no folder").unwrap();
    let frame = crate::test_support::frame_of(SIZE);
    let large = crate::test_support::frame_of(Size::new(41, 30));
    let mut recorder = ImageRecorder::start(&in_the_way, limits(KeepRule::All, 1 << 20)).unwrap();
    offer_all(&mut recorder, &[reject(1), reject(2)], &frame.view().unwrap());
    fs::remove_file(&in_the_way).unwrap();
    // Nothing is tried for a second.
    thread::sleep(Duration::from_millis(1050));
    // A frame that is too large does not use a buffer up.
    offer_all(&mut recorder, &[reject(3), reject(4), reject(5)], &large.view().unwrap());
    offer_all(&mut recorder, &[reject(6)], &frame.view().unwrap());
    let counters = recorder.counters();
    drop(recorder);
    assert_eq!((counters.kept(), counters.dropped()), (1, 5));
    assert_eq!(names(&in_the_way), ["0000000001-frame6-reject-score0.001953.pgm"]);
}

/// A pipe that nobody reads stands for a disk that hangs.
#[test]
fn a_hanging_disk_drops_images_and_never_waits() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("unfinished.tmp");
    let frame = crate::test_support::frame_of(SIZE);
    let view = frame.view().unwrap();
    let mut recorder = ImageRecorder::start(folder.path(), limits(KeepRule::All, 1 << 20)).unwrap();
    offer_all(&mut recorder, &[reject(1)], &view);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    for sequence in 2..50 {
        recorder.offer(&reject(sequence), &view);
    }
    let counters = recorder.counters();
    assert_eq!(counters.kept(), 1);
    assert!(counters.dropped() >= 46, "{counters:?}");
    // Lets the writer go on: it ends with an error, for a pipe cannot be synced, and the rest is written.
    let reader = fs::File::open(&pipe).unwrap();
    drop(recorder);
    drop(reader);
    assert_eq!(counters.kept() + counters.dropped(), 49);
}
