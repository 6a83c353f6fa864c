//! What is measured: pairs of images like a frame and its reconstruction, and scoring them. It reads no clock.

use shared::difference::{Pooling, ScoreBuffers, ScoreRecipe, score};
use shared::image::{GrayView, Size};
use shared::score::Score;
use shared::similarity::{Metric, difference_map, scratch_len};

/// The metrics by their names.
pub const METRICS: [(&str, Metric); 5] = [
    ("ssim", Metric::Ssim),
    ("ssim-gaussian", Metric::SsimGaussian),
    ("l2", Metric::L2),
    ("msgms", Metric::Msgms),
    ("ssim-msgms", Metric::SsimMsgms),
];

/// The sizes that the documents state.
pub const SIZES: [Size; 3] = [Size::new(128, 128), Size::new(227, 227), Size::new(640, 480)];

/// The recipe of the bundles that the trainer seals.
pub const DEFAULT: ScoreRecipe = ScoreRecipe::new(Metric::Ssim, Pooling::SmoothedMaximum { radius: 4 });

/// Two images and the memory to score them in.
#[derive(Debug)]
pub struct Pair {
    size: Size,
    a: Vec<u8>,
    b: Vec<u8>,
    map: Vec<u32>,
    smoothed: Vec<u32>,
    scratch: Vec<u32>,
}

impl Pair {
    /// Rings with texture, and the same with noise of up to 8 gray levels.
    pub fn new(size: Size) -> Self {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state >> 32
        };
        let (width, height) = (i64::from(size.width), i64::from(size.height));
        let pixel = |x: i64, y: i64| ((2 * x - width).pow(2) + (2 * y - height).pow(2)) / 64 % 200 + 20;
        let rings = (0..height).flat_map(|y| (0..width).map(move |x| pixel(x, y)));
        let a: Vec<u8> = rings.map(|ring| (ring as u64 + random() % 8) as u8).collect();
        let b = a.iter().map(|&pixel| (u64::from(pixel) + random() % 17).saturating_sub(8).min(255) as u8).collect();
        let needed = ScoreBuffers::needed(size);
        let (map, smoothed) = (vec![0; needed.map], vec![0; needed.smoothed]);
        Self { size, a, b, map, smoothed, scratch: vec![0; needed.scratch] }
    }

    /// Both images.
    pub fn images(&self) -> [&[u8]; 2] {
        [&self.a, &self.b]
    }

    /// The whole difference map; its first value.
    pub fn map(&mut self, metric: Metric) -> u32 {
        let (a, b) = (view(self.size, &self.a), view(self.size, &self.b));
        let scratch = &mut self.scratch[..scratch_len(metric, self.size.width)];
        difference_map(metric, a, b, scratch, &mut self.map).expect("buffers that are long enough");
        self.map[0]
    }

    /// Map and score.
    pub fn score(&mut self, recipe: &ScoreRecipe) -> Score {
        let (a, b) = (view(self.size, &self.a), view(self.size, &self.b));
        let buffers = ScoreBuffers { map: &mut self.map, smoothed: &mut self.smoothed, scratch: &mut self.scratch };
        score(recipe, a, b, buffers).expect("buffers that are long enough")
    }
}

fn view(size: Size, pixels: &[u8]) -> GrayView<'_> {
    GrayView::packed(pixels, size).expect("an image of its own size")
}
