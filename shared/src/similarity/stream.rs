//! Difference maps row by row: rows of two images in, rows of the map out, in memory of (window x width).
//!
//! The units are gray values in and Q24 out. It does not know where the rows come from or where they go.

use super::pixel_rows::PixelRows;
use super::{Metric, SimilarityError, gaussian, l2, msgms, uniform};
use crate::image::Size;
use crate::row_window::RowWindow;

/// A difference map in the making.
///
/// Rows go in by [`push`](Self::push), from the first to the last; each call may complete a row of the map. After the
/// last row, [`flush`](Self::flush) gives the rows that are still missing. The map is that of
/// [`difference_map`](super::difference_map), which is built on this.
///
/// ```
/// use shared::image::Size;
/// use shared::similarity::{MapStream, Metric};
///
/// let size = Size::new(8, 9);
/// let mut scratch = [0; MapStream::scratch_len(Metric::Ssim, 8)];
/// let mut stream = MapStream::new(Metric::Ssim, size, &mut scratch)?;
/// let mut row = [0; 8];
/// let mut rows = 0;
/// for y in 0..9 {
///     let (a, b) = ([y; 8], [7; 8]);
///     rows += u16::from(stream.push(&a, &b, &mut row)?.is_some());
/// }
/// while let Some(y) = stream.flush(&mut row)? {
///     assert_eq!(y, rows);
///     rows += 1;
/// }
/// assert_eq!(rows, 9);
/// # Ok::<(), shared::similarity::SimilarityError>(())
/// ```
#[derive(Debug)]
pub struct MapStream<'m> {
    size: Size,
    window: RowWindow,
    engine: Engine<'m>,
}

/// What is kept between rows.
#[derive(Debug)]
enum Engine<'m> {
    Uniform { rows: PixelRows<'m>, columns: uniform::Columns<'m> },
    Gaussian { rows: PixelRows<'m>, columns: gaussian::Columns<'m> },
    L2,
    Msgms(msgms::Pyramid<'m>),
    UniformMsgms { rows: PixelRows<'m>, columns: uniform::Columns<'m>, pyramid: msgms::Pyramid<'m>, row: &'m mut [u32] },
}

impl<'m> MapStream<'m> {
    /// The elements of working memory (4 bytes each) for images of `width` columns:
    /// SSIM `12 width + 24`, Gaussian SSIM `16 width + 40`, MSGMS `13 width` and 9 and 7 times its half and quarter
    /// (rounded up), SSIM with MSGMS `25 width + 24` more than that, L2 none.
    pub const fn scratch_len(metric: Metric, width: u16) -> usize {
        PixelRows::len_for(metric, width)
            + match metric {
                Metric::Ssim => uniform::Columns::len(width),
                Metric::SsimGaussian => gaussian::Columns::len(width),
                Metric::L2 => 0,
                Metric::Msgms => msgms::Pyramid::len(width),
                Metric::SsimMsgms => uniform::Columns::len(width) + width as usize + msgms::Pyramid::len(width),
            }
    }

    /// A map of images of `size`, in `scratch` of at least [`scratch_len`](Self::scratch_len) elements, whose contents
    /// do not matter.
    ///
    /// # Errors
    ///
    /// [`SimilarityError`] if a side is below [`Metric::min_side`] or above [`MAX_SIDE`](crate::image::MAX_SIDE), or
    /// `scratch` is too short.
    pub fn new(metric: Metric, size: Size, scratch: &'m mut [u32]) -> Result<Self, SimilarityError> {
        size.check().map_err(|source| SimilarityError::Size { source })?;
        let min = metric.min_side();
        if size.shorter_side() < min {
            return Err(SimilarityError::TooSmall { found: size, min });
        }
        let (found, needed) = (scratch.len(), Self::scratch_len(metric, size.width));
        let scratch = scratch.get_mut(..needed).ok_or(SimilarityError::ScratchTooShort { found, needed })?;
        let (pixels, columns) = scratch.split_at_mut(PixelRows::len_for(metric, size.width));
        let rows = PixelRows::new(pixels, size.width);
        let engine = match metric {
            Metric::Ssim => Engine::Uniform { rows, columns: uniform::Columns::new(columns) },
            Metric::SsimGaussian => Engine::Gaussian { rows, columns: gaussian::Columns::new(columns) },
            Metric::L2 => Engine::L2,
            Metric::Msgms => Engine::Msgms(msgms::Pyramid::new(columns, size.width, size.height)),
            Metric::SsimMsgms => {
                let (columns, rest) = columns.split_at_mut(uniform::Columns::len(size.width));
                let (row, rest) = rest.split_at_mut(size.width.into());
                let pyramid = msgms::Pyramid::new(rest, size.width, size.height);
                Engine::UniformMsgms { rows, columns: uniform::Columns::new(columns), pyramid, row }
            }
        };
        Ok(Self { size, window: RowWindow::new(metric.reach(), size.height), engine })
    }

