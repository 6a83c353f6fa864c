//! One layer on plain numbers: a convolution, ordinary or transposed, with bias and leaky rectifier, forwards and back.

use std::sync::Arc;

use rayon::prelude::*;

use super::buffer::{Padded, zeros};
use super::panels::Panels;
use super::products::{Finish, Plan, compute, padded_bias};
use super::weight_gradient::weight_gradient;
use super::windows::{Extent, Phase, Windows};
use crate::vectors::Vectors;

/// Which way a convolution goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the fine image to the coarse map.
    Ordinary,
    /// From the coarse map to the fine image.
    Transposed,
}

/// A layer for inputs of one size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layer {
    pub vectors: Vectors,
    pub windows: Windows,
    pub direction: Direction,
    /// Slope of the rectifier for negative numbers, 0 to 1; 1: none.
    pub leak: f32,
}

/// Gradients of a loss.
#[derive(Debug)]
pub(super) struct Gradients {
    /// By the input, `[batch, height, width, channels]`, if it was asked for.
    pub input: Option<Vec<f32>>,
    /// By the weights, `[coarse channels, fine channels, kernel, kernel]`.
    pub weights: Vec<f32>,
    /// By the bias.
    pub bias: Vec<f32>,
}

impl Layer {
    pub(super) fn input(&self) -> Extent {
        match self.direction {
            Direction::Ordinary => self.windows.fine,
            Direction::Transposed => self.windows.coarse,
        }
    }

    pub(super) fn output(&self) -> Extent {
        match self.direction {
            Direction::Ordinary => self.windows.coarse,
            Direction::Transposed => self.windows.fine,
        }
    }

    /// The output, and the input as [`Layer::backward`] wants it.
    pub(super) fn forward(&self, input: &[f32], weights: &[f32], bias: &[f32]) -> (Vec<f32>, Arc<Padded>) {
        let margins = match self.direction {
            Direction::Ordinary => self.fine_margins(),
            Direction::Transposed => self.coarse_margins(),
        };
        let input = Padded::new(input, self.input(), margins);
        let output = match self.direction {
            Direction::Ordinary => self.towards_coarse(&input, weights, Some(bias), self.leak),
            Direction::Transposed => self.towards_fine(&input, weights, Some(bias), self.leak),
        };
        (output, Arc::new(input))
    }

    /// From the gradient by the output to the gradients by everything that went in.
    pub(super) fn backward(
        &self,
        gradient: &[f32],
        output: &[f32],
        input: &Padded,
        weights: &[f32],
        by_input: bool,
    ) -> Gradients {
        let output = (self.leak != 1.0).then_some(output);
        let rectified = |margins| Padded::rectified(self.vectors, gradient, output, self.leak, self.output(), margins);
        match self.direction {
            Direction::Ordinary => {
                let (gradient, bias) = rectified(if by_input { self.coarse_margins() } else { (0, 0) });
                let by_weights = weight_gradient(self.vectors, &self.windows, input, &gradient);
                let input = by_input.then(|| self.towards_fine(&gradient, weights, None, 1.0));
                Gradients { input, weights: self.weights_from_lines(by_weights.as_slice()), bias }
            }
            Direction::Transposed => {
                let (gradient, bias) = rectified(self.fine_margins());
                let by_weights = weight_gradient(self.vectors, &self.windows, &gradient, input);
                let input = by_input.then(|| self.towards_coarse(&gradient, weights, None, 1.0));
                Gradients { input, weights: self.weights_from_lines(by_weights.as_slice()), bias }
            }
        }
    }

    fn fine_margins(&self) -> (usize, usize) {
        (self.windows.spacing.padding, self.windows.spacing.padding)
    }

    /// None where every pixel lies in one window.
    fn coarse_margins(&self) -> (usize, usize) {
        if self.tiled() { (0, 0) } else { self.windows.coarse_margins() }
    }

    /// Whether the windows cover the fine image side by side.
    fn tiled(&self) -> bool {
        let Windows { fine, coarse, spacing } = self.windows;
        let covers = |side: usize, count: usize| side == count * spacing.kernel;
        let aligned = spacing.kernel == spacing.stride || (coarse.height, coarse.width) == (1, 1);
        spacing.padding == 0 && aligned && covers(fine.height, coarse.height) && covers(fine.width, coarse.width)
    }

    /// Where the weight of a row and a column of the kernel and of a pair of channels lies.
    fn position(&self, (row, column): (usize, usize), fine: usize, coarse: usize) -> usize {
        let kernel = self.windows.spacing.kernel;
        ((coarse * self.windows.fine.channels + fine) * kernel + row) * kernel + column
    }

    /// For every number of a window, line by line: where the weight that belongs to coarse channel 0 lies.
    fn window_positions(&self) -> Vec<usize> {
        let (kernel, channels) = (self.windows.spacing.kernel, self.windows.fine.channels);
        let taps = (0..kernel).flat_map(|row| (0..kernel).map(move |column| (row, column)));
        taps.flat_map(|tap| (0..channels).map(move |fine| self.position(tap, fine, 0))).collect()
    }

