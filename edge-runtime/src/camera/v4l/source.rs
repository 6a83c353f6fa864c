//! A V4L2 camera as a source of frames: what became of each attempt, and opening it again when it is gone. Times are in
//! microseconds of the monotonic clock.
//!
//! Gray frames are lent out of the driver's buffer; the luma of YUYV is copied into a buffer of its own. Neither
//! allocates. Each MJPEG frame is decoded into new memory.

use std::io;
use std::path::PathBuf;

use shared::image::{FrameView, PixelFormat, Size};

use super::controls::ControlSettings;
use super::device::{Filled, Host, VideoDevice};
use super::error::DeviceError;
use super::negotiate::VideoFormat;
use super::sequence::Sequence;
use super::stream::Stream;
use crate::camera::decode::decode_bytes;
use crate::camera::{CaptureCounts, CaptureError, Captured, FrameSource, yuyv};
use crate::clock::Clock;
use crate::frame::Frame;

/// The shortest time between two attempts to open a camera that is gone.
const REOPEN_AFTER_US: u64 = 200_000;

/// A frame that is here was captured before now: a stamp that is this little ahead was rounded by the driver and is
/// taken for now. One further ahead is left as it is, for the admission of frames to refuse.
const ROUNDED_BY_US: u64 = 10_000;

/// How a camera is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct V4lSettings {
    /// The device file, `/dev/video0`.
    pub device: PathBuf,
    /// The input of a device with several, by its number; none leaves it.
    pub input: Option<u32>,
    /// What the frames hold.
    pub format: VideoFormat,
    /// The frames' size; no other is taken.
    pub size: Size,
    /// How long a frame is waited for.
    pub timeout_ms: u32,
    /// A waiting frame older than that is dropped for a newer one.
    pub max_age_us: u64,
    /// What the camera shall hold.
    pub controls: ControlSettings,
    /// The controls are read back once in so many frames, at least 1.
    pub check_every: u32,
}

/// Frames of a V4L2 camera.
#[derive(Debug)]
pub struct V4lFrames<H: Host, C> {
    host: H,
    clock: C,
    settings: V4lSettings,
    stream: Option<Stream<H::Device>>,
    last_attempt_us: u64,
    sequence: Sequence,
    counts: CaptureCounts,
    luma: Vec<u8>,
    decoded: Option<Frame>,
}

/// Where the pixels of a frame are.
enum Pixels {
    /// In the driver's buffer `index`.
    Buffer(u32),
    Luma,
    Decoded,
}

impl<H: Host, C: Clock> V4lFrames<H, C> {
    /// Opens the camera and starts it.
    ///
    /// # Errors
    ///
    /// [`DeviceError`] if the camera is not exactly as asked.
    pub fn open(mut host: H, settings: V4lSettings, clock: C) -> Result<Self, DeviceError> {
        let stream = Some(Stream::open(&mut host, &settings)?);
        let luma = match settings.format {
            VideoFormat::Yuyv => vec![0; settings.size.area()],
            VideoFormat::Grey | VideoFormat::Mjpeg => Vec::new(),
        };
        let last_attempt_us = clock.now_us();
        let (sequence, counts) = (Sequence::default(), CaptureCounts::default());
        Ok(Self { host, clock, settings, stream, last_attempt_us, sequence, counts, luma, decoded: None })
    }

    fn reopen(&mut self) -> Result<(), CaptureError> {
        let due_us = self.last_attempt_us.saturating_add(REOPEN_AFTER_US);
        let early_us = due_us.saturating_sub(self.clock.now_us());
        if early_us > 0 {
            self.host.sleep_us(early_us);
        }
        self.last_attempt_us = self.clock.now_us();
        let stream = Stream::open(&mut self.host, &self.settings);
        self.stream = Some(stream.map_err(|error| CaptureError::Disconnected { source: Box::new(error) })?);
        self.sequence.restart();
        self.counts.reopened += 1;
        Ok(())
    }

    /// Closes the camera.
    fn lose(&mut self, source: io::Error) -> CaptureError {
        self.stream = None;
        self.last_attempt_us = self.clock.now_us();
        CaptureError::Disconnected { source: Box::new(source) }
    }

