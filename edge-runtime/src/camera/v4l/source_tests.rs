//! The camera against a device made up: order, stalls, damage, controls that drift, unplugging.

use std::collections::BTreeMap;
use std::path::PathBuf;

use image::{ExtendedColorType, ImageEncoder, codecs::jpeg::JpegEncoder};
use shared::image::Size;

use super::device::ControlInfo;
use super::fake::{FakeClock, FakeDevice, FakeFrame};
use super::*;
use crate::camera::{CaptureError, FrameSource};

const SIZE: Size = Size::new(8, 4);
const GAIN: u32 = 0x0098_0913;

fn settings(format: VideoFormat) -> V4lSettings {
    V4lSettings {
        device: PathBuf::from("/dev/video0"),
        input: None,
        format,
        size: SIZE,
        timeout_ms: 100,
        max_age_us: 200_000,
        controls: ControlSettings::default(),
        check_every: 3,
    }
}

fn camera(device: &FakeDevice, settings: V4lSettings) -> V4lFrames<FakeDevice, FakeClock> {
    V4lFrames::open(device.same(), settings, device.clock()).unwrap()
}

/// A gray frame of pixels that are its number.
fn gray(sequence: u32, at_us: u64) -> FakeFrame {
    FakeFrame { sequence, at_us, bytes: vec![sequence as u8; SIZE.area()], damaged: false, monotonic: true }
}

fn now_us(device: &FakeDevice) -> u64 {
    device.state().now_us.get()
}

fn pass_time(device: &FakeDevice, us: u64) {
    let now = device.state().now_us.clone();
    now.set(now.get() + us);
}

/// The number and the first pixel of the next frame.
fn next(camera: &mut V4lFrames<FakeDevice, FakeClock>) -> Result<(u64, u8), CaptureError> {
    let captured = camera.next_frame().unwrap();
    let mut pixel = [0];
    captured.frame.map(|frame| {
        frame.luma_row(0, 0, &mut pixel).unwrap();
        (captured.sequence, pixel[0])
    })
}

#[test]
fn frames_come_in_order_with_their_time_stamps() {
    let device = FakeDevice::new(SIZE);
    let mut camera = camera(&device, settings(VideoFormat::Grey));
    for number in 0..20 {
        let at = now_us(&device) + 30_000;
        device.state().later.push_back(gray(number, at));
        let captured = camera.next_frame().unwrap();
        assert_eq!((captured.sequence, captured.captured_at_us), (u64::from(number) + 1, at));
        assert_eq!(captured.frame.unwrap().size(), SIZE);
    }
    assert_eq!(camera.counts().frames, 20);
    assert_eq!(camera.counts().dropped, 0);
}

#[test]
fn a_stamp_that_was_rounded_up_is_now_and_one_far_ahead_stays() {
    let device = FakeDevice::new(SIZE);
    let mut camera = camera(&device, settings(VideoFormat::Grey));
    // The frame is waited for 33 ms.
    for (sequence, (ahead, expected)) in (0..).zip([(43_000, 33_000), (43_001, 43_001), (32_000, 32_000)]) {
        let before = now_us(&device);
        device.state().later.push_back(gray(sequence, before + ahead));
        assert_eq!(camera.next_frame().unwrap().captured_at_us, before + expected);
    }
}

#[test]
fn two_waiting_frames_are_both_handed_out() {
    let device = FakeDevice::new(SIZE);
    let mut camera = camera(&device, settings(VideoFormat::Grey));
    let at = now_us(&device);
    device.state().ready.extend([gray(1, at), gray(2, at)]);
    assert_eq!(next(&mut camera).unwrap(), (1, 1));
    device.state().ready.push_back(gray(3, at));
    assert_eq!(next(&mut camera).unwrap(), (2, 2));
    assert_eq!(next(&mut camera).unwrap(), (3, 3));
    assert_eq!(camera.counts().dropped, 0);
}

#[test]
fn after_a_stall_the_newest_frame_is_next_and_the_others_are_counted() {
    let device = FakeDevice::new(SIZE);
    let mut camera = camera(&device, settings(VideoFormat::Grey));
    let at = now_us(&device);
    // The driver had four buffers and filled them all.
    device.state().ready.extend([gray(1, at), gray(2, at), gray(3, at), gray(4, at)]);
    assert_eq!(next(&mut camera).unwrap(), (4, 4));
    assert_eq!(camera.counts().dropped, 3);
    // While a frame is inspected the driver has three.
    device.state().ready.extend([gray(5, at), gray(6, at), gray(7, at)]);
    assert_eq!(next(&mut camera).unwrap(), (7, 7));
    assert_eq!((camera.counts().dropped, camera.counts().lost), (5, 0));
}

