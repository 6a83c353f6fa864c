//! Tests of `signature`, beside it: the examples of RFC 8032, keys and signatures that must not be accepted, the block.

use std::string::ToString;
use std::vec::Vec;

use ed25519_dalek::{Signer, SigningKey};

use super::*;
use crate::testing::{block, from_hex};

/// Secret key, public key, message, signature: 7.1 of RFC 8032, tests 1, 2, 3 and SHA(abc).
const RFC_8032: [[&str; 4]; 4] = [
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe246551\
         41438e7a100b",
    ],
    [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d\
         291612bb0c00",
    ],
    [
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027\
         beceea1ec40a",
    ],
    [
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9a\
         c94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9be\
         f1177331a704",
    ],
];

/// The order of the group, little-endian: 2^252 + 27742317777372353535851937790883648493.
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

fn array<const N: usize>(hex: &str) -> [u8; N] {
    from_hex(&[hex]).try_into().unwrap()
}

fn vectors() -> impl Iterator<Item = (SigningKey, PublicKey, Vec<u8>, [u8; 64])> {
    RFC_8032.into_iter().map(|[secret, public, message, signature]| {
        let key = PublicKey::from_bytes(&array(public)).unwrap();
        (SigningKey::from_bytes(&array(secret)), key, from_hex(&[message]), array(signature))
    })
}

#[test]
fn the_examples_of_rfc_8032() {
    for (secret, key, message, signature) in vectors() {
        assert_eq!(secret.verifying_key().to_bytes(), key.to_bytes());
        assert_eq!(secret.sign(&message).to_bytes(), signature);
        assert!(key.signed(&message, &signature));
        assert!(!key.signed(&[&*message, &[0]].concat(), &signature));
        for bit in 0..512 {
            let mut changed = signature;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.signed(&message, &changed), "bit {bit}");
        }
    }
}

/// S + L is the same scalar in another form: RFC 8032, 5.1.7, has it refused.
#[test]
fn a_second_form_of_a_signature_is_refused() {
    let order: [u8; 32] = array(ORDER);
    for (_, key, message, mut signature) in vectors() {
        let mut carry = 0;
        for (byte, order) in signature[32..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            (*byte, carry) = (sum as u8, sum >> 8);
        }
        assert_eq!(carry, 0);
        assert!(!key.signed(&message, &signature));
    }
}

/// All points of order 1, 2, 4 and 8 in every form that 32 bytes allow, with both signs.
#[test]
fn weak_keys_are_refused() {
    let forms = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    let (mut weak, mut refusals) = (0, 0);
    for form in forms {
        for sign in [0, 0x80] {
            let mut bytes: [u8; 32] = array(form);
            bytes[31] ^= sign;
            let refused = PublicKey::from_bytes(&bytes).unwrap_err();
            assert!(matches!(refused, SignatureError::WeakKey | SignatureError::NotAKey), "{form} {sign}");
            weak += usize::from(refused == SignatureError::WeakKey);
            refusals += 1;
        }
    }
    std::println!("ROW U7 | weak keys, in every form | {refusals} | 0 | refused | {refusals}/{refusals}");
    assert!(weak >= 8, "{weak}");
}

