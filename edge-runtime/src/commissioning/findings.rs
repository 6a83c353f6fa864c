//! What the scores of a commissioning say, and what follows: the threshold stays, or the station gets its own; known
//! bad parts are rejected by the threshold that is in force afterwards, or the commissioning has failed. It writes
//! nothing.

use std::fmt;

use shared::bundle::BundleId;
use shared::score::{Score, Threshold};
use shared::verdict::FaultReason;
use shared::wire::{InvalidStationThreshold, StationThreshold, ThresholdEvidence, ThresholdSource};

use super::{Comparison, MIN_DISTANCE, Repeatability};
use crate::calibration::{CalibrationError, MIN_CALIBRATION, Plan, Rule, Supply, TargetRate, ThresholdChoice};

/// What judges on the station before the commissioning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InForce {
    /// The bundle.
    pub bundle: BundleId,
    /// The threshold.
    pub threshold: Threshold,
    /// What it rests on.
    pub evidence: ThresholdEvidence,
    /// Whose it is.
    pub source: ThresholdSource,
}

/// What a known bad part gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPart {
    /// It was measured.
    Measured(Score),
    /// Its frame could not be judged, which diverts the part.
    Fault(FaultReason),
}

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Scores of good parts, each another part.
    pub good: Vec<Score>,
    /// Scores of one good part, measured several times.
    pub repeats: Vec<Score>,
    /// Known bad parts.
    pub bad: Vec<BadPart>,
    /// Frames of good parts that could not be judged, and were taken again.
    pub faults: u32,
}

/// What becomes of the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It stays.
    Kept,
    /// The station gets its own.
    Recalibrated(StationThreshold),
}

/// What a person has to weigh. Nothing of it fails the commissioning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Warning {
    /// The threshold in force was given by hand without a trial.
    NothingToCompare,
    /// The repeated part lies too near to the threshold.
    Repeatability(Repeatability),
    /// No part was measured repeatedly.
    NotRepeated,
    /// No known bad part was tried.
    NoBadParts {
        /// Whether the threshold is higher than before.
        raised: bool,
    },
    /// Frames of good parts were faults.
    Faults(u32),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NothingToCompare => f.write_str(
                "the threshold in force was given by hand and not tried on good parts: there are no scores to compare \
                 with; --recalibrate gives the station a threshold with a promise",
            ),
            Self::Repeatability(found) if found.distance <= 0.0 => f.write_str(
                "the part that was measured repeatedly scores as high as the threshold on average: it is no good part, \
                 or the threshold is too low",
            ),
            Self::Repeatability(found) => write!(
                f,
                "the part that was measured repeatedly lies {:.1} standard deviations below the threshold, expected \
                 {MIN_DISTANCE} at least: look for what moves its score (light, position, focus, exposure)",
                found.distance_in_deviations().unwrap_or(f64::INFINITY)
            ),
            Self::NotRepeated => f.write_str("no part was measured repeatedly: how far scores scatter is not known"),
            Self::NoBadParts { raised: false } => {
                f.write_str("no known bad part was tried: give some by --red-rabbits")
            }
            Self::NoBadParts { raised: true } => f.write_str(
                "the threshold was raised and no known bad part was tried: defects that were rejected may pass now; \
                 commission again with --red-rabbits",
            ),
            Self::Faults(count) => write!(
                f,
                "{count} frames of good parts could not be judged and were taken again: on the line such parts are \
                 diverted, beyond what the threshold promises"
            ),
        }
    }
}

/// What the commissioning found.
#[derive(Clone, Debug, PartialEq)]
pub struct Findings {
    /// What judged before.
    pub before: InForce,
    /// Whether the good parts score as those of the calibration; `None` if there is nothing to compare with.
    pub comparison: Option<Comparison>,
    /// What becomes of the threshold.
    pub decision: Decision,
    /// Good parts that the threshold before rejects.
    pub rejected_before: u32,
    /// Good parts that the threshold rejects that is in force afterwards.
    pub rejected_after: u32,
    /// Of the part that was measured repeatedly, against the threshold in force afterwards.
    pub repeatability: Option<Repeatability>,
    /// The places of the known bad parts that pass, from 0.
    pub bad_passed: Vec<usize>,
    /// What a person has to weigh.
    pub warnings: Vec<Warning>,
}

impl Findings {
    /// Whether the station may work: every known bad part was rejected.
    pub fn passed(&self) -> bool {
        self.bad_passed.is_empty()
    }

    /// The threshold in force afterwards, if the commissioning passed.
    pub fn threshold(&self) -> Threshold {
        match &self.decision {
            Decision::Kept => self.before.threshold,
            Decision::Recalibrated(own) => own.threshold(),
        }
    }

