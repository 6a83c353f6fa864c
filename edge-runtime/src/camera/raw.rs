//! Raw frames of one size and format, back to back without a header: a file, or what another program writes. Sizes are
//! in pixels, lengths in bytes. The bytes tell nothing of a frame's number or time: frames count from 1 and are stamped
//! when they have been read. It does not know whether the bytes are what they are said to be.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use shared::image::{FrameView, ImageError, PixelFormat, Size};

use super::{CaptureCounts, CaptureError, Captured, FrameSource, yuyv};
use crate::clock::Clock;

/// How the pixels of raw frames are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RawFormat {
    /// One byte a pixel.
    Gray8,
    /// Two bytes a pixel, little-endian, the full range.
    Gray16,
    /// Red, green, blue, one byte each.
    Rgb8,
    /// YUV 4:2:2 (Y0 U Y1 V), of which the luma is used.
    Yuyv,
    /// YUV 4:2:0 in planes (I420): the luma, which is used, then U and V of half the width and height each.
    Yuv420,
}

impl RawFormat {
    /// Bytes of one row.
    fn row_bytes(self, width: u16) -> usize {
        let per_pixel = match self {
            Self::Gray8 | Self::Yuv420 => 1,
            Self::Gray16 | Self::Yuyv => 2,
            Self::Rgb8 => 3,
        };
        usize::from(width) * per_pixel
    }

    /// Bytes of one frame.
    fn frame_bytes(self, size: Size) -> usize {
        let rows = self.row_bytes(size.width) * usize::from(size.height);
        let chroma = Size::new(size.width.div_ceil(2), size.height.div_ceil(2)).area();
        rows + if self == Self::Yuv420 { 2 * chroma } else { 0 }
    }

    fn view(self) -> PixelFormat {
        match self {
            Self::Gray8 | Self::Yuyv | Self::Yuv420 => PixelFormat::Gray8,
            Self::Gray16 => PixelFormat::Gray16,
            Self::Rgb8 => PixelFormat::Rgb8,
        }
    }
}

/// Where raw bytes come from.
pub trait RawInput {
    /// Reads some bytes, waiting at most `timeout_us` microseconds where it can limit the wait. `None`: none came in
    /// time. 0: the end.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn read_within(&mut self, buffer: &mut [u8], timeout_us: u64) -> io::Result<Option<usize>>;
}

/// A reader that never lets anyone wait, such as a file.
#[derive(Debug)]
pub struct Unlimited<R>(pub R);

impl<R: Read> RawInput for Unlimited<R> {
    fn read_within(&mut self, buffer: &mut [u8], _: u64) -> io::Result<Option<usize>> {
        self.0.read(buffer).map(Some)
    }
}

/// A source of raw frames.
#[derive(Debug)]
pub struct RawFrames<I, C> {
    input: I,
    clock: C,
    size: Size,
    format: RawFormat,
    timeout_ms: u32,
    buffer: Vec<u8>,
    filled: usize,
    luma: Vec<u8>,
    counts: CaptureCounts,
    ended: bool,
}

impl<I: RawInput, C: Clock> RawFrames<I, C> {
    /// Frames of `size` and `format` from `input`; each is waited for at most `timeout_ms`.
    ///
    /// # Errors
    ///
    /// [`ImageError`] if the size is empty or too large.
    pub fn new(input: I, size: Size, format: RawFormat, timeout_ms: u32, clock: C) -> Result<Self, ImageError> {
        size.check()?;
        let buffer = vec![0; format.frame_bytes(size)];
        let luma = if format == RawFormat::Yuyv { vec![0; size.area()] } else { Vec::new() };
        let counts = CaptureCounts::default();
        Ok(Self { input, clock, size, format, timeout_ms, buffer, filled: 0, luma, counts, ended: false })
    }

