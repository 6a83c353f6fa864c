//! Commissioning: whether a bundle does on this station what was promised for it. Scores of parts in, findings out.
//!
//! Good parts are held against the calibration ([`Comparison`]), give a threshold of the station's own where they do
//! not fit, one part measured again and again shows how far scores scatter by themselves ([`Repeatability`]), and known
//! bad parts must be rejected. It moves nothing and opens nothing; formulas and sources are in `docs/commissioning.md`.

mod announced;
mod comparison;
mod findings;
mod page;
mod repeatability;
mod strip;

pub use announced::Announced;
pub use comparison::{Comparison, Direction, Landmark, RankTest, SIGNIFICANCE};
pub use findings::{AssessError, BadPart, Decision, Findings, InForce, Parts, PlanError, Warning, assess, check_plan};
pub use page::{Header, page};
pub use repeatability::{MIN_DISTANCE, Repeatability};
