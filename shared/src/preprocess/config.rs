//! What the preprocessing of a product is: region of interest, geometry, accepted sizes, input size.
//!
//! All sizes are in pixels. It is stored in the bundle's manifest; the order of fields and variants is part of
//! the wire format.

use serde::{Deserialize, Serialize};

use crate::image::{ImageError, Region, Size};

/// How the region of interest becomes the model's input. Stored by position: do not reorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Geometry {
    /// The whole region is resampled to the input size; the sides are scaled independently.
    Resize,
    /// The region is scaled by one factor on both axes and lies at the top left of the input; the rest of the input is
    /// its mirror image.
    FixedScale(Scale),
}

/// Pixels of the input for a pixel of the frame, as a fraction. It need not be reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scale {
    /// At least 1.
    pub numerator: u16,
    /// At least 1.
    pub denominator: u16,
}

/// The sizes of frames that may be judged, both limits included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedSizes {
    /// The least width and the least height.
    pub min: Size,
    /// The greatest width and the greatest height.
    pub max: Size,
}

impl AcceptedSizes {
    /// Whether a frame of `size` may be judged.
    pub const fn accepts(self, size: Size) -> bool {
        self.min.fits_in(size) && size.fits_in(self.max)
    }
}

/// From a frame to the model's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// The part of the frame that is inspected, in frame pixels; the whole frame if `None`. It lies inside the
    /// least accepted size, so that every accepted frame has it.
    pub region: Option<Region>,
    /// How the region becomes the input.
    pub geometry: Geometry,
    /// The sizes of frames that may be judged.
    pub accepted: AcceptedSizes,
    /// The size of the model's input, whatever the size of the frame.
    pub input: Size,
}

/// What is wrong with a [`Preprocessing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPreprocessing {
    /// The model's input can't be an image.
    #[error("the size of the model's input is invalid")]
    Input(#[source] ImageError),
    /// A limit of the accepted sizes can't be an image.
    #[error("a limit of the accepted sizes is invalid")]
    Accepted(#[source] ImageError),
    /// The least accepted size exceeds the greatest.
    #[error("found accepted sizes from {min} to {max}, expected the least first")]
    AcceptedOrder {
        /// The least size.
        min: Size,
        /// The greatest size.
        max: Size,
    },
    /// Not every accepted frame contains the region.
    #[error("found the region {region}, expected one inside the least accepted size of {min} pixels")]
    RegionOutside {
        /// The region of interest.
        region: Region,
        /// The least accepted size.
        min: Size,
    },
    /// A scale of zero or infinity.
    #[error("found a scale of {numerator}/{denominator}, expected both at least 1")]
    Scale {
        /// The numerator.
        numerator: u16,
        /// The denominator.
        denominator: u16,
    },
}

impl Preprocessing {
    /// Checks that every accepted frame can be preprocessed in this way.
    ///
    /// # Errors
    ///
    /// [`InvalidPreprocessing`] names the first field that is out of range.
    pub const fn validate(&self) -> Result<(), InvalidPreprocessing> {
        let AcceptedSizes { min, max } = self.accepted;
        if let Err(error) = self.input.check() {
            return Err(InvalidPreprocessing::Input(error));
        }
        if let Err(error) = min.check() {
            return Err(InvalidPreprocessing::Accepted(error));
        }
        if let Err(error) = max.check() {
            return Err(InvalidPreprocessing::Accepted(error));
        }
        if !min.fits_in(max) {
            return Err(InvalidPreprocessing::AcceptedOrder { min, max });
        }
        if let Some(region) = self.region
            && !region.is_inside(min)
        {
            return Err(InvalidPreprocessing::RegionOutside { region, min });
        }
        match self.geometry {
            Geometry::Resize => Ok(()),
            Geometry::FixedScale(scale) => scale.validate(),
        }
    }

    /// The part of the input, at its top left, that a frame of `frame` pixels is resampled to. Whatever lies beyond
    /// repeats it. With [`Geometry::Resize`] it is the whole input; with [`Geometry::FixedScale`] at least one pixel and
    /// at most the input on each axis.
    ///
    /// It does not ask whether the frame is accepted.
    pub fn content(&self, frame: Size) -> Size {
        match self.geometry {
            Geometry::Resize => self.input,
            Geometry::FixedScale(scale) => scale.content(self.region.map_or(frame, Region::size), self.input),
        }
    }
}

impl Scale {
    const fn validate(self) -> Result<(), InvalidPreprocessing> {
        let Self { numerator, denominator } = self;
        if numerator == 0 || denominator == 0 {
            return Err(InvalidPreprocessing::Scale { numerator, denominator });
        }
        Ok(())
    }
}
