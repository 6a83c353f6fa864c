//! The self-test: whether this machine makes of the bundle's golden frames what the sealing machine made of them.
//!
//! Gray levels are those of 8 bit, scores in Q24. Three things for each frame: the integers give the golden score of the
//! golden pair exactly; the model redraws the input as the golden reconstruction within [`PIXEL_TOLERANCE`] and
//! [`PIXELS_PER_DIFFERENCE`]; that redrawing scores within [`score_tolerance`] of the golden score and gets the golden
//! verdict. It does not know cameras, light or parts: those it cannot test.

#[cfg(test)]
mod tests;

use shared::bundle::{BundleId, GoldenFrame, GoldenFrames, GoldenVerdict};
use shared::image::GrayView;
use shared::score::{Score, Threshold};

use crate::clock::Clock;
use crate::pipeline::{MeasureError, Pipeline};
use crate::reconstruct::Reconstructor;

/// How far a pixel of a fresh reconstruction may lie from the golden one, in gray levels of 8 bit.
///
/// Processors differ in the order of float32 sums, by 1e-7 to 1e-6 of the range, some ten-thousandths of a level: enough
/// to round a pixel that lies between two levels to the other one, never to a third.
pub const PIXEL_TOLERANCE: u8 = 1;

/// At most one pixel of a frame in so many may differ at all, rounded up.
///
/// Of evenly spread values, a deviation of e levels rounds a share of e to another level: 1e-6 of the range moves one
/// pixel in 4,000. A share of 1/256 is what 1.5e-5 of the range moves, a deviation that no order of sums explains.
pub const PIXELS_PER_DIFFERENCE: usize = 256;

/// The share of the score, or of the threshold if that is greater, by which a fresh score may differ: one in so many.
pub const SCORE_TOLERANCE_DIVISOR: u32 = 64;

/// How far a fresh score may lie from the golden one, in Q24. A golden frame further than this from the threshold
/// cannot get another verdict by what the tolerance allows.
pub fn score_tolerance(golden: Score, threshold: Threshold) -> u32 {
    golden.raw().max(threshold.raw()) / SCORE_TOLERANCE_DIVISOR
}

/// The gray level of the image that stands in where a bundle has no golden frames.
const GRAY: u8 = 128;

/// What a self-test that succeeded has found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SelfTestReport {
    /// Golden frames that were compared. 0: the bundle has none, and all that is known is that the model runs and
    /// gives numbers.
    pub frames: usize,
    /// The greatest difference between a fresh reconstruction and the golden one, in gray levels.
    pub greatest_pixel_difference: u8,
    /// The pixels of all frames that differ.
    pub differing_pixels: usize,
    /// The greatest difference between a fresh score and the golden one, in Q24.
    pub greatest_score_difference: u32,
}

impl SelfTestReport {
    /// Whether there was something to compare with.
    pub const fn is_proven(&self) -> bool {
        self.frames > 0
    }
}

