//! The images behind a score, as a pipeline leaves them: for records, reports and figures by pixels.
//!
//! Maps are in Q24. It does not know how a score is made of them.

use std::borrow::Cow;

use shared::difference::Weights;
use shared::image::{GrayView, Region, Size};

/// The images behind the last score.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The model's input: the preprocessed frame.
    pub input: GrayView<'a>,
    /// The part of it, at the top left, that shows the frame
    /// ([`content`](shared::preprocess::Preprocessing::content)); what lies beyond is a mirror image, which is no place
    /// on the part. The whole input if it was given preprocessed without it.
    pub content: Size,
    /// What the model made of it.
    pub reconstruction: GrayView<'a>,
    /// The difference map, Q24, one value per pixel of `input`.
    pub difference: &'a [u32],
    /// The map that was pooled, in the same form, if the recipe smooths or normalises the difference map.
    pub smoothed: Option<&'a [u32]>,
    /// How much pixels of the content count.
    pub weights: Weights<'a>,
}

impl<'a> Evidence<'a> {
    /// What shows the frame of an image of the input's size.
    pub fn content_of(&self, image: GrayView<'a>) -> GrayView<'a> {
        // The content lies within the input.
        image.crop(Region::whole(self.content)).unwrap_or(image)
    }

    /// What belongs to the frame of a map of the input's size, row by row without gaps.
    pub fn content_of_map(&self, map: &'a [u32]) -> Cow<'a, [u32]> {
        let (size, content) = (self.input.size(), self.content);
        if content == size {
            return map.into();
        }
        let rows = map.chunks_exact(size.width.into()).take(content.height.into());
        rows.flat_map(|row| &row[..content.width.into()]).copied().collect()
    }

    /// The map that the score is taken from, as far as it belongs to the frame, each pixel with its weight.
    pub fn scored_map(&self) -> Cow<'a, [u32]> {
        let mut map = self.content_of_map(self.smoothed.unwrap_or(self.difference));
        if !self.weights.are_full() {
            self.weights.apply(map.to_mut(), self.content);
        }
        map
    }
}
