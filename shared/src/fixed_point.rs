//! Integer division: rounded, by a small number many times over, and ratios in Q24 (1.0 is `1 << 24`); square roots.
//!
//! It does not know what the numbers mean.

/// 1.0 in Q24.
pub(crate) const ONE: u32 = 1 << 24;

/// Bits that a numerator keeps before it is scaled by 2^24: 39 + 24 = 63.
const NUMERATOR_BITS: u32 = 39;

/// `numerator / denominator`, rounded half up, for `numerator` and `denominator` up to 2^62.
///
/// `floor((n + floor(d / 2)) / d)` equals `floor(n / d + 1/2)` for odd `d` too, because `n / d` then never has
/// the fraction 1/2. A denominator of zero counts as one, so that no input panics.
pub(crate) fn divide_rounded(numerator: u64, denominator: u64) -> u64 {
    (numerator + denominator / 2).checked_div(denominator).unwrap_or(numerator)
}

/// `numerator / denominator` in Q24, rounded half up, for `numerator <= 2 * denominator` and `denominator` up to 2^60:
/// at most 2.0.
///
/// Where the numerator needs more than 39 bits, both are first shifted right by the number of bits in excess.
/// The shifted numerator is then at least 2^38 and the denominator at least 2^37, so that each shift changes
/// the ratio by a factor within 1 ± 2^-37. The error before rounding is below 2 * 2 * 2^-37 = 2^-35, which is
/// 2^-11 of the unit of Q24: a ratio of 2.0 stays 2.0.
///
/// Ranges: shifted numerator below 2^39, times 2^24 below 2^63; half the denominator below 2^59; the sum below
/// 2^64.
pub(crate) fn ratio(numerator: u64, denominator: u64) -> u32 {
    // The bit that is set makes the excess of shorter numerators zero.
    let length = u64::BITS - (numerator | 1 << (NUMERATOR_BITS - 1)).leading_zeros();
    let excess = length - NUMERATOR_BITS;
    divide_rounded((numerator >> excess) << 24, denominator >> excess) as u32
}

/// A number to divide by many times over, from 1 to 2^16.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SmallDivisor {
    divisor: u32,
    /// `floor(2^32 / divisor)`; 2^32 - 1 for the divisor 1.
    reciprocal: u32,
}

impl SmallDivisor {
    /// A divisor of zero counts as one, so that no input panics.
    pub(crate) const fn new(divisor: u32) -> Self {
        let divisor = if divisor == 0 { 1 } else { divisor };
        let reciprocal = (1_u64 << 32) / divisor as u64;
        Self { divisor, reciprocal: if divisor == 1 { u32::MAX } else { reciprocal as u32 } }
    }

    /// `floor(dividend / divisor)`, by a multiplication and a correction.
    ///
    /// With `2^32 = divisor * reciprocal + rest`, `rest <= divisor`, the product over 2^32 is below `dividend /
    /// divisor` by `dividend * rest / (2^32 * divisor)`, which is less than 1: the quotient is right or too small by one.
    pub(crate) const fn divide(self, dividend: u32) -> u32 {
        let quotient = ((dividend as u64 * self.reciprocal as u64) >> 32) as u32;
        let rest = dividend - quotient * self.divisor;
        quotient + (rest >= self.divisor) as u32
    }
}

/// Values of the first approximation in [`root`]: `2^46 / sqrt(n)` at the middle of each of 96 ranges of `n`.
const INVERSE_ROOTS: [u32; 96] = {
    let mut table = [0; 96];
    let mut index = 0;
    while index < 96 {
        // The root is exact to 2^-31; what is lost is far below the width of a range.
        let middle = ((index as u64 + 32) << 25) + (1 << 24);
        table[index] = ((1_u64 << 62) / (middle << 32).isqrt()) as u32;
        index += 1;
    }
    table
};

