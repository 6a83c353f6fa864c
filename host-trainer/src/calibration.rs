//! Where the threshold lies and what it promises: the station's own code, since a station calibrates too.

pub use edge_runtime::calibration::*;
