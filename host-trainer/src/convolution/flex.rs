//! The layers as an operation of burn's flex backend, with its own backward pass.
//!
//! Tensors are `[batch, channels, height, width]` as everywhere in burn. Results lie in memory pixel by pixel, and a
//! layer that receives such a tensor reads it where it is.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, TensorMetadata, backend_extension};
use burn::tensor::TensorData;

use super::buffer::Padded;
use super::layer::{Direction, Layer};
use super::windows::{Extent, Spacing, Windows};
use crate::vectors::Vectors;

/// What a layer does, whatever the size of its input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    pub vectors: Vectors,
    pub direction: Direction,
    pub spacing: Spacing,
    pub leak: f32,
}

/// A layer on the tensors of a backend.
#[backend_extension(Flex, Autodiff)]
pub(super) trait LayerOps: Backend {
    /// Weights are `[coarse channels, fine channels, kernel, kernel]`; one bias for each channel of the output.
    fn layer(
        input: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        operation: Operation,
    ) -> FloatTensor<Self>;
}

impl LayerOps for Flex {
    fn layer(input: FlexTensor, weights: FlexTensor, bias: FlexTensor, operation: Operation) -> FlexTensor {
        operation.forward(&input, &weights, &bias).output
    }
}

impl<C: CheckpointStrategy> LayerOps for Autodiff<Flex, C> {
    fn layer(
        input: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        operation: Operation,
    ) -> FloatTensor<Self> {
        let forward = operation.forward(input.primitive(), weights.primitive(), bias.primitive());
        let prepared =
            LayerBackward.prepare::<C>([input.node(), weights.node(), bias.node()]).compute_bound().stateful();
        match prepared {
            OpsKind::Tracked(tracked) => {
                let state = State {
                    layer: forward.layer,
                    input: forward.input,
                    weights: weights.into_primitive(),
                    output: forward.output.clone(),
                };
                tracked.finish(state, forward.output)
            }
            OpsKind::UnTracked(untracked) => untracked.finish(forward.output),
        }
    }
}

#[derive(Debug)]
struct LayerBackward;

/// What the backward pass needs of the forward pass.
#[derive(Clone, Debug)]
struct State {
    layer: Layer,
    input: Arc<Padded>,
    weights: FlexTensor,
    output: FlexTensor,
}

impl Backward<Flex, 3> for LayerBackward {
    type State = State;

    fn backward(self, ops: Ops<State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let [input, weights, bias] = ops.parents;
        let State { layer, input: padded, weights: values, output } = ops.state;
        let gradient = pixel_by_pixel(gradients.consume::<Flex>(&ops.node));
        let (output, values, shape) = (pixel_by_pixel(output), values.to_contiguous(), values.shape());
        let found = layer.backward(numbers(&gradient), numbers(&output), &padded, numbers(&values), input.is_some());
        if let Some((node, by_input)) = input.zip(found.input) {
            gradients.register::<Flex>(node.id, image_tensor(by_input, layer.input()));
        }
        if let Some(node) = weights {
            gradients.register::<Flex>(node.id, FlexTensor::from_data(TensorData::new(found.weights, shape)));
        }
        if let Some(node) = bias {
            let shape = [found.bias.len()];
            gradients.register::<Flex>(node.id, FlexTensor::from_data(TensorData::new(found.bias, shape)));
        }
    }
}

struct Forward {
    layer: Layer,
    output: FlexTensor,
    input: Arc<Padded>,
}

impl Operation {
    fn forward(self, input: &FlexTensor, weights: &FlexTensor, bias: &FlexTensor) -> Forward {
        let shape = input.shape();
        let extent = Extent { batch: shape[0], channels: shape[1], height: shape[2], width: shape[3] };
        let [coarse, fine] = [weights.shape()[0], weights.shape()[1]];
        let windows = match self.direction {
            Direction::Ordinary => Windows::over(extent, coarse, self.spacing),
            Direction::Transposed => Windows::under(extent, fine, self.spacing),
        };
        let layer = Layer { vectors: self.vectors, windows, direction: self.direction, leak: self.leak };
        assert_eq!(layer.input().channels, extent.channels, "channels of the input and of the weights");
        let (input, weights, bias) = (pixel_by_pixel(input.clone()), weights.to_contiguous(), bias.to_contiguous());
        let (output, input) = layer.forward(numbers(&input), numbers(&weights), numbers(&bias));
        Forward { layer, output: image_tensor(output, layer.output()), input }
    }
}

/// `[batch, channels, height, width]` to `[batch, height, width, channels]`, without a copy if it lies so already.
fn pixel_by_pixel(tensor: FlexTensor) -> FlexTensor {
    let turned = Flex::float_permute(tensor, &[0, 2, 3, 1]);
    if turned.is_contiguous() { turned } else { turned.to_contiguous() }
}

fn numbers(contiguous: &FlexTensor) -> &[f32] {
    contiguous.as_slice().expect("burn gave a contiguous tensor of f32")
}

/// Numbers that lie pixel by pixel as `[batch, channels, height, width]`.
fn image_tensor(values: Vec<f32>, extent: Extent) -> FlexTensor {
    let Extent { batch, height, width, channels } = extent;
    let tensor = FlexTensor::from_data(TensorData::new(values, [batch, height, width, channels]));
    Flex::float_permute(tensor, &[0, 3, 1, 2])
}
