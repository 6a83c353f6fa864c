//! `alexnet`: the autoencoder of the paper, AlexNet's contraction path, a dense bottleneck and the mirrored expansion path.
//!
//! It knows shapes only. That the paper's handicaps, losses and scores belong to it, `study` knows.

use shared::image::Size;

use super::architecture::{Architecture, LayerSpec};
use super::chain::Chain;
use super::options::{Bottleneck, NetworkOptions};

/// The side of input and output.
pub const SIDE: u16 = 227;
/// Channels of the five convolutions (Krizhevsky et al. 2012).
const CHANNELS: [usize; 5] = [96, 256, 384, 384, 256];
/// Numbers in the bottleneck.
const BOTTLENECK: usize = 2048;
/// Numbers in each of AlexNet's two dense layers.
const WIDE: usize = 4096;

/// The network for 227x227 pixels.
///
/// A dense layer on maps of 6x6 is a convolution with a kernel of 6x6, and back a transposed one: the same sums, and the
/// station needs no further operator. Pools are mirrored by transposed convolutions of the same kernel and stride.
pub fn alexnet(options: NetworkOptions) -> Architecture {
    let channels = CHANNELS.map(|channels| options.width.of(channels));
    let [first, second, third, fourth, fifth] = channels;
    let mut chain = Chain::new();
    let mut twins = [0; 5];
    let mut stage = |chain: &mut Chain, number: usize| twins[number - 1] = chain.relu().last();
    stage(chain.conv(first, 11, 4, 0), 1);
    chain.max_pool(3, 2);
    stage(chain.conv(second, 5, 1, 2), 2);
    chain.max_pool(3, 2);
    stage(chain.conv(third, 3, 1, 1), 3);
    stage(chain.conv(fourth, 3, 1, 1), 4);
    stage(chain.conv(fifth, 3, 1, 1), 5);
    chain.max_pool(3, 2);
    match options.bottleneck {
        Bottleneck::Dense => {
            chain.conv(options.width.of(BOTTLENECK), 6, 1, 0).relu();
        }
        Bottleneck::Wide => {
            let wide = options.width.of(WIDE);
            chain.conv(wide, 6, 1, 0).relu().conv(wide, 1, 1, 0).relu();
        }
    }
    chain.conv_transpose(fifth, 6, 1).relu();
    let average = |chain: &mut Chain, stage: usize| {
        chain.relu();
        if options.average.includes(stage) {
            chain.average(twins[5 - stage]);
        }
    };
    average(chain.conv_transpose(fifth, 3, 2), 1);
    average(chain.conv(fourth, 3, 1, 1), 2);
    average(chain.conv(third, 3, 1, 1), 3);
    chain.conv(second, 3, 1, 1).relu();
    average(chain.conv_transpose(second, 3, 2), 4);
    chain.conv(first, 5, 1, 2).relu();
    average(chain.conv_transpose(first, 3, 2), 5);
    chain.conv_transpose(1, 11, 4);
    chain.layers.push(LayerSpec::Sigmoid);
    Architecture { name: "alexnet", size: Size::new(SIDE, SIDE), layers: chain.layers }
}

#[cfg(test)]
mod tests {
    use super::super::architecture::shapes;
    use super::super::options::AverageLayers;
    use super::*;

    fn with(average: AverageLayers, bottleneck: Bottleneck) -> Architecture {
        alexnet(NetworkOptions { average, bottleneck, ..NetworkOptions::default() })
    }

    /// Channels and sides of the results of convolutions and pools.
    fn stages(architecture: &Architecture) -> Vec<(usize, usize)> {
        let layers = architecture.layers.iter().zip(shapes(architecture));
        let computing = |layer: &LayerSpec| {
            matches!(layer, LayerSpec::Conv(_) | LayerSpec::ConvTranspose(_) | LayerSpec::MaxPool(_))
        };
        layers.filter(|(layer, _)| computing(layer)).map(|(_, shape)| (shape.0, shape.1.width.into())).collect()
    }

    #[test]
    fn the_stages_have_the_shapes_of_the_paper() {
        let contraction = [(96, 55), (96, 27), (256, 27), (256, 13), (384, 13), (384, 13), (256, 13), (256, 6)];
        let expansion = [(256, 6), (256, 13), (384, 13), (384, 13), (256, 13), (256, 27), (96, 27), (96, 55), (1, 227)];
        let dense: Vec<_> = contraction.into_iter().chain([(2048, 1)]).chain(expansion).collect();
        assert_eq!(stages(&with(AverageLayers::None, Bottleneck::Dense)), dense);
        let wide: Vec<_> = contraction.into_iter().chain([(4096, 1); 2]).chain(expansion).collect();
        assert_eq!(stages(&with(AverageLayers::None, Bottleneck::Wide)), wide);
    }

    #[test]
    fn each_stage_is_averaged_with_its_twin() {
        let expected = [
            (AverageLayers::Fifth, (256, 13), 5),
            (AverageLayers::Fourth, (384, 13), 4),
            (AverageLayers::Third, (384, 13), 3),
            (AverageLayers::Second, (256, 27), 2),
            (AverageLayers::First, (96, 55), 1),
        ];
        let mut all = Vec::new();
        for (average, (channels, side), convolution) in expected {
            let architecture = with(average, Bottleneck::Dense);
            let averages: Vec<_> = averaged(&architecture);
            let [(from, at)] = averages[..] else { panic!("{averages:?}") };
            let shapes = shapes(&architecture);
            assert_eq!(shapes[at], (channels, Size::new(side, side)), "{average:?}");
            assert_eq!(shapes[from], shapes[at]);
            // The rectifier after the convolution of that number.
            assert_eq!(architecture.layers[from], LayerSpec::LeakyRelu(0.0));
            let before = &architecture.layers[..from];
            assert_eq!(before.iter().filter(|layer| matches!(layer, LayerSpec::Conv(_))).count(), convolution);
            assert_eq!(architecture.layers[at - 1], LayerSpec::LeakyRelu(0.0));
            all.push(from);
        }
        let every = averaged(&with(AverageLayers::All, Bottleneck::Dense));
        assert_eq!(every.iter().map(|&(from, _)| from).collect::<Vec<_>>(), all);
        assert!(averaged(&with(AverageLayers::None, Bottleneck::Wide)).is_empty());
    }

    /// Layers that are averaged with, and where.
    fn averaged(architecture: &Architecture) -> Vec<(usize, usize)> {
        let layers = architecture.layers.iter().enumerate();
        layers
            .filter_map(|(at, layer)| match layer {
                LayerSpec::Average(from) => Some((*from, at)),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn the_width_scales_channels_and_bottleneck() {
        let width = 0.25.try_into().unwrap();
        let narrow = alexnet(NetworkOptions { width, ..NetworkOptions::default() });
        let stages = stages(&narrow);
        assert_eq!((stages[0], stages[8], *stages.last().unwrap()), ((24, 55), (512, 1), (1, 227)));
        let thin = alexnet(NetworkOptions { width: 1e-9.try_into().unwrap(), ..NetworkOptions::default() });
        assert!(shapes(&thin).iter().all(|&(channels, _)| channels == 1), "at least one channel everywhere");
        let full = alexnet(NetworkOptions::default()).parameter_count();
        assert!((40_000_000..50_000_000).contains(&full), "{full}");
    }
}
