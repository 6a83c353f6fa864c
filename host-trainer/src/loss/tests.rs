//! The loss as one operation against the same loss composed of burn's operations.

use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;
use shared::image::Size;

use super::flex::Operation;
use super::ssim::{Border, SsimLoss};
use crate::vectors::Vectors;

fn images(batch: usize, size: Size, seed: u32, device: &Device) -> Tensor<4> {
    let shape = [batch, 1, usize::from(size.height), usize::from(size.width)];
    let mut state = seed;
    let values = (0..shape.iter().product()).map(|i| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (state >> 8) as f32 / (1 << 24) as f32;
        0.3 * noise + 0.7 * (i % shape[3]) as f32 / shape[3] as f32
    });
    Tensor::from_data(TensorData::new(values.collect(), shape), device)
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Loss, gradient by x, gradient by y.
fn run(batch: usize, size: Size, loss: impl Fn(Tensor<4>, Tensor<4>) -> Tensor<1>) -> [Vec<f32>; 3] {
    let device = Device::flex().autodiff();
    let x = images(batch, size, 1, &device).require_grad();
    let y = images(batch, size, 2, &device).require_grad();
    let loss = loss(x.clone(), y.clone());
    let gradients = (loss.clone() * 3.0).backward();
    [numbers(loss), numbers(x.grad(&gradients).unwrap()), numbers(y.grad(&gradients).unwrap())]
}

fn operation(loss: &SsimLoss, vectors: Vectors, x: Tensor<4>, y: Tensor<4>) -> Tensor<1> {
    Operation { vectors, similarity: loss.similarity() }.apply(x, y)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn loss_and_gradients_are_those_of_burns_operations(
        batch in 1usize..4,
        height in 11u16..40,
        width in 11u16..40,
        border in prop_oneof![Just(Border::Valid), Just(Border::Mirrored)],
    ) {
        let size = Size { width, height };
        let loss = SsimLoss::new(size, border, &Device::flex().autodiff());
        let expected = run(batch, size, |x, y| loss.composed(x, y));
        for vectors in Vectors::available() {
            let found = run(batch, size, |x, y| operation(&loss, vectors, x, y));
            prop_assert!((found[0][0] - expected[0][0]).abs() < 1e-5, "{} {}", found[0][0], expected[0][0]);
            for (found, expected) in found[1..].iter().zip(&expected[1..]) {
                let largest = expected.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
                for (found, expected) in found.iter().zip(expected) {
                    prop_assert!((found - expected).abs() < 2e-4 * largest, "{found} {expected} of {largest}");
                }
            }
        }
    }
}

#[test]
fn vector_width_and_threads_change_no_bit() {
    let size = Size { width: 45, height: 37 };
    let loss = SsimLoss::new(size, Border::Mirrored, &Device::flex().autodiff());
    let widest = Vectors::available().next().expect("a processor with AVX2, AVX-512 or NEON");
    let expected = run(5, size, |x, y| operation(&loss, widest, x, y));
    for vectors in Vectors::available() {
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let found = pool.install(|| run(5, size, |x, y| operation(&loss, vectors, x, y)));
            assert_eq!(found, expected, "{vectors:?}, {threads} threads");
        }
    }
}

/// A target that needs no gradient, and no autodiff at all: what training and validation do.
#[test]
fn constants_and_plain_tensors_give_the_same_loss() {
    let (device, size) = (Device::flex().autodiff(), Size { width: 20, height: 16 });
    let loss = SsimLoss::new(size, Border::Mirrored, &device);
    let (x, y) = (images(2, size, 1, &device).require_grad(), images(2, size, 2, &device));
    let tracked = loss.forward(x.clone(), y.clone());
    let gradient = numbers(x.grad(&tracked.backward()).unwrap());
    let expected = run(2, size, |x, y| loss.composed(x, y));
    assert!(gradient.iter().zip(&expected[1]).all(|(found, expected)| (found - expected / 3.0).abs() < 1e-6));
    let plain = SsimLoss::new(size, Border::Mirrored, &Device::flex()).forward(x.inner(), y.inner());
    assert_eq!(numbers(plain), numbers(tracked));
}