    /// One attempt: its number, its time if a frame came, and the pixels or why there are none.
    fn capture(&mut self) -> (u64, Option<u64>, Result<Pixels, CaptureError>) {
        let Self { settings, clock, sequence, counts, .. } = self;
        let Some(stream) = &mut self.stream else {
            let reopened = self.reopen();
            return match reopened {
                Ok(()) => self.capture(),
                Err(error) => (self.sequence.attempt(), None, Err(error)),
            };
        };
        match stream.next(settings, clock, sequence, counts) {
            Err(error) => {
                let number = sequence.attempt();
                (number, None, Err(self.lose(error)))
            }
            Ok(None) => {
                let waited_ms = settings.timeout_ms;
                (sequence.attempt(), None, Err(CaptureError::Timeout { waited_ms }))
            }
            Ok(Some((frame, number))) => (number, Some(frame.captured_at_us), self.take(frame)),
        }
    }

    /// Checks a frame, and the controls behind it.
    fn take(&mut self, frame: Filled) -> Result<Pixels, CaptureError> {
        let Some(stream) = &mut self.stream else { return Err(self.lose(io::ErrorKind::NotConnected.into())) };
        let checked = match stream.check(&self.settings, &self.clock) {
            Ok(checked) => checked,
            Err(error) => return Err(self.lose(error)),
        };
        checked?;
        if frame.damaged {
            return Err(CaptureError::Damaged);
        }
        if !frame.monotonic {
            return Err(CaptureError::TimeStamp);
        }
        let V4lSettings { size, format, ref device, .. } = self.settings;
        let row = format.row_bytes(size.width);
        let expected = (stream.stride * (usize::from(size.height) - 1) + row).max(1);
        let bytes = stream.device.bytes(frame.index);
        let found = frame.used.min(bytes.len());
        let bytes = match bytes.get(..frame.used) {
            Some(bytes) if found >= expected => bytes,
            // Fewer bytes than the size needs, or more than the buffer holds.
            _ => return Err(CaptureError::Short { found, expected: expected.max(frame.used) }),
        };
        match format {
            VideoFormat::Grey => return Ok(Pixels::Buffer(frame.index)),
            VideoFormat::Yuyv => yuyv::luma_of_rows(bytes, stream.stride, usize::from(size.width), &mut self.luma),
            VideoFormat::Mjpeg => {
                let decoded = decode_bytes(bytes, device)?;
                if decoded.size() != size {
                    return Err(CaptureError::SizeChanged { found: decoded.size(), expected: size });
                }
                self.decoded = Some(decoded);
            }
        }
        // The copy is all that is needed; the driver has its buffer back early.
        let released = stream.release();
        match released {
            Err(error) => Err(self.lose(error)),
            Ok(()) if format == VideoFormat::Yuyv => Ok(Pixels::Luma),
            Ok(()) => Ok(Pixels::Decoded),
        }
    }

    fn view(&self, pixels: Pixels) -> Result<FrameView<'_>, CaptureError> {
        let size = self.settings.size;
        let gray = |bytes, stride| FrameView::new(bytes, size, stride, PixelFormat::Gray8);
        Ok(match (pixels, &self.stream, &self.decoded) {
            (Pixels::Buffer(index), Some(stream), _) => gray(stream.device.bytes(index), stream.stride)?,
            (Pixels::Decoded, _, Some(frame)) => frame.view()?,
            _ => gray(&self.luma, usize::from(size.width))?,
        })
    }
}

impl<H: Host, C: Clock> FrameSource for V4lFrames<H, C> {
    fn next_frame(&mut self) -> Option<Captured<'_>> {
        let (sequence, captured_at_us, pixels) = self.capture();
        let now_us = self.clock.now_us();
        let captured_at_us = match captured_at_us {
            Some(at_us) if at_us.saturating_sub(now_us) > ROUNDED_BY_US => at_us,
            Some(at_us) => at_us.min(now_us),
            None => now_us,
        };
        match pixels {
            Ok(_) => self.counts.frames += 1,
            Err(_) => self.counts.failed += 1,
        }
        let frame = pixels.and_then(|pixels| self.view(pixels));
        Some(Captured { sequence, captured_at_us, frame })
    }

    fn counts(&self) -> CaptureCounts {
        CaptureCounts { lost: self.sequence.lost(), ..self.counts }
    }
}
