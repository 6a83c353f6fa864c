//! What the camera's failures and the faults of frames mean for the line. It knows events, not where they come from.

use shared::verdict::FaultReason;
use shared::wire::RecordedVerdict;

use super::state::FaultKind;
use crate::events::Event;

/// The station's fault that follows from an event, if one does. One damaged frame is none: its part is a reject, the next
/// one may be good.
///
/// `owes_frame`: whether the camera's silence is a fault, as [`LineHandle::owes_frame`](super::LineHandle::owes_frame)
/// says for a camera that is triggered by the line; for one that runs by itself it always is.
pub fn camera_fault(event: &Event<'_>, owes_frame: impl FnOnce() -> bool) -> Option<(FaultReason, FaultKind)> {
    match event {
        Event::CaptureFailed { error, .. } => match error.reason() {
            FaultReason::CameraTimeout if !owes_frame() => None,
            FaultReason::CameraSettings => Some((FaultReason::CameraSettings, FaultKind::Latched)),
            reason @ (FaultReason::CameraTimeout | FaultReason::CameraLost) => Some((reason, FaultKind::Recovering)),
            _ => None,
        },
        Event::Inspected(record) if record.verdict == RecordedVerdict::Fault(FaultReason::FrameFrozen) => {
            Some((FaultReason::FrameFrozen, FaultKind::Latched))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::CaptureError;

    fn of(error: &CaptureError, owes_frame: bool) -> Option<(FaultReason, FaultKind)> {
        camera_fault(&Event::CaptureFailed { sequence: 1, error }, || owes_frame)
    }

    #[test]
    fn silence_is_a_fault_where_a_frame_is_owed() {
        let silent = CaptureError::Timeout { waited_ms: 5 };
        assert_eq!(of(&silent, true), Some((FaultReason::CameraTimeout, FaultKind::Recovering)));
        assert_eq!(of(&silent, false), None);
    }

    #[test]
    fn a_lost_camera_recovers_and_a_setting_that_changed_does_not() {
        let gone = CaptureError::Disconnected { source: "unplugged".into() };
        assert_eq!(of(&gone, false), Some((FaultReason::CameraLost, FaultKind::Recovering)));
        let setting = CaptureError::Setting { name: "gain".to_owned(), asked: 1, found: 2 };
        assert_eq!(of(&setting, false), Some((FaultReason::CameraSettings, FaultKind::Latched)));
        assert_eq!(of(&CaptureError::Damaged, true), None);
    }
}
