//! The luma of YUYV frames (YUV 4:2:2, two pixels in four bytes: Y0 U Y1 V). Y is taken as it is: cameras that use the
//! limited range give 16 to 235 for black to white, and the model is trained on the same. Lengths are in bytes.

/// Copies the luma of a row: as many pixels as `luma` holds, from twice as many bytes.
pub(super) fn luma_of_row(row: &[u8], luma: &mut [u8]) {
    for (luma, pair) in luma.iter_mut().zip(row.chunks_exact(2)) {
        *luma = pair[0];
    }
}

/// Copies the luma of rows of `width` pixels that start `stride` bytes apart into `luma`, without gaps.
///
/// The caller has checked that `data` holds them: rows that are not there leave `luma` as it was.
pub(super) fn luma_of_rows(data: &[u8], stride: usize, width: usize, luma: &mut [u8]) {
    for (row, luma) in data.chunks(stride.max(1)).zip(luma.chunks_exact_mut(width.max(1))) {
        luma_of_row(row, luma);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_byte_is_luma() {
        let mut luma = [0; 4];
        luma_of_row(&[1, 128, 2, 128, 3, 128, 4, 128], &mut luma);
        assert_eq!(luma, [1, 2, 3, 4]);
    }

    #[test]
    fn padding_between_rows_is_left_out() {
        let mut luma = [9; 6];
        // Two rows of three pixels; the last one ends without padding.
        let data = [1, 0, 2, 0, 3, 0, 77, 77, 4, 0, 5, 0, 6, 0];
        luma_of_rows(&data, 8, 3, &mut luma);
        assert_eq!(luma, [1, 2, 3, 4, 5, 6]);
    }
}