    /// What that threshold rests on.
    pub fn evidence(&self) -> &ThresholdEvidence {
        match &self.decision {
            Decision::Kept => &self.before.evidence,
            Decision::Recalibrated(own) => own.evidence(),
        }
    }

    /// Whose it is.
    pub fn source(&self) -> ThresholdSource {
        match &self.decision {
            Decision::Kept => self.before.source,
            Decision::Recalibrated(_) => ThresholdSource::Station,
        }
    }
}

/// Why so many good parts will not do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Too few for any promise.
    #[error("{found} good parts are too few: a commissioning needs at least {MIN_CALIBRATION}")]
    TooFew {
        /// How many were asked for.
        found: u32,
    },
    /// The rate needs more.
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
}

/// How a threshold would follow from so many `good` parts: just above the greatest score, or at the highest rank that
/// keeps `rate` on average. Asked before the first part is measured.
///
/// # Errors
///
/// [`PlanError`] if the parts are too few.
pub fn check_plan(rate: Option<TargetRate>, good: u32) -> Result<Plan, PlanError> {
    if (good as usize) < MIN_CALIBRATION {
        return Err(PlanError::TooFew { found: good });
    }
    let choice = rate.map_or(ThresholdChoice::default(), ThresholdChoice::TargetRate);
    Ok(choice.plan(Supply::all(good as usize))?)
}

