//! Fuzzes bundles that have to be signed: without the key, no input is one, with whatever checksums.

#![no_main]

use fuzz::bundle::with_right_checksums;
use shared::bundle::signature::{PublicKey, SignedBundleError, TrustedKeys};
use shared::bundle::{Bundle, BundleId};

/// The public key of test 1 of RFC 8032. Its private key is known, but not to the fuzzer.
const KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

/// The bundles of the corpus that are signed, by the first bytes of their identifiers.
const SIGNED: [[u8; 8]; 12] = [
    [0x75, 0x1a, 0x75, 0x51, 0x1a, 0xe5, 0xa5, 0x49],
    [0x38, 0x7d, 0xa3, 0xa6, 0x82, 0xb3, 0x03, 0xb3],
    [0x6c, 0x41, 0xb2, 0x7d, 0x1d, 0x57, 0x29, 0x47],
    [0x7a, 0xe8, 0x56, 0xe2, 0x7d, 0x17, 0x23, 0xfc],
    [0x6e, 0x44, 0x38, 0x71, 0x23, 0xdc, 0x6c, 0xaa],
    [0x10, 0x11, 0x75, 0x58, 0x8a, 0x15, 0xd3, 0x31],
    [0x31, 0xde, 0xd5, 0xba, 0x04, 0x2a, 0x43, 0xc3],
    [0x10, 0x79, 0x59, 0x62, 0x68, 0xcc, 0xe7, 0x72],
    [0xa5, 0xab, 0x69, 0xde, 0xba, 0x10, 0xe0, 0x64],
    [0x21, 0xfa, 0x22, 0xcb, 0xe0, 0x3f, 0xeb, 0x83],
    [0xe4, 0xd8, 0xe4, 0x98, 0x34, 0xf9, 0x4a, 0x51],
    [0xb3, 0x7c, 0xb0, 0xd5, 0x7a, 0x0a, 0x52, 0xf1],
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    let mut repaired = bytes.to_vec();
    if with_right_checksums(&mut repaired).is_some() {
        check(&repaired);
    }
});

fn check(bytes: &[u8]) {
    let mut keys = TrustedKeys::<2>::new();
    keys.trust(KEY.parse::<PublicKey>().unwrap()).unwrap();
    match Bundle::verify_signed(bytes, &keys) {
        Ok((bundle, key)) => {
            let BundleId([a, b, c, d, e, f, g, h, ..]) = bundle.id();
            assert!(SIGNED.contains(&[a, b, c, d, e, f, g, h]), "a forgery: {}", bundle.id());
            assert_eq!(bundle.trust().signed_by(), Some(key));
            assert!(Bundle::verify(bytes).is_ok());
        }
        // What is refused for its signatures alone is a bundle up to them.
        Err(SignedBundleError::Signature(error)) => assert!(!error.to_string().is_empty()),
        Err(SignedBundleError::Bundle(error)) => assert_eq!(Bundle::verify(bytes).err(), Some(error)),
    }
}
