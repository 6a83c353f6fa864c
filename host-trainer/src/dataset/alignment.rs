//! Whether photographs show the same thing in the same place, from small versions of them.
//!
//! Sums are integers, and the mean is taken in millionths, so that the order of the images changes nothing. It does not
//! know what follows from it.

/// The mean over all images of the correlation (Pearson, over the pixels) between an image and the mean of the others:
/// near 1 where all show the same part in the same place, near 0 where nothing has a place of its own. An image, or a
/// mean, of one gray value counts as 0. `None` for fewer than two images, or if they are not of one size.
pub fn alignment(images: &[Vec<u8>]) -> Option<f64> {
    let pixels = images.first()?.len();
    if images.len() < 2 || pixels == 0 || images.iter().any(|image| image.len() != pixels) {
        return None;
    }
    let mut sums = vec![0_i128; pixels];
    for image in images {
        sums.iter_mut().zip(image).for_each(|(sum, &pixel)| *sum += i128::from(pixel));
    }
    // The sum of the others stands for their mean: a factor does not change a correlation.
    let correlation = |image: &Vec<u8>| {
        let others = image.iter().zip(&sums).map(|(&pixel, sum)| (i128::from(pixel), sum - i128::from(pixel)));
        pearson(others, pixels as i128)
    };
    let millionths: i64 = images.iter().map(|image| (correlation(image) * 1e6).round() as i64).sum();
    Some(millionths as f64 / (images.len() as f64 * 1e6))
}

/// `count` pairs; 0 where one of the two is constant.
fn pearson(pairs: impl Iterator<Item = (i128, i128)>, count: i128) -> f64 {
    let [mut a, mut b, mut aa, mut bb, mut ab] = [0_i128; 5];
    for (x, y) in pairs {
        (a, b, aa, bb, ab) = (a + x, b + y, aa + x * x, bb + y * y, ab + x * y);
    }
    let (variances, covariance) = ((count * aa - a * a, count * bb - b * b), count * ab - a * b);
    let scale = (variances.0 as f64).sqrt() * (variances.1 as f64).sqrt();
    if scale > 0.0 { covariance as f64 / scale } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn by_hand() {
        let close = |images: &[&[u8]], expected: f64| {
            let found = alignment(&images.iter().map(|image| image.to_vec()).collect::<Vec<_>>()).unwrap();
            assert!((found - expected).abs() < 1e-6, "{found}, expected {expected}");
        };
        close(&[&[1, 2, 3], &[10, 20, 30]], 1.0);
        close(&[&[1, 2, 3], &[30, 20, 10]], -1.0);
        // One gray value.
        close(&[&[1, 2, 3], &[9, 9, 9]], 0.0);
        // numpy.corrcoef: [1, 2, 4] with the sum of the others [6, 2, 7], and so on.
        close(&[&[1, 2, 4], &[0, 0, 3], &[6, 2, 4]], (0.371_153_7 + 0.693_375_2 - 0.155_542_8) / 3.0);
        for images in [&[][..], &[vec![1, 2]], &[vec![1, 2], vec![1]], &[vec![], vec![]]] {
            assert_eq!(alignment(images), None);
        }
    }

    proptest! {
        #[test]
        fn the_order_does_not_matter(
            images in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 16), 2..9), turn in 0_usize..9,
        ) {
            let mut turned = images.clone();
            turned.rotate_left(turn % images.len());
            let found = alignment(&images).unwrap();
            prop_assert_eq!(Some(found), alignment(&turned));
            prop_assert!((-1.0..=1.0).contains(&found));
            // Brighter and of more contrast is the same.
            let dim: Vec<Vec<u8>> = images.iter().map(|image| image.iter().map(|&pixel| pixel / 4).collect()).collect();
            let bright = dim.iter().map(|image| image.iter().map(|&pixel| 2 * pixel + 40).collect());
            prop_assert_eq!(alignment(&bright.collect::<Vec<_>>()), alignment(&dim));
        }
    }
}
