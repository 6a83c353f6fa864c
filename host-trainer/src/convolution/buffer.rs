//! Memory of the kernels: numbers that begin at a cache line, and images with zeros around them.

use rayon::prelude::*;

use super::windows::Extent;

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

/// Images with rows and columns of zeros before and after.
#[derive(Debug)]
pub(super) struct Padded {
    pub buffer: Buffer,
    /// With the zeros.
    pub extent: Extent,
    /// Rows above and columns to the left.
    pub before: usize,
}

impl Padded {
    /// Copies `images`.
    pub(super) fn new(images: &[f32], extent: Extent, margins: (usize, usize)) -> Self {
        Self::from_rows(images, extent, margins, |_, to, from| to.copy_from_slice(from)).0
    }

    /// Copies the gradient of a leaky rectifier's input, and sums it over all pixels of all images, channel by channel.
    ///
    /// `output` is what the rectifier put out; where it is not positive, the gradient is `leak` times `gradient`.
    pub(super) fn rectified(
        gradient: &[f32],
        output: Option<&[f32]>,
        leak: f32,
        extent: Extent,
        margins: (usize, usize),
    ) -> (Self, Vec<f32>) {
        let (padded, sums) = Self::from_rows(gradient, extent, margins, |at, to, from| {
            match output {
                Some(output) => {
                    let slope = |y: f32| if y > 0.0 { 1.0 } else { leak };
                    to.iter_mut().zip(from).zip(&output[at..]).for_each(|((to, from), &y)| *to = from * slope(y));
                }
                None => to.copy_from_slice(from),
            }
            let mut sums = vec![0.0; extent.channels];
            for pixel in to.chunks_exact(extent.channels) {
                add(&mut sums, pixel);
            }
            sums
        });
        let mut total = vec![0.0; extent.channels];
        sums.iter().for_each(|row| add(&mut total, row));
        (padded, total)
    }

    /// Fills the rows by `copy(position of the source row, row of the padded image, source row)`; what it returns comes
    /// back in the order of the rows.
    fn from_rows<T: Send>(
        images: &[f32],
        source: Extent,
        (before, after): (usize, usize),
        copy: impl Fn(usize, &mut [f32], &[f32]) -> T + Sync,
    ) -> (Self, Vec<T>) {
        let around = before + after;
        let extent = Extent { height: source.height + around, width: source.width + around, ..source };
        let mut buffer = Buffer::zeros(extent.len());
        let row = source.width * source.channels;
        let padded_images = buffer.as_mut_slice().par_chunks_mut(extent.image());
        let results =
            padded_images.zip(images.par_chunks(source.image())).enumerate().flat_map_iter(|(index, (to, from))| {
                let copy = &copy;
                let first = (before * extent.width + before) * extent.channels;
                let rows = to[first..].chunks_mut(extent.width * extent.channels).zip(from.chunks_exact(row));
                rows.enumerate()
                    .map(move |(y, (to, from))| copy(index * source.image() + y * row, &mut to[..row], from))
            });
        let results = results.collect();
        (Self { buffer, extent, before }, results)
    }
}

fn add(sums: &mut [f32], values: &[f32]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}
