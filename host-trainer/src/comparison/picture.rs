//! A difference map as a picture: a fixed colour scale, so that two pictures can be compared, and a legend below it.
//!
//! Sizes are in pixels of the picture. It knows a map and its metric, not the images behind it.

use std::io::Cursor;

use image::{ImageError, ImageFormat, Rgb, RgbImage};
use shared::score::Score;
use shared::similarity::Metric;

use super::{Comparison, glyphs};
use crate::report::colour_of_level;

/// The narrowest picture: the legend needs it. Smaller maps are enlarged by a whole factor, as far as they fit.
const MIN_WIDTH: u32 = 320;
const MARGIN: u32 = 12;
const BAR_HEIGHT: u32 = 14;
const TICK: u32 = 4;
/// Pixels of a dot of the writing.
const DOT: u32 = 2;
const LINE: u32 = glyphs::HEIGHT * DOT;
/// From the map down: margin, title, gap, bar, tick, gap, numbers, margin.
const LEGEND_HEIGHT: u32 = MARGIN + LINE + 6 + BAR_HEIGHT + TICK + 4 + LINE + MARGIN;
const PAPER: Rgb<u8> = Rgb([255; 3]);
const INK: Rgb<u8> = Rgb([0; 3]);

/// What the colours of a metric stand for.
struct Scale {
    title: &'static str,
    /// The difference that has the last colour, and all above it, in Q24.
    end: u32,
    /// What is written below the bar, at equal distances from its first colour to its last.
    ticks: &'static [&'static str],
}

fn scale(metric: Metric) -> Scale {
    let similarity = &["0", "0.25", "0.5", "0.75", "1+"];
    match metric {
        Metric::Ssim => Scale { title: "1 - SSIM (7x7)", end: Score::ONE, ticks: similarity },
        Metric::SsimGaussian => Scale { title: "1 - SSIM (11x11)", end: Score::ONE, ticks: similarity },
        Metric::Msgms => Scale { title: "1 - MSGMS", end: Score::ONE, ticks: &["0", "0.25", "0.5", "0.75", "1"] },
        Metric::SsimMsgms => Scale { title: "(1 - SSIM)/2 + 1 - MSGMS", end: Score::ONE, ticks: similarity },
        // A quarter is a difference of half the range of gray.
        Metric::L2 => Scale { title: "((a - b)/255)^2", end: Score::ONE / 4, ticks: &["0", "0.125", "0.25+"] },
    }
}

/// The map of a comparison as a PNG file.
///
/// The map begins in the upper left corner. It is enlarged by the greatest whole factor with which it stays within 320
/// pixels, and not at all if it is wider. Black is no difference; the last colour stands for 1.0 and more (SSIM) or 0.25
/// and more (L2), whatever the images.
///
/// # Errors
/// [`ImageError`] if the picture cannot be encoded.
pub fn picture(comparison: &Comparison) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    draw(comparison).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)?;
    Ok(bytes)
}

fn draw(comparison: &Comparison) -> RgbImage {
    let Scale { title, end, ticks } = scale(comparison.metric);
    let (columns, rows) = (u32::from(comparison.size.width), u32::from(comparison.size.height));
    let zoom = (MIN_WIDTH / columns).max(1);
    let width = (columns * zoom).max(MIN_WIDTH);
    let mut picture = RgbImage::from_pixel(width, rows * zoom + LEGEND_HEIGHT, PAPER);
    for (row, values) in (0..).zip(comparison.map.chunks_exact(columns as usize)) {
        for (column, &value) in (0..).zip(values) {
            let colour = Rgb(colour_of_level(level(value, end)));
            for (u, v) in (0..zoom).flat_map(|v| (0..zoom).map(move |u| (u, v))) {
                picture.put_pixel(column * zoom + u, row * zoom + v, colour);
            }
        }
    }
    let top = rows * zoom + MARGIN;
    glyphs::write(&mut picture, title, (MARGIN, top), DOT, INK);
    let (bar_top, bar_width) = (top + LINE + 6, MIN_WIDTH - 2 * MARGIN);
    for x in 0..bar_width {
        let colour = Rgb(colour_of_level((x * 255 / (bar_width - 1)) as u8));
        for y in 0..BAR_HEIGHT {
            picture.put_pixel(MARGIN + x, bar_top + y, colour);
        }
    }
    for (index, &text) in (0..).zip(ticks) {
        let x = MARGIN + index * (bar_width - 1) / (ticks.len() as u32 - 1);
        for y in 0..TICK {
            picture.put_pixel(x, bar_top + BAR_HEIGHT + y, INK);
        }
        // Centred below its tick, but within the picture.
        let written = glyphs::width(text, DOT);
        let left = x.saturating_sub(written / 2).min(MIN_WIDTH - written);
        glyphs::write(&mut picture, text, (left, bar_top + BAR_HEIGHT + TICK + 4), DOT, INK);
    }
    picture
}

