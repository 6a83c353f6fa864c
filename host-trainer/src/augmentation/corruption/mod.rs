//! Damage to what the network is shown in training: it has to draw the undamaged part all the same. So it learns to take
//! away what does not belong there, instead of copying it.
//!
//! Images are packed gray values from 0 to 1. Everything comes from one stream of random numbers. It does not know what
//! real defects look like, nor the synthetic ones by which a bundle is tried out.

mod canvas;
mod field;
mod handicap;
mod stain;

pub use handicap::Handicap;