/// y = 3 is a point; written as y + p it would be a second key that is the same.
#[test]
fn a_key_has_one_form() {
    let mut bytes = [0; 32];
    let mut found = 0;
    for y in 2..19 {
        bytes[0] = y;
        let canonical = PublicKey::from_bytes(&bytes);
        let mut second: [u8; 32] = array("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
        second[0] += y;
        assert_eq!(PublicKey::from_bytes(&second), Err(SignatureError::NotAKey), "{y}");
        found += usize::from(canonical.is_ok());
    }
    assert!(found > 3, "{found}");
}

#[test]
fn keys_are_read_from_digits_and_from_the_line_of_a_file() {
    let [_, digits, ..] = RFC_8032[0];
    let key: PublicKey = digits.parse().unwrap();
    assert_eq!(key.to_string(), digits);
    // The first bytes of what sha256sum says of the 32 bytes.
    assert_eq!(key.id().to_string(), "21fe31dfa154a261");
    for text in [digits.to_uppercase(), std::format!("ed25519 {digits} line 3\n"), std::format!(" {digits}\r\n")] {
        assert_eq!(text.parse(), Ok(key), "{text}");
    }
    let refused = |text: &str| text.parse::<PublicKey>().unwrap_err();
    assert_eq!(refused(""), SignatureError::KeyText { digits: 0 });
    assert_eq!(refused("ed25519"), SignatureError::KeyText { digits: 0 });
    assert_eq!(refused(&digits[1..]), SignatureError::KeyText { digits: 63 });
    assert_eq!(refused(&std::format!("{digits}00")), SignatureError::KeyText { digits: 66 });
    assert_eq!(refused(&digits.replace('d', "g")), SignatureError::KeyText { digits: 64 });
    assert_eq!(refused(&"00".repeat(32)), SignatureError::WeakKey);
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn public(number: u8) -> PublicKey {
    PublicKey::from_bytes(&key(number).verifying_key().to_bytes()).unwrap()
}

fn signature(number: u8, message: &[u8]) -> Signature {
    Signature { key: public(number).id(), bytes: key(number).sign(message).to_bytes() }
}

#[test]
fn a_trusted_key_answers_and_others_do_not_matter() {
    let (first, second, stranger) = (signature(1, b"m"), signature(2, b"m"), signature(3, b"m"));
    let wrong = Signature { bytes: first.bytes, ..second };
    let mut keys = TrustedKeys::<2>::new();
    assert_eq!(keys.signer(b"m", &[first]), Err(SignatureError::Untrusted { found: 1 }));
    keys.trust(public(1)).unwrap();
    assert_eq!(keys.signer(b"m", &[wrong, first]), Ok(first.key));
    keys.trust(public(2)).unwrap();
    assert_eq!(keys.signer(b"m", &[stranger, second, first]), Ok(second.key));
    assert_eq!(keys.signer(b"m", &[]), Err(SignatureError::Unsigned));
    assert_eq!(keys.signer(b"m", &[stranger]), Err(SignatureError::Untrusted { found: 1 }));
    assert_eq!(keys.signer(b"n", &[first]), Err(SignatureError::Invalid { key: first.key }));
    // One that is valid does not excuse one that is not.
    assert_eq!(keys.signer(b"m", &[first, wrong]), Err(SignatureError::Invalid { key: second.key }));
    assert_eq!(keys.trust(public(1)), Err(SignatureError::KeyTwice { key: first.key }));
    assert_eq!(keys.trust(public(3)), Err(SignatureError::TooManyKeys { max: 2 }));
}

#[test]
fn golden_block() {
    assert_eq!(block(&[]), from_hex(&["53 49 47 4e  00 00  00 00", "1a c7 86 9a"]));
    let signature = Signature { key: KeyId(*b"key id 8"), bytes: [0xab; 64] };
    let golden = from_hex(&["53 49 47 4e  01 00  00 00", "6b 65 79 20 69 64 20 38", &"ab".repeat(64), "40 c4 f6 05"]);
    let written = block(&[signature]);
    assert_eq!(written, golden);
    let (read, length) = decode_block(&written).unwrap();
    assert_eq!((&*read, length), (&[signature][..], written.len()));
}

#[test]
fn blocks_are_checked() {
    let entry = |first| Signature { key: KeyId([first; 8]), bytes: [first; 64] };
    let write = |signatures: &[Signature]| encode_block(signatures, &mut [0; 999]);
    let five: Vec<_> = (1..6).map(entry).collect();
    assert_eq!(write(&five), Err(MalformedBlock::Count { found: 5 }));
    assert_eq!(write(&five[..4]), Ok(MAX_BLOCK_LEN));
    for (previous, found) in [(2, 1), (1, 1)] {
        let order = MalformedBlock::Order { found: KeyId([found; 8]), previous: KeyId([previous; 8]) };
        assert_eq!(write(&[entry(previous), entry(found)]), Err(order));
    }
    let short = MalformedBlock::BufferTooShort { found: 83, needed: 84 };
    assert_eq!(encode_block(&[entry(1)], &mut [0; 83]), Err(short));

    let bytes = block(&five[..2]);
    for length in 0..bytes.len() {
        let refused = decode_block(&bytes[..length]);
        assert!(matches!(refused, Err(BlockError::Truncated { needed }) if needed > length), "{length}");
    }
    let with = |index: usize, value: u8, repaired: bool| {
        let mut bytes = bytes.clone();
        bytes[index] = value;
        if repaired {
            let end = bytes.len() - 4;
            let checksum = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&bytes[..end]);
            bytes[end..].copy_from_slice(&checksum.to_le_bytes());
        }
        match decode_block(&bytes) {
            Err(BlockError::Malformed(malformed)) => malformed,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(with(3, b'M', true), MalformedBlock::Magic { found: *b"SIGM" });
    assert_eq!(with(4, 5, true), MalformedBlock::Count { found: 5 });
    assert_eq!(with(5, 1, true), MalformedBlock::Count { found: 258 });
    assert_eq!(with(7, 1, true), MalformedBlock::Reserved { found: 256 });
    assert!(matches!(with(20, 9, false), MalformedBlock::Checksum { .. }));
    assert!(matches!(with(80, 0, true), MalformedBlock::Order { .. }));
}
