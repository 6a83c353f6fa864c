//! The line's counters as an object of the status. Unlike the inspections they hold the parts that were diverted after
//! their verdict, or had none: only the line sees those.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::line::{Counters, ReasonCounts};

/// `{"triggers":9,"parts":8,"accepted":5,"rejected":1,"diverted":{"total":2,"late":2},"faults":{"total":0},
/// "frames_unpaired":0}`: of the reasons only those that were found.
pub(super) fn serialize<S: Serializer>(counters: &Counters, serializer: S) -> Result<S::Ok, S::Error> {
    let Counters { triggers, parts, accepted, rejected, diverted, faults, frames_unpaired } = counters;
    let mut map = serializer.serialize_map(Some(7))?;
    map.serialize_entry("triggers", triggers)?;
    map.serialize_entry("parts", parts)?;
    map.serialize_entry("accepted", accepted)?;
    map.serialize_entry("rejected", rejected)?;
    map.serialize_entry("diverted", &Reasons(diverted))?;
    map.serialize_entry("faults", &Reasons(faults))?;
    map.serialize_entry("frames_unpaired", frames_unpaired)?;
    map.end()
}

struct Reasons<'a>(&'a ReasonCounts);

impl Serialize for Reasons<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("total", &self.0.total())?;
        for (reason, count) in self.0.iter().filter(|(_, count)| *count > 0) {
            map.serialize_entry(reason.name(), &count)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::verdict::FaultReason;

    use super::*;
    use crate::line::{Event, FaultKind, Line, LineTiming, Travel, TriggerMode};

    #[test]
    fn what_only_the_line_sees_is_told() {
        let timing = LineTiming {
            gate_delay: Travel::Micros(100),
            budget_us: 90,
            pulse_us: 10,
            gate_tolerance_us: 10,
            min_gap_us: 60,
            frame_window_us: (0, 50),
        };
        let mut line = Line::new(timing, TriggerMode::Wired).unwrap();
        line.on(Event::Started, 0);
        line.on(Event::SelfTestPassed, 0);
        // One part without a frame, a frame without a part, one part in flight when a fault comes, one trigger after it.
        line.trigger(1000, 0).unwrap();
        assert_eq!(line.part_for_frame(900), None);
        let _ = line.advance(1095, 0);
        line.trigger(1200, 0).unwrap();
        line.fault(FaultReason::CameraLost, FaultKind::Recovering);
        line.trigger(1300, 0).unwrap_err();
        let found: serde_json::Value = serialize(line.counters(), serde_json::value::Serializer).unwrap();
        let expected = json!({
            "triggers": 3, "parts": 2, "accepted": 0, "rejected": 0,
            "diverted": {"total": 2, "no_frame_for_part": 1, "line_faulted": 1},
            "faults": {"total": 2, "camera_lost": 1, "trigger_missed": 1},
            "frames_unpaired": 1,
        });
        assert_eq!(found, expected);
    }
}
