//! Renderer of synthetic part frames: a bottle mouth seen from above, with and without defects.
//!
//! It makes the small data set with which a fresh clone demonstrates training, and the frames of the tests. No
//! photograph goes into it: every ring, glare arc and defect is drawn from formulas and a seeded random stream.
//!
//! Units: positions and lengths are fractions of the frame's side, `(0, 0)` its centre, x to the right and y down.
//! Brightness is in gray levels, 0 to 255. Angles are in radians.
//!
//! A frame is a pure function of the seed, the sequence it belongs to (good parts, or one kind of defect), its index
//! and its size. It is the same on every machine: the random numbers are ChaCha8's, the elementary functions are
//! `libm`'s, and what remains is IEEE addition, multiplication, division and square root.
//!
//! It does not know the model, the score or the split, and nothing here reads a clock.

mod chip;
mod contamination;
mod crack;
mod defect;
mod folder;
mod frame;
mod geometry;
mod layout;
mod outline;
mod part;
mod path;
mod profile;
mod random;
mod texture;
mod write;

pub use defect::DefectKind;
pub use frame::{RenderedFrame, render_defective, render_good};
pub use layout::{RenderConfig, RenderedCounts};
pub use write::{RenderError, write_dataset};
