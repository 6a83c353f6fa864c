//! Where the windows of a convolution lie: a coarse map of windows over a fine image.
//!
//! An ordinary convolution goes from the fine image to the coarse map, a transposed one back. Both keep their weights
//! as `[coarse channels, fine channels, kernel, kernel]`.

/// Kernel, stride and padding of a square convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spacing {
    /// Side of the square kernel, in pixels of the fine image.
    pub kernel: usize,
    /// Pixels of the fine image between two windows.
    pub stride: usize,
    /// Zeros around the fine image, in pixels.
    pub padding: usize,
}

/// Size of a batch of images, which are stored pixel by pixel: `[batch, height, width, channels]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub batch: usize,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

/// A fine image, the coarse map of its windows, and how they lie over each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Windows {
    pub fine: Extent,
    pub coarse: Extent,
    pub spacing: Spacing,
}

impl Extent {
    /// Numbers in one image.
    pub(super) fn image(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Numbers in the batch.
    pub(super) fn len(&self) -> usize {
        self.batch * self.image()
    }
}

impl Windows {
    /// The windows of an ordinary convolution of `fine`.
    ///
    /// # Panics
    /// If the kernel is larger than the padded image.
    pub(super) fn over(fine: Extent, channels: usize, spacing: Spacing) -> Self {
        let count = |side: usize| {
            let padded = side + 2 * spacing.padding;
            assert!(padded >= spacing.kernel, "a kernel of {} on {padded} padded pixels", spacing.kernel);
            (padded - spacing.kernel) / spacing.stride + 1
        };
        let coarse = Extent { batch: fine.batch, height: count(fine.height), width: count(fine.width), channels };
        Self { fine, coarse, spacing }
    }

    /// The windows of a transposed convolution of `coarse`.
    ///
    /// # Panics
    /// If the padding leaves nothing of the image.
    pub(super) fn under(coarse: Extent, channels: usize, spacing: Spacing) -> Self {
        let side = |count: usize| {
            let whole = (count - 1) * spacing.stride + spacing.kernel;
            assert!(whole > 2 * spacing.padding, "a padding of {} on {whole} pixels", spacing.padding);
            whole - 2 * spacing.padding
        };
        let fine = Extent { batch: coarse.batch, height: side(coarse.height), width: side(coarse.width), channels };
        Self { fine, coarse, spacing }
    }

    /// Rows and columns of zeros before and after the coarse map that let every pixel of the fine image see a full set
    /// of windows.
    pub(super) fn coarse_margins(&self) -> (usize, usize) {
        let Spacing { kernel, stride, padding } = self.spacing;
        let last = |side: usize| (side - 1 + padding) / stride + 1;
        let after = |side: usize, count: usize| last(side).saturating_sub(count);
        let after = after(self.fine.height, self.coarse.height).max(after(self.fine.width, self.coarse.width));
        (kernel.div_ceil(stride) - 1, after)
    }

    /// The pixels of one side whose position in the padded image is `phase` modulo the stride: the number of the first
    /// (position divided by stride), how many there are, and how many windows each of them lies in.
    pub(super) fn phase(&self, side: usize, phase: usize) -> Phase {
        let Spacing { kernel, stride, padding } = self.spacing;
        let first = padding.saturating_sub(phase).div_ceil(stride);
        let end = (padding + side).saturating_sub(phase).div_ceil(stride);
        Phase { phase, first, count: end - first, taps: kernel.saturating_sub(phase).div_ceil(stride) }
    }
}

/// One residue class of pixels along one side; see [`Windows::phase`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Phase {
    pub phase: usize,
    pub first: usize,
    pub count: usize,
    pub taps: usize,
}
