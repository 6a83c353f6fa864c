//! Tests of signed bundles, beside `bundle`: what is damaged, and what somebody changes who can compute every hash and
//! checksum but has no key.

use std::println;
use std::vec;
use std::vec::Vec;

use ed25519_dalek::{Signer, SigningKey};

use super::layout::{ENTRY_LEN, HASH_LEN, HEADER_LEN, sha256};
use super::signature::{
    DOMAIN, MalformedBlock, PublicKey, Signature, SignatureError, SignedBundleError, TrustedKeys, block_len,
};
use super::*;
use crate::testing::{block, from_hex, manifest, manifest_bytes, sealed_sections};
use crate::wire::BundleTrust;

const HEAD_LEN: usize = table_len(2);

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn public(number: u8) -> PublicKey {
    PublicKey::from_bytes(&key(number).verifying_key().to_bytes()).unwrap()
}

fn trusting(numbers: &[u8]) -> TrustedKeys<4> {
    let mut keys = TrustedKeys::new();
    numbers.iter().for_each(|&number| keys.trust(public(number)).unwrap());
    keys
}

/// The head of a bundle, as somebody else would put the message together.
fn sign(number: u8, head: &[u8]) -> Signature {
    let message = [&b"inspection-bundle-signature v1\0\0"[..], head].concat();
    Signature { key: public(number).id(), bytes: key(number).sign(&message).to_bytes() }
}

fn signed_by(numbers: &[u8], model: &[u8]) -> Vec<u8> {
    let manifest = manifest_bytes(&manifest());
    let mut bytes = sealed_sections(&[(SectionKind::Manifest, &manifest), (SectionKind::Onnx, model)]);
    let mut signatures: Vec<_> = numbers.iter().map(|&number| sign(number, &bytes[..HEAD_LEN])).collect();
    signatures.sort_by_key(|signature| signature.key);
    bytes.extend(block(&signatures));
    bytes
}

fn checked(bytes: &[u8], trusted: &[u8]) -> Result<BundleTrust, SignedBundleError> {
    Bundle::verify_signed(bytes, &trusting(trusted)).map(|(bundle, key)| {
        assert_eq!(bundle.trust(), BundleTrust::Signed(key));
        assert_eq!(bundle.proof().trust(), bundle.trust());
        bundle.trust()
    })
}

/// Computes every hash and checksum anew but the signature.
fn repair(bytes: &mut [u8]) {
    let manifest = manifest_bytes(&manifest()).len();
    let block = bytes.len() - block_len(1);
    let crc = |bytes: &mut [u8]| {
        let (body, sum) = bytes.split_last_chunk_mut::<4>().unwrap();
        *sum = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(body).to_le_bytes();
    };
    crc(&mut bytes[HEAD_LEN..HEAD_LEN + manifest]);
    crc(&mut bytes[block..]);
    for (row, from, to) in [(0, HEAD_LEN, HEAD_LEN + manifest), (1, HEAD_LEN + manifest, block)] {
        let hash = sha256(&bytes[from..to]);
        bytes[HEADER_LEN + row * ENTRY_LEN + 8..HEADER_LEN + (row + 1) * ENTRY_LEN].copy_from_slice(&hash);
    }
    let root = sha256(&bytes[..HEAD_LEN - HASH_LEN]);
    bytes[HEAD_LEN - HASH_LEN..HEAD_LEN].copy_from_slice(&root);
}

