//! The random stream of one frame.
//!
//! Each stream is keyed by (seed, sequence, index) and split by purpose, so that the part, its defect and the camera's
//! grain are drawn independently: a defective frame and its defect-free twin share part and grain to the last bit.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::bottle::BottleDefect;
use super::surface::SurfaceDefect;
use super::turned::TurnedDefect;
use super::{DefectKind, PartKind};

/// Which series of frames an index counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sequence {
    /// Parts of this kind without a defect.
    Good(PartKind),
    /// Parts with one defect of this kind.
    Defective(DefectKind),
}

impl Sequence {
    /// The number in the key. Do not reorder: it would change every frame.
    fn code(self) -> u64 {
        match self {
            Self::Good(PartKind::Bottle) => 0,
            Self::Defective(DefectKind::Bottle(BottleDefect::Chip)) => 1,
            Self::Defective(DefectKind::Bottle(BottleDefect::Crack)) => 2,
            Self::Defective(DefectKind::Bottle(BottleDefect::Contamination)) => 3,
            Self::Good(PartKind::Surface) => 16,
            Self::Defective(DefectKind::Surface(SurfaceDefect::Scratch)) => 17,
            Self::Defective(DefectKind::Surface(SurfaceDefect::Pit)) => 18,
            Self::Defective(DefectKind::Surface(SurfaceDefect::Stain)) => 19,
            Self::Good(PartKind::Turned) => 32,
            Self::Defective(DefectKind::Turned(TurnedDefect::Chip)) => 33,
            Self::Defective(DefectKind::Turned(TurnedDefect::Hole)) => 34,
            Self::Defective(DefectKind::Turned(TurnedDefect::Scratch)) => 35,
            Self::Defective(DefectKind::Turned(TurnedDefect::Contamination)) => 36,
        }
    }
}

/// What the numbers of a stream are for. Do not reorder: it would change every frame.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Part = 0,
    Defect = 1,
    Grain = 2,
}

/// A stream of random numbers.
pub(super) struct Source(ChaCha8Rng);

impl Source {
    /// The stream of one frame for one purpose.
    pub(super) fn new(seed: u64, sequence: Sequence, index: u64, purpose: Purpose) -> Self {
        let mut key = [0u8; 32];
        key[0..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&sequence.code().to_le_bytes());
        key[16..24].copy_from_slice(&index.to_le_bytes());
        key[24..32].copy_from_slice(b"render 1");
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(purpose as u64);
        Self(rng)
    }

    /// Uniform in [0, 1), with 53 bits.
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in [low, high).
    pub(super) fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform in [-amplitude, amplitude).
    pub(super) fn around(&mut self, amplitude: f64) -> f64 {
        self.range(-amplitude, amplitude)
    }

    /// Between low and high, with equal chances per factor: small values are as common as large ones.
    pub(super) fn scale(&mut self, low: f64, high: f64) -> f64 {
        low * libm::exp(libm::log(high / low) * self.unit())
    }

    /// A whole number in [low, high].
    pub(super) fn count(&mut self, low: usize, high: usize) -> usize {
        low + ((high - low + 1) as f64 * self.unit()) as usize
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Nearly Gaussian with mean 0 and standard deviation 1: the sum of four bytes, cheap enough for every pixel.
    pub(super) fn grain(&mut self) -> f64 {
        let sum: u32 = self.0.next_u32().to_le_bytes().iter().map(|&byte| u32::from(byte)).sum();
        // Four uniform bytes: mean 4 * 127.5, variance 4 * (256^2 - 1) / 12.
        (f64::from(sum) - 510.0) / 147.801_4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_sequences_and_indices_have_streams_of_their_own() {
        let first = |sequence, index, purpose| Source::new(1, sequence, index, purpose).unit();
        let crack = Sequence::Defective(DefectKind::Bottle(BottleDefect::Crack));
        let values = [
            first(Sequence::Good(PartKind::Bottle), 0, Purpose::Part),
            first(Sequence::Good(PartKind::Bottle), 0, Purpose::Grain),
            first(Sequence::Good(PartKind::Bottle), 1, Purpose::Part),
            first(crack, 0, Purpose::Part),
        ];
        for (i, a) in values.iter().enumerate() {
            assert!(values[i + 1..].iter().all(|b| a != b), "value {i} is repeated");
        }
    }

    #[test]
    fn no_two_sequences_share_a_code() {
        let mut codes = Vec::new();
        for part in PartKind::ALL {
            codes.push(Sequence::Good(part).code());
            codes.extend(part.defects().iter().map(|&kind| Sequence::Defective(kind).code()));
        }
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!((count, codes.len()), (13, 13));
    }

    #[test]
    fn grain_has_the_stated_moments() {
        let mut source = Source::new(1, Sequence::Good(PartKind::Bottle), 0, Purpose::Grain);
        let values: Vec<f64> = (0..20_000).map(|_| source.grain()).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / values.len() as f64;
        assert!(mean.abs() < 0.03, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.05, "variance {variance}");
    }

    #[test]
    fn ranges_hold() {
        let mut source = Source::new(1, Sequence::Good(PartKind::Bottle), 0, Purpose::Part);
        for _ in 0..1000 {
            assert!((2.0..3.0).contains(&source.range(2.0, 3.0)));
            assert!((2..=4).contains(&source.count(2, 4)));
            assert!((0.1..10.001).contains(&source.scale(0.1, 10.0)));
        }
    }
}
