//! Pixel-level figures, image by image: how well the anomaly map says where the defect is.
//!
//! The anomaly map is the one that the score is taken from, in Q24, the whole of it: also the three outermost pixels,
//! which the score leaves out. A mirror image beside the photograph is no part of it. It is scaled to the size of the
//! mask, for a good image to that of the photograph.
//! Memory: three histograms for each kind of defect (4.7 MB), and for each image what is kept to resample it (at most
//! 20 kB). It does not know where masks come from.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::image::Size;
use shared::score::Threshold;

use super::mask::Mask;
use super::metrics::{
    Bilinear, Binning, Bootstrap, Interval, Overlap, PixelHistogram, Regions, Resample, SparseHistogram, aupro, auroc,
    average_precision,
};

/// An anomaly map: one Q24 value a pixel, row by row.
#[derive(Clone, Copy, Debug)]
pub struct AnomalyMap<'a> {
    /// `size.area()` values of at most 2^25.
    pub values: &'a [u32],
    /// Width and height in pixels.
    pub size: Size,
}

/// The pixel-level figures of an evaluation; the names are those of the JSON. All are `None` without a mask.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PixelFigures {
    /// Probability that a pixel of a defect has a higher map value than another pixel, ties counted half.
    pub pixel_auroc: Option<f64>,
    /// Bootstrap interval over images.
    pub pixel_auroc_interval95: Option<Interval>,
    /// Average precision of the pixels.
    pub pixel_ap: Option<f64>,
    /// Bootstrap interval over images.
    pub pixel_ap_interval95: Option<Interval>,
    /// Area below the per-region overlap curve up to a false-positive rate of 0.3, divided by 0.3.
    pub aupro: Option<f64>,
    /// Bootstrap interval over images.
    pub aupro_interval95: Option<Interval>,
    /// Intersection over union at the stored threshold, pooled over the defective images that have a mask.
    pub iou: Option<f64>,
    /// Bootstrap interval over images.
    pub iou_interval95: Option<Interval>,
    /// Whether the score is a maximum of the map. If not, the threshold was not made for single pixels, and `iou` says
    /// little.
    pub threshold_is_per_pixel: bool,
    /// Good images whose pixels are counted.
    pub n_pixel_good: usize,
    /// Defective images whose pixels are counted.
    pub n_pixel_defective: usize,
    /// Regions of defects: connected components of the masks.
    pub n_pixel_regions: u64,
    /// Defective images left out because they have no mask, or one without a defective pixel where the station looks.
    pub n_without_mask: usize,
    /// Images left out because they were a Fault: there is no map.
    pub n_without_map: usize,
}

/// The pixel-level figures of one kind of defect, its images together with all good ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct KindPixelFigures {
    /// As above.
    pub pixel_auroc: Option<f64>,
    /// As above.
    pub pixel_ap: Option<f64>,
    /// As above.
    pub aupro: Option<f64>,
    /// As above.
    pub iou: Option<f64>,
    /// As above.
    pub n_without_mask: usize,
}

/// Counts pixels.
#[derive(Debug)]
pub struct PixelTally {
    threshold: u32,
    threshold_is_per_pixel: bool,
    good: PixelHistogram,
    kinds: BTreeMap<String, KindTally>,
    without_map: usize,
    good_images: Vec<ImagePixels>,
    defective_images: Vec<ImagePixels>,
    coarse: PixelHistogram,
    scaling: Option<Bilinear>,
}

#[derive(Debug, Default)]
struct KindTally {
    /// From the first mask on.
    histogram: Option<PixelHistogram>,
    overlap: Overlap,
    without_mask: usize,
}

/// What is kept of an image to resample it.
#[derive(Debug)]
struct ImagePixels {
    histogram: SparseHistogram,
    overlap: Overlap,
}

impl PixelTally {
    /// For IoU at `threshold`, which is compared with a maximum of the map or not.
    pub fn new(threshold: Threshold, threshold_is_per_pixel: bool) -> Self {
        Self {
            threshold: threshold.raw(),
            threshold_is_per_pixel,
            good: PixelHistogram::new(Binning::FINE),
            kinds: BTreeMap::new(),
            without_map: 0,
            good_images: Vec::new(),
            defective_images: Vec::new(),
            coarse: PixelHistogram::new(Binning::COARSE),
            scaling: None,
        }
    }

    /// Adds a good image, of which `size` pixels are inspected.
    pub fn add_good(&mut self, map: &AnomalyMap<'_>, size: Size) {
        let mut counter = Counter { fine: &mut self.good, coarse: &mut self.coarse, threshold: self.threshold };
        counter.count(map, size, &Regions::default(), &mut self.scaling);
        // A good image is not part of IoU.
        let image = ImagePixels { histogram: self.coarse.take_sparse(), overlap: Overlap::default() };
        self.good_images.push(image);
    }

    /// Adds a defective image. Without a mask, or without a defective pixel in it, the image is only counted.
    pub fn add_defective(&mut self, kind: &str, map: &AnomalyMap<'_>, mask: Option<&Mask>) {
        let tally = self.kinds.entry(kind.to_owned()).or_default();
        let Some(mask) = mask.filter(|mask| mask.shows_a_defect()) else {
            tally.without_mask += 1;
            return;
        };
        let regions = Regions::of(mask.pixels(), usize::from(mask.size().width));
        let fine = tally.histogram.get_or_insert_with(|| PixelHistogram::new(Binning::FINE));
        let mut counter = Counter { fine, coarse: &mut self.coarse, threshold: self.threshold };
        let overlap = counter.count(map, mask.size(), &regions, &mut self.scaling);
        tally.overlap.merge(overlap, 1);
        self.defective_images.push(ImagePixels { histogram: self.coarse.take_sparse(), overlap });
    }

