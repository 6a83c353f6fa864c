//! One rendered frame: the part, its defect, the light and the camera's grain, as 8-bit gray.

use super::bottle::Bottle;
use super::geometry::{Point, mix};
use super::part::{MARKED, Part};
use super::random::{Purpose, Sequence, Source};
use super::surface::Surface;
use super::turned::Bracket;
use super::{DefectKind, PartKind};

/// A rendered frame, row by row from the top left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedFrame {
    /// Gray values, `width * height` of them.
    pub gray: Vec<u8>,
    /// 255 where the defect is, 0 elsewhere; `None` for a good part.
    pub mask: Option<Vec<u8>>,
    /// Width of the frame, px.
    pub width: u32,
    /// Height of the frame, px.
    pub height: u32,
}

/// Renders the good part of this kind and index. `size` is the frame's height, px; [`PartKind::frame`] gives its width.
pub fn render_good(seed: u64, index: u64, part: PartKind, size: u16) -> RenderedFrame {
    clean(Stream { seed, sequence: Sequence::Good(part), index }, part, size)
}

/// Renders the part of this index in the defect's own sequence, with one such defect, and the mask of the defect.
/// `size` as for [`render_good`].
pub fn render_defective(seed: u64, index: u64, kind: DefectKind, size: u16) -> RenderedFrame {
    let stream = Stream { seed, sequence: Sequence::Defective(kind), index };
    let frame = kind.part().frame(size);
    match kind {
        DefectKind::Bottle(kind) => compose::<Bottle>(stream, frame, Some(kind)),
        DefectKind::Surface(kind) => compose::<Surface>(stream, frame, Some(kind)),
        DefectKind::Turned(kind) => compose::<Bracket>(stream, frame, Some(kind)),
    }
}

/// Which frame: where its random numbers come from.
#[derive(Clone, Copy)]
struct Stream {
    seed: u64,
    sequence: Sequence,
    index: u64,
}

impl Stream {
    fn source(self, purpose: Purpose) -> Source {
        Source::new(self.seed, self.sequence, self.index, purpose)
    }
}

/// The part of a stream without a defect, whatever the sequence.
fn clean(stream: Stream, part: PartKind, size: u16) -> RenderedFrame {
    let frame = part.frame(size);
    match part {
        PartKind::Bottle => compose::<Bottle>(stream, frame, None),
        PartKind::Surface => compose::<Surface>(stream, frame, None),
        PartKind::Turned => compose::<Bracket>(stream, frame, None),
    }
}

