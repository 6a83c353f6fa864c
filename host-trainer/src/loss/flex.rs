//! The SSIM loss as one operation of burn's flex backend, with its own backward pass.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use super::similarity::{Pair, Similarity};
use crate::vectors::Vectors;

/// What to compute with.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub vectors: Vectors,
    pub similarity: Arc<Similarity>,
}

/// One minus the mean similarity of two batches of images.
#[backend_extension(Flex, Autodiff)]
pub(super) trait SsimOps: Backend {
    /// Images are `[batch, 1, height, width]`; the loss is `[1]`.
    fn ssim_loss(x: FloatTensor<Self>, y: FloatTensor<Self>, operation: Operation) -> FloatTensor<Self>;
}

impl SsimOps for Flex {
    fn ssim_loss(x: FlexTensor, y: FlexTensor, operation: Operation) -> FlexTensor {
        let (x, y) = (x.to_contiguous(), y.to_contiguous());
        scalar(operation.loss(numbers(&x), numbers(&y), None))
    }
}

impl<C: CheckpointStrategy> SsimOps for Autodiff<Flex, C> {
    fn ssim_loss(x: FloatTensor<Self>, y: FloatTensor<Self>, operation: Operation) -> FloatTensor<Self> {
        let (first, second) = (x.primitive().to_contiguous(), y.primitive().to_contiguous());
        let (a, b) = (numbers(&first), numbers(&second));
        let mut by_x = x.is_tracked().then(|| vec![0.0; a.len()]);
        let mut by_y = y.is_tracked().then(|| vec![0.0; b.len()]);
        let loss = operation.loss(a, b, by_x.as_deref_mut());
        if by_y.is_some() {
            operation.loss(b, a, by_y.as_deref_mut());
        }
        let tensor = |gradient: Vec<f32>| FlexTensor::from_data(TensorData::new(gradient, first.shape()));
        let state = [by_x.map(tensor), by_y.map(tensor)];
        match SsimBackward.prepare::<C>([x.node(), y.node()]).compute_bound().stateful() {
            OpsKind::Tracked(tracked) => tracked.finish(state, scalar(loss)),
            OpsKind::UnTracked(untracked) => untracked.finish(scalar(loss)),
        }
    }
}

#[derive(Debug)]
struct SsimBackward;

impl Backward<Flex, 2> for SsimBackward {
    /// The gradients of the loss by x and by y.
    type State = [Option<FlexTensor>; 2];

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let factor = gradients.consume::<Flex>(&ops.node);
        for (node, gradient) in ops.parents.into_iter().zip(ops.state) {
            if let Some((node, gradient)) = node.zip(gradient) {
                let factor = Flex::float_reshape(factor.clone(), [1; 4].into());
                gradients.register::<Flex>(node.id, Flex::float_mul(gradient, factor));
            }
        }
    }
}

impl Operation {
    /// The loss of two batches on the CPU.
    pub(super) fn apply(self, x: Tensor<4>, y: Tensor<4>) -> Tensor<1> {
        Tensor::from_dispatch(Dispatch::ssim_loss(x.into_dispatch(), y.into_dispatch(), self))
    }

    /// The loss of all pairs; `gradient` receives its gradient by x.
    fn loss(&self, x: &[f32], y: &[f32], gradient: Option<&mut [f32]>) -> f32 {
        let similarity = &*self.similarity;
        let image = similarity.height * similarity.width;
        let pairs = x.len() / image;
        let factor = -1.0 / (pairs * similarity.count()) as f32;
        let gradients: Vec<_> = match gradient {
            Some(gradient) => gradient.chunks_exact_mut(image).map(Some).collect(),
            None => (0..pairs).map(|_| None).collect(),
        };
        let images = x.par_chunks_exact(image).zip(y.par_chunks_exact(image)).zip(gradients);
        let sums = images.map(|((x, y), mut gradient)| {
            let pair = Pair { similarity, x, y, gradient: gradient.as_deref_mut() };
            let sum = self.vectors.run(pair);
            gradient.into_iter().flatten().for_each(|value| *value *= factor);
            sum
        });
        let sums: Vec<f64> = sums.collect();
        (1.0 - sums.iter().sum::<f64>() / (pairs * similarity.count()) as f64) as f32
    }
}

fn scalar(value: f32) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(vec![value], [1]))
}

fn numbers(contiguous: &FlexTensor) -> &[f32] {
    contiguous.as_slice().expect("burn gave a contiguous tensor of f32")
}