/// Where a difference lies on the scale, 0 to 255, rounded to the nearest.
fn level(difference: u32, end: u32) -> u8 {
    let (difference, end) = (u64::from(difference.min(end)), u64::from(end));
    ((difference * 255 + end / 2) / end) as u8
}

#[cfg(test)]
mod tests {
    use shared::image::Size;

    use super::*;

    fn comparison(metric: Metric, size: Size, value: impl Fn(usize) -> u32) -> Comparison {
        Comparison { metric, size, score: Score::MIN, map: (0..size.area()).map(value).collect() }
    }

    #[test]
    fn a_colour_means_the_same_in_every_picture() {
        let one = Score::ONE;
        for (metric, end) in Metric::ALL.into_iter().zip([one, one / 4, one, one, one]) {
            for greatest in [end / 2, end, 2 * one] {
                let picture =
                    draw(&comparison(metric, Size::new(20, 11), |index| if index == 0 { end / 2 } else { greatest }));
                assert_eq!(picture.get_pixel(0, 0).0, colour_of_level(128));
                assert_eq!(picture.get_pixel(15, 15).0, colour_of_level(128), "enlarged by 16");
                let expected = colour_of_level(if greatest == end / 2 { 128 } else { 255 });
                assert_eq!(picture.get_pixel(16, 0).0, expected);
            }
        }
    }

    #[test]
    fn the_legend_is_below_the_map() {
        for (width, drawn, zoom) in [(7, 320, 45), (128, 320, 2), (160, 320, 2), (161, 320, 1), (500, 500, 1)] {
            let picture = draw(&comparison(Metric::Ssim, Size::new(width, 11), |_| 0));
            assert_eq!(picture.dimensions(), (drawn, 11 * zoom + LEGEND_HEIGHT));
            let bar = 11 * zoom + MARGIN + LINE + 6;
            assert_eq!(picture.get_pixel(MARGIN, bar).0, colour_of_level(0));
            assert_eq!(picture.get_pixel(MIN_WIDTH - MARGIN - 1, bar).0, colour_of_level(255));
            assert_eq!(*picture.get_pixel(MIN_WIDTH - MARGIN - 1, bar + BAR_HEIGHT), INK);
            // Title and numbers are there.
            let ink = |rows: std::ops::Range<u32>| {
                rows.flat_map(|y| (0..drawn).map(move |x| (x, y)))
                    .filter(|&(x, y)| *picture.get_pixel(x, y) == INK)
                    .count()
            };
            assert!(ink(bar - 6 - LINE..bar - 6) > 100);
            assert!(ink(bar + BAR_HEIGHT + TICK..picture.height()) > 100);
        }
    }

    #[test]
    fn every_character_of_the_legends_can_be_drawn() {
        for metric in Metric::ALL {
            let Scale { title, ticks, .. } = scale(metric);
            for character in [title].iter().chain(ticks).flat_map(|text| text.chars()).filter(|&c| c != ' ') {
                let mut picture = RgbImage::from_pixel(6, 8, PAPER);
                glyphs::write(&mut picture, &character.to_string(), (0, 0), 1, INK);
                assert!(picture.pixels().any(|&pixel| pixel == INK), "{character}");
            }
        }
    }
}