#[test]
fn who_signed_is_known() {
    let bytes = signed_by(&[1, 2], b"no model");
    let trust = |number| Ok(BundleTrust::Signed(public(number).id()));
    assert_eq!(checked(&bytes, &[1]), trust(1));
    assert_eq!(checked(&bytes, &[3, 2]), trust(2));
    assert_eq!(checked(&bytes, &[3]), Err(SignatureError::Untrusted { found: 2 }.into()));
    assert_eq!(checked(&bytes, &[]), Err(SignatureError::Untrusted { found: 2 }.into()));
    assert_eq!(checked(&signed_by(&[], b"no model"), &[1]), Err(SignatureError::Unsigned.into()));
    let bundle = Bundle::verify(&bytes).unwrap();
    assert_eq!(bundle.trust(), BundleTrust::Unsigned);
    assert_eq!(bundle.signatures().len(), 2);
    assert_eq!(bundle.signed_message()[..], [&DOMAIN[..], &bytes[..HEAD_LEN]].concat());
    // Signing does not change which bundle it is.
    assert_eq!(bundle.id(), Bundle::verify(&signed_by(&[], b"no model")).unwrap().id());
}

#[test]
fn version_1_is_read_and_is_not_signed() {
    let mut bytes = signed_by(&[], b"no model");
    bytes.truncate(bytes.len() - block_len(0));
    bytes[8] = 1;
    repair_head(&mut bytes);
    assert_eq!(Bundle::verify(&bytes).unwrap().signatures(), []);
    assert_eq!(checked(&bytes, &[1]), Err(SignatureError::Unsigned.into()));
    let expected = bytes.len();
    bytes.extend(block(&[]));
    assert_eq!(Bundle::verify(&bytes).err(), Some(BundleError::Trailing { found: expected + 12, expected }));
}

fn repair_head(bytes: &mut [u8]) {
    let root = sha256(&bytes[..HEAD_LEN - HASH_LEN]);
    bytes[HEAD_LEN - HASH_LEN..HEAD_LEN].copy_from_slice(&root);
}

/// A signature moved from another bundle of the same key is worth nothing.
#[test]
fn a_signature_is_for_one_bundle() {
    let (bytes, other) = (signed_by(&[1], b"no model"), signed_by(&[1], b"mo nodel"));
    let at = bytes.len() - block_len(1);
    let moved = [&bytes[..at], &other[at..]].concat();
    assert_eq!(checked(&moved, &[1]), Err(SignatureError::Invalid { key: public(1).id() }.into()));
    assert!(Bundle::verify(&moved).is_ok());
}

/// The signature is checked before the sections are: none of theirs is the first error.
#[test]
fn the_signature_comes_before_the_sections() {
    let garbage = b"no manifest";
    let mut bytes = sealed_sections(&[(SectionKind::Manifest, garbage), (SectionKind::Onnx, b"m")]);
    bytes.extend(block(&[Signature { bytes: [0; 64], ..sign(1, &bytes) }]));
    assert_eq!(checked(&bytes, &[1]), Err(SignatureError::Invalid { key: public(1).id() }.into()));
    assert!(matches!(checked(&bytes, &[2]), Err(SignedBundleError::Signature(SignatureError::Untrusted { .. }))));
    assert!(matches!(Bundle::verify(&bytes), Err(BundleError::Manifest(_))));
}

#[test]
fn every_truncation_of_a_signed_bundle_is_refused() {
    let bytes = signed_by(&[1], b"no model");
    let mut refused = 0;
    for length in 0..bytes.len() {
        let error = checked(&bytes[..length], &[1]).unwrap_err();
        let found = length;
        assert!(
            matches!(
                error,
                SignedBundleError::Bundle(BundleError::Truncated { found: f, needed }) if f == found && needed > found
            ),
            "{length}: {error}"
        );
        refused += 1;
    }
    let all = bytes.len();
    println!(
        "ROW U5 | a signed bundle cut off at every length | {all} | 0 | refused before a section is read | {refused}/{all}"
    );
}

