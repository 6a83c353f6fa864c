//! Tests of `golden`, beside it.

use std::string::ToString;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::testing::{from_hex, gray};

const SIZE: Size = Size::new(2, 1);

/// Two frames of two pixels: one that passes with a score of 0.5 and one that is rejected with 1.5.
fn two() -> Vec<u8> {
    let view = |pixels| GrayView::packed(pixels, SIZE).unwrap();
    let frame = |input, reconstruction, raw, verdict| GoldenFrame {
        input: view(input),
        reconstruction: view(reconstruction),
        score: Score::new(raw).unwrap(),
        verdict,
    };
    let frames = [
        frame(&[1, 2], &[3, 4], 1 << 23, GoldenVerdict::Pass),
        frame(&[0xff, 0], &[0, 0xff], 3 << 23, GoldenVerdict::Reject),
    ];
    GoldenFrames::encode(SIZE, frames.into_iter()).collect()
}

#[test]
fn golden_bytes() {
    // The example of docs/bundle-format.md.
    let expected = from_hex(&[
        "02 00 01 00  02 00  00 00",
        "00 00 80 00  01  00 00 00  01 02  03 04",
        "00 00 80 01  02  00 00 00  ff 00  00 ff",
    ]);
    assert_eq!(two(), expected);
    assert_eq!(expected.len(), GoldenFrames::len_of(SIZE, 2));
    let frames = GoldenFrames::read(&expected).unwrap();
    assert_eq!((frames.size(), frames.len()), (SIZE, 2));
    let found: Vec<_> =
        frames.iter().map(|one| (one.input.row(0), one.reconstruction.row(0), one.score.raw(), one.verdict)).collect();
    let (pass, reject) = (GoldenVerdict::Pass, GoldenVerdict::Reject);
    assert_eq!(found, [(&[1, 2][..], &[3, 4][..], 1 << 23, pass), (&[255, 0], &[0, 255], 3 << 23, reject)]);
}

#[test]
fn every_field_is_checked() {
    let good = two();
    let changed = |index: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[index] = value;
        GoldenFrames::read(&bytes).map(drop)
    };
    let length = |expected| Err(InvalidGoldenFrames::Length { found: good.len(), expected });
    assert_eq!(changed(0, 0), Err(InvalidGoldenFrames::Image(ImageError::Empty { found: Size::new(0, 1) })));
    assert!(matches!(changed(1, 255), Err(InvalidGoldenFrames::Image(ImageError::TooLarge { .. }))));
    assert_eq!(changed(0, 3), length(8 + 2 * (8 + 6)));
    assert_eq!(changed(4, 0), Err(InvalidGoldenFrames::Count { found: 0 }));
    assert_eq!(changed(4, 65), Err(InvalidGoldenFrames::Count { found: 65 }));
    assert_eq!(changed(5, 1), Err(InvalidGoldenFrames::Count { found: 258 }));
    assert_eq!(changed(4, 1), length(8 + 12));
    assert_eq!(changed(4, 64), length(8 + 64 * 12));
    for reserved in [6, 7, 13, 14, 15, 25, 26, 27] {
        assert_eq!(changed(reserved, 1), Err(InvalidGoldenFrames::Reserved), "byte {reserved}");
    }
    assert_eq!(changed(8 + 3, 2), Err(InvalidGoldenFrames::Score { frame: 0, found: 0x0280_0000 }));
    assert_eq!(changed(20 + 3, 255), Err(InvalidGoldenFrames::Score { frame: 1, found: 0xff80_0000 }));
    for code in [0, 3, 255] {
        assert_eq!(changed(24, code), Err(InvalidGoldenFrames::VerdictCode { frame: 1, found: code }));
    }
    for pixel in [16, 17, 18, 19, 28, 31] {
        assert_eq!(changed(pixel, 77), Ok(()));
    }
}

