"""Writes golden/images: small image files by writers that this project does not use, for src/camera/decode/tests.rs.

usage: python edge-runtime/golden/images.py     needs Pillow 12 or later, numpy, tifffile and imagecodecs

A name begins with what the file holds (13x9 pixels of the formulas below) or with `refused`, where a reader has to say
no. Every file that Pillow can read is read back and compared.
"""
import struct
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

OUT = Path(__file__).parent / "images"
WIDTH, HEIGHT = 13, 9
y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
GRAY8 = ((19 * x + 7 * y) % 256).astype(np.uint8)
GRAY16 = ((5003 * x + 911 * y) % 65536).astype(np.uint16)
GRAY10 = ((83 * x + 17 * y) % 1024).astype(np.uint16)
RGB8 = np.stack([(19 * x + 7 * y) % 256, (5 * x + 29 * y) % 256, (11 * x + 3 * y) % 256], -1).astype(np.uint8)
RGB16 = np.stack([5003 * x + 911 * y, 701 * x + 4001 * y, 97 * x + 13 * y], -1).astype(np.uint16)  # modulo 65536
ALPHA = (17 * x * y % 256).astype(np.uint8)
INDEX = ((x + 2 * y) % 5).astype(np.uint8)
COLOURS = [(0, 0, 0), (250, 10, 20), (30, 240, 40), (50, 60, 230), (255, 255, 255)]
BIT = ((x + y) % 3 == 0)
SMOOTH = np.stack([8 * x + 40, 12 * y + 30, 4 * x + 6 * y + 20], -1).astype(np.uint8)


def indexed():
    image = Image.fromarray(INDEX, "P")
    image.putpalette([value for colour in COLOURS for value in colour])
    return image


gray8, rgb8, bit = Image.fromarray(GRAY8), Image.fromarray(RGB8), Image.fromarray(BIT)
rgba8 = Image.fromarray(np.dstack([RGB8, ALPHA]))
la8 = Image.fromarray(np.dstack([GRAY8, ALPHA]), "LA")
gray16 = Image.fromarray(GRAY16)
smooth = Image.fromarray(SMOOTH)


def save(name, image, **options):
    path = OUT / name
    image.save(path, **options)
    if not name.startswith(("refused", "smooth")):
        assert np.array_equal(np.asarray(Image.open(path).convert(image.mode)), np.asarray(image)), name


def tiff(name, pixels, **options):
    path = OUT / name
    tifffile.imwrite(path, pixels, software=False, metadata=None, **options)
    assert np.array_equal(tifffile.imread(path), pixels), name


OUT.mkdir(exist_ok=True)
for old in OUT.iterdir():
    old.unlink()

save("gray8.png", gray8)
save("gray16.png", gray16)
save("rgb8.png", rgb8)
save("rgba8.png", rgba8)
save("la8.png", la8)
save("index.png", indexed())
save("index-transparent.png", indexed(), transparency=1)
save("bit.png", bit)
(OUT / "rgb16.png").write_bytes(imagecodecs.png_encode(RGB16))
save("refused-several.png", gray8, save_all=True, append_images=[Image.fromarray(255 - GRAY8)])

save("smooth.jpg", smooth, quality=95, subsampling=0)
save("smooth-progressive.jpg", smooth, quality=95, subsampling=0, progressive=True)
save("smooth-restart.jpg", smooth, quality=95, subsampling=0, restart_marker_blocks=1)
save("smoothgray.jpg", Image.fromarray(SMOOTH[..., 0]), quality=95)
save("refused-cmyk.jpg", smooth.convert("CMYK"))

save("gray8.bmp", gray8)
save("rgb8.bmp", rgb8)
rgba8.save(OUT / "rgba8.bmp")  # 32 bits a pixel; Pillow reads them back without the alpha
assert np.array_equal(np.asarray(Image.open(OUT / "rgba8.bmp").convert("RGB")), RGB8)
save("index.bmp", indexed())
save("bit.bmp", bit)


def bmp(name, header, bits, compression, palette, data, height=HEIGHT):
    """A BMP by the letter of the format's description: wingdi.h, BITMAPINFOHEADER."""
    colours = len(palette) // 4
    info = struct.pack("<IiiHHIIiiII", header, WIDTH, height, 1, bits, compression, len(data), 2835, 2835, colours, 0)
    start = 14 + len(info) + len(palette)
    path = OUT / name
    path.write_bytes(b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + info + palette + data)
    return path


def run_lengths(row):
    out = b""
    runs = np.split(row, np.flatnonzero(np.diff(row)) + 1)
    for run in runs:
        out += bytes([len(run), run[0]])
    return out


