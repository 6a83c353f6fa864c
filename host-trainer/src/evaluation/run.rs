//! Judges labelled images with the station's inspector and sums up what came of it.

use std::path::PathBuf;

use edge_runtime::camera::decode::{DecodeError, decode_file};
use edge_runtime::clock::Clock;
use edge_runtime::inspector::Inspector;
use edge_runtime::pipeline::Evidence;
use edge_runtime::reconstruct::Reconstructor;
use shared::admission::FrameStamp;
use shared::difference::{Pooling, ScoreBuffers, ScoreRecipe, score};
use shared::image::{Region, Size};
use shared::score::Score;
use shared::similarity::Metric;
use shared::verdict::{FaultReason, Verdict};

use super::figures::{Evaluation, sum_up};
use super::mask::Mask;
use super::metrics::Bootstrap;
use super::pixels::{AnomalyMap, PixelTally};
use crate::dataset::duplicates::Identity;
use crate::dataset::{EvaluationImage, EvaluationSet, Label};

/// Scores that are computed beside the bundle's own, to compare with the literature: the paper's two.
pub(super) const ALTERNATIVES: [(&str, ScoreRecipe); 2] = [
    ("mean SSIM difference (the paper's)", ScoreRecipe::new(Metric::Ssim, Pooling::Mean)),
    ("mean L2 difference (the paper's)", ScoreRecipe::new(Metric::L2, Pooling::Mean)),
];

/// One image and what the station would have said.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The image.
    pub path: PathBuf,
    /// What it shows.
    pub label: Label,
    /// Whether the part was rejected; a Fault rejects.
    pub rejected: bool,
    /// Why the image could not be judged, if so.
    pub fault: Option<FaultReason>,
    /// The bundle's score.
    pub score: Option<Score>,
    /// What it shows in the network's size, if it was measured.
    pub identity: Option<Identity>,
    pub(super) alternatives: [Option<Score>; ALTERNATIVES.len()],
}

#[cfg(test)]
impl Judged {
    /// As if `path` had been judged like this.
    pub(crate) fn example(path: PathBuf, label: Label, score: Option<Score>, fault: Option<FaultReason>) -> Self {
        Self {
            path,
            label,
            rejected: fault.is_some(),
            fault,
            score,
            identity: None,
            alternatives: [None; ALTERNATIVES.len()],
        }
    }
}

/// A data set could not be evaluated on.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// A mask is there but no image.
    #[error(
        "the mask of {} cannot be used; copy it again, or remove it to leave the image out of the pixel-level figures",
        image.display()
    )]
    Mask {
        /// The image that it belongs to.
        image: PathBuf,
        /// What is wrong with the mask, and its path.
        source: DecodeError,
    },
}

/// Judges every image of `set` with an inspector that has seen no frame yet. An image that cannot be read is a Fault.
///
/// Pixel-level figures need masks: without any in the set the good images' maps are not looked at.
///
/// # Errors
/// [`EvaluationError`] if a mask cannot be read.
pub fn evaluate<R: Reconstructor, C: Clock>(
    inspector: &mut Inspector<R, C>,
    set: &EvaluationSet,
    mut progress: impl FnMut(),
) -> Result<(Evaluation, Vec<Judged>), EvaluationError> {
    let region = inspector.pipeline().preprocessing().region;
    let pooling = inspector.pipeline().recipe().pooling;
    let threshold = inspector.threshold();
    let any_mask = set.images.iter().any(|image| image.mask.is_some());
    let mut pixels = PixelTally::new(threshold, matches!(pooling, Pooling::SmoothedMaximum { .. }));
    let mut judged = Vec::with_capacity(set.images.len());
    for (index, image) in set.images.iter().enumerate() {
        let mut one = Judged {
            path: image.path.clone(),
            label: image.label.clone(),
            rejected: true,
            fault: None,
            score: None,
            identity: None,
            alternatives: [None; ALTERNATIVES.len()],
        };
        let frame = decode_file(&image.path);
        match frame.as_ref().ok().and_then(|frame| frame.view().ok()) {
            None => one.fault = Some(FaultReason::FrameUnreadable),
            Some(view) => {
                let stamp = FrameStamp { sequence: index as u64 + 1, captured_at_us: inspector.clock().now_us() };
                let inspection = inspector.inspect(&view, stamp);
                one.score = inspection.score;
                match inspection.verdict {
                    Verdict::Pass(_) => one.rejected = false,
                    Verdict::Reject(_) => {}
                    Verdict::Fault(reason) => one.fault = Some(reason),
                }
                let evidence = inspector.evidence();
                if let Some(evidence) = &evidence {
                    one.identity = Some(Identity::of(evidence.input.rows()));
                    one.alternatives = ALTERNATIVES.map(|(_, recipe)| rescore(&recipe, evidence));
                }
                if let (Some(evidence), None) = (&evidence, one.fault)
                    && (any_mask || image.label != Label::Good)
                {
                    // The map that the score is taken from, where it shows the photograph.
                    let values = evidence.scored_map();
                    let map = AnomalyMap { values: &values, size: evidence.content };
                    add_pixels(&mut pixels, image, &map, region, view.size())?;
                }
            }
        }
        if one.fault.is_some() {
            pixels.add_without_map();
        }
        judged.push(one);
        progress();
    }
    Ok((sum_up(&judged, threshold, &pixels, &Bootstrap::default()), judged))
}

