//! Memory of the kernels: numbers that begin at a cache line, and images with zeros around them.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::windows::Extent;
use crate::vectors::Vectors;

/// Bytes; a vector load that crosses such a border takes twice as long.
const CACHE_LINE: usize = 64;
const SLACK: usize = CACHE_LINE / size_of::<f32>();

/// Zeros at first, beginning at a cache line.
#[derive(Debug)]
pub(super) struct Buffer {
    values: Vec<f32>,
    start: usize,
    len: usize,
}

impl Buffer {
    pub(super) fn zeros(len: usize) -> Self {
        let values = vec![0.0; len + SLACK];
        let start = values.as_ptr().align_offset(CACHE_LINE).min(SLACK);
        Self { values, start, len }
    }

    pub(super) fn as_slice(&self) -> &[f32] {
        &self.values[self.start..][..self.len]
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.values[self.start..][..self.len]
    }
}

/// Zeros, written by all threads.
pub(super) fn zeros(len: usize) -> Vec<f32> {
    const BLOCK: usize = 64;
    let mut blocks: Vec<[f32; BLOCK]> = Vec::new();
    blocks.par_extend(rayon::iter::repeat_n([0.0; BLOCK], len.div_ceil(BLOCK)).with_min_len(256));
    let mut values = blocks.into_flattened();
    values.truncate(len);
    values
}

/// Images with rows and columns of zeros before and after.
#[derive(Debug)]
pub(super) struct Padded {
    /// `[height, width, channels]` each, with the zeros.
    pub images: Vec<Buffer>,
    /// With the zeros.
    pub extent: Extent,
    /// Rows above and columns to the left.
    pub before: usize,
}

impl Padded {
    /// Copies `images`.
    pub(super) fn new(images: &[f32], extent: Extent, margins: (usize, usize)) -> Self {
        let copy = |_: usize, to: &mut [f32], from: &[f32], _: &mut ()| to.copy_from_slice(from);
        Self::from_rows(images, extent, margins, copy).0
    }

    /// Copies the gradient of a leaky rectifier's input, and sums it over all pixels of all images, channel by channel.
    ///
    /// `output` is what the rectifier put out; where it is not positive, the gradient is `leak` times `gradient`.
    pub(super) fn rectified(
        vectors: Vectors,
        gradient: &[f32],
        output: Option<&[f32]>,
        leak: f32,
        extent: Extent,
        margins: (usize, usize),
    ) -> (Self, Vec<f32>) {
        let row = extent.width * extent.channels;
        let (padded, sums) = Self::from_rows(gradient, extent, margins, |at, to, from, sums: &mut Vec<f32>| {
            sums.resize(extent.channels, 0.0);
            let output = output.map(|output| &output[at..at + row]);
            vectors.run(Rectify { to, from, output, leak, sums });
        });
        let mut total = vec![0.0; extent.channels];
        for image in sums {
            total.iter_mut().zip(image).for_each(|(total, sum)| *total += sum);
        }
        (padded, total)
    }

    /// Fills the rows by `copy(position of the source row, row of the padded image, source row, of this image)`; what
    /// it left behind for each image comes back.
    fn from_rows<T: Default + Send>(
        images: &[f32],
        source: Extent,
        (before, after): (usize, usize),
        copy: impl Fn(usize, &mut [f32], &[f32], &mut T) + Sync,
    ) -> (Self, Vec<T>) {
        let around = before + after;
        let extent = Extent { height: source.height + around, width: source.width + around, ..source };
        let row = source.width * source.channels;
        let first = (before * extent.width + before) * extent.channels;
        let copied = images.par_chunks(source.image()).enumerate().map(|(index, from)| {
            let (mut image, mut left) = (Buffer::zeros(extent.image()), T::default());
            let rows = image.as_mut_slice()[first..].chunks_mut(extent.width * extent.channels);
            for (y, (to, from)) in rows.zip(from.chunks_exact(row)).enumerate() {
                copy(index * source.image() + y * row, &mut to[..row], from, &mut left);
            }
            (image, left)
        });
        let (images, left) = copied.unzip();
        (Self { images, extent, before }, left)
    }
}

/// One row of [`Padded::rectified`].
struct Rectify<'a> {
    to: &'a mut [f32],
    from: &'a [f32],
    output: Option<&'a [f32]>,
    leak: f32,
    sums: &'a mut [f32],
}

impl WithSimd for Rectify<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { to, from, output, leak, sums } = self;
        match output {
            Some(output) => {
                let (zero, slope) = (simd.splat_f32s(0.0), simd.splat_f32s(leak));
                let ((to, to_rest), (from, from_rest)) = (S::as_mut_simd_f32s(to), S::as_simd_f32s(from));
                let (output, output_rest) = S::as_simd_f32s(output);
                for ((to, from), y) in to.iter_mut().zip(from).zip(output) {
                    let positive = simd.greater_than_f32s(*y, zero);
                    *to = simd.select_f32s(positive, *from, simd.mul_f32s(*from, slope));
                }
                for ((to, from), y) in to_rest.iter_mut().zip(from_rest).zip(output_rest) {
                    *to = if *y > 0.0 { *from } else { from * leak };
                }
            }
            None => to.copy_from_slice(from),
        }
        for pixel in to.chunks_exact(sums.len()) {
            let ((sums, sums_rest), (pixel, pixel_rest)) = (S::as_mut_simd_f32s(sums), S::as_simd_f32s(pixel));
            sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum = simd.add_f32s(*sum, *value));
            sums_rest.iter_mut().zip(pixel_rest).for_each(|(sum, value)| *sum += value);
        }
    }
}
