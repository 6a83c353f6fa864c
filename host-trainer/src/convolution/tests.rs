//! The layers against burn's own operations.
//!
//! All numbers are small multiples of powers of two, so that every sum is exact in f32 and results must be equal, not
//! close; biases keep outputs off zero, where a rectifier's slope is a matter of taste.

use burn::tensor::{Device, TensorData};
use proptest::prelude::*;

use super::*;

/// One layer and the size of what goes in.
#[derive(Clone, Copy, Debug)]
struct Case {
    direction: Direction,
    batch: usize,
    channels: [usize; 2],
    side: [usize; 2],
    spacing: Spacing,
    leak: f64,
    seed: u32,
}

/// Input, weights, bias.
type Inputs = (Tensor<4>, Tensor<4>, Tensor<1>);

impl Case {
    fn inputs(&self, device: &Device) -> Inputs {
        let [input, output] = self.channels;
        let kernel = self.spacing.kernel;
        let weights = match self.direction {
            Direction::Ordinary => [output, input, kernel, kernel],
            Direction::Transposed => [input, output, kernel, kernel],
        };
        let x = integers([self.batch, input, self.side[0], self.side[1]], self.seed, device);
        let bias = integers([output], self.seed ^ 2, device) + 0.5;
        (x, integers(weights, self.seed ^ 1, device), bias)
    }

    fn ours(&self, vectors: Vectors, (x, weights, bias): Inputs) -> Tensor<4> {
        layer(x, weights, bias, vectors, self.direction, self.spacing, self.leak)
    }

    fn burns(&self, (x, weights, bias): Inputs) -> Tensor<4> {
        match self.direction {
            Direction::Ordinary => composed::convolution(x, weights, bias, self.spacing, self.leak),
            Direction::Transposed => composed::transposed_convolution(x, weights, bias, self.spacing, self.leak),
        }
    }
}

/// Integers from -3 to 3.
fn integers<const D: usize>(shape: [usize; D], seed: u32, device: &Device) -> Tensor<D> {
    let mut state = seed;
    let values = (0..shape.iter().product()).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as f32 % 7.0 - 3.0
    });
    Tensor::from_data(TensorData::new(values.collect(), shape), device)
}

/// Output and gradients by input, weights and bias of a loss that weighs every output differently.
fn run(case: &Case, forward: impl Fn(Inputs) -> Tensor<4>) -> Vec<Vec<f32>> {
    let device = Device::flex().autodiff();
    let (x, weights, bias) = case.inputs(&device);
    let (x, weights, bias) = (x.require_grad(), weights.require_grad(), bias.require_grad());
    let y = forward((x.clone(), weights.clone(), bias.clone()));
    let factors = integers(y.dims(), case.seed ^ 3, &device);
    let gradients = (y.clone() * factors).sum().backward();
    let gradient = [x.grad(&gradients), weights.grad(&gradients)].map(|found| numbers(found.unwrap()));
    let [by_input, by_weights] = gradient;
    vec![numbers(y), by_input, by_weights, numbers(bias.grad(&gradients).unwrap())]
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn channels() -> impl Strategy<Value = usize> {
    prop_oneof![1usize..5, Just(16), Just(33), 1usize..50]
}

prop_compose! {
    fn cases()(
        transposed in any::<bool>(),
        batch in 1usize..4,
        channels in [channels(), channels()],
        side in [1usize..12, 1usize..12],
        kernel in 1usize..9,
        stride in 1usize..4,
        padding in 0usize..4,
        leak in prop_oneof![Just(1.0), Just(0.25), Just(0.0)],
        seed in any::<u32>(),
    ) -> Case {
        let smallest = side[0].min(side[1]);
        let direction = if transposed { Direction::Transposed } else { Direction::Ordinary };
        // No kernel beyond the padded image, no padding that leaves nothing of the output.
        let (kernel, padding) = match direction {
            Direction::Ordinary => (kernel.min(smallest + 2 * padding), padding),
            Direction::Transposed => (kernel, padding.min(((smallest - 1) * stride + kernel - 1) / 2)),
        };
        Case { direction, batch, channels, side, spacing: Spacing { kernel, stride, padding }, leak, seed }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn values_and_gradients_are_burns(case in cases()) {
        let expected = run(&case, |inputs| case.burns(inputs));
        for vectors in Vectors::available() {
            let found = run(&case, |inputs| case.ours(vectors, inputs));
            prop_assert_eq!(&found, &expected, "{:?}", vectors);
        }
    }
}

/// A layer that every processor computes with its vectors, and its inputs with rounding in every sum.
const ROUNDED: Case = Case {
    direction: Direction::Ordinary,
    batch: 5,
    channels: [19, 37],
    side: [23, 17],
    spacing: Spacing { kernel: 3, stride: 2, padding: 1 },
    leak: 0.2,
    seed: 1,
};

fn run_rounded(vectors: Vectors) -> Vec<Vec<f32>> {
    run(&ROUNDED, |(x, weights, bias)| ROUNDED.ours(vectors, (x / 7.0, weights / 11.0, bias / 13.0)))
}

#[test]
fn vector_width_and_threads_change_no_bit() {
    let widest = Vectors::available().next().expect("a processor with AVX2, AVX-512 or NEON");
    let expected = run_rounded(widest);
    for vectors in Vectors::available() {
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| run_rounded(vectors)), expected, "{vectors:?}, {threads} threads");
        }
    }
}

