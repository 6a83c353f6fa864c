//! What a network looks like, apart from its numbers: an ordered list of layers, each fed by the one before, some by an
//! earlier one too.
//!
//! Both the burn module and the ONNX writer are made from this list. It knows neither tensors nor protobuf.

use shared::image::Size;

/// Channels, kernel, stride and padding of a square two-dimensional convolution, ordinary or transposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Channels of the layer's input.
    pub channels_in: usize,
    /// Channels of the layer's output.
    pub channels_out: usize,
    /// Side of the square kernel, in pixels.
    pub kernel: usize,
    /// Stride in both directions, in pixels.
    pub stride: usize,
    /// Zero padding on each of the four sides, in pixels.
    pub padding: usize,
}

/// A pool without padding; a rest that no window covers is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolShape {
    /// Side of the square window, in pixels.
    pub kernel: usize,
    /// Stride in both directions, in pixels.
    pub stride: usize,
}

/// One layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LayerSpec {
    /// Convolution with bias; weight `[out, in, k, k]`.
    Conv(ConvShape),
    /// Transposed convolution with bias; weight `[in, out, k, k]`.
    ConvTranspose(ConvShape),
    /// `max(x, slope * x)` element by element.
    LeakyRelu(f64),
    /// Adds a learned number to each pixel, the same for every image; `[1, height, width]`. It starts at the mean good
    /// image, so that training spends its steps on how parts differ.
    PixelBias(Size),
    /// Adds the output of the layer with this number, an earlier one of the same shape: a skip connection. The layer
    /// that is added is no convolution followed by a rectifier, since those two are computed as one.
    Add(usize),
    /// The greatest of each window.
    MaxPool(PoolShape),
    /// The average with the output of the layer with this number; as for [`Add`](Self::Add) otherwise.
    Average(usize),
    /// `1 / (1 + exp(-x))` element by element.
    Sigmoid,
}

/// A chain of layers from one gray image to one gray image of the same size, both in the range 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Architecture {
    /// The name a user gives on the command line.
    pub name: &'static str,
    /// Size of the input and of the output, in pixels.
    pub size: Size,
    /// Every layer, input first.
    pub layers: Vec<LayerSpec>,
}

/// The shape and the initial spread of one parameter tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterSpec {
    /// Stable name, such as `layer03.weight`; also the initializer's name in ONNX.
    pub name: String,
    /// Dimensions, outermost first.
    pub shape: Vec<usize>,
    /// Standard deviation of the initial values; 0 for a bias.
    pub init_std: f64,
}

impl LayerSpec {
    /// The parameter tensors of this layer as number `index` of its chain: weight, then bias; none for activations.
    ///
    /// The spread is He's for a leaky rectifier of slope 0.2 (He et al. 2015, equation 15): sqrt(2 / (1.04 fan)),
    /// where fan counts the inputs that reach one output: `in * k^2`, divided by `stride^2` when transposed.
    pub(crate) fn parameters(&self, index: usize) -> Vec<ParameterSpec> {
        let (shape, conv, fan) = match self {
            Self::Conv(c) => {
                let fan = (c.channels_in * c.kernel * c.kernel) as f64;
                (vec![c.channels_out, c.channels_in, c.kernel, c.kernel], c, fan)
            }
            Self::ConvTranspose(c) => {
                let reach = (c.kernel * c.kernel) as f64 / (c.stride * c.stride) as f64;
                (vec![c.channels_in, c.channels_out, c.kernel, c.kernel], c, c.channels_in as f64 * reach)
            }
            Self::PixelBias(size) => {
                let shape = vec![1, usize::from(size.height), usize::from(size.width)];
                return vec![ParameterSpec { name: format!("layer{index:02}.pixels"), shape, init_std: 0.0 }];
            }
            Self::LeakyRelu(_) | Self::Add(_) | Self::Average(_) | Self::MaxPool(_) | Self::Sigmoid => {
                return Vec::new();
            }
        };
        vec![
            ParameterSpec { name: format!("layer{index:02}.weight"), shape, init_std: (2.0 / (1.04 * fan)).sqrt() },
            ParameterSpec { name: format!("layer{index:02}.bias"), shape: vec![conv.channels_out], init_std: 0.0 },
        ]
    }
}

impl Architecture {
    /// All parameter tensors in the order of the layers.
    pub(crate) fn parameters(&self) -> Vec<ParameterSpec> {
        self.layers.iter().enumerate().flat_map(|(index, layer)| layer.parameters(index)).collect()
    }

    /// Whether the network treats every place of the image alike, so that its weights fit images of another size.
    pub fn is_free_of_place(&self) -> bool {
        !self.layers.iter().any(|layer| matches!(layer, LayerSpec::PixelBias(_)))
    }

    /// How many numbers the network learns.
    pub fn parameter_count(&self) -> usize {
        self.parameters().iter().map(|p| p.shape.iter().product::<usize>()).sum()
    }
}

/// Channels and size after each layer, for tests. Panics where layers don't fit each other.
#[cfg(test)]
pub(super) fn shapes(architecture: &Architecture) -> Vec<(usize, Size)> {
    let mut shapes: Vec<(usize, Size)> = Vec::new();
    let (mut channels, mut size) = (1, architecture.size);
    let each = |size: Size, of: &dyn Fn(usize) -> usize| {
        Size::new(of(size.width.into()) as u16, of(size.height.into()) as u16)
    };
    for layer in &architecture.layers {
        match layer {
            LayerSpec::Conv(c) => {
                assert_eq!(c.channels_in, channels);
                channels = c.channels_out;
                size = each(size, &|side| (side + 2 * c.padding - c.kernel) / c.stride + 1);
            }
            LayerSpec::ConvTranspose(c) => {
                assert_eq!(c.channels_in, channels);
                channels = c.channels_out;
                size = each(size, &|side| (side - 1) * c.stride + c.kernel - 2 * c.padding);
            }
            LayerSpec::MaxPool(pool) => size = each(size, &|side| (side - pool.kernel) / pool.stride + 1),
            LayerSpec::Add(from) | LayerSpec::Average(from) => assert_eq!(shapes[*from], (channels, size)),
            LayerSpec::PixelBias(_) | LayerSpec::LeakyRelu(_) | LayerSpec::Sigmoid => {}
        }
        shapes.push((channels, size));
    }
    shapes
}
