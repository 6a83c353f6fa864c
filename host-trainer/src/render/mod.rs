//! Renderer of synthetic part frames, with and without defects: a bottle mouth that always lies in the same place,
//! ground metal without a fixed structure, a bracket at any angle.
//!
//! It makes the small data set with which a fresh clone demonstrates training, and the frames of the tests. No
//! photograph goes into it: every ring, streak, edge and defect is drawn from formulas and a seeded random stream.
//!
//! A kind of part is a folder with a type that implements `part::Part` and a list of defects; `kind` names them all,
//! and `frame` is where the name becomes the type.
//!
//! Units: positions and lengths are fractions of the frame's height, `(0, 0)` its centre, x to the right and y down.
//! Brightness is in gray levels, 0 to 255. Angles are in radians.
//!
//! A frame is a pure function of the seed, the sequence it belongs to (good parts of a kind, or one kind of defect),
//! its index and its size. It is the same on every machine: the random numbers are ChaCha8's, the elementary functions
//! are `libm`'s, and what remains is IEEE addition, multiplication, division and square root.
//!
//! It does not know the model, the score or the split, and nothing here reads a clock.

mod bottle;
mod contamination;
mod folder;
mod frame;
mod geometry;
mod grain;
mod kind;
mod layout;
mod outline;
mod part;
mod path;
mod random;
mod scratch;
mod surface;
mod texture;
mod turned;
mod write;

pub use bottle::BottleDefect;
pub use frame::{RenderedFrame, render_defective, render_good};
pub use kind::{DefectKind, PartKind};
pub use layout::{RenderConfig, RenderedCounts};
pub use surface::SurfaceDefect;
pub use turned::TurnedDefect;
pub use write::{RenderError, write_dataset};