    /// Fills the buffer. `None` at an end between two frames. What has come of a frame when the time is over stays, and
    /// the next call goes on with it.
    fn fill(&mut self) -> Option<Result<(), CaptureError>> {
        let waited_ms = self.timeout_ms;
        let deadline_us = self.clock.now_us().saturating_add(u64::from(waited_ms) * 1000);
        while self.filled < self.buffer.len() {
            let left_us = deadline_us.saturating_sub(self.clock.now_us());
            match self.input.read_within(&mut self.buffer[self.filled..], left_us) {
                Ok(Some(0)) => {
                    self.ended = true;
                    let needed = self.buffer.len();
                    let cut = CaptureError::Short { found: self.filled, expected: needed };
                    return (self.filled > 0).then_some(Err(cut));
                }
                Ok(Some(read)) => self.filled += read,
                Ok(None) => return Some(Err(CaptureError::Timeout { waited_ms })),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => {
                    self.ended = true;
                    return Some(Err(CaptureError::Read { source }));
                }
            }
        }
        self.filled = 0;
        Some(Ok(()))
    }

    fn view(&mut self) -> Result<FrameView<'_>, CaptureError> {
        let width = usize::from(self.size.width);
        let stride = self.format.row_bytes(self.size.width);
        if self.format == RawFormat::Yuyv {
            yuyv::luma_of_rows(&self.buffer, stride, width, &mut self.luma);
            return Ok(FrameView::new(&self.luma, self.size, width, PixelFormat::Gray8)?);
        }
        Ok(FrameView::new(&self.buffer, self.size, stride, self.format.view())?)
    }
}

impl<C: Clock> RawFrames<Unlimited<File>, C> {
    /// Opens a file of raw frames.
    ///
    /// # Errors
    ///
    /// What the operating system says, [`io::ErrorKind::InvalidInput`] if it is no regular file or the size is none.
    pub fn open(path: &Path, size: Size, format: RawFormat, clock: C) -> io::Result<Self> {
        // Looked at before it is opened: opening a named pipe would wait for its writer.
        if !path.metadata()?.is_file() {
            let message = "not a regular file; frames of another program come through standard input";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let input = Unlimited(File::open(path)?);
        Self::new(input, size, format, 0, clock).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
    }
}

impl<I: RawInput, C: Clock> FrameSource for RawFrames<I, C> {
    fn next_frame(&mut self) -> Option<Captured<'_>> {
        if self.ended {
            return None;
        }
        let filled = self.fill()?;
        let captured_at_us = self.clock.now_us();
        match filled {
            Ok(()) => self.counts.frames += 1,
            Err(_) => self.counts.failed += 1,
        }
        let sequence = self.counts.frames + self.counts.failed;
        Some(Captured { sequence, captured_at_us, frame: filled.and_then(|()| self.view()) })
    }