#[test]
fn frames_must_belong_to_the_model_and_the_threshold() {
    let bytes = two();
    let frames = GoldenFrames::read(&bytes).unwrap();
    let threshold = |raw| Threshold::new(raw).unwrap();
    for raw in [(1 << 23) + 1, 1 << 24, 3 << 23] {
        assert_eq!(frames.check(SIZE, threshold(raw)), Ok(()));
    }
    let other = Size::new(1, 2);
    let size = InvalidGoldenFrames::Size { found: SIZE, expected: other };
    assert_eq!(frames.check(other, threshold(1 << 24)), Err(size));
    for (raw, wrong) in [(1 << 23, 0), (0, 0), ((3 << 23) + 1, 1)] {
        let error = frames.check(SIZE, threshold(raw)).unwrap_err();
        assert!(matches!(error, InvalidGoldenFrames::Verdict { frame, .. } if frame == wrong), "{error}");
    }
    let text = frames.check(SIZE, threshold(1 << 23)).unwrap_err().to_string();
    let expected = "found the verdict pass of the golden frame 0, expected reject for its score of 0.500000 at the \
                    threshold 0.500000";
    assert_eq!(text, expected);
}

#[test]
fn lengths_that_cannot_be_counted_are_refused() {
    let largest = Size::new(crate::image::MAX_SIDE, crate::image::MAX_SIDE);
    assert_eq!(GoldenFrames::len_of(largest, 64) as u64, (8 + 64 * (8_u64 + (1 << 29))).min(usize::MAX as u64));
    let mut bytes = two();
    bytes[..6].copy_from_slice(&[0, 0x40, 0, 0x40, 64, 0]);
    let (found, expected) = (bytes.len(), GoldenFrames::len_of(largest, 64));
    assert_eq!(GoldenFrames::read(&bytes), Err(InvalidGoldenFrames::Length { found, expected }));
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        (width, height) in (1_u16..9, 1_u16..9),
        scores in proptest::collection::vec(0..=Score::MAX.raw(), 1..=64),
        limit in 0..=Threshold::MAX.raw(),
    ) {
        let (size, threshold) = (Size::new(width, height), Threshold::new(limit).unwrap());
        let images: Vec<_> = (0..=scores.len() as u32).map(|n| gray(size, |x, y| 31 * x + 57 * y + 91 * n)).collect();
        let view = |n: usize| GrayView::packed(&images[n], size).unwrap();
        let frames = scores.iter().enumerate().map(|(n, &raw)| {
            let score = Score::new(raw).unwrap();
            let verdict = GoldenVerdict::of(threshold, score);
            GoldenFrame { input: view(n), reconstruction: view(n + 1), score, verdict }
        });
        let bytes: Vec<u8> = GoldenFrames::encode(size, frames).collect();
        prop_assert_eq!(bytes.len(), GoldenFrames::len_of(size, scores.len() as u16));
        let read = GoldenFrames::read(&bytes).unwrap();
        prop_assert_eq!(read.check(size, threshold), Ok(()));
        prop_assert_eq!(read.iter().count(), scores.len());
        for (n, (frame, &raw)) in read.iter().zip(&scores).enumerate() {
            prop_assert_eq!(frame.score.raw(), raw);
            prop_assert!(frame.input.rows().eq(view(n).rows()));
            prop_assert!(frame.reconstruction.rows().eq(view(n + 1).rows()));
        }
        let again: Vec<u8> = GoldenFrames::encode(size, read.iter().collect::<Vec<_>>().into_iter()).collect();
        prop_assert_eq!(again, bytes);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), whole in any::<bool>()) {
        let mut bytes = bytes;
        if whole && bytes.len() >= HEAD_LEN {
            let count = ((bytes.len() - HEAD_LEN) / 10) as u8;
            bytes[..HEAD_LEN].copy_from_slice(&[1, 0, 1, 0, count, 0, 0, 0]);
        }
        if let Ok(frames) = GoldenFrames::read(&bytes) {
            prop_assert_eq!(frames.iter().count(), frames.len());
        }
    }
}
