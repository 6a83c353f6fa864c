//! Where the records of inspections go, after the outputs have moved. Knows nothing of verdicts.

#[cfg(all(feature = "station", target_os = "linux"))]
pub mod images;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod reading;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod rotating;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod segments;
#[cfg(all(feature = "station", target_os = "linux"))]
mod syncing;

use std::io;

use shared::image::FrameView;
use shared::wire::{InspectionRecord, WireError};

/// Keeps inspection records.
pub trait RecordSink {
    /// Keeps one record.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if it could not be kept; the inspection stands all the same.
    fn record(&mut self, record: &InspectionRecord) -> Result<(), RecordError>;

    /// Takes the frame that the record is of, right after it. A frame that was not captured has none.
    fn frame(&mut self, _record: &InspectionRecord, _frame: &FrameView<'_>) {}
}

/// A record that could not be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The storage failed.
    #[error("the record cannot be written; check the storage")]
    Storage(#[from] io::Error),
    /// The record contradicts itself.
    #[error("the record is refused; this is a fault of the program")]
    Refused(#[from] WireError),
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
