//! Tests of `faulty`, beside it.

use shared::image::{PixelFormat, Size};

use super::*;
use crate::camera::quality::{QualityGate, QualityLimits};
use crate::frame::Frame;

const SIZE: Size = Size::new(32, 24);

/// Noise, another picture in every frame, 33 ms apart.
struct Camera {
    sequence: u64,
    frame: Frame,
}

impl Camera {
    fn new() -> Self {
        Self { sequence: 0, frame: Frame::new(vec![0; SIZE.area()], SIZE, PixelFormat::Gray8).unwrap() }
    }
}

impl FrameSource for Camera {
    fn next_frame(&mut self) -> Option<Captured<'_>> {
        self.sequence += 1;
        let mut random = self.sequence;
        let pixels = (0..SIZE.area()).map(|_| 60 + (splitmix(&mut random) % 100) as u8).collect();
        self.frame = Frame::new(pixels, SIZE, PixelFormat::Gray8).unwrap();
        let captured_at_us = 1_000_000_000 + 33_000 * self.sequence;
        Some(Captured { sequence: self.sequence, captured_at_us, frame: Ok(self.frame.view().unwrap()) })
    }
}

/// What a frame came out as: number, time, and its pixels or error.
type Seen = (u64, u64, Result<Vec<u8>, String>);

fn run(plan: FaultPlan, frames: u32) -> (Vec<Seen>, FaultySource<Camera>) {
    let mut source = FaultySource::new(Camera::new(), plan);
    let mut out = Vec::new();
    for _ in 0..frames {
        let captured = source.next_frame().unwrap();
        let frame = captured.frame.map_err(|error| error.to_string());
        let pixels = frame.map(|frame| (0..frame.size().height).flat_map(|y| frame.row(y).to_vec()).collect());
        out.push((captured.sequence, captured.captured_at_us, pixels));
    }
    (out, source)
}

#[test]
fn the_same_seed_spoils_the_same_frames() {
    let plan = FaultPlan::new(7).with_all(20_000);
    assert_eq!(run(plan, 500).0, run(plan, 500).0);
    assert_ne!(run(plan, 500).0, run(FaultPlan { seed: 8, ..plan }, 500).0);
}

#[test]
fn without_rates_nothing_is_spoilt() {
    let (out, source) = run(FaultPlan::new(1), 100);
    for (number, (sequence, at_us, pixels)) in (1..).zip(&out) {
        assert_eq!((*sequence, *at_us), (number, 1_000_000_000 + 33_000 * number));
        assert!(pixels.is_ok());
    }
    assert!(Injection::ALL.iter().all(|&injection| source.injected(injection) == 0));
}

#[test]
fn rates_are_millionths_of_the_frames() {
    let (_, source) = run(FaultPlan::new(3).with(Injection::Black, 100_000).with(Injection::Stall, 50_000), 20_000);
    // Binomial: standard deviations of 42 and 31.
    assert!((1800..2200).contains(&source.injected(Injection::Black)), "{}", source.injected(Injection::Black));
    assert!((850..1150).contains(&source.injected(Injection::Stall)), "{}", source.injected(Injection::Stall));
}

/// Each way, counted by what a station sees: number, time, size, errors and quality.
#[test]
fn every_injection_is_seen_as_often_as_it_was_made() {
    for injection in Injection::ALL {
        let mut source = FaultySource::new(Camera::new(), FaultPlan::new(11).with(injection, 100_000));
        // Two white frames in a row are equal too.
        let frozen_frames = if injection == Injection::Frozen { 2 } else { 0 };
        let limits = QualityLimits::new(0.5, 0.5, 100.0, frozen_frames).unwrap();
        let mut gate = QualityGate::new(limits);
        let (mut last, mut gaps, mut seen) = (0, 0, 0);
        for _ in 0..2000 {
            let captured = source.next_frame().unwrap();
            let at_us = 1_000_000_000 + 33_000 * captured.sequence;
            let stamp = captured.captured_at_us;
            let reason = match &captured.frame {
                Err(error) => Some(error.reason()),
                Ok(_) if captured.sequence <= last => Some(FaultReason::FrameRepeated),
                Ok(_) if stamp > at_us => Some(FaultReason::FrameFromFuture),
                Ok(_) if stamp < at_us => Some(FaultReason::FrameStale),
                Ok(frame) if frame.size() != SIZE => Some(FaultReason::FrameSize),
                Ok(frame) => gate.check(frame).unwrap().1,
            };
            if captured.sequence > last {
                gaps += captured.sequence - last - 1;
                last = captured.sequence;
            }
            assert!(reason.is_none() || reason == injection.expected(), "{injection:?}: {reason:?}");
            seen += u64::from(reason.is_some());
        }
        let expected = if injection == Injection::Drop { gaps } else { seen };
        let injected = source.injected(injection);
        assert_eq!(injected, expected, "{injection:?}");
        assert!(injected > 50, "{injection:?}: {injected}");
    }
}

#[test]
fn a_disconnection_and_a_frozen_picture_last() {
    let plan = FaultPlan { frozen_frames: 4, disconnected_frames: 6, ..FaultPlan::new(5) };
    let (out, _) = run(plan.with(Injection::Disconnect, 10_000), 3000);
    let mut runs = out.chunk_by(|a, b| a.2.is_err() == b.2.is_err()).filter(|run| run[0].2.is_err());
    assert!(runs.by_ref().take(5).all(|run| run.len() % 6 == 0));
    let (out, source) = run(plan.with(Injection::Frozen, 10_000), 3000);
    let longest = out.chunk_by(|a, b| a.2 == b.2).map(<[_]>::len).max();
    assert_eq!(longest, Some(5), "the true one and four frozen ones");
    assert_eq!(source.injected(Injection::Frozen) % 4, 0);
}

/// A failure of the camera itself stays what it is.
#[test]
fn failures_pass_through() {
    struct Gone;
    impl FrameSource for Gone {
        fn next_frame(&mut self) -> Option<Captured<'_>> {
            Some(Captured { sequence: 1, captured_at_us: 1, frame: Err(CaptureError::Damaged) })
        }
    }
    let mut source = FaultySource::new(Gone, FaultPlan::new(1).with(Injection::Black, 1_000_000));
    assert!(matches!(source.next_frame().unwrap().frame, Err(CaptureError::Damaged)));
    assert_eq!(source.injected(Injection::Black), 0);
}
