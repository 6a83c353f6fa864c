//! Bilinear scaling of an anomaly map to the size of a mask, exact in integers.
//!
//! Pixel centres correspond: pixel `j` of `d` lies at `(j + 1/2) s / d - 1/2` among `s` source pixels, and beyond the
//! outermost centres the outermost value holds. This is `align_corners=False` of PyTorch's `interpolate`,
//! `INTER_LINEAR` of OpenCV's `resize`, and `half_pixel` of ONNX; no smoothing precedes a reduction.
//!
//! On an axis the unit of length is 1/(2 d) of a source pixel, so that weights are integers. With values of at most
//! 2^25 and sides of at most 2^14:
//!
//! | quantity | bound | type |
//! |---|---|---|
//! | position, `(2 j + 1) s` | 2^29 | `u32` |
//! | column sum, `2 dh` times a value | 2^40 | `u64` |
//! | pixel before the division, `2 dw` times that | 2^55 | `u64` |
//!
//! The quotient is rounded down: a rounded value is at or above a whole threshold if and only if the exact one is.

use shared::image::Size;

/// Where a target pixel lies on one axis.
#[derive(Clone, Copy, Debug)]
struct Tap {
    first: usize,
    second: usize,
    /// Weight of `second` in units of 1/(2 d); `first` has the rest.
    weight: u64,
}

fn taps(from: u16, to: u16) -> Vec<Tap> {
    let (from, to) = (u32::from(from), u32::from(to));
    let last = from - 1;
    (0..to)
        .map(|j| {
            let position = ((2 * j + 1) * from).saturating_sub(to);
            let first = position / (2 * to);
            if first < last {
                Tap { first: first as usize, second: first as usize + 1, weight: u64::from(position % (2 * to)) }
            } else {
                Tap { first: last as usize, second: last as usize, weight: 0 }
            }
        })
        .collect()
}

/// Scales maps of one size to another, row by row.
#[derive(Debug)]
pub struct Bilinear {
    columns: Vec<Tap>,
    rows: Vec<Tap>,
    from: Size,
    to: Size,
    line: Vec<u64>,
}

impl Bilinear {
    /// From maps of size `from` to size `to`; both have at least one pixel and sides of at most 2^14.
    pub fn new(from: Size, to: Size) -> Self {
        Self {
            columns: taps(from.width, to.width),
            rows: taps(from.height, to.height),
            from,
            to,
            line: vec![0; usize::from(from.width)],
        }
    }

    /// The sizes it scales from and to.
    pub fn sizes(&self) -> (Size, Size) {
        (self.from, self.to)
    }

    /// Writes row `y` of the scaled `map` (values of at most 2^25, row by row) to `out`, which is as long as a row.
    pub fn row(&mut self, map: &[u32], y: u16, out: &mut [u32]) {
        let width = usize::from(self.from.width);
        let row = self.rows[usize::from(y)];
        let above = &map[row.first * width..(row.first + 1) * width];
        let below = &map[row.second * width..(row.second + 1) * width];
        let (whole_x, whole_y) = (2 * u64::from(self.to.width), 2 * u64::from(self.to.height));
        for ((sum, &above), &below) in self.line.iter_mut().zip(above).zip(below) {
            *sum = u64::from(above) * (whole_y - row.weight) + u64::from(below) * row.weight;
        }
        for (value, column) in out.iter_mut().zip(&self.columns) {
            let sum = self.line[column.first] * (whole_x - column.weight) + self.line[column.second] * column.weight;
            *value = (sum / (whole_x * whole_y)) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::score::Score;

    use super::*;

    fn scale(map: &[u32], from: Size, to: Size) -> Vec<u32> {
        let mut scaling = Bilinear::new(from, to);
        let mut out = vec![0; to.area()];
        for (y, row) in out.chunks_exact_mut(usize::from(to.width)).enumerate() {
            scaling.row(map, y as u16, row);
        }
        out
    }

    /// The example in the documentation of `torch.nn.Upsample` (bilinear, `align_corners=False`, 2x2 to 4x4), times 4.
    #[test]
    fn the_example_of_pytorch() {
        let scaled = scale(&[16, 32, 48, 64], Size::new(2, 2), Size::new(4, 4));
        assert_eq!(scaled, [16, 20, 28, 32, 24, 28, 36, 40, 40, 44, 52, 56, 48, 52, 60, 64]);
    }

    #[test]
    fn the_greatest_sides_and_values_do_not_overflow() {
        let greatest = Score::MAX.raw();
        let (from, to) = (Size::new(16384, 2), Size::new(16383, 16384));
        let mut row = vec![0; 16383];
        Bilinear::new(from, to).row(&vec![greatest; from.area()], 16383, &mut row);
        assert!(row.iter().all(|&value| value == greatest));
        let mut scaling = Bilinear::new(to, from);
        scaling.row(&vec![greatest; to.area()], 1, &mut vec![0; 16384]);
    }

    fn size() -> impl Strategy<Value = Size> {
        (1u16..14, 1u16..14).prop_map(|(width, height)| Size::new(width, height))
    }

    fn map() -> impl Strategy<Value = (Size, Vec<u32>)> {
        size().prop_flat_map(|size| (Just(size), proptest::collection::vec(0..=Score::MAX.raw(), size.area())))
    }

    proptest! {
        #[test]
        fn it_is_the_real_interpolation_rounded_down((from, map) in map(), to in size()) {
            let scaled = scale(&map, from, to);
            let at = |j: usize, from: u16, to: u16| {
                let x = ((j as f64 + 0.5) * f64::from(from) / f64::from(to) - 0.5).clamp(0.0, f64::from(from - 1));
                (x as usize, (x as usize + 1).min(usize::from(from) - 1), x.fract())
            };
            for (index, &value) in scaled.iter().enumerate() {
                let (x0, x1, u) = at(index % usize::from(to.width), from.width, to.width);
                let (y0, y1, v) = at(index / usize::from(to.width), from.height, to.height);
                let pixel = |x: usize, y: usize| f64::from(map[y * usize::from(from.width) + x]);
                let exact = (1.0 - v) * ((1.0 - u) * pixel(x0, y0) + u * pixel(x1, y0))
                    + v * ((1.0 - u) * pixel(x0, y1) + u * pixel(x1, y1));
                prop_assert!((-1e-6..1.0).contains(&(exact - f64::from(value))), "{exact} became {value}");
            }
        }

        #[test]
        fn the_own_size_changes_nothing((size, map) in map()) {
            prop_assert_eq!(scale(&map, size, size), map);
        }
    }
}