    /// Counts an image that was a Fault.
    pub fn add_without_map(&mut self) {
        self.without_map += 1;
    }

    /// The figures of all images.
    pub fn figures(&self, bootstrap: &Bootstrap) -> PixelFigures {
        let (mut all, mut overlap) = (self.good.clone(), Overlap::default());
        for tally in self.kinds.values() {
            tally.histogram.iter().for_each(|histogram| all.merge(histogram));
            overlap.merge(tally.overlap, 1);
        }
        let fine = figures(&all, overlap);
        let (good, defective) = (self.good_images.len(), self.defective_images.len());
        let resample = |draw: &Resample| {
            let (mut all, mut overlap) = (PixelHistogram::new(Binning::COARSE), Overlap::default());
            let images = self.good_images.iter().zip(&draw.good);
            for (image, &times) in images.chain(self.defective_images.iter().zip(&draw.defective)) {
                all.add_sparse(&image.histogram, times);
                overlap.merge(image.overlap, times);
            }
            figures(&all, overlap)
        };
        // Resampled figures are those of coarse bins. What these do to the figure itself is taken off again.
        let coarse = resample(&Resample { good: vec![1; good], defective: vec![1; defective] });
        let mut intervals = bootstrap.intervals(good, defective, resample);
        for ((interval, fine), coarse) in intervals.iter_mut().zip(fine).zip(coarse) {
            *interval = interval.zip(fine).zip(coarse).map(|((interval, fine), coarse)| interval.moved(fine - coarse));
        }
        let [pixel_auroc, pixel_ap, aupro, iou] = fine;
        let [auroc95, ap95, aupro95, iou95] = intervals;
        PixelFigures {
            pixel_auroc,
            pixel_auroc_interval95: auroc95,
            pixel_ap,
            pixel_ap_interval95: ap95,
            aupro,
            aupro_interval95: aupro95,
            iou,
            iou_interval95: iou95,
            n_pixel_good: self.good_images.len(),
            n_pixel_defective: self.defective_images.len(),
            n_pixel_regions: all.regions(),
            threshold_is_per_pixel: self.threshold_is_per_pixel,
            n_without_mask: self.kinds.values().map(|tally| tally.without_mask).sum(),
            n_without_map: self.without_map,
        }
    }

    /// The figures of one kind.
    pub fn kind(&self, kind: &str) -> KindPixelFigures {
        let Some(tally) = self.kinds.get(kind) else {
            return KindPixelFigures::default();
        };
        let n_without_mask = tally.without_mask;
        let Some(histogram) = &tally.histogram else {
            return KindPixelFigures { n_without_mask, ..KindPixelFigures::default() };
        };
        let mut both = self.good.clone();
        both.merge(histogram);
        let [pixel_auroc, pixel_ap, aupro, iou] = figures(&both, tally.overlap);
        KindPixelFigures { pixel_auroc, pixel_ap, aupro, iou, n_without_mask }
    }
}

/// AUROC, AP, AUPRO, IoU.
fn figures(histogram: &PixelHistogram, overlap: Overlap) -> [Option<f64>; 4] {
    if histogram.regions() == 0 {
        return [None; 4];
    }
    let levels = histogram.levels();
    let pro = aupro(&histogram.region_levels(), histogram.regions());
    [auroc(&levels), average_precision(&levels), pro, overlap.iou()]
}

/// Puts the pixels of one image where they belong.
struct Counter<'a> {
    fine: &'a mut PixelHistogram,
    coarse: &'a mut PixelHistogram,
    threshold: u32,
}

impl Counter<'_> {
    /// Scales `map` to `size` and counts its pixels; gives the overlap with `regions` at the threshold.
    fn count(
        &mut self,
        map: &AnomalyMap<'_>,
        size: Size,
        regions: &Regions,
        scaling: &mut Option<Bilinear>,
    ) -> Overlap {
        // Images of a set mostly have one size.
        let scaling = match scaling {
            Some(kept) if kept.sizes() == (map.size, size) => kept,
            other => other.insert(Bilinear::new(map.size, size)),
        };
        let mut overlap = Overlap::default();
        let mut values = vec![0; usize::from(size.width)];
        for y in 0..size.height {
            scaling.row(map.values, y, &mut values);
            let mut x = 0;
            for run in regions.row(usize::from(y)) {
                self.negatives(&values[x..run.start], &mut overlap);
                let area = regions.areas()[run.region];
                let pixels = &values[run.start..run.end];
                self.fine.add_positives(pixels, area);
                self.coarse.add_positives(pixels, area);
                overlap.add(pixels, true, self.threshold);
                x = run.end;
            }
            self.negatives(&values[x..], &mut overlap);
        }
        self.fine.add_regions(regions.count());
        self.coarse.add_regions(regions.count());
        overlap
    }

    fn negatives(&mut self, pixels: &[u32], overlap: &mut Overlap) {
        self.fine.add_negatives(pixels);
        self.coarse.add_negatives(pixels);
        overlap.add(pixels, false, self.threshold);
    }
}
