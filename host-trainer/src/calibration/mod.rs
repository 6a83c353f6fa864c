//! Where the threshold lies and what it promises: scores of good parts in, an integer and its evidence out.

mod binomial;
mod conformal;

pub use binomial::{clopper_pearson, clopper_pearson_upper};
pub use conformal::{CalibrationError, calibrate, check_rank, false_reject_promise};
