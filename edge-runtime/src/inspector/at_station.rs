//! The inspector with a threshold that this station found for itself.

use shared::bundle::{Bundle, OtherBundle};
use shared::wire::StationThreshold;

use super::Inspector;

impl<R, C> Inspector<R, C> {
    /// Has `own` decide instead of the threshold in `bundle`, the one that this inspector was made for. The self-test is
    /// held against the bundle's threshold as before.
    ///
    /// # Errors
    ///
    /// [`OtherBundle`] if the threshold or the inspector is for another bundle.
    pub fn at_station(self, bundle: &Bundle<'_>, own: &StationThreshold) -> Result<Self, OtherBundle> {
        let proof = bundle.proof_at_station(own)?;
        let (found, expected) = (proof.id(), self.proof.id());
        if found != expected {
            return Err(OtherBundle { found, expected });
        }
        Ok(Self { proof, ..self })
    }
}

#[cfg(test)]
mod tests {
    use shared::admission::FrameStamp;
    use shared::bundle::BundleId;
    use shared::score::{Score, Threshold};
    use shared::verdict::Verdict;
    use shared::wire::ThresholdSource;

    use super::*;
    use crate::calibration::calibrate;
    use crate::test_support::{FRAME, FakeModel, INPUT, Redraw, StepClock, bundle_around, frame_of};

    fn own(bundle: BundleId, highest: Score) -> StationThreshold {
        let (threshold, evidence) = calibrate(&[highest; 20], 1).unwrap();
        StationThreshold::new(bundle, threshold, evidence).unwrap()
    }

    /// The bundle rejects from 0.5 on: a part that it rejects passes by the station's threshold, and only by that of this
    /// very bundle. The self-test stays as it was.
    #[test]
    fn the_stations_threshold_decides_for_its_bundle_alone() {
        let file = bundle_around(b"no model");
        let bundle = file.verify().unwrap();
        let inspector = || {
            let model = FakeModel::new(INPUT, Redraw::Inverted);
            Inspector::new(&bundle, model, StepClock::default(), 1000).unwrap()
        };
        let stamp = FrameStamp { sequence: 1, captured_at_us: 0 };
        let frame = frame_of(FRAME);
        let inspection = inspector().inspect(&frame.view().unwrap(), stamp);
        assert!(matches!(inspection.verdict, Verdict::Reject(_)));
        let score = inspection.score.unwrap();
        assert_eq!(inspector().threshold_source(), ThresholdSource::Bundle);

        let mut at_station = inspector().at_station(&bundle, &own(bundle.id(), score)).unwrap();
        assert_eq!(at_station.threshold_source(), ThresholdSource::Station);
        assert_eq!(at_station.threshold(), Threshold::just_above(score));
        let inspection = at_station.inspect(&frame.view().unwrap(), stamp);
        assert!(matches!(inspection.verdict, Verdict::Pass(_)), "{:?}", inspection.verdict);
        assert!(at_station.self_test(&bundle).is_ok());

        let other = bundle_around(b"another model");
        let other = other.verify().unwrap();
        assert!(inspector().at_station(&bundle, &own(other.id(), score)).is_err());
        assert!(inspector().at_station(&other, &own(other.id(), score)).is_err());
    }
}