/// What the network does: layer after layer, an input that needs no gradient, and no autodiff at all to validate.
#[test]
fn a_chain_is_burns_chain() {
    let device = Device::flex().autodiff();
    let first = Case { direction: Direction::Ordinary, channels: [1, 4], side: [9, 7], leak: 0.25, ..ROUNDED };
    let second = Case { direction: Direction::Transposed, channels: [4, 3], side: [5, 4], ..first };
    let (x, w1, b1) = first.inputs(&device);
    let (_, w2, b2) = second.inputs(&device);
    let (w1, w2) = (w1.require_grad(), w2.require_grad());
    let ours = convolution(x.clone(), w1.clone(), b1.clone(), 2, 1, 0.25);
    let ours = transposed_convolution(ours, w2.clone(), b2.clone(), 2, 1, 1.0);
    let burns = composed::convolution(x.clone(), w1.clone(), b1.clone(), first.spacing, 0.25);
    let burns = composed::transposed_convolution(burns, w2.clone(), b2.clone(), first.spacing, 1.0);
    assert_eq!(numbers(ours.clone()), numbers(burns.clone()));
    let factors = integers(ours.dims(), 9, &device);
    let (ours, burns) = ((ours * factors.clone()).sum().backward(), (burns * factors).sum().backward());
    for weights in [&w1, &w2] {
        assert_eq!(numbers(weights.grad(&ours).unwrap()), numbers(weights.grad(&burns).unwrap()));
    }

    let plain = convolution(x.clone().inner(), w1.clone().inner(), b1.clone().inner(), 2, 1, 0.25);
    assert_eq!(numbers(plain), numbers(composed::convolution(x, w1, b1, first.spacing, 0.25)));
}

#[test]
fn the_cpu_uses_its_vectors_and_a_slope_outside_of_0_to_1_is_refused() {
    let device = Device::flex();
    let chosen = Vectors::of_the_cpu(&device).map(|vectors| vectors.lanes());
    assert_eq!(chosen, Vectors::available().next().map(|vectors| vectors.lanes()));
    assert_eq!(Vectors::of_the_cpu(&device.clone().autodiff()).map(|v| v.lanes()), chosen);
    let (x, weights, bias) = ROUNDED.inputs(&device);
    let refused = std::panic::catch_unwind(|| convolution(x, weights, bias, 1, 0, 1.5));
    assert!(refused.is_err());
}
