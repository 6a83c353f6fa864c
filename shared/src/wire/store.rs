//! The two records of a station's store: which bundle is active, and below which release none may be installed.
//!
//! The order of fields is part of the wire format. They say what was decided; who decides, and files, they do not know.

use serde::{Deserialize, Serialize};

use super::envelope::{Format, MessageKind, OVERHEAD};
use super::{Name, WireError};
use crate::bundle::BundleId;

/// Version 1 takes at most 82 bytes; the rest is for versions to come.
const POINTER: Format = Format { kind: MessageKind::StorePointer, newest: 1, max_payload: 246 };

/// Version 1 takes at most 1121 bytes; the rest is for versions to come.
const FLOOR: Format = Format { kind: MessageKind::VersionFloor, newest: 1, max_payload: 2038 };

/// The most products that a [`VersionFloor`] can hold.
pub const MAX_FLOORS: usize = 16;

/// Which bundle of the store is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorePointer {
    /// Grows by one with every pointer that is written, from 1.
    pub generation: u64,
    /// The bundle that the station runs.
    pub active: BundleId,
    /// The bundle that it goes back to: the last one that was confirmed before.
    pub previous: Option<BundleId>,
    /// How many times an active bundle that is not confirmed may still be started.
    pub tries_left: u8,
    /// How many parts it has to judge until it is confirmed.
    pub trial_parts_left: u32,
    /// Whether the active bundle is confirmed. Then nothing is left of tries and parts.
    pub confirmed: bool,
}

/// The highest release of each product that was confirmed on this station. Lower ones are not installed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionFloor {
    /// By ascending product.
    products: heapless::Vec<ProductFloor, MAX_FLOORS>,
}

/// The floor of one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductFloor {
    /// What is inspected.
    pub product: Name,
    /// The lowest release that may be installed.
    pub release: u32,
}

/// What is wrong with a [`StorePointer`] or a [`VersionFloor`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStore {
    /// No pointer was written before the first.
    #[error("found the generation 0, expected at least 1")]
    Generation,
    /// There would be nothing to go back to.
    #[error("found the bundle {found} as active and as previous one, expected two")]
    SameBundle {
        /// The bundle.
        found: BundleId,
    },
    /// The trial of a confirmed bundle is over.
    #[error("found {tries} tries and {parts} parts left of a confirmed bundle, expected none")]
    TrialOfConfirmed {
        /// The tries.
        tries: u8,
        /// The parts.
        parts: u32,
    },
    /// A bundle that has judged all parts of its trial is confirmed.
    #[error("found no parts left of a bundle that is not confirmed, expected at least one")]
    NoParts,
    /// A product without characters, or with control characters.
    #[error("found an empty product or control characters in it, expected a name")]
    Product,
    /// Products that do not ascend, or one that is there twice.
    #[error("found product {index} (from 0) not after the one before it, expected ascending names")]
    ProductOrder {
        /// Its place.
        index: usize,
    },
    /// More products than a station can have.
    #[error(
        "found {MAX_FLOORS} other products, expected fewer; a station inspects few products: give this one its own"
    )]
    TooManyProducts,
}

impl StorePointer {
    /// A length that is enough for every encoded pointer, in bytes.
    pub const MAX_LEN: usize = OVERHEAD + POINTER.max_payload;

    /// Writes the pointer in its envelope to the start of `out` and gives the length.
    ///
    /// # Errors
    ///
    /// [`WireError`] if the pointer is invalid or `out` is too short; [`MAX_LEN`](Self::MAX_LEN) bytes are enough.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, WireError> {
        self.validate()?;
        POINTER.encode(self, out)
    }

    /// Reads the pointer at the start of `bytes` and gives it with the length of its envelope.
    ///
    /// # Errors
    ///
    /// [`WireError`] if the bytes are truncated, changed, of another kind or a newer version, or it is invalid.
    pub fn decode(bytes: &[u8]) -> Result<(Self, usize), WireError> {
        let (_version, payload, length) = POINTER.open(bytes)?;
        let pointer: Self = POINTER.payload(payload)?;
        pointer.validate()?;
        Ok((pointer, length))
    }

    /// Checks that the fields fit together.
    ///
    /// # Errors
    ///
    /// [`InvalidStore`] names the first that does not.
    pub fn validate(&self) -> Result<(), InvalidStore> {
        let Self { generation, active, previous, tries_left: tries, trial_parts_left: parts, confirmed } = *self;
        if generation == 0 {
            return Err(InvalidStore::Generation);
        }
        if previous == Some(active) {
            return Err(InvalidStore::SameBundle { found: active });
        }
        if confirmed && (tries, parts) != (0, 0) {
            return Err(InvalidStore::TrialOfConfirmed { tries, parts });
        }
        if !confirmed && parts == 0 {
            return Err(InvalidStore::NoParts);
        }
        Ok(())
    }
}