#[test]
fn every_bit_of_head_manifest_and_signature_counts() {
    let model = vec![7; 300];
    let bytes = signed_by(&[1], &model);
    let manifest = HEAD_LEN..HEAD_LEN + manifest_bytes(&manifest()).len();
    let block = bytes.len() - block_len(1)..bytes.len();
    let (mut refused, mut forged, mut by_signature) = (0, 0, 0);
    // Each of them where that is quick; a sample on an emulated processor.
    let step = if cfg!(target_arch = "x86_64") { 1 } else { 23 };
    for index in (0..manifest.end).chain(block).step_by(step) {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[index] ^= 1 << bit;
            checked(&changed, &[1]).expect_err("a flip");
            refused += 1;
            // Somebody who repairs what can be repaired without the key.
            repair(&mut changed);
            if changed == bytes {
                continue;
            }
            let error = checked(&changed, &[1]).expect_err("a forgery");
            by_signature += usize::from(matches!(error, SignedBundleError::Signature(_)));
            forged += 1;
        }
    }
    println!(
        "ROW U6 | every bit of head, manifest and signature flipped | {refused} | 0 | none accepted | {refused}/{refused}"
    );
    println!("ROW U6 | the same, hashes and checksums repaired | {forged} | 0 | none accepted | {forged}/{forged}");
    assert!(forged > 1500 / step && by_signature > forged / 2, "{forged} {by_signature}");
    assert!(checked(&bytes, &[1]).is_ok());
}

/// Of SplitMix64.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[test]
fn a_hundred_thousand_flips_of_the_payload_are_refused() {
    const FLIPS: u32 = if cfg!(target_arch = "x86_64") { 100_000 } else { 1000 };
    let (mut state, keys) = (6, trusting(&[1]));
    let model: Vec<u8> = (0..2000).map(|_| random(&mut state) as u8).collect();
    let mut bytes = signed_by(&[1], &model);
    let from = HEAD_LEN + manifest_bytes(&manifest()).len();
    let bits = 8 * model.len() as u64;
    let mut refused = 0;
    for _ in 0..FLIPS {
        let bit = random(&mut state) % bits;
        let (index, mask) = (from + (bit / 8) as usize, 1 << (bit % 8));
        bytes[index] ^= mask;
        // The signature of the head is still valid; the hash that it covers is what refuses.
        let refusal = Bundle::verify_signed(&bytes, &keys).err();
        let expected = BundleError::SectionHash { kind: SectionKind::Onnx };
        refused += u32::from(refusal == Some(expected.into()));
        bytes[index] ^= mask;
    }
    println!(
        "ROW U6 | random bits of the model flipped | {FLIPS} | 0 | its hash refuses it, unread | {refused}/{FLIPS}"
    );
    assert_eq!(refused, FLIPS);
    assert!(checked(&bytes, &[1]).is_ok());
}

/// The example of `docs/bundle-format.md`: the head of its two sections, signed with the key of test 1 of RFC 8032.
#[test]
fn golden_signature_of_a_head() {
    let head = sealed_sections(&[(SectionKind::Manifest, b"abc"), (SectionKind::Onnx, b"model")]);
    let secret = from_hex(&["9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"]);
    let secret = SigningKey::from_bytes(&secret.try_into().unwrap());
    let id = PublicKey::from_bytes(&secret.verifying_key().to_bytes()).unwrap().id();
    let message = [&DOMAIN[..], &head[..HEAD_LEN]].concat();
    let written = block(&[Signature { key: id, bytes: secret.sign(&message).to_bytes() }]);
    let golden = from_hex(&[
        "53 49 47 4e  01 00  00 00",
        "21fe31dfa154a261",
        "cf05da40701d217424d78b25fa0f4ca718e5fb55052f41ded6022a79a5dbbf5e",
        "cdef70a301c8229429da7858ba3e66fab55b6b1273238902e3b78ced12d92a09",
        "08 5d 94 2a",
    ]);
    assert_eq!(written, golden);
}

#[test]
fn blocks_of_signed_bundles_are_checked() {
    let mut bytes = signed_by(&[1], b"no model");
    let at = bytes.len() - block_len(1) + 6;
    bytes[at] = 1;
    repair(&mut bytes);
    assert_eq!(checked(&bytes, &[1]), Err(BundleError::SignatureBlock(MalformedBlock::Reserved { found: 1 }).into()));
}
