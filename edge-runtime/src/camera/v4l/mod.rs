//! Cameras with a V4L2 driver (USB, CSI behind an ISP, capture cards): gray, YUYV or MJPEG frames through mapped
//! buffers, with the driver's numbers and time stamps. Sizes are in pixels, times in microseconds of the monotonic
//! clock.
//!
//! Bottom up: `sys` calls the kernel, `device` is the trait that it implements, `negotiate`, `controls` and
//! `sequence` decide, `stream` keeps the buffers, `source` is the camera with its reconnection. It does not know what
//! is judged.

mod abi;
mod controls;
mod device;
mod error;
#[cfg(test)]
mod fake;
mod negotiate;
mod sequence;
mod source;
#[cfg(test)]
mod source_tests;
mod stream;
#[allow(unsafe_code, reason = "ioctls and mapped memory of the kernel's video interface have no safe form")]
mod sys;

use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

pub use controls::ControlSettings;
pub use device::{FourCc, SizeOffer};
pub use error::{DeviceError, Offer};
pub use negotiate::VideoFormat;
pub use source::{V4lFrames, V4lSettings};

use crate::clock::Clock;

/// This machine: opens the device file.
#[derive(Debug)]
pub struct Machine {
    device: PathBuf,
}

impl device::Host for Machine {
    type Device = sys::Device;

    fn open(&mut self) -> io::Result<sys::Device> {
        sys::Device::open(&self.device)
    }

    fn sleep_us(&mut self, us: u64) {
        thread::sleep(Duration::from_micros(us));
    }
}

/// A camera of this machine.
pub type Camera<C> = V4lFrames<Machine, C>;

/// Opens a camera, agrees with it on format and size, sets its controls and starts it.
///
/// # Errors
///
/// [`DeviceError`] if any of that is not exactly as asked.
pub fn open<C: Clock>(settings: V4lSettings, clock: C) -> Result<Camera<C>, DeviceError> {
    let host = Machine { device: settings.device.clone() };
    V4lFrames::open(host, settings, clock)
}
