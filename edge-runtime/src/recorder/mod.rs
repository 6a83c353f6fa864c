//! Where the records of inspections go, after the outputs have moved. Knows nothing of verdicts.

use std::io;

use shared::wire::InspectionRecord;

/// Keeps inspection records.
pub trait RecordSink {
    /// Keeps one record.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if it could not be kept; the inspection stands all the same.
    fn record(&mut self, record: &InspectionRecord) -> Result<(), RecordError>;
}

/// A record that could not be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The storage failed.
    #[error("the record cannot be written; check the storage")]
    Storage(#[from] io::Error),
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRecords;

impl RecordSink for NoRecords {
    fn record(&mut self, _record: &InspectionRecord) -> Result<(), RecordError> {
        Ok(())
    }
}

/// Keeps the records in memory, in order.
impl RecordSink for Vec<InspectionRecord> {
    fn record(&mut self, record: &InspectionRecord) -> Result<(), RecordError> {
        self.push(*record);
        Ok(())
    }
}
