//! Tests of the section that tells what a bundle catches.

use super::tests::detectability_bytes;
use super::{Bundle, BundleError, SectionKind};
use crate::score::Threshold;
use crate::testing::{manifest, manifest_bytes, seal};
use crate::wire::{Manifest, ThresholdEvidence, WireError};

#[test]
fn what_is_caught_is_told_for_the_model_and_the_threshold() {
    let with = |manifest: &Manifest, detectability: &[u8]| {
        let encoded = manifest_bytes(manifest);
        let sections = [
            (SectionKind::Manifest, &encoded[..]),
            (SectionKind::Onnx, b"m"),
            (SectionKind::Detectability, detectability),
        ];
        Bundle::verify(&seal(&sections)).map(drop)
    };
    let bytes = detectability_bytes();
    assert_eq!(with(&manifest(), &bytes), Ok(()));
    let longer = [&*bytes, b"x"].concat();
    let (found, expected) = (longer.len(), bytes.len());
    assert_eq!(with(&manifest(), &longer), Err(BundleError::DetectabilityTrailing { found, expected }));
    let cut = with(&manifest(), &bytes[..expected - 1]);
    assert!(matches!(cut, Err(BundleError::Detectability(WireError::Truncated { .. }))), "{cut:?}");
    let evidence = ThresholdEvidence::ByHand { trial: None };
    let moved = Manifest { threshold: Threshold::new(1002).unwrap(), evidence, ..manifest() };
    assert!(matches!(with(&moved, &bytes), Err(BundleError::OtherDetectability(_))));
}
