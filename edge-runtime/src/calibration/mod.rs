//! Where the threshold lies and what it promises: scores of good parts in, an integer and its evidence out. The trainer
//! and the commissioning of a station use the same.

mod binomial;
mod by_hand;
mod choice;
mod conformal;
mod drift;
mod rate;
mod target;
mod words;

pub use binomial::{clopper_pearson, clopper_pearson_upper};
pub use by_hand::{ThresholdTextError, threshold_from_text};
pub use choice::{Plan, Rule, ThresholdChoice};
pub use conformal::{CalibrationError, calibrate, check_rank, false_reject_promise};
pub use drift::{Drift, chance_of_as_many};
pub use rate::{TargetRate, TargetRateError};
pub use target::{MIN_CALIBRATION, NotReachable, Reachable, Supply, calibration_images};
pub use words::{percent, percent_at_most, promise};
