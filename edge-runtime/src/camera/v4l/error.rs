//! Why a V4L2 camera is not used: what was found, what was asked for, what there is instead.

use std::io;
use std::path::PathBuf;

use shared::image::Size;

use super::device::{FourCc, Granted, SizeOffer};

/// Why a camera is not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The device file cannot be opened.
    #[error(
        "{}: cannot be opened; check that the camera is plugged in, and that this user may use it (group video)",
        path.display()
    )]
    Open {
        /// The device file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The driver refused a request.
    #[error("the camera refused {request}")]
    Request {
        /// The request.
        request: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// The device file is something else.
    #[error(
        "{card} ({driver}) has the capabilities {found:#010x}, expected video capture into one plane, and streaming; \
         try the other /dev/video files of the camera"
    )]
    NotACamera {
        /// The device's name.
        card: String,
        /// The driver's name.
        driver: String,
        /// `V4L2_CAP_*`.
        found: u32,
    },
    /// The camera does not do what was asked for.
    #[error("asked for {asked_format} {asked}, the camera would give {granted}; it offers {}", list_offers(offers))]
    Format {
        /// The pixel format asked for.
        asked_format: FourCc,
        /// The size asked for.
        asked: Size,
        /// What the driver made of it.
        granted: String,
        /// All that it offers.
        offers: Vec<Offer>,
    },
    /// Rows that are too short or not wholly in the frame.
    #[error("the driver gives rows of {found} bytes, expected at least {needed}; this driver cannot be used")]
    Stride {
        /// Bytes from one row to the next.
        found: u32,
        /// Bytes of a row's pixels.
        needed: usize,
    },
    /// Time stamps that do not compare with the station's clock.
    #[error(
        "the driver's time stamps are not of the monotonic clock, so that a frame's age is unknown; use another driver"
    )]
    TimeStamps,
    /// A control that the camera does not have.
    #[error("the camera has no control {name}; it has {}", list_names(there))]
    UnknownControl {
        /// The control asked for.
        name: String,
        /// All that it has.
        there: Vec<String>,
    },
    /// A value that a control does not take.
    #[error("{name} = {asked}, expected {min} to {max}")]
    ControlRange {
        /// The control.
        name: String,
        /// The value asked for.
        asked: i32,
        /// The smallest.
        min: i32,
        /// The largest.
        max: i32,
    },
    /// A control that does not hold what was set.
    #[error("{name} was set to {asked} and reads {found}; ask for a value that the camera can hold")]
    ControlDiffers {
        /// The control.
        name: String,
        /// The value that was set.
        asked: i32,
        /// The value that was read back.
        found: i32,
    },
}

impl DeviceError {
    /// For `map_err`: the driver refused `request`.
    pub(super) fn request(request: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Request { request, source }
    }
}

/// A pixel format and the sizes that it is offered in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The pixel format.
    pub code: FourCc,
    /// Its sizes; empty if the driver does not list them.
    pub sizes: Vec<SizeOffer>,
}

/// A format as messages show it.
pub(super) fn describe(granted: &Granted) -> String {
    let interlaced = if granted.progressive { "" } else { " interlaced" };
    format!("{} {}x{}{interlaced}", granted.code, granted.width, granted.height)
}

fn list_offers(offers: &[Offer]) -> String {
    let one = |offer: &Offer| {
        let sizes: Vec<String> = offer.sizes.iter().map(SizeOffer::to_string).collect();
        format!(
            "{} {}",
            offer.code,
            if sizes.is_empty() { "in sizes it does not list".into() } else { sizes.join(", ") }
        )
    };
    match offers {
        [] => "nothing that it lists".to_owned(),
        offers => offers.iter().map(one).collect::<Vec<_>>().join("; "),
    }
}

fn list_names(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
