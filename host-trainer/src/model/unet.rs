//! `unet`: a small U-shaped network that redraws a part without what does not belong there.

use shared::image::Size;

use super::architecture::{Architecture, LayerSpec};
use super::chain::Chain;
use super::options::{NetworkOptions, Skips};

/// Channels at 1/2, 1/4, 1/8 and 1/16 of the image's sides, at width 1.
const CHANNELS: [usize; 4] = [32, 48, 64, 96];
/// Channels before the last doubling.
const LAST: usize = 16;
/// The sides of an image are multiples of this.
pub const GRID: u16 = 1 << CHANNELS.len();

/// Whether parts lie at one place in the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Yes: each pixel has a bias of its own, which starts at the mean good image.
    Fixed,
    /// No: every place is treated alike, and the same weights serve images of any size.
    Free,
}

/// An encoder of strided convolutions, a decoder of transposed ones, and sums that lead detail past the coarse middle
/// (after Ronneberger et al. 2015, "U-Net"; sums instead of concatenations after Chaurasia and Culurciello 2017,
/// "LinkNet").
///
/// With such connections a network learns to copy its input, defects included, unless what it is shown in training is
/// damaged and what it has to draw is not ([`Handicap`](crate::augmentation::Handicap)).
///
/// Transposed convolutions have kernels equal to their stride, which inference engines compute without overlapping sums.
///
/// # Panics
/// If a side of `size` is no positive multiple of [`GRID`].
pub fn unet(size: Size, placement: Placement, options: NetworkOptions) -> Architecture {
    let fits = |side: u16| side > 0 && side.is_multiple_of(GRID);
    assert!(fits(size.width) && fits(size.height), "{size} pixels, not multiples of {GRID}");
    let mut chain = Chain::new();
    let mut skips = Vec::new();
    let widened = CHANNELS.map(|channels| options.width.of(channels));
    for (level, channels) in widened.into_iter().enumerate() {
        chain.conv(channels, 4, 2, 1).leaky_relu();
        if level > 0 {
            chain.conv(channels, 3, 1, 1).leaky_relu();
        }
        skips.push((channels, chain.last()));
    }
    skips.pop();
    chain.conv(widened[3], 3, 1, 1).leaky_relu();
    for (channels, from) in skips.into_iter().rev() {
        chain.conv_transpose(channels, 2, 2).leaky_relu();
        if options.skips == Skips::Sums {
            chain.add(from);
        }
        chain.conv(channels, 3, 1, 1).leaky_relu();
    }
    chain.conv(options.width.of(LAST), 3, 1, 1).leaky_relu().conv_transpose(1, 2, 2);
    if placement == Placement::Fixed {
        chain.layers.push(LayerSpec::PixelBias(size));
    }
    chain.layers.push(LayerSpec::Sigmoid);
    Architecture { name: "unet", size, layers: chain.layers }
}

#[cfg(test)]
mod tests {
    use super::super::architecture::shapes;
    use super::*;

    #[test]
    fn one_gray_image_in_and_one_of_the_same_size_out() {
        for side in [16, 128, 240] {
            let architecture = unet(Size { width: side, height: 32 }, Placement::Free, NetworkOptions::default());
            assert_eq!(shapes(&architecture).last(), Some(&(1, architecture.size)));
        }
        let sums = |layers: &[LayerSpec]| layers.iter().filter(|layer| matches!(layer, LayerSpec::Add(_))).count();
        let with = |skips| unet(Size::new(128, 128), Placement::Fixed, NetworkOptions { skips, ..Default::default() });
        assert_eq!(sums(&with(Skips::Sums).layers), 3);
        assert_eq!(sums(&with(Skips::None).layers), 0);
    }

    #[test]
    fn the_width_scales_every_stage_but_the_image() {
        let channels = |width: f64| {
            let options = NetworkOptions { width: width.try_into().unwrap(), ..NetworkOptions::default() };
            let architecture = unet(Size::new(64, 64), Placement::Free, options);
            shapes(&architecture).into_iter().map(|(channels, _)| channels).collect::<Vec<_>>()
        };
        let (whole, half) = (channels(1.0), channels(0.5));
        let (last, rest) = half.split_last_chunk::<2>().map(|(rest, last)| (last, rest)).unwrap();
        assert_eq!(last, &[1, 1]);
        assert!(rest.iter().zip(&whole).all(|(&half, &whole)| 2 * half == whole), "{half:?} {whole:?}");
    }

    #[test]
    fn the_weights_of_a_free_network_do_not_depend_on_the_size() {
        let parameters =
            |width, height, placement| unet(Size { width, height }, placement, NetworkOptions::default()).parameters();
        assert_eq!(parameters(128, 128, Placement::Free), parameters(256, 192, Placement::Free));
        assert_ne!(parameters(128, 128, Placement::Fixed), parameters(256, 192, Placement::Fixed));
    }
}
