//! Agreeing with a camera on format and size: exactly what was asked for, or a refusal that lists what there is. Sizes
//! are in pixels. The driver's answer to the request decides, not its list, for some drivers list nothing.

use shared::image::Size;

use super::device::{Capabilities, FourCc, Granted, VideoDevice};
use super::error::{DeviceError, Offer, describe};

/// More than any camera lists; a driver whose lists do not end is cut off.
const MAX_LISTED: u32 = 64;

/// What the frames hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VideoFormat {
    /// 8-bit gray.
    Grey,
    /// YUV 4:2:2, of which the luma is used.
    Yuyv,
    /// A JPEG for every frame.
    Mjpeg,
}

impl VideoFormat {
    /// The four characters, and those that some drivers use instead.
    fn codes(self) -> &'static [FourCc] {
        match self {
            Self::Grey => &[FourCc::GREY],
            Self::Yuyv => &[FourCc::YUYV],
            Self::Mjpeg => &[FourCc::MJPG, FourCc::JPEG],
        }
    }

    /// Bytes of a row's pixels; 0 if rows have none of their own.
    pub(super) fn row_bytes(self, width: u16) -> usize {
        match self {
            Self::Grey => usize::from(width),
            Self::Yuyv => 2 * usize::from(width),
            Self::Mjpeg => 0,
        }
    }
}

/// Checks that the device captures, and sets format and size. Gives the bytes from one row to the next.
pub(super) fn negotiate(device: &mut impl VideoDevice, format: VideoFormat, size: Size) -> Result<usize, DeviceError> {
    let Capabilities { driver, card, flags } =
        device.capabilities().map_err(DeviceError::request("to say what it is (VIDIOC_QUERYCAP)"))?;
    let needed = Capabilities::VIDEO_CAPTURE | Capabilities::STREAMING;
    if flags & needed != needed {
        return Err(DeviceError::NotACamera { card, driver, found: flags });
    }
    let asked = (u32::from(size.width), u32::from(size.height));
    let mut nearest = None;
    for &code in format.codes() {
        let granted = match device.set_format(code, asked.0, asked.1) {
            Ok(granted) => granted,
            // Drivers should grant something else instead, but some refuse a format that they do not have.
            Err(source) if source.kind() == std::io::ErrorKind::InvalidInput => continue,
            Err(source) => return Err(DeviceError::request("to set the format (VIDIOC_S_FMT)")(source)),
        };
        if granted.code == code && (granted.width, granted.height) == asked && granted.progressive {
            return stride(&granted, format, size);
        }
        nearest.get_or_insert(granted);
    }
    let granted = nearest.map_or_else(|| "nothing".to_owned(), |granted| describe(&granted));
    let offers = offers(device)?;
    Err(DeviceError::Format { asked_format: format.codes()[0], asked: size, granted, offers })
}

fn stride(granted: &Granted, format: VideoFormat, size: Size) -> Result<usize, DeviceError> {
    let needed = format.row_bytes(size.width);
    match granted.stride as usize {
        // Some drivers leave it out where rows have no gaps.
        0 => Ok(needed),
        found if found < needed => Err(DeviceError::Stride { found: granted.stride, needed }),
        found => Ok(found),
    }
}

fn offers(device: &mut impl VideoDevice) -> Result<Vec<Offer>, DeviceError> {
    let mut offers = Vec::new();
    for index in 0..MAX_LISTED {
        let listed = device.offered_format(index);
        let Some(code) = listed.map_err(DeviceError::request("to list its formats (VIDIOC_ENUM_FMT)"))? else { break };
        let mut sizes = Vec::new();
        for index in 0..MAX_LISTED {
            let listed = device.offered_size(code, index);
            let listed = listed.map_err(DeviceError::request("to list its sizes (VIDIOC_ENUM_FRAMESIZES)"))?;
            let Some(size) = listed else { break };
            // A range is the only entry.
            sizes.push(size);
            if matches!(size, super::device::SizeOffer::Stepwise { .. }) {
                break;
            }
        }
        offers.push(Offer { code, sizes });
    }
    Ok(offers)
}

#[cfg(test)]
mod tests {
    use super::super::fake::FakeDevice;
    use super::*;

    const SIZE: Size = Size::new(8, 4);

    #[test]
    fn what_is_offered_is_granted_with_its_stride() {
        let mut device = FakeDevice::new(SIZE);
        assert_eq!(negotiate(&mut device, VideoFormat::Grey, SIZE).unwrap(), 8);
        device.state().padding = 24;
        assert_eq!(negotiate(&mut device, VideoFormat::Yuyv, SIZE).unwrap(), 40);
        assert_eq!(negotiate(&mut device, VideoFormat::Mjpeg, SIZE).unwrap(), 0);
    }

    #[test]
    fn another_size_is_refused_with_what_there_is() {
        let mut device = FakeDevice::new(SIZE);
        let error = negotiate(&mut device, VideoFormat::Grey, Size::new(1280, 720)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "asked for GREY 1280x720, the camera would give GREY 8x4; it offers GREY 8x4; YUYV 2x2 to 8x4 in steps of \
             2x2; JPEG in sizes it does not list"
        );
    }

    #[test]
    fn another_format_is_refused() {
        let mut device = FakeDevice::new(SIZE);
        device.state().codes = vec![FourCc::YUYV];
        let error = negotiate(&mut device, VideoFormat::Grey, SIZE).unwrap_err();
        assert!(matches!(&error, DeviceError::Format { granted, .. } if granted == "YUYV 8x4"), "{error}");
        device.state().codes.clear();
        let error = negotiate(&mut device, VideoFormat::Grey, SIZE).unwrap_err().to_string();
        assert!(error.ends_with("would give nothing; it offers nothing that it lists"), "{error}");
    }

    #[test]
    fn interlaced_frames_and_short_rows_are_refused() {
        let mut device = FakeDevice::new(SIZE);
        device.state().interlaced = true;
        let error = negotiate(&mut device, VideoFormat::Grey, SIZE).unwrap_err().to_string();
        assert!(error.contains("GREY 8x4 interlaced"), "{error}");
        device.state().interlaced = false;
        device.state().padding = -1;
        let error = negotiate(&mut device, VideoFormat::Grey, SIZE).unwrap_err();
        assert!(matches!(error, DeviceError::Stride { found: 7, needed: 8 }), "{error}");
    }

    #[test]
    fn what_is_no_camera_is_refused() {
        let mut device = FakeDevice::new(SIZE);
        device.state().capabilities = Capabilities::STREAMING;
        let error = negotiate(&mut device, VideoFormat::Grey, SIZE).unwrap_err();
        assert!(matches!(error, DeviceError::NotACamera { found: Capabilities::STREAMING, .. }), "{error}");
    }
}
