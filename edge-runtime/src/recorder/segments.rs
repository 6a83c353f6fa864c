//! Keeps inspection records on the disk: segment files of records in their envelopes (`docs/wire-formats.md`), back to
//! back. A record is written when it is handed over, with one call and no allocation, and brought to the disk within
//! about a second (see the module `syncing`). It does not know what the verdicts mean.

use std::fs::File;
use std::io;
use std::path::Path;

use shared::wire::InspectionRecord;

use super::reading::RecordReader;
use super::rotating::{Recovery, RotatingFiles, RotationLimits, Tail};
use super::{RecordError, RecordSink};
use crate::clock::Clock;

/// How the names of segments end.
pub const EXTENSION: &str = "records";

/// Appends records to the newest segment of a folder.
#[derive(Debug)]
pub struct SegmentRecords<C> {
    files: RotatingFiles,
    clock: C,
    buffer: [u8; InspectionRecord::MAX_LEN],
}

impl<C: Clock> SegmentRecords<C> {
    /// Touches nothing yet: [`recover`](Self::recover) or the first record opens the folder. The clock times the
    /// second between a failure and the next attempt.
    pub fn new(folder: &Path, limits: RotationLimits, clock: C) -> Self {
        let files = RotatingFiles::new(folder, EXTENSION, limits, repair);
        Self { files, clock, buffer: [0; InspectionRecord::MAX_LEN] }
    }

    /// Opens the newest segment and cuts off a record that was torn, if that was not done yet.
    ///
    /// # Errors
    ///
    /// What the file system says; each record tries again by itself.
    pub fn recover(&mut self) -> io::Result<Recovery> {
        self.files.recover()
    }

    /// Records that were lost because they could not be written.
    pub fn dropped(&self) -> u64 {
        self.files.dropped()
    }
}

impl<C: Clock> RecordSink for SegmentRecords<C> {
    fn record(&mut self, record: &InspectionRecord) -> Result<(), RecordError> {
        let length = record.encode(&mut self.buffer)?;
        Ok(self.files.append(&self.buffer[..length], self.clock.now_us())?)
    }
}

