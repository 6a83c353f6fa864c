//! The shapes of synthetic defects: what they add to the pixels of a square, row by row, in any unit.
//!
//! Only operations that are the same on every machine are used. A square of n pixels' side has its centre at
//! (n - 1) / 2 in both directions.

use rand_chacha::ChaCha8Rng;
use shared::image::Region;

use super::defect::Canvas;
use crate::random::{below, uniform};

/// Pieces of the line that stands for a bent scratch.
const PIECES: usize = 8;

/// Where the profile of a round defect ends: half a pixel beyond the square, so that a larger one has more.
fn reach(n: usize) -> f64 {
    (n as f64 + 1.0) / 2.0
}

/// A Gaussian of which the square holds two standard deviations to each side; nothing outside the circle.
pub fn spot(n: usize) -> Vec<f64> {
    let radius = reach(n);
    each(n, |x, y| {
        let share = (x * x + y * y) / (radius * radius);
        if share > 1.0 { 0.0 } else { libm::exp(-2.0 * share) }
    })
}

/// A dark middle and a bright rim at three quarters of the radius; nothing outside the circle.
pub fn pit(n: usize) -> Vec<f64> {
    let bump = |distance: f64, spread: f64| libm::exp(-distance * distance / (2.0 * spread * spread));
    each(n, |x, y| {
        let share = (x * x + y * y).sqrt() / reach(n);
        if share > 1.0 { 0.0 } else { 0.6 * bump(share - 0.75, 0.12) - bump(share, 0.3) }
    })
}

/// A line from one side of the square's circle to the other, bent or not, 1 to 3 pixels wide at half of its height.
pub fn scratch(n: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let radius = (n as f64 - 1.0) / 2.0;
    let angle = std::f64::consts::PI * uniform(rng);
    let (along, across) = ((libm::cos(angle), libm::sin(angle)), (-libm::sin(angle), libm::cos(angle)));
    let width = 1 + below(rng, (n / 4).clamp(1, 3));
    let bend = if uniform(rng) < 0.5 { 0.0 } else { radius * (uniform(rng) - 0.5) };
    // A parabola; its ends stay on the circle.
    let point = |index: usize| {
        let t = 2.0 * index as f64 / PIECES as f64 - 1.0;
        let (u, v) = (radius * t, bend * (1.0 - t * t));
        (u * along.0 + v * across.0, u * along.1 + v * across.1)
    };
    let points: Vec<(f64, f64)> = (0..=PIECES).map(point).collect();
    // The standard deviation of a Gaussian that is so wide at half of its height.
    let spread = width as f64 / 2.355;
    each(n, |x, y| {
        let nearest = points.windows(2).map(|ends| distance_squared((x, y), ends[0], ends[1])).fold(f64::MAX, f64::min);
        let beyond = x * x + y * y > (radius + 0.5) * (radius + 0.5);
        let far = nearest > 6.25 * spread * spread;
        if beyond || far { 0.0 } else { libm::exp(-nearest / (2.0 * spread * spread)) }
    })
}

/// What turns a lobed piece into the median of the pixels around the square. `None` if there are none.
pub fn missing(canvas: Canvas<'_>, square: Region, rng: &mut ChaCha8Rng) -> Option<Vec<f64>> {
    let n = usize::from(square.width);
    let margin = (n / 2).max(2);
    let (x0, y0) = (usize::from(square.x), usize::from(square.y));
    let inside = |start: usize, position: usize| (start..start + n).contains(&position);
    let bound = |start: usize, whole: u16| start.saturating_sub(margin)..(start + n + margin).min(whole.into());
    let mut around: Vec<u8> = bound(y0, canvas.content.height)
        .flat_map(|y| bound(x0, canvas.content.width).map(move |x| (x, y)))
        .filter(|&(x, y)| !(inside(x0, x) && inside(y0, y)))
        .map(|(x, y)| canvas.pixels[y * canvas.width + x])
        .collect();
    around.sort_unstable();
    let median = f64::from(*around.get(around.len() / 2)?);
    let (lobes, turn) = (2.0 + below(rng, 2) as f64, std::f64::consts::TAU * uniform(rng));
    let cover = each(n, |x, y| {
        let edge = n as f64 / 2.0 * (0.8 + 0.2 * libm::cos(lobes * libm::atan2(y, x) + turn));
        (edge - (x * x + y * y).sqrt() + 0.5).clamp(0.0, 1.0)
    });
    let pixels = (0..n * n).map(|i| f64::from(canvas.pixels[(y0 + i / n) * canvas.width + x0 + i % n]));
    Some(cover.into_iter().zip(pixels).map(|(cover, pixel)| cover * (median - pixel)).collect())
}

/// What displaces the middle of the square by up to half of its radius, in any direction, and its edge hardly.
pub fn dent(canvas: Canvas<'_>, square: Region, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let n = usize::from(square.width);
    let radius = reach(n);
    let angle = std::f64::consts::TAU * uniform(rng);
    let shift = 0.5 * radius * (0.5 + 0.5 * uniform(rng));
    let (dx, dy) = (shift * libm::cos(angle), shift * libm::sin(angle));
    let middle = (n as f64 - 1.0) / 2.0;
    let (left, top) = (f64::from(square.x) + middle, f64::from(square.y) + middle);
    each(n, |x, y| {
        let inner = (1.0 - (x * x + y * y) / (radius * radius)).max(0.0);
        let weight = inner * inner;
        sample(canvas, left + x + weight * dx, top + y + weight * dy) - sample(canvas, left + x, top + y)
    })
}

/// The value of each pixel by its place from the centre, to the right and down.
fn each(n: usize, value: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let middle = (n as f64 - 1.0) / 2.0;
    (0..n * n).map(|i| value((i % n) as f64 - middle, (i / n) as f64 - middle)).collect()
}

/// The square of the distance from a point to a piece of a line.
fn distance_squared((x, y): (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx * dx + dy * dy;
    let t = if length > 0.0 { (((x - from.0) * dx + (y - from.1) * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    let (ex, ey) = (x - from.0 - t * dx, y - from.1 - t * dy);
    ex * ex + ey * ey
}

/// The image between its pixels, bilinear, repeated beyond the content.
fn sample(canvas: Canvas<'_>, x: f64, y: f64) -> f64 {
    let place = |position: f64, length: u16| {
        let position = position.clamp(0.0, f64::from(length) - 1.0);
        let low = position.floor();
        (low as usize, (low as usize + 1).min(usize::from(length) - 1), position - low)
    };
    let (x0, x1, u) = place(x, canvas.content.width);
    let (y0, y1, v) = place(y, canvas.content.height);
    let at = |x: usize, y: usize| f64::from(canvas.pixels[y * canvas.width + x]);
    let (upper, lower) = (at(x0, y0) * (1.0 - u) + at(x1, y0) * u, at(x0, y1) * (1.0 - u) + at(x1, y1) * u);
    upper * (1.0 - v) + lower * v
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_round_defect_changes_more() {
        let amount = |change: Vec<f64>| {
            let largest = change.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            change.iter().map(|value| value.abs() / largest).sum::<f64>()
        };
        for n in 2..24 {
            assert!(amount(spot(n)) < amount(spot(n + 1)), "{n}");
            // The rim is thinner than a pixel: whether there is a middle pixel matters.
            assert!(amount(pit(n)) < amount(pit(n + 2)), "{n}");
        }
    }
}
