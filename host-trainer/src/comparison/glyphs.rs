//! The few characters of a legend, drawn as dots: 5 wide and 7 high. It does not know what is written.

use image::{Rgb, RgbImage};

/// Pixels from one character to the next, at scale 1.
const ADVANCE: u32 = 6;
/// Height of a character, at scale 1.
pub const HEIGHT: u32 = 7;

/// The rows of a character, the leftmost dot in bit 4; nothing for a character that is not among them.
fn rows(character: char) -> [u8; 7] {
    match character {
        '0' => [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110],
        '1' => [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
        '2' => [0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111],
        '3' => [0b01110, 0b10001, 0b00001, 0b00110, 0b00001, 0b10001, 0b01110],
        '4' => [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010],
        '5' => [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110],
        '6' => [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110],
        '7' => [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000],
        '8' => [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110],
        '9' => [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100],
        '.' => [0, 0, 0, 0, 0, 0b01100, 0b01100],
        '+' => [0, 0b00100, 0b00100, 0b11111, 0b00100, 0b00100, 0],
        '-' => [0, 0, 0, 0b11111, 0, 0, 0],
        '(' => [0b00010, 0b00100, 0b01000, 0b01000, 0b01000, 0b00100, 0b00010],
        ')' => [0b01000, 0b00100, 0b00010, 0b00010, 0b00010, 0b00100, 0b01000],
        '/' => [0b00001, 0b00001, 0b00010, 0b00100, 0b01000, 0b10000, 0b10000],
        '^' => [0b00100, 0b01010, 0b10001, 0, 0, 0, 0],
        'a' => [0, 0, 0b01110, 0b00001, 0b01111, 0b10001, 0b01111],
        'b' => [0b10000, 0b10000, 0b11110, 0b10001, 0b10001, 0b10001, 0b11110],
        'S' => [0b01111, 0b10000, 0b10000, 0b01110, 0b00001, 0b00001, 0b11110],
        'G' => [0b01110, 0b10001, 0b10000, 0b10111, 0b10001, 0b10001, 0b01111],
        'I' => [0b01110, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
        'M' => [0b10001, 0b11011, 0b10101, 0b10101, 0b10001, 0b10001, 0b10001],
        'x' => [0, 0, 0b10001, 0b01010, 0b00100, 0b01010, 0b10001],
        _ => [0; 7],
    }
}

/// The width of a text in pixels, without the gap after the last character.
pub fn width(text: &str, scale: u32) -> u32 {
    (text.chars().count() as u32 * ADVANCE).saturating_sub(1) * scale
}

/// Writes `text` with its upper left corner at `(left, top)`; what lies outside of the picture is left out.
pub fn write(picture: &mut RgbImage, text: &str, (left, top): (u32, u32), scale: u32, colour: Rgb<u8>) {
    for (position, character) in (0..).zip(text.chars()) {
        for (y, row) in (0..).zip(rows(character)) {
            for x in (0..5).filter(|x| row >> (4 - x) & 1 == 1) {
                let (u, v) = (left + (position * ADVANCE + x) * scale, top + y * scale);
                for (u, v) in (v..v + scale).flat_map(|v| (u..u + scale).map(move |u| (u, v))) {
                    if let Some(pixel) = picture.get_pixel_mut_checked(u, v) {
                        *pixel = colour;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_drawn_where_it_should_be() {
        let (black, white) = (Rgb([0; 3]), Rgb([255; 3]));
        let mut picture = RgbImage::from_pixel(20, 16, white);
        write(&mut picture, "1-", (1, 1), 1, black);
        let found: Vec<String> = (0..9)
            .map(|y| (0..13).map(|x| if *picture.get_pixel(x, y) == black { '#' } else { ' ' }).collect())
            .collect();
        let expected = [
            "             ",
            "   #         ",
            "  ##         ",
            "   #         ",
            "   #   ##### ",
            "   #         ",
            "   #         ",
            "  ###        ",
            "             ",
        ];
        assert_eq!(found, expected);
        assert_eq!((width("1-", 1), width("1-", 2)), (11, 22));
        write(&mut picture, "8888", (0, 12), 2, black); // runs out of the picture
    }
}