/// A tail shorter than a record is a torn one. A longer one, or a message of a newer version, is not ours to cut.
fn repair(file: &mut File) -> io::Result<Tail> {
    let length = file.metadata()?.len();
    let mut reader = RecordReader::new(file);
    while reader.next_record()?.is_some() {}
    let whole = reader.whole_bytes();
    let torn = length - whole < InspectionRecord::MAX_LEN as u64 && !reader.saw_newer();
    Ok(if torn { Tail::Cut(whole) } else { Tail::Leave })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;
    use shared::admission::FrameStamp;
    use shared::score::{Score, Threshold};
    use shared::verdict::FaultReason;
    use shared::wire::{BundleTrust, RecordedVerdict, StageMicros, ThresholdSource};

    use super::super::reading::SegmentReader;
    use super::super::rotating::numbered_path;
    use super::*;
    use crate::clock::MonotonicClock;

    const LIMITS: RotationLimits = RotationLimits { file_bytes: 4096, files: 4 };

    fn record(sequence: u64) -> InspectionRecord {
        let (verdict, score) = match sequence % 3 {
            0 => (RecordedVerdict::Pass, Score::new(5)),
            1 => (RecordedVerdict::Reject, Score::new(5000 + sequence as u32 % 1000)),
            _ => (RecordedVerdict::Fault(FaultReason::FrameStale), None),
        };
        InspectionRecord {
            stamp: FrameStamp { sequence, captured_at_us: sequence.wrapping_mul(33_333) },
            bundle: crate::test_support::inspector(crate::test_support::Redraw::Identical).bundle(),
            verdict,
            score,
            threshold: Threshold::new(1000).unwrap(),
            stages: StageMicros { preprocess: 1, inference: 300, score: 2, total: sequence as u32 },
            trust: BundleTrust::default(),
            threshold_source: ThresholdSource::default(),
        }
    }

    fn encoded(record: &InspectionRecord) -> Vec<u8> {
        let mut bytes = [0; InspectionRecord::MAX_LEN];
        let length = record.encode(&mut bytes).unwrap();
        bytes[..length].to_vec()
    }

    fn read(bytes: &[u8]) -> (Vec<InspectionRecord>, u64) {
        let mut reader = RecordReader::new(bytes);
        let mut found = Vec::new();
        while let Some(record) = reader.next_record().unwrap() {
            found.push(record);
        }
        (found, reader.lost_bytes())
    }

    fn sink(folder: &Path) -> SegmentRecords<MonotonicClock> {
        SegmentRecords::new(folder, LIMITS, MonotonicClock::new())
    }

    #[test]
    fn the_newest_records_are_read_back_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let records: Vec<_> = (0..1000).map(record).collect();
        let mut kept = sink(folder.path());
        records.iter().for_each(|record| kept.record(record).unwrap());
        let mut reader = SegmentReader::open(folder.path()).unwrap();
        let found: Vec<_> = reader.by_ref().collect::<io::Result<_>>().unwrap();
        assert!(found.len() > 3 * 4096 / 83 && found.len() < 1000, "{}", found.len());
        assert_eq!(found, records[1000 - found.len()..]);
        assert_eq!((reader.lost_bytes(), kept.dropped()), (0, 0));
        let sizes = (0..100).filter_map(|number| fs::metadata(numbered_path(folder.path(), number, EXTENSION)).ok());
        assert!(sizes.map(|file| file.len()).all(|length| length <= 4096));
    }

    /// A kill in mid-write, at every byte: the records before it are there, and writing goes on after them.
    #[test]
    fn a_torn_tail_is_cut_off_wherever_it_is_torn() {
        let whole: Vec<u8> = (0..2).flat_map(|sequence| encoded(&record(sequence))).collect();
        let torn = encoded(&record(2));
        for length in 0..torn.len() {
            let folder = tempfile::tempdir().unwrap();
            let path = numbered_path(folder.path(), 1, EXTENSION);
            fs::write(&path, [&whole[..], &torn[..length]].concat()).unwrap();
            let (found, lost) = read(&fs::read(&path).unwrap());
            assert_eq!((found.len(), lost), (2, length as u64));
            let mut kept = sink(folder.path());
            let recovery = Recovery { cut_bytes: length as u64, left_damaged: false };
            assert_eq!(kept.recover().unwrap(), recovery, "cut at {length}");
            kept.record(&record(7)).unwrap();
            assert_eq!(read(&fs::read(&path).unwrap()), (vec![record(0), record(1), record(7)], 0));
        }
    }

    #[test]
    fn what_is_not_a_torn_record_is_never_cut() {
        let newer: Vec<u8> = {
            let mut bytes = encoded(&record(1));
            bytes[1] = 200;
            bytes
        };
        for tail in [vec![0; 5000], newer] {
            let folder = tempfile::tempdir().unwrap();
            let path = numbered_path(folder.path(), 1, EXTENSION);
            let bytes = [encoded(&record(0)), tail].concat();
            fs::write(&path, &bytes).unwrap();
            let mut kept = sink(folder.path());
            assert!(kept.recover().unwrap().left_damaged);
            kept.record(&record(9)).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
            let mut reader = SegmentReader::open(folder.path()).unwrap();
            let found: Vec<_> = reader.by_ref().collect::<io::Result<_>>().unwrap();
            assert_eq!(found, [record(0), record(9)]);
            assert_eq!(reader.lost_bytes(), bytes.len() as u64 - encoded(&record(0)).len() as u64);
        }
    }

    /// Every byte changed, in every record: that record is lost, and no other.
    #[test]
    fn a_changed_byte_costs_one_record() {
        let messages: Vec<_> = (0..4).map(|sequence| encoded(&record(sequence))).collect();
        let bytes = messages.concat();
        let mut at = 0;
        for (index, message) in messages.iter().enumerate() {
            for offset in at..at + message.len() {
                for flip in [0x01, 0x80, 0xff] {
                    let mut changed = bytes.clone();
                    changed[offset] ^= flip;
                    let expected = (0..4).filter(|&sequence| sequence != index as u64).map(record).collect();
                    assert_eq!(read(&changed), (expected, message.len() as u64), "{flip:#x} at {offset}");
                }
            }
            at += message.len();
        }
    }

    proptest! {
        /// Any bytes between records: every record is found but one that the junk swallows by chance, which a checksum
        /// of 32 bits excludes.
        #[test]
        fn records_are_found_between_junk(
            junk in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..6)
        ) {
            let records: Vec<_> = (0..junk.len() as u64).map(record).collect();
            let bytes: Vec<u8> =
                junk.iter().zip(&records).flat_map(|(junk, record)| [&junk[..], &encoded(record)].concat()).collect();
            prop_assert_eq!(read(&bytes), (records, junk.iter().map(|junk| junk.len() as u64).sum()));
        }
    }

    #[test]
    fn a_stream_longer_than_the_window_is_read_whole() {
        let records: Vec<_> = (0..3000).map(record).collect();
        let bytes: Vec<u8> = records.iter().flat_map(encoded).collect();
        assert!(bytes.len() > 2 * (64 << 10));
        assert_eq!(read(&bytes), (records, 0));
    }
}