/// Why a self-test failed. Frames are counted from 0.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SelfTestError {
    /// The golden frames are those of another bundle.
    #[error("found the bundle {found}, expected {expected}, which the inspector was made for")]
    OtherBundle {
        /// The bundle with the golden frames.
        found: BundleId,
        /// The inspector's bundle.
        expected: BundleId,
    },
    /// The integers came out otherwise. They are exact on every processor.
    #[error(
        "golden frame {frame}: found the score {} for the golden pair, expected exactly {} (in units of 2^-24); this program \
         does not score as the one that sealed the bundle, or the processor computes wrongly: use another station or seal \
         the bundle again",
        found.raw(),
        expected.raw()
    )]
    IntegerScore {
        /// The frame.
        frame: usize,
        /// The score that came out.
        found: Score,
        /// The golden score.
        expected: Score,
    },
    /// A golden frame could not be measured.
    #[error("golden frame {frame}: cannot be measured; the bundle's model does not work on this machine")]
    Measure {
        /// The frame.
        frame: usize,
        /// Why not.
        source: MeasureError,
    },
    /// A pixel is redrawn too differently.
    #[error(
        "golden frame {frame}: found the gray level {found} at ({x}, {y}) of the reconstruction, expected {expected}, \
         {PIXEL_TOLERANCE} more or less; this machine does not redraw as the one that sealed the bundle: seal the bundle \
         again"
    )]
    Pixel {
        /// The frame.
        frame: usize,
        /// The pixel's column.
        x: usize,
        /// The pixel's row.
        y: usize,
        /// The gray level that came out.
        found: u8,
        /// The golden one.
        expected: u8,
    },
    /// Too many pixels are redrawn differently.
    #[error(
        "golden frame {frame}: found {found} pixels redrawn differently, expected at most {allowed}; this machine does not \
         redraw as the one that sealed the bundle: seal the bundle again"
    )]
    Pixels {
        /// The frame.
        frame: usize,
        /// The pixels that differ.
        found: usize,
        /// How many may.
        allowed: usize,
    },
    /// The fresh score is too far from the golden one.
    #[error(
        "golden frame {frame}: found the score {found} for the fresh reconstruction, expected {expected}, {allowed} units \
         of 2^-24 more or less; this machine does not redraw as the one that sealed the bundle: seal the bundle again"
    )]
    Score {
        /// The frame.
        frame: usize,
        /// The fresh score.
        found: Score,
        /// The golden score.
        expected: Score,
        /// How far it may lie from it, in Q24.
        allowed: u32,
    },
    /// The verdict is another one.
    #[error(
        "golden frame {frame}: found the verdict {found} for the score {score}, expected {expected}; its golden score is \
         too near the threshold {threshold}: seal the bundle again"
    )]
    Verdict {
        /// The frame.
        frame: usize,
        /// The fresh verdict.
        found: GoldenVerdict,
        /// The golden one.
        expected: GoldenVerdict,
        /// The fresh score.
        score: Score,
        /// The bundle's threshold.
        threshold: Threshold,
    },
    /// The model gives the same for everything.
    #[error(
        "found one and the same reconstruction for all {frames} golden frames, which differ, expected reconstructions that \
         do; the model does not look at its input: train it again"
    )]
    Constant {
        /// The golden frames.
        frames: usize,
    },
    /// There are no golden frames, and the model gives nothing usable for a gray image either.
    #[error("a gray image cannot be measured; the bundle's model does not work on this machine")]
    Gray(#[source] MeasureError),
}

/// [`self_test_with`], with nobody to tell how far it is.
///
/// # Errors
///
/// [`SelfTestError`] says which frame came out otherwise, and how.
pub fn self_test<R: Reconstructor>(
    pipeline: &mut Pipeline<R>,
    golden: Option<GoldenFrames<'_>>,
    threshold: Threshold,
    clock: &impl Clock,
) -> Result<SelfTestReport, SelfTestError> {
    self_test_with(pipeline, golden, threshold, clock, || ())
}

/// Tests `pipeline` with the golden frames of its bundle. Without any, one gray image is measured, to see that the model
/// runs and gives numbers: the report is then [not proven](SelfTestReport::is_proven).
///
/// `clock` has no influence. `measured` is called after each image: a watchdog sees by it that the test goes on, however
/// many images there are. Afterwards the pipeline has no evidence.
///
/// # Errors
///
/// [`SelfTestError`] says which frame came out otherwise, and how.
pub fn self_test_with<R: Reconstructor>(
    pipeline: &mut Pipeline<R>,
    golden: Option<GoldenFrames<'_>>,
    threshold: Threshold,
    clock: &impl Clock,
    measured: impl FnMut(),
) -> Result<SelfTestReport, SelfTestError> {
    let report = match golden {
        None => measure_gray(pipeline, clock).map(|()| SelfTestReport::default()).map_err(SelfTestError::Gray),
        Some(golden) => test_frames(pipeline, golden, threshold, clock, measured),
    };
    pipeline.forget_evidence();
    report
}

