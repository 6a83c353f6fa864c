//! Tests of `detectability`, beside it.

extern crate std;

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::testing::{detectability, from_hex};
use crate::wire::tests::sealed;

fn tally(found: u16, trials: u16) -> DetectionTally {
    DetectionTally { found, trials }
}

fn encoded(message: &Detectability) -> Vec<u8> {
    let mut out = vec![0; Detectability::MAX_LEN];
    let length = message.encode(&mut out).unwrap();
    out.truncate(length);
    out
}

/// As in `docs/wire-formats.md`, the checksum by Python's `zlib.crc32`.
#[test]
fn golden_bytes() {
    let golden = from_hex(&[
        "06 01 20 00 00 00",                   // kind, version, length
        "10 08  10 07  e9 07  05",             // input, content, threshold, images
        "02 02 04",                            // sizes
        "02 0a c8",                            // contrasts
        "04 00 1e  07 1e  1d 1e  ac 02 ac 02", // tallies
        "04 28 02  02 01 03  00 00",           // map: size, contrast, columns, cells
        CRC,
    ]);
    assert_eq!(encoded(&detectability()), golden);
    assert_eq!(Detectability::decode(&golden), Ok((detectability(), golden.len())));
}

const CRC: &str = "11c3bfbc";

#[test]
fn every_truncation_and_every_bit_is_refused() {
    let bytes = encoded(&detectability());
    for length in 0..bytes.len() {
        assert!(Detectability::decode(&bytes[..length]).is_err(), "cut at {length}");
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[length] ^= 1 << bit;
            assert!(Detectability::decode(&changed).is_err(), "bit {bit} of byte {length}");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused_when_written_and_when_read() {
    type Change = fn(&mut Detectability);
    let changes: [(Change, InvalidDetectability); 13] = [
        (
            |it| it.content.height = 9,
            InvalidDetectability::Content { input: Size::new(16, 8), content: Size::new(16, 9) },
        ),
        (
            |it| it.content.width = 0,
            InvalidDetectability::Content { input: Size::new(16, 8), content: Size::new(0, 7) },
        ),
        (|it| it.images = 0, InvalidDetectability::Images),
        (|it| it.sizes[1] = 2, InvalidDetectability::Sizes),
        (|it| it.sizes[0] = 0, InvalidDetectability::Sizes),
        (|it| it.sizes[1] = 8, InvalidDetectability::Sizes),
        (|it| it.contrasts[1] = 9, InvalidDetectability::Contrasts),
        (|it| it.tallies.truncate(3), InvalidDetectability::Tallies { found: 3, expected: 4 }),
        (|it| it.tallies[2].found = 31, InvalidDetectability::Tally(tally(31, 30))),
        (|it| it.tallies[0].trials = 0, InvalidDetectability::Tally(tally(0, 0))),
        (|it| it.map.columns = 3, InvalidDetectability::Map { cells: 2, columns: 3, size: 4 }),
        (|it| it.map.columns = 0, InvalidDetectability::Map { cells: 2, columns: 0, size: 4 }),
        (|it| it.map.cells[1].found = 1, InvalidDetectability::Tally(tally(1, 0))),
    ];
    for (change, expected) in changes {
        let mut message = detectability();
        change(&mut message);
        assert_eq!(message.encode(&mut [0; Detectability::MAX_LEN]), Err(expected.into()));
        let mut bytes = [0; 200];
        let payload = postcard::to_slice(&message, &mut bytes).unwrap();
        assert_eq!(Detectability::decode(&sealed(6, 1, payload)), Err(expected.into()));
    }
}

#[test]
fn it_belongs_to_one_model_and_one_threshold() {
    let (size, threshold) = (Size::new(16, 8), Threshold::new(1001).unwrap());
    assert_eq!(detectability().check(size, threshold), Ok(()));
    assert!(detectability().check(Size::new(8, 16), threshold).is_err());
    assert!(detectability().check(size, Threshold::new(1000).unwrap()).is_err());
    assert_eq!(detectability().of_contrast(1), Some(&[tally(29, 30), tally(300, 300)][..]));
    assert_eq!(detectability().of_contrast(2), None);
}

/// The longest message: every number at its greatest.
#[test]
fn the_longest_message_fits() {
    let most = tally(u16::MAX, u16::MAX);
    let largest = Size::new(16384, 16384);
    let message = Detectability {
        input: largest,
        content: largest,
        threshold: Threshold::MAX,
        images: u32::MAX,
        sizes: (16377..=16384).collect(),
        contrasts: (250..=255).collect(),
        tallies: [most; MAX_TALLIES].into_iter().collect(),
        map: DetectionMap { size: 16384, contrast: 255, columns: 8, cells: [most; MAX_CELLS].into_iter().collect() },
    };
    let bytes = encoded(&message);
    assert_eq!(bytes.len(), OVERHEAD + 725);
    assert_eq!(Detectability::decode(&bytes), Ok((message, bytes.len())));
}

proptest! {
    #[test]
    fn no_changed_payload_panics(changes in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 1..4)) {
        let bytes = encoded(&detectability());
        let mut payload = bytes[6..bytes.len() - 4].to_vec();
        for (index, value) in changes {
            *index.get_mut(&mut payload) = value;
        }
        if let Ok((message, _)) = Detectability::decode(&sealed(6, 1, &payload)) {
            prop_assert_eq!(Detectability::decode(&encoded(&message)).unwrap().0, message);
        }
    }
}
