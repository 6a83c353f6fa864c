//! The difference maps and mean scores of `shared` against numbers in float64 from elsewhere: `maps.tsv`, which
//! `reference.py` writes with scikit-image.
//!
//! Values are fractions: 1.0 is 2^24. It does not know how the numbers were computed.

use shared::difference::{Pooling, ScoreBuffers, ScoreRecipe, score};
use shared::image::{GrayView, Size};
use shared::similarity::Metric;

/// By position as in `Metric::ALL`.
const METRICS: [&str; 5] = ["ssim", "l2", "ssim-gaussian", "msgms", "ssim-msgms"];
/// How far a pixel of a map may lie from the reference.
const PIXEL: f64 = 1.0 / 4096.0;
/// How far a mean score may lie from the reference.
const MEAN: f64 = 1e-5;

/// The greatest error of a pixel that `docs/scoring.md` derives, and half a unit of the last decimal of the file.
fn derived(metric: Metric) -> f64 {
    let decimals = 0.5e-8;
    decimals
        + match metric {
            Metric::Ssim => 3.7e-7,
            Metric::SsimGaussian => 3.9e-6,
            Metric::L2 => 3e-8,
            Metric::Msgms => 5.3e-6,
            Metric::SsimMsgms => derived(Metric::Ssim) / 2.0 + derived(Metric::Msgms),
        }
}

struct Map {
    metric: Metric,
    mean: f64,
    pixels: Vec<f64>,
}

struct Pair {
    name: String,
    size: Size,
    images: [Vec<u8>; 2],
    maps: Vec<Map>,
}

fn pairs() -> Vec<Pair> {
    let mut lines = include_str!("maps.tsv").lines().filter(|line| !line.starts_with('#')).peekable();
    let mut pairs = Vec::new();
    while let Some(line) = lines.next() {
        let [_, name, width, height] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let size = Size::new(width.parse().unwrap(), height.parse().unwrap());
        let images = [(); 2].map(|()| bytes(lines.next().unwrap()));
        let mut maps = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("pair")) {
            let (name, mean) = line.split_once('\t').unwrap();
            let metric = METRICS.iter().position(|&known| known == name).unwrap();
            let rows = lines.by_ref().take(size.height.into());
            let pixels = rows.flat_map(|row| row.split('\t').map(|value| value.parse().unwrap()));
            maps.push(Map { metric: Metric::ALL[metric], mean: mean.parse().unwrap(), pixels: pixels.collect() });
        }
        pairs.push(Pair { name: name.to_owned(), size, images, maps });
    }
    pairs
}

fn bytes(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn maps_and_means_agree_with_the_reference() {
    let pairs = pairs();
    assert!(pairs.len() >= 13);
    for metric in Metric::ALL {
        let of_metric = pairs.iter().flat_map(|pair| &pair.maps).filter(|map| map.metric == metric);
        assert!(of_metric.count() >= 3, "{metric:?}");
    }
    let fraction = |raw: u32| f64::from(raw) / f64::from(1_u32 << 24);
    for Pair { name, size, images, maps } in pairs {
        for Map { metric, mean, pixels } in maps {
            let recipe = ScoreRecipe::new(metric, Pooling::Mean);
            let needed = ScoreBuffers::needed_for(&recipe, size);
            let (mut map, mut scratch) = (vec![0; needed.map], vec![0; needed.scratch]);
            let buffers = ScoreBuffers { map: &mut map, smoothed: &mut [], scratch: &mut scratch };
            let [a, b] = images.each_ref().map(|pixels| GrayView::packed(pixels, size).unwrap());
            let found = fraction(score(&recipe, a, b, buffers).unwrap().raw());
            let allowed = derived(metric);
            assert!(allowed < PIXEL.min(MEAN));
            assert!((found - mean).abs() <= allowed, "{name}, {metric:?}: mean {found}, expected {mean}");
            assert_eq!(pixels.len(), size.area());
            for (index, (&found, expected)) in map.iter().zip(pixels).enumerate() {
                let error = (fraction(found) - expected).abs();
                assert!(error <= allowed, "{name}, {metric:?}, pixel {index}: {found}, expected {expected}");
            }
        }
    }
}
