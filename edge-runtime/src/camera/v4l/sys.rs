//! The kernel's video interface: the ioctls that take the structures of `abi`, and memory shared with the driver. Times
//! are in microseconds, lengths in bytes. The only file with unsafe code.
//!
//! Opened without blocking; nothing here waits but the poll of [`VideoDevice::wait`].

use std::fs::{File, OpenOptions};
use std::io;
use std::mem::size_of;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::ptr::NonNull;
use std::slice;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::ioctl::{Opcode, Setter, Updater, ioctl};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::abi::*;
use super::device::{
    Capabilities, ControlInfo, Filled, FourCc, Granted, Readiness, SizeOffer, Streaming, VideoDevice, snake_case,
};
use crate::clock;

/// A structure that consists of integers, so that every pattern of bytes is a value of it.
///
/// # Safety
///
/// Only for such types: the kernel writes into them, and [`zeroed`] makes them.
unsafe trait Plain: Copy {}
// SAFETY: all fields of these are integers, arrays or unions of integers.
unsafe impl Plain for Capability {}
// SAFETY: as above.
unsafe impl Plain for FormatDescription {}
// SAFETY: as above.
unsafe impl Plain for Format {}
// SAFETY: as above.
unsafe impl Plain for RequestBuffers {}
// SAFETY: as above.
unsafe impl Plain for Buffer {}
// SAFETY: as above.
unsafe impl Plain for Control {}
// SAFETY: as above.
unsafe impl Plain for QueryControl {}
// SAFETY: as above.
unsafe impl Plain for FrameSize {}
// SAFETY: as above.
unsafe impl Plain for u32 {}

fn zeroed<T: Plain>() -> T {
    // SAFETY: T is made of integers, for which zero bytes are a value.
    unsafe { std::mem::zeroed() }
}

/// A buffer of the driver, mapped into this process until it is dropped.
#[derive(Debug)]
struct Mapping {
    start: NonNull<u8>,
    length: usize,
    /// The driver does not write into it now.
    ours: bool,
}

// SAFETY: the mapping belongs to this value alone and is not bound to a thread.
unsafe impl Send for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: `start` and `length` are those of a mapping that mmap made, which nothing else unmaps; no slice of it
        // is left, for they borrow the device that owns this. A failure leaves the memory mapped, which harms nobody.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.length) };
    }
}

/// A capture device that is open. Dropping it unmaps its buffers and closes it, which ends streaming.
#[derive(Debug)]
pub struct Device {
    // Before the file, so that it is unmapped before the device is closed.
    buffers: Vec<Mapping>,
    file: File,
}

impl Device {
    /// Opens a device file without blocking. What it is shows in its capabilities.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = (OFlags::NONBLOCK | OFlags::CLOEXEC).bits();
        let file = OpenOptions::new().read(true).write(true).custom_flags(flags.cast_signed()).open(path)?;
        Ok(Self { buffers: Vec::new(), file })
    }

    /// Calls an ioctl that reads and writes a `T`, again if a signal interrupted it.
    fn call<const OPCODE: Opcode, T: Plain>(&self, value: &mut T) -> Result<(), Errno> {
        const { assert!(size_of::<T>() == (OPCODE as usize >> 16 & 0x3fff), "the ioctl takes another type") };
        loop {
            // SAFETY: OPCODE is one of the constants above, each of which carries the size of the structure that the
            // header gives it; the assertion compares that with T. T is made of integers, so whatever the kernel writes
            // is a value of it. None of the pointers in these structures is read by the kernel: all buffers are
            // MEMORY_MMAP. The device need not be a video device: then the kernel refuses the number.
            match unsafe { ioctl(&self.file, Updater::<OPCODE, T>::new(value)) } {
                Err(Errno::INTR) => {}
                done => return done,
            }
        }
    }

    fn buffer(index: u32) -> Buffer {
        Buffer { index, kind: VIDEO_CAPTURE, memory: MEMORY_MMAP, ..zeroed() }
    }

    fn map(&mut self, index: u32) -> io::Result<bool> {
        let mut buffer = Self::buffer(index);
        self.call::<QUERYBUF, _>(&mut buffer)?;
        let length = buffer.length as usize;
        // SAFETY: the kernel wrote the union as the offset of a MEMORY_MMAP buffer, and any bytes are a u32.
        let offset = unsafe { buffer.m.offset };
        let flags = MapFlags::SHARED;
        // SAFETY: the address is left to the kernel, so that no memory of ours is replaced; the length is the buffer's.
        let start = unsafe { mmap(std::ptr::null_mut(), length, ProtFlags::READ, flags, &self.file, offset.into()) }?;
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::InvalidData)?;
        self.buffers.push(Mapping { start, length, ours: true });
        Ok(is_monotonic(buffer.flags))
    }
}

