//! The whole inspection, from the source of frames to the edge of the accept output, over many frames of which some are
//! spoilt, with records and pins that fail now and then, in simulated time. A frame that comes while the station is
//! faulted is not judged. Rows C1 to C6, G1, T1, D1 and S1 of the fault matrix.
//!
//! Everything is the station's own but the model, which answers the bundle's golden frames with their golden
//! reconstructions and all else with gray: a million inferences take hours. `FRAMES` (10,000 if not set) says how many.
#![cfg(target_os = "linux")]

#[path = "support/counting.rs"]
mod counting;
#[path = "support/row.rs"]
mod row;
#[path = "support/tally.rs"]
mod tally;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;

use edge_runtime::actuator::{OutputName, Outputs, Pins, Polarity};
use edge_runtime::bundle::BundleFile;
use edge_runtime::camera::faulty::{FaultPlan, FaultySource, Injection};
use edge_runtime::camera::quality::QualityLimits;
use edge_runtime::camera::{Captured, FrameSource};
use edge_runtime::clock::Clock;
use edge_runtime::events::Event as StationEvent;
use edge_runtime::frame::Frame;
use edge_runtime::inspector::Inspector;
use edge_runtime::line::{
    Accept, Event, Gate, Line, LineTiming, Outcome, PartId, State, Travel, TriggerMode, camera_fault,
};
use edge_runtime::reconstruct::{ReconstructError, Reconstructor};
use edge_runtime::recorder::{RecordError, RecordSink};
use edge_runtime::station::{Station, Step};
use embedded_hal::digital::{ErrorKind, ErrorType, OutputPin};
use row::row;
use shared::bundle::{Bundle, GoldenVerdict};
use shared::image::{FrameView, PixelFormat, Size};
use shared::verdict::{FaultReason, Verdict};
use shared::wire::{InspectionRecord, RecordedVerdict};
use tally::{Tally, injection_name};

/// In squared gray levels.
const MIN_SHARPNESS: f64 = 60.0;
const FROZEN: RecordedVerdict = RecordedVerdict::Fault(FaultReason::FrameFrozen);
const INTERVAL_US: u64 = 40_000;
const TIMING: LineTiming = LineTiming {
    gate_delay: Travel::Micros(100_000),
    budget_us: 90_000,
    pulse_us: 5_000,
    gate_tolerance_us: 5_000,
    min_gap_us: 20_000,
    frame_window_us: (0, 200_000),
};

/// Simulated time.
#[derive(Clone, Copy, Debug)]
struct Time<'a>(&'a Cell<u64>);

impl Clock for Time<'_> {
    fn now_us(&self) -> u64 {
        self.0.get()
    }
}

/// Shows the golden frames in turn, one in an interval. One pixel in four of the first blocks carries the frame's number
/// in its last digit, so that no two frames are equal, as with a sensor's noise; the mean of a block stays what it was.
struct Golden<'a> {
    frames: &'a [Frame],
    time: &'a Cell<u64>,
    shown: u64,
    pixels: Vec<u8>,
}

impl FrameSource for Golden<'_> {
    fn next_frame(&mut self) -> Option<Captured<'_>> {
        self.time.set(self.time.get() + INTERVAL_US);
        let frame = &self.frames[self.shown as usize % self.frames.len()];
        self.shown += 1;
        self.pixels.clear();
        self.pixels.extend_from_slice(frame.data());
        for bit in 0..32 {
            let pixel = &mut self.pixels[2 * bit];
            let step = u8::from(self.shown >> bit & 1 == 1);
            *pixel = if *pixel > 127 { *pixel - step } else { *pixel + step };
        }
        let view = FrameView::new(&self.pixels, frame.size(), frame.size().width.into(), PixelFormat::Gray8);
        Some(Captured { sequence: self.shown, captured_at_us: self.time.get(), frame: Ok(view.unwrap()) })
    }
}

