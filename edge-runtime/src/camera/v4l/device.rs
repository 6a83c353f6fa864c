//! What a V4L2 capture device can be asked, as a trait over its ioctls, so that everything above it is tested with a
//! device made up. Sizes are in pixels, lengths in bytes, times in microseconds of the monotonic clock. Nothing here
//! decides anything.

use std::fmt;
use std::io;

/// A pixel format by its four characters, the first in the lowest byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FourCc(pub u32);

impl FourCc {
    /// 8-bit gray.
    pub const GREY: Self = Self::of(b"GREY");
    /// YUV 4:2:2: Y0 U Y1 V.
    pub const YUYV: Self = Self::of(b"YUYV");
    /// A JPEG for every frame.
    pub const MJPG: Self = Self::of(b"MJPG");
    /// A JPEG for every frame, as some drivers call it.
    pub const JPEG: Self = Self::of(b"JPEG");

    /// The format with these characters.
    pub const fn of(characters: &[u8; 4]) -> Self {
        Self(u32::from_le_bytes(*characters))
    }
}

impl fmt::Display for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Bit 31 marks the big-endian variant of a format.
        for byte in (self.0 & 0x7fff_ffff).to_le_bytes() {
            write!(f, "{}", byte.escape_ascii())?;
        }
        if self.0 >> 31 == 1 { f.write_str("-BE") } else { Ok(()) }
    }
}

impl fmt::Debug for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a device says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// The driver's name.
    pub driver: String,
    /// The device's name.
    pub card: String,
    /// `V4L2_CAP_*` of this node.
    pub flags: u32,
}

impl Capabilities {
    /// Captures video into one plane a frame.
    pub const VIDEO_CAPTURE: u32 = 0x0000_0001;
    /// Captures video into several planes a frame; not supported here.
    pub const VIDEO_CAPTURE_MPLANE: u32 = 0x0000_1000;
    /// Streams through buffers.
    pub const STREAMING: u32 = 0x0400_0000;
}

/// Sizes that a device offers for one format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeOffer {
    /// One size: width, height.
    Discrete(u32, u32),
    /// From the smallest to the largest size in steps, each width, height.
    Stepwise {
        /// The smallest.
        min: (u32, u32),
        /// The largest.
        max: (u32, u32),
        /// The steps between.
        step: (u32, u32),
    },
}

impl fmt::Display for SizeOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Discrete(width, height) => write!(f, "{width}x{height}"),
            Self::Stepwise { min, max, step } => {
                write!(f, "{}x{} to {}x{} in steps of {}x{}", min.0, min.1, max.0, max.1, step.0, step.1)
            }
        }
    }
}

/// The format in force after it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granted {
    /// The pixel format.
    pub code: FourCc,
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes from one row to the next; 0 for compressed formats.
    pub stride: u32,
    /// The frame is not two interlaced half-frames.
    pub progressive: bool,
}

/// A control: its identity and the values it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlInfo {
    /// `V4L2_CID_*`.
    pub id: u32,
    /// The name in snake case, as `v4l2-ctl` lists it.
    pub name: String,
    /// The smallest value.
    pub min: i32,
    /// The largest value.
    pub max: i32,
    /// The distance between two values.
    pub step: i32,
    /// It can be read and set as a number.
    pub settable: bool,
}

/// A buffer that the driver has filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    /// Which buffer.
    pub index: u32,
    /// Bytes of the frame in it.
    pub used: usize,
    /// The driver's number of the frame.
    pub sequence: u32,
    /// When it was captured, in microseconds, of the clock that `monotonic` tells.
    pub captured_at_us: u64,
    /// The time stamp is of the monotonic clock.
    pub monotonic: bool,
    /// The driver says that data were lost.
    pub damaged: bool,
}

/// What a wait ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// A buffer is filled.
    Frame,
    /// None in time.
    TimedOut,
    /// A signal came; the wait may go on.
    Interrupted,
    /// The device reports an error or has hung up.
    Gone,
}

/// Buffers that stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streaming {
    /// How many there are.
    pub buffers: u32,
    /// Their time stamps are of the monotonic clock.
    pub monotonic: bool,
}

/// The ioctls of a capture device that is open, without waiting.
pub trait VideoDevice {
    /// `VIDIOC_QUERYCAP`.
    fn capabilities(&mut self) -> io::Result<Capabilities>;
    /// `VIDIOC_S_INPUT`.
    fn select_input(&mut self, input: u32) -> io::Result<()>;
    /// `VIDIOC_ENUM_FMT`; `None` after the last.
    fn offered_format(&mut self, index: u32) -> io::Result<Option<FourCc>>;
    /// `VIDIOC_ENUM_FRAMESIZES`; `None` after the last.
    fn offered_size(&mut self, code: FourCc, index: u32) -> io::Result<Option<SizeOffer>>;
    /// `VIDIOC_S_FMT`; the driver may grant something else.
    fn set_format(&mut self, code: FourCc, width: u32, height: u32) -> io::Result<Granted>;
    /// `VIDIOC_QUERYCTRL` with the flag for the next one; `None` after the last.
    fn control_after(&mut self, id: u32) -> io::Result<Option<ControlInfo>>;
    /// `VIDIOC_G_CTRL`.
    fn control(&mut self, id: u32) -> io::Result<i32>;
    /// `VIDIOC_S_CTRL`.
    fn set_control(&mut self, id: u32, value: i32) -> io::Result<()>;
    /// Takes about so many buffers, queues them all and starts streaming.
    fn start(&mut self, buffers: u32) -> io::Result<Streaming>;
    /// Waits at most so many milliseconds for a filled buffer.
    fn wait(&mut self, timeout_ms: u32) -> io::Result<Readiness>;
    /// `VIDIOC_DQBUF`; `None` if no buffer is filled.
    fn dequeue(&mut self) -> io::Result<Option<Filled>>;
    /// The bytes of a dequeued buffer; empty for any other.
    fn bytes(&self, index: u32) -> &[u8];
    /// `VIDIOC_QBUF`: gives a dequeued buffer back.
    fn requeue(&mut self, index: u32) -> io::Result<()>;
}

/// The machine that a camera is plugged into.
pub trait Host {
    /// What opening gives.
    type Device: VideoDevice;
    /// Opens the camera's device file.
    fn open(&mut self) -> io::Result<Self::Device>;
    /// Lets time pass.
    fn sleep_us(&mut self, us: u64);
}

/// A control's name as `v4l2-ctl` writes it: lower case, everything but letters and digits as single underscores.
pub(super) fn snake_case(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_characters_read_as_they_are_written() {
        assert_eq!(FourCc::GREY.0, 0x5945_5247);
        assert_eq!(FourCc::YUYV.to_string(), "YUYV");
        assert_eq!(FourCc::of(b"Y16 ").to_string(), "Y16 ");
        assert_eq!(FourCc(FourCc::of(b"Y16 ").0 | 1 << 31).to_string(), "Y16 -BE");
        assert_eq!(FourCc(1).to_string(), "\\x01\\x00\\x00\\x00");
    }

    #[test]
    fn names_are_those_of_v4l2_ctl() {
        assert_eq!(snake_case("Exposure Time, Absolute"), "exposure_time_absolute");
        assert_eq!(snake_case("White Balance, Automatic"), "white_balance_automatic");
        assert_eq!(snake_case(" OSD  Text Mode "), "osd_text_mode");
    }
}
