//! How many defects are tried, of which sizes and contrasts, within a budget of images to score.
//!
//! Sizes are in pixels of the model's input, contrasts in gray levels.

use shared::image::Size;

/// Images that are scored for an input of [`REFERENCE_AREA`]: about 12 s on two cores. A larger input gets fewer.
const IMAGES: usize = 2048;

/// 128x128 pixels.
const REFERENCE_AREA: usize = 1 << 14;

/// So many times fewer images than training looked at: a short training is not outlasted by this.
const TRAINING_DIVISOR: usize = 2;

/// 46 trials with one miss still show a detection of 90 % with a confidence of 95 %.
const TRIALS: usize = 46;

/// 29 trials show it without a miss. With fewer, nothing can.
const LEAST_TRIALS: usize = 29;

/// The share of the images that goes to sizes and contrasts; the rest goes to the map.
const TABLE_SHARE: (usize, usize) = (18, 25);

/// A cell of the map has at least as many trials, or the grid is coarser.
const CELL_TRIALS: usize = 4;

/// Sizes and contrasts, the most of them first.
const GRIDS: [(&[u16], &[u8]); 5] = [
    (&[2, 3, 4, 6, 8, 12, 16, 24], &[10, 20, 40, 80]),
    (&[2, 4, 8, 16], &[10, 20, 40, 80]),
    (&[2, 4, 8, 16], &[20, 40]),
    (&[4, 8, 16], &[40]),
    (&[4, 16], &[40]),
];

/// What is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Ascending.
    pub sizes: Vec<u16>,
    /// Ascending.
    pub contrasts: Vec<u8>,
    /// For each size and contrast, at least [`LEAST_TRIALS`].
    pub trials: usize,
    /// Cells of the map in a row, and rows.
    pub side: u16,
    /// For each cell.
    pub cell_trials: usize,
}

impl Plan {
    /// The largest plan for an input of `area` pixels that shows the frame in `content`, after a training that looked
    /// at `seen` images (each as often as it was seen). `None` if nothing could be shown.
    pub fn new(area: usize, content: Size, seen: usize) -> Option<Self> {
        let budget = (IMAGES * REFERENCE_AREA / area.max(1)).min(IMAGES).min(seen / TRAINING_DIVISOR);
        let table = budget * TABLE_SHARE.0 / TABLE_SHARE.1;
        let fits = |size: &u16| 2 * size <= content.shorter_side();
        let grids = || {
            GRIDS.iter().filter_map(|(sizes, contrasts)| {
                let sizes: Vec<u16> = sizes.iter().copied().filter(fits).collect();
                let trials = table.checked_div(sizes.len() * contrasts.len())?;
                Some(Self { sizes, contrasts: contrasts.to_vec(), trials, side: 0, cell_trials: 0 })
            })
        };
        let affordable = |trials| grids().find(|grid| grid.trials >= trials);
        let plan = affordable(TRIALS).or_else(|| affordable(LEAST_TRIALS))?;
        let trials = plan.trials.min(TRIALS);
        let rest = budget - trials * plan.sizes.len() * plan.contrasts.len();
        let cells = |side: u16| usize::from(side) * usize::from(side);
        let side = [8, 4].into_iter().find(|&side| rest / cells(side) >= CELL_TRIALS).unwrap_or(2);
        let cell_trials = (rest / cells(side)).min(2 * CELL_TRIALS);
        Some(Self { trials, side, cell_trials, ..plan })
    }

    /// How many images are scored.
    pub fn images(&self) -> usize {
        let cells = usize::from(self.side) * usize::from(self.side);
        self.sizes.len() * self.contrasts.len() * self.trials + cells * self.cell_trials
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plan(side: u16, seen: usize) -> Option<Plan> {
        Plan::new(usize::from(side) * usize::from(side), Size::new(side, side), seen)
    }

    #[test]
    fn a_larger_input_or_a_shorter_training_gets_fewer() {
        let sizes_contrasts = |side, seen| plan(side, seen).map(|plan| (plan.sizes.len(), plan.contrasts.len()));
        assert_eq!(sizes_contrasts(128, 30_000), Some((8, 4)));
        assert_eq!(sizes_contrasts(256, 30_000), Some((4, 2)));
        assert_eq!(sizes_contrasts(512, 30_000), Some((2, 1)));
        assert_eq!(sizes_contrasts(128, 1_200), Some((4, 2)));
        assert_eq!(sizes_contrasts(128, 24), None);
        assert_eq!(sizes_contrasts(2048, 30_000), None);
        assert_eq!(plan(128, 30_000).map(|plan| (plan.trials, plan.side, plan.cell_trials)), Some((46, 8, 8)));
    }

    #[test]
    fn no_defect_is_larger_than_half_of_the_content() {
        assert_eq!(plan(20, 30_000).unwrap().sizes, [2, 3, 4, 6, 8]);
        assert_eq!(plan(3, 30_000), None);
    }

    proptest! {
        #[test]
        fn plans_keep_to_the_budget(side in 1_u16..1024, seen in 0_usize..50_000) {
            if let Some(plan) = plan(side, seen) {
                let budget = (IMAGES * REFERENCE_AREA / (usize::from(side) * usize::from(side))).min(IMAGES);
                prop_assert!(plan.images() <= budget.min(seen / TRAINING_DIVISOR), "{plan:?}");
                prop_assert!((LEAST_TRIALS..=TRIALS).contains(&plan.trials) && plan.cell_trials > 0, "{plan:?}");
            }
        }
    }
}