/// The square root of a number below 2^62, within 2^-25 of itself, or the whole number below that; 0 for 0.
///
/// Newton's iteration for the inverse root, which knows no division. With the 32 bits `n` of the number from an even
/// position on, 2^30 to 2^32, the first `y = 2^46 / sqrt(n)` is within 1/127 of itself. Each step takes the error e
/// to 3/2 e^2: 9.3e-5, then 1.3e-8 = 2^-26.2. Truncated products add less than 2^-28 each.
///
/// Ranges: y is at most 2^31 (1 + 2^-12), its square over 2^30 below 2^32 (1 + 2^-11), the product with n below 2^63 as
/// `n y^2` is near 2^92, the second factor of a step below 2^33.
pub(crate) const fn root(number: u64) -> u32 {
    let shift = number.leading_zeros() & !1;
    if number == 0 {
        return 0;
    }
    let n = (number << shift) >> 32;
    let mut y = INVERSE_ROOTS[(n >> 25) as usize - 32] as u64;
    let mut step = 0;
    while step < 2 {
        let one = (n * ((y * y) >> 30)) >> 31;
        y = (y * ((3 << 31) - one)) >> 32;
        step += 1;
    }
    ((n * y) >> 30 >> (shift / 2)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn halves_are_rounded_up() {
        assert_eq!(divide_rounded(0, 5), 0);
        assert_eq!(divide_rounded(2, 5), 0);
        assert_eq!(divide_rounded(3, 5), 1);
        assert_eq!(divide_rounded(1, 2), 1);
        assert_eq!(divide_rounded(5, 2), 3);
        assert_eq!(divide_rounded(5, 4), 1);
        assert_eq!(divide_rounded(6, 4), 2);
    }

    #[test]
    fn a_denominator_of_zero_counts_as_one() {
        assert_eq!(divide_rounded(7, 0), 7);
        assert_eq!(ratio(0, 0), 0);
    }

    #[test]
    fn ratios_by_hand() {
        assert_eq!(ratio(0, 9), 0);
        assert_eq!(ratio(1, 2), 1 << 23);
        assert_eq!(ratio(9, 9), 1 << 24);
        assert_eq!(ratio(18, 9), 1 << 25);
        // 2^24 / 3 = 5592405.33; 2^25 / 3 = 11184810.67
        assert_eq!(ratio(1, 3), 5_592_405);
        assert_eq!(ratio(2, 3), 11_184_811);
    }

    #[test]
    fn the_greatest_operands_do_not_overflow() {
        let greatest = 1 << 60;
        assert_eq!(ratio(2 * greatest, greatest), 2 * ONE);
        assert_eq!(ratio(2 * greatest - 1, greatest), 2 * ONE);
        assert_eq!(ratio(greatest, greatest), ONE);
        assert_eq!(ratio(1, greatest), 0);
        // The greatest numerator that is not shifted, over the greatest denominator.
        assert_eq!(ratio((1 << 39) - 1, greatest), 8);
    }

    #[test]
    fn small_divisors_are_exact_at_every_step() {
        for divisor in (1..=200).chain([255, 256, 65_535, 65_536]) {
            let small = SmallDivisor::new(divisor);
            for quotient in (0..=u32::MAX / divisor).step_by(1 + (u32::MAX / divisor) as usize / 5000) {
                for dividend in [quotient * divisor, (quotient * divisor).saturating_sub(1)] {
                    assert_eq!(small.divide(dividend), dividend / divisor, "{dividend} / {divisor}");
                }
            }
            assert_eq!(small.divide(u32::MAX), u32::MAX / divisor);
        }
        assert_eq!(SmallDivisor::new(0).divide(7), 7);
    }

    /// The greatest relative error among these numbers; numbers with short roots are left out.
    fn greatest_error(numbers: impl Iterator<Item = u64>) -> f64 {
        let error = |number: u64| {
            let (found, expected) = (f64::from(root(number)), (number as f64).sqrt());
            // What was cut off after the comma counts for nothing.
            ((found - expected).abs() - 1.0).max(0.0) / expected
        };
        numbers.map(error).fold(0.0, f64::max)
    }

    #[test]
    fn roots_are_as_good_as_stated() {
        assert_eq!(root(0), 0);
        for (number, expected) in [(1, 1), (3, 1), (4, 2), (8, 2), (9, 3), (15, 3), (16, 4), (99, 9)] {
            assert!(root(number).abs_diff(expected) <= 1, "root of {number}: {}", root(number));
        }
        let bound = 2_f64.powi(-25);
        // The ends of the ranges of the table, at every position of the first bit.
        let ends = (32_u64..128)
            .flat_map(|n| [n << 55, (n << 55) | ((1 << 55) - 1)])
            .flat_map(|n| (2..64).map(move |by| n >> by));
        assert!(greatest_error(ends) < bound);
        assert!(greatest_error((0..1 << 20).map(|index| 0x3fff_ffff_ffff_ffff - index * 0x0200_0000_0000)) < bound);
        assert!(greatest_error(1..1 << 18) < bound);
    }

    fn exact(numerator: u64, denominator: u64) -> i64 {
        let (numerator, denominator) = (u128::from(numerator), u128::from(denominator));
        ((2 * (numerator << 24) + denominator) / (2 * denominator)) as i64
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        #[test]
        fn agrees_with_128_bits(denominator in 1_u64..1 << 60, bits in 0_u32..60, part in any::<u64>()) {
            let denominator = (denominator >> bits).max(1);
            let numerator = part % (2 * denominator + 1);
            let error = i64::from(ratio(numerator, denominator)) - exact(numerator, denominator);
            prop_assert!(error.abs() <= i64::from(numerator >= 1 << 39), "error {error}");
        }
    }
}
