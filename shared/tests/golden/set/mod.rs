//! The golden set: what `shared` computes, reduced to rows of two integers that are the same on every processor.
//!
//! The test and the firmware include it, hence without a standard library and without allocation. To add a metric or a
//! way of pooling, add a line to [`RECIPES`]. It does not know which integers are right; `scores.tsv` does.

mod images;
mod messages;
mod pairs;

use crc::{CRC_32_ISO_HDLC, Crc};
use shared::difference::{Margin, Mask, Pooling, ResidualMaps, ScoreBuffers, ScoreRecipe, ScoreReference, score_with};
use shared::image::{GrayView, MAX_SIDE, Size};
use shared::similarity::Metric;

use pairs::{PAIRS, Pair};

/// The recipes that every pair is scored with, as far as they allow its size.
const RECIPES: &[(&str, ScoreRecipe)] = &[
    ("ssim.mean", ScoreRecipe::new(Metric::Ssim, Pooling::Mean)),
    ("ssim.max0", smoothed(Metric::Ssim, 0)),
    ("ssim.max2", smoothed(Metric::Ssim, 2)),
    ("ssim.max63", smoothed(Metric::Ssim, 63)),
    ("ssim.top1", top(Metric::Ssim, 1)),
    ("ssim.masked.mean", ScoreRecipe { masked: true, ..ScoreRecipe::new(Metric::Ssim, Pooling::Mean) }),
    ("ssim.all.max1", with_everything(smoothed(Metric::Ssim, 1))),
    ("gaussian.mean", ScoreRecipe::new(Metric::SsimGaussian, Pooling::Mean)),
    ("gaussian.max4", smoothed(Metric::SsimGaussian, 4)),
    ("gaussian.all.top9", with_everything(top(Metric::SsimGaussian, 9))),
    ("l2.mean", ScoreRecipe::new(Metric::L2, Pooling::Mean)),
    ("l2.max3", smoothed(Metric::L2, 3)),
    ("l2.top20", top(Metric::L2, 20)),
    ("msgms.mean", ScoreRecipe::new(Metric::Msgms, Pooling::Mean)),
    ("msgms.max4", smoothed(Metric::Msgms, 4)),
    ("msgms.all.top9", with_everything(top(Metric::Msgms, 9))),
    ("ssim-msgms.max4", smoothed(Metric::SsimMsgms, 4)),
    ("ssim-msgms.all.max2", with_everything(smoothed(Metric::SsimMsgms, 2))),
    ("ssim.margin.max2", with_margin(smoothed(Metric::Ssim, 2))),
    ("ssim-msgms.all.margin.top9", with_margin(with_everything(top(Metric::SsimMsgms, 9)))),
    ("l2.normalised.mean", ScoreRecipe { normalised: true, ..ScoreRecipe::new(Metric::L2, Pooling::Mean) }),
];

const fn smoothed(metric: Metric, radius: u8) -> ScoreRecipe {
    ScoreRecipe::new(metric, Pooling::SmoothedMaximum { radius })
}

const fn top(metric: Metric, pixels: u32) -> ScoreRecipe {
    ScoreRecipe::new(metric, Pooling::TopMean { pixels })
}

/// The recipe with smoothing, normalisation and mask.
const fn with_everything(recipe: ScoreRecipe) -> ScoreRecipe {
    ScoreRecipe { smoothing: 2, normalised: true, masked: true, ..recipe }
}

/// The recipe with a margin.
const fn with_margin(recipe: ScoreRecipe) -> ScoreRecipe {
    ScoreRecipe { margin: Margin { width: 5, weight: 90 }, ..recipe }
}

/// What was computed, and two integers that stand for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// The pair of images, or the part of `shared`.
    pub subject: &'a str,
    /// What of it.
    pub what: &'a str,
    /// CRC-32 (ISO-HDLC) of the image, of the map (little-endian, the smoothed one after the unsmoothed one) or of the
    /// message; for a bundle the first four bytes of its hash.
    pub checksum: u32,
    /// The score in Q24, the sum of the image's pixels, or the length of the message in bytes.
    pub value: u64,
}

