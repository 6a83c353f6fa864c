//! The pictures behind a score, made again by the station's own pipeline: input, reconstruction, the difference map
//! that the score was taken from (smoothed if the recipe smooths), and the mask of the defect if there is one.
//!
//! An image must give the score that it was judged by, or there is no picture. Differences are in Q24.

use std::path::Path;

use edge_runtime::camera::decode::decode_file;
use edge_runtime::clock::MonotonicClock;
use edge_runtime::frame::Frame;
use edge_runtime::inspector::OpenError;
use edge_runtime::pipeline::{Evidence, Pipeline};
use edge_runtime::reconstruct::TractReconstructor;
use shared::bundle::{Bundle, SectionKind};
use shared::difference::{Mask, Pooling, ScoreRecipe, ScoreReference};
use shared::image::{FrameView, GrayView, Region, Size};
use shared::preprocess::{AcceptedSizes, Geometry, Preprocessing};
use shared::score::Score;

use super::colour_scale::ColourScale;
use super::panel::Tile;
use super::{ReportError, picture};
use crate::dataset::load::preprocessed;

/// The longest side of a photograph that is shown as it came, in pixels.
const THUMBNAIL_SIDE: u16 = 256;

/// Redraws images with one model and one colour scale.
#[derive(Debug)]
pub struct Redrawer {
    pipeline: Pipeline<TractReconstructor>,
    clock: MonotonicClock,
    scale: ColourScale,
}

impl Redrawer {
    /// Redraws with `bundle`'s model.
    ///
    /// # Errors
    /// [`ReportError`] if the model cannot be used.
    pub fn new(bundle: &Bundle<'_>) -> Result<Self, ReportError> {
        let manifest = bundle.manifest();
        let onnx = bundle.section(SectionKind::Onnx).ok_or(OpenError::NoModel)?;
        let model = &manifest.model;
        let model = TractReconstructor::from_onnx(onnx, &model.input_name, &model.output_name, model.size)
            .map_err(OpenError::from)?;
        Ok(Self {
            pipeline: Pipeline::with_reference(manifest.preprocessing, manifest.recipe, bundle.reference(), model)
                .map_err(OpenError::from)?,
            clock: MonotonicClock::new(),
            scale: ColourScale::new(manifest.threshold, manifest.recipe.pooling),
        })
    }

    /// The scale of all maps.
    pub fn scale(&self) -> ColourScale {
        self.scale
    }

    /// The pictures of `frame`, which must give the score that it had. `path` is what errors call it.
    ///
    /// # Errors
    /// [`ReportError`] if it does not.
    pub fn tiles(&mut self, frame: &FrameView<'_>, path: &Path, expected: Score) -> Result<Vec<Tile>, ReportError> {
        let again = |source| ReportError::Again { path: path.to_owned(), source };
        let found = self.pipeline.measure(frame, &self.clock).map_err(again)?.score;
        self.shown(path, found, expected)
    }

    /// The pictures of a frame that is preprocessed already: `content` is the part of `input` that shows it.
    ///
    /// # Errors
    /// [`ReportError`] if it does not give the score that it had.
    pub fn tiles_of_input(
        &mut self,
        input: GrayView<'_>,
        content: Size,
        path: &Path,
        expected: Score,
    ) -> Result<Vec<Tile>, ReportError> {
        let again = |source| ReportError::Again { path: path.to_owned(), source };
        let found = self.pipeline.measure_content(input, content, &self.clock).map_err(again)?.score;
        self.shown(path, found, expected)
    }

    fn shown(&self, path: &Path, found: Score, expected: Score) -> Result<Vec<Tile>, ReportError> {
        if found != expected {
            return Err(ReportError::Changed { path: path.to_owned(), found, expected });
        }
        let Some(evidence) = self.pipeline.evidence() else { return Ok(Vec::new()) };
        Ok(evidence_tiles(&evidence, self.pipeline.recipe(), self.pipeline.reference(), self.scale))
    }

    /// The mask of a photograph of this size, as the model would have seen it; `None` if it cannot be read or has
    /// another size.
    pub fn mask(&self, path: &Path, photograph: Size) -> Option<Tile> {
        let mask = decode_file(path).ok().filter(|mask| mask.size() == photograph)?;
        let accepted = AcceptedSizes { min: photograph, max: photograph };
        let how = Preprocessing { accepted, ..*self.pipeline.preprocessing() };
        let (pixels, size) = (preprocessed(&mask, &how).ok()?, how.content(photograph));
        let uri = picture::gray(GrayView::packed(&pixels, how.input).and_then(|v| v.crop(Region::whole(size))).ok()?);
        Some(Tile { name: "Mask", alt: "where the defect is".into(), uri, size, peak: None })
    }
}

