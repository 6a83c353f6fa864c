//! A bracket on a belt: an angle plate with holes that lies at any angle, lit from one side.

mod chip;
mod clip;
mod defect;
mod hole;
mod part;
mod pose;
mod shape;

pub use defect::TurnedDefect;
pub(super) use part::Bracket;
