//! Losses that compare pixel by pixel: the mean squared error (the paper's alternative to SSIM) and the mean absolute
//! error. Values in 0 to 1; 0 for equal images, at most 1.

use burn::tensor::Tensor;

/// Mean squared error.
///
/// # Shapes
/// - x, y: `[batch, 1, height, width]`
/// - output: `[1]`
pub fn mse(x: Tensor<4>, y: Tensor<4>) -> Tensor<1> {
    let difference = x.sub(y);
    difference.clone().mul(difference).mean()
}

/// Mean absolute error.
///
/// # Shapes
/// As [`mse`].
pub fn l1(x: Tensor<4>, y: Tensor<4>) -> Tensor<1> {
    x.sub(y).abs().mean()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    #[test]
    fn by_hand() {
        let image =
            |values: [f32; 4]| Tensor::<4>::from_data(TensorData::new(values.to_vec(), [1, 1, 2, 2]), &Device::flex());
        let (x, y) = (image([0.0, 0.5, 1.0, 0.25]), image([0.5, 0.5, 0.0, 0.5]));
        let found: f32 = mse(x.clone(), y.clone()).into_scalar();
        assert_eq!(found, (0.25 + 1.0 + 0.0625) / 4.0);
        let found: f32 = l1(x, y).into_scalar();
        assert_eq!(found, (0.5 + 1.0 + 0.25) / 4.0);
    }
}
