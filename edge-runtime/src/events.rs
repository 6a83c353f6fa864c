//! What happens in the station, as values. The library logs nothing itself: whoever owns the program turns events into
//! log lines, in the way that its platform can.

use shared::verdict::FaultReason;
use shared::wire::InspectionRecord;

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
    /// A frame is of no part, and was not judged.
    FrameOfNoPart {
        /// The frame's number.
        sequence: u64,
    },
    /// A part is diverted although its frame passed.
    Diverted {
        /// The frame's number.
        sequence: u64,
        /// Why.
        reason: FaultReason,
    },
    /// A record could not be kept.
    RecordFailed {
        /// The frame's number.
        sequence: u64,
        /// Why.
        error: &'a RecordError,
    },
    /// A frame was inspected, the line has the verdict, the record is kept. Comes after the failures of the same frame.
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
