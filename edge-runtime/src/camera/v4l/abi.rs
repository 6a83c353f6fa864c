//! The structures of `linux/videodev2.h` that are used here, their constants, and the numbers of the ioctls that take
//! them. All are plain integers; lengths are in bytes.
//!
//! The structures hold `long` and pointers, so that their sizes, and with them the numbers of the ioctls, depend on the
//! processor; compile-time checks compare them with the header's on 64-bit and 32-bit machines. On 32-bit machines a
//! time stamp has 32-bit seconds (the `VIDIOC_*BUF_TIME32` ioctls, which every kernel has): enough, for they count from
//! boot.

use core::ffi::c_long;
use std::mem::{offset_of, size_of};

use rustix::ioctl::{Opcode, opcode};

pub(super) const VIDEO_CAPTURE: u32 = 1;
pub(super) const MEMORY_MMAP: u32 = 1;
pub(super) const FIELD_ANY: u32 = 0;
pub(super) const FIELD_NONE: u32 = 1;
pub(super) const CAP_DEVICE_CAPS: u32 = 0x8000_0000;
pub(super) const FLAG_ERROR: u32 = 0x0040;
pub(super) const FLAG_TIMESTAMP_MASK: u32 = 0xe000;
pub(super) const FLAG_TIMESTAMP_MONOTONIC: u32 = 0x2000;
pub(super) const CTRL_NEXT: u32 = 0x8000_0000;
/// Disabled, read-only, or write-only.
pub(super) const CTRL_NOT_SETTABLE: u32 = 0x0001 | 0x0004 | 0x0040;
/// Integer, boolean, menu, bit mask, integer menu.
pub(super) const CTRL_NUMBERS: [u32; 5] = [1, 2, 3, 8, 9];

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Capability {
    pub(super) driver: [u8; 16],
    pub(super) card: [u8; 32],
    pub(super) bus_info: [u8; 32],
    pub(super) version: u32,
    pub(super) capabilities: u32,
    pub(super) device_caps: u32,
    pub(super) reserved: [u32; 3],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct FormatDescription {
    pub(super) index: u32,
    pub(super) kind: u32,
    pub(super) flags: u32,
    pub(super) description: [u8; 32],
    pub(super) pixel_format: u32,
    pub(super) mbus_code: u32,
    pub(super) reserved: [u32; 3],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct PixFormat {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) pixel_format: u32,
    pub(super) field: u32,
    pub(super) bytes_per_line: u32,
    pub(super) size_image: u32,
    pub(super) colorspace: u32,
    pub(super) private: u32,
    pub(super) flags: u32,
    pub(super) encoding: u32,
    pub(super) quantization: u32,
    pub(super) transfer_function: u32,
}

/// The union in `v4l2_format` holds pointers, which give it their alignment.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) union FormatOf {
    pub(super) pix: PixFormat,
    pub(super) raw: [u8; 200],
    pub(super) aligned: [usize; 0],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Format {
    pub(super) kind: u32,
    pub(super) of: FormatOf,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct RequestBuffers {
    pub(super) count: u32,
    pub(super) kind: u32,
    pub(super) memory: u32,
    pub(super) capabilities: u32,
    pub(super) flags: u8,
    pub(super) reserved: [u8; 3],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Buffer {
    pub(super) index: u32,
    pub(super) kind: u32,
    pub(super) bytes_used: u32,
    pub(super) flags: u32,
    pub(super) field: u32,
    /// Seconds and microseconds: `struct timeval` with `long`s.
    pub(super) timestamp: [c_long; 2],
    /// Four words of `v4l2_timecode`.
    pub(super) timecode: [u32; 4],
    pub(super) sequence: u32,
    pub(super) memory: u32,
    /// The offset of a mapped buffer lies in its first four bytes.
    pub(super) m: BufferPlace,
    pub(super) length: u32,
    pub(super) reserved2: u32,
    pub(super) request_fd: i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) union BufferPlace {
    pub(super) offset: u32,
    pub(super) pointer: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Control {
    pub(super) id: u32,
    pub(super) value: i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct QueryControl {
    pub(super) id: u32,
    pub(super) kind: u32,
    pub(super) name: [u8; 32],
    pub(super) minimum: i32,
    pub(super) maximum: i32,
    pub(super) step: i32,
    pub(super) default_value: i32,
    pub(super) flags: u32,
    pub(super) reserved: [u32; 2],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct FrameSize {
    pub(super) index: u32,
    pub(super) pixel_format: u32,
    pub(super) kind: u32,
    /// Width and height, or from, to and step of the width and then of the height.
    pub(super) numbers: [u32; 6],
    pub(super) reserved: [u32; 2],
}

const _: () = {
    assert!(size_of::<Capability>() == 104);
    assert!(size_of::<FormatDescription>() == 64);
    assert!(size_of::<PixFormat>() == 48);
    assert!(size_of::<RequestBuffers>() == 20);
    assert!(size_of::<Control>() == 8);
    assert!(size_of::<QueryControl>() == 68);
    assert!(size_of::<FrameSize>() == 44);
    if size_of::<usize>() == 8 {
        assert!(size_of::<Format>() == 208 && offset_of!(Format, of) == 8);
        assert!(size_of::<Buffer>() == 88 && offset_of!(Buffer, timestamp) == 24 && offset_of!(Buffer, m) == 64);
    } else {
        assert!(size_of::<Format>() == 204 && offset_of!(Format, of) == 4);
        assert!(size_of::<Buffer>() == 68 && offset_of!(Buffer, timestamp) == 20 && offset_of!(Buffer, m) == 52);
    }
};

pub(super) const QUERYCAP: Opcode = opcode::read::<Capability>(b'V', 0);
pub(super) const ENUM_FMT: Opcode = opcode::read_write::<FormatDescription>(b'V', 2);
pub(super) const S_FMT: Opcode = opcode::read_write::<Format>(b'V', 5);
pub(super) const REQBUFS: Opcode = opcode::read_write::<RequestBuffers>(b'V', 8);
pub(super) const QUERYBUF: Opcode = opcode::read_write::<Buffer>(b'V', 9);
pub(super) const QBUF: Opcode = opcode::read_write::<Buffer>(b'V', 15);
pub(super) const DQBUF: Opcode = opcode::read_write::<Buffer>(b'V', 17);
pub(super) const STREAMON: Opcode = opcode::write::<u32>(b'V', 18);
pub(super) const G_CTRL: Opcode = opcode::read_write::<Control>(b'V', 27);
pub(super) const S_CTRL: Opcode = opcode::read_write::<Control>(b'V', 28);
pub(super) const QUERYCTRL: Opcode = opcode::read_write::<QueryControl>(b'V', 36);
pub(super) const S_INPUT: Opcode = opcode::read_write::<u32>(b'V', 39);
pub(super) const ENUM_FRAMESIZES: Opcode = opcode::read_write::<FrameSize>(b'V', 74);

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers that a C compiler makes of `linux/videodev2.h`, for x86-64 and aarch64, and for armv7 (hard float).
    #[test]
    fn ioctl_numbers_are_the_headers() {
        let found = [
            QUERYCAP,
            ENUM_FMT,
            S_FMT,
            REQBUFS,
            QUERYBUF,
            QBUF,
            DQBUF,
            STREAMON,
            G_CTRL,
            S_CTRL,
            QUERYCTRL,
            S_INPUT,
            ENUM_FRAMESIZES,
        ];
        let header: [u32; 13] = if cfg!(target_pointer_width = "64") {
            [
                0x8068_5600,
                0xc040_5602,
                0xc0d0_5605,
                0xc014_5608,
                0xc058_5609,
                0xc058_560f,
                0xc058_5611,
                0x4004_5612,
                0xc008_561b,
                0xc008_561c,
                0xc044_5624,
                0xc004_5627,
                0xc02c_564a,
            ]
        } else {
            [
                0x8068_5600,
                0xc040_5602,
                0xc0cc_5605,
                0xc014_5608,
                0xc044_5609,
                0xc044_560f,
                0xc044_5611,
                0x4004_5612,
                0xc008_561b,
                0xc008_561c,
                0xc044_5624,
                0xc004_5627,
                0xc02c_564a,
            ]
        };
        assert_eq!(found, header);
    }
}
