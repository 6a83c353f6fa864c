//! Masks: which pixels of a photograph show a defect.

use std::path::Path;

use edge_runtime::camera::decode::{DecodeError, decode_file};
use shared::image::{Region, Size};

/// The defective pixels of one image, in a size of its own; usually that of the photograph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    size: Size,
    defective: Vec<bool>,
}

impl Mask {
    /// From `size.area()` pixels, row by row; `true` is defective. `None` if there are not as many.
    pub fn new(size: Size, defective: Vec<bool>) -> Option<Self> {
        (size.check().is_ok() && defective.len() == size.area()).then_some(Self { size, defective })
    }

    /// Reads an image file with the station's decoder. A pixel is defective if its 8-bit luma is above 0.
    ///
    /// # Errors
    /// [`DecodeError`] names the file and what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, DecodeError> {
        let frame = decode_file(path)?;
        let size = frame.size();
        let mut luma = vec![0; usize::from(size.width)];
        let mut defective = Vec::with_capacity(size.area());
        // A decoded frame has all its rows.
        if let Ok(view) = frame.view() {
            for y in 0..size.height {
                luma.fill(0);
                let _ = view.luma_row(y, 0, &mut luma);
                defective.extend(luma.iter().map(|&value| value > 0));
            }
        }
        Ok(Self { size, defective })
    }

    /// Width and height in pixels.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The pixels, row by row; `true` is defective.
    pub fn pixels(&self) -> &[bool] {
        &self.defective
    }

    /// Whether any pixel is defective.
    pub fn shows_a_defect(&self) -> bool {
        self.defective.contains(&true)
    }

    /// The part of the mask that corresponds to `region` of a photograph of `photograph` pixels: the part that is
    /// inspected. Where the mask has another size than the photograph, the part's edges lie on its nearest pixels.
    #[must_use]
    pub fn inspected(self, region: Option<Region>, photograph: Size) -> Self {
        let Some(region) = region else {
            return self;
        };
        let columns = scaled(region.x, region.width, self.size.width, photograph.width);
        let rows = scaled(region.y, region.height, self.size.height, photograph.height);
        let size = Size::new(columns.len() as u16, rows.len() as u16);
        let width = usize::from(self.size.width);
        let defective = rows.flat_map(|y| self.defective[y * width..(y + 1) * width][columns.clone()].to_vec());
        Self { size, defective: defective.collect() }
    }
}

/// `start` and `length` of `whole` pixels, on an axis of `target` pixels; at least one.
fn scaled(start: u16, length: u16, target: u16, whole: u16) -> std::ops::Range<usize> {
    let (whole, limit) = (u64::from(whole.max(1)), u64::from(target));
    let at = |position: u64| ((2 * position * limit + whole) / (2 * whole)).min(limit);
    let begin = at(u64::from(start)).min(limit - 1);
    let end = at(u64::from(start) + u64::from(length)).max(begin + 1);
    begin as usize..end as usize
}

#[cfg(test)]
mod tests {
    use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};

    use super::*;

    fn read(pixels: &[u8], size: (u32, u32), color: ExtendedColorType) -> Mask {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.png");
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes).write_image(pixels, size.0, size.1, color).unwrap();
        std::fs::write(&path, bytes).unwrap();
        Mask::read(&path).unwrap()
    }

    #[test]
    fn gray_and_colour_files() {
        let expected = Mask::new(Size::new(3, 1), vec![false, true, true]).unwrap();
        assert_eq!(read(&[0, 1, 255], (3, 1), ExtendedColorType::L8), expected);
        assert_eq!(read(&[0, 0, 0, 255, 0, 0, 9, 9, 9], (3, 1), ExtendedColorType::Rgb8), expected);
        assert!(expected.shows_a_defect());
        assert!(!read(&[0, 0], (1, 2), ExtendedColorType::L8).shows_a_defect());
    }

    #[test]
    fn only_the_inspected_region_counts() {
        let mask = || Mask::new(Size::new(4, 2), vec![true, false, false, true, false, true, false, false]).unwrap();
        assert_eq!(mask().inspected(None, Size::new(9, 9)), mask());
        let region = Some(Region { x: 1, y: 0, width: 2, height: 2 });
        let expected = Mask::new(Size::new(2, 2), vec![false, false, true, false]).unwrap();
        assert_eq!(mask().inspected(region, Size::new(4, 2)), expected);
        // The photograph is ten times as large as its mask.
        let region = Some(Region { x: 12, y: 0, width: 20, height: 20 });
        assert_eq!(mask().inspected(region, Size::new(40, 20)), expected);
        // A region of less than a pixel of the mask still has one.
        let region = Some(Region { x: 39, y: 19, width: 1, height: 1 });
        assert_eq!(mask().inspected(region, Size::new(40, 20)).size(), Size::new(1, 1));
    }

    #[test]
    fn pixels_have_to_fill_the_size() {
        assert_eq!(Mask::new(Size::new(2, 2), vec![true; 3]), None);
        assert_eq!(Mask::new(Size::new(0, 0), Vec::new()), None);
    }
}