    fn counts(&self) -> CaptureCounts {
        self.counts
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::test_support::StepClock;

    const SIZE: Size = Size::new(4, 2);

    /// Gives these pieces, one a read; none stands for a wait in vain.
    struct Pieces(VecDeque<Option<Vec<u8>>>);

    impl RawInput for Pieces {
        fn read_within(&mut self, buffer: &mut [u8], _: u64) -> io::Result<Option<usize>> {
            match self.0.pop_front() {
                None => Ok(Some(0)),
                Some(None) => Ok(None),
                Some(Some(mut piece)) => {
                    let read = piece.len().min(buffer.len());
                    buffer[..read].copy_from_slice(&piece[..read]);
                    if read < piece.len() {
                        self.0.push_front(Some(piece.split_off(read)));
                    }
                    Ok(Some(read))
                }
            }
        }
    }

    fn frames(pieces: &[Option<&[u8]>], format: RawFormat) -> RawFrames<Pieces, StepClock> {
        let pieces = pieces.iter().map(|piece| piece.map(<[u8]>::to_vec)).collect();
        RawFrames::new(Pieces(pieces), SIZE, format, 50, StepClock::default()).unwrap()
    }

    fn row(frame: &FrameView<'_>, y: u16) -> [u8; 4] {
        let mut row = [0; 4];
        frame.luma_row(y, 0, &mut row).unwrap();
        row
    }

    #[test]
    fn frames_lie_back_to_back_however_they_are_read() {
        let bytes: Vec<u8> = (0..24).collect();
        for piece in 1..=24 {
            let pieces: Vec<_> = bytes.chunks(piece).map(Some).collect();
            let mut source = frames(&pieces, RawFormat::Gray8);
            let mut last_us = 0;
            for number in 0..3 {
                let captured = source.next_frame().unwrap();
                assert_eq!(captured.sequence, number + 1);
                assert!(captured.captured_at_us > last_us);
                last_us = captured.captured_at_us;
                let first = 8 * number as u8;
                assert_eq!(row(&captured.frame.unwrap(), 1), [first + 4, first + 5, first + 6, first + 7]);
            }
            assert!(source.next_frame().is_none());
            assert!(source.next_frame().is_none());
        }
    }

    #[test]
    fn all_formats() {
        let gray16: Vec<u8> = (0..8).flat_map(|v: u16| (v * 257).to_le_bytes()).collect();
        let yuyv: Vec<u8> = (0..8).flat_map(|v| [v, 128]).collect();
        let rgb: Vec<u8> = (0..8).flat_map(|v| [v, v, v]).collect();
        let yuv420: Vec<u8> = (0..8).chain([128; 4]).collect();
        let formats =
            [(RawFormat::Gray16, gray16), (RawFormat::Yuyv, yuyv), (RawFormat::Rgb8, rgb), (RawFormat::Yuv420, yuv420)];
        for (format, bytes) in formats {
            let mut source = frames(&[Some(&bytes), Some(&bytes)], format);
            source.next_frame().unwrap();
            let frame = source.next_frame().unwrap().frame.unwrap();
            assert_eq!((row(&frame, 0), row(&frame, 1)), ([0, 1, 2, 3], [4, 5, 6, 7]));
        }
    }

    #[test]
    fn planes_of_odd_sizes_are_rounded_up() {
        assert_eq!(RawFormat::Yuv420.frame_bytes(Size::new(5, 3)), 15 + 2 * 6);
        assert_eq!(RawFormat::Yuv420.frame_bytes(Size::new(1280, 720)), 1280 * 720 * 3 / 2);
    }

    #[test]
    fn an_end_within_a_frame_is_a_failure_and_then_the_end() {
        for cut in 1..8 {
            let bytes = [7; 16];
            let mut source = frames(&[Some(&bytes[..8 + cut])], RawFormat::Gray8);
            assert!(source.next_frame().unwrap().frame.is_ok());
            let captured = source.next_frame().unwrap();
            assert_eq!(captured.sequence, 2);
            let error = captured.frame.unwrap_err();
            assert!(matches!(error, CaptureError::Short { found, expected: 8 } if found == cut), "{error}");
            assert!(source.next_frame().is_none());
        }
    }

    #[test]
    fn a_timeout_within_a_frame_loses_nothing() {
        let mut source = frames(&[Some(&[1, 2, 3]), None, None, Some(&[4, 5, 6, 7, 8])], RawFormat::Gray8);
        for sequence in 1..3 {
            let captured = source.next_frame().unwrap();
            assert_eq!(captured.sequence, sequence);
            assert!(matches!(captured.frame, Err(CaptureError::Timeout { waited_ms: 50 })));
        }
        let captured = source.next_frame().unwrap();
        assert_eq!(captured.sequence, 3);
        assert_eq!(row(&captured.frame.unwrap(), 0), [1, 2, 3, 4]);
        assert_eq!((source.counts().frames, source.counts().failed), (1, 2));
    }

    #[test]
    fn files_are_regular_and_sizes_are_sizes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("frames.raw");
        std::fs::write(&path, [5; 8]).unwrap();
        let mut source = RawFrames::open(&path, SIZE, RawFormat::Gray8, StepClock::default()).unwrap();
        assert!(source.next_frame().unwrap().frame.is_ok());
        assert!(source.next_frame().is_none());
        let open = |path: &Path, size| RawFrames::open(path, size, RawFormat::Gray8, StepClock::default()).map(drop);
        assert!(open(folder.path(), SIZE).is_err());
        assert!(open(&path, Size::new(0, 2)).is_err());
        assert_eq!(open(&folder.path().join("no"), SIZE).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
