//! Bundles without a model and a judge who knows them, for tests of the store.
//!
//! A made-up bundle: release, product, whether its self-test fails, then its body, then a checksum of all of it.

use std::path::Path;

use edge_runtime::acceptance::{Accepted, Refusal};
use edge_runtime::store::Judge;
use edge_runtime::trust::TrustError;
use shared::bundle::{BundleError, BundleId};
use shared::wire::{Name, VersionFloor};

use super::disk::Disk;

pub const PRODUCT: u8 = b'a';

/// A made-up bundle of `length` bytes.
pub fn bundle(release: u8, product: u8, fails: bool, length: usize) -> Vec<u8> {
    let mut bytes = vec![release, product, u8::from(fails)];
    bytes.extend((3..length - 8).map(|index| (index as u8).wrapping_mul(31).wrapping_add(release)));
    bytes.extend(checksum(&bytes).to_le_bytes());
    bytes
}

/// FNV-1a, 64 bits.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Which bundle these bytes are, if they are whole.
pub fn id(bytes: &[u8]) -> Option<BundleId> {
    let (content, found) = bytes.split_last_chunk::<8>()?;
    let is_whole = content.len() >= 3 && checksum(content) == u64::from_le_bytes(*found);
    let mut id = [0; 32];
    id[..8].copy_from_slice(found);
    is_whole.then_some(BundleId(id))
}

pub fn release(bytes: &[u8]) -> u32 {
    u32::from(bytes[0])
}

/// Takes whole bundles of the products a and b, not below the floor, whose self-test does not fail.
pub struct MadeUp<'a>(pub &'a Disk);

impl Judge for MadeUp<'_> {
    fn check(&self, bytes: &[u8], floor: Option<&VersionFloor>) -> Result<Accepted, Refusal> {
        let truncated = BundleError::Truncated { found: bytes.len(), needed: bytes.len() + 1 };
        let id = id(bytes).ok_or(Refusal::from(truncated))?;
        let product = String::from(char::from(bytes[1]));
        if !["a", "b"].contains(&&*product) {
            return Err(TrustError::Product { found: product, expected: "a".to_owned() }.into());
        }
        let (found, floor) = (release(bytes), floor.map_or(0, |floor| floor.of(&product)));
        if found < floor {
            return Err(Refusal::Older { product, found, floor });
        }
        Ok(Accepted { id, product: product.as_str().try_into().unwrap(), release: found })
    }

    fn product(&self, bytes: &[u8], expected: BundleId) -> Option<Name> {
        id(bytes).filter(|&found| found == expected)?;
        String::from(char::from(bytes[1])).as_str().try_into().ok()
    }

    fn takes_one_product(&self) -> bool {
        false
    }

    fn prove(&self, bundle: &Path, expected: BundleId) -> Result<(), Refusal> {
        let bytes = self.0.peek(bundle).unwrap();
        assert!(id(&bytes) == Some(expected), "a model is looked at before its bundle was checked");
        if bytes[2] != 0 { Err(Refusal::SelfTest { message: "made up to fail".to_owned() }) } else { Ok(()) }
    }
}
