//! `compact`: the small autoencoder that runs in a few milliseconds on the station.

use shared::image::Size;

use super::architecture::{Architecture, LayerSpec};
use super::chain::Chain;

const SIDE: u16 = 128;
const LATENT: usize = 100;

/// 1x128x128 through strided convolutions to a latent vector of 100 numbers and back (after Bergmann et al. 2018,
/// "Improving unsupervised defect segmentation by applying structural similarity to autoencoders", table 1).
///
/// The decoder differs from the paper's: each doubling is a 3x3 convolution followed by a 2x2 transposed convolution
/// of stride 2. Kernel equal to stride is the case that inference engines compute without overlapping sums.
pub fn compact() -> Architecture {
    let mut chain = Chain::new();
    // 128 -> 64 -> 32 -> 32 -> 16 -> 16 -> 8 -> 8 -> 8 -> 1
    for (channels, kernel, stride) in
        [(32, 4, 2), (32, 4, 2), (32, 3, 1), (64, 4, 2), (64, 3, 1), (128, 4, 2), (64, 3, 1), (32, 3, 1)]
    {
        chain.conv(channels, kernel, stride, 1).leaky_relu();
    }
    chain.conv(LATENT, 8, 1, 0);
    chain.conv_transpose(32, 8, 1).leaky_relu();
    chain.conv(64, 3, 1, 1).leaky_relu();
    chain.conv(128, 3, 1, 1).leaky_relu();
    chain.conv(64, 3, 1, 1).leaky_relu().conv_transpose(64, 2, 2).leaky_relu();
    chain.conv(64, 3, 1, 1).leaky_relu();
    chain.conv(32, 3, 1, 1).leaky_relu().conv_transpose(32, 2, 2).leaky_relu();
    chain.conv(32, 3, 1, 1).leaky_relu();
    chain.conv(16, 3, 1, 1).leaky_relu().conv_transpose(16, 2, 2).leaky_relu();
    chain.conv(16, 3, 1, 1).leaky_relu();
    chain.conv_transpose(1, 2, 2);
    let size = Size { width: SIDE, height: SIDE };
    chain.layers.extend([LayerSpec::PixelBias(size), LayerSpec::Sigmoid]);
    Architecture { name: "compact", size, layers: chain.layers }
}

#[cfg(test)]
mod tests {
    use super::super::architecture::shapes;
    use super::*;

    #[test]
    fn the_chain_starts_and_ends_with_one_gray_image() {
        let architecture = compact();
        assert_eq!(shapes(&architecture).last(), Some(&(1, architecture.size)));
        assert!((900_000..1_100_000).contains(&architecture.parameter_count()), "{}", architecture.parameter_count());
    }
}