    /// Takes the next row of both images. Where a row of the map is complete, it is written to the first `width`
    /// elements of `out`, and its number is given.
    ///
    /// # Errors
    ///
    /// [`SimilarityError`] if a row has another length than `width`, `out` is shorter, or all rows were there already.
    pub fn push(&mut self, a: &[u8], b: &[u8], out: &mut [u32]) -> Result<Option<u16>, SimilarityError> {
        let expected = usize::from(self.size.width);
        for found in [a.len(), b.len()] {
            if found != expected {
                return Err(SimilarityError::RowLength { found, expected });
            }
        }
        let out = self.row_of(out)?;
        let slot = self.window.arrive().ok_or(SimilarityError::TooManyRows { expected: self.size.height })?;
        match &mut self.engine {
            Engine::Uniform { rows, .. } | Engine::Gaussian { rows, .. } => rows.store(slot, a, b),
            Engine::L2 => l2::row(a, b, out),
            Engine::Msgms(pyramid) => pyramid.push(a, b),
            Engine::UniformMsgms { rows, pyramid, .. } => {
                rows.store(slot, a, b);
                pyramid.push(a, b);
            }
        }
        Ok(self.complete(out))
    }

    /// Writes the next row of the map that is still missing after the last row of the images, as [`push`](Self::push)
    /// does. `None` if the map is complete.
    ///
    /// # Errors
    ///
    /// [`SimilarityError`] if not all rows of the images were there, or `out` is shorter than `width`.
    pub fn flush(&mut self, out: &mut [u32]) -> Result<Option<u16>, SimilarityError> {
        let (found, expected) = (self.window.arrived(), self.size.height);
        if found < expected {
            return Err(SimilarityError::RowsMissing { found, expected });
        }
        let out = self.row_of(out)?;
        Ok(self.complete(out))
    }

    fn row_of<'o>(&self, out: &'o mut [u32]) -> Result<&'o mut [u32], SimilarityError> {
        let (found, needed) = (out.len(), usize::from(self.size.width));
        out.get_mut(..needed).ok_or(SimilarityError::MapTooShort { found, needed })
    }

    fn complete(&mut self, out: &mut [u32]) -> Option<u16> {
        let y = self.window.complete()?;
        match &mut self.engine {
            Engine::Uniform { rows, columns } => columns.row(rows, &self.window, y, out),
            Engine::Gaussian { rows, columns } => columns.row(rows, &self.window, y, out),
            Engine::L2 => {}
            Engine::Msgms(pyramid) => pyramid.row(y, out),
            Engine::UniformMsgms { rows, columns, pyramid, row } => {
                columns.row(rows, &self.window, y, out);
                pyramid.row(y, row);
                // At most half of 2.0, and 1.0.
                out.iter_mut().zip(&**row).for_each(|(ssim, msgms)| *ssim = ssim.div_ceil(2) + msgms);
            }
        }
        Some(y)
    }
}

impl PixelRows<'_> {
    /// The words of [`PixelRows::len`] for a metric.
    const fn len_for(metric: Metric, width: u16) -> usize {
        match metric {
            Metric::L2 | Metric::Msgms => 0,
            Metric::Ssim | Metric::SsimGaussian | Metric::SsimMsgms => Self::len(metric.reach(), width),
        }
    }
}
