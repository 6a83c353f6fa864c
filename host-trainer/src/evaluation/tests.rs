//! The figures against scikit-learn, SciPy, scikit-image and plain definitions in NumPy: `tests/reference/metrics.py`
//! wrote the expected values.

use serde::Deserialize;
use shared::image::Size;
use shared::score::Threshold;

use super::figures::image_intervals;
use super::mask::Mask;
use super::metrics::{
    Bilinear, Bootstrap, Counts, Interval, Ladder, RateBounds, Regions, auroc, average_precision, f1_max,
    f1_max_good_positive, roc_points,
};
use super::pixels::{AnomalyMap, PixelTally};

/// Both sides compute in float64 from the same whole numbers.
const EXACT: f64 = 1e-12;

#[derive(Deserialize)]
struct Fixture {
    images: Vec<ImageCase>,
    rates: Vec<(usize, usize, f64, f64, f64)>,
    scaling: Vec<Scaling>,
    regions: Vec<RegionCase>,
    pixels: Vec<PixelCase>,
    bootstrap_images: Vec<ImageIntervals>,
    bootstrap_pixels: PixelIntervals,
}

#[derive(Deserialize)]
struct ImageCase {
    name: String,
    good: Vec<u32>,
    defective: Vec<u32>,
    threshold: u32,
    auroc: f64,
    average_precision: f64,
    precision: Option<f64>,
    recall: f64,
    f1: f64,
    f1_max: f64,
    precision_good_positive: Option<f64>,
    recall_good_positive: f64,
    f1_good_positive: f64,
    f1_max_good_positive: f64,
    roc: Vec<(f64, f64, Option<u32>)>,
}

#[derive(Deserialize)]
struct Scaling {
    width: u16,
    height: u16,
    map: Vec<u32>,
    to_width: u16,
    to_height: u16,
    scaled: Vec<u32>,
}

#[derive(Deserialize)]
struct RegionCase {
    mask: Vec<String>,
    areas: Vec<u64>,
}

#[derive(Deserialize)]
struct PixelImage {
    width: u16,
    height: u16,
    map: Vec<u32>,
    mask: Vec<String>,
}

#[derive(Deserialize)]
struct PixelCase {
    name: String,
    threshold: u32,
    images: Vec<PixelImage>,
    pixel_auroc: f64,
    pixel_ap: f64,
    aupro: f64,
    iou: f64,
}

#[derive(Deserialize)]
struct ImageIntervals {
    case: String,
    auroc: (f64, f64),
    average_precision: (f64, f64),
    f1: (f64, f64),
    f1_max: (f64, f64),
}

#[derive(Deserialize)]
struct PixelIntervals {
    threshold: u32,
    images: Vec<PixelImage>,
    pixel_auroc: (f64, f64),
    pixel_ap: (f64, f64),
    aupro: (f64, f64),
    iou: (f64, f64),
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../../tests/reference/metrics.json")).unwrap()
}

fn mask(rows: &[String]) -> Mask {
    let size = Size::new(rows[0].len() as u16, rows.len() as u16);
    Mask::new(size, rows.concat().bytes().map(|pixel| pixel == b'#').collect()).unwrap()
}

#[track_caller]
fn close(name: &str, found: Option<f64>, expected: impl Into<Option<f64>>, tolerance: f64) {
    match (found, expected.into()) {
        (Some(found), Some(expected)) => {
            assert!((found - expected).abs() <= tolerance, "{name}: {found}, expected {expected}");
        }
        (found, expected) => assert_eq!(found, expected, "{name}"),
    }
}

#[test]
fn image_level_figures_of_scikit_learn() {
    for case in fixture().images {
        let name = |figure: &str| format!("{}, {figure}", case.name);
        let ladder = Ladder::with_rungs(&case.good, &case.defective, &[Threshold::MAX.raw()]);
        let levels = ladder.levels();
        close(&name("AUROC"), auroc(levels), case.auroc, EXACT);
        close(&name("AP"), average_precision(levels), case.average_precision, EXACT);
        close(&name("best F1"), f1_max(levels), case.f1_max, EXACT);
        close(&name("best F1 of good"), f1_max_good_positive(levels), case.f1_max_good_positive, EXACT);
        let mut counts = Counts::default();
        case.good.iter().for_each(|&score| counts.add(true, score >= case.threshold));
        case.defective.iter().for_each(|&score| counts.add(false, score >= case.threshold));
        close(&name("F1"), counts.f1(), case.f1, EXACT);
        close(&name("precision"), counts.precision(), case.precision, EXACT);
        close(&name("recall"), counts.recall(), case.recall, EXACT);
        close(&name("F1 of good"), counts.f1_good_positive(), case.f1_good_positive, EXACT);
        close(&name("precision of good"), counts.precision_good_positive(), case.precision_good_positive, EXACT);
        close(&name("recall of good"), counts.recall_good_positive(), case.recall_good_positive, EXACT);
        let points = roc_points(&Ladder::new(&case.good, &case.defective));
        assert_eq!(points.len(), case.roc.len(), "{}", name("ROC"));
        for (point, &(fpr, tpr, threshold)) in points.iter().zip(&case.roc) {
            close(&name("FPR"), Some(point.fpr), fpr, EXACT);
            close(&name("TPR"), Some(point.tpr), tpr, EXACT);
            assert_eq!(point.threshold, threshold);
        }
    }
}

