//! The network as a burn module: the layers of an [`Architecture`] with their [`Weights`] on a device.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::nn::conv::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Initializer, LeakyRelu, LeakyReluConfig, PaddingConfig2d, Sigmoid};
use burn::tensor::{Device, Tensor, TensorData};

use super::architecture::{Architecture, LayerSpec};
use super::weights::{WeightTensor, Weights, WeightsError};
use crate::convolution::{convolution, transposed_convolution};

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
    Add(Skip),
    Average(Skip),
    MaxPool(MaxPool2d),
    PixelBias(PixelBias),
    Sigmoid(Sigmoid),
}

/// A learned number for each pixel.
#[derive(Module, Debug)]
struct PixelBias {
    /// `[1, height, width]`
    pixels: Param<Tensor<3>>,
}

/// The number of the layer whose output is added or averaged with.
#[derive(Module, Debug)]
struct Skip {
    from: usize,
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
        let mut skipped = self.skips();
        let mut layers = self.layers.iter().enumerate().peekable();
        let mut x = input;
        while let Some((mut index, layer)) = layers.next() {
            let leak = match (layer, layers.peek()) {
                (Layer::Conv(_) | Layer::ConvTranspose(_), Some((_, Layer::LeakyRelu(leaky)))) => {
                    layers.next();
                    index += 1;
                    leaky.negative_slope
                }
                _ => 1.0,
            };
            x = match layer {
                Layer::Conv(conv) => {
                    let bias = conv.bias.as_ref().expect("every convolution has a bias").val();
                    convolution(x, conv.weight.val(), bias, conv.stride[0], padding(conv), leak)
                }
                Layer::ConvTranspose(conv) => {
                    let bias = conv.bias.as_ref().expect("every convolution has a bias").val();
                    transposed_convolution(x, conv.weight.val(), bias, conv.stride[0], conv.padding[0], leak)
                }
                Layer::LeakyRelu(leaky) => leaky.forward(x),
                Layer::Add(skip) => sum(x, earlier(&mut skipped, skip)),
                Layer::Average(skip) => sum(x, earlier(&mut skipped, skip)) * 0.5,
                Layer::MaxPool(pool) => pool.forward(x),
                Layer::PixelBias(bias) => x + bias.pixels.val().unsqueeze(),
                Layer::Sigmoid(sigmoid) => sigmoid.forward(x),
            };
            if let Some(kept) = skipped.get_mut(&index) {
                *kept = Some(x.clone());
            }
        }
        x
    }

    /// A place for each output that a later layer adds.
    fn skips(&self) -> BTreeMap<usize, Option<Tensor<4>>> {
        let from = self.layers.iter().filter_map(|layer| match layer {
            Layer::Add(skip) | Layer::Average(skip) => Some((skip.from, None)),
            _ => None,
        });
        from.collect()
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
                Layer::LeakyRelu(_) | Layer::Add(_) | Layer::Average(_) | Layer::MaxPool(_) | Layer::Sigmoid(_) => {
                    continue;
                }
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
            LayerSpec::Add(from) => Self::Add(Skip { from }),
            LayerSpec::Average(from) => Self::Average(Skip { from }),
            LayerSpec::MaxPool(pool) => Self::MaxPool(
                MaxPool2dConfig::new([pool.kernel, pool.kernel]).with_strides([pool.stride, pool.stride]).init(),
            ),
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

/// Takes the output that was kept for a layer.
fn earlier(kept: &mut BTreeMap<usize, Option<Tensor<4>>>, skip: &Skip) -> Tensor<4> {
    match kept.remove(&skip.from).flatten() {
        Some(earlier) => earlier,
        None => unreachable!("an architecture reads the output of an earlier layer, once"),
    }
}

/// Adds two results of convolutions in the order in which they lie in memory on the CPU: pixel by pixel.
fn sum(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    const PIXEL_BY_PIXEL: [isize; 4] = [0, 2, 3, 1];
    (a.permute(PIXEL_BY_PIXEL) + b.permute(PIXEL_BY_PIXEL)).permute([0, 3, 1, 2])
}

fn padding(conv: &Conv2d) -> usize {
    match conv.padding {
        PaddingConfig2d::Explicit(top, ..) => top,
        _ => unreachable!("`Layer::new` gives every convolution its padding in pixels"),
    }
}

fn floats(data: TensorData) -> Vec<f32> {
    data.iter::<f32>().collect()
}
