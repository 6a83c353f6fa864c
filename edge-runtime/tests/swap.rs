//! Two bundles with different models, thresholds and golden frames take over from each other while a station inspects:
//! every record's bundle, threshold and score are those of one bundle for that frame, computed separately. Row U10 of the
//! fault matrix.
//!
//! `SWAPS` (60 if not set) says how often.
#![cfg(target_os = "linux")]

#[path = "support/counting.rs"]
mod counting;
#[allow(dead_code)] // each trial takes what it needs
#[path = "support/program.rs"]
mod program;
#[path = "support/row.rs"]
mod row;
#[allow(dead_code)]
#[path = "support/variant.rs"]
mod variant;

use std::fs;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use edge_runtime::actuator::Unwired;
use edge_runtime::camera::{CaptureError, Captured, FrameSource};
use edge_runtime::clock::MonotonicClock;
use edge_runtime::events::Event;
use edge_runtime::inspector::{Inspector, open_pipeline};
use edge_runtime::reconstruct::TractReconstructor;
use edge_runtime::reconstruct::onnx_proto::{ModelProto, NodeProto};
use edge_runtime::recorder::{RecordError, RecordSink};
use edge_runtime::station::{Station, Step};
use program::{Frames, random};
use prost::Message;
use shared::bundle::{Bundle, BundleId, SectionKind};
use shared::image::{FrameView, PixelFormat, Size};
use shared::score::{Score, Threshold};
use shared::wire::{InspectionRecord, RecordedVerdict};

const SIZE: Size = Size::new(256, 256);
/// Frames that are inspected at least, however quickly the bundles load.
const FRAMES: usize = 2000;

fn view(pixels: &[u8]) -> FrameView<'_> {
    FrameView::new(pixels, SIZE, SIZE.width.into(), PixelFormat::Gray8).unwrap()
}

/// The model of the default bundle with all its layers replaced by one.
fn another_model() -> Vec<u8> {
    let original = variant::default_bundle();
    let onnx = Bundle::verify(&original).unwrap().section(SectionKind::Onnx).unwrap().to_vec();
    let mut model = ModelProto::decode(&onnx[..]).unwrap();
    let graph = model.graph.as_mut().unwrap();
    graph.initializer.clear();
    graph.node = vec![NodeProto {
        op_type: "Sigmoid".into(),
        name: "only".into(),
        input: vec![graph.input[0].name.clone()],
        output: vec![graph.output[0].name.clone()],
        ..Default::default()
    }];
    model.encode_to_vec()
}

/// What a bundle makes of each frame.
struct Truth {
    id: BundleId,
    threshold: Threshold,
    scores: Vec<Score>,
}

fn truth(bytes: &[u8], frames: &[Vec<u8>]) -> Truth {
    let bundle = Bundle::verify(bytes).unwrap();
    let mut pipeline = open_pipeline(&bundle).unwrap();
    let scores = frames.iter().map(|pixels| pipeline.measure(&view(pixels), &MonotonicClock::new()).unwrap().score);
    Truth { id: bundle.id(), threshold: bundle.manifest().threshold, scores: scores.collect() }
}

/// A bundle loaded and tested, as the station's thread does it.
fn load(bytes: &[u8]) -> Inspector<TractReconstructor, MonotonicClock> {
    let bundle = Bundle::verify(bytes).unwrap();
    let mut inspector = Inspector::open(&bundle, MonotonicClock::new(), u64::MAX).unwrap();
    assert!(inspector.self_test(&bundle).unwrap().is_proven());
    inspector
}

/// Frames in random order, forever; notes which.
struct Shuffled<'a> {
    frames: &'a [Vec<u8>],
    seed: u64,
    shown: Vec<usize>,
}

impl FrameSource for Shuffled<'_> {
    fn next_frame(&mut self) -> Option<Captured<'_>> {
        let index = random(&mut self.seed) as usize % self.frames.len();
        self.shown.push(index);
        let frame = FrameView::new(&self.frames[index], SIZE, SIZE.width.into(), PixelFormat::Gray8);
        Some(Captured {
            sequence: self.shown.len() as u64,
            captured_at_us: 0,
            frame: frame.map_err(CaptureError::Malformed),
        })
    }
}

struct Discarding;

impl RecordSink for Discarding {
    fn record(&mut self, _: &InspectionRecord) -> Result<(), RecordError> {
        Ok(())
    }
}

fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn u10_no_record_mixes_two_bundles() {
    let swaps: u64 = std::env::var("SWAPS").map_or(60, |text| text.parse().expect("SWAPS is a number"));
    let frames = Frames::read();
    let frames = [frames.good, frames.defective].concat();
    let bundles = [variant::default_bundle(), variant::with_another_model(&another_model())];
    let truths = bundles.each_ref().map(|bytes| truth(bytes, &frames));
    assert!(truths[0].threshold != truths[1].threshold);
    assert!(truths[0].scores.iter().zip(&truths[1].scores).all(|(a, b)| a != b), "the models do not differ");

    let source = Shuffled { frames: &frames, seed: 10, shown: Vec::new() };
    let mut station = Station::new(source, load(&bundles[0]), Unwired, Discarding, |_: &Event<'_>| ());
    let (offers, ready) = sync_channel(1);
    let (returns, replaced) = sync_channel(1);
    let loader = thread::spawn(move || {
        let mut seed = 11;
        for swap in 1..=swaps {
            offers.send(load(&bundles[swap as usize % 2])).unwrap();
            drop::<Inspector<_, _>>(replaced.recv().unwrap());
            thread::sleep(Duration::from_millis(random(&mut seed) % 20));
        }
    });
    // A bundle judges some frames before the next takes over, or the one that loads quickly would leave none to it.
    let (mut seed, mut due) = (12, 0);
    let (mut records, mut pauses, mut taken_over, mut resident) = (Vec::new(), Vec::new(), 0, Vec::new());
    while taken_over < swaps || records.len() < FRAMES {
        if records.len() >= due
            && let Ok(next) = ready.try_recv()
        {
            due = records.len() + random(&mut seed) as usize % 30;
            let (memory, took) = counting::taken(|| {
                let began = Instant::now();
                let before = station.take_over(next);
                assert!(returns.try_send(before).is_ok());
                began.elapsed()
            });
            assert_eq!(memory, 0, "the inspection takes memory for a swap");
            pauses.push(took.as_micros());
            taken_over += 1;
            resident.push(resident_kib());
        }
        let Step::Inspected(record) = station.step() else { panic!("a frame without a record") };
        records.push(record);
    }
    loader.join().unwrap();

    let (mut mixed, mut false_passes, mut by_bundle) = (0, 0, [0; 2]);
    for (record, &frame) in records.iter().zip(&station.source().shown) {
        let of = truths.iter().position(|truth| truth.id == record.bundle).expect("one of the two bundles");
        let Truth { threshold, ref scores, .. } = truths[of];
        by_bundle[of] += 1;
        mixed += u64::from(record.threshold != threshold || record.score != Some(scores[frame]));
        let is_good = scores[frame].raw() < threshold.raw();
        false_passes += u64::from(record.verdict == RecordedVerdict::Pass && !is_good);
        let expected = if is_good { RecordedVerdict::Pass } else { RecordedVerdict::Reject };
        assert_eq!(record.verdict, expected, "frame {frame}");
    }
    let changes = records.windows(2).filter(|pair| pair[0].bundle != pair[1].bundle).count() as u64;
    // The first swaps bring the second bundle and the allocator's reserves.
    let (early, late) = (resident[..10].iter().max().unwrap(), resident[10..].iter().max().unwrap());
    pauses.sort_unstable();
    let (median, longest) = (pauses[pauses.len() / 2], pauses[pauses.len() - 1]);
    let growth_kib = late.saturating_sub(*early);
    let criterion = format!(
        "bundle, threshold and score of {} records are one bundle's ({mixed} mixed, {} and {} by bundle); pause {median} us, \
         at most {longest} us, no memory taken; {growth_kib} KiB more after the first ten",
        records.len(),
        by_bundle[0],
        by_bundle[1],
    );
    let held = (mixed, false_passes, changes) == (0, 0, swaps) && growth_kib < 32 << 10;
    row::row("U10", "two bundles swapped while frames are judged", swaps, false_passes, &criterion, held);
    assert_eq!((mixed, false_passes, changes), (0, 0, swaps));
    assert!(by_bundle.iter().all(|&count| count > 200), "{by_bundle:?}");
    assert!(growth_kib < 32 << 10, "{resident:?}");
}
