//! Reads inspection records back: from a stream of envelopes, and from a folder of segments. Whatever is no whole
//! record is skipped byte by byte up to the next one, and counted. It does not write.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::vec;

use shared::wire::{InspectionRecord, WireError};

use super::rotating::{numbered_files, numbered_path};

/// How much of a stream is looked at together; many records.
const WINDOW: usize = 64 << 10;

/// The records of one stream of bytes.
#[derive(Debug)]
pub struct RecordReader<R> {
    source: R,
    window: Vec<u8>,
    start: usize,
    ended: bool,
    position: u64,
    /// After the last whole record.
    whole: u64,
    lost: u64,
    newer: bool,
}

impl<R: Read> RecordReader<R> {
    /// Reads from here on.
    pub fn new(source: R) -> Self {
        let window = Vec::with_capacity(WINDOW);
        Self { source, window, start: 0, ended: false, position: 0, whole: 0, lost: 0, newer: false }
    }

    /// The next whole record; none at the end.
    ///
    /// # Errors
    ///
    /// What reading the stream gives.
    pub fn next_record(&mut self) -> io::Result<Option<InspectionRecord>> {
        loop {
            if self.window.len() - self.start < InspectionRecord::MAX_LEN && !self.ended {
                self.refill()?;
            }
            let rest = &self.window[self.start..];
            if rest.is_empty() {
                return Ok(None);
            }
            match InspectionRecord::decode(rest) {
                Ok((record, length)) => {
                    self.start += length;
                    self.position += length as u64;
                    self.whole = self.position;
                    return Ok(Some(record));
                }
                Err(error) => {
                    let at_boundary = self.position == self.whole;
                    self.newer |= at_boundary && matches!(error, WireError::Version { .. });
                    self.start += 1;
                    self.position += 1;
                    self.lost += 1;
                }
            }
        }
    }

    /// Bytes that were skipped so far.
    pub fn lost_bytes(&self) -> u64 {
        self.lost
    }

    /// The offset after the last whole record so far.
    pub(super) fn whole_bytes(&self) -> u64 {
        self.whole
    }

    /// Whether a message of a newer version stood where a record was expected.
    pub(super) fn saw_newer(&self) -> bool {
        self.newer
    }

    fn refill(&mut self) -> io::Result<()> {
        self.window.drain(..self.start);
        self.start = 0;
        let wanted = (WINDOW - self.window.len()) as u64;
        let mut got = 0;
        while got < wanted {
            let before = self.window.len();
            (&mut self.source).take(wanted - got).read_to_end(&mut self.window)?;
            let read = (self.window.len() - before) as u64;
            if read == 0 {
                self.ended = true;
                return Ok(());
            }
            got += read;
        }
        Ok(())
    }
}

/// The records of a folder of segments, from the oldest on. A segment that is deleted meanwhile is passed over.
#[derive(Debug)]
pub struct SegmentReader {
    paths: vec::IntoIter<PathBuf>,
    current: Option<RecordReader<File>>,
    lost: u64,
}

impl SegmentReader {
    /// Lists the folder's segments.
    ///
    /// # Errors
    ///
    /// What listing the folder gives.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let numbers = numbered_files(folder, super::segments::EXTENSION)?;
        let path = |number| numbered_path(folder, number, super::segments::EXTENSION);
        let paths = numbers.into_iter().map(path).collect::<Vec<_>>().into_iter();
        Ok(Self { paths, current: None, lost: 0 })
    }

    /// Bytes of the segments read so far that are no record.
    pub fn lost_bytes(&self) -> u64 {
        self.lost + self.current.as_ref().map_or(0, RecordReader::lost_bytes)
    }

    fn next_record(&mut self) -> io::Result<Option<InspectionRecord>> {
        loop {
            if let Some(reader) = &mut self.current {
                if let Some(record) = reader.next_record()? {
                    return Ok(Some(record));
                }
                self.lost += reader.lost_bytes();
                self.current = None;
            }
            let Some(path) = self.paths.next() else { return Ok(None) };
            match File::open(&path) {
                Ok(file) => self.current = Some(RecordReader::new(file)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Iterator for SegmentReader {
    type Item = io::Result<InspectionRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_record().transpose()
    }
}
