//! The part that all frames show: brightness by radius, and where the glare and the refraction lines lie.
//!
//! Radii are canonical: 0 is the axis, [`OPENING`] the inner edge of the glass, [`LIP`] the top of the rim, 1 the
//! silhouette. A part maps its own radii onto these.

use crate::render::geometry::{bell, mix, soft_step};

/// Canonical radius of the opening.
pub(super) const OPENING: f64 = 0.48;
/// Canonical radius of the rim's top.
pub(super) const LIP: f64 = 0.76;
/// Brightness of the lit background, beyond white: the camera saturates there, as it should against a back light.
pub(super) const BACKGROUND: f64 = 288.0;

/// Brightness at these canonical radii; between them it runs softly.
const LEVELS: [(f64, f64); 11] = [
    (0.00, 40.0),
    (0.30, 35.0),
    (0.46, 28.0),
    (0.52, 46.0),
    (0.60, 56.0),
    (0.68, 82.0),
    (0.76, 88.0),
    (0.82, 72.0),
    (0.88, 70.0),
    (0.94, 74.0),
    (0.99, 58.0),
];

/// Concentric rings: radius, half width, added brightness.
const RINGS: [(f64, f64, f64); 6] = [
    (0.490, 0.040, 32.0),
    (0.585, 0.045, -18.0),
    (0.655, 0.045, 26.0),
    (0.775, 0.055, 56.0),
    (0.840, 0.045, -12.0),
    (0.910, 0.055, 46.0),
];

/// A bright arc, either a reflection of the lamps (glare) or a line seen through the glass (refraction).
pub(super) struct Arc {
    /// Radius at the arc's middle.
    pub(super) radius: f64,
    /// Change of radius per radian: the lines wind like a thread.
    pub(super) pitch: f64,
    /// Half its width.
    pub(super) half_width: f64,
    /// Direction of its middle, before the part's rotation.
    pub(super) direction: f64,
    /// Half the angle it spans.
    pub(super) half_span: f64,
    /// Added brightness.
    pub(super) gain: f64,
}

const fn arc(radius: f64, pitch: f64, half_width: f64, direction: f64, half_span: f64, gain: f64) -> Arc {
    Arc { radius, pitch, half_width, direction, half_span, gain }
}

/// Reflections of the lamps: they turn with the lamp, not with the part.
pub(super) const GLARE: [Arc; 6] = [
    arc(0.735, 0.000, 0.028, -0.55, 0.60, 120.0),
    arc(0.700, 0.010, 0.022, -0.35, 0.35, 60.0),
    arc(0.740, 0.000, 0.026, 2.45, 0.45, 105.0),
    arc(0.680, 0.000, 0.022, 2.75, 0.30, 55.0),
    arc(0.910, 0.000, 0.040, 1.10, 0.90, 34.0),
    arc(0.910, 0.000, 0.040, -2.10, 0.80, 28.0),
];

/// Lines of the thread and of the mould, seen through the glass: they turn with the part.
pub(super) const REFRACTION: [Arc; 7] = [
    arc(0.620, 0.030, 0.020, 0.60, 0.90, 52.0),
    arc(0.640, -0.025, 0.018, -1.60, 0.80, 44.0),
    arc(0.560, 0.030, 0.018, -2.60, 0.90, 34.0),
    arc(0.550, -0.025, 0.018, 1.70, 0.80, 30.0),
    arc(0.815, 0.025, 0.020, 0.10, 0.70, 56.0),
    arc(0.805, -0.030, 0.020, 1.90, 0.60, 64.0),
    arc(0.815, 0.020, 0.020, -1.35, 0.70, 52.0),
];

/// Brightness at a canonical radius, without glare and refraction.
pub(super) fn brightness(radius: f64) -> f64 {
    let mut level = LEVELS[LEVELS.len() - 1].1;
    for pair in LEVELS.windows(2) {
        if radius < pair[1].0 {
            level = mix(pair[0].1, pair[1].1, soft_step(pair[0].0, pair[1].0, radius));
            break;
        }
    }
    let rings: f64 = RINGS.iter().map(|(at, half_width, gain)| gain * bell((radius - at) / half_width)).sum();
    mix(level + rings, BACKGROUND, soft_step(0.955, 1.06, radius))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dark_inside_bright_outside_and_without_jumps() {
        assert!(brightness(0.2) < 60.0);
        assert!(brightness(1.1) > 255.0);
        for i in 0..1200 {
            let step = brightness(f64::from(i + 1) * 1e-3) - brightness(f64::from(i) * 1e-3);
            assert!(step.abs() < 5.0, "a jump of {step} at {i}");
        }
    }
}