/// Answers golden inputs with their golden reconstructions.
struct Answers<'a> {
    size: Size,
    known: Vec<(&'a [u8], Vec<f32>)>,
    gray: Vec<f32>,
}

impl Reconstructor for Answers<'_> {
    fn size(&self) -> Size {
        self.size
    }

    fn reconstruct(&mut self, input: &[u8]) -> Result<&[f32], ReconstructError> {
        Ok(self.known.iter().find(|(known, _)| *known == input).map_or(&self.gray, |(_, answer)| answer))
    }
}

/// A pin that counts its rising edges and fails when told to.
struct CountingPin<'a> {
    edges: &'a Cell<u64>,
    fails: &'a Cell<bool>,
}

#[derive(Debug)]
struct Told;

impl embedded_hal::digital::Error for Told {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl ErrorType for CountingPin<'_> {
    type Error = Told;
}

impl OutputPin for CountingPin<'_> {
    fn set_low(&mut self) -> Result<(), Told> {
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Told> {
        if self.fails.take() {
            return Err(Told);
        }
        self.edges.set(self.edges.get() + 1);
        Ok(())
    }
}

/// The line on its own thread of time: what is due is done before anything else happens.
struct LineOfTests<'a> {
    line: RefCell<Line>,
    time: &'a Cell<u64>,
    /// The parts of frames, by number.
    parts: RefCell<Vec<(PartId, u64)>>,
    /// The times of the frames of the parts that got an edge.
    risen: RefCell<Vec<u64>>,
}

impl Gate for &LineOfTests<'_> {
    fn part_for_frame(&mut self, captured_at_us: u64) -> Option<PartId> {
        let mut line = self.line.borrow_mut();
        line.on(Event::FrameArrived, self.time.get());
        let part = line.part_for_frame(captured_at_us)?;
        self.parts.borrow_mut().push((part, captured_at_us));
        Some(part)
    }

    fn decide(&mut self, part: PartId, verdict: Verdict) -> Outcome {
        self.line.borrow_mut().decide(part, verdict, self.time.get())
    }
}

impl LineOfTests<'_> {
    /// Moves the outputs up to `until_us`.
    fn run<P: OutputPin>(&self, outputs: &mut Outputs<P>, until_us: u64) {
        let mut line = self.line.borrow_mut();
        while let Some(at_us) = line.next_event_us().filter(|&at_us| at_us <= until_us) {
            let actions = line.advance(at_us.max(self.time.get().saturating_sub(INTERVAL_US)), 0);
            let rising = matches!(actions.accept, Accept::Rise { .. });
            let moved = match actions.accept {
                Accept::Keep => Ok(()),
                Accept::Fall => outputs.fall(),
                Accept::Rise { part, pass } => {
                    let known = self.parts.borrow().iter().find(|(id, _)| *id == part).map(|&(_, at)| at);
                    let moved = outputs.rise(pass);
                    if moved.is_ok() {
                        self.risen.borrow_mut().push(known.expect("an edge is of a part that has a frame"));
                    }
                    moved
                }
            };
            if moved.is_err() {
                line.output_failed(rising);
                let _ = outputs.make_safe();
            }
        }
        self.parts.borrow_mut().retain(|&(_, at_us)| at_us + 1_000_000 > until_us);
    }
}

/// Records that fail on every thousandth attempt, as a full disk does.
#[derive(Default)]
struct Failing {
    attempts: u64,
    failed: u64,
}

impl RecordSink for Failing {
    fn record(&mut self, record: &InspectionRecord) -> Result<(), RecordError> {
        self.attempts += 1;
        let mut bytes = [0; InspectionRecord::MAX_LEN];
        record.encode(&mut bytes)?;
        if self.attempts.is_multiple_of(1000) {
            self.failed += 1;
            return Err(RecordError::Storage(std::io::ErrorKind::StorageFull.into()));
        }
        Ok(())
    }
}

