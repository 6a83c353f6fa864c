//! What happens in the station, as values. The library logs nothing itself: whoever owns the program turns events into
//! log lines, in the way that its platform can.

use shared::wire::InspectionRecord;

use crate::actuator::ActuatorError;
use crate::camera::CaptureError;
use crate::pipeline::MeasureError;
use crate::recorder::RecordError;

/// Something that happened. Borrowed: a sink that keeps events copies what it needs.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A frame could not be captured; the verdict is a Fault.
    CaptureFailed {
        /// The source's number of the attempt.
        sequence: u64,
        /// Why.
        error: &'a CaptureError,
    },
    /// A frame could not be measured; the verdict is a Fault.
    MeasureFailed {
        /// The frame's number.
        sequence: u64,
        /// Why, in more detail than the record's reason.
        error: &'a MeasureError,
    },
    /// The accept output failed on a pass. Whether the part was let through is unknown.
    OutputFailed {
        /// The frame's number.
        sequence: u64,
        /// How.
        error: &'a ActuatorError,
    },
    /// A record could not be kept.
    RecordFailed {
        /// The frame's number.
        sequence: u64,
        /// Why.
        error: &'a RecordError,
    },
    /// A frame was inspected, the outputs moved, the record kept. Comes after the failures of the same frame.
    Inspected(&'a InspectionRecord),
    /// The source has no more frames.
    SourceEnded,
}

/// Takes events as they happen. Must return quickly: the next frame waits.
pub trait EventSink {
    /// Takes one event.
    fn event(&mut self, event: &Event<'_>);
}

impl<F: FnMut(&Event<'_>)> EventSink for F {
    fn event(&mut self, event: &Event<'_>) {
        self(event);
    }
}
