"""The repository's recorded frames as raw 8-bit gray, and what is expected of them."""

import json
import os
import struct
import zlib

from machine import expect


def gray_from_png(path):
    """Decodes an 8-bit gray, non-interlaced PNG: (width, height, pixels)."""
    with open(path, "rb") as file:
        data = file.read()
    at, header, packed = 8, None, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
        at += length + 12
    width, height, *form = header
    expect(form == [8, 0, 0, 0, 0], f"{path}: not 8-bit gray without interlace")
    lines = zlib.decompress(packed)
    above, pixels = bytearray(width), bytearray()
    for y in range(height):
        kind, line = lines[y * (width + 1)], bytearray(lines[y * (width + 1) + 1 : (y + 1) * (width + 1)])
        for x in range(width):
            left, corner = (line[x - 1], above[x - 1]) if x else (0, 0)
            line[x] = (line[x] + predicted(kind, left, above[x], corner)) & 255
        pixels += line
        above = line
    return width, height, bytes(pixels)


def predicted(kind, left, above, corner):
    """The predictors of the PNG specification, section 9."""
    if kind == 4:
        guess = left + above - corner
        return min((left, above, corner), key=lambda value: abs(guess - value))
    return [0, left, above, (left + above) // 2][kind]


def recorded(repository):
    """The golden verdicts of the committed frames: [{"file", "verdict", "score_raw"}]."""
    with open(os.path.join(repository, "tests/golden/default_verdicts.json"), encoding="utf-8") as file:
        return json.load(file)


def write_raw(repository, folder):
    """Writes each recorded frame as raw gray into `folder`; {file: (name in folder, pixels)} and the common size."""
    os.makedirs(folder, exist_ok=True)
    written, sizes = {}, set()
    for expected in recorded(repository):
        width, height, pixels = gray_from_png(os.path.join(repository, "tests/frames", expected["file"]))
        name = expected["file"].replace("/", "_").removesuffix(".png") + ".gray"
        with open(os.path.join(folder, name), "wb") as file:
            file.write(pixels)
        written[expected["file"]] = (name, pixels)
        sizes.add((width, height))
    expect(len(sizes) == 1, f"the recorded frames have several sizes: {sizes}")
    return written, sizes.pop()
