//! What is done to a training image: changes that leave a good part good (mirror images, light), and damage to what the
//! network is shown while it has to draw the undamaged part. Never before the split, and never where scores are
//! computed.

mod corruption;
mod flip;
mod light;

pub use corruption::Handicap;
pub use flip::{Flip, Flips};
pub use light::Light;