fn test_frames<R: Reconstructor>(
    pipeline: &mut Pipeline<R>,
    golden: GoldenFrames<'_>,
    threshold: Threshold,
    clock: &impl Clock,
    mut measured: impl FnMut(),
) -> Result<SelfTestReport, SelfTestError> {
    let mut report = SelfTestReport::default();
    let (mut first, mut inputs_differ, mut redrawings_differ) = (None, false, false);
    for (index, frame) in golden.iter().enumerate() {
        test_frame(pipeline, index, &frame, threshold, clock, &mut report)?;
        measured();
        let Some(evidence) = pipeline.evidence() else { continue };
        let fresh: Vec<u8> = evidence.reconstruction.rows().flatten().copied().collect();
        match &first {
            None => first = Some((frame.input, fresh)),
            Some((input, redrawn)) => {
                inputs_differ |= input.rows().ne(frame.input.rows());
                redrawings_differ |= *redrawn != fresh;
            }
        }
    }
    if inputs_differ && !redrawings_differ {
        return Err(SelfTestError::Constant { frames: report.frames });
    }
    Ok(report)
}

fn measure_gray<R: Reconstructor>(pipeline: &mut Pipeline<R>, clock: &impl Clock) -> Result<(), MeasureError> {
    let size = pipeline.preprocessing().input;
    let gray = vec![GRAY; size.area()];
    pipeline.measure_preprocessed(GrayView::packed(&gray, size)?, clock).map(drop)
}

fn test_frame<R: Reconstructor>(
    pipeline: &mut Pipeline<R>,
    frame: usize,
    golden: &GoldenFrame<'_>,
    threshold: Threshold,
    clock: &impl Clock,
    report: &mut SelfTestReport,
) -> Result<(), SelfTestError> {
    let failed = |source| SelfTestError::Measure { frame, source };
    let expected = golden.score;
    let found = pipeline.score_of(golden.input, golden.reconstruction).map_err(failed)?;
    if found != expected {
        return Err(SelfTestError::IntegerScore { frame, found, expected });
    }

    let found = pipeline.measure_preprocessed(golden.input, clock).map_err(failed)?.score;
    let (mut greatest, mut equal) = (0, 0);
    let fresh = pipeline.evidence().map(|evidence| evidence.reconstruction);
    let rows = fresh.iter().flat_map(GrayView::rows).zip(golden.reconstruction.rows());
    for (y, (row, golden)) in rows.enumerate() {
        for (x, (&found, &expected)) in row.iter().zip(golden).enumerate() {
            let difference = found.abs_diff(expected);
            if difference > PIXEL_TOLERANCE {
                return Err(SelfTestError::Pixel { frame, x, y, found, expected });
            }
            greatest = difference.max(greatest);
            equal += usize::from(difference == 0);
        }
    }
    let pixels = golden.input.size().area();
    let (differing, allowed) = (pixels - equal, pixels.div_ceil(PIXELS_PER_DIFFERENCE));
    if differing > allowed {
        return Err(SelfTestError::Pixels { frame, found: differing, allowed });
    }
    let (allowed, difference) = (score_tolerance(expected, threshold), found.raw().abs_diff(expected.raw()));
    if difference > allowed {
        return Err(SelfTestError::Score { frame, found, expected, allowed });
    }
    let (score, verdict) = (found, GoldenVerdict::of(threshold, found));
    if verdict != golden.verdict {
        return Err(SelfTestError::Verdict { frame, found: verdict, expected: golden.verdict, score, threshold });
    }

    report.frames += 1;
    report.greatest_pixel_difference = greatest.max(report.greatest_pixel_difference);
    report.differing_pixels += differing;
    report.greatest_score_difference = difference.max(report.greatest_score_difference);
    Ok(())
}
