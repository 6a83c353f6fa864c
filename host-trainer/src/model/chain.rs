//! Builds a list of layers front to back, keeping count of channels.

use super::architecture::{ConvShape, LayerSpec, PoolShape};

const LEAK: f64 = 0.2;

/// Layers so far and the channels that the last of them puts out.
pub(super) struct Chain {
    channels: usize,
    pub(super) layers: Vec<LayerSpec>,
}

impl Chain {
    /// No layers yet; the input has one channel.
    pub(super) fn new() -> Self {
        Self { channels: 1, layers: Vec::new() }
    }

    pub(super) fn conv(&mut self, channels_out: usize, kernel: usize, stride: usize, padding: usize) -> &mut Self {
        let channels_in = std::mem::replace(&mut self.channels, channels_out);
        self.layers.push(LayerSpec::Conv(ConvShape { channels_in, channels_out, kernel, stride, padding }));
        self
    }

    pub(super) fn conv_transpose(&mut self, channels_out: usize, kernel: usize, stride: usize) -> &mut Self {
        let channels_in = std::mem::replace(&mut self.channels, channels_out);
        self.layers.push(LayerSpec::ConvTranspose(ConvShape { channels_in, channels_out, kernel, stride, padding: 0 }));
        self
    }

    pub(super) fn leaky_relu(&mut self) -> &mut Self {
        self.layers.push(LayerSpec::LeakyRelu(LEAK));
        self
    }

    pub(super) fn relu(&mut self) -> &mut Self {
        self.layers.push(LayerSpec::LeakyRelu(0.0));
        self
    }

    pub(super) fn max_pool(&mut self, kernel: usize, stride: usize) -> &mut Self {
        self.layers.push(LayerSpec::MaxPool(PoolShape { kernel, stride }));
        self
    }

    /// Averages with what layer `from` puts out.
    pub(super) fn average(&mut self, from: usize) -> &mut Self {
        self.layers.push(LayerSpec::Average(from));
        self
    }

    /// The number of the last layer, for [`add`](Self::add).
    pub(super) fn last(&self) -> usize {
        self.layers.len() - 1
    }

    /// Adds what layer `from` puts out.
    pub(super) fn add(&mut self, from: usize) -> &mut Self {
        self.layers.push(LayerSpec::Add(from));
        self
    }
}