/// The rows of a file in the format of `scores.tsv`: subject, what, checksum in hexadecimal, value, with tabulators
/// between them. Lines that begin with `#` are comments.
///
/// Panics on a line of another format.
pub fn parse(text: &str) -> impl Iterator<Item = Row<'_>> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let mut fields = line.split('\t');
        let mut field = || fields.next().expect("four fields in each line");
        let (subject, what) = (field(), field());
        let checksum = u32::from_str_radix(field(), 16).expect("a checksum in hexadecimal digits");
        let value = field().parse().expect("a value in decimal digits");
        Row { subject, what, checksum, value }
    })
}

/// Bytes of [`Memory::a`] and [`Memory::b`]: the longest image there can be with a side of 11 pixels.
pub const PIXELS: usize = WIDEST.area();
/// Elements of [`Memory::map`] and [`Memory::smoothed`].
pub const MAP: usize = WIDEST.area();
/// Elements of [`Memory::scratch`].
pub const SCRATCH: usize = ScoreBuffers::needed(WIDEST).scratch;
/// Bytes of [`Memory::residuals`].
pub const RESIDUALS: usize = ResidualMaps::<&[u8]>::len_of(WIDEST);
/// Bytes of [`Memory::mask`].
pub const MASK: usize = Mask::<&[u8]>::len_of(WIDEST);

const WIDEST: Size = Size::new(MAX_SIDE, 11);

/// Working memory.
pub struct Memory<'a> {
    pub a: &'a mut [u8; PIXELS],
    pub b: &'a mut [u8; PIXELS],
    pub residuals: &'a mut [u8; RESIDUALS],
    pub mask: &'a mut [u8; MASK],
    pub map: &'a mut [u32; MAP],
    pub smoothed: &'a mut [u32; MAP],
    pub scratch: &'a mut [u32; SCRATCH],
}

/// Computes every row of the set, in the order of `scores.tsv`. Panics where `shared` refuses something.
pub fn compute(memory: &mut Memory<'_>, mut emit: impl FnMut(Row<'_>)) {
    for pair in PAIRS {
        scores(pair, memory, &mut emit);
    }
    images::preprocessed(memory.a, &mut emit);
    images::quantized(&mut emit);
    messages::written_and_read(&mut emit);
}

fn scores(pair: &Pair, memory: &mut Memory<'_>, emit: &mut impl FnMut(Row<'_>)) {
    let Pair { name: subject, size, .. } = *pair;
    let Memory { a, b, residuals, mask, map, smoothed, scratch } = memory;
    let (a, b) = (pair.a.draw(size, &mut a[..]), pair.b.draw(size, &mut b[..]));
    emit(image(subject, "a", a));
    emit(image(subject, "b", b));
    let view = |pixels| GrayView::packed(pixels, size).expect("a valid image");
    let (residuals, mask) = (pairs::residuals(size, &mut residuals[..]), pairs::mask(size, &mut mask[..]));
    let residuals = ResidualMaps::read(residuals).expect("valid residual maps");
    let mask = Mask::read(mask).expect("a valid mask");
    for (what, recipe) in RECIPES {
        let reference =
            ScoreReference { residuals: recipe.normalised.then_some(residuals), mask: recipe.masked.then_some(mask) };
        if recipe.validate(size).is_err() || reference.check(recipe, size).is_err() {
            continue;
        }
        let lengths = ScoreBuffers::needed_for(recipe, size);
        let (map, smoothed) = (&mut map[..lengths.map], &mut smoothed[..lengths.smoothed]);
        let scratch = &mut scratch[..lengths.scratch];
        let buffers = ScoreBuffers { map: &mut *map, smoothed: &mut *smoothed, scratch };
        let score = score_with(recipe, reference, view(a), view(b), buffers).expect("a recipe that allows the size");
        let maps = map.iter().chain(&*smoothed).map(|value| value.to_le_bytes());
        emit(Row { subject, what, checksum: crc32(maps), value: score.raw().into() });
    }
}

/// The row of an image.
fn image<'a>(subject: &'a str, what: &'a str, pixels: &[u8]) -> Row<'a> {
    let value = pixels.iter().map(|&pixel| u64::from(pixel)).sum();
    Row { subject, what, checksum: crc32(pixels.iter().map(|&pixel| [pixel])), value }
}

fn crc32<const N: usize>(chunks: impl IntoIterator<Item = [u8; N]>) -> u32 {
    const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
    let mut digest = CRC.digest();
    chunks.into_iter().for_each(|chunk| digest.update(&chunk));
    digest.finalize()
}
