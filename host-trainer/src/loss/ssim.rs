//! The SSIM loss: one minus the mean structural similarity (Wang et al. 2004, equation 13), 11x11 Gaussian window,
//! sigma 1.5, valid pixels only, K1 = 0.01, K2 = 0.03, data range 1: TensorFlow's `tf.image.ssim`.
//!
//! The Gaussian filter is separable. Along each axis it is a product with a banded matrix, and the five maps that SSIM
//! filters (x, y, x^2, y^2, xy) go through it as one batch: two matrix products in all.
//!
//! Valid windows see the outermost pixels seldom and faintly, so that a network trained on them alone redraws the frame's
//! edge badly and the station, which judges that edge too, finds its own artefacts there. [`Border::Mirrored`] is the
//! same loss on images continued by their mirror image, so that every pixel is the centre of a window.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use shared::image::Size;

use super::flex::Operation;
use super::similarity::Similarity;
use crate::vectors::Vectors;

pub(super) const WINDOW: usize = 11;
const SIGMA: f64 = 1.5;
pub(super) const C1: f32 = 0.01 * 0.01;
pub(super) const C2: f32 = 0.03 * 0.03;

/// Which windows count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// Those that lie inside the image: the literature's loss.
    Valid,
    /// One around every pixel; the image is continued by reflection that repeats the edge pixel (NumPy's `symmetric`).
    Mirrored,
}

/// One minus mean SSIM, for images of one size on one device.
#[derive(Debug)]
pub struct SsimLoss {
    /// `[width, windows along a row]`
    columns: Tensor<2>,
    /// `[height, windows along a column]`
    rows: Tensor<2>,
    similarity: Arc<Similarity>,
}

impl SsimLoss {
    /// Prepares the filter.
    ///
    /// # Panics
    /// If a side is shorter than the window of 11 pixels; architectures guarantee it.
    pub fn new(size: Size, border: Border, device: &Device) -> Self {
        Self {
            columns: gaussian_band(usize::from(size.width), border, device),
            rows: gaussian_band(usize::from(size.height), border, device),
            similarity: Arc::new(Similarity::new(usize::from(size.height), usize::from(size.width), border)),
        }
    }

    /// The loss of a batch: 0 for equal images, at most 2.
    ///
    /// # Shapes
    /// - x, y: `[batch, 1, height, width]`
    /// - output: `[1]`
    pub fn forward(&self, x: Tensor<4>, y: Tensor<4>) -> Tensor<1> {
        match Vectors::of_the_cpu(&x.device()) {
            Some(vectors) => Operation { vectors, similarity: self.similarity() }.apply(x, y),
            None => self.composed(x, y),
        }
    }

    /// What the kernels need to know of it.
    pub(super) fn similarity(&self) -> Arc<Similarity> {
        Arc::clone(&self.similarity)
    }

    /// The loss from burn's operations.
    pub(super) fn composed(&self, x: Tensor<4>, y: Tensor<4>) -> Tensor<1> {
        let [batch, _, height, width] = x.dims();
        let maps =
            Tensor::cat(vec![x.clone(), y.clone(), x.clone().mul(x.clone()), y.clone().mul(y.clone()), x.mul(y)], 0);
        let filtered = self.filter(maps, 5 * batch, height, width);
        let map = |i: usize| filtered.clone().narrow(0, i * batch, batch);
        let (mean_x, mean_y) = (map(0), map(1));
        let mean_xx = mean_x.clone().mul(mean_x.clone());
        let mean_yy = mean_y.clone().mul(mean_y.clone());
        let mean_xy = mean_x.mul(mean_y);
        let variances = map(2).sub(mean_xx.clone()).add(map(3).sub(mean_yy.clone()));
        let covariance = map(4).sub(mean_xy.clone());
        let numerator = mean_xy.mul_scalar(2.0).add_scalar(C1).mul(covariance.mul_scalar(2.0).add_scalar(C2));
        let denominator = mean_xx.add(mean_yy).add_scalar(C1).mul(variances.add_scalar(C2));
        numerator.div(denominator).mean().neg().add_scalar(1.0)
    }

    /// `[n, 1, height, width]` to `[n, windows along a row, windows along a column]`: filtered, and transposed on the way.
    fn filter(&self, maps: Tensor<4>, n: usize, height: usize, width: usize) -> Tensor<3> {
        let [_, windows_x] = self.columns.dims();
        let [_, windows_y] = self.rows.dims();
        let along_rows = maps.reshape([n * height, width]).matmul(self.columns.clone());
        let turned = along_rows.reshape([n, height, windows_x]).swap_dims(1, 2);
        let along_columns = turned.reshape([n * windows_x, height]).matmul(self.rows.clone());
        along_columns.reshape([n, windows_x, windows_y])
    }
}