palette = b"".join(bytes([b, g, r, 0]) for r, g, b in COLOURS)
# Rows from the bottom, each ended by 0 0, the bitmap by 0 1. The first row is in absolute mode, padded to 16 bits.
rows = [bytes([0, WIDTH]) + bytes(INDEX[-1]) + bytes(WIDTH % 2)] + [run_lengths(row) for row in INDEX[-2::-1]]
path = bmp("index-rle8.bmp", 40, 8, 1, palette, b"\0\0".join(rows) + b"\0\0" + b"\0\1")
assert np.array_equal(np.asarray(Image.open(path).convert("RGB")), np.asarray(indexed().convert("RGB")))
# From the top: a negative height.
padded = np.zeros((HEIGHT, (WIDTH * 3 + 3) // 4 * 4), np.uint8)
padded[:, : WIDTH * 3] = RGB8[..., ::-1].reshape(HEIGHT, -1)
path = bmp("rgb8-topdown.bmp", 40, 24, 0, b"", padded.tobytes(), -HEIGHT)
assert np.array_equal(np.asarray(Image.open(path)), RGB8)

COMPRESSIONS = {"": None, "-lzw": "tiff_lzw", "-deflate": "tiff_adobe_deflate", "-packbits": "packbits"}
for name, compression in COMPRESSIONS.items():
    save(f"gray8{name}.tif", gray8, compression=compression)
    save(f"rgb8{name}.tif", rgb8, compression=compression)
save("gray16.tif", gray16)
save("rgba8.tif", rgba8)
save("index.tif", indexed())
save("bit.tif", bit)
tiff("rgb16.tif", RGB16, photometric="rgb")
tiff("gray8-bigendian.tif", GRAY8, photometric="minisblack", byteorder=">")
tiff("gray16-bigendian.tif", GRAY16, photometric="minisblack", byteorder=">", rowsperstrip=2)
tiff("gray16-bigtiff.tif", GRAY16, photometric="minisblack", bigtiff=True)
tiff("rgb8-bigtiff-bigendian.tif", RGB8, photometric="rgb", bigtiff=True, byteorder=">", rowsperstrip=4)
tiff("rgb8-planar.tif", np.moveaxis(RGB8, -1, 0), photometric="rgb", planarconfig="separate", rowsperstrip=4)
tiff("rgb8-predicted.tif", RGB8, photometric="rgb", compression="lzw", predictor=2)
tiff("gray16-predicted.tif", GRAY16, photometric="minisblack", compression="zlib", predictor=2, rowsperstrip=3)
tiff("gray8-tiled.tif", GRAY8, photometric="minisblack", tile=(16, 16))
tiff("rgb8-tiled.tif", np.tile(RGB8, (2, 2, 1))[:17, :18], photometric="rgb", tile=(16, 16), compression="zlib")
tiff("rgb8-extra.tif", np.dstack([RGB8, ALPHA]), photometric="rgb", extrasamples=["unspecified"])
tiff("white8.tif", GRAY8, photometric="miniswhite")
tiff("refused-several.tif", np.stack([GRAY8, 255 - GRAY8]), photometric="minisblack")
tiff("refused-float.tif", GRAY8.astype(np.float32), photometric="minisblack")
tiff("refused-signed.tif", GRAY16.astype(np.int16), photometric="minisblack")
tiff("refused-bits32.tif", GRAY16.astype(np.uint32), photometric="minisblack")
tiff("refused-la.tif", np.dstack([GRAY8, ALPHA]), photometric="minisblack", extrasamples=["unassalpha"],
     planarconfig="contig")
tiff("refused-extra-predicted.tif", np.dstack([RGB8, ALPHA]), photometric="rgb", extrasamples=["unspecified"],
     compression="lzw", predictor=2)
save("refused-cmyk.tif", smooth.convert("CMYK"))
save("refused-jpeg.tif", smooth, compression="jpeg")
save("refused-ycbcr.tif", smooth.convert("YCbCr"))
save("refused-group4.tif", bit, compression="group4")
save("refused-lab.tif", Image.fromarray(SMOOTH, "LAB"))
# A thumbnail beside the frame is no second frame.
with tifffile.TiffWriter(OUT / "gray8-thumbnail.tif") as writer:
    writer.write(GRAY8, photometric="minisblack", software=False, metadata=None)
    writer.write(GRAY8[::2, ::2], photometric="minisblack", software=False, metadata=None, subfiletype=1)

save("gray8.pgm", gray8)
save("rgb8.ppm", rgb8)
save("bit.pbm", bit)
save("gray16.pgm", gray16)


def pnm(name, head, body):
    path = OUT / name
    path.write_bytes(head.encode() + body)
    return path


size = f"{WIDTH} {HEIGHT}"
plain = lambda values: "\n".join(" ".join(map(str, row)) for row in values.reshape(HEIGHT, -1)).encode() + b"\n"
pnm("gray8-plain.pgm", f"P2\n# a comment\n{size}\n255\n", plain(GRAY8))
pnm("rgb8-plain.ppm", f"P3 {size} 255\n", plain(RGB8))
pnm("bit-plain.pbm", f"P1\n{size}\n", plain((~BIT).astype(int)))
pnm("gray10.pgm", f"P5 {size} 1023\n", GRAY10.astype(">u2").tobytes())
pnm("rgb16.ppm", f"P6 {size} 65535\n", RGB16.astype(">u2").tobytes())
pnm("refused-several.pgm", f"P5 {size} 255\n", GRAY8.tobytes() + f"P5 {size} 255\n".encode() + GRAY8.tobytes())
for name in ["gray8-plain.pgm", "rgb8-plain.ppm", "bit-plain.pbm"]:
    want = {"g": gray8, "r": rgb8, "b": bit}[name[0]]
    assert np.array_equal(np.asarray(Image.open(OUT / name).convert(want.mode)), np.asarray(want)), name
