//! Which score a new bundle uses: the difference map, how it becomes one number, and whether good parts' own differences
//! are taken off it.
//!
//! It knows the choices and the recipe that they make. What a recipe computes, `shared` knows; which choice is best was
//! measured (`docs/detection.md`).

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use shared::difference::{Pooling, ScoreRecipe};
use shared::similarity::Metric;

use crate::margin::MarginChoice;
use crate::model::Architecture;
use crate::normalisation::Normalise;

/// Radius of the smoothing of a map. Three box passes of it have the spread of a Gaussian of sigma = side / 32 for
/// 128x128 pixels; the same is used for every size.
const RADIUS: u8 = 4;
/// One pixel in so many is among the greatest.
const TOP: u32 = 200;

/// The metrics by their names on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum MetricChoice {
    /// 1 - SSIM, uniform windows of 7x7 pixels
    Ssim,
    /// 1 - SSIM, Gaussian windows of 11x11 pixels, sigma 1.5
    SsimGaussian,
    /// Squared difference
    L2,
    /// 1 - similarity of gradient magnitudes, at three scales
    Msgms,
    /// Half of ssim, and msgms
    SsimMsgms,
}

impl MetricChoice {
    /// The name, as it is given.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ssim => "ssim",
            Self::SsimGaussian => "ssim-gaussian",
            Self::L2 => "l2",
            Self::Msgms => "msgms",
            Self::SsimMsgms => "ssim-msgms",
        }
    }
}

impl From<MetricChoice> for Metric {
    fn from(choice: MetricChoice) -> Self {
        match choice {
            MetricChoice::Ssim => Self::Ssim,
            MetricChoice::SsimGaussian => Self::SsimGaussian,
            MetricChoice::L2 => Self::L2,
            MetricChoice::Msgms => Self::Msgms,
            MetricChoice::SsimMsgms => Self::SsimMsgms,
        }
    }
}

/// How a map becomes one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum PoolingChoice {
    /// The largest value of the smoothed map: one small defect is enough
    #[default]
    Max,
    /// The mean of the largest 0.5 % of the smoothed map
    Top,
    /// The mean of the map, as in the paper: a small defect drowns
    Mean,
}

/// What was chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScoreChoice {
    /// The difference map; by how parts lie, if it is left open.
    pub metric: Option<MetricChoice>,
    /// How it becomes a number.
    pub pooling: PoolingChoice,
    /// Whether good parts' own differences are taken off it.
    pub normalise: Normalise,
    /// Whether pixels near the edges count less.
    pub margin: MarginChoice,
}

impl MetricChoice {
    /// For a part that lies at one place SSIM; for a surface, and for parts anywhere, the gradients at several scales
    /// with it, which place defects better there, as measured (`docs/detection.md`).
    pub fn of(architecture: &Architecture) -> Self {
        if architecture.is_free_of_place() { Self::SsimMsgms } else { Self::Ssim }
    }
}

impl ScoreChoice {
    /// The recipe of a bundle with this network, without the margin, which is fitted. A map is normalised only where parts
    /// lie at one place: elsewhere a pixel knows no good part.
    pub fn recipe(self, architecture: &Architecture) -> ScoreRecipe {
        let pixels = u32::from(architecture.size.width) * u32::from(architecture.size.height);
        let (pooling, smoothing) = match self.pooling {
            PoolingChoice::Max => (Pooling::SmoothedMaximum { radius: RADIUS }, 0),
            PoolingChoice::Top => (Pooling::TopMean { pixels: pixels.div_ceil(TOP) }, RADIUS),
            PoolingChoice::Mean => (Pooling::Mean, 0),
        };
        let metric = self.metric.unwrap_or_else(|| MetricChoice::of(architecture));
        let plain = ScoreRecipe { smoothing, ..ScoreRecipe::new(metric.into(), pooling) };
        if self.normalise == Normalise::Pixels && !architecture.is_free_of_place() {
            return ScoreRecipe { smoothing: smoothing.max(1), normalised: true, ..plain };
        }
        plain
    }
}

#[cfg(test)]
mod tests {
    use shared::image::Size;

    use super::*;
    use crate::model::{ModelKind, Placement};

    #[test]
    fn metrics_are_called_what_they_say() {
        for choice in MetricChoice::value_variants() {
            assert_eq!(choice.to_possible_value().unwrap().get_name(), choice.name());
        }
    }

    #[test]
    fn parts_at_one_place_and_surfaces_have_a_metric_each() {
        let metric = |placement| {
            let network = ModelKind::Unet.network(Size::new(64, 64), placement, Default::default()).unwrap();
            ScoreChoice::default().recipe(&network.exported).metric
        };
        assert_eq!((metric(Placement::Fixed), metric(Placement::Free)), (Metric::Ssim, Metric::SsimMsgms));
    }

    #[test]
    fn every_choice_makes_a_recipe_that_is_valid_for_every_network() {
        for metric in MetricChoice::value_variants() {
            for pooling in PoolingChoice::value_variants() {
                for normalise in [Normalise::Never, Normalise::Pixels] {
                    let choice =
                        ScoreChoice { metric: Some(*metric), pooling: *pooling, normalise, ..ScoreChoice::default() };
                    for placement in [Placement::Fixed, Placement::Free] {
                        let architecture =
                            ModelKind::Unet.network(Size::new(64, 64), placement, Default::default()).unwrap().exported;
                        let recipe = choice.recipe(&architecture);
                        assert_eq!(recipe.validate(architecture.size), Ok(()), "{choice:?}");
                        assert_eq!(recipe.normalised, normalise == Normalise::Pixels && placement == Placement::Fixed);
                    }
                }
            }
        }
    }
}