#[test]
fn frames_that_waited_too_long_are_dropped_for_one_that_is_fresh() {
    let device = FakeDevice::new(SIZE);
    let mut camera = camera(&device, settings(VideoFormat::Grey));
    let at = now_us(&device);
    device.state().ready.extend([gray(1, at), gray(2, at + 150_000)]);
    pass_time(&device, 250_000);
    assert_eq!(next(&mut camera).unwrap(), (2, 2));
    device.state().ready.push_back(gray(3, at + 150_000));
    pass_time(&device, 250_000);
    let fresh = now_us(&device);
    device.state().later.push_back(gray(9, fresh));
    assert_eq!(next(&mut camera).unwrap(), (9, 9));
    assert_eq!((camera.counts().dropped, camera.counts().lost), (2, 5));
}

#[test]
fn a_silent_camera_is_a_timeout_and_goes_on() {
    let device = FakeDevice::new(SIZE);
    let mut camera = camera(&device, settings(VideoFormat::Grey));
    let before = now_us(&device);
    assert!(matches!(next(&mut camera), Err(CaptureError::Timeout { waited_ms: 100 })));
    assert_eq!(now_us(&device) - before, 100_000);
    let at = now_us(&device);
    device.state().later.push_back(gray(0, at));
    assert_eq!(next(&mut camera).unwrap(), (2, 0));
    assert_eq!(device.state().openings, 1);
}

#[test]
fn damaged_short_and_foreign_frames_are_failures() {
    let device = FakeDevice::new(SIZE);
    device.state().padding = 8;
    let mut camera = camera(&device, settings(VideoFormat::Grey));
    let needed = 16 * 3 + 8;
    let deliver = |change: &dyn Fn(&mut FakeFrame)| {
        let mut frame = gray(0, now_us(&device));
        frame.sequence = device.state().openings;
        device.state().openings += 1;
        frame.bytes = vec![0; needed];
        change(&mut frame);
        device.state().later.push_back(frame);
    };
    deliver(&|_| {});
    assert_eq!(next(&mut camera).unwrap().0, 1);
    deliver(&|frame| frame.damaged = true);
    assert!(matches!(next(&mut camera), Err(CaptureError::Damaged)));
    deliver(&|frame| frame.monotonic = false);
    assert!(matches!(next(&mut camera), Err(CaptureError::TimeStamp)));
    for length in 0..needed {
        deliver(&|frame| frame.bytes.truncate(length));
        let error = next(&mut camera).unwrap_err();
        assert!(matches!(error, CaptureError::Short { found, expected: 56 } if found == length), "{error}");
    }
    // More than the buffer holds.
    device.state().buffer_length = 60;
    deliver(&|frame| frame.bytes = vec![0; 64]);
    assert!(matches!(next(&mut camera), Err(CaptureError::Short { found: 60, expected: 64 })));
    device.state().buffer_length = 64;
    deliver(&|frame| frame.bytes = vec![0; 64]);
    assert_eq!(next(&mut camera).unwrap().0, needed as u64 + 5);
    assert_eq!(camera.counts().failed, needed as u64 + 3);
}

#[test]
fn yuyv_gives_its_luma() {
    let device = FakeDevice::new(SIZE);
    device.state().padding = 6;
    let mut camera = camera(&device, settings(VideoFormat::Yuyv));
    let bytes: Vec<u8> =
        (0..4).flat_map(|y| (0..22).map(move |x| if x % 2 == 0 { 10 * y + x / 2 } else { 255 })).collect();
    let frame = FakeFrame { bytes, ..gray(0, now_us(&device)) };
    device.state().later.push_back(frame);
    let frame = camera.next_frame().unwrap().frame.unwrap();
    let mut row = [0; 8];
    frame.luma_row(3, 0, &mut row).unwrap();
    assert_eq!(row, [30, 31, 32, 33, 34, 35, 36, 37]);
}

fn jpeg(size: Size) -> Vec<u8> {
    let pixels: Vec<u8> = (0..size.area()).map(|index| (index * 37 % 256) as u8).collect();
    let mut bytes = Vec::new();
    let (width, height) = (size.width.into(), size.height.into());
    JpegEncoder::new(&mut bytes).write_image(&pixels, width, height, ExtendedColorType::L8).unwrap();
    bytes
}

#[test]
fn a_jpeg_cut_anywhere_is_a_failure() {
    let device = FakeDevice::new(SIZE);
    let mut camera = camera(&device, settings(VideoFormat::Mjpeg));
    let whole = jpeg(SIZE);
    device.state().buffer_length = whole.len() + 100;
    let mut sequence = 0;
    let mut try_bytes = |bytes: Vec<u8>| {
        sequence += 1;
        let frame = FakeFrame { bytes, ..gray(sequence, now_us(&device)) };
        device.state().later.push_back(frame);
        next(&mut camera)
    };
    for length in 0..whole.len() {
        let cut = whole[..length].to_vec();
        // Cameras fill up what is missing with zeros, or leave it out.
        for bytes in [[&cut[..], &vec![0; whole.len() - length]].concat(), cut] {
            assert!(try_bytes(bytes).is_err(), "{length} of {} bytes", whole.len());
        }
    }
    assert!(try_bytes(whole.clone()).is_ok());
    assert!(try_bytes([&whole[..], &[0; 50]].concat()).is_ok(), "zeros after the end are usual");
    let error = try_bytes(jpeg(Size::new(8, 8))).unwrap_err();
    assert!(matches!(error, CaptureError::SizeChanged { found: Size { width: 8, height: 8 }, .. }), "{error}");
}

