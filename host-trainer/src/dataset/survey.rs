//! A first look at the good images, before it is known how large the network's input is: the size of each, from what its
//! file says of itself, and small gray versions of some.
//!
//! It reads the good images alone. An image that cannot be used is passed over; whoever loads them says so.

use shared::image::Size;
use shared::preprocess::{AcceptedSizes, Geometry, Preprocessing};

use super::layout::GoodImages;
use super::load::{load_each, size_of_each};

/// Small versions that are made, at most.
pub const MOST_THUMBNAILS: usize = 64;

/// Their side in pixels: they are square, whatever the frame's shape.
pub const THUMBNAIL_SIDE: u16 = 64;

/// What is known of the good images.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The size of each image, in pixels.
    pub frames: Vec<Size>,
    /// Packed gray images of [`THUMBNAIL_SIDE`] a side, of at most [`MOST_THUMBNAILS`] images spread evenly over all.
    pub thumbnails: Vec<Vec<u8>>,
}

impl Survey {
    /// Looks at `good`. `small` is whether small versions are needed.
    pub fn of(good: &GoodImages, small: bool) -> Self {
        let paths = good.paths();
        let sampled: Vec<_> = if small {
            let count = paths.len().min(MOST_THUMBNAILS);
            (0..count).map(|place| paths[place * paths.len() / count].clone()).collect()
        } else {
            Vec::new()
        };
        let side = Size::new(THUMBNAIL_SIDE, THUMBNAIL_SIDE);
        let accepted = AcceptedSizes { min: side, max: side };
        let how = Preprocessing { region: None, geometry: Geometry::Resize, accepted, input: side };
        let thumbnails = load_each(&sampled, &how, &|| {}).into_iter().flatten().map(|loaded| loaded.image);
        Self { frames: size_of_each(&paths).into_iter().flatten().collect(), thumbnails: thumbnails.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_all_and_small_versions_of_some() {
        let folder = tempfile::tempdir().unwrap();
        for index in 0..100_usize {
            let (width, value) = (1 + index % 7, index as u8);
            let pgm = [format!("P5 {width} 2 255\n").as_bytes(), &vec![value; 2 * width]].concat();
            std::fs::write(folder.path().join(format!("{index:03}.pgm")), pgm).unwrap();
        }
        std::fs::write(folder.path().join("100.pgm"), "no image").unwrap();
        std::fs::write(folder.path().join("101.pgm"), "P5 90 90 255\ncut off").unwrap();
        let good = GoodImages::open(folder.path()).unwrap();
        let survey = Survey::of(&good, true);
        assert_eq!(survey.frames, (0..100).map(|index| Size::new(1 + index % 7, 2)).collect::<Vec<_>>());
        // The last of the sample cannot be used.
        assert_eq!(survey.thumbnails.len(), MOST_THUMBNAILS - 1);
        let whole = usize::from(THUMBNAIL_SIDE).pow(2);
        for (place, thumbnail) in survey.thumbnails.iter().enumerate() {
            assert_eq!(*thumbnail, vec![(place * 102 / MOST_THUMBNAILS) as u8; whole]);
        }
        assert_eq!(Survey::of(&good, false), Survey { thumbnails: Vec::new(), ..survey });
    }
}