impl VideoDevice for Device {
    fn capabilities(&mut self) -> io::Result<Capabilities> {
        let mut found: Capability = zeroed();
        self.call::<QUERYCAP, _>(&mut found)?;
        let of_node = found.capabilities & CAP_DEVICE_CAPS != 0;
        let flags = if of_node { found.device_caps } else { found.capabilities };
        Ok(Capabilities { driver: text(&found.driver), card: text(&found.card), flags })
    }

    fn select_input(&mut self, mut input: u32) -> io::Result<()> {
        Ok(self.call::<S_INPUT, _>(&mut input)?)
    }

    fn offered_format(&mut self, index: u32) -> io::Result<Option<FourCc>> {
        let mut found = FormatDescription { index, kind: VIDEO_CAPTURE, ..zeroed() };
        let done = self.call::<ENUM_FMT, _>(&mut found);
        Ok(unless_last(done)?.map(|()| FourCc(found.pixel_format)))
    }

    fn offered_size(&mut self, code: FourCc, index: u32) -> io::Result<Option<SizeOffer>> {
        let mut found = FrameSize { index, pixel_format: code.0, ..zeroed() };
        let done = self.call::<ENUM_FRAMESIZES, _>(&mut found);
        let [a, b, c, d, e, f] = found.numbers;
        Ok(unless_last(done)?.map(|()| match found.kind {
            1 => SizeOffer::Discrete(a, b),
            _ => SizeOffer::Stepwise { min: (a, d), max: (b, e), step: (c, f) },
        }))
    }

    fn set_format(&mut self, code: FourCc, width: u32, height: u32) -> io::Result<Granted> {
        let pix = PixFormat { width, height, pixel_format: code.0, field: FIELD_NONE, ..zeroed_pix() };
        let mut format: Format = zeroed();
        format.kind = VIDEO_CAPTURE;
        format.of.pix = pix;
        self.call::<S_FMT, _>(&mut format)?;
        // SAFETY: the kernel wrote the union as a pix format, as the kind says; any bytes are one, for it is integers.
        let pix = unsafe { format.of.pix };
        Ok(Granted {
            code: FourCc(pix.pixel_format),
            width: pix.width,
            height: pix.height,
            stride: pix.bytes_per_line,
            progressive: matches!(pix.field, FIELD_ANY | FIELD_NONE),
        })
    }

    fn control_after(&mut self, id: u32) -> io::Result<Option<ControlInfo>> {
        let mut found = QueryControl { id: id | CTRL_NEXT, ..zeroed() };
        let done = self.call::<QUERYCTRL, _>(&mut found);
        Ok(unless_last(done)?.map(|()| ControlInfo {
            id: found.id,
            name: snake_case(&text(&found.name)),
            min: found.minimum,
            max: found.maximum,
            step: found.step,
            settable: found.flags & CTRL_NOT_SETTABLE == 0 && CTRL_NUMBERS.contains(&found.kind),
        }))
    }

    fn control(&mut self, id: u32) -> io::Result<i32> {
        let mut control = Control { id, value: 0 };
        self.call::<G_CTRL, _>(&mut control)?;
        Ok(control.value)
    }

    fn set_control(&mut self, id: u32, value: i32) -> io::Result<()> {
        Ok(self.call::<S_CTRL, _>(&mut Control { id, value })?)
    }

    fn start(&mut self, buffers: u32) -> io::Result<Streaming> {
        let mut request = RequestBuffers { count: buffers, kind: VIDEO_CAPTURE, memory: MEMORY_MMAP, ..zeroed() };
        self.call::<REQBUFS, _>(&mut request)?;
        let mut monotonic = true;
        for index in 0..request.count {
            monotonic &= self.map(index)?;
        }
        for index in 0..request.count {
            self.requeue(index)?;
        }
        // SAFETY: STREAMON takes an int by its address, which lives until the call returns.
        unsafe { ioctl(&self.file, Setter::<STREAMON, u32>::new(VIDEO_CAPTURE)) }?;
        Ok(Streaming { buffers: request.count, monotonic })
    }

