//! A bottle mouth seen from above: rings of glass against a back light, in nearly the same place on every frame.

mod chip;
mod crack;
mod defect;
mod part;
mod profile;

pub use defect::BottleDefect;
pub(super) use part::Bottle;