fn twice_as_large(input: &[u8], size: Size) -> Frame {
    let width = usize::from(size.width);
    let rows = input.chunks_exact(width).flat_map(|row| {
        let row: Vec<u8> = row.iter().flat_map(|&pixel| [pixel, pixel]).collect();
        [row.clone(), row]
    });
    let doubled = Size::new(2 * size.width, 2 * size.height);
    Frame::new(rows.flatten().collect(), doubled, PixelFormat::Gray8).unwrap()
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn nothing_spoilt_passes() {
    let frames: u64 = std::env::var("FRAMES").map_or(10_000, |text| text.parse().expect("FRAMES is a number"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/default/station.bundle");
    let file = BundleFile::read(&path).unwrap();
    let bundle: Bundle<'_> = file.verify().unwrap();
    let golden = bundle.golden_frames().expect("the default bundle has golden frames");
    let size = golden.size();
    let shown: Vec<Frame> = golden
        .iter()
        .map(|frame| twice_as_large(&frame.input.rows().flatten().copied().collect::<Vec<_>>(), size))
        .collect();
    let good: Vec<bool> = golden.iter().map(|frame| frame.verdict == GoldenVerdict::Pass).collect();
    let inputs: Vec<Vec<u8>> = golden.iter().map(|frame| frame.input.rows().flatten().copied().collect()).collect();
    let answers =
        golden.iter().map(|frame| frame.reconstruction.rows().flatten().map(|&p| f32::from(p) / 255.0).collect());
    let known = inputs.iter().map(Vec::as_slice).zip(answers).collect();
    let model = Answers { size, known, gray: vec![0.5; size.area()] };

    let time = Cell::new(1_000_000);
    // Between the sharpness of the frames and that of their blurred copies.
    let limits = QualityLimits::new(0.5, 0.9, MIN_SHARPNESS, 2).unwrap();
    let inspector = Inspector::new(&bundle, model, Time(&time), 50_000).unwrap().with_quality(limits);
    let source = Golden { frames: &shown, time: &time, shown: 0, pixels: Vec::new() };
    let mut plan = FaultPlan::new(11).with_all(4000);
    plan.clock_error_us = 60_000;
    let line = LineOfTests {
        line: RefCell::new(Line::new(TIMING, TriggerMode::Free).unwrap()),
        time: &time,
        parts: RefCell::default(),
        risen: RefCell::default(),
    };
    for event in [Event::Started, Event::SelfTestPassed] {
        line.line.borrow_mut().on(event, time.get());
    }
    let events = |event: &StationEvent<'_>| {
        if let Some((reason, kind)) = camera_fault(event, || true) {
            line.line.borrow_mut().fault(reason, kind);
        }
    };
    let (edges, fails) = (Cell::new(0), Cell::new(false));
    let mut pins: Pins<CountingPin<'_>> = Default::default();
    pins[OutputName::Accept as usize] = Some((CountingPin { edges: &edges, fails: &fails }, Polarity::ActiveHigh));
    let mut outputs = Outputs::new(pins).unwrap();
    let mut station = Station::new(FaultySource::new(source, plan), inspector, &line, Failing::default(), events);

    let mut rows = Tally::default();
    // What each captured moment showed: a good part as it was, or why not.
    let mut truth: BTreeMap<u64, &'static str> = BTreeMap::new();
    let (mut false_passes, mut clean_good, mut clean_good_edges, mut pin_failures, mut clears) = (0_u64, 0, 0, 0, 0);
    let (mut taken_when_clean, mut clean_frames) = (0, 0_u64);
    let mut resident = Vec::new();
    let count = |source: &FaultySource<Golden<'_>>| Injection::ALL.map(|injection| source.injected(injection));
    for step in 0..frames {
        let before = count(station.source());
        let (taken, outcome) = counting::taken(|| station.step());
        let after = count(station.source());
        let injected = Injection::ALL
            .into_iter()
            .find(|&injection| injection != Injection::Drop && after[injection as usize] > before[injection as usize]);
        let shown_now = (station.source().inner().shown - 1) as usize % good.len();
        let now_us = time.get();
        let name = match injected {
            Some(injection) => injection_name(injection),
            None if good[shown_now] => "good",
            None => "defective",
        };
        let row = rows.of(name);
        row.injected += 1;
        let verdict = match &outcome {
            Step::Inspected(record) => {
                truth.insert(record.stamp.captured_at_us, name);
                Some(record.verdict)
            }
            Step::NoPart | Step::Ended => None,
        };
        let expected = match injected {
            None if good[shown_now] => verdict == Some(RecordedVerdict::Pass),
            None => verdict == Some(RecordedVerdict::Reject),
            // Two of them in a row are equal to the bit.
            Some(Injection::Black | Injection::White) if verdict == Some(FROZEN) => true,
            Some(injection) => verdict == injection.expected().map(RecordedVerdict::Fault),
        };
        match outcome {
            Step::NoPart => row.not_judged += 1,
            _ => row.as_expected += u64::from(expected),
        }
        if injected.is_none() && step > 100 && matches!(outcome, Step::Inspected(_)) {
            clean_frames += 1;
            taken_when_clean += taken;
        }
        // One rise in 500 fails at the pin.
        fails.set(step % 500 == 499);
        let risen_before = line.risen.borrow().len();
        line.run(&mut outputs, now_us + INTERVAL_US - 1);
        if fails.replace(false) != (step % 500 == 499) {
            pin_failures += 1;
        }
        for at_us in &line.risen.borrow()[risen_before..] {
            let name = truth.get(at_us).copied().unwrap_or("nothing");
            rows.of(name).edges += 1;
            false_passes += u64::from(name != "good");
        }
        line.risen.borrow_mut().clear();
        truth.retain(|&at_us, _| at_us + 10_000_000 > now_us);
        // A person comes by and clears what is latched.
        if matches!(line.line.borrow().state(), State::Faulted { latched: true, .. }) && step.is_multiple_of(20) {
            clears += 1;
            line.line.borrow_mut().on(Event::Clear, now_us);
        }
        if step.is_multiple_of((frames / 8).max(1)) {
            resident.push(resident_kib());
        }
    }
    clean_good += rows.of("good").injected;
    clean_good_edges += rows.of("good").edges;
    rows.print();
    println!(
        "{frames} frames, {} edges at the pin, {false_passes} false passes; {pin_failures} pins failed, {} of {} records \
         failed, {clears} faults cleared; {taken_when_clean} allocations in {clean_frames} clean inspections; resident \
         {resident:?} KiB",
        edges.get(),
        station.records().failed,
        station.records().attempts,
    );
    rows.matrix();
    let taken_back = format!("no part got an edge by it; {clears} faults cleared by hand; ready again each time");
    row("G1", "accept pin fails (simulated)", pin_failures, false_passes, &taken_back, edges.get() == clean_good_edges);
    let failed = station.records().failed;
    let goes_on = format!("the inspection goes on; {failed} of {} records failed", station.records().attempts);
    row("D1", "record fails (simulated)", failed, false_passes, &goes_on, edges.get() == clean_good_edges);
    let (first, last) = (resident[1.min(resident.len() - 1)], resident[resident.len() - 1]);
    let flat = last <= first + first / 20;
    let memory = format!(
        "{taken_when_clean} allocations in {clean_frames} clean inspections; resident {first} KiB after an eighth, \
         {last} KiB at the end"
    );
    row("S1", "soak (simulated)", frames, false_passes, &memory, taken_when_clean == 0 && flat);
    assert_eq!(false_passes, 0);
    assert!(flat, "resident memory grows: {resident:?} KiB");
    rows.check();
    assert_eq!(edges.get(), clean_good_edges);
    assert!(clean_good_edges * 2 > clean_good, "{clean_good_edges} edges for {clean_good} good parts say little");
    assert_eq!(taken_when_clean, 0, "an inspection takes no memory");
    assert!(Injection::ALL.iter().all(|&injection| station.source().injected(injection) > 0) || frames < 10_000);
    assert!(pin_failures > 0 || frames < 10_000);
}