/// Why the good parts give no threshold.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssessError {
    /// The scores do not allow one.
    #[error("the scores of the good parts allow no threshold")]
    Calibration(#[from] CalibrationError),
    /// The threshold would not be valid.
    #[error("the scores of the good parts give no valid threshold")]
    Invalid(#[from] InvalidStationThreshold),
}

/// Judges what was seen. A new threshold follows by `rule` if the good parts do not score as those of the calibration,
/// or if `recalibrate` asks for it.
///
/// # Errors
///
/// [`AssessError`] if a new threshold is due and the scores allow none.
pub fn assess(before: InForce, parts: &Parts, rule: Rule, recalibrate: bool) -> Result<Findings, AssessError> {
    let comparison = Comparison::of(before.threshold, &before.evidence, &parts.good);
    let decision = if recalibrate || comparison.as_ref().is_some_and(Comparison::differs) {
        let (threshold, evidence) = rule.apply(&parts.good)?;
        Decision::Recalibrated(StationThreshold::new(before.bundle, threshold, evidence)?)
    } else {
        Decision::Kept
    };
    let threshold = match &decision {
        Decision::Kept => before.threshold,
        Decision::Recalibrated(own) => own.threshold(),
    };
    let rejected = |by: Threshold| parts.good.iter().filter(|&&score| by.rejects(score)).count() as u32;
    let passes = |part: &BadPart| matches!(*part, BadPart::Measured(score) if !threshold.rejects(score));
    let bad_passed = (0..parts.bad.len()).filter(|&place| passes(&parts.bad[place])).collect();
    let repeatability = Repeatability::of(&parts.repeats, &parts.good, threshold);

    let mut warnings = Vec::new();
    if comparison.is_none() && decision == Decision::Kept {
        warnings.push(Warning::NothingToCompare);
    }
    match repeatability {
        Some(found) if !found.is_sufficient() => warnings.push(Warning::Repeatability(found)),
        Some(_) => {}
        None => warnings.push(Warning::NotRepeated),
    }
    if parts.bad.is_empty() {
        warnings.push(Warning::NoBadParts { raised: threshold > before.threshold });
    }
    if parts.faults > 0 {
        warnings.push(Warning::Faults(parts.faults));
    }
    let (rejected_before, rejected_after) = (rejected(before.threshold), rejected(threshold));
    Ok(Findings { before, comparison, decision, rejected_before, rejected_after, repeatability, bad_passed, warnings })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::calibrate;

    const BUNDLE: BundleId = BundleId([7; 32]);

    fn scores(range: std::ops::Range<u32>) -> Vec<Score> {
        range.map(|raw| Score::new(raw).unwrap()).collect()
    }

    /// Forty calibration scores from 1000 to 1039, threshold 1040.
    fn before() -> InForce {
        let (threshold, evidence) = calibrate(&scores(1000..1040), 1).unwrap();
        InForce { bundle: BUNDLE, threshold, evidence, source: ThresholdSource::Bundle }
    }

    fn bad(raw: u32) -> BadPart {
        BadPart::Measured(Score::new(raw).unwrap())
    }

    fn parts(good: std::ops::Range<u32>, bad: Vec<BadPart>) -> Parts {
        Parts { good: scores(good), repeats: scores(500..503), bad, faults: 0 }
    }

    fn rule(good: u32) -> Rule {
        check_plan(None, good).unwrap().rule
    }

    #[test]
    fn good_parts_that_score_as_they_did_leave_the_threshold() {
        let fault = BadPart::Fault(FaultReason::FrameSize);
        let found = assess(before(), &parts(1005..1035, vec![bad(1040), fault]), rule(30), false).unwrap();
        assert_eq!((found.decision, found.rejected_before, found.rejected_after), (Decision::Kept, 0, 0));
        assert!(found.passed() && found.warnings.is_empty(), "{:?}", found.warnings);
        assert_eq!((found.threshold(), found.source()), (before().threshold, ThresholdSource::Bundle));
        assert!(!found.comparison.unwrap().differs());
    }

    #[test]
    fn good_parts_that_score_otherwise_give_the_station_a_threshold() {
        for (good, threshold, rejected) in [(2000..2030, 2030, 30), (10..40, 40, 0)] {
            let found = assess(before(), &parts(good, vec![bad(3000)]), rule(30), false).unwrap();
            assert!(found.comparison.as_ref().unwrap().differs());
            let Decision::Recalibrated(own) = found.decision else { panic!("{found:?}") };
            assert_eq!((own.threshold().raw(), own.bundle()), (threshold, BUNDLE));
            assert_eq!((found.rejected_before, found.rejected_after), (rejected, 0));
            assert_eq!((found.threshold(), found.source()), (own.threshold(), ThresholdSource::Station));
            assert_eq!(found.evidence(), own.evidence());
        }
    }

    /// What decides about known bad parts is the threshold afterwards, not the one before.
    #[test]
    fn a_known_bad_part_that_passes_fails_the_commissioning() {
        let found =
            assess(before(), &parts(1005..1035, vec![bad(2000), bad(1039), bad(1040)]), rule(30), false).unwrap();
        assert_eq!((found.passed(), &found.bad_passed[..]), (false, &[1][..]));
        let raised = assess(before(), &parts(2000..2030, vec![bad(1500), bad(2030)]), rule(30), false).unwrap();
        assert_eq!((raised.passed(), &raised.bad_passed[..]), (false, &[0][..]));
        let lowered = assess(before(), &parts(10..40, vec![bad(500)]), rule(30), false).unwrap();
        assert!(lowered.passed());
    }

    #[test]
    fn a_new_threshold_can_be_asked_for_with_a_rate() {
        let plan = check_plan(Some("5%".parse().unwrap()), 59).unwrap();
        let found = assess(before(), &parts(1000..1059, vec![bad(9000)]), plan.rule, true).unwrap();
        let Decision::Recalibrated(own) = found.decision else { panic!("{found:?}") };
        let ThresholdEvidence::Calibrated { images, rank, average_false_rejects_ppm, .. } = *own.evidence() else {
            panic!()
        };
        assert_eq!((images, rank, average_false_rejects_ppm), (59, 3, 50_000));
        assert_eq!((own.threshold().raw(), found.rejected_after), (1057, 2));
        assert_eq!(check_plan(None, 19), Err(PlanError::TooFew { found: 19 }));
        let text = check_plan(Some("1%".parse().unwrap()), 30).unwrap_err().to_string();
        assert!(text.contains("Collect 69 more"), "{text}");
    }

    #[test]
    fn what_was_not_tried_is_said() {
        let untried = InForce { evidence: ThresholdEvidence::ByHand { trial: None }, ..before() };
        let only_good = Parts { good: scores(1000..1030), faults: 2, ..Parts::default() };
        let found = assess(untried, &only_good, rule(30), false).unwrap();
        assert_eq!(
            found.warnings,
            [
                Warning::NothingToCompare,
                Warning::NotRepeated,
                Warning::NoBadParts { raised: false },
                Warning::Faults(2)
            ]
        );
        let raised = assess(before(), &Parts { good: scores(2000..2030), ..only_good }, rule(30), false).unwrap();
        assert!(raised.warnings.contains(&Warning::NoBadParts { raised: true }));
        let near = Parts { repeats: scores(1030..1039), ..parts(1005..1035, vec![bad(1040)]) };
        let found = assess(before(), &near, rule(30), false).unwrap();
        assert!(matches!(found.warnings[..], [Warning::Repeatability(_)]), "{:?}", found.warnings);
        assert!(found.warnings[0].to_string().contains("lies 2.2 standard deviations below"), "{}", found.warnings[0]);
    }
}