fn with_gain(device: &FakeDevice) -> V4lSettings {
    let info = ControlInfo { id: GAIN, name: "gain".to_owned(), min: 0, max: 100, step: 1, settable: true };
    device.state().controls = vec![(info, 50)];
    let others = BTreeMap::from([("gain".to_owned(), 20)]);
    V4lSettings { controls: ControlSettings { others, ..ControlSettings::default() }, ..settings(VideoFormat::Grey) }
}

#[test]
fn a_control_that_changes_by_itself_is_found_and_set_again() {
    let device = FakeDevice::new(SIZE);
    let settings = with_gain(&device);
    let mut camera = camera(&device, settings);
    assert_eq!(device.state().value("gain"), 20);
    let mut sequence = 0;
    let mut deliver = || {
        sequence += 1;
        let at = now_us(&device) + 33_000;
        device.state().later.push_back(gray(sequence, at));
    };
    deliver();
    assert!(next(&mut camera).is_ok());
    device.state().controls[0].1 = 33;
    // Looked at in every third frame.
    for _ in 0..2 {
        deliver();
        assert!(next(&mut camera).is_ok());
    }
    deliver();
    let error = next(&mut camera).unwrap_err();
    assert!(matches!(&error, CaptureError::Setting { name, asked: 20, found: 33 } if name == "gain"), "{error}");
    assert_eq!(device.state().value("gain"), 20);
    // What was captured with the wrong gain is not handed out.
    let stale = now_us(&device) - 1;
    device.state().ready.push_back(gray(77, stale));
    sequence = 77;
    let at = now_us(&device) + 33_000;
    device.state().later.push_back(gray(sequence + 1, at));
    assert_eq!(next(&mut camera).unwrap().1, 78);
    assert_eq!(camera.counts().dropped, 1);
}

#[test]
fn a_control_that_will_not_hold_fails_every_frame() {
    let device = FakeDevice::new(SIZE);
    let settings = with_gain(&device);
    let mut camera = camera(&device, settings);
    device.state().coarse = Some((GAIN, 8));
    device.state().controls[0].1 = 16;
    for sequence in 0..5 {
        let at = now_us(&device) + 33_000;
        device.state().later.push_back(gray(sequence, at));
        assert!(matches!(next(&mut camera), Err(CaptureError::Setting { asked: 20, found: 16, .. })));
    }
}

#[test]
fn an_unplugged_camera_is_opened_again_with_its_controls_and_growing_numbers() {
    let device = FakeDevice::new(SIZE);
    let settings = with_gain(&device);
    let mut camera = camera(&device, settings);
    let at = now_us(&device);
    device.state().later.push_back(gray(500, at));
    assert_eq!(next(&mut camera).unwrap().0, 1);
    device.state().unplugged = true;
    let mut attempts = vec![now_us(&device)];
    for _ in 0..10 {
        let openings = device.state().openings;
        let error = next(&mut camera).unwrap_err();
        assert!(matches!(error, CaptureError::Disconnected { .. }), "{error}");
        attempts.push(now_us(&device));
        assert!(device.state().openings <= openings + 1, "more than one attempt in a call");
    }
    assert!(attempts.windows(2).skip(1).all(|pair| pair[1] - pair[0] >= 200_000), "{attempts:?}");
    assert_eq!(device.state().openings, 10);

    device.state().unplugged = false;
    device.state().controls[0].1 = 50;
    let back = now_us(&device);
    device.state().later.push_back(gray(0, back + 200_000));
    assert_eq!(next(&mut camera).unwrap().0, 12);
    assert!(now_us(&device) - back < 5_000_000);
    assert_eq!(device.state().value("gain"), 20);
    assert_eq!((camera.counts().reopened, camera.counts().lost), (1, 0));
}

#[test]
fn another_camera_in_its_place_is_refused() {
    let device = FakeDevice::new(SIZE);
    let mut camera = camera(&device, settings(VideoFormat::Grey));
    device.state().unplugged = true;
    assert!(next(&mut camera).is_err());
    device.state().unplugged = false;
    device.state().size = Size::new(16, 16);
    let CaptureError::Disconnected { source } = next(&mut camera).unwrap_err() else { panic!() };
    assert!(source.to_string().contains("GREY 16x16"), "{source}");
}

#[test]
fn stamps_of_another_clock_refuse_the_camera() {
    let device = FakeDevice::new(SIZE);
    device.state().monotonic = false;
    let opened = V4lFrames::open(device.same(), settings(VideoFormat::Grey), device.clock());
    assert!(matches!(opened, Err(DeviceError::TimeStamps)));
}

#[test]
fn a_missing_device_says_which() {
    let missing = V4lSettings { device: PathBuf::from("/nonexistent/video7"), ..settings(VideoFormat::Grey) };
    let error = open(missing, crate::clock::MonotonicClock::new()).unwrap_err();
    assert!(error.to_string().starts_with("/nonexistent/video7: cannot be opened"), "{error}");
}
