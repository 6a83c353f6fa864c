//! The layers against burn's own operations and against themselves.

use burn::tensor::{Device, Distribution, Tensor, Tolerance};
use proptest::prelude::*;

use super::layer::{Direction, Layer};
use super::windows::{Extent, Spacing, Windows};
use super::*;
use crate::vectors::Vectors;

/// One layer and the size of what goes in.
#[derive(Clone, Copy, Debug)]
struct Case {
    direction: Direction,
    batch: usize,
    channels: [usize; 2],
    side: [usize; 2],
    spacing: Spacing,
    leak: f64,
}

impl Case {
    /// Channels as burn keeps them: coarse, then fine.
    fn weight_shape(&self) -> [usize; 4] {
        let [input, output] = self.channels;
        let kernel = self.spacing.kernel;
        match self.direction {
            Direction::Ordinary => [output, input, kernel, kernel],
            Direction::Transposed => [input, output, kernel, kernel],
        }
    }

    fn ours(&self, x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
        let Spacing { stride, padding, .. } = self.spacing;
        match self.direction {
            Direction::Ordinary => convolution(x, weight, bias, stride, padding, self.leak),
            Direction::Transposed => transposed_convolution(x, weight, bias, stride, padding, self.leak),
        }
    }

    fn burns(&self, x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
        match self.direction {
            Direction::Ordinary => composed_convolution(x, weight, bias, self.spacing, self.leak),
            Direction::Transposed => composed_transposed_convolution(x, weight, bias, self.spacing, self.leak),
        }
    }
}

fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), device)
}

/// Output and gradients by input, weight and bias of a loss that weighs every output differently.
fn run(
    case: &Case,
    layer: impl Fn(&Case, Tensor<4>, Tensor<4>, Tensor<1>) -> Tensor<4>,
    inputs: &(Tensor<4>, Tensor<4>, Tensor<1>),
    factors: Option<&Tensor<4>>,
) -> (Tensor<4>, Vec<burn::tensor::TensorData>) {
    let device = Device::flex().autodiff();
    let x = Tensor::<4>::from_data(inputs.0.to_data(), &device).require_grad();
    let weight = Tensor::<4>::from_data(inputs.1.to_data(), &device).require_grad();
    let bias = Tensor::<1>::from_data(inputs.2.to_data(), &device).require_grad();
    let y = layer(case, x.clone(), weight.clone(), bias.clone());
    let factors = factors.map(|f| Tensor::from_data(f.to_data(), &device)).unwrap_or_else(|| y.clone().detach());
    let gradients = (y.clone() * factors).sum().backward();
    let found = vec![
        y.to_data(),
        x.grad(&gradients).unwrap().to_data(),
        weight.grad(&gradients).unwrap().to_data(),
        bias.grad(&gradients).unwrap().to_data(),
    ];
    (y.inner(), found)
}

fn inputs(case: &Case) -> (Tensor<4>, Tensor<4>, Tensor<1>) {
    let device = Device::flex();
    let [input, output] = case.channels;
    let x = random([case.batch, input, case.side[0], case.side[1]], &device);
    (x, random(case.weight_shape(), &device), random([output], &device))
}

fn agrees_with_burn(case: &Case) {
    let inputs = inputs(case);
    let (y, expected) = run(case, Case::burns, &inputs, None);
    let (_, found) = run(case, Case::ours, &inputs, Some(&y));
    for (expected, found) in expected.iter().zip(&found) {
        found.assert_approx_eq::<f32>(expected, Tolerance::rel_abs(1e-3, 1e-3));
    }
}

fn channels() -> impl Strategy<Value = usize> {
    prop_oneof![1usize..5, Just(16), Just(17), Just(33), 1usize..70]
}

prop_compose! {
    fn cases()(
        transposed in any::<bool>(),
        batch in 1usize..4,
        channels in [channels(), channels()],
        side in [1usize..13, 1usize..13],
        kernel in 1usize..9,
        stride in 1usize..4,
        padding in 0usize..4,
        leak in prop_oneof![Just(1.0), Just(0.2), Just(0.0)],
    ) -> Option<Case> {
        let direction = if transposed { Direction::Transposed } else { Direction::Ordinary };
        let smallest = side[0].min(side[1]);
        let possible = match direction {
            Direction::Ordinary => smallest + 2 * padding >= kernel,
            Direction::Transposed => (smallest - 1) * stride + kernel > 2 * padding,
        };
        let spacing = Spacing { kernel, stride, padding };
        possible.then_some(Case { direction, batch, channels, side, spacing, leak })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn values_and_gradients_are_burns(case in cases()) {
        if let Some(case) = case {
            agrees_with_burn(&case);
        }
    }
}