/// The pictures of the part of the input that shows the frame.
fn evidence_tiles(
    evidence: &Evidence<'_>,
    recipe: &ScoreRecipe,
    reference: ScoreReference<&[u8]>,
    scale: ColourScale,
) -> Vec<Tile> {
    let size = evidence.content;
    let map = evidence.scored_map();
    // With a margin the mirror image does not count, and the border is that of the photograph.
    let scored = if recipe.margin.is_none() { evidence.input.size() } else { size };
    let peak = match recipe.pooling {
        Pooling::SmoothedMaximum { .. } | Pooling::TopMean { .. } => {
            Some(peak_of(&map, size, scored, recipe.metric.border(), reference.mask))
        }
        Pooling::Mean => None,
    };
    let where_it_is =
        peak.map_or_else(String::new, |(x, y)| format!(", greatest at column {x}, row {y} of {size} pixels"));
    vec![
        Tile {
            name: "Input",
            alt: "the preprocessed photograph".into(),
            uri: picture::gray(evidence.content_of(evidence.input)),
            size,
            peak,
        },
        Tile {
            name: "Reconstruction",
            alt: "what the network made of it".into(),
            uri: picture::gray(evidence.content_of(evidence.reconstruction)),
            size,
            peak: None,
        },
        Tile {
            name: "Difference map",
            alt: format!("the differences between both{where_it_is}"),
            uri: picture::map(&map, size, scale),
            size,
            peak,
        },
    ]
}

/// The first pixel of a map of `size`, weights included, with the greatest value, among those that the score looks
/// at: not on the border of the `input` that counts, whose top left part the map is, and not masked out.
fn peak_of(map: &[u32], size: Size, input: Size, border: u16, mask: Option<Mask<&[u8]>>) -> (u16, u16) {
    let inside = |side: u16, input: u16| border..side.min(input.saturating_sub(border));
    let counted = |(x, y): (u16, u16)| {
        let counts = mask.is_none_or(|mask| mask.row(y)[usize::from(x)] > 0);
        counts.then(|| map[usize::from(y) * usize::from(size.width) + usize::from(x)])
    };
    let columns = inside(size.width, input.width);
    let pixels = inside(size.height, input.height).flat_map(|y| columns.clone().map(move |x| (x, y)));
    let values = pixels.filter_map(|pixel| Some((pixel, counted(pixel)?)));
    values.reduce(|best, one| if one.1 > best.1 { one } else { best }).map_or((0, 0), |(pixel, _)| pixel)
}

/// A photograph as it came, smaller if it is large: for one that could not be judged.
pub fn photograph(frame: &Frame) -> Option<Tile> {
    let from = frame.size();
    let longest = u32::from(from.width.max(from.height));
    let scaled = |side: u16| {
        let side = u32::from(side);
        (side * u32::from(THUMBNAIL_SIDE).min(longest) / longest).max(1) as u16
    };
    let size = Size::new(scaled(from.width), scaled(from.height));
    let accepted = AcceptedSizes { min: from, max: from };
    let how = Preprocessing { region: None, geometry: Geometry::Resize, accepted, input: size };
    let pixels = preprocessed(frame, &how).ok()?;
    let alt = format!("the photograph of {from} pixels, in gray");
    Some(Tile { name: "Photograph", alt, uri: picture::gray(GrayView::packed(&pixels, size).ok()?), size, peak: None })
}

#[cfg(test)]
mod tests {
    use shared::image::PixelFormat;

    use super::*;

    #[test]
    fn the_peak_is_where_the_score_is_taken_and_not_on_the_border() {
        let size = Size::new(9, 8);
        let mut map = vec![1; size.area()];
        map[0] = 90; // a corner, which the score does not see
        map[4 * 9 + 5] = 50;
        map[4 * 9 + 4] = 50;
        assert_eq!(peak_of(&map, size, size, 3, None), (4, 4));
        // Beside a mirror image the edge of the photograph is not the border.
        map[4 * 9 + 8] = 60;
        assert_eq!(peak_of(&map, size, size, 3, None), (4, 4));
        assert_eq!(peak_of(&map, size, Size::new(12, 8), 3, None), (8, 4));
        assert_eq!(peak_of(&[5; 4], Size::new(2, 2), size, 3, None), (0, 0));
    }

    #[test]
    fn the_peak_is_not_where_the_mask_takes_pixels_out() {
        let size = Size::new(9, 8);
        let mut map = vec![1; size.area()];
        (map[4 * 9 + 3], map[4 * 9 + 4], map[4 * 9 + 5]) = (90, 70, 50);
        let peak = |weights: [u8; 3]| {
            let mut mask = vec![255; size.area()];
            mask[4 * 9 + 3..4 * 9 + 6].copy_from_slice(&weights);
            let bytes: Vec<u8> = Mask::<&[u8]>::encode(size, mask).collect();
            peak_of(&map, size, size, 3, Some(Mask::read(&bytes[..]).unwrap()))
        };
        assert_eq!(peak([255, 255, 255]), (3, 4));
        assert_eq!(peak([0, 255, 255]), (4, 4));
        assert_eq!(peak([1, 255, 255]), (3, 4)); // The weights are in the map.
    }

    #[test]
    fn a_photograph_keeps_its_proportions() {
        let size = |width, height| {
            let frame = Frame::new(
                vec![7; usize::from(width) * usize::from(height)],
                Size::new(width, height),
                PixelFormat::Gray8,
            );
            photograph(&frame.unwrap()).unwrap().size
        };
        assert_eq!(size(64, 48), Size::new(64, 48));
        assert_eq!(size(1024, 512), Size::new(256, 128));
        assert_eq!(size(2, 2000), Size::new(1, 256));
    }
}