#[test]
fn exact_bounds_of_scipy() {
    for (part, whole, low, high, upper) in fixture().rates {
        let bounds = RateBounds::of(part, whole).unwrap();
        let name = format!("{part} of {whole}");
        // SciPy's beta quantiles are good to some 1e-11 where the rate is small.
        close(&name, Some(bounds.interval95.low), low, 1e-9);
        close(&name, Some(bounds.interval95.high), high, 1e-9);
        close(&name, Some(bounds.upper95), upper, 1e-9);
    }
    assert_eq!(RateBounds::of(0, 0), None);
}

#[test]
fn bilinear_scaling_of_scipy_to_the_last_unit() {
    for case in fixture().scaling {
        let to = Size::new(case.to_width, case.to_height);
        let mut scaling = Bilinear::new(Size::new(case.width, case.height), to);
        let mut scaled = vec![0; to.area()];
        for (y, row) in scaled.chunks_exact_mut(usize::from(to.width)).enumerate() {
            scaling.row(&case.map, y as u16, row);
        }
        assert_eq!(scaled, case.scaled, "{}x{} to {to}", case.width, case.height);
    }
}

#[test]
fn regions_of_scikit_image() {
    for case in fixture().regions {
        let mask = mask(&case.mask);
        let mut areas = Regions::of(mask.pixels(), usize::from(mask.size().width)).areas().to_vec();
        areas.sort_unstable();
        assert_eq!(areas, case.areas, "{:#?}", case.mask);
    }
}

fn tally(images: &[PixelImage], threshold: u32) -> PixelTally {
    let mut tally = PixelTally::new(Threshold::new(threshold).unwrap(), true);
    for (number, image) in images.iter().enumerate() {
        let map = AnomalyMap { values: &image.map, size: Size::new(image.width, image.height) };
        let mask = mask(&image.mask);
        if mask.shows_a_defect() {
            // Kinds are pooled.
            tally.add_defective(["a", "b"][number % 2], &map, Some(&mask));
        } else {
            tally.add_good(&map, mask.size());
        }
    }
    tally
}

#[test]
fn pixel_level_figures_of_the_definitions() {
    let none = Bootstrap { resamples: 0, seed: 0 };
    for case in fixture().pixels {
        let figures = tally(&case.images, case.threshold).figures(&none);
        // What shares a bin of the histogram matters for values from 2^15 on only, and little there.
        let fine = case.images.iter().all(|image| image.map.iter().all(|&value| value < 1 << 15));
        let tolerance = if fine { EXACT } else { 2e-5 };
        let name = |figure: &str| format!("{}, {figure}", case.name);
        close(&name("pixel AUROC"), figures.pixel_auroc, case.pixel_auroc, tolerance);
        close(&name("pixel AP"), figures.pixel_ap, case.pixel_ap, tolerance);
        close(&name("AUPRO"), figures.aupro, case.aupro, tolerance);
        close(&name("IoU"), figures.iou, case.iou, EXACT);
        let defective = case.images.iter().filter(|image| mask(&image.mask).shows_a_defect()).count();
        assert_eq!((figures.n_pixel_good, figures.n_pixel_defective), (case.images.len() - defective, defective));
    }
}

/// Two bootstraps with other random numbers: their ends agree within a tenth of the interval.
#[track_caller]
fn close_interval(name: &str, found: Option<Interval>, (low, high): (f64, f64)) {
    let tolerance = 0.1 * (high - low);
    close(name, found.map(|interval| interval.low), low, tolerance);
    close(name, found.map(|interval| interval.high), high, tolerance);
}

#[test]
fn bootstrap_intervals_of_numpy() {
    let fixture = fixture();
    for expected in fixture.bootstrap_images {
        let case = fixture.images.iter().find(|case| case.name == expected.case).unwrap();
        let threshold = Threshold::new(case.threshold).unwrap();
        let [auroc, precision, f1, f1_max] =
            image_intervals(&case.good, &case.defective, threshold, &Bootstrap::default());
        close_interval("AUROC", auroc, expected.auroc);
        close_interval("AP", precision, expected.average_precision);
        close_interval("F1", f1, expected.f1);
        close_interval("best F1", f1_max, expected.f1_max);
    }
    let expected = fixture.bootstrap_pixels;
    let figures = tally(&expected.images, expected.threshold).figures(&Bootstrap::default());
    close_interval("pixel AUROC", figures.pixel_auroc_interval95, expected.pixel_auroc);
    close_interval("pixel AP", figures.pixel_ap_interval95, expected.pixel_ap);
    close_interval("AUPRO", figures.aupro_interval95, expected.aupro);
    close_interval("IoU", figures.iou_interval95, expected.iou);
}