    fn coarse_positions(&self) -> Vec<usize> {
        (0..self.windows.coarse.channels).map(|coarse| self.position((0, 0), 0, coarse)).collect()
    }

    fn towards_coarse(&self, fine: &Padded, weights: &[f32], bias: Option<&[f32]>, leak: f32) -> Vec<f32> {
        let Windows { coarse, spacing, .. } = self.windows;
        let plan = Plan {
            rows: coarse.height,
            columns: coarse.width,
            taps: (spacing.kernel, spacing.kernel),
            source: (0, 0),
            source_step: spacing.stride,
            target: (0, 0),
            target_step: (1, 1),
        };
        let lanes = self.vectors.lanes();
        let panels = Panels::gather(weights, &self.window_positions(), &self.coarse_positions(), lanes);
        self.finish(fine, vec![(plan, panels)], bias, leak, coarse)
    }

    fn towards_fine(&self, coarse: &Padded, weights: &[f32], bias: Option<&[f32]>, leak: f32) -> Vec<f32> {
        let plans = if self.tiled() { self.plans_by_row(weights) } else { self.plans_by_phase(weights) };
        self.finish(coarse, plans, bias, leak, self.windows.fine)
    }

    fn finish(
        &self,
        source: &Padded,
        plans: Vec<(Plan, Panels)>,
        bias: Option<&[f32]>,
        leak: f32,
        extent: Extent,
    ) -> Vec<f32> {
        let mut target = zeros(extent.len());
        let bias = bias.map(|bias| padded_bias(bias, &plans[0].1));
        let finish = Finish { bias: bias.as_ref().map(|bias| bias.as_slice()), leak };
        compute(self.vectors, source, &plans, finish, extent, &mut target);
        target
    }

    /// Windows side by side: each row of the kernel gives one row of pixels in each window.
    fn plans_by_row(&self, weights: &[f32]) -> Vec<(Plan, Panels)> {
        let Windows { fine, coarse, spacing } = self.windows;
        let plans = (0..spacing.kernel).map(|row| {
            let pixels = (0..spacing.kernel).flat_map(|column| (0..fine.channels).map(move |c| (column, c)));
            let columns: Vec<_> = pixels.map(|(column, c)| self.position((row, column), c, 0)).collect();
            let plan = Plan {
                rows: coarse.height,
                columns: coarse.width,
                taps: (1, 1),
                source: (0, 0),
                source_step: 1,
                target: (row, 0),
                target_step: (spacing.kernel, 1),
            };
            (plan, Panels::gather(weights, &self.coarse_positions(), &columns, self.vectors.lanes()))
        });
        plans.collect()
    }

    /// Pixels of one phase see the same weights: an ordinary convolution of the coarse map with stride 1.
    fn plans_by_phase(&self, weights: &[f32]) -> Vec<(Plan, Panels)> {
        let Windows { fine, spacing, .. } = self.windows;
        let before = self.windows.coarse_margins().0;
        let columns: Vec<_> = (0..fine.channels).map(|channel| self.position((0, 0), channel, 0)).collect();
        let phases = (0..spacing.stride).flat_map(|y| (0..spacing.stride).map(move |x| (y, x)));
        let plans = phases.map(|(y, x)| {
            let (mut y, mut x) = (self.windows.phase(fine.height, y), self.windows.phase(fine.width, x));
            if y.taps == 0 || x.taps == 0 {
                (y.taps, x.taps) = (0, 0);
            }
            let first = |p: Phase| if p.taps == 0 { 0 } else { p.first + before + 1 - p.taps };
            let target = |p: Phase| p.first * spacing.stride + p.phase - spacing.padding;
            // The last tap is the window that begins nearest to the pixel.
            let tap = |p: Phase, tap: usize| p.phase + spacing.stride * (p.taps - 1 - tap);
            let taps = (0..y.taps).flat_map(|row| (0..x.taps).map(move |column| (row, column)));
            let taps = taps.map(|(row, column)| (tap(y, row), tap(x, column)));
            let rows: Vec<_> = taps
                .flat_map(|at| self.coarse_positions().into_iter().map(move |p| p + self.position(at, 0, 0)))
                .collect();
            let plan = Plan {
                rows: y.count,
                columns: x.count,
                taps: (y.taps, x.taps),
                source: (first(y), first(x)),
                source_step: 1,
                target: (target(y), target(x)),
                target_step: (spacing.stride, spacing.stride),
            };
            (plan, Panels::gather(weights, &rows, &columns, self.vectors.lanes()))
        });
        plans.collect()
    }

    /// `[window number, coarse channel]` to the order of the weights.
    fn weights_from_lines(&self, lines: &[f32]) -> Vec<f32> {
        let positions = self.window_positions();
        let channels = self.windows.coarse.channels;
        let mut weights = vec![0.0; lines.len()];
        weights.par_chunks_mut(positions.len()).enumerate().for_each(|(channel, weights)| {
            for (position, line) in positions.iter().zip(lines.chunks_exact(channels)) {
                weights[*position] = line[channel];
            }
        });
        weights
    }
}