/// Counts the pixels of an image of `photograph` pixels, of which `region` is inspected.
fn add_pixels(
    pixels: &mut PixelTally,
    image: &EvaluationImage,
    map: &AnomalyMap<'_>,
    region: Option<Region>,
    photograph: Size,
) -> Result<(), EvaluationError> {
    match &image.label {
        Label::Good => pixels.add_good(map, region.map_or(photograph, Region::size)),
        Label::Defective(kind) => {
            let mask = image.mask.as_deref().map(Mask::read).transpose();
            let mask = mask.map_err(|source| EvaluationError::Mask { image: image.path.clone(), source })?;
            pixels.add_defective(kind, map, mask.map(|mask| mask.inspected(region, photograph)).as_ref());
        }
    }
    Ok(())
}

/// Scores the same reconstruction by another recipe; `None` if the recipe does not fit its size.
fn rescore(recipe: &ScoreRecipe, evidence: &Evidence<'_>) -> Option<Score> {
    let needed = ScoreBuffers::needed_for(recipe, evidence.input.size());
    let (mut map, mut smoothed, mut scratch) = (vec![0; needed.map], vec![0; needed.smoothed], vec![0; needed.scratch]);
    let buffers = ScoreBuffers { map: &mut map, smoothed: &mut smoothed, scratch: &mut scratch };
    score(recipe, evidence.input, evidence.reconstruction, buffers).ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use edge_runtime::bundle::BundleFile;
    use edge_runtime::clock::MonotonicClock;
    use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
    use shared::preprocess::{AcceptedSizes, Geometry, Preprocessing, Scale};
    use shared::score::Threshold;
    use shared::wire::{Manifest, ModelInterface, ThresholdEvidence};

    use super::*;
    use crate::evaluation::{MeanFrame, roc};
    use crate::export::seal;

    const FRAME: Size = Size::new(32, 24);
    const INPUT: Size = Size::new(16, 12);
    /// Where a square of 8 pixels a side begins: in the right half.
    const DEFECT: (usize, usize) = (18, 8);

    /// A plain gray frame, if asked for with a white square.
    fn pixels(background: u8, defect: bool) -> Vec<u8> {
        let inside = |at: usize, begin: usize| (begin..begin + 8).contains(&at);
        let marked = |i: usize| inside(i % 32, DEFECT.0) && inside(i / 32, DEFECT.1);
        (0..FRAME.area()).map(|i| if defect && marked(i) { 255 } else { background }).collect()
    }

    fn write(path: &Path, pixels: &[u8]) {
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes).write_image(pixels, 32, 24, ExtendedColorType::L8).unwrap();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Two good frames, two spots with masks, one without, a scratch whose mask is empty, and a good file that is no
    /// image.
    fn write_set(root: &Path) {
        for name in ["000", "001"] {
            write(&root.join(format!("test/good/{name}.png")), &pixels(128, false));
            write(&root.join(format!("test/spot/{name}.png")), &pixels(128, true));
            write(&root.join(format!("ground_truth/spot/{name}_mask.png")), &pixels(0, true));
        }
        write(&root.join("test/spot/002.png"), &pixels(128, true));
        write(&root.join("test/scratch/000.png"), &pixels(128, false));
        write(&root.join("ground_truth/scratch/000_mask.png"), &pixels(0, false));
        fs::write(root.join("test/good/002.png"), "no image").unwrap();
    }

    /// A station that expects plain gray and whose score is the largest squared difference, or the mean of them.
    fn judge(
        root: &Path,
        region: Option<Region>,
        pooling: Pooling,
    ) -> Result<(Evaluation, Vec<Judged>), EvaluationError> {
        judge_at(root, region, pooling, Geometry::Resize, INPUT)
    }

    fn judge_at(
        root: &Path,
        region: Option<Region>,
        pooling: Pooling,
        geometry: Geometry,
        input: Size,
    ) -> Result<(Evaluation, Vec<Judged>), EvaluationError> {
        let accepted = AcceptedSizes { min: FRAME, max: FRAME };
        let manifest = Manifest {
            product: "test".try_into().unwrap(),
            preprocessing: Preprocessing { region, geometry, accepted, input },
            model: ModelInterface {
                input_name: "image".try_into().unwrap(),
                output_name: "redrawn".try_into().unwrap(),
                size: input,
            },
            recipe: ScoreRecipe::new(Metric::L2, pooling),
            // Half of what a white pixel differs by.
            threshold: Threshold::new((Score::ONE as f64 * 0.5 * (127.0f64 / 255.0).powi(2)) as u32).unwrap(),
            evidence: ThresholdEvidence::ByHand { trial: None },
            created_by: "tests".try_into().unwrap(),
            training_images_sha256: [7; 32],
            release: 1,
            minimum_runtime: [0; 3],
            camera: Default::default(),
        };
        let file = BundleFile::from_bytes(seal(&manifest, b"no model").unwrap(), Path::new("test.bundle"));
        let model = MeanFrame::of(&[&vec![128; input.area()]], input);
        let mut inspector = Inspector::new(&file.verify().unwrap(), model, MonotonicClock::new(), u64::MAX).unwrap();
        evaluate(&mut inspector, &EvaluationSet::open(root).unwrap(), || {})
    }

    const MAXIMUM: Pooling = Pooling::SmoothedMaximum { radius: 0 };

    #[test]
    fn a_defect_that_is_found_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        write_set(folder.path());
        let (found, judged) = judge(folder.path(), None, MAXIMUM).unwrap();
        assert_eq!((found.n_good, found.n_defective, found.n_fault), (3, 4, 1));
        let pixel = &found.pixel;
        assert_eq!((pixel.n_pixel_good, pixel.n_pixel_defective, pixel.n_pixel_regions), (2, 2, 2));
        assert_eq!((pixel.n_without_mask, pixel.n_without_map), (2, 1));
        assert!(pixel.threshold_is_per_pixel);
        // Enlarged twofold, a pixel of the square keeps at least 0.75 * 0.75 of its value, others get at most 0.25.
        assert_eq!([pixel.pixel_auroc, pixel.pixel_ap, pixel.aupro, pixel.iou], [Some(1.0); 4]);
        let point = Some(crate::evaluation::Interval { low: 1.0, high: 1.0 });
        assert_eq!([pixel.pixel_auroc_interval95, pixel.iou_interval95], [point; 2]);

        let (spot, scratch) = (&found.kinds["spot"], &found.kinds["scratch"]);
        assert_eq!((spot.n, spot.rejected, spot.escape_rate), (3, 3, Some(0.0)));
        // The good file that is no image scores above everything: three of nine pairs are lost.
        assert_eq!((spot.image_auroc, spot.pixel.iou, spot.pixel.n_without_mask), (Some(6.0 / 9.0), Some(1.0), 1));
        assert_eq!((scratch.n, scratch.rejected, scratch.escape_rate), (1, 0, Some(1.0)));
        assert_eq!((scratch.pixel.pixel_auroc, scratch.pixel.n_without_mask), (None, 1));
        assert_eq!(found.precision, Some(3.0 / 4.0));
        assert_eq!(found.escape_rate, Some(0.25));

        let curve = roc(&judged);
        assert_eq!(curve.len(), 4, "the origin, the fault, the spots, the rest: {curve:?}");
        assert_eq!((curve[1].threshold, curve[1].fpr), (Some(Threshold::MAX.raw()), 1.0 / 3.0));

        let json: serde_json::Value = serde_json::to_value(&found).unwrap();
        for name in ["pixel_auroc", "aupro", "pixel_ap", "iou", "average_precision", "escape_rate_upper95"] {
            assert!(json[name].is_number(), "{name} is missing: {json}");
        }
        assert_eq!(json["kinds"]["spot"]["aupro"], 1.0);
        assert_eq!(json["escape_rate_interval95"]["high"].as_f64(), found.escape_rate_interval95.map(|i| i.high));
    }

    #[test]
    fn only_the_region_of_interest_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        write_set(folder.path());
        let right = Region { x: 16, y: 0, width: 16, height: 24 };
        let (found, _) = judge(folder.path(), Some(right), MAXIMUM).unwrap();
        assert_eq!([found.pixel.pixel_auroc, found.pixel.aupro], [Some(1.0); 2]);
        // In the left half there is no defect to be found.
        let left = Region { x: 0, y: 0, width: 16, height: 24 };
        let (found, _) = judge(folder.path(), Some(left), MAXIMUM).unwrap();
        assert_eq!((found.pixel.pixel_auroc, found.pixel.n_without_mask, found.escape_rate), (None, 4, Some(1.0)));
    }

    #[test]
    fn a_mirrored_copy_of_a_defect_is_not_counted() {
        let folder = tempfile::tempdir().unwrap();
        write_set(folder.path());
        let half = Geometry::FixedScale(Scale { numerator: 1, denominator: 2 });
        for region in [None, Some(Region { x: 4, y: 0, width: 26, height: 20 })] {
            let content = Size::new(region.map_or(16, |region| region.width / 2), region.map_or(12, |r| r.height / 2));
            let resized = judge_at(folder.path(), region, MAXIMUM, Geometry::Resize, content).unwrap().0;
            // Every defect is there four times.
            let mirrored = judge_at(folder.path(), region, MAXIMUM, half, Size::new(32, 32)).unwrap().0;
            assert_eq!(mirrored.pixel, resized.pixel);
            assert_eq!((mirrored.escape_rate, mirrored.pixel.iou), (Some(0.25), Some(1.0)));
        }
    }

    #[test]
    fn a_mean_is_no_threshold_for_pixels() {
        let folder = tempfile::tempdir().unwrap();
        write_set(folder.path());
        let (found, _) = judge(folder.path(), None, Pooling::Mean).unwrap();
        assert!(!found.pixel.threshold_is_per_pixel);
        assert_eq!(found.pixel.pixel_auroc, Some(1.0));
    }

    #[test]
    fn without_masks_there_are_no_pixel_level_figures() {
        let folder = tempfile::tempdir().unwrap();
        write_set(folder.path());
        fs::remove_dir_all(folder.path().join("ground_truth")).unwrap();
        let (found, _) = judge(folder.path(), None, MAXIMUM).unwrap();
        let pixel = &found.pixel;
        assert_eq!([pixel.pixel_auroc, pixel.pixel_ap, pixel.aupro, pixel.iou], [None; 4]);
        assert_eq!((pixel.n_pixel_good, pixel.n_without_mask, pixel.n_without_map), (0, 4, 1));
        assert_eq!(found.escape_rate, Some(0.25));
    }

    #[test]
    fn without_defective_parts_only_the_good_ones_have_figures() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["000.png", "001.png"] {
            write(&folder.path().join(name), &pixels(128, false));
        }
        let (found, _) = judge(folder.path(), None, MAXIMUM).unwrap();
        assert_eq!([found.image_auroc, found.average_precision, found.f1, found.f1_max, found.recall], [None; 5]);
        let intervals = [found.image_auroc_interval95, found.f1_interval95, found.escape_rate_interval95];
        assert_eq!(intervals, [None; 3]);
        assert_eq!((found.false_reject_rate, found.f1_good_positive), (Some(0.0), Some(1.0)));
    }

    #[test]
    fn a_mask_that_is_no_image_is_an_error_that_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        write_set(folder.path());
        fs::write(folder.path().join("ground_truth/spot/001_mask.png"), "no image").unwrap();
        let error = anyhow::Error::from(judge(folder.path(), None, MAXIMUM).unwrap_err());
        let message = format!("{error:#}");
        for part in ["test/spot/001.png", "001_mask.png", "remove it"] {
            assert!(message.contains(part), "{part} is not in: {message}");
        }
    }
}