fn compose<P: Part>(stream: Stream, (width, height): (u32, u32), kind: Option<P::Kind>) -> RenderedFrame {
    let pixel = 1.0 / f64::from(height.max(1));
    let middle = Point::new(0.5 * f64::from(width) / f64::from(height.max(1)), 0.5);
    let part = P::draw(&mut stream.source(Purpose::Part));
    let defect = kind.map(|kind| part.spoil(&mut stream.source(Purpose::Defect), kind, stream.index, pixel));
    let bounds = defect.as_ref().map(|defect| defect.bounds());
    let mut grain = stream.source(Purpose::Grain);

    let pixels = width as usize * height as usize;
    let mut gray = Vec::with_capacity(pixels);
    let mut mask = defect.as_ref().map(|_| vec![0u8; pixels]);
    for row in 0..height {
        for column in 0..width {
            let at = Point::new((f64::from(column) + 0.5) * pixel, (f64::from(row) + 0.5) * pixel).from(middle);
            let mut value = part.shade(at);
            if let (Some(defect), Some(bounds), Some(mask)) = (&defect, &bounds, &mut mask)
                && bounds.contains(at)
            {
                let (coverage, painted) = defect.paint(at, value);
                value = mix(value, painted, coverage);
                if coverage >= MARKED {
                    mask[gray.len()] = 255;
                }
            }
            value *= part.light(at);
            // Read-out noise, and shot noise that grows with the light.
            value += grain.grain() * (0.9 + 0.006 * value);
            gray.push((value + 0.5).clamp(0.0, 255.0) as u8);
        }
    }
    RenderedFrame { gray, mask, width, height }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: u16 = 128;

    /// Digests of a kind's first good frame, and of frame and mask of the first of each of its defects.
    type Golden = (PartKind, u64, &'static [(u64, u64)]);

    const GOLDEN: [Golden; 3] = [
        (
            PartKind::Bottle,
            0x16fa_dd13_e9f8_9587,
            &[
                (0x97f4_8d83_e0f4_6c6d, 0x785a_9128_6625_0f73),
                (0x1909_f239_c969_a4c4, 0xe7e5_57f7_1dec_ea8b),
                (0x054b_4048_c12b_9ff9, 0x5d64_1811_fde9_dfcf),
            ],
        ),
        (
            PartKind::Surface,
            0x0ee4_09f4_900b_dde3,
            &[
                (0x916f_9314_a9b0_aa21, 0x979d_797d_c7ea_a60b),
                (0xa14f_3fff_7274_a301, 0x04f2_32f9_50da_bd2b),
                (0x7267_1ed2_323f_2601, 0xc3ed_c106_c7be_3bcb),
            ],
        ),
        (
            PartKind::Turned,
            0xf352_02eb_2cea_be08,
            &[
                (0xcf6d_063a_c983_4047, 0x8b27_ad06_52e2_6445),
                (0x077e_2de0_298d_b447, 0xea1e_c1c9_51d3_4068),
                (0x05bc_9e87_8ee0_8844, 0x2c35_31ba_289d_dd31),
                (0x10a4_6db2_b92c_170e, 0xeb9e_896c_0574_a0c4),
            ],
        ),
    ];

    /// FNV-1a, 64 bits.
    fn digest(bytes: &[u8]) -> u64 {
        bytes
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    }

    #[test]
    fn frames_are_the_same_everywhere_and_for_ever() {
        let found = PartKind::ALL.map(|part| {
            let defective = part.defects().iter().map(|&kind| {
                let frame = render_defective(1, 0, kind, SIZE);
                (digest(&frame.gray), digest(&frame.mask.unwrap_or_default()))
            });
            (part, digest(&render_good(1, 0, part, SIZE).gray), defective.collect::<Vec<_>>())
        });
        for ((part, good, defective), expected) in found.iter().zip(GOLDEN) {
            assert!((*part, *good, &defective[..]) == expected, "{part:?}: {good:#018x} {defective:#018x?}");
        }
    }

    #[test]
    fn seed_and_index_change_the_frame_and_the_size_does_not_move_it() {
        for part in PartKind::ALL {
            let frame = render_good(1, 0, part, SIZE);
            assert_eq!(frame, render_good(1, 0, part, SIZE));
            assert_ne!(frame.gray, render_good(1, 1, part, SIZE).gray);
            assert_ne!(frame.gray, render_good(2, 0, part, SIZE).gray);
            assert_eq!(frame.mask, None);
            let large = render_good(1, 0, part, 2 * SIZE).gray;
            let mean = |gray: &[u8]| gray.iter().map(|&v| f64::from(v)).sum::<f64>() / gray.len() as f64;
            assert!((mean(&frame.gray) - mean(&large)).abs() < 1.0, "{}", part.name());
        }
    }

    #[test]
    fn any_size_renders() {
        for kind in every_defect() {
            for size in [0, 1, 2, 31] {
                let frame = render_defective(1, 0, kind, size);
                let pixels = frame.width as usize * frame.height as usize;
                assert_eq!((frame.width, frame.height), kind.part().frame(size));
                assert_eq!((frame.gray.len(), frame.mask.map(|mask| mask.len())), (pixels, Some(pixels)));
            }
        }
    }

    fn every_defect() -> impl Iterator<Item = DefectKind> {
        PartKind::ALL.into_iter().flat_map(|part| part.defects().iter().copied())
    }

    /// Whether any pixel of the mask within `reach` of this one is set.
    fn near(mask: &[u8], width: usize, at: usize, reach: usize) -> bool {
        let (row, column) = (at / width, at % width);
        let (last_row, last_column) = (mask.len() / width - 1, width - 1);
        (row.saturating_sub(reach)..=(row + reach).min(last_row)).any(|r| {
            (column.saturating_sub(reach)..=(column + reach).min(last_column)).any(|c| mask[r * width + c] == 255)
        })
    }

    #[test]
    fn a_defective_frame_differs_from_its_twin_where_the_mask_says() {
        for (kind, index, size) in
            every_defect().flat_map(|kind| (0..25).flat_map(move |index| [(kind, index, 64), (kind, index, 256)]))
        {
            let frame = render_defective(1, index, kind, size);
            let twin = clean(Stream { seed: 1, sequence: Sequence::Defective(kind), index }, kind.part(), size);
            let what = format!("{} {} {index} at {size} px", kind.part().name(), kind.name());
            let mask = frame.mask.unwrap_or_default();
            assert!(mask.iter().all(|&value| value == 0 || value == 255), "{what}");
            let marked = mask.iter().filter(|&&value| value == 255).count();
            assert!(marked >= 4, "{what}: {marked} px");
            assert!(marked * 8 < mask.len(), "{what}: {marked} px");
            let mut changed = 0;
            for at in 0..mask.len() {
                let differs = frame.gray[at].abs_diff(twin.gray[at]);
                if differs > 0 {
                    assert!(near(&mask, frame.width as usize, at, 2), "{what}: a change far from the mask");
                }
                if mask[at] == 255 && differs > 2 {
                    changed += 1;
                }
            }
            assert!(changed * 10 >= marked * 6, "{what}: only {changed} of {marked} marked pixels changed");
        }
    }
}
