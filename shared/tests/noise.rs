//! The more noise, the greater the score: means over many seeds, for every metric and pooling.
//!
//! Noise is uniform, plus or minus some gray levels. A single pair may turn out either way; the mean does not.

use shared::difference::{Pooling, ScoreBuffers, ScoreRecipe, score};
use shared::image::{GrayView, Size};
use shared::similarity::Metric;

const SIZE: Size = Size::new(48, 40);
const SEEDS: u64 = 24;

/// The generator xorshift64 (Marsaglia 2003).
struct Xorshift(u64);

impl Xorshift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// The mean score of a textured image against itself with up to `levels` gray levels of noise.
fn mean_score(recipe: &ScoreRecipe, levels: u64) -> f64 {
    let texture = |index: usize| (index % 48 * 3 + index / 48 * 2 + index % 7 * 5) as u8 / 2 + 60;
    let clean: Vec<u8> = (0..SIZE.area()).map(texture).collect();
    let scores = (1..=SEEDS).map(|seed| {
        let mut random = Xorshift(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let noisy: Vec<u8> = clean
            .iter()
            .map(|&pixel| (u64::from(pixel) + random.next() % (2 * levels + 1)).saturating_sub(levels).min(255) as u8)
            .collect();
        let needed = ScoreBuffers::needed_for(recipe, SIZE);
        let (mut map, mut smoothed) = (vec![0; needed.map], vec![0; needed.smoothed]);
        let mut scratch = vec![0; needed.scratch];
        let buffers = ScoreBuffers { map: &mut map, smoothed: &mut smoothed, scratch: &mut scratch };
        let view = |pixels| GrayView::packed(pixels, SIZE).unwrap();
        f64::from(score(recipe, view(&clean), view(&noisy), buffers).unwrap().raw())
    });
    scores.sum::<f64>() / SEEDS as f64
}

#[test]
fn the_mean_score_grows_with_the_noise() {
    for metric in Metric::ALL {
        for pooling in [Pooling::Mean, Pooling::SmoothedMaximum { radius: 2 }, Pooling::TopMean { pixels: 40 }] {
            let recipe = ScoreRecipe::new(metric, pooling);
            let means = [0, 1, 2, 4, 8, 16, 32, 64].map(|levels| mean_score(&recipe, levels));
            assert_eq!(means[0], 0.0);
            assert!(means.is_sorted_by(|less, more| less < more), "{recipe:?}: {means:?}");
        }
    }
}
