//! Which network: the choice of a user, and what it becomes for images of one size.

use serde::{Deserialize, Serialize};
use shared::image::Size;

use super::alexnet::{SIDE, alexnet};
use super::architecture::Architecture;
use super::compact::compact;
use super::options::NetworkOptions;
use super::unet::{GRID, Placement, unet};

/// The side of the windows that a network learns from where parts lie anywhere.
const WINDOW: u16 = 128;

/// The networks that can be trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// U-shaped with skip connections, for images of any size: it takes away what does not belong there
    #[default]
    Unet,
    /// Through 100 numbers and back, for 128x128 pixels (after Bergmann et al. 2018)
    Compact,
    /// The paper's: AlexNet's path to a dense bottleneck and back, for 227x227 pixels
    Alexnet,
}

/// One network in the two sizes that it is needed in. The weights are the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// The size of the images, or of windows cut out of them.
    pub training: Architecture,
    /// The size of the images.
    pub exported: Architecture,
}

/// A network that cannot be made for images of a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnfitSize {
    /// A side is no multiple of the network's coarsest pixel.
    #[error("found an input of {found} pixels for the network unet, expected sides that are multiples of {GRID}")]
    Grid {
        /// The size.
        found: Size,
    },
    /// The network has one size only.
    #[error(
        "found an input of {found} pixels for the network {network}, expected {expected} with parts at one place: \
         `--geometry whole`, or use the network unet"
    )]
    Only {
        /// The network.
        network: &'static str,
        /// The size.
        found: Size,
        /// The one size.
        expected: Size,
    },
}

impl ModelKind {
    /// The one size of input that the network is made for, if there is one.
    pub fn only_size(self) -> Option<Size> {
        match self {
            Self::Unet => None,
            Self::Compact => Some(compact().size),
            Self::Alexnet => Some(Size::new(SIDE, SIDE)),
        }
    }

    /// The network for images of `size`; `compact` has no options.
    ///
    /// # Errors
    /// [`UnfitSize`].
    pub fn network(self, size: Size, placement: Placement, options: NetworkOptions) -> Result<Network, UnfitSize> {
        let name = match self {
            Self::Unet => "unet",
            Self::Compact => "compact",
            Self::Alexnet => "alexnet",
        };
        if let Some(expected) = self.only_size()
            && (placement == Placement::Free || size != expected)
        {
            return Err(UnfitSize::Only { network: name, found: size, expected });
        }
        let on_the_grid = |side: u16| side > 0 && side.is_multiple_of(GRID);
        match (self, placement) {
            (Self::Unet, _) if !on_the_grid(size.width) || !on_the_grid(size.height) => {
                Err(UnfitSize::Grid { found: size })
            }
            (Self::Unet, Placement::Fixed) => Ok(Network::same(unet(size, placement, options))),
            (Self::Unet, Placement::Free) => {
                let window = Size { width: size.width.min(WINDOW), height: size.height.min(WINDOW) };
                Ok(Network { training: unet(window, placement, options), exported: unet(size, placement, options) })
            }
            (Self::Compact, _) => Ok(Network::same(compact())),
            (Self::Alexnet, _) => Ok(Network::same(alexnet(options))),
        }
    }
}

impl Network {
    fn same(architecture: Architecture) -> Self {
        Self { training: architecture.clone(), exported: architecture }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(kind: ModelKind, width: u16, height: u16, placement: Placement) -> Result<Network, UnfitSize> {
        kind.network(Size { width, height }, placement, NetworkOptions::default())
    }

    #[test]
    fn a_network_for_parts_anywhere_learns_from_windows_and_one_for_parts_at_one_place_from_images() {
        let size = Size { width: 256, height: 112 };
        let free = network(ModelKind::Unet, 256, 112, Placement::Free).unwrap();
        assert_eq!((free.training.size, free.exported.size), (Size { width: 128, height: 112 }, size));
        assert!(free.training.is_free_of_place());
        let fixed = network(ModelKind::Unet, 256, 112, Placement::Fixed).unwrap();
        assert_eq!((fixed.training.size, fixed.exported.size), (size, size));
        assert!(!fixed.training.is_free_of_place());
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        for (width, height) in [(100, 128), (128, 8), (0, 16)] {
            let found = Size { width, height };
            assert_eq!(network(ModelKind::Unet, width, height, Placement::Free), Err(UnfitSize::Grid { found }));
        }
        for (kind, name, side) in [(ModelKind::Compact, "compact", 128), (ModelKind::Alexnet, "alexnet", 227)] {
            let expected = Size::new(side, side);
            assert_eq!(network(kind, side, side, Placement::Fixed).unwrap().exported.size, expected);
            for (width, placement) in [(112, Placement::Fixed), (side, Placement::Free)] {
                let found = Size::new(width, side);
                let refused = network(kind, width, side, placement).unwrap_err();
                assert_eq!(refused, UnfitSize::Only { network: name, found, expected });
            }
        }
    }
}