impl VersionFloor {
    /// A length that is enough for every encoded floor, in bytes.
    pub const MAX_LEN: usize = OVERHEAD + FLOOR.max_payload;

    /// The lowest release of `product` that may be installed; 0 if none was confirmed yet.
    pub fn of(&self, product: &str) -> u32 {
        self.products.iter().find(|floor| floor.product == product).map_or(0, |floor| floor.release)
    }

    /// Whether [`raise`](Self::raise) would find room for `product`.
    pub fn has_room_for(&self, product: &str) -> bool {
        !self.products.is_full() || self.products.iter().any(|floor| floor.product == product)
    }

    /// Raises the floor of `product` to `release`, if it is lower, and says whether it was.
    ///
    /// # Errors
    ///
    /// [`InvalidStore`] if the name is none, or there is no room for another product.
    pub fn raise(&mut self, product: &Name, release: u32) -> Result<bool, InvalidStore> {
        if !is_name(product) {
            return Err(InvalidStore::Product);
        }
        match self.products.iter().position(|floor| floor.product >= *product) {
            Some(index) if self.products[index].product == *product => {
                let floor = &mut self.products[index].release;
                let is_higher = release > *floor;
                *floor = release.max(*floor);
                Ok(is_higher)
            }
            at => {
                let index = at.unwrap_or(self.products.len());
                let floor = ProductFloor { product: product.clone(), release };
                self.products.insert(index, floor).map_err(|_| InvalidStore::TooManyProducts)?;
                Ok(true)
            }
        }
    }

    /// The floors, by ascending product.
    pub fn products(&self) -> impl Iterator<Item = &ProductFloor> {
        self.products.iter()
    }

    /// Writes the floors in their envelope to the start of `out` and gives the length.
    ///
    /// # Errors
    ///
    /// [`WireError`] if they are invalid or `out` is too short; [`MAX_LEN`](Self::MAX_LEN) bytes are enough.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, WireError> {
        self.validate()?;
        FLOOR.encode(self, out)
    }

    /// Reads the floors at the start of `bytes` and gives them with the length of their envelope.
    ///
    /// # Errors
    ///
    /// [`WireError`] if the bytes are truncated, changed, of another kind or a newer version, or they are invalid.
    pub fn decode(bytes: &[u8]) -> Result<(Self, usize), WireError> {
        let (_version, payload, length) = FLOOR.open(bytes)?;
        let floor: Self = FLOOR.payload(payload)?;
        floor.validate()?;
        Ok((floor, length))
    }

    /// Checks that the products are names in ascending order.
    ///
    /// # Errors
    ///
    /// [`InvalidStore`] names the first that is not.
    pub fn validate(&self) -> Result<(), InvalidStore> {
        if self.products.iter().any(|floor| !is_name(&floor.product)) {
            return Err(InvalidStore::Product);
        }
        match self.products.windows(2).position(|pair| pair[0].product >= pair[1].product) {
            Some(index) => Err(InvalidStore::ProductOrder { index: index + 1 }),
            None => Ok(()),
        }
    }
}

