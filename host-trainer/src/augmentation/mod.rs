//! Changes to a training image that leave a good part good. Applied to training images only, never before the split.

mod flip;

pub use flip::{Flip, Flips};
