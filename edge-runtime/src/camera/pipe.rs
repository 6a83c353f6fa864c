//! Raw frames from a pipe, such as standard input: what rpicam-vid, GStreamer or FFmpeg write. A pipe is waited for
//! only as long as the timeout says. It does not know how long the frames have been on their way.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::raw::RawInput;

/// A descriptor that is waited for before it is read.
#[derive(Debug)]
pub struct Pipe {
    file: File,
}

impl Pipe {
    /// Reads standard input. Nothing else may read it.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn standard_input() -> io::Result<Self> {
        Self::new(&io::stdin())
    }

    /// Reads a copy of this descriptor.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn new(descriptor: &impl AsFd) -> io::Result<Self> {
        // Without the buffer of `Stdin`, which the kernel does not know of when it is asked whether there is more.
        Ok(Self { file: File::from(descriptor.as_fd().try_clone_to_owned()?) })
    }
}

impl RawInput for Pipe {
    fn read_within(&mut self, buffer: &mut [u8], timeout_us: u64) -> io::Result<Option<usize>> {
        let seconds = i64::try_from(timeout_us / 1_000_000).unwrap_or(i64::MAX);
        let nanoseconds = (timeout_us % 1_000_000) as u32 * 1000;
        let timeout = Timespec { tv_sec: seconds, tv_nsec: nanoseconds as _ };
        match poll(&mut [PollFd::new(&self.file, PollFlags::IN)], Some(&timeout)) {
            Ok(0) => Ok(None),
            // Also when the writer has hung up: what is left is read, then the end.
            Ok(_) => self.file.read(buffer).map(Some),
            Err(Errno::INTR) => Err(io::ErrorKind::Interrupted.into()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::thread;
    use std::time::Duration;

    use shared::image::Size;

    use super::*;
    use crate::camera::raw::{RawFormat, RawFrames};
    use crate::camera::{CaptureError, FrameSource};
    use crate::clock::MonotonicClock;

    #[test]
    fn a_pipe_gives_frames_timeouts_and_its_end() {
        let (reader, mut writer) = io::pipe().unwrap();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let writing = thread::spawn(move || {
            writer.write_all(&[1; 5]).unwrap();
            wait.recv().unwrap();
            writer.write_all(&[1; 15]).unwrap();
            thread::sleep(Duration::from_millis(20));
        });
        let clock = MonotonicClock::new();
        let input = Pipe::new(&reader).unwrap();
        let mut source = RawFrames::new(input, Size::new(4, 2), RawFormat::Gray8, 30, clock).unwrap();
        let error = source.next_frame().unwrap().frame.unwrap_err();
        assert!(matches!(error, CaptureError::Timeout { waited_ms: 30 }), "{error}");
        go.send(()).unwrap();
        let mut outcomes = Vec::new();
        while let Some(captured) = source.next_frame() {
            match captured.frame {
                Err(CaptureError::Timeout { .. }) => {}
                frame => outcomes.push(frame.map(|frame| frame.size()).map_err(|error| error.to_string())),
            }
        }
        writing.join().unwrap();
        assert_eq!(outcomes.len(), 3);
        assert_eq!(outcomes[..2], [Ok(Size::new(4, 2)), Ok(Size::new(4, 2))]);
        assert!(outcomes[2].as_ref().unwrap_err().starts_with("the frame has 4 bytes, expected 8"));
    }
}
