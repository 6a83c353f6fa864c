//! The network as a burn module: the layers of an [`Architecture`] with their [`Weights`] on a device.

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::nn::conv::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig};
use burn::nn::{Initializer, LeakyRelu, LeakyReluConfig, PaddingConfig2d, Sigmoid};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};

use super::architecture::{Architecture, LayerSpec};
use super::weights::{WeightTensor, Weights, WeightsError};

/// A trainable autoencoder.
#[derive(Module, Debug)]
pub struct Autoencoder {
    layers: Vec<Layer>,
}

#[derive(Module, Debug)]
enum Layer {
    Conv(Conv2d),
    ConvTranspose(ConvTranspose2d),
    LeakyRelu(LeakyRelu),
    PixelBias(PixelBias),
    Sigmoid(Sigmoid),
}

/// A learned number for each pixel.
#[derive(Module, Debug)]
struct PixelBias {
    /// `[1, height, width]`
    pixels: Param<Tensor<3>>,
}

impl Autoencoder {
    /// Builds the network on `device` with the given numbers.
    pub fn new(architecture: &Architecture, weights: &Weights, device: &Device) -> Self {
        let mut parameters = Parameters { tensors: weights.tensors().iter().enumerate(), device };
        let layers = architecture.layers.iter().map(|spec| Layer::new(spec, &mut parameters, device)).collect();
        Self { layers }
    }

    /// The numbers that burn knows the parameters by, in the order of `weights`: the same in every run.
    pub fn parameter_ids(weights: &Weights) -> impl Iterator<Item = u64> {
        1..=weights.tensors().len() as u64
    }

    /// Lets `mapper` replace every parameter.
    pub fn update(&mut self, mapper: &mut impl ModuleMapper) {
        self.layers = std::mem::take(&mut self.layers).map(mapper);
    }

    /// Redraws a batch.
    ///
    /// # Shapes
    /// - input: `[batch, 1, height, width]`, values in 0 to 1
    /// - output: the same
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        self.layers.iter().fold(input, |x, layer| match layer {
            Layer::Conv(conv) => conv.forward(x),
            Layer::ConvTranspose(conv) if conv.kernel_size == conv.stride && conv.padding == [0, 0] => spread(conv, x),
            Layer::ConvTranspose(conv) => conv.forward(x),
            Layer::LeakyRelu(leaky) => leaky_relu(leaky, x),
            Layer::PixelBias(bias) => x + bias.pixels.val().unsqueeze(),
            Layer::Sigmoid(sigmoid) => sigmoid.forward(x),
        })
    }

    /// Reads the numbers back from the device.
    ///
    /// # Errors
    /// [`WeightsError::NotFinite`] if training diverged.
    pub fn weights(&self, architecture: &Architecture) -> Result<Weights, WeightsError> {
        let mut values = Vec::new();
        for layer in &self.layers {
            let (weight, bias) = match layer {
                Layer::Conv(conv) => (conv.weight.val(), &conv.bias),
                Layer::ConvTranspose(conv) => (conv.weight.val(), &conv.bias),
                Layer::PixelBias(bias) => {
                    values.push(floats(bias.pixels.val().into_data()));
                    continue;
                }
                Layer::LeakyRelu(_) | Layer::Sigmoid(_) => continue,
            };
            values.push(floats(weight.into_data()));
            values.extend(bias.as_ref().map(|bias| floats(bias.val().into_data())));
        }
        let specs = architecture.parameters();
        let tensors = specs
            .into_iter()
            .zip(values)
            .map(|(spec, values)| WeightTensor { name: spec.name, shape: spec.shape, values })
            .collect();
        Weights::new(architecture, tensors)
    }
}

impl Layer {
    fn new<'a>(
        spec: &LayerSpec,
        parameters: &mut Parameters<'_, impl Iterator<Item = (usize, &'a WeightTensor)>>,
        device: &Device,
    ) -> Self {
        match *spec {
            LayerSpec::Conv(c) => {
                let mut conv = Conv2dConfig::new([c.channels_in, c.channels_out], [c.kernel, c.kernel])
                    .with_stride([c.stride, c.stride])
                    .with_padding(PaddingConfig2d::Explicit(c.padding, c.padding, c.padding, c.padding))
                    .with_initializer(Initializer::Zeros)
                    .init(device);
                conv.weight = parameters.next();
                conv.bias = Some(parameters.next());
                Self::Conv(conv)
            }
            LayerSpec::ConvTranspose(c) => {
                let mut conv = ConvTranspose2dConfig::new([c.channels_in, c.channels_out], [c.kernel, c.kernel])
                    .with_stride([c.stride, c.stride])
                    .with_padding([c.padding, c.padding])
                    .with_initializer(Initializer::Zeros)
                    .init(device);
                conv.weight = parameters.next();
                conv.bias = Some(parameters.next());
                Self::ConvTranspose(conv)
            }
            LayerSpec::LeakyRelu(slope) => Self::LeakyRelu(LeakyReluConfig::new().with_negative_slope(slope).init()),
            LayerSpec::PixelBias(_) => Self::PixelBias(PixelBias { pixels: parameters.next() }),
            LayerSpec::Sigmoid => Self::Sigmoid(Sigmoid::new()),
        }
    }
}

/// Hands out the weights in order, each under the number of its place, so that runs and checkpoints agree on them.
struct Parameters<'d, I> {
    tensors: I,
    device: &'d Device,
}

impl<'a, I: Iterator<Item = (usize, &'a WeightTensor)>> Parameters<'_, I> {
    fn next<const D: usize>(&mut self) -> Param<Tensor<D>> {
        let (index, tensor) = self.tensors.next().expect("`Weights` holds every tensor of its architecture");
        let data = TensorData::new(tensor.values.clone(), tensor.shape.clone());
        let value = Tensor::from_data(data, self.device);
        let value = if self.device.is_autodiff() { value.require_grad() } else { value };
        Param::initialized(ParamId::from(index as u64 + 1), value)
    }
}

/// A transposed convolution whose kernel equals its stride: every input pixel becomes a block of its own. As a matrix
/// product and a permutation it trains in about half the time of the general case.
fn spread(conv: &ConvTranspose2d, x: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let [_, channels_out, rows, columns] = conv.weight.dims();
    let block = channels_out * rows * columns;
    let weight = conv.weight.val().reshape([1, channels, block]).swap_dims(1, 2).expand([batch, block, channels]);
    let blocks = weight.matmul(x.reshape([batch, channels, height * width]));
    let y = blocks.reshape([batch, channels_out, rows, columns, height, width]).permute([0, 1, 4, 2, 5, 3]).reshape([
        batch,
        channels_out,
        height * rows,
        width * columns,
    ]);
    match &conv.bias {
        Some(bias) => y + bias.val().reshape([1, channels_out, 1, 1]),
        None => y,
    }
}

/// `slope x + (1 - slope) max(x, 0)`: the same function as burn's, whose gradient goes through a mask and takes twice
/// as long.
fn leaky_relu(leaky: &LeakyRelu, x: Tensor<4>) -> Tensor<4> {
    let slope = leaky.negative_slope;
    relu(x.clone()).mul_scalar(1.0 - slope) + x.mul_scalar(slope)
}

fn floats(data: TensorData) -> Vec<f32> {
    data.iter::<f32>().collect()
}