/// `[side, windows]`: column j holds the weights that the pixels of a line have in window j.
fn gaussian_band(side: usize, border: Border, device: &Device) -> Tensor<2> {
    assert!(side >= WINDOW, "an image side of {side} pixels is shorter than the {WINDOW} of the SSIM window");
    let radius = WINDOW / 2;
    let centres = match border {
        Border::Valid => radius..side - radius,
        Border::Mirrored => 0..side,
    };
    let windows = centres.len();
    let mut band = vec![0.0f32; side * windows];
    for (column, centre) in centres.enumerate() {
        for (offset, weight) in gaussian().into_iter().enumerate() {
            let pixel = mirrored(centre as isize + offset as isize - radius as isize, side);
            band[pixel * windows + column] += weight as f32;
        }
    }
    Tensor::from_data(TensorData::new(band, [side, windows]), device)
}

/// The window along one axis; the weights sum to 1.
pub(super) fn gaussian() -> [f64; WINDOW] {
    let centre = (WINDOW / 2) as f64;
    let weights = std::array::from_fn(|i| libm::exp(-(i as f64 - centre).powi(2) / (2.0 * SIGMA * SIGMA)));
    let total: f64 = weights.iter().sum();
    weights.map(|weight: f64| weight / total)
}

/// The pixel that stands at `position` of a line continued by reflection; at most one side length outside.
pub(crate) fn mirrored(position: isize, side: usize) -> usize {
    let last = side as isize - 1;
    let inside = if position < 0 { -1 - position } else { position };
    (if inside > last { 2 * last + 1 - inside } else { inside }) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { width: 24, height: 20 };

    /// `(x a + y b + x y c) mod m / (m - 1)`: made of integers, so that any language can repeat it.
    fn image(a: usize, b: usize, c: usize, m: usize) -> Vec<f32> {
        let pixels = (0..20).flat_map(|y| (0..24).map(move |x| (x, y)));
        pixels.map(|(x, y)| ((x * a + y * b + x * y * c) % m) as f32 / (m - 1) as f32).collect()
    }

    fn tensor(images: &[&[f32]], device: &Device) -> Tensor<4> {
        Tensor::from_data(TensorData::new(images.concat(), [images.len(), 1, 20, 24]), device)
    }

    fn loss(x: &[&[f32]], y: &[&[f32]]) -> f32 {
        let device = Device::flex();
        SsimLoss::new(SIZE, Border::Valid, &device).forward(tensor(x, &device), tensor(y, &device)).into_scalar()
    }

    /// Expected values: the same formula in NumPy float64 with `numpy.convolve(..., "valid")`.
    #[test]
    fn values_computed_outside_the_project() {
        let (a, b) = (image(7, 13, 1, 97), image(5, 11, 2, 89));
        let c = image(1, 2, 0, 61);
        let c_flat: Vec<f32> = c.iter().map(|v| v * 0.5 + 0.25).collect();
        let d = image(3, 1, 1, 101);
        let d_negative: Vec<f32> = d.iter().map(|v| 1.0 - v).collect();
        let cases: [(&[f32], &[f32], f32); 3] =
            [(&a, &b, 0.956_321_3), (&c, &c_flat, 0.169_047_84), (&d, &d_negative, 1.952_060_5)];
        for (x, y, expected) in cases {
            assert!((loss(&[x], &[y]) - expected).abs() < 2e-5, "{} is not {expected}", loss(&[x], &[y]));
            assert!(loss(&[x], &[x]).abs() < 1e-6);
        }
        let batch = loss(&[&a, &c, &d], &[&b, &c_flat, &d_negative]);
        assert!((batch - 1.025_809_9).abs() < 2e-5, "{batch}");
    }

    /// Expected value: the same formula on images continued by `numpy.pad(..., 5, "symmetric")`.
    #[test]
    fn mirrored_borders_agree_with_padding_computed_outside_the_project() {
        let device = Device::flex();
        let (a, b) = (image(7, 13, 1, 97), image(5, 11, 2, 89));
        let loss = SsimLoss::new(SIZE, Border::Mirrored, &device);
        let found: f32 = loss.forward(tensor(&[&a], &device), tensor(&[&b], &device)).into_scalar();
        assert!((found - 0.8432065).abs() < 2e-5, "{found}");
    }

    /// A step along the gradient changes the loss as the gradient says.
    #[test]
    fn the_gradient_agrees_with_a_finite_difference() {
        let device = Device::flex().autodiff();
        let (a, b) = (image(7, 13, 1, 97), image(5, 11, 2, 89));
        let x = tensor(&[&a], &device).require_grad();
        let gradients =
            SsimLoss::new(SIZE, Border::Valid, &device).forward(x.clone(), tensor(&[&b], &device)).backward();
        let gradient: Vec<f32> = x.grad(&gradients).unwrap().into_data().iter::<f32>().collect();
        let norm = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
        let step = 0.02;
        let moved =
            |sign: f32| -> Vec<f32> { a.iter().zip(&gradient).map(|(v, g)| v + sign * step * g / norm).collect() };
        let slope = (loss(&[&moved(1.0)], &[&b]) - loss(&[&moved(-1.0)], &[&b])) / (2.0 * step);
        assert!((slope / norm - 1.0).abs() < 0.02, "slope {slope}, gradient {norm}");
    }
}