fn is_name(name: &Name) -> bool {
    !name.is_empty() && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::format;
    use std::string::String;
    use std::vec::Vec;

    use super::*;

    fn trial() -> StorePointer {
        StorePointer {
            generation: 300,
            active: BundleId([0xaa; 32]),
            previous: Some(BundleId([0xbb; 32])),
            tries_left: 3,
            trial_parts_left: 200,
            confirmed: false,
        }
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// As in `docs/wire-formats.md`, the checksums by Python's `zlib.crc32`.
    #[test]
    fn golden_bytes() {
        let mut out = [0; StorePointer::MAX_LEN];
        let length = trial().encode(&mut out).unwrap();
        let (a, b) = ("aa".repeat(32), "bb".repeat(32));
        assert_eq!(hex(&out[..length]), format!("040147000000ac02{a}01{b}03c80100{POINTER_CRC}"));
        assert_eq!(StorePointer::decode(&out), Ok((trial(), length)));

        let mut floor = VersionFloor::default();
        floor.raise(&"nut".try_into().unwrap(), 7).unwrap();
        floor.raise(&"bolt".try_into().unwrap(), 300).unwrap();
        let mut out = [0; VersionFloor::MAX_LEN];
        let length = floor.encode(&mut out).unwrap();
        assert_eq!(hex(&out[..length]), format!("05010d0000000204626f6c74ac02036e757407{FLOOR_CRC}"));
        assert_eq!(VersionFloor::decode(&out), Ok((floor, length)));
    }

    const POINTER_CRC: &str = "fd027c85";
    const FLOOR_CRC: &str = "d723ba16";

    #[test]
    fn every_cut_and_every_flipped_bit_is_refused() {
        let (mut pointer, mut floor) = ([0; StorePointer::MAX_LEN], [0; VersionFloor::MAX_LEN]);
        let mut floors = VersionFloor::default();
        floors.raise(&"bolt".try_into().unwrap(), 300).unwrap();
        let lengths = (trial().encode(&mut pointer).unwrap(), floors.encode(&mut floor).unwrap());
        let refused = |bytes: &[u8]| StorePointer::decode(bytes).is_err() && VersionFloor::decode(bytes).is_err();
        for bytes in [&pointer[..lengths.0], &floor[..lengths.1]] {
            for length in 0..bytes.len() {
                assert!(refused(&bytes[..length]), "cut at {length}");
                for bit in 0..8 {
                    let mut changed: Vec<u8> = bytes.into();
                    changed[length] ^= 1 << bit;
                    assert!(refused(&changed), "bit {bit} of byte {length}");
                }
            }
        }
    }

    #[test]
    fn pointers_that_contradict_themselves_are_refused() {
        let refused = |pointer: StorePointer, expected: InvalidStore| {
            assert_eq!(pointer.validate(), Err(expected.clone()));
            assert_eq!(pointer.encode(&mut [0; StorePointer::MAX_LEN]), Err(WireError::Store(expected)));
        };
        refused(StorePointer { generation: 0, ..trial() }, InvalidStore::Generation);
        let found = trial().active;
        refused(StorePointer { previous: Some(found), ..trial() }, InvalidStore::SameBundle { found });
        let error = InvalidStore::TrialOfConfirmed { tries: 3, parts: 200 };
        refused(StorePointer { confirmed: true, ..trial() }, error);
        refused(StorePointer { trial_parts_left: 0, ..trial() }, InvalidStore::NoParts);
        assert_eq!(StorePointer { tries_left: 0, previous: None, ..trial() }.validate(), Ok(()));
    }

    #[test]
    fn a_floor_only_rises_and_products_do_not_mix() {
        let name = |text: &str| Name::try_from(text).unwrap();
        let mut floor = VersionFloor::default();
        assert_eq!(floor.of("bolt"), 0);
        assert_eq!(floor.raise(&name("bolt"), 5), Ok(true));
        assert_eq!(floor.raise(&name("bolt"), 4), Ok(false));
        assert_eq!(floor.raise(&name("bolt"), 5), Ok(false));
        assert_eq!((floor.of("bolt"), floor.of("nut")), (5, 0));
        assert_eq!(floor.raise(&name(""), 1), Err(InvalidStore::Product));
        assert_eq!(floor.raise(&name("a\nb"), 1), Err(InvalidStore::Product));
        for index in 1..MAX_FLOORS {
            floor.raise(&name(&format!("{index}")), u32::MAX).unwrap();
        }
        assert_eq!(floor.raise(&name("nut"), 1), Err(InvalidStore::TooManyProducts));
        assert!(floor.has_room_for("bolt") && !floor.has_room_for("nut"));
        assert_eq!(floor.raise(&name("bolt"), 6), Ok(true));
        let mut out = [0; VersionFloor::MAX_LEN];
        let length = floor.encode(&mut out).unwrap();
        assert_eq!(VersionFloor::decode(&out), Ok((floor, length)));
    }

    #[test]
    fn products_out_of_order_are_refused() {
        let floor = |product: &str| ProductFloor { product: product.try_into().unwrap(), release: 1 };
        let of = |products: &[ProductFloor]| VersionFloor { products: products.iter().cloned().collect() };
        assert_eq!(of(&[floor("a"), floor("b")]).validate(), Ok(()));
        for (before, found) in [("b", "a"), ("a", "a")] {
            assert_eq!(of(&[floor(before), floor(found)]).validate(), Err(InvalidStore::ProductOrder { index: 1 }));
        }
        assert_eq!(of(&[floor("")]).validate(), Err(InvalidStore::Product));
    }
}