    fn wait(&mut self, timeout_ms: u32) -> io::Result<Readiness> {
        let mut fds = [PollFd::new(&self.file, PollFlags::IN)];
        let nanoseconds = i64::from(timeout_ms % 1000) * 1_000_000;
        let timeout = Timespec { tv_sec: i64::from(timeout_ms / 1000), tv_nsec: nanoseconds as _ };
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) => Ok(Readiness::TimedOut),
            // A buffer queue reports an error or a filled buffer, never both.
            Ok(_) if fds[0].revents().intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL) => {
                Ok(Readiness::Gone)
            }
            Ok(_) => Ok(Readiness::Frame),
            Err(Errno::INTR) => Ok(Readiness::Interrupted),
            Err(error) => Err(error.into()),
        }
    }

    fn dequeue(&mut self) -> io::Result<Option<Filled>> {
        let mut buffer = Self::buffer(0);
        match self.call::<DQBUF, _>(&mut buffer) {
            Err(Errno::AGAIN) => return Ok(None),
            done => done?,
        }
        let mapping = self.buffers.get_mut(buffer.index as usize).ok_or(io::ErrorKind::InvalidData)?;
        mapping.ours = true;
        let [seconds, micros] = buffer.timestamp.map(|part| u64::try_from(part).unwrap_or(0));
        Ok(Some(Filled {
            index: buffer.index,
            used: buffer.bytes_used as usize,
            sequence: buffer.sequence,
            captured_at_us: clock::micros(seconds, micros),
            monotonic: is_monotonic(buffer.flags),
            damaged: buffer.flags & FLAG_ERROR != 0,
        }))
    }

    fn bytes(&self, index: u32) -> &[u8] {
        match self.buffers.get(index as usize) {
            // SAFETY: the mapping is `length` readable bytes and lives as long as the device that the slice borrows.
            // The driver has handed the buffer out and does not write until it is queued again, which needs `&mut
            // self` and so ends the borrow.
            Some(mapping) if mapping.ours => unsafe { slice::from_raw_parts(mapping.start.as_ptr(), mapping.length) },
            _ => &[],
        }
    }

    fn requeue(&mut self, index: u32) -> io::Result<()> {
        let mapping = self.buffers.get_mut(index as usize).ok_or(io::ErrorKind::InvalidInput)?;
        // Before the call: whatever comes of it, the driver may write from here on.
        mapping.ours = false;
        Ok(self.call::<QBUF, _>(&mut Self::buffer(index))?)
    }
}

fn zeroed_pix() -> PixFormat {
    // SAFETY: any bytes are a pix format, for it is made of integers.
    unsafe { std::mem::zeroed() }
}

/// Enumerations end with EINVAL; a driver without the ioctl says ENOTTY and lists nothing.
fn unless_last(done: Result<(), Errno>) -> io::Result<Option<()>> {
    match done {
        Err(Errno::INVAL | Errno::NOTTY | Errno::NODATA) => Ok(None),
        done => Ok(Some(done?)),
    }
}

fn is_monotonic(flags: u32) -> bool {
    flags & FLAG_TIMESTAMP_MASK == FLAG_TIMESTAMP_MONOTONIC
}

/// Text up to its zero byte.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_camera_is_refused_by_the_kernel() {
        let mut device = Device::open(Path::new("/dev/null")).unwrap();
        assert!(device.capabilities().is_err());
        assert!(device.set_format(FourCc::GREY, 8, 8).is_err());
        assert!(device.start(4).is_err());
        assert!(!matches!(device.offered_format(0), Ok(Some(_))));
        assert_eq!(device.bytes(0), &[] as &[u8]);
        assert!(Device::open(Path::new("/nonexistent/video0")).is_err());
    }

    #[test]
    fn time_stamps_are_told_by_their_flags() {
        assert!(is_monotonic(FLAG_TIMESTAMP_MONOTONIC | FLAG_ERROR | 0x0001_0000));
        assert!(!is_monotonic(0));
        assert!(!is_monotonic(0x4000), "copied from an output buffer");
    }
}
